//! RSA key transport: a content-encryption key encrypted with the public key of a recipient
//! (RFC 3370 section 4.2.1, RFC 3560). [`KeyTransport`] is what we send,
//! [`KeyTransportAlgorithm`] what we receive.
//!
//! # Not supported
//! OAEP with SHAKE. A label, or another digest in MGF1 than the one that hashes the label, is
//! received but not sent.

mod algorithm;
mod oaep;

use der::{Any, Encode};
use rand::rngs::SysRng;
use rsa::pkcs1::RsaOaepParams;
use rsa::traits::PaddingScheme;
use rsa::{Oaep, Pkcs1v15Encrypt};
use spki::AlgorithmIdentifierOwned;

pub use self::algorithm::KeyTransportAlgorithm;
pub use self::oaep::OaepParameters;
use super::digest::with_digest;
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
        let (rng, recipient, key) = (&mut SysRng, recipient.inner()?, key.expose());
        match self {
            KeyTransport::Pkcs1v15 => Pkcs1v15Encrypt.encrypt(rng, recipient, key),
            // SHAKE in OAEP has no standard.
            KeyTransport::Oaep(digest) => {
                with_digest!(digest, D => Oaep::<D>::new().encrypt(rng, recipient, key))
                    .ok_or(Error::KeyTransportFailed)?
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
    with_digest!(digest, D => RsaOaepParams::new::<D>())
        .unwrap_or_default()
        .to_der()
        .and_then(|parameters| der::Decode::from_der(&parameters))
        .expect("a fixed structure of fewer than 100 octets")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::testing::{hex, private_key, testdata};
    use crate::crypto::{ContentCipher, PublicKey};
    use rsa::pkcs8::DecodePrivateKey;

    const ALL: [KeyTransport; 4] = [
        KeyTransport::Pkcs1v15,
        KeyTransport::Oaep(DigestAlgorithm::Sha256),
        KeyTransport::Oaep(DigestAlgorithm::Sha384),
        KeyTransport::Oaep(DigestAlgorithm::Sha512),
    ];

    fn decrypt(transport: KeyTransport, name: &str, encrypted: &[u8]) -> rsa::Result<Vec<u8>> {
        let key = testdata(&format!("{name}.pkcs8.der"));
        let key = rsa::RsaPrivateKey::from_pkcs8_der(&key).unwrap();
        match transport {
            KeyTransport::Pkcs1v15 => key.decrypt(Pkcs1v15Encrypt, encrypted),
            KeyTransport::Oaep(digest) => {
                with_digest!(digest, D => key.decrypt(Oaep::<D>::new(), encrypted)).unwrap()
            }
        }
    }

    #[test]
    fn the_private_key_and_only_it_gets_the_content_key_back() {
        let key = ContentEncryptionKey::generate(ContentCipher::Aes256Cbc).unwrap();
        for (name, octets) in [("rsa2048", 256), ("rsa2056", 257), ("rsa4096", 512)] {
            let recipient = private_key(name);
            for transport in ALL {
                let encrypted = transport.encrypt(recipient.public_key(), &key).unwrap();
                assert_eq!(encrypted.len(), octets);
                assert_eq!(decrypt(transport, name, &encrypted).unwrap(), key.expose());
                let again = transport.encrypt(recipient.public_key(), &key).unwrap();
                assert_ne!(encrypted, again, "the padding is random");
            }
        }
        let encrypted = KeyTransport::Oaep(DigestAlgorithm::Sha256)
            .encrypt(private_key("rsa2048").public_key(), &key)
            .unwrap();
        for (transport, name) in [
            (KeyTransport::Oaep(DigestAlgorithm::Sha256), "rsa2048-e3"),
            (KeyTransport::Oaep(DigestAlgorithm::Sha512), "rsa2048"),
        ] {
            assert!(decrypt(transport, name, &encrypted).is_err());
        }
    }

    #[test]
    fn a_short_or_another_key_is_refused() {
        let key = ContentEncryptionKey::generate(ContentCipher::Aes128Cbc).unwrap();
        for transport in ALL {
            let refused = |name: &str| {
                let recipient = PublicKey::from_spki_der(&testdata(name)).unwrap();
                transport.encrypt(&recipient, &key).unwrap_err()
            };
            assert!(matches!(
                refused("rsa1024.spki.der"),
                Error::RsaKeySize {
                    bits: 1024,
                    minimum: 2048,
                    maximum: 8192
                }
            ));
            assert!(matches!(
                refused("p256.spki.der"),
                Error::KeyMismatch { key: "P-256", .. }
            ));
        }
    }

    // RFC 3370 section 4.2.1; RFC 3560 appendix A, rSAES-OAEP-SHA256-Identifier.
    #[test]
    fn algorithm_identifiers() {
        for (transport, expected) in [
            (KeyTransport::Pkcs1v15, "300d06092a864886f70d0101010500"),
            (
                KeyTransport::Oaep(DigestAlgorithm::Sha256),
                "303c06092a864886f70d010107302fa00f300d06096086480165030402010500\
                 a11c301a06092a864886f70d010108300d06096086480165030402010500",
            ),
        ] {
            assert_eq!(
                transport.algorithm_identifier().to_der().unwrap(),
                hex(expected)
            );
        }
    }
}
