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
