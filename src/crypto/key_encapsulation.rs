//! Key encapsulation (RFC 9629, RFC 9936): ML-KEM gives sender and recipient a shared secret, HKDF
//! makes of it the key that wraps the content-encryption key. [`EncapsulatedKey`] is what we send,
//! [`KeyEncapsulationAlgorithm`] what we receive.
//!
//! ```no_run
//! use mailseal::crypto::{ContentCipher, EncapsulatedKey, Encryptor, PublicKey};
//!
//! # fn example(recipient: &PublicKey) -> Result<(), mailseal::crypto::Error> {
//! let (_encryptor, content_encryption_key) = Encryptor::new(ContentCipher::Aes256Cbc)?;
//! let encapsulated = EncapsulatedKey::generate(recipient, ContentCipher::Aes256Cbc)?;
//! let encrypted_key = encapsulated.key_encryption_key.wrap(&content_encryption_key)?;
//! # Ok(())
//! # }
//! ```
//!
//! # Not supported
//! RSA-KEM (RFC 9690) and the composites of ML-KEM with another mechanism; KDF2 and KDF3. User
//! keying material is received but not sent.

use der::asn1::OctetString;
use der::referenced::RefToOwned;
use der::{Encode, Sequence};
use sha2::{Sha256, Sha384, Sha512};
use spki::{AlgorithmIdentifierOwned, AlgorithmIdentifierRef};

use super::key_derivation::hkdf;
use super::{ContentCipher, Error, KeyEncryptionKey, KeyWrap, MlKemParameterSet};
use super::{PrivateKey, PublicKey};
use crate::asn1::oid::{self, ObjectIdentifier};

/// What encapsulating to one recipient gave the sender.
#[derive(Debug)]
pub struct EncapsulatedKey {
    /// The `kem`: the parameter set of ML-KEM, without parameters (RFC 9936 section 2.2).
    pub mechanism: AlgorithmIdentifierOwned,
    /// The `kemct`.
    pub ciphertext: Vec<u8>,
    /// The `kdf`: HKDF with SHA-256, without parameters (RFC 8619 section 3).
    pub key_derivation: AlgorithmIdentifierOwned,
    /// Wraps the content-encryption key for this recipient; its algorithm is the `wrap`, its
    /// length the `kekLength`.
    pub key_encryption_key: KeyEncryptionKey,
}

impl EncapsulatedKey {
    /// Encapsulates to one recipient, with fresh randomness each time.
    ///
    /// [`Error::KeyMismatch`] for a key that is not ML-KEM.
    pub fn generate(recipient: &PublicKey, cipher: ContentCipher) -> Result<Self, Error> {
        let PublicKey::MlKem(recipient) = recipient else {
            return Err(Error::KeyMismatch {
                algorithm: "ML-KEM",
                key: recipient.kind(),
            });
        };
        let set = recipient.parameter_set();
        // RFC 9936 section 2.2.2: AES-128 wraps with ML-KEM-512, AES-256 with the others; and
        // nothing is wrapped with a shorter key than itself.
        let wrap = match (set, cipher.key_wrap()) {
            (MlKemParameterSet::MlKem512, wrap) => wrap,
            _ => KeyWrap::Aes256,
        };
        let (ciphertext, secret) = recipient.encapsulate()?;
        let derivation = KeyDerivationFunction::HkdfSha256;
        let information = OtherInfo {
            wrap: wrap.algorithm_identifier(),
            kek_length: u16::try_from(wrap.key_length()).expect("16 to 32"),
            ukm: None,
        };
        Ok(EncapsulatedKey {
            mechanism: bare(set.oid()),
            ciphertext,
            key_derivation: bare(derivation.oid()),
            key_encryption_key: derivation.derive(&secret, wrap, &information)?,
        })
    }
}

