//! What a report says of a recipient.

use std::fmt;

use super::structure::{Algorithm, Structure};
use crate::asn1::oid;
use crate::asn1::reader::hexadecimal;
use crate::crypto::{KeyAgreementAlgorithm, KeyTransportAlgorithm, KeyWrap, PasswordKeyEncryption};

/// One recipient of a message, as the message names it. Nobody vouches for any of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// `ktri`, `kari`, `kekri`, `pwri` or `kem`; `other` for what cannot be opened.
    pub kind: &'static str,
    /// `issuer=…, serial=…`, `ski=…` or `keyid=…`; empty for a password, which has no name.
    pub identifier: String,
    /// How the content-encryption key is encrypted.
    pub algorithm: String,
    /// Whether that is too weak for anything but old mail: triple DES.
    pub is_legacy: bool,
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind)?;
        if !self.identifier.is_empty() {
            write!(f, " {}", self.identifier)?;
        }
        write!(f, " ({})", self.algorithm)
    }
}

/// One for each recipient; a KeyAgreeRecipientInfo can have several.
pub(super) fn describe(structure: &Structure) -> Vec<Recipient> {
    let one = |kind, identifier, algorithm, is_legacy| {
        vec![Recipient {
            kind,
            identifier,
            algorithm,
            is_legacy,
        }]
    };
    match structure {
        Structure::KeyTransport {
            identifier,
            algorithm,
            ..
        } => one("ktri", identifier.to_string(), transport(algorithm), false),
        Structure::KeyAgreement {
            algorithm,
            encrypted_keys,
            ..
        } => {
            let (algorithm, is_legacy) = agreement(algorithm);
            let recipient = |(identifier, _): &(_, _)| Recipient {
                kind: "kari",
                identifier: ToString::to_string(identifier),
                algorithm: algorithm.clone(),
                is_legacy,
            };
            encrypted_keys.iter().map(recipient).collect()
        }
        Structure::KeyEncryptionKey {
            identifier,
            algorithm,
            ..
        } => {
            let (algorithm, is_legacy) = wrap(algorithm);
            let identifier = format!("keyid={}", hexadecimal(identifier));
            one("kekri", identifier, algorithm, is_legacy)
        }
        Structure::Password { algorithm, .. } => {
            let (algorithm, is_legacy) = password(algorithm);
            one("pwri", String::new(), algorithm, is_legacy)
        }
        Structure::KeyEncapsulation {
            identifier,
            mechanism,
            wrap: wrap_algorithm,
            ..
        } => {
            let (wrap, is_legacy) = wrap(wrap_algorithm);
            let algorithm = format!("{} with {wrap}", mechanism.name());
            one("kem", identifier.to_string(), algorithm, is_legacy)
        }
        Structure::Other(ori_type) => {
            let name = ori_type.as_ref().map(oid::name);
            one(
                "other",
                String::new(),
                name.unwrap_or("unknown".into()),
                false,
            )
        }
    }
}

fn transport(algorithm: &Algorithm) -> String {
    match algorithm
        .identifier()
        .and_then(KeyTransportAlgorithm::from_algorithm_identifier)
    {
        Ok(algorithm) => algorithm.name().to_owned(),
        Err(_) => algorithm.name(),
    }
}

fn agreement(algorithm: &Algorithm) -> (String, bool) {
    match algorithm
        .identifier()
        .and_then(KeyAgreementAlgorithm::from_algorithm_identifier)
    {
        Ok(agreement) => {
            let wrap = agreement.key_wrap();
            let name = format!("{} with {}", algorithm.name(), wrap.name());
            (name, wrap.is_legacy())
        }
        Err(_) => (algorithm.name(), false),
    }
}

fn wrap(algorithm: &Algorithm) -> (String, bool) {
    match algorithm
        .identifier()
        .and_then(KeyWrap::from_algorithm_identifier)
    {
        Ok(wrap) => (wrap.name().to_owned(), wrap.is_legacy()),
        Err(_) => (algorithm.name(), false),
    }
}

fn password(algorithm: &Algorithm) -> (String, bool) {
    match algorithm
        .identifier()
        .and_then(PasswordKeyEncryption::from_algorithm_identifier)
    {
        Ok(encryption) => (encryption.name(), encryption.is_legacy()),
        Err(_) => (algorithm.name(), false),
    }
}
