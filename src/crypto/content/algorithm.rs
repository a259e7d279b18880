//! The contentEncryptionAlgorithm of a message.

use der::asn1::AnyRef;
use der::{Tag, Tagged};
use spki::AlgorithmIdentifierRef;

use super::{ContentCipher, ContentEncryptionKey, Mode, cbc};
use crate::asn1::reader::{self, Reader};
use crate::asn1::{oid, tag};
use crate::crypto::Error;

/// A contentEncryptionAlgorithm as a message names it: a cipher of ours, with parameters that it
/// can be run with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentEncryptionAlgorithm {
    cipher: ContentCipher,
    iv: Vec<u8>,
    tag_length: Option<usize>,
}

impl ContentEncryptionAlgorithm {
    /// The longest GCM nonce. RFC 5084 section 3.2 recommends 12 octets and sets no limit;
    /// OpenSSL takes 128.
    const MAXIMUM_NONCE: usize = 128;

    /// Reads a ContentEncryptionAlgorithmIdentifier.
    ///
    /// [`Error::UnsupportedAlgorithm`] names any other cipher, [`Error::MalformedParameters`] one
    /// of ours without an IV or nonce, or with one of a wrong length, or with a tag of fewer than
    /// 12 octets. Nothing is computed with parameters that are refused.
    pub fn from_algorithm_identifier(algorithm: AlgorithmIdentifierRef<'_>) -> Result<Self, Error> {
        let mut known = ContentCipher::MAKEABLE
            .into_iter()
            .chain(ContentCipher::LEGACY);
        let cipher = known
            .find(|cipher| cipher.oid() == algorithm.oid)
            .ok_or_else(|| Error::unsupported(&algorithm.oid))?;
        let malformed = || Error::malformed_parameters(&algorithm.oid);
        let parameters = algorithm.parameters.ok_or_else(malformed)?;
        if algorithm.oid == oid::RC_2_CBC {
            let (version, iv) = rc2_parameters(parameters).ok_or_else(malformed)?;
            return Ok(ContentEncryptionAlgorithm {
                cipher: rc2(version)?,
                iv: iv.to_vec(),
                tag_length: None,
            });
        }
        let (iv, tag_length) = match cipher.mode() {
            Mode::Cbc => octets(parameters, cipher.block_length()).map(|iv| (iv, None)),
            // RFC 8103 section 3: the nonce has 12 octets, the tag 16.
            Mode::ChaCha20Poly1305 => octets(parameters, Some(12)).map(|iv| (iv, Some(16))),
            Mode::Gcm => gcm_parameters(parameters).map(|(nonce, tag)| (nonce, Some(tag))),
            Mode::Ccm => ccm_parameters(parameters).map(|(nonce, tag)| (nonce, Some(tag))),
        }
        .ok_or_else(malformed)?;
        Ok(ContentEncryptionAlgorithm {
            cipher,
            iv: iv.to_vec(),
            tag_length,
        })
    }

    /// The cipher, which says how long the content-encryption key is.
    pub fn cipher(&self) -> ContentCipher {
        self.cipher
    }

    /// How many octets the `mac` of AuthEnvelopedData must have: 12 to 16, `None` for CBC, which
    /// does not authenticate.
    pub fn tag_length(&self) -> Option<usize> {
        self.tag_length
    }

    /// Whether a content that ends like this may have been encrypted with this key: whether the
    /// padding of a CBC content is right. It spares decrypting all of a long content with each of
    /// many keys. One wrong key in some 256 passes; where there is no padding, every one does.
    ///
    /// `end` has the last two blocks of encryptedContent, or more of its end, or all of it.
    pub fn padding_fits(&self, key: &ContentEncryptionKey, end: &[u8]) -> bool {
        let Some(block) = self.cipher.block_length() else {
            return true;
        };
        let Some((before, last)) = end.len().checked_sub(block).map(|at| end.split_at(at)) else {
            return false;
        };
        let iv = match before.len().checked_sub(block) {
            Some(at) => &before[at..],
            None if before.is_empty() => &self.iv,
            None => return false,
        };
        if key.cipher() != self.cipher {
            return false;
        }
        let mut decryption = cbc::decryption(self.cipher, key.expose(), iv);
        decryption.update(last, &mut Vec::new());
        decryption.finish().is_ok()
    }

