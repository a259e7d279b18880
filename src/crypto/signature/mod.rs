//! Signatures: RSASSA-PKCS1-v1_5 (RFC 3370), RSASSA-PSS (RFC 4056), ECDSA (RFC 5754), Ed25519
//! (RFC 8419) and ML-DSA (RFC 9882), and keys of every kind: those that make and check
//! signatures, and those that receive content-encryption keys.
//!
//! ```no_run
//! use mailseal::crypto::{DigestAlgorithm, PrivateKey, SignatureAlgorithm};
//! # use mailseal::secret::Secret;
//!
//! # fn example(pkcs8: Secret) -> Result<(), mailseal::crypto::Error> {
//! let key = PrivateKey::from_pkcs8_der(&pkcs8)?;
//! let digest = Some(DigestAlgorithm::Sha256);
//! let algorithm = SignatureAlgorithm::for_key(key.public_key(), digest, false)?;
//! let signature = key.sign(algorithm, b"signed attributes")?;
//! key.public_key().verify(algorithm, b"signed attributes", &signature)?;
//! # Ok(())
//! # }
//! ```
//!
//! # Not supported
//! Curves other than P-256, P-384 and P-521; Ed448 and X448; DSA private keys; RSA keys restricted
//! to PSS (id-RSASSA-PSS as a key's algorithm); multi-prime RSA; PSS with another salt length than
//! the digest's.

mod curve25519;
mod dsa;
mod elliptic_curve;
mod graviola;
mod ml_dsa;
mod ml_kem;
mod private_key;
mod public_key;
mod rsa;
mod rust_crypto;
mod seed_or_expanded;

use std::sync::OnceLock;

use ::rsa::pkcs1::RsaPssParams;
use der::{Any, Encode};
use sha2::{Sha256, Sha384, Sha512};
use spki::AlgorithmIdentifierOwned;

pub use self::curve25519::{Ed25519PublicKey, X25519PublicKey};
pub use self::dsa::DsaPublicKey;
pub use self::elliptic_curve::{Curve, EcPublicKey};
pub use self::ml_dsa::{MlDsaParameterSet, MlDsaPublicKey};
pub use self::ml_kem::{MlKemParameterSet, MlKemPublicKey};
pub use self::private_key::PrivateKey;
pub use self::public_key::PublicKey;
pub use self::rsa::RsaPublicKey;
use super::{DigestAlgorithm, Error};
use crate::asn1::oid;

/// A signature scheme with its digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5 (RFC 8551 section 2.2: MUST-).
    RsaPkcs1v15(DigestAlgorithm),
    /// RSASSA-PSS (SHOULD), salt as long as the digest, MGF1 with the same digest.
    RsaPss(DigestAlgorithm),
    /// ECDSA; the key names the curve (MUST for P-256 with SHA-256).
    Ecdsa(DigestAlgorithm),
    /// Ed25519 without pre-hashing (RFC 8419; MUST).
    Ed25519,
    /// ML-DSA without pre-hashing, the context empty (RFC 9882).
    MlDsa(MlDsaParameterSet),
}

impl SignatureAlgorithm {
    /// The algorithm for a key: that of its kind, RSA with PSS when `pss`. Ed25519 and ML-DSA
    /// take no digest; where a digest is to be had and none is asked for, it is SHA-256, on the
    /// larger curves SHA-384 and SHA-512, as RFC 5753 section 8 pairs them.
    ///
    /// [`Error::NoSignature`] for a key that makes none: X25519, ML-KEM, and DSA, which is only
    /// verified.
    pub fn for_key(
        key: &PublicKey,
        digest: Option<DigestAlgorithm>,
        pss: bool,
    ) -> Result<Self, Error> {
        match key {
            PublicKey::Rsa(_) if pss => Ok(SignatureAlgorithm::RsaPss(digest.unwrap_or_default())),
            PublicKey::Rsa(_) => Ok(SignatureAlgorithm::RsaPkcs1v15(digest.unwrap_or_default())),
            PublicKey::Ec(key) => Ok(SignatureAlgorithm::Ecdsa(digest.unwrap_or(
                match key.curve() {
                    Curve::P256 => DigestAlgorithm::Sha256,
                    Curve::P384 => DigestAlgorithm::Sha384,
                    Curve::P521 => DigestAlgorithm::Sha512,
                },
            ))),
            PublicKey::Ed25519(_) => Ok(SignatureAlgorithm::Ed25519),
            PublicKey::MlDsa(key) => Ok(SignatureAlgorithm::MlDsa(key.parameter_set())),
            PublicKey::X25519(_) | PublicKey::MlKem(_) | PublicKey::Dsa(_) => {
                Err(Error::NoSignature { key: key.kind() })
            }
        }
    }

