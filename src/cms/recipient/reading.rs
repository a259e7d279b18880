//! Content-encryption keys, out of the RecipientInfos of a message.

use super::description::{Recipient, describe};
use super::identifier::RecipientIdentifier;
use super::structure::{Algorithm, Originator, Structure};
use crate::asn1::reader::Reader;
use crate::asn1::tag;
use crate::cms::Error;
use crate::crypto::{
    self, ContentCipher, ContentEncryptionKey, KeyAgreementAlgorithm, KeyDerivation,
    KeyEncapsulationAlgorithm, KeyEncryptionKey, KeyTransportAlgorithm, KeyWrap,
    OriginatorPublicKey, PasswordKeyEncryption, PrivateKey, PublicKey,
};
use crate::secret::Secret;
use crate::x509::Certificate;

/// What a reader can open a RecipientInfo with.
#[derive(Clone, Copy, Debug)]
pub enum Credential<'a> {
    /// A private key.
    PrivateKey {
        /// The key.
        key: &'a PrivateKey,
        /// The certificate it belongs to, by which a recipient is found.
        certificate: Option<&'a Certificate>,
    },
    /// A password, as the octets that the sender took for it (RFC 8018 leaves the encoding open;
    /// UTF-8 is usual).
    Password(&'a Secret),
    /// A key that sender and recipients share.
    KeyEncryptionKey {
        /// Its name; with none, every recipient of this kind is tried.
        id: Option<&'a [u8]>,
        /// 16, 24 or 32 octets, as the key wrap of the message needs.
        key: &'a Secret,
    },
}

/// With keys whose certificates are unknown, every recipient of their kind may be theirs. One past
/// so many content keys, no more are looked for: the caller has to say which certificate is meant.
pub const MAX_CANDIDATES: usize = 64;

/// The keys that a message may have been encrypted with. With several, the content tells which
/// it was.
#[derive(Debug, Default)]
pub struct ContentKeys {
    /// Each once. A wrong RSA padding gives a key too, one that nobody knows (RFC 3218 2.3.2).
    pub keys: Vec<ContentEncryptionKey>,
    /// Whether a recipient was found by its identifier: by certificate, by the name of a
    /// key-encryption key, or by a password's only recipient having no name to find it by.
    pub matched: bool,
    /// Why the first recipient that there was a credential for could not be tried at all: an
    /// algorithm that is not supported, or parameters that are not right.
    pub unsupported: Option<crypto::Error>,
    /// What is too weak for anything but old mail in how a key was got: the RSA key, or triple DES
    /// that wraps.
    pub legacy: Option<String>,
}

/// RecipientInfos (RFC 5652 6.1), read.
#[derive(Clone, Debug)]
pub struct RecipientInfos {
    recipients: Vec<Structure>,
}

/// As many recipients as a message may have: each costs an operation with a private key.
const MAXIMUM: usize = 1000;

impl RecipientInfos {
    /// Reads the DER of the SET OF RecipientInfo. The order of its elements does not matter.
    ///
    /// # Errors
    ///
    /// What is none, and more than 1,000 recipients. Kinds and algorithms that are not supported
    /// are no errors.
    pub fn from_der(set: &[u8]) -> Result<RecipientInfos, Error> {
        let mut reader = Reader::new(set);
        let elements = reader.expect(tag::SET)?;
        reader.finish()?;
        let mut elements = reader.inside(&elements);
        let mut recipients = Vec::new();
        let mut count = 0;
        while !elements.is_empty() {
            let structure = Structure::read(set, &elements.read()?)?;
            count += match &structure {
                Structure::KeyAgreement { encrypted_keys, .. } => encrypted_keys.len().max(1),
                _ => 1,
            };
            if count > MAXIMUM {
                return Err(Error::TooMany {
                    what: "recipients",
                    limit: MAXIMUM,
                });
            }
            recipients.push(structure);
        }
        Ok(RecipientInfos { recipients })
    }

    /// The recipients for a report, in the order of the message.
    pub fn describe(&self) -> Vec<Recipient> {
        self.recipients.iter().flat_map(describe).collect()
    }