    pub(super) fn iv(&self) -> &[u8] {
        &self.iv
    }
}

/// An OCTET STRING of this length: AES-IV (RFC 3565 section 4), the IV of CBCParameter (RFC 3370
/// section 5.1), AEADChaCha20Poly1305Nonce (RFC 8103 section 3).
fn octets(parameters: AnyRef<'_>, length: Option<usize>) -> Option<&[u8]> {
    let octets = parameters.value();
    (parameters.tag() == Tag::OctetString && Some(octets.len()) == length).then_some(octets)
}

/// RFC 5084 section 3.2: GCMParameters ::= SEQUENCE { aes-nonce OCTET STRING, aes-ICVlen
/// INTEGER (12 | 13 | 14 | 15 | 16) DEFAULT 12 }.
fn gcm_parameters(parameters: AnyRef<'_>) -> Option<(&[u8], usize)> {
    let (nonce, tag_length) = nonce_and_icv_length(parameters)?;
    ((1..=ContentEncryptionAlgorithm::MAXIMUM_NONCE).contains(&nonce.len())
        && (12..=16).contains(&tag_length))
    .then_some((nonce, tag_length))
}

/// RFC 5084 section 3.1: CCMParameters ::= SEQUENCE { aes-nonce OCTET STRING (SIZE(7..13)),
/// aes-ICVlen INTEGER (4 | 6 | 8 | 10 | 12 | 14 | 16) DEFAULT 12 }. A tag of fewer than 12 octets
/// is refused as with GCM: it could be guessed.
fn ccm_parameters(parameters: AnyRef<'_>) -> Option<(&[u8], usize)> {
    let (nonce, tag_length) = nonce_and_icv_length(parameters)?;
    ((7..=13).contains(&nonce.len()) && matches!(tag_length, 12 | 14 | 16))
        .then_some((nonce, tag_length))
}

fn nonce_and_icv_length(parameters: AnyRef<'_>) -> Option<(&[u8], usize)> {
    if parameters.tag() != Tag::Sequence {
        return None;
    }
    let (nonce, icv_length) = read_nonce_and_icv_length(parameters.value()).ok()?;
    match icv_length {
        None => Some((nonce, 12)),
        Some([length @ 0..=0x7f]) => Some((nonce, usize::from(*length))),
        Some(_) => None,
    }
}

fn read_nonce_and_icv_length(parameters: &[u8]) -> Result<(&[u8], Option<&[u8]>), reader::Error> {
    let mut reader = Reader::new(parameters);
    let nonce = reader.expect(tag::OCTET_STRING)?;
    let icv_length = reader.optional(tag::INTEGER)?;
    reader.finish()?;
    Ok((
        reader.value(&nonce),
        icv_length.map(|length| reader.value(&length)),
    ))
}

/// RFC 3370 section 5.2: RC2CBCParameter ::= SEQUENCE { rc2ParameterVersion INTEGER, iv OCTET
/// STRING (SIZE(8)) }.
fn rc2_parameters(parameters: AnyRef<'_>) -> Option<(&[u8], &[u8])> {
    if parameters.tag() != Tag::Sequence {
        return None;
    }
    let mut reader = Reader::new(parameters.value());
    let version = reader.expect(tag::INTEGER).ok()?;
    let iv = reader.expect(tag::OCTET_STRING).ok()?;
    reader.finish().ok()?;
    let (version, iv) = (reader.value(&version), reader.value(&iv));
    (iv.len() == 8).then_some((version, iv))
}

