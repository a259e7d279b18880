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
//! Curves other than P-256, P-384 and P-521; Ed448, X448 and SLH-DSA; DSA private keys; multi-prime
//! RSA. Signatures with SHA-1, SHA-224, SHA-3 and SHAKE, and with DSA, are verified and not made.

mod algorithm;
mod curve25519;
mod dsa;
mod elliptic_curve;
mod graviola;
mod ml_dsa;
mod ml_kem;
mod private_key;
mod pss;
mod public_key;
mod rsa;
mod rust_crypto;
mod seed_or_expanded;

use std::sync::OnceLock;

pub use self::algorithm::SignatureAlgorithm;
pub use self::curve25519::{Ed25519PublicKey, X25519PublicKey};
pub use self::dsa::DsaPublicKey;
pub use self::elliptic_curve::{Curve, EcPublicKey};
pub use self::ml_dsa::{MlDsaParameterSet, MlDsaPublicKey};
pub use self::ml_kem::{MlKemParameterSet, MlKemPublicKey};
pub use self::private_key::PrivateKey;
pub use self::pss::{MaskGeneration, PssParameters};
pub use self::public_key::PublicKey;
pub use self::rsa::RsaPublicKey;

/// The two implementations of signing and verifying.
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
mod attacks;
#[cfg(test)]
mod post_quantum_keys;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod wycheproof;