    /// The digest of the content, which makes the messageDigest attribute, and of the signature
    /// where it has one. With Ed25519 (RFC 8419 section 3.1) and ML-DSA (RFC 9882 section 3.3)
    /// it is SHA-512.
    pub fn digest(self) -> DigestAlgorithm {
        match self {
            SignatureAlgorithm::RsaPkcs1v15(digest)
            | SignatureAlgorithm::RsaPss(digest)
            | SignatureAlgorithm::Ecdsa(digest) => digest,
            SignatureAlgorithm::Ed25519 | SignatureAlgorithm::MlDsa(_) => DigestAlgorithm::Sha512,
        }
    }

    /// Its name in errors and reports.
    pub fn name(self) -> &'static str {
        match self {
            SignatureAlgorithm::RsaPkcs1v15(_) => "RSASSA-PKCS1-v1_5",
            SignatureAlgorithm::RsaPss(_) => "RSASSA-PSS",
            SignatureAlgorithm::Ecdsa(_) => "ECDSA",
            SignatureAlgorithm::Ed25519 => "Ed25519",
            SignatureAlgorithm::MlDsa(set) => set.name(),
        }
    }

    /// The signatureAlgorithm of SignerInfo.
    pub fn algorithm_identifier(self) -> AlgorithmIdentifierOwned {
        match self {
            // RFC 3370 section 3.2: rsaEncryption MUST be understood in SignerInfo, and OpenSSL
            // and GnuPG write it; the digest is in digestAlgorithm. The parameters are NULL.
            SignatureAlgorithm::RsaPkcs1v15(_) => AlgorithmIdentifierOwned {
                oid: oid::RSA_ENCRYPTION,
                parameters: Some(Any::null()),
            },
            SignatureAlgorithm::RsaPss(digest) => AlgorithmIdentifierOwned {
                oid: oid::ID_RSASSA_PSS,
                parameters: Some(pss_parameters(digest)),
            },
            // RFC 5754 section 3.3: the parameters MUST be absent.
            SignatureAlgorithm::Ecdsa(digest) => AlgorithmIdentifierOwned {
                oid: match digest {
                    DigestAlgorithm::Sha256 => oid::ECDSA_WITH_SHA_256,
                    DigestAlgorithm::Sha384 => oid::ECDSA_WITH_SHA_384,
                    DigestAlgorithm::Sha512 => oid::ECDSA_WITH_SHA_512,
                },
                parameters: None,
            },
            // RFC 8419 section 2.2.1 and RFC 9882 section 3.2: the same.
            SignatureAlgorithm::Ed25519 => AlgorithmIdentifierOwned {
                oid: oid::ID_ED_25519,
                parameters: None,
            },
            SignatureAlgorithm::MlDsa(set) => AlgorithmIdentifierOwned {
                oid: set.oid(),
                parameters: None,
            },
        }
    }
}

/// RSASSA-PSS-params (RFC 4055 section 3.1), hash, mask generation and salt length explicit. The
/// digests carry NULL, as the identifiers of RFC 4055 section 2.1 and OpenSSL's signatures do.
fn pss_parameters(digest: DigestAlgorithm) -> Any {
    match digest {
        DigestAlgorithm::Sha256 => RsaPssParams::new::<Sha256>(32),
        DigestAlgorithm::Sha384 => RsaPssParams::new::<Sha384>(48),
        DigestAlgorithm::Sha512 => RsaPssParams::new::<Sha512>(64),
    }
    .to_der()
    .and_then(|parameters| der::Decode::from_der(&parameters))
    .expect("a fixed structure of fewer than 100 octets")
}

