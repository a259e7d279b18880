//! The sending side: a fresh key and IV for each content.

use std::fmt;

use der::{Any, Tag};
use spki::AlgorithmIdentifierOwned;

use super::aead::{self, Aead, Parameters};
use super::cbc::{self, ChainedEncryption};
use super::{ContentCipher, ContentEncryptionKey, ccm};
use crate::asn1::{tag, tlv};
use crate::crypto::Error;

/// The length of the authentication tags we make, in octets.
const TAG: usize = 16;

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
    /// The last octets of encryptedContent: the padded block of CBC, else nothing.
    pub last: Vec<u8>,
    /// The `mac` of AuthEnvelopedData: always 16 octets, `None` for CBC.
    pub authentication_tag: Option<[u8; 16]>,
}

impl Encryptor {
    /// An encryptor with a fresh key and IV, and that key for the recipients.
    ///
    /// [`Error::LengthRequired`] for CCM, [`Error::ReadOnly`] for a legacy cipher.
    pub fn new(cipher: ContentCipher) -> Result<(Self, ContentEncryptionKey), Error> {
        Encryptor::fresh(cipher, &[], None)
    }

    /// The same, with additional data that is authenticated and not encrypted: the DER of the
    /// authenticated attributes, as SET OF (RFC 5083 section 2.2).
    ///
    /// [`Error::NotAuthenticated`] for a CBC cipher.
    pub fn with_additional_data(
        cipher: ContentCipher,
        additional_data: &[u8],
    ) -> Result<(Self, ContentEncryptionKey), Error> {
        require_aead(cipher)?;
        Encryptor::fresh(cipher, additional_data, None)
    }

    /// An encryptor for `content_length` octets of content, with any cipher. For CCM exactly so
    /// many must come: it refuses more, and after fewer nobody can decrypt what was made.
    ///
    /// [`Error::NotAuthenticated`] for additional data with a CBC cipher.
    pub fn with_length(
        cipher: ContentCipher,
        additional_data: &[u8],
        content_length: u64,
    ) -> Result<(Self, ContentEncryptionKey), Error> {
        if !additional_data.is_empty() {
            require_aead(cipher)?;
        }
        Encryptor::fresh(cipher, additional_data, Some(content_length))
    }

    fn fresh(
        cipher: ContentCipher,
        additional_data: &[u8],
        content_length: Option<u64>,
    ) -> Result<(Self, ContentEncryptionKey), Error> {
        let key = ContentEncryptionKey::generate(cipher)?;
        let mut iv = vec![0; iv_length(cipher, content_length)];
        getrandom::fill(&mut iv).map_err(Error::Random)?;
        let encryptor =
            Encryptor::keyed(cipher, key.expose(), iv, additional_data, content_length)?;
        Ok((encryptor, key))
    }

    /// Private, so that no caller can use a key or an IV twice. `key` and `iv` have lengths that
    /// the cipher takes.
    pub(super) fn keyed(
        cipher: ContentCipher,
        key: &[u8],
        iv: Vec<u8>,
        additional_data: &[u8],
        content_length: Option<u64>,
    ) -> Result<Self, Error> {
        let mode = if cipher.is_aead() {
            Mode::Aead(aead::mode(
                cipher,
                &Parameters {
                    key,
                    nonce: &iv,
                    tag_length: TAG,
                    additional_data,
                    content_length,
                },
            )?)
        } else {
            Mode::Chained(cbc::encryption(cipher, key, &iv)?)
        };
        Ok(Encryptor { cipher, iv, mode })
    }

    /// The contentEncryptionAlgorithm, with the IV or nonce in its parameters.
    pub fn algorithm_identifier(&self) -> AlgorithmIdentifierOwned {
        let parameters = match self.cipher.mode() {
            // RFC 5084 section 3: GCMParameters ::= SEQUENCE { aes-nonce OCTET STRING, aes-ICVlen
            // INTEGER DEFAULT 12 }, and CCMParameters alike. Our tags have 16 octets, so it is
            // there.
            super::Mode::Gcm | super::Mode::Ccm => {
                let nonce = tlv::element(tag::OCTET_STRING, &self.iv);
                let icv_length = tlv::element(tag::INTEGER, &[16]);
                Any::new(Tag::Sequence, [nonce, icv_length].concat())
            }
            // RFC 3565 section 4: AES-IV ::= OCTET STRING (SIZE(16)). RFC 8103 section 3:
            // AEADChaCha20Poly1305Nonce ::= OCTET STRING (SIZE(12)).
            super::Mode::Cbc | super::Mode::ChaCha20Poly1305 => {
                Any::new(Tag::OctetString, self.iv.as_slice())
            }
        };
        AlgorithmIdentifierOwned {
            oid: self.cipher.oid(),
            parameters: Some(parameters.expect("20 octets are within the limits of der")),
        }
    }