    /// All content-encryption keys for `cipher` that these credentials give.
    ///
    /// A private key with a certificate opens the recipients that the certificate is identified
    /// by. Only when no certificate is, every private key is tried on every recipient of its
    /// kind: certificates are renewed. Passwords and key-encryption keys are tried in any case.
    pub fn content_keys(
        &self,
        credentials: &[Credential<'_>],
        cipher: ContentCipher,
    ) -> ContentKeys {
        let mut found = Found {
            cipher,
            content_keys: ContentKeys::default(),
        };
        let mut by_certificate = false;
        for credential in credentials {
            match credential {
                Credential::PrivateKey {
                    key,
                    certificate: Some(certificate),
                } => {
                    let is_named =
                        |identifier: &RecipientIdentifier| identifier.identifies(certificate);
                    by_certificate |= found.open(&self.recipients, key, &is_named);
                }
                Credential::PrivateKey { .. } => {}
                Credential::Password(password) => {
                    found.open_with_password(&self.recipients, password);
                }
                Credential::KeyEncryptionKey { id, key } => {
                    found.open_with_shared_key(&self.recipients, *id, key);
                }
            }
        }
        found.content_keys.matched |= by_certificate;
        if !by_certificate {
            for credential in credentials {
                if let Credential::PrivateKey { key, .. } = credential {
                    found.open(&self.recipients, key, &|_| true);
                }
            }
        }
        found.content_keys
    }
}

/// What has been found so far.
struct Found {
    cipher: ContentCipher,
    content_keys: ContentKeys,
}

impl Found {
    /// Opens all recipients for this kind of key whose identifier is right. Whether there were
    /// any.
    fn open(
        &mut self,
        recipients: &[Structure],
        key: &PrivateKey,
        is_right: &dyn Fn(&RecipientIdentifier) -> bool,
    ) -> bool {
        let mut any = false;
        for recipient in recipients {
            if self.content_keys.keys.len() > MAX_CANDIDATES {
                break;
            }
            match (recipient, key.public_key()) {
                (
                    Structure::KeyTransport {
                        identifier,
                        algorithm,
                        encrypted_key,
                    },
                    PublicKey::Rsa(_),
                ) if is_right(identifier) => {
                    any = true;
                    // RFC 8017 7.1.2 and 7.2.2, step 1. Everybody sees these lengths.
                    if encrypted_key.len() != key.public_key().bits().div_ceil(8) {
                        continue;
                    }
                    let legacy = key
                        .public_key()
                        .is_legacy()
                        .then(|| format!("an RSA key of {} bits", key.public_key().bits()));
                    let result = transported(algorithm, key, encrypted_key, self.cipher);
                    self.add(result.map(|key| (key, legacy)));
                }
                (
                    Structure::KeyAgreement { encrypted_keys, .. },
                    PublicKey::Ec(_) | PublicKey::X25519(_),
                ) => {
                    let right = encrypted_keys
                        .iter()
                        .filter(|(identifier, _)| is_right(identifier));
                    let right: Vec<&[u8]> = right.map(|(_, key)| key.as_slice()).collect();
                    any |= !right.is_empty();
                    if !right.is_empty() {
                        match agreed(recipient, key) {
                            Ok(key_encryption_key) => {
                                for encrypted_key in right {
                                    self.unwrap(&key_encryption_key, encrypted_key);
                                }
                            }
                            Err(error) => self.add(Err(error)),
                        }
                    }
                }
                (
                    Structure::KeyEncapsulation {
                        identifier,
                        encrypted_key,
                        ..
                    },
                    PublicKey::MlKem(_),
                ) if is_right(identifier) => {
                    any = true;
                    match decapsulated(recipient, key) {
                        Ok(key_encryption_key) => self.unwrap(&key_encryption_key, encrypted_key),
                        Err(error) => self.add(Err(error)),
                    }
                }
                _ => {}
            }
        }
        any
    }

    fn open_with_shared_key(&mut self, recipients: &[Structure], id: Option<&[u8]>, key: &Secret) {
        for recipient in recipients {
            if let Structure::KeyEncryptionKey {
                identifier,
                algorithm,
                encrypted_key,
            } = recipient
                && id.is_none_or(|id| id == identifier)
            {
                self.content_keys.matched |= id.is_some();
                let key_encryption_key = algorithm
                    .identifier()
                    .and_then(KeyWrap::from_algorithm_identifier)
                    .and_then(|wrap| KeyEncryptionKey::shared(wrap, key));
                match key_encryption_key {
                    Ok(key) => self.unwrap(&key, encrypted_key),
                    Err(error) => self.add(Err(error)),
                }
            }
        }
    }

    fn open_with_password(&mut self, recipients: &[Structure], password: &Secret) {
        let mut derivations = Vec::new();
        for recipient in recipients {
            if let Structure::Password {
                derivation,
                algorithm,
                encrypted_key,
            } = recipient
            {
                match password_recipient(derivation.as_ref(), algorithm) {
                    Ok((derivation, encryption)) => {
                        derivations.push((derivation, encryption, encrypted_key));
                    }
                    Err(error) => self.add(Err(error)),
                }
            }
        }
        // The limit of one would be none where a thousand recipients may ask for as much.
        let iterations = derivations
            .iter()
            .map(|(it, ..)| u64::from(it.iterations()));
        let iterations: u64 = iterations.sum();
        if iterations > KeyDerivation::MAXIMUM_ITERATIONS.into() {
            return self.add(Err(crypto::Error::TooManyIterations {
                iterations,
                maximum: KeyDerivation::MAXIMUM_ITERATIONS,
            }));
        }
        for (derivation, encryption, encrypted_key) in derivations {
            let key = encryption.decrypt(&derivation, password, encrypted_key, self.cipher);
            let legacy = encryption.is_legacy().then(|| encryption.name());
            self.add(key.map(|key| (key, legacy)));
        }
    }

