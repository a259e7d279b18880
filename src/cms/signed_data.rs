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

#[cfg(test)]
mod tests {
    use cms::content_info::ContentInfo;
    use der::Decode;
    use der::referenced::OwnedToRef;

    use super::*;
    use crate::crypto::DigestAlgorithm;
    use crate::keys::testing::signer_with;

    #[test]
    fn each_kind_of_key_signs_with_the_identifiers_of_its_rfc() {
        use DigestAlgorithm::{Sha256, Sha384, Sha512};
        for (name, signature_oid, has_parameters, digest, may_receive) in [
            ("rsa2048", oid::RSA_ENCRYPTION, true, Sha256, true),
            ("rsa2048-pss", oid::ID_RSASSA_PSS, true, Sha256, false),
            ("p256", oid::ECDSA_WITH_SHA_256, false, Sha256, true),
            ("p384", oid::ECDSA_WITH_SHA_384, false, Sha384, true),
            ("p521", oid::ECDSA_WITH_SHA_512, false, Sha512, true),
            // RFC 8419 3.1 and RFC 9882 3.3: SHA-512, whatever is asked for.
            ("ed25519", oid::ID_ED_25519, false, Sha512, false),
            ("ml-dsa-44", oid::ID_ML_DSA_44, false, Sha512, false),
            ("ml-dsa-65", oid::ID_ML_DSA_65, false, Sha512, false),
            ("ml-dsa-87", oid::ID_ML_DSA_87, false, Sha512, false),
        ] {
            let signer = signer_with(name);
            let algorithm = SignatureAlgorithm::for_key(signer.public_key(), None, false).unwrap();
            let content = b"Content-Type: text/plain\r\n\r\nhello\r\n";
            let signing = Signing {
                algorithm,
                signing_time: None,
            };
            let content_digest = digest.digest(content);
            let framing = opaque(&content_digest, content.len() as u64, &signer, signing).unwrap();
            let der = [&framing.prefix, &content[..], &framing.suffix].concat();
            let data: cms::signed_data::SignedData = ContentInfo::from_der(&der)
                .unwrap()
                .content
                .decode_as()
                .unwrap();

            let info = data.signer_infos.0.get(0).unwrap();
            assert_eq!(info.digest_alg, digest.algorithm_identifier(), "{name}");
            assert_eq!(data.digest_algorithms.get(0), Some(&info.digest_alg));
            assert_eq!(info.signature_algorithm.oid, signature_oid, "{name}");
            let parameters = &info.signature_algorithm.parameters;
            assert_eq!(parameters.is_some(), has_parameters, "{name}");
            let attributes = info.signed_attrs.as_ref().unwrap();
            let preference = |it: &x509_cert::attr::Attribute| it.oid == oid::ID_AA_ENCRYP_KEY_PREF;
            assert_eq!(attributes.iter().any(preference), may_receive, "{name}");

            let read = SignatureAlgorithm::from_algorithm_identifier(
                info.signature_algorithm.owned_to_ref(),
                Some(digest),
            );
            let mut attributes = attributes.to_der().unwrap();
            let signature = info.signature.as_bytes();
            let key = signer.certificate().public_key().unwrap();
            key.verify(read.unwrap(), &attributes, signature).unwrap();
            *attributes.last_mut().unwrap() ^= 1;
            assert!(key.verify(algorithm, &attributes, signature).is_err());
        }
    }
}