/// The algorithms of a KEMRecipientInfo as a message names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyEncapsulationAlgorithm {
    mechanism: ObjectIdentifier,
    derivation: KeyDerivationFunction,
    wrap: KeyWrap,
    /// The `wrap` as the sender wrote it: the key is derived from its encoding.
    wrap_algorithm: AlgorithmIdentifierOwned,
}

impl KeyEncapsulationAlgorithm {
    /// Reads `kem`, `kdf`, `kekLength` and `wrap`.
    ///
    /// [`Error::UnsupportedAlgorithm`] names another mechanism, derivation or key wrap,
    /// [`Error::MalformedParameters`] says that one has parameters which it must not have,
    /// [`Error::KeyLength`] that `kekLength` is not the key length of the wrap (RFC 9629 section
    /// 3).
    pub fn from_algorithm_identifiers(
        mechanism: AlgorithmIdentifierRef<'_>,
        derivation: AlgorithmIdentifierRef<'_>,
        kek_length: u16,
        wrap: AlgorithmIdentifierRef<'_>,
    ) -> Result<Self, Error> {
        if !MlKemParameterSet::ALL
            .iter()
            .any(|set| set.oid() == mechanism.oid)
        {
            return Err(Error::unsupported(&mechanism.oid));
        }
        let known = KeyDerivationFunction::ALL.into_iter();
        let derivation_function = known
            .clone()
            .find(|function| function.oid() == derivation.oid)
            .ok_or_else(|| Error::unsupported(&derivation.oid))?;
        for algorithm in [mechanism, derivation] {
            if algorithm.parameters.is_some() {
                return Err(Error::malformed_parameters(&algorithm.oid));
            }
        }
        let key_wrap = KeyWrap::from_algorithm_identifier(wrap)?;
        if usize::from(kek_length) != key_wrap.key_length() {
            return Err(Error::KeyLength {
                algorithm: key_wrap.name(),
                octets: kek_length.into(),
            });
        }
        Ok(KeyEncapsulationAlgorithm {
            mechanism: mechanism.oid,
            derivation: derivation_function,
            wrap: key_wrap,
            wrap_algorithm: wrap.ref_to_owned(),
        })
    }

    /// The key wrap of the EncryptedKey.
    pub fn key_wrap(&self) -> KeyWrap {
        self.wrap
    }

    /// The key that unwraps the EncryptedKey for this recipient.
    ///
    /// [`Error::KeyMismatch`] for a key that is not ML-KEM with this parameter set,
    /// [`Error::DecryptionFailed`] for a ciphertext of another length. With the ciphertext of
    /// another recipient the decapsulation works, and the unwrapping does not.
    pub fn decapsulate(
        &self,
        recipient: &PrivateKey,
        ciphertext: &[u8],
        user_keying_material: Option<&[u8]>,
    ) -> Result<KeyEncryptionKey, Error> {
        match recipient.public_key() {
            PublicKey::MlKem(key) if key.parameter_set().oid() == self.mechanism => {}
            other => {
                return Err(Error::KeyMismatch {
                    algorithm: "this parameter set of ML-KEM",
                    key: other.kind(),
                });
            }
        }
        let secret = recipient.decapsulate(ciphertext)?;
        let information = OtherInfo {
            wrap: self.wrap_algorithm.clone(),
            kek_length: u16::try_from(self.wrap.key_length()).expect("16 to 32"),
            ukm: user_keying_material
                .map(OctetString::new)
                .transpose()
                .map_err(|_| Error::malformed_parameters(&self.mechanism))?,
        };
        self.derivation.derive(&secret, self.wrap, &information)
    }
}

/// HKDF with these digests (RFC 8619).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyDerivationFunction {
    HkdfSha256,
    HkdfSha384,
    HkdfSha512,
}

impl KeyDerivationFunction {
    const ALL: [KeyDerivationFunction; 3] = [
        KeyDerivationFunction::HkdfSha256,
        KeyDerivationFunction::HkdfSha384,
        KeyDerivationFunction::HkdfSha512,
    ];

