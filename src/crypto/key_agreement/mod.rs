//! Ephemeral-static key agreement (RFC 5753 section 3.1): a fresh key of ours and the
//! recipient's make a shared secret, the X9.63 key derivation function makes of it the key that
//! wraps the content-encryption key.
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
//! Curves other than P-256, the cofactor and MQV schemes, user keying material, the receiving
//! side.

use der::asn1::OctetString;
use der::{Any, Encode, Sequence};
use p256::elliptic_curve::Generate;
use p256::elliptic_curve::sec1::ToSec1Point;
use rand::rngs::SysRng;
use spki::AlgorithmIdentifierOwned;
use zeroize::{Zeroize, Zeroizing};

use super::key_wrap::KeyEncryptionKey;
use super::{Digest, DigestAlgorithm, Error, KeyWrap, PublicKey};
use crate::asn1::oid::{self, ObjectIdentifier};

/// A key agreement scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyAgreement {
    /// dhSinglePass-stdDH-sha256kdf-scheme (RFC 5753 section 7.1.4).
    DhSinglePassStdDhSha256Kdf,
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
    /// The object identifier.
    pub fn oid(self) -> ObjectIdentifier {
        match self {
            KeyAgreement::DhSinglePassStdDhSha256Kdf => {
                oid::DH_SINGLE_PASS_STD_DH_SHA_256_KDF_SCHEME
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
        let PublicKey::EcP256(recipient) = recipient else {
            return Err(Error::KeyMismatch {
                algorithm: "ECDH",
                key: recipient.kind(),
            });
        };
        let ephemeral = p256::ecdh::EphemeralSecret::try_generate_from_rng(&mut SysRng)
            .map_err(Error::Random)?;
        let shared = ephemeral.diffie_hellman(recipient.inner());
        let key = x963_kdf(
            self.digest(),
            shared.raw_secret_bytes(),
            &shared_info(wrap),
            wrap.key_length(),
        );
        Ok(AgreedKey {
            originator_public_key: ephemeral
                .public_key()
                .to_sec1_point(false)
                .as_bytes()
                .to_vec(),
            key_encryption_key: KeyEncryptionKey::new(wrap, key),
        })
    }

    /// The digest of the key derivation function.
    fn digest(self) -> DigestAlgorithm {
        match self {
            KeyAgreement::DhSinglePassStdDhSha256Kdf => DigestAlgorithm::Sha256,
        }
    }
}

/// ECC-CMS-SharedInfo (RFC 5753 section 7.2), which binds the derived key to its use.
///
/// entityUInfo carries user keying material, which we do not send.
#[derive(Sequence)]
struct SharedInfo {
    key_info: AlgorithmIdentifierOwned,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT")]
    supp_pub_info: OctetString,
}

fn shared_info(wrap: KeyWrap) -> Vec<u8> {
    let bits = u32::try_from(wrap.key_length() * 8).expect("128 or 256");
    OctetString::new(bits.to_be_bytes())
        .and_then(|supp_pub_info| {
            SharedInfo {
                key_info: wrap.algorithm_identifier(),
                supp_pub_info,
            }
            .to_der()
        })
        .expect("a fixed structure of fewer than 30 octets")
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
    use crate::crypto::testing::{hex, private_key, testdata};
    use crate::crypto::{ContentCipher, ContentEncryptionKey};
    use aes::cipher::KeyInit;
    use aes_kw::{KwAes128, KwAes256};
    use cms::content_info::ContentInfo;
    use cms::enveloped_data::{EnvelopedData, OriginatorIdentifierOrKey, RecipientInfo};
    use der::Decode;
    use p256::pkcs8::DecodePrivateKey;

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
            assert_eq!(shared_info(wrap), hex(expected));
        }
    }

    /// What the recipient does: agrees with its static key and unwraps.
    fn unwrap(
        name: &str,
        point: &[u8],
        wrap: KeyWrap,
        wrapped: &[u8],
    ) -> Result<Vec<u8>, aes_kw::Error> {
        let key = p256::SecretKey::from_pkcs8_der(&testdata(&format!("{name}.pkcs8.der")));
        let point = p256::PublicKey::from_sec1_bytes(point).unwrap();
        let shared = key.unwrap().diffie_hellman(&point);
        let key = x963_kdf(
            DigestAlgorithm::Sha256,
            shared.raw_secret_bytes(),
            &shared_info(wrap),
            wrap.key_length(),
        );
        let mut content_key = vec![0; wrapped.len() - 8];
        match wrap {
            KeyWrap::Aes128 => KwAes128::new_from_slice(&key)
                .unwrap()
                .unwrap_key(wrapped, &mut content_key)?,
            KeyWrap::Aes256 => KwAes256::new_from_slice(&key)
                .unwrap()
                .unwrap_key(wrapped, &mut content_key)?,
        };
        Ok(content_key)
    }

    #[test]
    fn the_private_key_and_only_it_gets_the_content_key_back() {
        let recipient = private_key("p256");
        for cipher in ContentCipher::ALL {
            let key = ContentEncryptionKey::generate(cipher).unwrap();
            let wrap = cipher.key_wrap();
            let agreed = KeyAgreement::default()
                .agree(recipient.public_key(), wrap)
                .unwrap();
            let wrapped = agreed.key_encryption_key.wrap(&key).unwrap();
            let point = &agreed.originator_public_key;
            assert_eq!(unwrap("p256", point, wrap, &wrapped).unwrap(), key.expose());
            assert!(unwrap("p256-other", point, wrap, &wrapped).is_err());
            let mut bad = wrapped.clone();
            bad[0] ^= 1;
            assert!(unwrap("p256", point, wrap, &bad).is_err());
        }
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

    // AES key wrap has a check value: it unwraps only when curve, shared information, key
    // derivation and wrapping are all OpenSSL's.
    #[test]
    fn openssl_derives_the_same_key() {
        for (file, wrap) in [
            ("p256.aes128.cms", KeyWrap::Aes128),
            ("p256.aes256.cms", KeyWrap::Aes256),
        ] {
            let content_info = ContentInfo::from_der(&testdata(file)).unwrap();
            let enveloped: EnvelopedData = content_info.content.decode_as().unwrap();
            let RecipientInfo::Kari(recipient) = enveloped.recip_infos.0.get(0).unwrap() else {
                panic!("not a KeyAgreeRecipientInfo");
            };
            assert_eq!(
                recipient.key_enc_alg,
                KeyAgreement::default().algorithm_identifier(wrap)
            );
            let OriginatorIdentifierOrKey::OriginatorKey(originator) = &recipient.originator else {
                panic!("not an originatorKey");
            };
            let point = originator.public_key.raw_bytes();
            let wrapped = recipient.recipient_enc_keys[0].enc_key.as_bytes();
            let content_key = unwrap("p256", point, wrap, wrapped).unwrap();
            assert_eq!(content_key.len(), wrap.key_length());
        }
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
