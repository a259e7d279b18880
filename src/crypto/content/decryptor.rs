//! The receiving side.

use std::fmt;

use subtle::ConstantTimeEq;

use super::aead::{self, Aead, Parameters};
use super::cbc::{self, ChainedDecryption};
use super::{ContentCipher, ContentEncryptionAlgorithm, ContentEncryptionKey};
use crate::crypto::Error;

/// Decrypts one content, piece by piece.
///
/// What [`update`](Decryptor::update) gives out is not to be released (written where anyone reads
/// it, parsed, shown) before [`finish`](Decryptor::finish) is `Ok`: until then the plaintext of an
/// AEAD cipher is whatever an attacker made of it. A [`Spool`](crate::spool::Spool) keeps it meanwhile.
///
/// After CBC even `Ok` proves nothing: its content can be changed at will (EFAIL), and only a
/// valid signature inside vouches for it. Nor does it prove that the content-encryption key was
/// right: one wrong key in some 256 leaves a padding that looks right.
pub struct Decryptor {
    cipher: ContentCipher,
    mode: Mode,
}

impl Decryptor {
    /// A decryptor for the content of EnvelopedData, or of AuthEnvelopedData without
    /// authenticated attributes.
    ///
    /// [`Error::KeyMismatch`] when the key is for another cipher, [`Error::LengthRequired`] for
    /// CCM.
    pub fn new(
        algorithm: &ContentEncryptionAlgorithm,
        key: &ContentEncryptionKey,
    ) -> Result<Self, Error> {
        Decryptor::keyed(algorithm, key, &[], None)
    }

    /// The same, with additional data that is authenticated too: the DER of the authenticated
    /// attributes, as SET OF (RFC 5083 section 2.2).
    ///
    /// [`Error::NotAuthenticated`] for a CBC cipher.
    pub fn with_additional_data(
        algorithm: &ContentEncryptionAlgorithm,
        key: &ContentEncryptionKey,
        additional_data: &[u8],
    ) -> Result<Self, Error> {
        require_aead(algorithm)?;
        Decryptor::keyed(algorithm, key, additional_data, None)
    }

    /// A decryptor for `encrypted_length` octets of encryptedContent, with any cipher; CCM
    /// cannot do without.
    ///
    /// [`Error::NotAuthenticated`] for additional data with a CBC cipher;
    /// [`Error::ContentTooLong`] for CCM when the nonce has no room for such a length.
    pub fn with_length(
        algorithm: &ContentEncryptionAlgorithm,
        key: &ContentEncryptionKey,
        additional_data: &[u8],
        encrypted_length: u64,
    ) -> Result<Self, Error> {
        if !additional_data.is_empty() {
            require_aead(algorithm)?;
        }
        Decryptor::keyed(algorithm, key, additional_data, Some(encrypted_length))
    }

    fn keyed(
        algorithm: &ContentEncryptionAlgorithm,
        key: &ContentEncryptionKey,
        additional_data: &[u8],
        content_length: Option<u64>,
    ) -> Result<Self, Error> {
        let cipher = algorithm.cipher();
        if key.cipher() != cipher {
            return Err(Error::KeyMismatch {
                algorithm: cipher.name(),
                key: key.cipher().name(),
            });
        }
        let mode = match algorithm.tag_length() {
            Some(tag_length) => {
                let parameters = Parameters {
                    key: key.expose(),
                    nonce: algorithm.iv(),
                    tag_length,
                    additional_data,
                    content_length,
                };
                Mode::Aead(aead::mode(cipher, &parameters)?, tag_length)
            }
            None => Mode::Chained(cbc::decryption(cipher, key.expose(), algorithm.iv())),
        };
        Ok(Decryptor { cipher, mode })
    }

    /// Decrypts the next piece of encryptedContent and appends what is ready to `content`: for
    /// CBC all blocks but the last, for all others everything. None of it is to be released yet.
    ///
    /// The pieces may have any length; some tens of kilobytes are fastest.
    /// [`Error::ContentTooLong`] past the limit of the mode, or the length that was announced.
    pub fn update(&mut self, encrypted: &[u8], content: &mut Vec<u8>) -> Result<(), Error> {
        match &mut self.mode {
            Mode::Chained(mode) => {
                mode.update(encrypted, content);
                Ok(())
            }
            Mode::Aead(mode, _) => mode.decrypt(encrypted, content),
        }
    }

    /// Ends the content and returns its last octets: what CBC kept back, else nothing.
    ///
    /// `authentication_tag` is the `mac` of AuthEnvelopedData, `None` for EnvelopedData.
    /// [`Error::DecryptionFailed`] whatever is wrong: the tag or its length, the padding, the
    /// length of the content.
    pub fn finish(self, authentication_tag: Option<&[u8]>) -> Result<Vec<u8>, Error> {
        match (self.mode, authentication_tag) {
            (Mode::Chained(mode), None) => mode.finish(),
            // RFC 5084 section 3.2: the tag is as long as the parameters say. A shorter one would
            // be easier to forge, and OpenSSL 3.0 takes it.
            (Mode::Aead(mode, tag_length), Some(received)) if received.len() == tag_length => {
                authenticate(mode.tag(), received)
            }
            _ => Err(Error::DecryptionFailed),
        }
    }
}

