//! Reading SignedData (RFC 5652 5): the content, who claims to have signed it, and the certificates
//! that came along. Nothing here has been verified; [`verification`](super::verification) does.

use super::Error;
use super::object::{self, EncapsulatedContent};
use super::signer_info::SignerInfo;
use crate::asn1::ber::stream::Stream;
use crate::asn1::reader::Reader;
use crate::asn1::{oid, tag};
use crate::x509::crl::CertificateList;
use crate::x509::ocsp::OcspResponse;
use crate::x509::{self, Certificate};

/// As many certificates may a message bring along.
pub const MAX_CERTIFICATES: usize = 64;

/// As many signers may one content have.
pub const MAX_SIGNER_INFOS: usize = 16;

/// As many revocation lists may a message bring along.
pub const MAX_REVOCATION_LISTS: usize = 64;

/// SignedData as it came.
#[derive(Debug)]
pub struct SignedObject {
    /// The digest AlgorithmIdentifiers that the sender announces, DER.
    pub digest_algorithms: Vec<Vec<u8>>,
    /// The content, or none when it travels beside.
    pub encapsulated: EncapsulatedContent,
    /// The certificates that came along, in no order.
    pub certificates: Vec<Certificate>,
    /// Why others that came along are none.
    pub unusable_certificates: Vec<x509::Error>,
    /// The CRLs that came along (RFC 5280 5), those that can be read.
    pub revocation_lists: Vec<CertificateList>,
    /// The OCSP answers that came along (RFC 5940), those that can be read.
    pub ocsp_responses: Vec<OcspResponse>,
    /// One for each signature.
    pub signer_infos: Vec<SignerInfo>,
}

impl SignedObject {
    pub(super) fn read(stream: &mut Stream<'_>) -> Result<SignedObject, Error> {
        stream.enter(tag::SEQUENCE)?;
        // RFC 5652 5.1 derives the version from the rest; it tells a reader nothing.
        stream.element(tag::INTEGER)?;
        let digest_algorithms = elements(&object::der(stream, tag::SET)?)?;
        let encapsulated = object::encapsulated_content(stream)?;
        let mut certificates = Vec::new();
        let mut unusable_certificates = Vec::new();
        for choice in choices(stream, 0, MAX_CERTIFICATES, "certificates")? {
            // RFC 5652 10.2.2: every other choice is obsolete or an attribute certificate.
            if choice.first() == Some(&tag::SEQUENCE) {
                match Certificate::from_der(&choice) {
                    Ok(certificate) => certificates.push(certificate),
                    Err(error) => unusable_certificates.push(error),
                }
            }
        }
        let (mut revocation_lists, mut ocsp_responses) = (Vec::new(), Vec::new());
        for choice in choices(stream, 1, MAX_REVOCATION_LISTS, "revocation lists")? {
            // RFC 5652 10.2.1: the other choice, [1], holds OCSP answers and the like.
            match choice.first() {
                Some(&tag::SEQUENCE) => revocation_lists.extend(CertificateList::from_der(&choice)),
                _ => ocsp_responses
                    .extend(OcspResponse::from_other_revocation_info(&choice).and_then(Result::ok)),
            }
        }
        let signer_infos = signer_infos(stream)?;
        stream.leave()?;
        Ok(SignedObject {
            digest_algorithms,
            encapsulated,
            certificates,
            unusable_certificates,
            revocation_lists,
            ocsp_responses,
            signer_infos,
        })
    }

    /// Without content, certificates or signers: what stands for a signature that is none.
    pub fn empty() -> SignedObject {
        SignedObject {
            digest_algorithms: Vec::new(),
            encapsulated: EncapsulatedContent {
                content_type: oid::ID_DATA,
                content: None,
            },
            certificates: Vec::new(),
            unusable_certificates: Vec::new(),
            revocation_lists: Vec::new(),
            ocsp_responses: Vec::new(),
            signer_infos: Vec::new(),
        }
    }

    /// Whether it is there for its certificates alone (RFC 8551 3.8): nothing signed, and nobody
    /// who signs.
    pub fn is_certs_only(&self) -> bool {
        self.signer_infos.is_empty() && self.encapsulated.content.is_none()
    }
}

/// A `[number] IMPLICIT SET OF`, each element as it was encoded: a certificate's signature is over
/// its own octets.
fn choices(
    stream: &mut Stream<'_>,
    number: u8,
    limit: usize,
    what: &'static str,
) -> Result<Vec<Vec<u8>>, Error> {
    let mut choices = Vec::new();
    if !stream.enter_optional(tag::context_constructed(number))? {
        return Ok(choices);
    }
    while stream.peek()?.is_some() {
        if choices.len() == limit {
            return Err(Error::TooMany { what, limit });
        }
        choices.push(stream.any()?);
    }
    stream.leave()?;
    Ok(choices)
}

fn signer_infos(stream: &mut Stream<'_>) -> Result<Vec<SignerInfo>, Error> {
    let mut signer_infos = Vec::new();
    stream.enter(tag::SET)?;
    while stream.peek()?.is_some() {
        if signer_infos.len() == MAX_SIGNER_INFOS {
            return Err(Error::TooMany {
                what: "signers",
                limit: MAX_SIGNER_INFOS,
            });
        }
        signer_infos.push(SignerInfo::from_der(&object::der(stream, tag::SEQUENCE)?)?);
    }
    stream.leave()?;
    Ok(signer_infos)
}

/// The elements of a SET OF, each whole.
fn elements(set: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    let mut reader = Reader::new(set);
    let outer = reader.read()?;
    let mut inside = reader.inside(&outer);
    let mut elements = Vec::new();
    while !inside.is_empty() {
        let element = inside.expect(tag::SEQUENCE)?;
        elements.push(set[element.whole()].to_vec());
    }
    Ok(elements)
}
