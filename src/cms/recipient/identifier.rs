//! Who a RecipientInfo is for.

use std::fmt;

use crate::asn1::reader::{self, Reader, hexadecimal};
use crate::asn1::{tag, tlv};
use crate::crypto::DigestAlgorithm;
use crate::x509::Certificate;
use crate::x509::name::Name;

/// RecipientIdentifier (RFC 5652 6.2.1) and KeyAgreeRecipientIdentifier (6.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cms) enum RecipientIdentifier {
    IssuerAndSerialNumber {
        /// A Name, a whole DER element.
        issuer: Vec<u8>,
        /// An INTEGER, a whole DER element.
        serial_number: Vec<u8>,
    },
    SubjectKeyIdentifier(Vec<u8>),
}

/// `[0] IMPLICIT OCTET STRING` in RecipientIdentifier.
const SUBJECT_KEY_IDENTIFIER: u8 = tag::context_primitive(0);

/// `[0] IMPLICIT SEQUENCE` in KeyAgreeRecipientIdentifier.
const RECIPIENT_KEY_IDENTIFIER: u8 = tag::context_constructed(0);

impl RecipientIdentifier {
    /// Reads the next element as either type; their alternatives have different tags.
    pub(super) fn read(
        der: &[u8],
        reader: &mut Reader<'_>,
    ) -> Result<RecipientIdentifier, reader::Error> {
        match reader.peek() {
            Some(SUBJECT_KEY_IDENTIFIER) => {
                let identifier = reader.read()?;
                let octets = reader.value(&identifier).to_vec();
                Ok(RecipientIdentifier::SubjectKeyIdentifier(octets))
            }
            // RecipientKeyIdentifier ::= SEQUENCE { subjectKeyIdentifier, date OPTIONAL, other
            // OPTIONAL }. The date tells nothing that decrypting does not.
            Some(RECIPIENT_KEY_IDENTIFIER) => {
                let identifier = reader.read()?;
                let octets = reader.inside(&identifier).expect(tag::OCTET_STRING)?;
                let octets = reader.value(&octets).to_vec();
                Ok(RecipientIdentifier::SubjectKeyIdentifier(octets))
            }
            _ => {
                let identifier = reader.expect(tag::SEQUENCE)?;
                let mut inside = reader.inside(&identifier);
                let issuer = inside.expect(tag::SEQUENCE)?;
                let serial_number = inside.expect(tag::INTEGER)?;
                inside.finish()?;
                Ok(RecipientIdentifier::IssuerAndSerialNumber {
                    issuer: der[issuer.whole()].to_vec(),
                    serial_number: der[serial_number.whole()].to_vec(),
                })
            }
        }
    }

    /// Whether it names this certificate. Some programs encode the issuer's strings anew, as
    /// another type, so the names are compared as RFC 5280 7.1 has it.
    pub(in crate::cms) fn identifies(&self, certificate: &Certificate) -> bool {
        match self {
            RecipientIdentifier::IssuerAndSerialNumber {
                issuer,
                serial_number,
            } => {
                certificate.serial_der() == serial_number
                    && (certificate.issuer_der() == issuer
                        || is_same_name(certificate.issuer_der(), issuer))
            }
            RecipientIdentifier::SubjectKeyIdentifier(identifier) => {
                match certificate.subject_key_identifier() {
                    Some(own) => own == identifier,
                    None => key_identifier(certificate).as_ref() == Some(identifier),
                }
            }
        }
    }
}

fn is_same_name(one: &[u8], other: &[u8]) -> bool {
    match (Name::from_der(one), Name::from_der(other)) {
        (Ok(one), Ok(other)) => one.comparable() == other.comparable(),
        _ => false,
    }
}

/// What a sender makes of a certificate without the extension: RFC 5280 4.2.1.2 (1), the SHA-1 of
/// the public key's bits.
fn key_identifier(certificate: &Certificate) -> Option<Vec<u8>> {
    let spki = Reader::new(certificate.spki_der());
    let mut reader = spki.clone();
    let sequence = reader.expect(tag::SEQUENCE).ok()?;
    let mut fields = reader.inside(&sequence);
    fields.expect(tag::SEQUENCE).ok()?;
    let key = fields.expect(tag::BIT_STRING).ok()?;
    // The first octet counts unused bits.
    let bits = spki.value(&key).get(1..)?;
    Some(DigestAlgorithm::Sha1.digest(bits))
}

impl fmt::Display for RecipientIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecipientIdentifier::IssuerAndSerialNumber {
                issuer,
                serial_number,
            } => {
                match Name::from_der(issuer) {
                    Ok(issuer) => write!(f, "issuer={issuer}")?,
                    Err(_) => f.write_str("issuer=(unreadable)")?,
                }
                let header = tlv::header_len(serial_number.len() as u64);
                let digits = match serial_number.get(header..).unwrap_or_default() {
                    [0, rest @ ..] if !rest.is_empty() => hexadecimal(rest),
                    octets => hexadecimal(octets),
                };
                write!(f, ", serial={digits}")
            }
            RecipientIdentifier::SubjectKeyIdentifier(identifier) => {
                write!(f, "ski={}", hexadecimal(identifier))
            }
        }
    }
}
