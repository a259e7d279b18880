//! Private keys, from PKCS#8, PKCS#1 and SEC 1, and what is done with them: signing, RSA
//! decryption, key agreement.

use std::fmt;

use der::Decode;
use p256::ecdh::SharedSecret;
use pkcs8::PrivateKeyInfoRef;
use rsa::pkcs1::{RsaPrivateKeyRef, Version};
use rsa::traits::PaddingScheme;
use sec1::{EcParameters, EcPrivateKey};
use zeroize::Zeroizing;

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
            rust_crypto: rust_crypto::Key::Rsa(Box::new(key)),
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
    /// a fault in the arithmetic with the primes would reveal them. When graviola's result does
    /// not hold, RustCrypto signs.
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
            (
                PublicKey::Rsa(key),
                SignatureAlgorithm::RsaPkcs1v15(_) | SignatureAlgorithm::RsaPss(_),
            ) => {
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

/// The operations under key transport and key agreement. No key material leaves by them.
impl PrivateKey {
    /// Decrypts with RSA. [`Error::DecryptionFailed`] for every failure but a key that is not RSA.
    pub(in crate::crypto) fn decrypt_rsa(
        &self,
        scheme: impl PaddingScheme,
        encrypted: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        rust_crypto::decrypt_rsa(scheme, self.rsa()?, encrypted)
    }

    /// 32 octets that stand for a plaintext which must not be told from a rejected one: the same
    /// whenever this ciphertext comes, and known only to the owner of the key.
    pub(in crate::crypto) fn rejection_secret(
        &self,
        encrypted: &[u8],
    ) -> Result<Zeroizing<[u8; 32]>, Error> {
        Ok(rust_crypto::rejection_secret(self.rsa()?, encrypted))
    }

    /// ECDH (SEC 1 section 3.3.1) with the ephemeral key of an originator.
    pub(in crate::crypto) fn diffie_hellman(
        &self,
        originator: &EcP256PublicKey,
    ) -> Result<SharedSecret, Error> {
        match &self.rust_crypto {
            rust_crypto::Key::EcP256(key) => {
                Ok(rust_crypto::diffie_hellman(key, originator.inner()))
            }
            rust_crypto::Key::Rsa(_) => Err(Error::KeyMismatch {
                algorithm: "ECDH",
                key: self.public_key.kind(),
            }),
        }
    }

    fn rsa(&self) -> Result<&rsa::RsaPrivateKey, Error> {
        match &self.rust_crypto {
            rust_crypto::Key::Rsa(key) => Ok(key),
            rust_crypto::Key::EcP256(_) => Err(Error::KeyMismatch {
                algorithm: "RSA key transport",
                key: self.public_key.kind(),
            }),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::testing::{private_key, testdata};
    use crate::crypto::{DigestAlgorithm, SignatureAlgorithm};
    use rsa::pkcs1::EncodeRsaPrivateKey;
    use rsa::traits::{PrivateKeyParts, PublicKeyParts};

    fn secret(name: &str) -> Secret {
        Secret::new(testdata(name))
    }

    #[test]
    fn the_encodings_of_one_key_are_one_key() {
        let key = private_key("rsa2048");
        let pkcs1 = PrivateKey::from_pkcs1_der(&secret("rsa2048.pkcs1.der")).unwrap();
        assert_eq!(key.public_key(), pkcs1.public_key());

        let key = private_key("p256");
        let sec1 = PrivateKey::from_sec1_der(&secret("p256.sec1.der")).unwrap();
        assert_eq!(key.public_key(), sec1.public_key());
    }

    #[test]
    fn other_algorithms_are_named() {
        for (name, algorithm) in [
            ("p384", "the curve secp384r1"),
            ("p256-explicit", "an elliptic curve given by its parameters"),
            ("ed25519", "id-Ed25519"),
            ("x25519", "id-X25519"),
            ("rsa2048-pss", "id-RSASSA-PSS"),
            ("rsa2048-3primes", "multi-prime RSA"),
        ] {
            let error = PrivateKey::from_pkcs8_der(&secret(&format!("{name}.pkcs8.der")));
            let error = error.unwrap_err().to_string();
            assert_eq!(error, format!("{algorithm} is not supported"));
        }
        let error = PrivateKey::from_sec1_der(&secret("p384.sec1.der")).unwrap_err();
        assert_eq!(error.to_string(), "the curve secp384r1 is not supported");
    }

    #[test]
    fn a_key_whose_numbers_disagree_is_refused() {
        let good = testdata("rsa2048.pkcs1.der");
        // In the modulus, in the private exponent, in a prime.
        for position in [200, 400, 700] {
            let mut bad = good.clone();
            bad[position] ^= 1;
            assert!(matches!(
                PrivateKey::from_pkcs1_der(&Secret::new(bad)),
                Err(Error::MalformedPrivateKey { algorithm: "RSA" })
            ));
        }
        // The public key at the end of ECPrivateKey is another one.
        let mut bad = testdata("p256.sec1.der");
        *bad.last_mut().unwrap() ^= 1;
        assert!(matches!(
            PrivateKey::from_sec1_der(&Secret::new(bad)),
            Err(Error::MalformedPrivateKey { algorithm: "P-256" })
        ));
    }

    #[test]
    fn rubbish_is_malformed() {
        let read = [
            PrivateKey::from_pkcs8_der,
            PrivateKey::from_pkcs1_der,
            PrivateKey::from_sec1_der,
        ];
        for rubbish in [
            vec![],
            vec![0x30, 0x00],
            testdata("rsa2048.spki.der"),
            vec![0; 5000],
        ] {
            let rubbish = Secret::new(rubbish);
            for read in read {
                let error = read(&rubbish).unwrap_err();
                assert!(
                    matches!(error, Error::MalformedPrivateKey { .. }),
                    "{error}"
                );
            }
        }
    }

    #[test]
    fn debug_shows_only_what_is_public() {
        assert_eq!(
            format!("{:?}", private_key("rsa2048")),
            "PrivateKey(RSA 2048 bits, ****)"
        );
        assert_eq!(
            format!("{:?}", private_key("p256")),
            "PrivateKey(P-256 256 bits, ****)"
        );
    }

    // RFC 8017 does not order the primes; OpenSSL always writes the larger first.
    #[test]
    fn a_key_with_the_smaller_prime_first_signs_the_same() {
        let key = private_key("rsa2048");
        let rust_crypto::Key::Rsa(rsa) = &key.rust_crypto else {
            panic!("not an RSA key")
        };
        let [p, q] = rsa.primes() else {
            panic!("not two primes")
        };
        let swapped = rsa::RsaPrivateKey::from_components(
            rsa.n().as_ref().clone(),
            rsa.e().clone(),
            rsa.d().clone(),
            vec![q.as_ref().clone(), p.as_ref().clone()],
        )
        .unwrap();
        let swapped = swapped.to_pkcs1_der().unwrap();
        let swapped = Secret::new(swapped.as_bytes().to_vec());
        assert_ne!(swapped.expose(), testdata("rsa2048.pkcs1.der"));
        let swapped = PrivateKey::from_pkcs1_der(&swapped).unwrap();
        let algorithm = SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha256);
        for message in [&b"one"[..], b"two", b"three", b"four"] {
            assert_eq!(
                swapped.sign(algorithm, message).unwrap(),
                key.sign(algorithm, message).unwrap()
            );
        }
    }
}
