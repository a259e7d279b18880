//! Content encryption (RFC 3565, RFC 5084), streamed: the content goes in pieces of any length
//! through an [`Encryptor`], which makes a fresh key and a fresh IV or nonce for one message
//! and is consumed with it.
//!
//! ```
//! use mailseal::crypto::{ContentCipher, Encryptor};
//!
//! let (mut encryptor, content_encryption_key) = Encryptor::new(ContentCipher::Aes256Gcm)?;
//! let algorithm = encryptor.algorithm_identifier();
//! let mut encrypted_content = Vec::new();
//! encryptor.update(b"Hello, ", &mut encrypted_content)?;
//! encryptor.update(b"world", &mut encrypted_content)?;
//! let end = encryptor.finish();
//! encrypted_content.extend_from_slice(&end.last);
//! assert_eq!(encrypted_content.len(), 12);
//! assert!(end.authentication_tag.is_some());
//! # assert_eq!(content_encryption_key.expose().len(), 32);
//! # assert_eq!(algorithm.oid, mailseal::asn1::oid::ID_AES_256_GCM);
//! # Ok::<(), mailseal::crypto::Error>(())
//! ```
//!
//! # Not supported
//! Decryption; AES-192, CCM, ChaCha20-Poly1305; a key or nonce chosen by the caller.

mod cbc;
mod gcm;

use std::fmt;
use std::str::FromStr;

use aes::{Aes128, Aes256};
use der::{Any, Tag};
use spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

use self::cbc::Cbc;
use self::gcm::Gcm;
use super::{Error, KeyWrap};
use crate::asn1::{
    oid::{self, ObjectIdentifier},
    tlv,
};

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

/// Encrypts one content, piece by piece. Its key and IV are used once: they are made in
/// [`new`](Encryptor::new), and [`finish`](Encryptor::finish) consumes the encryptor.
///
/// ```compile_fail
/// use mailseal::crypto::{ContentCipher, Encryptor};
///
/// let (encryptor, _key) = Encryptor::new(ContentCipher::Aes256Cbc).unwrap();
/// encryptor.finish();
/// encryptor.finish();
/// ```
pub struct Encryptor {
    cipher: ContentCipher,
    iv: Vec<u8>,
    mode: Mode,
}

/// The end of an encrypted content.
#[derive(Debug)]
pub struct Finished {
    /// The last octets of encryptedContent: the padded block of CBC, nothing for GCM.
    pub last: Vec<u8>,
    /// The `mac` of AuthEnvelopedData: always 16 octets, `None` for CBC.
    pub authentication_tag: Option<[u8; 16]>,
}

impl Encryptor {
    /// An encryptor with a fresh key and IV, and that key for the recipients.
    pub fn new(cipher: ContentCipher) -> Result<(Self, ContentEncryptionKey), Error> {
        Encryptor::fresh(cipher, &[])
    }

    /// The same, with additional data that is authenticated and not encrypted: the DER of the
    /// authenticated attributes, as SET OF (RFC 5083 section 2.2).
    ///
    /// [`Error::NotAuthenticated`] for a CBC cipher.
    pub fn with_additional_data(
        cipher: ContentCipher,
        additional_data: &[u8],
    ) -> Result<(Self, ContentEncryptionKey), Error> {
        if !cipher.is_aead() {
            return Err(Error::NotAuthenticated {
                cipher: cipher.name(),
            });
        }
        Encryptor::fresh(cipher, additional_data)
    }

    fn fresh(
        cipher: ContentCipher,
        additional_data: &[u8],
    ) -> Result<(Self, ContentEncryptionKey), Error> {
        let key = ContentEncryptionKey::generate(cipher)?;
        let mut iv = vec![0; cipher.iv_length()];
        getrandom::fill(&mut iv).map_err(Error::Random)?;
        Ok((
            Encryptor::keyed(cipher, key.expose(), iv, additional_data),
            key,
        ))
    }

    /// Private, so that no caller can use a key or an IV twice. `key` and `iv` have the
    /// cipher's lengths.
    fn keyed(cipher: ContentCipher, key: &[u8], iv: Vec<u8>, additional_data: &[u8]) -> Self {
        let mode = match cipher {
            ContentCipher::Aes128Cbc => Mode::Aes128Cbc(Box::new(Cbc::new(key, &iv))),
            ContentCipher::Aes256Cbc => Mode::Aes256Cbc(Box::new(Cbc::new(key, &iv))),
            ContentCipher::Aes128Gcm => {
                Mode::Aes128Gcm(Box::new(Gcm::new(key, &iv, additional_data)))
            }
            ContentCipher::Aes256Gcm => {
                Mode::Aes256Gcm(Box::new(Gcm::new(key, &iv, additional_data)))
            }
        };
        Encryptor { cipher, iv, mode }
    }