    fn unwrap(&mut self, key_encryption_key: &KeyEncryptionKey, encrypted_key: &[u8]) {
        let wrap = key_encryption_key.algorithm();
        let legacy = wrap.is_legacy().then(|| wrap.name().to_owned());
        let key = key_encryption_key.unwrap(encrypted_key, self.cipher);
        self.add(key.map(|key| (key, legacy)));
    }

    fn add(&mut self, result: Result<(ContentEncryptionKey, Option<String>), crypto::Error>) {
        let found = &mut self.content_keys;
        match result {
            Ok((key, legacy)) => {
                // Two certificates can have one key.
                if found
                    .keys
                    .iter()
                    .all(|known| known.expose() != key.expose())
                {
                    found.keys.push(key);
                }
                found.legacy = found.legacy.take().or(legacy);
            }
            // RFC 3218: it is not told which step failed, nor with which key.
            Err(crypto::Error::DecryptionFailed) => {}
            // An originator's key on another curve is for another recipient.
            Err(crypto::Error::PointNotOnCurve { .. } | crypto::Error::KeyMismatch { .. }) => {}
            Err(error) => {
                found.unsupported.get_or_insert(error);
            }
        }
    }
}

/// The algorithms of a PasswordRecipientInfo.
fn password_recipient(
    derivation: Option<&Algorithm>,
    algorithm: &Algorithm,
) -> Result<(KeyDerivation, PasswordKeyEncryption), crypto::Error> {
    let encryption = PasswordKeyEncryption::from_algorithm_identifier(algorithm.identifier()?)?;
    // RFC 5652 6.2.4: without it the key-encryption key comes from elsewhere.
    let derivation = derivation.ok_or_else(|| crypto::Error::UnsupportedAlgorithm {
        algorithm: "a password without key derivation".to_owned(),
    })?;
    let derivation = KeyDerivation::from_algorithm_identifier(derivation.identifier()?)?;
    Ok((derivation, encryption))
}

fn transported(
    algorithm: &Algorithm,
    key: &PrivateKey,
    encrypted_key: &[u8],
    cipher: ContentCipher,
) -> Result<ContentEncryptionKey, crypto::Error> {
    KeyTransportAlgorithm::from_algorithm_identifier(algorithm.identifier()?)?.decrypt(
        key,
        encrypted_key,
        cipher,
    )
}

/// The key that unwraps all of a KeyAgreeRecipientInfo's keys for this private key.
fn agreed(recipient: &Structure, key: &PrivateKey) -> Result<KeyEncryptionKey, crypto::Error> {
    let Structure::KeyAgreement {
        originator,
        user_keying_material,
        algorithm,
        ..
    } = recipient
    else {
        return Err(crypto::Error::DecryptionFailed);
    };
    let algorithm = KeyAgreementAlgorithm::from_algorithm_identifier(algorithm.identifier()?)?;
    // RFC 8551 2.3 has ephemeral-static agreement only.
    let Some(Originator {
        algorithm: originator_algorithm,
        public_key,
    }) = originator
    else {
        return Err(crypto::Error::UnsupportedAlgorithm {
            algorithm: "key agreement with the originator's certificate".to_owned(),
        });
    };
    let originator = OriginatorPublicKey {
        algorithm: originator_algorithm.identifier()?,
        public_key,
    };
    algorithm.agree(key, &originator, user_keying_material.as_deref())
}

/// The key that unwraps the key of a KEMRecipientInfo.
fn decapsulated(
    recipient: &Structure,
    key: &PrivateKey,
) -> Result<KeyEncryptionKey, crypto::Error> {
    let Structure::KeyEncapsulation {
        mechanism,
        ciphertext,
        derivation,
        kek_length,
        user_keying_material,
        wrap,
        ..
    } = recipient
    else {
        return Err(crypto::Error::DecryptionFailed);
    };
    let algorithm = KeyEncapsulationAlgorithm::from_algorithm_identifiers(
        mechanism.identifier()?,
        derivation.identifier()?,
        kek_length.unwrap_or_default(),
        wrap.identifier()?,
    )?;
    algorithm.decapsulate(key, ciphertext, user_keying_material.as_deref())
}
