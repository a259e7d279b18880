//! Content encryption (RFC 3565, RFC 5084), streamed: the content goes in pieces of any length
//! through an [`Encryptor`], which makes a fresh key and a fresh IV or nonce for one message
//! and is consumed with it, and comes back through a [`Decryptor`].
//!
//! ```
//! use der::referenced::OwnedToRef;
//! use mailseal::crypto::{ContentCipher, ContentEncryptionAlgorithm, Decryptor, Encryptor};
//!
//! let (mut encryptor, content_encryption_key) = Encryptor::new(ContentCipher::Aes256Gcm)?;
//! let algorithm = encryptor.algorithm_identifier();
//! let mut encrypted_content = Vec::new();
//! encryptor.update(b"Hello, ", &mut encrypted_content)?;
//! encryptor.update(b"world", &mut encrypted_content)?;
//! let end = encryptor.finish();
//! encrypted_content.extend_from_slice(&end.last);
//! assert_eq!(encrypted_content.len(), 12);
//! let tag = end.authentication_tag.expect("GCM authenticates");
//!
//! let algorithm =
//!     ContentEncryptionAlgorithm::from_algorithm_identifier(algorithm.owned_to_ref())?;
//! let mut decryptor = Decryptor::new(&algorithm, &content_encryption_key)?;
//! let mut content = Vec::new();
//! decryptor.update(&encrypted_content, &mut content)?;
//! content.extend_from_slice(&decryptor.finish(Some(&tag))?);
//! assert_eq!(content, b"Hello, world");
//! # Ok::<(), mailseal::crypto::Error>(())
//! ```
//!
//! # Not supported
//! AES-192, CCM, ChaCha20-Poly1305, 3DES, RC2; encryption with a key or nonce chosen by the
//! caller; GCM nonces of more than 128 octets.

mod algorithm;
mod cbc;
mod decryptor;
mod encryptor;
mod gcm;

use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

pub use self::algorithm::ContentEncryptionAlgorithm;
pub use self::decryptor::Decryptor;
pub use self::encryptor::{Encryptor, Finished};
use super::{Error, KeyWrap};
use crate::asn1::oid::{self, ObjectIdentifier};

/// A cipher for the content of EnvelopedData (CBC) or AuthEnvelopedData (GCM).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContentCipher {
    /// AES-128-CBC, MUST- in RFC 8551 section 2.7.
    Aes128Cbc,
    /// AES-256-CBC.
    Aes256Cbc,
    /// AES-128-GCM, MUST in RFC 8551 section 2.7.
    Aes128Gcm,
    /// AES-256-GCM, MUST in RFC 8551 section 2.7.
    Aes256Gcm,
}

impl ContentCipher {
    /// Every cipher, the strongest of each kind first.
    pub const ALL: [ContentCipher; 4] = [
        ContentCipher::Aes256Cbc,
        ContentCipher::Aes128Cbc,
        ContentCipher::Aes256Gcm,
        ContentCipher::Aes128Gcm,
    ];

    /// Its name on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            ContentCipher::Aes128Cbc => "aes128-cbc",
            ContentCipher::Aes256Cbc => "aes256-cbc",
            ContentCipher::Aes128Gcm => "aes128-gcm",
            ContentCipher::Aes256Gcm => "aes256-gcm",
        }
    }

    /// The object identifier.
    pub fn oid(self) -> ObjectIdentifier {
        match self {
            ContentCipher::Aes128Cbc => oid::ID_AES_128_CBC,
            ContentCipher::Aes256Cbc => oid::ID_AES_256_CBC,
            ContentCipher::Aes128Gcm => oid::ID_AES_128_GCM,
            ContentCipher::Aes256Gcm => oid::ID_AES_256_GCM,
        }
    }

    /// The length of the content-encryption key in octets.
    pub fn key_length(self) -> usize {
        match self {
            ContentCipher::Aes128Cbc | ContentCipher::Aes128Gcm => 16,
            ContentCipher::Aes256Cbc | ContentCipher::Aes256Gcm => 32,
        }
    }

    /// Whether the cipher authenticates, and so belongs into AuthEnvelopedData (RFC 5083).
    pub fn is_aead(self) -> bool {
        match self {
            ContentCipher::Aes128Cbc | ContentCipher::Aes256Cbc => false,
            ContentCipher::Aes128Gcm | ContentCipher::Aes256Gcm => true,
        }
    }

    /// The key wrap for key agreement: RFC 8551 section 2.3 wants the key-encryption key as
    /// long as the content-encryption key.
    pub fn key_wrap(self) -> KeyWrap {
        match self {
            ContentCipher::Aes128Cbc | ContentCipher::Aes128Gcm => KeyWrap::Aes128,
            ContentCipher::Aes256Cbc | ContentCipher::Aes256Gcm => KeyWrap::Aes256,
        }
    }

    /// How many octets `length` octets of content are when encrypted, without the
    /// authentication tag, which AuthEnvelopedData keeps apart. Saturates at 2^64 - 1.
    pub fn encrypted_length(self, length: u64) -> u64 {
        if self.is_aead() {
            length
        } else {
            // RFC 5652 section 6.3: 1 to 16 octets of padding, so that the end is unambiguous.
            length.saturating_add(16 - length % 16)
        }
    }

    /// The length of the initialization vector or nonce in octets. For GCM, RFC 5084 section
    /// 3.2 recommends 12.
    fn iv_length(self) -> usize {
        if self.is_aead() { 12 } else { 16 }
    }
}

