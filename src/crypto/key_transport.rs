//! RSA key transport: a content-encryption key encrypted with the public key of a recipient
//! (RFC 3370 section 4.2.1, RFC 3560).
//!
//! # Not supported
//! OAEP with SHA-1, with a label, or with another digest in MGF1 than the one that hashes the
//! label; decryption.

use der::{Any, Encode};
use rand::rngs::SysRng;
use rsa::pkcs1::RsaOaepParams;
use rsa::traits::PaddingScheme;
use rsa::{Oaep, Pkcs1v15Encrypt};
use sha2::{Sha256, Sha384, Sha512};
use spki::AlgorithmIdentifierOwned;

use super::{ContentEncryptionKey, DigestAlgorithm, Error, PublicKey};
use crate::asn1::oid;

/// How a content-encryption key is padded before RSA encrypts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyTransport {
    /// RSAES-PKCS1-v1_5: what every agent can read (RFC 8551 section 2.3: MUST-).
    Pkcs1v15,
    /// RSAES-OAEP, the digest also in MGF1 (SHOULD+).
    Oaep(DigestAlgorithm),
}

impl KeyTransport {
    /// The KeyEncryptionAlgorithmIdentifier.
    pub fn algorithm_identifier(self) -> AlgorithmIdentifierOwned {
        match self {
            // RFC 3370 section 4.2.1: the parameters MUST be NULL.
            KeyTransport::Pkcs1v15 => AlgorithmIdentifierOwned {
                oid: oid::RSA_ENCRYPTION,
                parameters: Some(Any::null()),
            },
            KeyTransport::Oaep(digest) => AlgorithmIdentifierOwned {
                oid: oid::ID_RSAES_OAEP,
                parameters: Some(oaep_parameters(digest)),
            },
        }
    }

    /// The EncryptedKey for one recipient: as many octets as its modulus.
    ///
    /// [`Error::RsaKeySize`] outside 2048 to 8192 bits, [`Error::KeyMismatch`] for a key that
    /// is not RSA.
    pub fn encrypt(
        self,
        recipient: &PublicKey,
        key: &ContentEncryptionKey,
    ) -> Result<Vec<u8>, Error> {
        let PublicKey::Rsa(recipient) = recipient else {
            return Err(Error::KeyMismatch {
                algorithm: self.name(),
                key: recipient.kind(),
            });
        };
        recipient.require_size_for_generation()?;
        let (rng, recipient, key) = (&mut SysRng, recipient.inner(), key.expose());
        match self {
            KeyTransport::Pkcs1v15 => Pkcs1v15Encrypt.encrypt(rng, recipient, key),
            KeyTransport::Oaep(DigestAlgorithm::Sha256) => {
                Oaep::<Sha256>::new().encrypt(rng, recipient, key)
            }
            KeyTransport::Oaep(DigestAlgorithm::Sha384) => {
                Oaep::<Sha384>::new().encrypt(rng, recipient, key)
            }
            KeyTransport::Oaep(DigestAlgorithm::Sha512) => {
                Oaep::<Sha512>::new().encrypt(rng, recipient, key)
            }
        }
        .map_err(|_| Error::KeyTransportFailed)
    }

    /// Its name in errors and reports.
    pub fn name(self) -> &'static str {
        match self {
            KeyTransport::Pkcs1v15 => "RSAES-PKCS1-v1_5",
            KeyTransport::Oaep(_) => "RSAES-OAEP",
        }
    }
}

/// RSAES-OAEP-params (RFC 4055 section 4.1), hash and mask generation explicit, the label empty
/// and therefore left out. The digests carry NULL, as the identifiers of RFC 4055 section 2.1 do.
fn oaep_parameters(digest: DigestAlgorithm) -> Any {
    match digest {
        DigestAlgorithm::Sha256 => RsaOaepParams::new::<Sha256>(),
        DigestAlgorithm::Sha384 => RsaOaepParams::new::<Sha384>(),
        DigestAlgorithm::Sha512 => RsaOaepParams::new::<Sha512>(),
    }
    .to_der()
    .and_then(|parameters| der::Decode::from_der(&parameters))
    .expect("a fixed structure of fewer than 100 octets")
}
