//! Content encryption (RFC 3565, RFC 5084, RFC 8103), streamed: the content goes in pieces of any length
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
//! CCM has to know the length of the content before it begins ([`Encryptor::with_length`],
//! [`Decryptor::with_length`]); all others may be given it too.
//!
//! # Not supported
//! Encryption with a key or nonce chosen by the caller, or with 3DES or RC2; DES, which is refused
//! by name; RC2 keys of another length than their effective bits, or of others than 40, 64 and
//! 128; GCM nonces of more than 128 octets; tags of fewer than 12 octets.

mod aead;
mod algorithm;
mod block_hash;
pub(super) mod cbc;
mod ccm;
mod chacha20_poly1305;
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

/// A cipher for the content of EnvelopedData (CBC) or AuthEnvelopedData (all others).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContentCipher {
    /// AES-128-CBC, MUST- in RFC 8551 section 2.7.
    Aes128Cbc,
    /// AES-192-CBC.
    Aes192Cbc,
    /// AES-256-CBC.
    Aes256Cbc,
    /// AES-128-GCM, MUST in RFC 8551 section 2.7.
    Aes128Gcm,
    /// AES-192-GCM.
    Aes192Gcm,
    /// AES-256-GCM, MUST in RFC 8551 section 2.7.
    Aes256Gcm,
    /// AES-128-CCM (RFC 5084 section 3.1).
    Aes128Ccm,
    /// AES-192-CCM.
    Aes192Ccm,
    /// AES-256-CCM.
    Aes256Ccm,
    /// ChaCha20-Poly1305 (RFC 8103), SHOULD+ in RFC 8551 section 2.7.
    ChaCha20Poly1305,
    /// Triple DES with three keys (RFC 3370 section 5.1): only decrypted.
    DesEde3Cbc,
    /// RC2 with 40 effective key bits (RFC 3370 section 5.2, RFC 2268): only decrypted. The three
    /// RC2 ciphers have one object identifier and differ in their parameters.
    Rc2Cbc40,
    /// RC2 with 64 effective key bits.
    Rc2Cbc64,
    /// RC2 with 128 effective key bits.
    Rc2Cbc128,
}

/// How a cipher goes through the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Chained blocks with padding, without authentication.
    Cbc,
    Gcm,
    Ccm,
    ChaCha20Poly1305,
}

impl ContentCipher {
    /// Every cipher that content can be encrypted with, the strongest of each kind first.
    pub const MAKEABLE: [ContentCipher; 10] = [
        ContentCipher::Aes256Cbc,
        ContentCipher::Aes192Cbc,
        ContentCipher::Aes128Cbc,
        ContentCipher::Aes256Gcm,
        ContentCipher::Aes192Gcm,
        ContentCipher::Aes128Gcm,
        ContentCipher::Aes256Ccm,
        ContentCipher::Aes192Ccm,
        ContentCipher::Aes128Ccm,
        ContentCipher::ChaCha20Poly1305,
    ];

    /// Those that old messages are decrypted with and nothing else.
    pub const LEGACY: [ContentCipher; 4] = [
        ContentCipher::DesEde3Cbc,
        ContentCipher::Rc2Cbc128,
        ContentCipher::Rc2Cbc64,
        ContentCipher::Rc2Cbc40,
    ];