impl fmt::Display for ContentCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ContentCipher {
    type Err = UnknownCipher;

    fn from_str(name: &str) -> Result<Self, UnknownCipher> {
        ContentCipher::ALL
            .into_iter()
            .find(|cipher| cipher.name() == name)
            .ok_or_else(|| UnknownCipher {
                name: name.to_owned(),
            })
    }
}

/// No content cipher has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no content cipher is called {name:?}; there are {}", ContentCipher::ALL.map(ContentCipher::name).join(", "))]
pub struct UnknownCipher {
    /// The name that was given.
    pub name: String,
}

/// The key one message's content is encrypted with. Wiped on drop, never printed.
pub struct ContentEncryptionKey {
    cipher: ContentCipher,
    key: Zeroizing<Vec<u8>>,
}

impl ContentEncryptionKey {
    /// A fresh key from the operating system.
    pub fn generate(cipher: ContentCipher) -> Result<Self, Error> {
        let mut key = Zeroizing::new(vec![0; cipher.key_length()]);
        getrandom::fill(&mut key).map_err(Error::Random)?;
        Ok(ContentEncryptionKey { cipher, key })
    }

    /// A key that came out of a recipient's EncryptedKey.
    ///
    /// [`Error::DecryptionFailed`] when it has another length than the cipher's keys.
    pub(super) fn received(cipher: ContentCipher, key: Zeroizing<Vec<u8>>) -> Result<Self, Error> {
        if key.len() == cipher.key_length() {
            Ok(ContentEncryptionKey { cipher, key })
        } else {
            Err(Error::DecryptionFailed)
        }
    }

    /// The cipher it is for.
    pub fn cipher(&self) -> ContentCipher {
        self.cipher
    }

    /// The key itself. Whoever calls this keeps it from logs, errors and temporary copies.
    pub fn expose(&self) -> &[u8] {
        &self.key
    }
}

impl fmt::Debug for ContentEncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContentEncryptionKey({}, ****)", self.cipher)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for cipher in ContentCipher::ALL {
            assert_eq!(cipher.name().parse(), Ok(cipher));
            assert_eq!(cipher.to_string(), cipher.name());
        }
        assert_eq!(
            "des3".parse::<ContentCipher>().unwrap_err().to_string(),
            "no content cipher is called \"des3\"; there are aes256-cbc, aes128-cbc, aes256-gcm, \
             aes128-gcm"
        );
    }

    #[test]
    fn encrypted_lengths() {
        for (length, cbc) in [
            (0, 16),
            (1, 16),
            (15, 16),
            (16, 32),
            (17, 32),
            (1 << 40, (1 << 40) + 16),
        ] {
            assert_eq!(ContentCipher::Aes256Cbc.encrypted_length(length), cbc);
            assert_eq!(ContentCipher::Aes256Gcm.encrypted_length(length), length);
        }
        assert_eq!(
            ContentCipher::Aes128Cbc.encrypted_length(u64::MAX),
            u64::MAX
        );
    }

    #[test]
    fn debug_shows_no_key() {
        let (encryptor, key) = Encryptor::new(ContentCipher::Aes256Cbc).unwrap();
        assert_eq!(format!("{encryptor:?}"), "Encryptor(aes256-cbc, ****)");
        assert_eq!(format!("{key:?}"), "ContentEncryptionKey(aes256-cbc, ****)");
    }
}