impl fmt::Debug for Decryptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decryptor({}, ****)", self.cipher)
    }
}

enum Mode {
    Chained(Box<dyn ChainedDecryption>),
    /// With the length of its tag in octets.
    Aead(Box<dyn Aead>, usize),
}

fn require_aead(algorithm: &ContentEncryptionAlgorithm) -> Result<(), Error> {
    if algorithm.cipher().is_aead() {
        Ok(())
    } else {
        Err(Error::NotAuthenticated {
            cipher: algorithm.cipher().name(),
        })
    }
}

/// Compares in constant time as much of the tag as was sent, 12 octets at least. AEAD modes keep
/// nothing back, so no octets are left to return.
fn authenticate(computed: [u8; 16], received: &[u8]) -> Result<Vec<u8>, Error> {
    if computed[..received.len()].ct_eq(received).into() {
        Ok(Vec::new())
    } else {
        Err(Error::DecryptionFailed)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Encryptor;
    use super::*;
    use crate::asn1::{tag, tlv};
    use crate::crypto::testing::{pieces, random};
    use der::Decode;
    use der::asn1::AnyRef;
    use der::referenced::OwnedToRef;
    use spki::AlgorithmIdentifierRef;

    /// One encrypted content, with all that its recipient has.
    struct Sample {
        algorithm: ContentEncryptionAlgorithm,
        key: ContentEncryptionKey,
        encrypted: Vec<u8>,
        tag: Option<Vec<u8>>,
    }

    impl Sample {
        fn new(cipher: ContentCipher, content: &[u8], additional_data: &[u8]) -> Sample {
            let length = content.len() as u64;
            let (mut encryptor, key) =
                Encryptor::with_length(cipher, additional_data, length).unwrap();
            let algorithm = encryptor.algorithm_identifier();
            let mut encrypted = Vec::new();
            encryptor.update(content, &mut encrypted).unwrap();
            let end = encryptor.finish();
            encrypted.extend_from_slice(&end.last);
            Sample {
                algorithm: ContentEncryptionAlgorithm::from_algorithm_identifier(
                    algorithm.owned_to_ref(),
                )
                .unwrap(),
                key,
                encrypted,
                tag: end.authentication_tag.map(Vec::from),
            }
        }

        fn decrypt(&self) -> Result<Vec<u8>, Error> {
            self.decrypt_with(self.decryptor(&[])?)
        }

        fn decryptor(&self, additional_data: &[u8]) -> Result<Decryptor, Error> {
            let length = self.encrypted.len() as u64;
            Decryptor::with_length(&self.algorithm, &self.key, additional_data, length)
        }

        fn decrypt_with(&self, mut decryptor: Decryptor) -> Result<Vec<u8>, Error> {
            let mut content = Vec::new();
            for piece in pieces(&self.encrypted) {
                decryptor.update(piece, &mut content)?;
            }
            content.extend_from_slice(&decryptor.finish(self.tag.as_deref())?);
            Ok(content)
        }

        /// The same with other GCM parameters, which are not authenticated themselves.
        fn with_tag_length(mut self, length: u8) -> Sample {
            let nonce = tlv::element(tag::OCTET_STRING, self.algorithm.iv());
            let length = tlv::element(tag::INTEGER, &[length]);
            let parameters = tlv::sequence(&[&nonce, &length]);
            let algorithm = AlgorithmIdentifierRef {
                oid: self.algorithm.cipher().oid(),
                parameters: Some(AnyRef::from_der(&parameters).unwrap()),
            };
            self.algorithm =
                ContentEncryptionAlgorithm::from_algorithm_identifier(algorithm).unwrap();
            self
        }
    }

    fn failed(result: &Result<Vec<u8>, Error>) -> bool {
        matches!(result, Err(Error::DecryptionFailed))
    }

    #[test]
    fn any_length_in_any_pieces_comes_back() {
        for length in (0..=50).chain([1000, 4096, 70_001]) {
            let content = random(length);
            for cipher in ContentCipher::MAKEABLE {
                let sample = Sample::new(cipher, &content, &[]);
                assert_eq!(sample.decrypt().unwrap(), content, "{cipher} {length}");
            }
        }
    }

    #[test]
    fn a_changed_bit_anywhere_is_noticed_by_every_aead_cipher() {
        let aead = |cipher: &ContentCipher| cipher.is_aead();
        for cipher in ContentCipher::MAKEABLE.into_iter().filter(aead) {
            let mut sample = Sample::new(cipher, b"the content of a letter", &[]);
            for bit in 0..sample.encrypted.len() * 8 {
                sample.encrypted[bit / 8] ^= 1 << (bit % 8);
                assert!(failed(&sample.decrypt()));
                sample.encrypted[bit / 8] ^= 1 << (bit % 8);
            }
            for bit in 0..128 {
                let tag = sample.tag.as_mut().unwrap();
                tag[bit / 8] ^= 1 << (bit % 8);
                assert!(failed(&sample.decrypt()));
                let tag = sample.tag.as_mut().unwrap();
                tag[bit / 8] ^= 1 << (bit % 8);
            }
            sample.decrypt().unwrap();
            sample.encrypted.pop();
            assert!(failed(&sample.decrypt()));
        }
    }

    // CBC notices what happens to reach the padding, and nothing else.
    #[test]
    fn a_changed_bit_in_cbc_changes_the_content_or_the_padding() {
        for cipher in &ContentCipher::MAKEABLE[..3] {
            let (cipher, content) = (*cipher, random(40));
            let mut sample = Sample::new(cipher, &content, &[]);
            for bit in 0..sample.encrypted.len() * 8 {
                sample.encrypted[bit / 8] ^= 1 << (bit % 8);
                match sample.decrypt() {
                    Ok(changed) => assert_ne!(changed, content),
                    Err(error) => assert!(matches!(error, Error::DecryptionFailed)),
                }
                sample.encrypted[bit / 8] ^= 1 << (bit % 8);
            }
            // The last block but one is XORed onto the padding, of 8 octets here.
            sample.encrypted[31] ^= 1;
            assert!(failed(&sample.decrypt()));
            sample.encrypted[31] ^= 1;
            for length in 1..=16 {
                sample.encrypted.truncate(48 - length);
                assert!(failed(&sample.decrypt()) || length == 16);
            }
        }
    }

    #[test]
    fn additional_data_is_authenticated() {
        let aead = |cipher: &ContentCipher| cipher.is_aead();
        for cipher in ContentCipher::MAKEABLE.into_iter().filter(aead) {
            let sample = Sample::new(cipher, b"content", b"attributes");
            let with = |additional_data: &[u8]| {
                sample.decrypt_with(sample.decryptor(additional_data).unwrap())
            };
            assert_eq!(with(b"attributes").unwrap(), b"content");
            assert!(failed(&with(b"attributeS")));
            assert!(failed(&sample.decrypt()));
        }

        let cbc = Sample::new(ContentCipher::Aes256Cbc, b"content", &[]);
        let result = Decryptor::with_additional_data(&cbc.algorithm, &cbc.key, b"attributes");
        assert!(matches!(result, Err(Error::NotAuthenticated { .. })));
    }

    #[test]
    fn a_tag_has_the_length_that_the_parameters_say() {
        for said in 12..=16 {
            let content = b"content".as_slice();
            let mut sample =
                Sample::new(ContentCipher::Aes128Gcm, content, &[]).with_tag_length(said);
            let whole = sample.tag.take().unwrap();
            for length in 0..=16 {
                sample.tag = Some(whole[..length].to_vec());
                if length == usize::from(said) {
                    assert_eq!(sample.decrypt().unwrap(), content);
                    sample.tag.as_mut().unwrap()[length - 1] ^= 1;
                }
                assert!(failed(&sample.decrypt()), "{length} in place of {said}");
            }
            sample.tag = Some([whole.as_slice(), &[0]].concat());
            assert!(failed(&sample.decrypt()));
            sample.tag = None;
            assert!(failed(&sample.decrypt()), "no tag");
        }
    }

    #[test]
    fn a_tag_on_cbc_is_refused() {
        let mut sample = Sample::new(ContentCipher::Aes128Cbc, b"content", &[]);
        for tag in [vec![], vec![0; 16]] {
            sample.tag = Some(tag);
            assert!(failed(&sample.decrypt()));
        }
    }

    #[test]
    fn a_key_for_another_cipher_is_refused() {
        let sample = Sample::new(ContentCipher::Aes256Gcm, b"content", &[]);
        let key = ContentEncryptionKey::generate(ContentCipher::Aes256Cbc).unwrap();
        assert_eq!(
            Decryptor::new(&sample.algorithm, &key)
                .unwrap_err()
                .to_string(),
            "aes256-gcm cannot be used with a aes256-cbc key"
        );
        let key = ContentEncryptionKey::generate(ContentCipher::Aes256Gcm).unwrap();
        let decryptor = Decryptor::new(&sample.algorithm, &key).unwrap();
        assert_eq!(format!("{decryptor:?}"), "Decryptor(aes256-gcm, ****)");
        assert!(failed(&sample.decrypt_with(decryptor)));
    }
}
