//! Private keys, from PKCS#8, PKCS#1 and SEC 1, and signing with them.

use std::fmt;

use der::Decode;
use pkcs8::PrivateKeyInfoRef;
use rsa::pkcs1::{RsaPrivateKeyRef, Version};
use sec1::{EcParameters, EcPrivateKey};

use super::public_key::{KeyAlgorithm, check_rsa_numbers, unsupported};
use super::{
    Backend, EcP256PublicKey, PublicKey, RsaPublicKey, SignatureAlgorithm, graviola, rust_crypto,
};
use crate::crypto::Error;
use crate::secret::Secret;

/// A private key, parsed once for both backends. Wiped on drop, never printed.
pub struct PrivateKey {
    public_key: PublicKey,
    rust_crypto: rust_crypto::Key,
    /// Absent where the processor or the size of the key rules graviola out.
    graviola: Option<graviola::Key>,
}

impl PrivateKey {
    /// Reads a PrivateKeyInfo or OneAsymmetricKey (RFC 5958 section 2) in DER, not encrypted.
    pub fn from_pkcs8_der(key: &Secret) -> Result<Self, Error> {
        let key =
            PrivateKeyInfoRef::from_der(key.expose()).map_err(|_| Error::MalformedPrivateKey {
                algorithm: "PKCS#8",
            })?;
        let algorithm = KeyAlgorithm::of(&key.algorithm)?;
        let key = key.private_key.as_bytes();
        match algorithm {
            KeyAlgorithm::Rsa => Self::from_rsa_der(key),
            KeyAlgorithm::EcP256 => Self::from_p256(&parse_ec(key)?),
        }
    }

    /// Reads an RSAPrivateKey (RFC 8017 appendix A.1.2) in DER.
    pub fn from_pkcs1_der(key: &Secret) -> Result<Self, Error> {
        Self::from_rsa_der(key.expose())
    }

    /// Reads an ECPrivateKey (RFC 5915 section 3) in DER, which names its curve.
    pub fn from_sec1_der(key: &Secret) -> Result<Self, Error> {
        let key = parse_ec(key.expose())?;
        // RFC 5915 section 3: parameters MUST be there when the key stands alone.
        let EcParameters::NamedCurve(curve) = key.parameters.ok_or(Error::MalformedPrivateKey {
            algorithm: "elliptic curve",
        })?;
        match KeyAlgorithm::of_curve(curve)? {
            KeyAlgorithm::EcP256 => Self::from_p256(&key),
            KeyAlgorithm::Rsa => Err(Error::MalformedPrivateKey {
                algorithm: "elliptic curve",
            }),
        }
    }

    fn from_rsa_der(key: &[u8]) -> Result<Self, Error> {
        let malformed = || Error::MalformedPrivateKey { algorithm: "RSA" };
        let key = RsaPrivateKeyRef::from_der(key).map_err(|_| malformed())?;
        check_rsa_numbers(key.modulus.as_bytes(), key.public_exponent.as_bytes())?;
        if key.version() != Version::TwoPrime {
            return Err(unsupported("multi-prime RSA".into()));
        }
        // Checks that the primes make the modulus and that the exponents belong together.
        let key = rsa::RsaPrivateKey::try_from(key).map_err(|_| malformed())?;
        let public_key = RsaPublicKey::new(key.to_public_key());
        Ok(PrivateKey {
            graviola: graviola::Key::from_rsa(&key, public_key.bits()),
            public_key: PublicKey::Rsa(public_key),
            rust_crypto: rust_crypto::Key::Rsa(key),
        })
    }

    fn from_p256(key: &EcPrivateKey<'_>) -> Result<Self, Error> {
        // Checks that the scalar is within the order and the public key, if there, is its own.
        let key = p256::SecretKey::try_from(key.clone())
            .map_err(|_| Error::MalformedPrivateKey { algorithm: "P-256" })?;
        Ok(PrivateKey {
            graviola: graviola::Key::from_p256(&key),
            public_key: PublicKey::EcP256(EcP256PublicKey::new(key.public_key())),
            rust_crypto: rust_crypto::Key::EcP256(key),
        })
    }

    /// The public half, to be compared with a certificate's.
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// Signs a message: in CMS, the DER of the signed attributes as SET OF. ECDSA signatures
    /// are ECDSA-Sig-Value (RFC 5753 section 2.1.1) in DER.
    ///
    /// An RSA signature is checked with the public key before it leaves, in both backends, since
    /// a fault in the arithmetic with the primes would reveal them. The check also catches keys
    /// that graviola computes wrongly (it expects the larger prime first); RustCrypto then signs.
    ///
    /// [`Error::KeyMismatch`] when the algorithm is not for such a key, [`Error::RsaKeySize`]
    /// for RSA of fewer than 2048 bits.
    pub fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, Error> {
        if self.graviola.is_some() {
            match self.sign_with(Backend::Graviola, algorithm, message) {
                Err(Error::SigningFailed) => {}
                result => return result,
            }
        }
        self.sign_with(Backend::RustCrypto, algorithm, message)
    }

    /// Signs with one of the backends, for tests and measurements.
    ///
    /// [`Error::BackendUnavailable`] when graviola cannot run here or with this key.
    pub fn sign_with(
        &self,
        backend: Backend,
        algorithm: SignatureAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, Error> {
        match (&self.public_key, algorithm) {
            (PublicKey::Rsa(key), SignatureAlgorithm::RsaPkcs1v15(_))
            | (PublicKey::Rsa(key), SignatureAlgorithm::RsaPss(_)) => {
                key.require_size_for_generation()?;
            }
            (PublicKey::EcP256(_), SignatureAlgorithm::Ecdsa(_)) => {}
            (key, _) => {
                return Err(Error::KeyMismatch {
                    algorithm: algorithm.name(),
                    key: key.kind(),
                });
            }
        }
        match backend {
            Backend::RustCrypto => self.rust_crypto.sign(algorithm, message),
            Backend::Graviola => self
                .graviola
                .as_ref()
                .ok_or(Error::BackendUnavailable)?
                .sign(algorithm, message),
        }
    }
}

/// Shows the kind and size of the key and nothing else.
impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "PrivateKey({} {} bits, ****)",
            self.public_key.kind(),
            self.public_key.bits()
        )
    }
}

fn parse_ec(key: &[u8]) -> Result<EcPrivateKey<'_>, Error> {
    EcPrivateKey::from_der(key).map_err(|_| Error::MalformedPrivateKey {
        algorithm: "elliptic curve",
    })
}
