//! The sending side: a fresh key and IV for each content.

use std::fmt;

use aes::{Aes128, Aes256};
use der::{Any, Tag};
use spki::AlgorithmIdentifierOwned;

use super::cbc::Cbc;
use super::gcm::Gcm;
use super::{ContentCipher, ContentEncryptionKey};
use crate::asn1::{tag, tlv};
use crate::crypto::Error;

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
    pub(super) fn keyed(
        cipher: ContentCipher,
        key: &[u8],
        iv: Vec<u8>,
        additional_data: &[u8],
    ) -> Self {
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
            let nonce = tlv::element(tag::OCTET_STRING, &self.iv);
            let icv_length = tlv::element(tag::INTEGER, &[16]);
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
            Mode::Aes128Gcm(gcm) => return gcm.encrypt(content, encrypted),
            Mode::Aes256Gcm(gcm) => return gcm.encrypt(content, encrypted),
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
}
