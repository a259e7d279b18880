//! SignerInfo (RFC 5652 5.3): who claims to have signed, how, and the signature.

use std::fmt;

use super::Error;
use crate::asn1::reader::{Reader, hexadecimal};
use crate::asn1::tag;
use crate::x509::Certificate;
use crate::x509::name::Name;

/// One signature as it came; nothing in it has been verified.
#[derive(Debug, Clone)]
pub struct SignerInfo {
    /// Whose certificate it is said to verify with.
    pub signer_identifier: SignerIdentifier,
    /// The digest AlgorithmIdentifier, DER.
    pub digest_algorithm: Vec<u8>,
    /// The signed attributes, `[0] IMPLICIT SET OF`, as they came, lengths in DER.
    pub signed_attributes: Option<Vec<u8>>,
    /// The signature AlgorithmIdentifier, DER.
    pub signature_algorithm: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
    /// The unsigned attributes, `[1] IMPLICIT SET OF`, which anyone on the way can change.
    pub unsigned_attributes: Option<Vec<u8>>,
}

/// SignerIdentifier (RFC 5652 5.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignerIdentifier {
    /// The issuer's Name and the serial number, each a whole DER element.
    IssuerAndSerialNumber {
        /// Name.
        issuer: Vec<u8>,
        /// INTEGER.
        serial_number: Vec<u8>,
    },
    /// The octets of the subjectKeyIdentifier extension.
    SubjectKeyIdentifier(Vec<u8>),
}

impl SignerInfo {
    /// Reads one.
    pub fn from_der(der: &[u8]) -> Result<SignerInfo, Error> {
        let mut reader = Reader::new(der);
        let sequence = reader.expect(tag::SEQUENCE)?;
        reader.finish()?;
        let mut fields = reader.inside(&sequence);
        let whole = |element: &crate::asn1::reader::Element| der[element.whole()].to_vec();
        fields.expect(tag::INTEGER)?;
        let signer_identifier = match fields.peek() {
            Some(SUBJECT_KEY_IDENTIFIER) => {
                let element = fields.read()?;
                SignerIdentifier::SubjectKeyIdentifier(fields.value(&element).to_vec())
            }
            _ => {
                let identifier = fields.expect(tag::SEQUENCE)?;
                let mut inside = fields.inside(&identifier);
                let issuer = whole(&inside.expect(tag::SEQUENCE)?);
                let serial_number = whole(&inside.expect(tag::INTEGER)?);
                inside.finish()?;
                SignerIdentifier::IssuerAndSerialNumber {
                    issuer,
                    serial_number,
                }
            }
        };
        let digest_algorithm = whole(&fields.expect(tag::SEQUENCE)?);
        let signed_attributes = fields.optional(tag::context_constructed(0))?;
        let signature_algorithm = whole(&fields.expect(tag::SEQUENCE)?);
        let signature = fields.expect(tag::OCTET_STRING)?;
        let unsigned_attributes = fields.optional(tag::context_constructed(1))?;
        fields.finish()?;
        Ok(SignerInfo {
            signer_identifier,
            digest_algorithm,
            signed_attributes: signed_attributes.as_ref().map(whole),
            signature_algorithm,
            signature: fields.value(&signature).to_vec(),
            unsigned_attributes: unsigned_attributes.as_ref().map(whole),
        })
    }
}

/// `[0] IMPLICIT OCTET STRING`.
const SUBJECT_KEY_IDENTIFIER: u8 = tag::context_primitive(0);

impl SignerIdentifier {
    /// Whether it names this certificate. Several can have the same subjectKeyIdentifier.
    pub fn identifies(&self, certificate: &Certificate) -> bool {
        match self {
            SignerIdentifier::IssuerAndSerialNumber {
                issuer,
                serial_number,
            } => {
                certificate.serial_der() == serial_number
                    && (certificate.issuer_der() == issuer
                        || name(issuer).is_some_and(|name| name == certificate.issuer()))
            }
            SignerIdentifier::SubjectKeyIdentifier(identifier) => {
                certificate.subject_key_identifier() == Some(identifier)
            }
        }
    }
}

/// Some programs encode the issuer's strings anew, as another type.
fn name(der: &[u8]) -> Option<String> {
    Name::from_der(der).ok().map(|name| name.to_string())
}

impl fmt::Display for SignerIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SignerIdentifier::IssuerAndSerialNumber {
                issuer,
                serial_number,
            } => {
                let issuer = name(issuer).unwrap_or_else(|| "an unreadable name".to_owned());
                let serial_number = serial_number.get(2..).unwrap_or_default();
                write!(
                    f,
                    "serial number {} of {issuer}",
                    hexadecimal(serial_number)
                )
            }
            SignerIdentifier::SubjectKeyIdentifier(identifier) => {
                write!(f, "subject key identifier {}", hexadecimal(identifier))
            }
        }
    }
}
