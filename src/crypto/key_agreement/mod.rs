//! Ephemeral-static key agreement (RFC 5753 section 3.1, RFC 8418): a fresh key of ours and the
//! recipient's make a shared secret, and a key derivation function makes of it the key that wraps
//! the content-encryption key. [`KeyAgreement`] is what we send,
//! [`KeyAgreementAlgorithm`] what we receive.
//!
//! ```no_run
//! use mailseal::crypto::{ContentCipher, Encryptor, KeyAgreement, PublicKey};
//!
//! # fn example(recipient: &PublicKey) -> Result<(), mailseal::crypto::Error> {
//! let (_encryptor, content_encryption_key) = Encryptor::new(ContentCipher::Aes256Cbc)?;
//! let agreement = KeyAgreement::for_key(recipient)?;
//! let agreed = agreement.agree(recipient, ContentCipher::Aes256Cbc.key_wrap())?;
//! let encrypted_key = agreed.key_encryption_key.wrap(&content_encryption_key)?;
//! # Ok(())
//! # }
//! ```
//!
//! # Not supported
//! X448; the cofactor and MQV schemes. User keying material is received but not sent.

mod algorithm;

use der::asn1::OctetString;
use der::{Any, Encode, Sequence};
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use spki::AlgorithmIdentifierOwned;

pub use self::algorithm::{KeyAgreementAlgorithm, OriginatorPublicKey};
use super::key_derivation::{hkdf, x963};
use super::key_wrap::KeyEncryptionKey;
use super::{Curve, Error, KeyWrap, PublicKey};
use crate::asn1::oid::{self, ObjectIdentifier};

/// A key agreement scheme: Diffie-Hellman with an ephemeral key of the sender's, and how a key is
/// derived from the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyAgreement {
    /// dhSinglePass-stdDH-sha1kdf-scheme (RFC 5753 section 7.1.4). No weakness of SHA-1 matters
    /// here; OpenSSL has it for its default.
    DhSinglePassStdDhSha1Kdf,
    /// dhSinglePass-stdDH-sha224kdf-scheme.
    DhSinglePassStdDhSha224Kdf,
    /// dhSinglePass-stdDH-sha256kdf-scheme.
    DhSinglePassStdDhSha256Kdf,
    /// dhSinglePass-stdDH-sha384kdf-scheme.
    DhSinglePassStdDhSha384Kdf,
    /// dhSinglePass-stdDH-sha512kdf-scheme.
    DhSinglePassStdDhSha512Kdf,
    /// dhSinglePass-stdDH-hkdf-sha256-scheme (RFC 8418 section 2.2).
    DhSinglePassStdDhHkdfSha256,
    /// dhSinglePass-stdDH-hkdf-sha384-scheme.
    DhSinglePassStdDhHkdfSha384,
    /// dhSinglePass-stdDH-hkdf-sha512-scheme.
    DhSinglePassStdDhHkdfSha512,
}

/// What a key agreement gave the sender: one recipient's originatorKey and wrapping key.
#[derive(Debug)]
pub struct AgreedKey {
    /// The algorithm of OriginatorPublicKey: that of the ephemeral key.
    pub originator_algorithm: AlgorithmIdentifierOwned,
    /// The publicKey of OriginatorPublicKey: our ephemeral key, an uncompressed point or the 32
    /// octets of X25519.
    pub originator_public_key: Vec<u8>,
    /// Wraps the content-encryption key for this recipient.
    pub key_encryption_key: KeyEncryptionKey,
}

impl KeyAgreement {
    const ALL: [KeyAgreement; 8] = [
        KeyAgreement::DhSinglePassStdDhSha1Kdf,
        KeyAgreement::DhSinglePassStdDhSha224Kdf,
        KeyAgreement::DhSinglePassStdDhSha256Kdf,
        KeyAgreement::DhSinglePassStdDhSha384Kdf,
        KeyAgreement::DhSinglePassStdDhSha512Kdf,
        KeyAgreement::DhSinglePassStdDhHkdfSha256,
        KeyAgreement::DhSinglePassStdDhHkdfSha384,
        KeyAgreement::DhSinglePassStdDhHkdfSha512,
    ];

