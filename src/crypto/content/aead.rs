//! What the authenticating modes have in common.

use aes::{Aes128, Aes192, Aes256};
use ctr::cipher::StreamCipher;

use super::ccm::Ccm;
use super::chacha20_poly1305::ChaCha20Poly1305;
use super::gcm::Gcm;
use super::{ContentCipher, Mode};
use crate::crypto::Error;

/// Encrypted and hashed at a time, so that the second pass still finds it in the cache.
pub(super) const PIECE: usize = 16 * 1024;

/// One content, in one of both directions.
pub(super) trait Aead: Send + Sync {
    /// Appends the encrypted piece. [`Error::ContentTooLong`] past the limit of the mode; then
    /// nothing is encrypted.
    fn encrypt(&mut self, content: &[u8], encrypted: &mut Vec<u8>) -> Result<(), Error>;

    /// The other direction.
    fn decrypt(&mut self, encrypted: &[u8], content: &mut Vec<u8>) -> Result<(), Error>;

    /// The authentication tag over everything that has gone through.
    fn tag(self: Box<Self>) -> [u8; 16];
}

/// The parameters of a content's encryption. They have been looked at: the key and the nonce have
/// lengths that the cipher takes.
pub(super) struct Parameters<'a> {
    pub(super) key: &'a [u8],
    pub(super) nonce: &'a [u8],
    /// 12 to 16 octets. Only CCM makes another tag for another length.
    pub(super) tag_length: usize,
    pub(super) additional_data: &'a [u8],
    /// The length of the content, if that is known.
    pub(super) content_length: Option<u64>,
}

/// The mode of an AEAD cipher.
///
/// [`Error::LengthRequired`] for CCM without a length, [`Error::NotAuthenticated`] for a cipher
/// that is no AEAD.
pub(super) fn mode(
    cipher: ContentCipher,
    parameters: &Parameters<'_>,
) -> Result<Box<dyn Aead>, Error> {
    let Parameters {
        key,
        nonce,
        additional_data,
        ..
    } = *parameters;
    Ok(match (cipher.mode(), cipher.key_length()) {
        (Mode::Gcm, 16) => Box::new(Gcm::<Aes128>::new(key, nonce, additional_data)),
        (Mode::Gcm, 24) => Box::new(Gcm::<Aes192>::new(key, nonce, additional_data)),
        (Mode::Gcm, _) => Box::new(Gcm::<Aes256>::new(key, nonce, additional_data)),
        (Mode::Ccm, length) => {
            let content_length = parameters.content_length.ok_or(Error::LengthRequired {
                cipher: cipher.name(),
            })?;
            match length {
                16 => Box::new(Ccm::<Aes128>::new(parameters, content_length)?),
                24 => Box::new(Ccm::<Aes192>::new(parameters, content_length)?),
                _ => Box::new(Ccm::<Aes256>::new(parameters, content_length)?),
            }
        }
        (Mode::ChaCha20Poly1305, _) => Box::new(ChaCha20Poly1305::new(key, nonce, additional_data)),
        (Mode::Cbc, _) => {
            return Err(Error::NotAuthenticated {
                cipher: cipher.name(),
            });
        }
    })
}

/// Counts octets up to a limit.
pub(super) struct Counter {
    mode: &'static str,
    length: u64,
    limit: u64,
}

impl Counter {
    pub(super) fn new(mode: &'static str, limit: u64) -> Self {
        Counter {
            mode,
            length: 0,
            limit,
        }
    }

    pub(super) fn add(&mut self, octets: &[u8]) -> Result<(), Error> {
        self.length = self
            .length
            .checked_add(octets.len() as u64)
            .filter(|length| *length <= self.limit)
            .ok_or_else(|| self.too_long())?;
        Ok(())
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// As if so many octets had gone by.
    #[cfg(test)]
    pub(super) fn skip(&mut self, octets: u64) {
        self.length += octets;
    }

    pub(super) fn too_long(&self) -> Error {
        Error::ContentTooLong {
            mode: self.mode,
            limit: self.limit,
        }
    }
}

/// Appends the octets, encrypted or decrypted, to `out`. False when the keystream has come to its
/// end, which no limit above lets happen.
pub(super) fn apply_keystream(
    keystream: &mut impl StreamCipher,
    octets: &[u8],
    out: &mut Vec<u8>,
) -> bool {
    let start = out.len();
    out.extend_from_slice(octets);
    keystream.try_apply_keystream(&mut out[start..]).is_ok()
}