/// The two implementations of signing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Backend {
    /// graviola: assembly for recent x86-64 and AArch64 processors, two to four times as fast.
    Graviola,
    /// RustCrypto: portable.
    RustCrypto,
}

impl Backend {
    /// What this processor allows; it is asked once.
    pub fn detect() -> Backend {
        static DETECTED: OnceLock<Backend> = OnceLock::new();
        *DETECTED.get_or_init(|| {
            if graviola::runs_here() {
                Backend::Graviola
            } else {
                Backend::RustCrypto
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::testing::{hex, private_key, random, testdata};

    const DIGESTS: [(DigestAlgorithm, &str); 3] = [
        (DigestAlgorithm::Sha256, "sha256"),
        (DigestAlgorithm::Sha384, "sha384"),
        (DigestAlgorithm::Sha512, "sha512"),
    ];
    const BACKENDS: [Backend; 2] = [Backend::Graviola, Backend::RustCrypto];
    const RSA_KEYS: [&str; 5] = ["rsa2048", "rsa2048-e3", "rsa2056", "rsa3072", "rsa4096"];

    /// Signs with the backend, unless it cannot run here or with this key.
    fn sign(
        backend: Backend,
        key: &PrivateKey,
        algorithm: SignatureAlgorithm,
        message: &[u8],
    ) -> Option<Vec<u8>> {
        match key.sign_with(backend, algorithm, message) {
            Err(Error::BackendUnavailable) => None,
            signature => Some(signature.unwrap()),
        }
    }

    #[test]
    fn pkcs1v15_signatures_of_both_backends_are_those_of_openssl() {
        let message = testdata("message.txt");
        for name in RSA_KEYS {
            let key = private_key(name);
            for (digest, digest_name) in DIGESTS {
                let algorithm = SignatureAlgorithm::RsaPkcs1v15(digest);
                let expected = testdata(&format!("{name}.pkcs1.{digest_name}.sig"));
                for backend in BACKENDS {
                    if let Some(signature) = sign(backend, &key, algorithm, &message) {
                        assert_eq!(signature, expected, "{name} {digest_name} {backend:?}");
                    }
                }
                assert_eq!(key.sign(algorithm, &message).unwrap(), expected);
                key.public_key()
                    .verify(algorithm, &message, &expected)
                    .unwrap();
            }
        }
    }

    #[test]
    fn pss_signatures_of_openssl_and_of_both_backends_verify() {
        let message = testdata("message.txt");
        for name in RSA_KEYS {
            let key = private_key(name);
            for (digest, digest_name) in DIGESTS {
                let algorithm = SignatureAlgorithm::RsaPss(digest);
                let theirs = testdata(&format!("{name}.pss.{digest_name}.sig"));
                let ours = BACKENDS.map(|backend| sign(backend, &key, algorithm, &message));
                assert_ne!(ours[0], ours[1], "the salt is random");
                for signature in ours.iter().flatten().chain([&theirs]) {
                    key.public_key()
                        .verify(algorithm, &message, signature)
                        .unwrap();
                }
            }
        }
    }

    #[test]
    fn ecdsa_signatures_of_openssl_and_of_both_backends_verify() {
        let key = private_key("p256");
        for (digest, digest_name) in DIGESTS {
            let algorithm = SignatureAlgorithm::Ecdsa(digest);
            let message = testdata("message.txt");
            let theirs = testdata(&format!("p256.ecdsa.{digest_name}.sig"));
            key.public_key()
                .verify(algorithm, &message, &theirs)
                .unwrap();
            // Often enough that r and s with a leading zero or a high bit occur.
            for _ in 0..100 {
                let message = random(40);
                for backend in BACKENDS {
                    if let Some(signature) = sign(backend, &key, algorithm, &message) {
                        key.public_key()
                            .verify(algorithm, &message, &signature)
                            .unwrap();
                    }
                }
            }
        }
    }

    #[test]
    fn graviola_signs_where_it_can() {
        if Backend::detect() == Backend::RustCrypto {
            return;
        }
        let algorithm = SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha256);
        for (name, can) in [("rsa2048", true), ("rsa2056", false), ("rsa4096", true)] {
            let signature = sign(Backend::Graviola, &private_key(name), algorithm, b"");
            assert_eq!(signature.is_some(), can, "{name}");
        }
    }

    #[test]
    fn one_bit_makes_a_signature_invalid() {
        let message = testdata("message.txt");
        for (name, algorithm) in [
            (
                "rsa2048",
                SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha256),
            ),
            (
                "rsa2048",
                SignatureAlgorithm::RsaPss(DigestAlgorithm::Sha256),
            ),
            ("p256", SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256)),
        ] {
            let key = private_key(name);
            let good = key.sign(algorithm, &message).unwrap();
            let refused = |message: &[u8], signature: &[u8]| {
                let result = key.public_key().verify(algorithm, message, signature);
                assert!(
                    matches!(result, Err(Error::SignatureInvalid)),
                    "{algorithm:?}"
                );
            };
            for bit in [0, 7, good.len() * 4, good.len() * 8 - 1] {
                let mut bad = good.clone();
                bad[bit / 8] ^= 1 << (bit % 8);
                refused(&message, &bad);
            }
            let mut other = message.clone();
            other[0] ^= 1;
            refused(&other, &good);
            refused(&message, &good[1..]);
            refused(&message, &good[..good.len() - 1]);
            refused(&message, &[good.as_slice(), &[0]].concat());
            refused(&message, &[&[0], good.as_slice()].concat());
            refused(&message, &[]);
        }
    }

    #[test]
    fn another_digest_scheme_or_salt_is_invalid() {
        let message = testdata("message.txt");
        let key = private_key("rsa2048");
        let signature = testdata("rsa2048.pkcs1.sha256.sig");
        for algorithm in [
            SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha512),
            SignatureAlgorithm::RsaPss(DigestAlgorithm::Sha256),
        ] {
            let result = key.public_key().verify(algorithm, &message, &signature);
            assert!(matches!(result, Err(Error::SignatureInvalid)));
        }
        let result = key.public_key().verify(
            SignatureAlgorithm::RsaPss(DigestAlgorithm::Sha256),
            &message,
            &testdata("rsa2048.pss-max.sha256.sig"),
        );
        assert!(matches!(result, Err(Error::SignatureInvalid)));
    }

