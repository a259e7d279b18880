//! RecipientInfos (RFC 5652 6.2) as they come, and the content-encryption keys that a reader's
//! credentials make of them.
//!
//! # Not supported
//!
//! Recipients by password, by key-encryption key and by KEM.

use std::fmt;

use cms::enveloped_data::{
    KeyAgreeRecipientInfo, KeyTransRecipientInfo, OriginatorIdentifierOrKey, RecipientInfo,
};
use der::Decode;
use der::asn1::OctetString;
use der::referenced::OwnedToRef;

use super::Error;
use crate::asn1::oid;
use crate::crypto;
use crate::crypto::{
    ContentCipher, ContentEncryptionAlgorithm, ContentEncryptionKey, KeyAgreementAlgorithm,
    KeyTransportAlgorithm, OriginatorPublicKey, PrivateKey, PublicKey,
};
use crate::secret::Secret;
use crate::x509::Certificate;

/// As many recipients may one message have.
pub const MAX_RECIPIENTS: usize = 1_000;

/// What a reader opens a message with.
#[derive(Debug, Clone, Copy)]
pub enum Credential<'a> {
    /// A private key, and the certificate that tells which recipient it is.
    PrivateKey {
        /// The key.
        key: &'a PrivateKey,
        /// Its certificate; without it every recipient with a key of this kind may be meant.
        certificate: Option<&'a Certificate>,
    },
    /// A password (RFC 3211).
    Password(&'a Secret),
    /// A key that sender and recipients share (RFC 5652 6.2.3).
    KeyEncryptionKey {
        /// Its name.
        id: Option<&'a [u8]>,
        /// Its octets.
        key: &'a Secret,
    },
}

/// One recipient, for reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// `ktri`, `kari`, `kekri`, `pwri` or `ori`, as RFC 5652 6.2 names the choices.
    pub kind: &'static str,
    /// Who it is.
    pub identifier: String,
    /// The key-encryption algorithm.
    pub algorithm: String,
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.identifier, self.algorithm)
    }
}

/// What credentials make of the recipients.
#[derive(Debug)]
pub struct ContentKeys {
    /// Keys that may be the content's, likeliest first.
    pub keys: Vec<ContentEncryptionKey>,
    /// The first algorithm that is not supported, of a recipient that a credential may be for.
    pub unsupported: Option<crypto::Error>,
}

/// RecipientInfos as they came.
#[derive(Debug)]
pub struct RecipientInfos(Vec<RecipientInfo>);

impl RecipientInfos {
    /// Reads the SET OF RecipientInfo.
    pub fn from_der(set: &[u8]) -> Result<RecipientInfos, Error> {
        let infos = cms::enveloped_data::RecipientInfos::from_der(set)?
            .0
            .into_vec();
        if infos.len() > MAX_RECIPIENTS {
            return Err(Error::TooMany {
                what: "recipients",
                limit: MAX_RECIPIENTS,
            });
        }
        Ok(RecipientInfos(infos))
    }

    /// The recipients, for reports.
    pub fn describe(&self) -> Vec<Recipient> {
        self.0.iter().map(describe).collect()
    }

    /// The content keys that the credentials make of the recipients they may be for.
    pub fn content_keys(
        &self,
        credentials: &[Credential<'_>],
        algorithm: &ContentEncryptionAlgorithm,
    ) -> ContentKeys {
        let mut found = ContentKeys {
            keys: Vec::new(),
            unsupported: None,
        };
        for credential in credentials {
            let Credential::PrivateKey { key, .. } = credential else {
                continue;
            };
            for info in &self.0 {
                for content_key in content_keys(info, key, algorithm.cipher()) {
                    match content_key {
                        Ok(content_key) => found.keys.push(content_key),
                        Err(crypto::Error::DecryptionFailed) => {}
                        Err(error) => drop(found.unsupported.get_or_insert(error)),
                    }
                }
            }
        }
        found
    }
}

fn describe(info: &RecipientInfo) -> Recipient {
    let (kind, algorithm) = match info {
        RecipientInfo::Ktri(info) => ("ktri", oid::name(&info.key_enc_alg.oid)),
        RecipientInfo::Kari(info) => ("kari", oid::name(&info.key_enc_alg.oid)),
        RecipientInfo::Kekri(info) => ("kekri", oid::name(&info.key_enc_alg.oid)),
        RecipientInfo::Pwri(info) => ("pwri", oid::name(&info.key_enc_alg.oid)),
        RecipientInfo::Ori(info) => ("ori", oid::name(&info.ori_type)),
    };
    Recipient {
        kind,
        identifier: String::new(),
        algorithm,
    }
}

fn content_keys(
    info: &RecipientInfo,
    key: &PrivateKey,
    cipher: ContentCipher,
) -> Vec<Result<ContentEncryptionKey, crypto::Error>> {
    match (info, key.public_key()) {
        (RecipientInfo::Ktri(info), PublicKey::Rsa(_)) => vec![transported(info, key, cipher)],
        (RecipientInfo::Kari(info), PublicKey::Ec(_)) => agreed(info, key, cipher),
        _ => Vec::new(),
    }
}

fn transported(
    info: &KeyTransRecipientInfo,
    key: &PrivateKey,
    cipher: ContentCipher,
) -> Result<ContentEncryptionKey, crypto::Error> {
    let algorithm = info.key_enc_alg.owned_to_ref();
    let algorithm = KeyTransportAlgorithm::from_algorithm_identifier(algorithm)?;
    algorithm.decrypt(key, info.enc_key.as_bytes(), cipher)
}

/// RFC 5753 3.1.1: one ephemeral key may serve several recipients.
fn agreed(
    info: &KeyAgreeRecipientInfo,
    key: &PrivateKey,
    cipher: ContentCipher,
) -> Vec<Result<ContentEncryptionKey, crypto::Error>> {
    // An originator's certificate, for static-static agreement, is not used in mail.
    let OriginatorIdentifierOrKey::OriginatorKey(originator) = &info.originator else {
        return Vec::new();
    };
    let originator = OriginatorPublicKey {
        algorithm: originator.algorithm.owned_to_ref(),
        public_key: originator.public_key.raw_bytes(),
    };
    let ukm = info.ukm.as_ref().map(OctetString::as_bytes);
    let key_encryption_key =
        KeyAgreementAlgorithm::from_algorithm_identifier(info.key_enc_alg.owned_to_ref())
            .and_then(|algorithm| algorithm.agree(key, &originator, ukm));
    match key_encryption_key {
        Err(error) => vec![Err(error)],
        Ok(key) => info
            .recipient_enc_keys
            .iter()
            .map(|recipient| key.unwrap(recipient.enc_key.as_bytes(), cipher))
            .collect(),
    }
}
