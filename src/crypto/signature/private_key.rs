//! Private keys, from PKCS#8, PKCS#1 and SEC 1, and what is done with them: signing, RSA
//! decryption, key agreement.

use std::fmt;

use der::Decode;
use der::asn1::BitStringRef;
use pkcs8::PrivateKeyInfoRef;
use rsa::pkcs1::{RsaPrivateKeyRef, Version};
use rsa::traits::PaddingScheme;
use sec1::{EcParameters, EcPrivateKey as Sec1PrivateKey};
use zeroize::Zeroizing;

use super::curve25519::{Ed25519PrivateKey, X25519PrivateKey};
use super::elliptic_curve::EcPrivateKey;
use super::ml_dsa::MlDsaPrivateKey;
use super::ml_kem::MlKemPrivateKey;
use super::public_key::{KeyAlgorithm, unsupported};
use super::rsa::{Restriction, check_rsa_numbers};
use super::rust_crypto::Key;
use super::{Backend, Curve, PublicKey, SignatureAlgorithm, graviola, rust_crypto};
use crate::crypto::Error;
use crate::secret::Secret;

/// A private key, parsed once for both backends. Wiped on drop, never printed.
pub struct PrivateKey {
    public_key: PublicKey,
    rust_crypto: Key,
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
        let octets = key.private_key.as_bytes();
        let public_key = key.public_key.as_ref().and_then(BitStringRef::as_bytes);
        match algorithm {
            KeyAlgorithm::Rsa(restriction) => Self::from_rsa_der(octets, restriction),
            KeyAlgorithm::Ec(curve) => Self::from_ec(curve, &parse_ec(octets)?),
            KeyAlgorithm::Ed25519 => {
                Ed25519PrivateKey::from_der(octets, public_key).map(|key| Key::Ed25519(key).into())
            }
            KeyAlgorithm::X25519 => {
                X25519PrivateKey::from_der(octets, public_key).map(|key| Key::X25519(key).into())
            }
            KeyAlgorithm::MlDsa(set) => {
                MlDsaPrivateKey::from_der(set, octets).map(|key| Key::MlDsa(key).into())
            }
            KeyAlgorithm::MlKem(set) => {
                MlKemPrivateKey::from_der(set, octets).map(|key| Key::MlKem(key).into())
            }
            KeyAlgorithm::Dsa => Err(unsupported("signing with DSA".into())),
        }
    }

    /// Reads an RSAPrivateKey (RFC 8017 appendix A.1.2) in DER.
    pub fn from_pkcs1_der(key: &Secret) -> Result<Self, Error> {
        Self::from_rsa_der(key.expose(), Restriction::None)
    }

    /// Reads an ECPrivateKey (RFC 5915 section 3) in DER, which names its curve.
    pub fn from_sec1_der(key: &Secret) -> Result<Self, Error> {
        let key = parse_ec(key.expose())?;
        // RFC 5915 section 3: parameters MUST be there when the key stands alone.
        let EcParameters::NamedCurve(curve) = key.parameters.ok_or(Error::MalformedPrivateKey {
            algorithm: "elliptic curve",
        })?;
        Self::from_ec(Curve::from_oid(curve)?, &key)
    }

    fn from_rsa_der(key: &[u8], restriction: Restriction) -> Result<Self, Error> {
        let malformed = || Error::MalformedPrivateKey { algorithm: "RSA" };
        let key = RsaPrivateKeyRef::from_der(key).map_err(|_| malformed())?;
        check_rsa_numbers(key.modulus.as_bytes(), key.public_exponent.as_bytes())?;
        if key.version() != Version::TwoPrime {
            return Err(unsupported("multi-prime RSA".into()));
        }
        // Checks that the primes make the modulus and that the exponents belong together.
        let key = rsa::RsaPrivateKey::try_from(key).map_err(|_| malformed())?;
        let key = Key::Rsa(Box::new(key), restriction);
        Ok(key.into())
    }

    fn from_ec(curve: Curve, key: &Sec1PrivateKey<'_>) -> Result<Self, Error> {
        EcPrivateKey::from_sec1(curve, key).map(|key| Key::Ec(key).into())
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
                Err(Error::SigningFailed | Error::BackendUnavailable) => {}
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
        algorithm.require_for_signing()?;
        match (&self.public_key, algorithm) {
            (PublicKey::Rsa(key), SignatureAlgorithm::RsaPkcs1v15(_))
                if !key.is_restricted_to_pss() =>
            {
                key.require_size_for_generation()?;
            }
            (PublicKey::Rsa(key), SignatureAlgorithm::RsaPss(parameters))
                if key.allows_pss(&parameters) =>
            {
                key.require_size_for_generation()?;
            }
            (PublicKey::Ec(_), SignatureAlgorithm::Ecdsa(_))
            | (PublicKey::Ed25519(_), SignatureAlgorithm::Ed25519) => {}
            (PublicKey::MlDsa(key), SignatureAlgorithm::MlDsa(set))
                if key.parameter_set() == set => {}
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

    /// Diffie-Hellman with the ephemeral key of an originator: ECDH (SEC 1 section 3.3.1) or
    /// X25519 (RFC 7748 section 6.1).
    ///
    /// [`Error::PointNotOnCurve`] when the originator's key is on another curve, or when the
    /// X25519 secret is all zeros.
    pub(in crate::crypto) fn diffie_hellman(
        &self,
        originator: &PublicKey,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        match (&self.rust_crypto, originator) {
            (Key::Ec(key), PublicKey::Ec(originator)) => key.diffie_hellman(originator),
            (Key::X25519(key), PublicKey::X25519(originator)) => key.diffie_hellman(originator),
            (Key::Ec(_) | Key::X25519(_), _) => Err(Error::PointNotOnCurve {
                curve: self.public_key.kind(),
            }),
            _ => Err(Error::KeyMismatch {
                algorithm: "ECDH",
                key: self.public_key.kind(),
            }),
        }
    }

    /// ML-KEM decapsulation: the shared secret of a ciphertext.
    ///
    /// [`Error::DecryptionFailed`] for a ciphertext of another length; one that was not made with
    /// this key gives a secret that nobody knows.
    pub(in crate::crypto) fn decapsulate(
        &self,
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        match &self.rust_crypto {
            Key::MlKem(key) => key.decapsulate(ciphertext),
            _ => Err(Error::KeyMismatch {
                algorithm: "ML-KEM",
                key: self.public_key.kind(),
            }),
        }
    }

    fn rsa(&self) -> Result<&rsa::RsaPrivateKey, Error> {
        match &self.rust_crypto {
            Key::Rsa(key, _) => Ok(key),
            _ => Err(Error::KeyMismatch {
                algorithm: "RSA key transport",
                key: self.public_key.kind(),
            }),
        }
    }
}

/// From a key that has been checked, also what can be done with it faster.
impl From<Key> for PrivateKey {
    fn from(key: Key) -> Self {
        let public_key = key.public_key();
        PrivateKey {
            graviola: match &key {
                Key::Rsa(key, _) => graviola::Key::from_rsa(key, public_key.bits()),
                Key::Ec(key) => graviola::Key::from_ec(key),
                _ => None,
            },
            public_key,
            rust_crypto: key,
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

fn parse_ec(key: &[u8]) -> Result<Sec1PrivateKey<'_>, Error> {
    Sec1PrivateKey::from_der(key).map_err(|_| Error::MalformedPrivateKey {
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

        for name in ["p256", "p384", "p521"] {
            let key = private_key(name);
            let sec1 = PrivateKey::from_sec1_der(&secret(&format!("{name}.sec1.der"))).unwrap();
            assert_eq!(key.public_key(), sec1.public_key());
        }
    }

    #[test]
    fn other_algorithms_are_named() {
        for (name, algorithm) in [
            ("secp256k1", "the curve secp256k1"),
            ("p256-explicit", "an elliptic curve given by its parameters"),
            ("ed448", "id-Ed448"),
            ("x448", "id-X448"),
            ("rsa2048-3primes", "multi-prime RSA"),
        ] {
            let error = PrivateKey::from_pkcs8_der(&secret(&format!("{name}.pkcs8.der")));
            let error = error.unwrap_err().to_string();
            assert_eq!(error, format!("{algorithm} is not supported"));
        }
        let error = PrivateKey::from_sec1_der(&secret("secp256k1.sec1.der")).unwrap_err();
        assert_eq!(error.to_string(), "the curve secp256k1 is not supported");
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
        let Key::Rsa(rsa, _) = &key.rust_crypto else {
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