    /// The contentEncryptionAlgorithm, with the IV or nonce in its parameters.
    pub fn algorithm_identifier(&self) -> AlgorithmIdentifierOwned {
        let parameters = if self.cipher.is_aead() {
            // RFC 5084 section 3.2: GCMParameters ::= SEQUENCE { aes-nonce OCTET STRING,
            // aes-ICVlen INTEGER DEFAULT 12 }. Our tags have 16 octets, so it is there.
            let nonce = tlv::element(tlv::OCTET_STRING, &self.iv);
            let icv_length = tlv::element(tlv::INTEGER, &[16]);
            Any::new(Tag::Sequence, [nonce, icv_length].concat())
        } else {
            // RFC 3565 section 4: AES-IV ::= OCTET STRING (SIZE(16)).
            Any::new(Tag::OctetString, self.iv.as_slice())
        };
        AlgorithmIdentifierOwned {
            oid: self.cipher.oid(),
            parameters: Some(parameters.expect("20 octets are within the limits of der")),
        }
    }

    /// Encrypts the next piece of the content and appends what is ready to `encrypted`: for
    /// CBC whole blocks, for GCM everything.
    ///
    /// The pieces may have any length; some tens of kilobytes are fastest.
    /// [`Error::ContentTooLong`] past the 2^36 - 32 octets of GCM.
    pub fn update(&mut self, content: &[u8], encrypted: &mut Vec<u8>) -> Result<(), Error> {
        match &mut self.mode {
            Mode::Aes128Cbc(cbc) => cbc.update(content, encrypted),
            Mode::Aes256Cbc(cbc) => cbc.update(content, encrypted),
            Mode::Aes128Gcm(gcm) => return gcm.update(content, encrypted),
            Mode::Aes256Gcm(gcm) => return gcm.update(content, encrypted),
        }
        Ok(())
    }

    /// Ends the content.
    pub fn finish(self) -> Finished {
        let (last, authentication_tag) = match self.mode {
            Mode::Aes128Cbc(cbc) => (cbc.finish(), None),
            Mode::Aes256Cbc(cbc) => (cbc.finish(), None),
            Mode::Aes128Gcm(gcm) => (Vec::new(), Some(gcm.finish())),
            Mode::Aes256Gcm(gcm) => (Vec::new(), Some(gcm.finish())),
        };
        Finished {
            last,
            authentication_tag,
        }
    }
}

impl fmt::Debug for Encryptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Encryptor({}, ****)", self.cipher)
    }
}

enum Mode {
    Aes128Cbc(Box<Cbc<Aes128>>),
    Aes256Cbc(Box<Cbc<Aes256>>),
    Aes128Gcm(Box<Gcm<Aes128>>),
    Aes256Gcm(Box<Gcm<Aes256>>),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::testing::hex;
    use der::Encode;

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

    // RFC 3565 section 4; RFC 5084 section 3.2 with the ICVlen that is not its default.
    #[test]
    fn algorithm_identifiers() {
        let iv = hex("000102030405060708090a0b0c0d0e0f");
        for (cipher, expected) in [
            (
                ContentCipher::Aes128Cbc,
                "301d06096086480165030401020410000102030405060708090a0b0c0d0e0f",
            ),
            (
                ContentCipher::Aes256Gcm,
                "301e060960864801650304012e3011040c000102030405060708090a0b020110",
            ),
        ] {
            let (key, iv) = (
                vec![0; cipher.key_length()],
                iv[..cipher.iv_length()].to_vec(),
            );
            let encryptor = Encryptor::keyed(cipher, &key, iv, &[]);
            assert_eq!(
                encryptor.algorithm_identifier().to_der().unwrap(),
                hex(expected)
            );
        }
    }

    #[test]
    fn each_encryptor_has_its_own_key_and_iv() {
        for cipher in ContentCipher::ALL {
            let (one, one_key) = Encryptor::new(cipher).unwrap();
            let (other, other_key) = Encryptor::new(cipher).unwrap();
            assert_eq!(one_key.expose().len(), cipher.key_length());
            assert_ne!(one_key.expose(), other_key.expose());
            assert_ne!(one.iv, other.iv);
            assert_eq!(one.iv.len(), cipher.iv_length());
        }
    }

    #[test]
    fn only_aead_ciphers_take_additional_data() {
        for cipher in ContentCipher::ALL {
            let result = Encryptor::with_additional_data(cipher, b"attributes");
            assert_eq!(result.is_ok(), cipher.is_aead());
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let (encryptor, key) = Encryptor::new(ContentCipher::Aes256Cbc).unwrap();
        assert_eq!(format!("{encryptor:?}"), "Encryptor(aes256-cbc, ****)");
        assert_eq!(format!("{key:?}"), "ContentEncryptionKey(aes256-cbc, ****)");
    }
}
