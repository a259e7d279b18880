//! Signatures: RSASSA-PKCS1-v1_5 (RFC 3370), RSASSA-PSS (RFC 4056) and ECDSA (RFC 5754), and the
//! keys that make and check them.
//!
//! ```no_run
//! use mailseal::crypto::{DigestAlgorithm, PrivateKey, SignatureAlgorithm};
//! # use mailseal::secret::Secret;
//!
//! # fn example(pkcs8: Secret) -> Result<(), mailseal::crypto::Error> {
//! let key = PrivateKey::from_pkcs8_der(&pkcs8)?;
//! let algorithm = SignatureAlgorithm::for_key(&key.public_key(), DigestAlgorithm::Sha256, false);
//! let signature = key.sign(algorithm, b"signed attributes")?;
//! key.public_key().verify(algorithm, b"signed attributes", &signature)?;
//! # Ok(())
//! # }
//! ```
//!
//! # Not supported
//! Curves other than P-256, Ed25519, ML-DSA, DSA; RSA keys restricted to PSS (id-RSASSA-PSS as a
//! key's algorithm); multi-prime RSA; PSS with another salt length than the digest's.

mod graviola;
mod private_key;
mod public_key;
mod rust_crypto;

use std::sync::OnceLock;

use der::{Any, Encode};
use rsa::pkcs1::RsaPssParams;
use sha2::{Sha256, Sha384, Sha512};
use spki::AlgorithmIdentifierOwned;

pub use self::private_key::PrivateKey;
pub use self::public_key::{EcP256PublicKey, PublicKey, RsaPublicKey};
use super::DigestAlgorithm;
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
}

impl SignatureAlgorithm {
    /// The algorithm for a key: ECDSA for an elliptic curve, else RSA, with PSS when `pss`.
    pub fn for_key(key: &PublicKey, digest: DigestAlgorithm, pss: bool) -> Self {
        match key {
            PublicKey::EcP256(_) => SignatureAlgorithm::Ecdsa(digest),
            PublicKey::Rsa(_) if pss => SignatureAlgorithm::RsaPss(digest),
            PublicKey::Rsa(_) => SignatureAlgorithm::RsaPkcs1v15(digest),
        }
    }

    /// The digest, which also makes the messageDigest attribute.
    pub fn digest(self) -> DigestAlgorithm {
        match self {
            SignatureAlgorithm::RsaPkcs1v15(digest)
            | SignatureAlgorithm::RsaPss(digest)
            | SignatureAlgorithm::Ecdsa(digest) => digest,
        }
    }

    /// Its name in errors and reports.
    pub fn name(self) -> &'static str {
        match self {
            SignatureAlgorithm::RsaPkcs1v15(_) => "RSASSA-PKCS1-v1_5",
            SignatureAlgorithm::RsaPss(_) => "RSASSA-PSS",
            SignatureAlgorithm::Ecdsa(_) => "ECDSA",
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