/// RFC 2268 section 6: numbers that stand for the effective key bits.
fn rc2(version: &[u8]) -> Result<ContentCipher, Error> {
    match version {
        [0, 160] => Ok(ContentCipher::Rc2Cbc40),
        [120] => Ok(ContentCipher::Rc2Cbc64),
        [58] => Ok(ContentCipher::Rc2Cbc128),
        _ => Err(Error::UnsupportedAlgorithm {
            algorithm: "RC2 with other than 40, 64 or 128 effective key bits".into(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::tlv;
    use crate::crypto::Encryptor;
    use crate::crypto::testing::{hex, random};
    use der::Decode;
    use der::referenced::OwnedToRef;

    fn read(
        cipher: ContentCipher,
        parameters: Option<&[u8]>,
    ) -> Result<ContentEncryptionAlgorithm, Error> {
        ContentEncryptionAlgorithm::from_algorithm_identifier(AlgorithmIdentifierRef {
            oid: cipher.oid(),
            parameters: parameters.map(|parameters| AnyRef::from_der(parameters).unwrap()),
        })
    }

    #[test]
    fn what_the_encryptor_writes_is_read() {
        for cipher in ContentCipher::MAKEABLE {
            let (encryptor, _) = Encryptor::with_length(cipher, &[], 1 << 30).unwrap();
            let identifier = encryptor.algorithm_identifier();
            let algorithm =
                ContentEncryptionAlgorithm::from_algorithm_identifier(identifier.owned_to_ref())
                    .unwrap();
            assert_eq!(algorithm.cipher(), cipher);
            assert_eq!(algorithm.tag_length(), cipher.is_aead().then_some(16));
        }
    }

    #[test]
    fn an_iv_or_nonce_has_one_length() {
        for (cipher, right) in [
            (ContentCipher::Aes128Cbc, 16),
            (ContentCipher::Aes192Cbc, 16),
            (ContentCipher::Aes256Cbc, 16),
            (ContentCipher::DesEde3Cbc, 8),
            (ContentCipher::ChaCha20Poly1305, 12),
        ] {
            for length in [0, 1, 7, 8, 9, 11, 12, 13, 15, 16, 17, 32, 1 << 20] {
                let iv = tlv::element(tag::OCTET_STRING, &vec![7; length]);
                assert_eq!(read(cipher, Some(&iv)).is_ok(), length == right, "{length}");
            }
            let sequence = tlv::sequence(&[&tlv::element(tag::OCTET_STRING, &[7; 16])]);
            let integer = tlv::element(tag::INTEGER, &[7; 16]);
            for parameters in [
                None,
                Some(&hex("0500")[..]),
                Some(&sequence),
                Some(&integer),
            ] {
                let error = read(cipher, parameters).unwrap_err();
                assert_eq!(
                    error.to_string(),
                    format!(
                        "the parameters of {} are missing or malformed",
                        oid::name(&cipher.oid())
                    )
                );
            }
        }
    }

    #[test]
    fn gcm_has_a_nonce_and_a_tag_of_12_to_16_octets() {
        for cipher in &ContentCipher::MAKEABLE[3..6] {
            let cipher = *cipher;
            for length in [0, 1, 8, 12, 16, 128, 129, 1 << 20] {
                let nonce = tlv::element(tag::OCTET_STRING, &vec![7; length]);
                let result = read(cipher, Some(&tlv::sequence(&[&nonce])));
                match result {
                    Ok(algorithm) => assert_eq!(algorithm.tag_length(), Some(12)),
                    Err(_) => assert!([0, 129, 1 << 20].contains(&length)),
                }
            }
            let nonce = tlv::element(tag::OCTET_STRING, &[7; 12]);
            for length in 0..=u8::MAX {
                let icv_length = tlv::element(tag::INTEGER, &[length]);
                let result = read(cipher, Some(&tlv::sequence(&[&nonce, &icv_length])));
                match result {
                    Ok(algorithm) => assert_eq!(algorithm.tag_length(), Some(length.into())),
                    Err(_) => assert!(!(12..=16).contains(&length)),
                }
            }
            let refused = [
                None,
                Some("0500"),
                Some("3000"),
                Some("040c070707070707070707070707"),
                Some("3003020110"),
                Some("3006020110040107"),
                Some("300704010702020010"),
                Some("30050401070200"),
                Some("30080401070201100500"),
            ];
            for parameters in refused {
                let parameters = parameters.map(hex);
                let error = read(cipher, parameters.as_deref()).unwrap_err();
                assert!(matches!(error, Error::MalformedParameters { .. }));
            }
        }
    }

    #[test]
    fn ccm_has_a_nonce_of_7_to_13_octets_and_a_tag_of_12_14_or_16() {
        for cipher in &ContentCipher::MAKEABLE[6..9] {
            for length in [0, 1, 6, 7, 12, 13, 14, 16, 1 << 20] {
                let nonce = tlv::element(tag::OCTET_STRING, &vec![7; length]);
                match read(*cipher, Some(&tlv::sequence(&[&nonce]))) {
                    Ok(algorithm) => assert_eq!(algorithm.tag_length(), Some(12)),
                    Err(_) => assert!(!(7..=13).contains(&length)),
                }
            }
            let nonce = tlv::element(tag::OCTET_STRING, &[7; 12]);
            for length in 0..=u8::MAX {
                let icv_length = tlv::element(tag::INTEGER, &[length]);
                match read(*cipher, Some(&tlv::sequence(&[&nonce, &icv_length]))) {
                    Ok(algorithm) => assert_eq!(algorithm.tag_length(), Some(length.into())),
                    Err(_) => assert!(![12, 14, 16].contains(&length)),
                }
            }
        }
    }

    #[test]
    fn rc2_tells_the_effective_bits() {
        let read = |parameters: &str| read(ContentCipher::Rc2Cbc128, Some(&hex(parameters)));
        for (parameters, cipher) in [
            ("300e020200a004080102030405060708", ContentCipher::Rc2Cbc40),
            ("300d02017804080102030405060708", ContentCipher::Rc2Cbc64),
            ("300d02013a04080102030405060708", ContentCipher::Rc2Cbc128),
        ] {
            let algorithm = read(parameters).unwrap();
            assert_eq!(algorithm.cipher(), cipher);
            assert_eq!(algorithm.iv(), [1, 2, 3, 4, 5, 6, 7, 8]);
        }
        for parameters in [
            "300d02013904080102030405060708",
            "300e0202010004080102030405060708",
        ] {
            assert!(matches!(
                read(parameters),
                Err(Error::UnsupportedAlgorithm { .. })
            ));
        }
        for parameters in [
            "300c02013a040701020304050607",
            "04080102030405060708",
            "0500",
        ] {
            assert!(matches!(
                read(parameters),
                Err(Error::MalformedParameters { .. })
            ));
        }
    }

    #[test]
    fn the_padding_tells_most_wrong_keys() {
        for length in [0, 5, 16, 17, 100] {
            let (mut encryptor, key) = Encryptor::new(ContentCipher::Aes256Cbc).unwrap();
            let identifier = encryptor.algorithm_identifier();
            let algorithm =
                ContentEncryptionAlgorithm::from_algorithm_identifier(identifier.owned_to_ref())
                    .unwrap();
            let mut encrypted = Vec::new();
            encryptor.update(&random(length), &mut encrypted).unwrap();
            encrypted.extend(encryptor.finish().last);
            let end = &encrypted[encrypted.len().saturating_sub(32)..];
            assert!(algorithm.padding_fits(&key, &encrypted));
            assert!(algorithm.padding_fits(&key, end));
            let wrong = (0..200).filter(|_| {
                let (_, other) = Encryptor::new(ContentCipher::Aes256Cbc).unwrap();
                algorithm.padding_fits(&other, end)
            });
            assert!(wrong.count() < 20, "about one in 256 is expected");
            assert!(!algorithm.padding_fits(&key, &end[..15]));
            assert!(length < 16 || !algorithm.padding_fits(&key, &end[1..]));
            let (_, gcm) = Encryptor::new(ContentCipher::Aes256Gcm).unwrap();
            assert!(!algorithm.padding_fits(&gcm, end));
        }
    }

    #[test]
    fn another_cipher_is_named() {
        for (dotted, name) in [
            ("1.3.14.3.2.7", "desCBC"),
            ("1.2.840.113549.3.4", "rc4"),
            ("1.2.3.4", "1.2.3.4"),
        ] {
            let algorithm = AlgorithmIdentifierRef {
                oid: dotted.parse().unwrap(),
                parameters: None,
            };
            let error = ContentEncryptionAlgorithm::from_algorithm_identifier(algorithm);
            let error = error.unwrap_err().to_string();
            assert_eq!(error, format!("{name} is not supported"));
        }
    }
}