    /// Its name on the command line and in reports.
    pub fn name(self) -> &'static str {
        self.properties().0
    }

    /// The object identifier.
    pub fn oid(self) -> ObjectIdentifier {
        self.properties().1
    }

    /// The length of the content-encryption key in octets. An RC2 key is as long as its effective
    /// bits, as agents make them.
    pub fn key_length(self) -> usize {
        self.properties().2
    }

    pub(super) fn mode(self) -> Mode {
        self.properties().3
    }

    /// Name, object identifier, octets of the key, mode.
    fn properties(self) -> (&'static str, ObjectIdentifier, usize, Mode) {
        match self {
            ContentCipher::Aes128Cbc => ("aes128-cbc", oid::ID_AES_128_CBC, 16, Mode::Cbc),
            ContentCipher::Aes192Cbc => ("aes192-cbc", oid::ID_AES_192_CBC, 24, Mode::Cbc),
            ContentCipher::Aes256Cbc => ("aes256-cbc", oid::ID_AES_256_CBC, 32, Mode::Cbc),
            ContentCipher::Aes128Gcm => ("aes128-gcm", oid::ID_AES_128_GCM, 16, Mode::Gcm),
            ContentCipher::Aes192Gcm => ("aes192-gcm", oid::ID_AES_192_GCM, 24, Mode::Gcm),
            ContentCipher::Aes256Gcm => ("aes256-gcm", oid::ID_AES_256_GCM, 32, Mode::Gcm),
            ContentCipher::Aes128Ccm => ("aes128-ccm", oid::ID_AES_128_CCM, 16, Mode::Ccm),
            ContentCipher::Aes192Ccm => ("aes192-ccm", oid::ID_AES_192_CCM, 24, Mode::Ccm),
            ContentCipher::Aes256Ccm => ("aes256-ccm", oid::ID_AES_256_CCM, 32, Mode::Ccm),
            ContentCipher::ChaCha20Poly1305 => (
                "chacha20-poly1305",
                oid::ID_ALG_AEAD_CHA_CHA_20_POLY_1305,
                32,
                Mode::ChaCha20Poly1305,
            ),
            ContentCipher::DesEde3Cbc => ("des-ede3-cbc", oid::DES_EDE_3_CBC, 24, Mode::Cbc),
            ContentCipher::Rc2Cbc40 => ("rc2-40-cbc", oid::RC_2_CBC, 5, Mode::Cbc),
            ContentCipher::Rc2Cbc64 => ("rc2-64-cbc", oid::RC_2_CBC, 8, Mode::Cbc),
            ContentCipher::Rc2Cbc128 => ("rc2-128-cbc", oid::RC_2_CBC, 16, Mode::Cbc),
        }
    }

    /// Whether the cipher authenticates, and so belongs into AuthEnvelopedData (RFC 5083).
    pub fn is_aead(self) -> bool {
        self.mode() != Mode::Cbc
    }

    /// Whether it is too weak to be used, but for reading what was encrypted long ago.
    pub fn is_legacy(self) -> bool {
        ContentCipher::LEGACY.contains(&self)
    }

    /// Whether content can be encrypted with it.
    pub fn may_encrypt(self) -> bool {
        !self.is_legacy()
    }

    /// The length of a block in octets, which the padding fills; `None` for a cipher without
    /// padding.
    pub fn block_length(self) -> Option<usize> {
        match self.mode() {
            Mode::Cbc if self.is_legacy() => Some(8),
            Mode::Cbc => Some(16),
            _ => None,
        }
    }

    /// The key wrap for key agreement: RFC 8551 section 2.3 wants the key-encryption key as
    /// long as the content-encryption key. Legacy ciphers get the longest, since none is wrapped
    /// for them.
    pub fn key_wrap(self) -> KeyWrap {
        match self.key_length() {
            16 if self.may_encrypt() => KeyWrap::Aes128,
            24 if self.may_encrypt() => KeyWrap::Aes192,
            _ => KeyWrap::Aes256,
        }
    }

    /// How many octets `length` octets of content are when encrypted, without the
    /// authentication tag, which AuthEnvelopedData keeps apart. Saturates at 2^64 - 1.
    pub fn encrypted_length(self, length: u64) -> u64 {
        match self.block_length() {
            None => length,
            // RFC 5652 section 6.3: at least one octet of padding, so that the end is unambiguous.
            Some(block) => length.saturating_add(block as u64 - length % block as u64),
        }
    }
}

impl fmt::Display for ContentCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ContentCipher {
    type Err = UnknownCipher;

    /// By its name, if content can be encrypted with it.
    fn from_str(name: &str) -> Result<Self, UnknownCipher> {
        ContentCipher::MAKEABLE
            .into_iter()
            .find(|cipher| cipher.name() == name)
            .ok_or_else(|| UnknownCipher {
                name: name.to_owned(),
            })
    }
}

/// No cipher that content can be encrypted with has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no content cipher is called {name:?}; there are {}", ContentCipher::MAKEABLE.map(ContentCipher::name).join(", "))]
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
        for cipher in ContentCipher::MAKEABLE {
            assert_eq!(cipher.name().parse(), Ok(cipher));
            assert_eq!(cipher.to_string(), cipher.name());
            assert!(cipher.may_encrypt() && !cipher.is_legacy());
        }
        for cipher in ContentCipher::LEGACY {
            assert!(cipher.name().parse::<ContentCipher>().is_err());
            assert!(cipher.is_legacy() && !cipher.may_encrypt());
        }
        assert_eq!(
            "des3".parse::<ContentCipher>().unwrap_err().to_string(),
            "no content cipher is called \"des3\"; there are aes256-cbc, aes192-cbc, aes128-cbc, \
             aes256-gcm, aes192-gcm, aes128-gcm, aes256-ccm, aes192-ccm, aes128-ccm, \
             chacha20-poly1305"
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
            assert_eq!(ContentCipher::Aes256Ccm.encrypted_length(length), length);
        }
        assert_eq!(ContentCipher::DesEde3Cbc.encrypted_length(16), 24);
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
