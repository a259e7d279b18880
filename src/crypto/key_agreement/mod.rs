//! Ephemeral-static key agreement (RFC 5753 section 3.1): a fresh key of ours and the
//! recipient's make a shared secret, the X9.63 key derivation function makes of it the key that
//! wraps the content-encryption key. [`KeyAgreement`] is what we send,
//! [`KeyAgreementAlgorithm`] what we receive.
//!
//! ```no_run
//! use mailseal::crypto::{ContentCipher, Encryptor, KeyAgreement, PublicKey};
//!
//! # fn example(recipient: &PublicKey) -> Result<(), mailseal::crypto::Error> {
//! let (_encryptor, content_encryption_key) = Encryptor::new(ContentCipher::Aes256Cbc)?;
//! let agreement = KeyAgreement::default();
//! let agreed = agreement.agree(recipient, ContentCipher::Aes256Cbc.key_wrap())?;
//! let encrypted_key = agreed.key_encryption_key.wrap(&content_encryption_key)?;
//! # Ok(())
//! # }
//! ```
//!
//! # Not supported
//! X25519; the cofactor and MQV schemes; key derivation with SHA-1 and SHA-224.
//! User keying material is received but not sent.

mod algorithm;

use der::asn1::OctetString;
use der::{Any, Encode, Sequence};
use spki::AlgorithmIdentifierOwned;
use zeroize::{Zeroize, Zeroizing};

pub use self::algorithm::{KeyAgreementAlgorithm, OriginatorPublicKey};
use super::key_wrap::KeyEncryptionKey;
use super::{Digest, DigestAlgorithm, Error, KeyWrap, PublicKey};
use crate::asn1::oid::{self, ObjectIdentifier};

/// A key agreement scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyAgreement {
    /// dhSinglePass-stdDH-sha256kdf-scheme (RFC 5753 section 7.1.4).
    DhSinglePassStdDhSha256Kdf,
    /// dhSinglePass-stdDH-sha384kdf-scheme.
    DhSinglePassStdDhSha384Kdf,
    /// dhSinglePass-stdDH-sha512kdf-scheme.
    DhSinglePassStdDhSha512Kdf,
}

impl Default for KeyAgreement {
    /// RFC 8551 section 2.3: ECDH ephemeral-static over P-256 is MUST, with SHA-256 as RFC 5753
    /// section 8 pairs them.
    fn default() -> Self {
        KeyAgreement::DhSinglePassStdDhSha256Kdf
    }
}

/// What a key agreement gave the sender: one recipient's originatorKey and wrapping key.
#[derive(Debug)]
pub struct AgreedKey {
    /// The publicKey of OriginatorPublicKey: our ephemeral key as an uncompressed point.
    pub originator_public_key: Vec<u8>,
    /// Wraps the content-encryption key for this recipient.
    pub key_encryption_key: KeyEncryptionKey,
}

impl KeyAgreement {
    const ALL: [KeyAgreement; 3] = [
        KeyAgreement::DhSinglePassStdDhSha256Kdf,
        KeyAgreement::DhSinglePassStdDhSha384Kdf,
        KeyAgreement::DhSinglePassStdDhSha512Kdf,
    ];