    /// Encrypts the next piece of the content and appends what is ready to `encrypted`: for
    /// CBC whole blocks, for all others everything.
    ///
    /// The pieces may have any length; some tens of kilobytes are fastest.
    /// [`Error::ContentTooLong`] past the limit of the mode, or the length that was announced.
    pub fn update(&mut self, content: &[u8], encrypted: &mut Vec<u8>) -> Result<(), Error> {
        match &mut self.mode {
            Mode::Chained(mode) => {
                mode.update(content, encrypted);
                Ok(())
            }
            Mode::Aead(mode) => mode.encrypt(content, encrypted),
        }
    }

    /// Ends the content.
    pub fn finish(self) -> Finished {
        match self.mode {
            Mode::Chained(mode) => Finished {
                last: mode.finish(),
                authentication_tag: None,
            },
            Mode::Aead(mode) => Finished {
                last: Vec::new(),
                authentication_tag: Some(mode.tag()),
            },
        }
    }
}

/// The length of the initialization vector or nonce in octets. For GCM, RFC 5084 section 3.2
/// recommends 12.
fn iv_length(cipher: ContentCipher, content_length: Option<u64>) -> usize {
    match (cipher.mode(), content_length) {
        (super::Mode::Cbc, _) => cipher.block_length().unwrap_or(16),
        (super::Mode::Ccm, Some(length)) => ccm::nonce_length(length),
        _ => 12,
    }
}

fn require_aead(cipher: ContentCipher) -> Result<(), Error> {
    if cipher.is_aead() {
        Ok(())
    } else {
        Err(Error::NotAuthenticated {
            cipher: cipher.name(),
        })
    }
}

impl fmt::Debug for Encryptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Encryptor({}, ****)", self.cipher)
    }
}

enum Mode {
    Chained(Box<dyn ChainedEncryption>),
    Aead(Box<dyn Aead>),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::testing::hex;
    use der::Encode;

    // RFC 3565 section 4; RFC 5084 section 3 with the ICVlen that is not its default; RFC 8103
    // section 3.
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
            (
                ContentCipher::Aes192Ccm,
                "301e060960864801650304011b3011040c000102030405060708090a0b020110",
            ),
            (
                ContentCipher::ChaCha20Poly1305,
                "301b060b2a864886f70d0109100312040c000102030405060708090a0b",
            ),
        ] {
            let (key, iv) = (
                vec![0; cipher.key_length()],
                iv[..iv_length(cipher, Some(0))].to_vec(),
            );
            let encryptor = Encryptor::keyed(cipher, &key, iv, &[], Some(0)).unwrap();
            assert_eq!(
                encryptor.algorithm_identifier().to_der().unwrap(),
                hex(expected)
            );
        }
    }

    #[test]
    fn each_encryptor_has_its_own_key_and_iv() {
        for cipher in ContentCipher::MAKEABLE {
            let (one, one_key) = Encryptor::with_length(cipher, &[], 7).unwrap();
            let (other, other_key) = Encryptor::with_length(cipher, &[], 7).unwrap();
            assert_eq!(one_key.expose().len(), cipher.key_length());
            assert_ne!(one_key.expose(), other_key.expose());
            assert_ne!(one.iv, other.iv);
            assert_eq!(one.iv.len(), if cipher.is_aead() { 12 } else { 16 });
        }
    }

    #[test]
    fn only_aead_ciphers_take_additional_data() {
        for cipher in ContentCipher::MAKEABLE {
            let result = Encryptor::with_length(cipher, b"attributes", 7);
            assert_eq!(result.is_ok(), cipher.is_aead());
        }
        let cipher = ContentCipher::Aes256Cbc;
        assert!(Encryptor::with_additional_data(cipher, &[]).is_err());
    }

    #[test]
    fn ccm_asks_for_the_length() {
        for cipher in ContentCipher::MAKEABLE {
            let is_ccm = cipher.mode() == super::super::Mode::Ccm;
            assert_eq!(Encryptor::new(cipher).is_err(), is_ccm);
        }
        let error = Encryptor::new(ContentCipher::Aes128Ccm).unwrap_err();
        assert_eq!(
            error.to_string(),
            "aes128-ccm needs to know the length of the content first"
        );
    }

    #[test]
    fn legacy_ciphers_encrypt_nothing() {
        for cipher in ContentCipher::LEGACY {
            assert!(matches!(
                Encryptor::with_length(cipher, &[], 7),
                Err(Error::ReadOnly { .. })
            ));
        }
    }
}