    fn oid(self) -> ObjectIdentifier {
        match self {
            KeyDerivationFunction::HkdfSha256 => oid::ID_ALG_HKDF_WITH_SHA_256,
            KeyDerivationFunction::HkdfSha384 => oid::ID_ALG_HKDF_WITH_SHA_384,
            KeyDerivationFunction::HkdfSha512 => oid::ID_ALG_HKDF_WITH_SHA_512,
        }
    }

    /// RFC 9629 section 5: HKDF without salt, the information CMSORIforKEMOtherInfo.
    fn derive(
        self,
        secret: &[u8],
        wrap: KeyWrap,
        information: &OtherInfo,
    ) -> Result<KeyEncryptionKey, Error> {
        // Only user keying material beyond the limits of der cannot be encoded.
        let information = information
            .to_der()
            .map_err(|_| Error::malformed_parameters(&self.oid()))?;
        let derive = match self {
            KeyDerivationFunction::HkdfSha256 => hkdf::<Sha256>,
            KeyDerivationFunction::HkdfSha384 => hkdf::<Sha384>,
            KeyDerivationFunction::HkdfSha512 => hkdf::<Sha512>,
        };
        let key = derive(None, secret, &information, wrap.key_length());
        Ok(KeyEncryptionKey::new(wrap, key))
    }
}

/// CMSORIforKEMOtherInfo (RFC 9629 section 5), which binds the derived key to its use.
#[derive(Sequence)]
struct OtherInfo {
    wrap: AlgorithmIdentifierOwned,
    kek_length: u16,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    ukm: Option<OctetString>,
}

