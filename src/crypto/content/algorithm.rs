//! The contentEncryptionAlgorithm of a message.

use der::asn1::AnyRef;
use der::{Tag, Tagged};
use spki::AlgorithmIdentifierRef;

use super::ContentCipher;
use crate::asn1::reader::{self, Reader};
use crate::asn1::tag;
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
    /// 12 octets.
    pub fn from_algorithm_identifier(algorithm: AlgorithmIdentifierRef<'_>) -> Result<Self, Error> {
        let cipher = ContentCipher::ALL
            .into_iter()
            .find(|cipher| cipher.oid() == algorithm.oid)
            .ok_or_else(|| Error::unsupported(&algorithm.oid))?;
        let (iv, tag_length) = algorithm
            .parameters
            .and_then(|parameters| {
                if cipher.is_aead() {
                    gcm_parameters(parameters).map(|(nonce, length)| (nonce, Some(length)))
                } else {
                    aes_iv(parameters).map(|iv| (iv, None))
                }
            })
            .ok_or_else(|| Error::malformed_parameters(&algorithm.oid))?;
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

    pub(super) fn iv(&self) -> &[u8] {
        &self.iv
    }
}

/// RFC 3565 section 4: AES-IV ::= OCTET STRING (SIZE(16)).
fn aes_iv(parameters: AnyRef<'_>) -> Option<&[u8]> {
    let iv = parameters.value();
    (parameters.tag() == Tag::OctetString && iv.len() == 16).then_some(iv)
}

/// RFC 5084 section 3.2: GCMParameters ::= SEQUENCE { aes-nonce OCTET STRING, aes-ICVlen
/// INTEGER (12 | 13 | 14 | 15 | 16) DEFAULT 12 }.
fn gcm_parameters(parameters: AnyRef<'_>) -> Option<(&[u8], usize)> {
    if parameters.tag() != Tag::Sequence {
        return None;
    }
    let (nonce, icv_length) = read_gcm_parameters(parameters.value()).ok()?;
    let icv_length = match icv_length {
        None => 12,
        Some([length @ 12..=16]) => usize::from(*length),
        Some(_) => return None,
    };
    (1..=ContentEncryptionAlgorithm::MAXIMUM_NONCE)
        .contains(&nonce.len())
        .then_some((nonce, icv_length))
}

fn read_gcm_parameters(parameters: &[u8]) -> Result<(&[u8], Option<&[u8]>), reader::Error> {
    let mut reader = Reader::new(parameters);
    let nonce = reader.expect(tag::OCTET_STRING)?;
    let icv_length = reader.optional(tag::INTEGER)?;
    reader.finish()?;
    Ok((
        reader.value(&nonce),
        icv_length.map(|length| reader.value(&length)),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::{oid, tlv};
    use crate::crypto::Encryptor;
    use crate::crypto::testing::hex;
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
        for cipher in ContentCipher::ALL {
            let (encryptor, _) = Encryptor::new(cipher).unwrap();
            let identifier = encryptor.algorithm_identifier();
            let algorithm =
                ContentEncryptionAlgorithm::from_algorithm_identifier(identifier.owned_to_ref())
                    .unwrap();
            assert_eq!(algorithm.cipher(), cipher);
            assert_eq!(algorithm.tag_length(), cipher.is_aead().then_some(16));
        }
    }

    #[test]
    fn cbc_has_an_iv_of_one_block() {
        for cipher in [ContentCipher::Aes128Cbc, ContentCipher::Aes256Cbc] {
            for length in [0, 1, 8, 12, 15, 16, 17, 32, 1 << 20] {
                let iv = tlv::element(tag::OCTET_STRING, &vec![7; length]);
                assert_eq!(read(cipher, Some(&iv)).is_ok(), length == 16, "{length}");
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
        for cipher in [ContentCipher::Aes128Gcm, ContentCipher::Aes256Gcm] {
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
    fn another_cipher_is_named() {
        for (dotted, name) in [
            ("2.16.840.1.101.3.4.1.22", "id-aes192-CBC"),
            ("1.2.840.113549.3.7", "des-ede3-cbc"),
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
