//! Decrypting: the entity inside EnvelopedData or AuthEnvelopedData (RFC 8551 3.3, 3.4).
//!
//! The content goes from one spool to another; none of it is seen before the tag of an AEAD
//! cipher has been checked.

use std::io::Read;

use der::Decode;
use spki::AlgorithmIdentifierRef;

use super::Error;
use crate::cms::object::EncryptedObject;
use crate::cms::recipient::{Credential, MAX_CANDIDATES, RecipientInfos};
use crate::crypto::{self, ContentEncryptionAlgorithm, ContentEncryptionKey, Decryptor};
use crate::mime::{Message, RawMessage};
use crate::spool::{Spool, SpoolWriter};

/// How much is decrypted at a time.
const PIECE: usize = 64 << 10;

/// What protects the decrypted octets against change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integrity {
    /// Nothing: CBC hides, and whoever relays the message can still bend it. A valid
    /// signature inside is what proves the content.
    None,
    /// The tag of an AEAD cipher, which has been checked. It does not tell who encrypted.
    Aead,
}

/// An entity that came out of an encrypted one.
///
/// Only [`DecryptedEntity::decrypt`] makes one.
///
/// ```compile_fail,E0451
/// use mailseal::smime::decrypt::{DecryptedEntity, Integrity};
/// let entity = DecryptedEntity { entity: todo!(), integrity: Integrity::Aead };
/// ```
#[derive(Debug)]
pub struct DecryptedEntity {
    entity: RawMessage,
    integrity: Integrity,
    legacy: Option<String>,
}

/// The algorithm of an encrypted content, which has to go with the structure around it.
///
/// # Errors
///
/// An algorithm that is not supported, and one that does not belong there: else the tag of an AEAD
/// content could be dropped by changing the content type (RFC 5083 2.1).
pub fn algorithm(object: &EncryptedObject) -> Result<ContentEncryptionAlgorithm, Error> {
    let identifier = AlgorithmIdentifierRef::from_der(&object.encrypted.algorithm)
        .map_err(crate::cms::Error::from)?;
    let algorithm = ContentEncryptionAlgorithm::from_algorithm_identifier(identifier)?;
    let cipher = algorithm.cipher();
    if cipher.is_aead() != object.authentication.is_some() {
        return Err(crate::cms::Error::CipherOutOfPlace {
            cipher: cipher.name(),
        }
        .into());
    }
    Ok(algorithm)
}

impl DecryptedEntity {
    /// Decrypts with the first credential that fits a recipient.
    ///
    /// # Errors
    ///
    /// [`Error::NoKeyFits`] and [`Error::NotDecrypted`], which do not say what went wrong with which
    /// key (RFC 3218), and an algorithm that is not supported.
    pub fn decrypt(
        object: &EncryptedObject,
        recipients: &RecipientInfos,
        credentials: &[Credential<'_>],
    ) -> Result<DecryptedEntity, Error> {
        let algorithm = algorithm(object)?;
        let content = object.encrypted.content.as_ref();
        let content = content.ok_or(crate::cms::Error::NoContent)?;
        let found = recipients.content_keys(credentials, algorithm.cipher());
        if found.keys.len() > MAX_CANDIDATES {
            return Err(Error::TooManyCandidates {
                limit: MAX_CANDIDATES,
            });
        }
        let candidates = plausible(&found.keys, &algorithm, content)?;
        let mut decrypted = None;
        for key in candidates {
            match decrypt(object, &algorithm, key, content) {
                Ok(entity) => {
                    let is_entity = found.keys.len() == 1 || is_entity(&entity);
                    if is_entity || decrypted.is_none() {
                        decrypted = Some(entity);
                    }
                    if is_entity {
                        break;
                    }
                }
                Err(Error::Crypto(crypto::Error::DecryptionFailed)) => {}
                Err(error) => return Err(error),
            }
        }
        let entity = match (decrypted, found.unsupported) {
            (Some(entity), _) => entity,
            (None, Some(error)) => return Err(error.into()),
            (None, None) if found.keys.is_empty() || algorithm.cipher().is_aead() => {
                return Err(Error::NoKeyFits);
            }
            (None, None) => return Err(Error::NotDecrypted),
        };
        let integrity = match object.authentication {
            Some(_) => Integrity::Aead,
            None => Integrity::None,
        };
        Ok(DecryptedEntity {
            entity,
            integrity,
            legacy: found.legacy,
        })
    }

    /// The octets of the entity: header fields, an empty line, a body.
    pub fn entity(&self) -> &RawMessage {
        &self.entity
    }

    /// What protects them.
    pub fn integrity(&self) -> Integrity {
        self.integrity
    }

    /// What is too weak for anything but old mail in how the content key came: a short RSA key, or
    /// triple DES that wraps it.
    pub fn legacy(&self) -> Option<&str> {
        self.legacy.as_deref()
    }
}

/// The keys that are worth a pass over the content. One key alone is always tried on all of it:
/// how long that takes must not tell what came out of the recipient's RSA (RFC 3218).
fn plausible<'a>(
    keys: &'a [ContentEncryptionKey],
    algorithm: &ContentEncryptionAlgorithm,
    content: &Spool,
) -> Result<Vec<&'a ContentEncryptionKey>, Error> {
    if keys.len() <= 1 {
        return Ok(keys.iter().collect());
    }
    /// Two blocks of any cipher.
    const END: u64 = 32;
    let mut end = Vec::new();
    let range = content.len().saturating_sub(END)..content.len();
    content.range(range).read_to_end(&mut end)?;
    Ok(keys
        .iter()
        .filter(|key| algorithm.padding_fits(key, &end))
        .collect())
}

fn decrypt(
    object: &EncryptedObject,
    algorithm: &ContentEncryptionAlgorithm,
    key: &ContentEncryptionKey,
    content: &Spool,
) -> Result<RawMessage, Error> {
    let authentication = object.authentication.as_ref();
    let attributes = authentication.map_or(&[][..], |it| &it.attributes);
    let mut decryptor = Decryptor::with_length(algorithm, key, attributes, content.len())?;
    let mut out = SpoolWriter::new();
    let mut encrypted = vec![0; PIECE];
    let mut piece = Vec::with_capacity(PIECE + 64);
    let mut reader = content.reader();
    loop {
        let length = reader.read(&mut encrypted)?;
        if length == 0 {
            break;
        }
        piece.clear();
        decryptor.update(&encrypted[..length], &mut piece)?;
        std::io::Write::write_all(&mut out, &piece)?;
    }
    let last = decryptor.finish(authentication.map(|it| &it.mac[..]))?;
    std::io::Write::write_all(&mut out, &last)?;
    Ok(RawMessage::from(std::sync::Arc::new(out.finish()?)))
}

fn is_entity(content: &RawMessage) -> bool {
    let mut start = [0; 2];
    let read = content.spool().reader().read(&mut start).unwrap_or(0);
    start[..read].starts_with(b"\r\n")
        || start[..read].starts_with(b"\n")
        || Message::parse(content.clone()).is_ok()
}