    /// The scheme for a recipient's key: X25519 goes with HKDF and SHA-256 (RFC 8551 section
    /// 2.3: MUST), a curve with the digest that RFC 5753 section 8 pairs it with, for P-256
    /// SHA-256 (MUST).
    ///
    /// [`Error::KeyMismatch`] for a key that agrees on nothing.
    pub fn for_key(recipient: &PublicKey) -> Result<Self, Error> {
        match recipient {
            PublicKey::X25519(_) => Ok(KeyAgreement::DhSinglePassStdDhHkdfSha256),
            PublicKey::Ec(key) => Ok(match key.curve() {
                Curve::P256 => KeyAgreement::DhSinglePassStdDhSha256Kdf,
                Curve::P384 => KeyAgreement::DhSinglePassStdDhSha384Kdf,
                Curve::P521 => KeyAgreement::DhSinglePassStdDhSha512Kdf,
            }),
            other => Err(mismatch(other)),
        }
    }

    /// The object identifier.
    pub fn oid(self) -> ObjectIdentifier {
        match self {
            KeyAgreement::DhSinglePassStdDhSha1Kdf => oid::DH_SINGLE_PASS_STD_DH_SHA_1_KDF_SCHEME,
            KeyAgreement::DhSinglePassStdDhSha224Kdf => {
                oid::DH_SINGLE_PASS_STD_DH_SHA_224_KDF_SCHEME
            }
            KeyAgreement::DhSinglePassStdDhSha256Kdf => {
                oid::DH_SINGLE_PASS_STD_DH_SHA_256_KDF_SCHEME
            }
            KeyAgreement::DhSinglePassStdDhSha384Kdf => {
                oid::DH_SINGLE_PASS_STD_DH_SHA_384_KDF_SCHEME
            }
            KeyAgreement::DhSinglePassStdDhSha512Kdf => {
                oid::DH_SINGLE_PASS_STD_DH_SHA_512_KDF_SCHEME
            }
            KeyAgreement::DhSinglePassStdDhHkdfSha256 => {
                oid::DH_SINGLE_PASS_STD_DH_HKDF_SHA_256_SCHEME
            }
            KeyAgreement::DhSinglePassStdDhHkdfSha384 => {
                oid::DH_SINGLE_PASS_STD_DH_HKDF_SHA_384_SCHEME
            }
            KeyAgreement::DhSinglePassStdDhHkdfSha512 => {
                oid::DH_SINGLE_PASS_STD_DH_HKDF_SHA_512_SCHEME
            }
        }
    }

    /// The keyEncryptionAlgorithm of KeyAgreeRecipientInfo: its parameters are the
    /// KeyWrapAlgorithm (RFC 5753 section 7.1.4).
    pub fn algorithm_identifier(self, wrap: KeyWrap) -> AlgorithmIdentifierOwned {
        let wrap = Any::encode_from(&wrap.algorithm_identifier());
        AlgorithmIdentifierOwned {
            oid: self.oid(),
            parameters: Some(wrap.expect("an object identifier in a SEQUENCE")),
        }
    }

    /// Agrees with one recipient, on a fresh ephemeral key each time.
    ///
    /// [`Error::KeyMismatch`] for a key that is neither of an elliptic curve nor X25519,
    /// [`Error::PointNotOnCurve`] for an X25519 key that anyone agrees with on zeros.
    pub fn agree(self, recipient: &PublicKey, wrap: KeyWrap) -> Result<AgreedKey, Error> {
        let (algorithm, originator_public_key, shared) = match recipient {
            PublicKey::Ec(recipient) => {
                let (ephemeral, shared) = recipient.ephemeral_diffie_hellman()?;
                (oid::ID_EC_PUBLIC_KEY, ephemeral.to_point(), shared)
            }
            PublicKey::X25519(recipient) => {
                let (ephemeral, shared) = recipient.ephemeral_diffie_hellman()?;
                (oid::ID_X_25519, ephemeral.as_octets().to_vec(), shared)
            }
            other => return Err(mismatch(other)),
        };
        let information = SharedInfo::new(wrap, wrap.algorithm_identifier(), None);
        Ok(AgreedKey {
            // RFC 5753 section 3.1.1: id-ecPublicKey, whose parameters may be absent because the
            // curve is the recipient's. RFC 8418 section 2.1: id-X25519, whose parameters MUST be.
            originator_algorithm: AlgorithmIdentifierOwned {
                oid: algorithm,
                parameters: None,
            },
            originator_public_key,
            key_encryption_key: self.derive(&shared, wrap, &information)?,
        })
    }

