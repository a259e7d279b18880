//! ResponderID (RFC 6960 4.2.1): who has signed an answer, as it says itself.

use std::fmt;

use crate::asn1::reader::{Reader, hexadecimal};
use crate::asn1::tag;
use crate::crypto::DigestAlgorithm;
use crate::x509::name::{ComparableName, Name};
use crate::x509::{Certificate, Error};

/// The name of a responder, or the hash of its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResponderId {
    /// byName: the subject of its certificate.
    ByName {
        /// As names are compared.
        name: ComparableName,
        /// In RFC 4514 form, control characters escaped.
        text: String,
    },
    /// byKey: SHA-1 over the octets of its public key.
    ByKey(Vec<u8>),
}

impl ResponderId {
    /// `CHOICE { byName [1] Name, byKey [2] KeyHash }`, both EXPLICIT.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<ResponderId, Error> {
        let malformed = || Error::malformed("responderID");
        if let Some(by_name) = (reader.optional(tag::context_constructed(1))).map_err(malformed())?
        {
            let name = Name::from_der(reader.value(&by_name)).map_err(malformed())?;
            return Ok(ResponderId::ByName {
                name: name.comparable(),
                text: name.to_string(),
            });
        }
        let by_key = (reader.expect(tag::context_constructed(2))).map_err(malformed())?;
        let mut inside = reader.inside(&by_key);
        let key_hash = inside.expect(tag::OCTET_STRING).map_err(malformed())?;
        inside.finish().map_err(malformed())?;
        Ok(ResponderId::ByKey(inside.value(&key_hash).to_vec()))
    }

    /// Whether the responder may be the one that this certificate is for.
    pub fn names(&self, certificate: &Certificate) -> bool {
        match self {
            ResponderId::ByName { name, .. } => Name::from_der(certificate.subject_der())
                .is_ok_and(|subject| subject.comparable() == *name),
            ResponderId::ByKey(hash) => {
                DigestAlgorithm::Sha1.digest(certificate.subject_public_key()) == *hash
            }
        }
    }
}

/// For people: the name, or the hash in hexadecimal.
impl fmt::Display for ResponderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ResponderId::ByName { text, .. } => f.write_str(text),
            ResponderId::ByKey(hash) => write!(f, "key {}", hexadecimal(hash)),
        }
    }
}