    #[test]
    fn the_algorithm_must_suit_the_key() {
        let rsa = SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha256);
        let ecdsa = SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256);
        for (name, algorithm) in [("p256", rsa), ("rsa2048", ecdsa)] {
            let key = private_key(name);
            assert!(matches!(
                key.sign(algorithm, b""),
                Err(Error::KeyMismatch { .. })
            ));
            let result = key.public_key().verify(algorithm, b"", b"");
            assert!(matches!(result, Err(Error::KeyMismatch { .. })));
        }
    }

    #[test]
    fn rsa_1024_signs_nothing() {
        let key = private_key("rsa1024");
        for algorithm in [
            SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha256),
            SignatureAlgorithm::RsaPss(DigestAlgorithm::Sha256),
        ] {
            let error = key.sign(algorithm, b"").unwrap_err();
            assert_eq!(
                error.to_string(),
                "an RSA key of 1024 bits cannot be used here: 2048 to 8192 bits are"
            );
        }
    }

    // RFC 4055 sections 2.1 and 3.1; the same octets OpenSSL writes for a salt of 32.
    #[test]
    fn algorithm_identifiers() {
        for (algorithm, expected) in [
            (
                SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha512),
                "300d06092a864886f70d0101010500",
            ),
            (
                SignatureAlgorithm::RsaPss(DigestAlgorithm::Sha256),
                "304106092a864886f70d01010a3034a00f300d06096086480165030402010500\
                 a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120",
            ),
            (
                SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256),
                "300a06082a8648ce3d040302",
            ),
            (
                SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha512),
                "300a06082a8648ce3d040304",
            ),
        ] {
            assert_eq!(
                algorithm.algorithm_identifier().to_der().unwrap(),
                hex(expected)
            );
        }
    }
}