fn bare(oid: ObjectIdentifier) -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned {
        oid,
        parameters: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::ContentEncryptionKey;
    use crate::crypto::testing::{hex, ml_kem_key};
    use der::asn1::AnyRef;
    use der::referenced::OwnedToRef;

    const SETS: [MlKemParameterSet; 3] = MlKemParameterSet::ALL;

    fn received(sent: &EncapsulatedKey) -> KeyEncapsulationAlgorithm {
        let wrap = sent.key_encryption_key.algorithm();
        KeyEncapsulationAlgorithm::from_algorithm_identifiers(
            sent.mechanism.owned_to_ref(),
            sent.key_derivation.owned_to_ref(),
            u16::try_from(wrap.key_length()).unwrap(),
            wrap.algorithm_identifier().owned_to_ref(),
        )
        .unwrap()
    }

    #[test]
    fn what_we_encapsulate_comes_back() {
        for set in SETS {
            let (recipient, other) = (ml_kem_key(set, 1), ml_kem_key(set, 2));
            for cipher in ContentCipher::MAKEABLE {
                let key = ContentEncryptionKey::generate(cipher).unwrap();
                let sent = EncapsulatedKey::generate(recipient.public_key(), cipher).unwrap();
                let wrapped = sent.key_encryption_key.wrap(&key).unwrap();
                let algorithm = received(&sent);
                let unwrap = |recipient: &PrivateKey, ciphertext: &[u8], material| {
                    algorithm
                        .decapsulate(recipient, ciphertext, material)
                        .and_then(|key| key.unwrap(&wrapped, cipher))
                };
                let unwrapped = unwrap(&recipient, &sent.ciphertext, None).unwrap();
                assert_eq!(unwrapped.expose(), key.expose());

                let failed = |result: Result<_, Error>| {
                    assert!(matches!(result, Err(Error::DecryptionFailed)));
                };
                let mut changed = sent.ciphertext.clone();
                changed[7] ^= 1;
                failed(unwrap(&other, &sent.ciphertext, None));
                failed(unwrap(&recipient, &changed, None));
                failed(unwrap(&recipient, &changed[1..], None));
                failed(unwrap(&recipient, &[], None));
                failed(unwrap(&recipient, &sent.ciphertext, Some(b"material")));
            }
        }
    }

    // RFC 9936 section 2.2.2.
    #[test]
    fn the_wrap_is_as_strong_as_the_parameter_set_and_the_cipher() {
        for (set, cipher, wrap) in [
            (SETS[0], ContentCipher::Aes128Cbc, KeyWrap::Aes128),
            (SETS[0], ContentCipher::Aes256Cbc, KeyWrap::Aes256),
            (SETS[1], ContentCipher::Aes128Gcm, KeyWrap::Aes256),
            (SETS[2], ContentCipher::Aes256Gcm, KeyWrap::Aes256),
        ] {
            let sent = EncapsulatedKey::generate(ml_kem_key(set, 1).public_key(), cipher);
            assert_eq!(sent.unwrap().key_encryption_key.algorithm(), wrap);
        }
    }

    #[test]
    fn a_key_of_another_kind_or_set_is_refused() {
        let rsa = crate::crypto::testing::private_key("rsa2048");
        let cipher = ContentCipher::Aes256Gcm;
        let result = EncapsulatedKey::generate(rsa.public_key(), cipher);
        assert!(matches!(result, Err(Error::KeyMismatch { key: "RSA", .. })));
        let sent = EncapsulatedKey::generate(ml_kem_key(SETS[0], 1).public_key(), cipher).unwrap();
        for key in [rsa, ml_kem_key(SETS[1], 1)] {
            let result = received(&sent).decapsulate(&key, &sent.ciphertext, None);
            assert!(matches!(result, Err(Error::KeyMismatch { .. })));
        }
    }

    #[test]
    fn algorithms_are_taken_as_they_must_be() {
        let sent = EncapsulatedKey::generate(
            ml_kem_key(SETS[1], 1).public_key(),
            ContentCipher::Aes256Cbc,
        )
        .unwrap();
        let (kem, kdf) = (
            sent.mechanism.owned_to_ref(),
            sent.key_derivation.owned_to_ref(),
        );
        let wrap = KeyWrap::Aes256.algorithm_identifier();
        let wrap = wrap.owned_to_ref();
        let read = KeyEncapsulationAlgorithm::from_algorithm_identifiers;
        let null = |algorithm: AlgorithmIdentifierRef<'static>| AlgorithmIdentifierRef {
            parameters: Some(AnyRef::NULL),
            ..algorithm
        };
        let bare = |oid| AlgorithmIdentifierRef {
            oid,
            parameters: None,
        };
        read(kem, kdf, 32, wrap).unwrap();
        for length in [0, 16, 31, 33, u16::MAX] {
            assert!(matches!(
                read(kem, kdf, length, wrap),
                Err(Error::KeyLength { .. })
            ));
        }
        for result in [
            read(null(bare(kem.oid)), kdf, 32, wrap),
            read(kem, null(bare(kdf.oid)), 32, wrap),
        ] {
            assert!(matches!(result, Err(Error::MalformedParameters { .. })));
        }
        for result in [
            read(bare(oid::RSA_ENCRYPTION), kdf, 32, wrap),
            read(kem, bare(oid::ID_PBKDF_2), 32, wrap),
            read(kem, kdf, 32, bare(oid::ID_AES_256_CBC)),
        ] {
            assert!(matches!(result, Err(Error::UnsupportedAlgorithm { .. })));
        }
    }

    #[test]
    fn other_info_binds_algorithm_and_length() {
        let mut information = OtherInfo {
            wrap: KeyWrap::Aes256.algorithm_identifier(),
            kek_length: 32,
            ukm: None,
        };
        assert_eq!(
            information.to_der().unwrap(),
            hex("3010300b060960864801650304012d020120")
        );
        information.ukm = Some(OctetString::new(*b"ukm").unwrap());
        assert_eq!(
            information.to_der().unwrap(),
            hex("3017300b060960864801650304012d020120a0050403756b6d")
        );
    }
}