    /// The key that wraps, from the secret that both sides have.
    fn derive(
        self,
        shared: &[u8],
        wrap: KeyWrap,
        information: &SharedInfo,
    ) -> Result<KeyEncryptionKey, Error> {
        // Only user keying material beyond the limits of der cannot be encoded.
        let encoded = information
            .to_der()
            .map_err(|_| Error::malformed_parameters(&self.oid()))?;
        // RFC 8418 section 2.2: the salt of HKDF is the user keying material, if there is any.
        let salt = information
            .entity_u_info
            .as_ref()
            .map(OctetString::as_bytes);
        let length = wrap.key_length();
        let key = match self {
            KeyAgreement::DhSinglePassStdDhSha1Kdf => x963::<Sha1>(shared, &encoded, length),
            KeyAgreement::DhSinglePassStdDhSha224Kdf => x963::<Sha224>(shared, &encoded, length),
            KeyAgreement::DhSinglePassStdDhSha256Kdf => x963::<Sha256>(shared, &encoded, length),
            KeyAgreement::DhSinglePassStdDhSha384Kdf => x963::<Sha384>(shared, &encoded, length),
            KeyAgreement::DhSinglePassStdDhSha512Kdf => x963::<Sha512>(shared, &encoded, length),
            KeyAgreement::DhSinglePassStdDhHkdfSha256 => {
                hkdf::<Sha256>(salt, shared, &encoded, length)
            }
            KeyAgreement::DhSinglePassStdDhHkdfSha384 => {
                hkdf::<Sha384>(salt, shared, &encoded, length)
            }
            KeyAgreement::DhSinglePassStdDhHkdfSha512 => {
                hkdf::<Sha512>(salt, shared, &encoded, length)
            }
        };
        Ok(KeyEncryptionKey::new(wrap, key))
    }
}

fn mismatch(key: &PublicKey) -> Error {
    Error::KeyMismatch {
        algorithm: "ECDH",
        key: key.kind(),
    }
}

/// ECC-CMS-SharedInfo (RFC 5753 section 7.2), which binds the derived key to its use.
#[derive(Sequence)]
struct SharedInfo {
    key_info: AlgorithmIdentifierOwned,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    entity_u_info: Option<OctetString>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT")]
    supp_pub_info: OctetString,
}

impl SharedInfo {
    /// `key_info` is the KeyWrapAlgorithm as it stands in the message, entityUInfo its user keying
    /// material.
    fn new(
        wrap: KeyWrap,
        key_info: AlgorithmIdentifierOwned,
        user_keying_material: Option<OctetString>,
    ) -> Self {
        let bits = u32::try_from(wrap.key_length() * 8).expect("128 or 256");
        SharedInfo {
            key_info,
            entity_u_info: user_keying_material,
            supp_pub_info: OctetString::new(bits.to_be_bytes()).expect("4 octets"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::testing::{hex, private_key};

    #[test]
    fn shared_info_binds_algorithm_and_length() {
        for (wrap, expected) in [
            (
                KeyWrap::Aes128,
                "3015300b0609608648016503040105a206040400000080",
            ),
            (
                KeyWrap::Aes256,
                "3015300b060960864801650304012da206040400000100",
            ),
        ] {
            let information = SharedInfo::new(wrap, wrap.algorithm_identifier(), None);
            assert_eq!(information.to_der().unwrap(), hex(expected));
        }
    }

    // The same with entityUInfo, and with the NULL that some write behind the wrap algorithm.
    #[test]
    fn shared_info_repeats_what_the_message_says() {
        let mut key_info = KeyWrap::Aes128.algorithm_identifier();
        key_info.parameters = Some(Any::null());
        let material = OctetString::new(*b"ukm").unwrap();
        let information = SharedInfo::new(KeyWrap::Aes128, key_info, Some(material));
        assert_eq!(
            information.to_der().unwrap(),
            hex("301e300d06096086480165030401050500a0050403756b6da206040400000080")
        );
    }

    #[test]
    fn each_agreement_has_its_own_ephemeral_key() {
        for (name, octets) in [("p256", 65), ("p384", 97), ("p521", 133), ("x25519", 32)] {
            let agree = || {
                let recipient = private_key(name);
                KeyAgreement::for_key(recipient.public_key())
                    .and_then(|scheme| scheme.agree(recipient.public_key(), KeyWrap::Aes256))
                    .unwrap()
            };
            let (one, other) = (agree(), agree());
            assert_eq!(one.originator_public_key.len(), octets);
            assert_ne!(one.originator_public_key, other.originator_public_key);
        }
    }

    #[test]
    fn an_rsa_key_cannot_agree() {
        let recipient = private_key("rsa2048");
        let recipient = recipient.public_key();
        let scheme = KeyAgreement::DhSinglePassStdDhSha256Kdf;
        for error in [
            scheme.agree(recipient, KeyWrap::Aes128).err(),
            KeyAgreement::for_key(recipient).err(),
        ] {
            assert!(matches!(error, Some(Error::KeyMismatch { key: "RSA", .. })));
        }
    }
}
