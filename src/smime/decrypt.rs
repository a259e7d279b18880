//! Decrypting: the entity inside EnvelopedData or AuthEnvelopedData (RFC 8551 3.3, 3.4).
//!
//! # Not supported
//!
//! Choosing the recipient by certificate: each key is tried on every recipient of its kind.

use std::borrow::Borrow;

use super::Error;
use crate::cms::layer::Enveloped;
use crate::crypto::PrivateKey;
use crate::mime::{Message, RawMessage};

/// What protects the decrypted octets against change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integrity {
    /// Nothing: AES-CBC hides, and whoever relays the message can still bend it. A valid
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
}

impl DecryptedEntity {
    /// Decrypts with the first key that fits a recipient.
    ///
    /// # Errors
    ///
    /// [`Error::NoKeyFits`], which does not say what went wrong with which key (RFC 3218), and an
    /// algorithm that is not supported.
    pub fn decrypt(
        enveloped: &Enveloped,
        keys: &[impl Borrow<PrivateKey>],
    ) -> Result<DecryptedEntity, Error> {
        let mut contents = Vec::new();
        for key in keys {
            contents.extend(enveloped.decrypt(key.borrow())?);
        }
        // A key that is not the recipient's opens one AES-CBC content in 256 to noise.
        let plausible = contents.iter().position(|content| is_entity(content));
        if contents.is_empty() {
            return Err(Error::NoKeyFits);
        }
        let content = contents.swap_remove(plausible.unwrap_or(0));
        let integrity = match enveloped.is_authenticated() {
            true => Integrity::Aead,
            false => Integrity::None,
        };
        Ok(DecryptedEntity {
            entity: RawMessage::from_bytes(content),
            integrity,
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
}

fn is_entity(content: &[u8]) -> bool {
    content.starts_with(b"\r\n")
        || content.starts_with(b"\n")
        || Message::parse(RawMessage::from_bytes(content.to_vec())).is_ok()
}
