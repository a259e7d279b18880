//! SignedData (RFC 5652 5) with one signer, over content known by its digest and length.
//!
//! # Not supported
//!
//! Signatures without signed attributes; CRLs in the message; certificates alone (certs-only).

use cms::signed_data::SignedAttributes;
use der::asn1::OctetStringRef;
use der::{Encode, Sequence};
use jiff::Timestamp;
use spki::AlgorithmIdentifierOwned;

use super::attributes::{Attested, signed_attributes};
use super::content_info::{Framing, Surrounding};
use super::{Error, IssuerAndSerialNumber, retag};
use crate::asn1::{oid, tag, tlv};
use crate::crypto::SignatureAlgorithm;
use crate::keys::Signer;

/// How and when a signature is made.
#[derive(Clone, Copy, Debug)]
pub struct Signing {
    /// The signature algorithm, whose digest also serves the content (RFC 5652 5.4).
    pub algorithm: SignatureAlgorithm,
    /// The signingTime attribute; `None` leaves it out.
    pub signing_time: Option<Timestamp>,
}

/// Signs content that travels inside the structure (opaque signing).
///
/// `digest` is that of the content, by the digest of `signing.algorithm`; `length` is the number
/// of octets that will be written between the prefix and the suffix.
pub fn opaque(
    digest: &[u8],
    length: u64,
    signer: &Signer,
    signing: Signing,
) -> Result<Framing, Error> {
    // EncapsulatedContentInfo ::= SEQUENCE { eContentType, eContent [0] EXPLICIT OCTET STRING }
    let content = Surrounding::content(length)
        .wrap(tag::OCTET_STRING, &[], &[])?
        .wrap(tag::context_constructed(0), &[], &[])?
        .wrap(tag::SEQUENCE, &oid::ID_DATA.to_der()?, &[])?;
    signed_data(content, digest, signer, signing)
}

/// Signs content that travels beside the structure: the signature part of multipart/signed, DER.
pub fn detached(digest: &[u8], signer: &Signer, signing: Signing) -> Result<Vec<u8>, Error> {
    // RFC 5652 5.2: an external signature has no eContent.
    let content = Surrounding::content(0).wrap(tag::SEQUENCE, &oid::ID_DATA.to_der()?, &[])?;
    let framing = signed_data(content, digest, signer, signing)?;
    Ok([framing.prefix, framing.suffix].concat())
}

fn signed_data(
    content: Surrounding,
    digest: &[u8],
    signer: &Signer,
    signing: Signing,
) -> Result<Framing, Error> {
    // RFC 5652 5.1: version 1, as all certificates are X.509 and the content is id-data.
    let version = 1_u8.to_der()?;
    let digest_algorithm = signing.algorithm.digest().algorithm_identifier().to_der()?;
    let digest_algorithms = tlv::set_of(vec![digest_algorithm]);
    let signer_infos = tlv::set_of(vec![signer_info(digest, signer, signing)?]);
    content
        .wrap(
            tag::SEQUENCE,
            &[version, digest_algorithms].concat(),
            &[certificates(signer)?, signer_infos].concat(),
        )?
        .content_info(oid::ID_SIGNED_DATA)
}

/// CertificateSet, `[0] IMPLICIT SET OF`: the signer's, and the intermediates that lead to it.
fn certificates(signer: &Signer) -> Result<Vec<u8>, Error> {
    let all = std::iter::once(signer.certificate())
        .chain(signer.intermediates())
        .map(|certificate| certificate.der().to_vec())
        .collect();
    retag(tag::context_constructed(0), &tlv::set_of(all))
}

/// RFC 5652 5.3.
#[derive(Sequence)]
struct SignerInfo<'a> {
    version: u8,
    sid: IssuerAndSerialNumber<'a>,
    digest_algorithm: AlgorithmIdentifierOwned,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT")]
    signed_attributes: SignedAttributes,
    signature_algorithm: AlgorithmIdentifierOwned,
    signature: &'a OctetStringRef,
}

fn signer_info(digest: &[u8], signer: &Signer, signing: Signing) -> Result<Vec<u8>, Error> {
    let signature_algorithm = signing.algorithm.algorithm_identifier();
    let signed_attributes = signed_attributes(&Attested {
        content_digest: digest,
        digest_algorithm: signing.algorithm.digest(),
        signature_algorithm: &signature_algorithm,
        certificate: signer.certificate(),
        signing_time: signing.signing_time,
    })?;
    // RFC 5652 5.4: what is signed is the DER of the SET OF, not the [0] IMPLICIT of the message.
    let to_be_signed = signed_attributes.to_der()?;
    let signature = signer
        .private_key()
        .sign(signing.algorithm, &to_be_signed)?;
    let signer_info = SignerInfo {
        // RFC 5652 5.3: version 1 goes with issuerAndSerialNumber.
        version: 1,
        sid: IssuerAndSerialNumber::of(signer.certificate())?,
        digest_algorithm: signing.algorithm.digest().algorithm_identifier(),
        signed_attributes,
        signature_algorithm,
        signature: OctetStringRef::new(&signature)?,
    };
    Ok(signer_info.to_der()?)
}