    /// The object identifier.
    pub fn oid(self) -> ObjectIdentifier {
        match self {
            KeyAgreement::DhSinglePassStdDhSha256Kdf => {
                oid::DH_SINGLE_PASS_STD_DH_SHA_256_KDF_SCHEME
            }
            KeyAgreement::DhSinglePassStdDhSha384Kdf => {
                oid::DH_SINGLE_PASS_STD_DH_SHA_384_KDF_SCHEME
            }
            KeyAgreement::DhSinglePassStdDhSha512Kdf => {
                oid::DH_SINGLE_PASS_STD_DH_SHA_512_KDF_SCHEME
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

    /// The algorithm of OriginatorPublicKey: RFC 5753 section 3.1.1 has id-ecPublicKey, whose
    /// parameters may be absent because the curve is the recipient's.
    pub fn originator_algorithm_identifier(self) -> AlgorithmIdentifierOwned {
        AlgorithmIdentifierOwned {
            oid: oid::ID_EC_PUBLIC_KEY,
            parameters: None,
        }
    }

    /// Agrees with one recipient, on a fresh ephemeral key each time.
    ///
    /// [`Error::KeyMismatch`] for a key that is not of an elliptic curve.
    pub fn agree(self, recipient: &PublicKey, wrap: KeyWrap) -> Result<AgreedKey, Error> {
        let PublicKey::Ec(recipient) = recipient else {
            return Err(Error::KeyMismatch {
                algorithm: "ECDH",
                key: recipient.kind(),
            });
        };
        let (ephemeral, shared) = recipient.ephemeral_diffie_hellman()?;
        let information = SharedInfo::new(wrap, wrap.algorithm_identifier(), None);
        Ok(AgreedKey {
            originator_public_key: ephemeral.to_point(),
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
        let information = information
            .to_der()
            .map_err(|_| Error::malformed_parameters(&self.oid()))?;
        let key = x963_kdf(self.digest(), shared, &information, wrap.key_length());
        Ok(KeyEncryptionKey::new(wrap, key))
    }

    /// The digest of the key derivation function.
    fn digest(self) -> DigestAlgorithm {
        match self {
            KeyAgreement::DhSinglePassStdDhSha256Kdf => DigestAlgorithm::Sha256,
            KeyAgreement::DhSinglePassStdDhSha384Kdf => DigestAlgorithm::Sha384,
            KeyAgreement::DhSinglePassStdDhSha512Kdf => DigestAlgorithm::Sha512,
        }
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

/// The key derivation function of ANSI X9.63 (SEC 1 section 3.6.1): the digests of
/// secret || counter || information, the counter from 1, until there is enough.
fn x963_kdf(
    digest: DigestAlgorithm,
    secret: &[u8],
    information: &[u8],
    length: usize,
) -> Zeroizing<Vec<u8>> {
    let mut key = Zeroizing::new(Vec::with_capacity(length + digest.length()));
    for counter in 1u32.. {
        if key.len() >= length {
            break;
        }
        let mut state = Digest::new(digest);
        state.update(secret);
        state.update(&counter.to_be_bytes());
        state.update(information);
        let mut block = state.finalize();
        key.extend_from_slice(&block);
        block.zeroize();
    }
    key.truncate(length);
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::testing::{hex, private_key};

    // NIST CAVS 12.0, "ANSI X9.63-2001", SHA-256; `openssl kdf ... X963KDF` gives the same.
    #[test]
    fn x963_kdf_vectors() {
        for (secret, information, expected) in [
            (
                "96c05619d56c328ab95fe84b18264b08725b85e33fd34f08",
                "",
                "443024c3dae66b95e6f5670601558f71",
            ),
            (
                "22518b10e70f2a3f243810ae3254139efbee04aa57c7af7d",
                "75eef81aa3041e33b80971203d2c0c52",
                "c498af77161cc59f2962b9a713e2b215152d139766ce34a776df11866a69bf2e\
                 52a13d9c7c6fc878c50c5ea0bc7b00e0da2447cfd874f6cf92f30d0097111485\
                 500c90c3af8b487872d04685d14c8d1dc8d7fa08beb0ce0ababc11f0bd496269\
                 142d43525a78e5bc79a17f59676a5706dc54d54d4d1f0bd7e386128ec26afc21",
            ),
        ] {
            let expected = hex(expected);
            let key = x963_kdf(
                DigestAlgorithm::Sha256,
                &hex(secret),
                &hex(information),
                expected.len(),
            );
            assert_eq!(*key, expected);
        }
    }

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
        let agree = || {
            let recipient = private_key("p256");
            KeyAgreement::default()
                .agree(recipient.public_key(), KeyWrap::Aes256)
                .unwrap()
        };
        let (one, other) = (agree(), agree());
        assert_eq!(one.originator_public_key.len(), 65);
        assert_ne!(one.originator_public_key, other.originator_public_key);
    }

    #[test]
    fn an_rsa_key_cannot_agree() {
        let recipient = private_key("rsa2048");
        let result = KeyAgreement::default().agree(recipient.public_key(), KeyWrap::Aes128);
        assert!(matches!(
            result.err(),
            Some(Error::KeyMismatch { key: "RSA", .. })
        ));
    }
}
