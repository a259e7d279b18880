//! Signing and verifying with graviola, whose assembly needs a recent processor.
//!
//! graviola panics in its first call on a processor that lacks what it needs, so nothing of it
//! is touched before [`Backend::detect`] has said that it runs here.

use ::graviola::hashing::{Sha256, Sha384, Sha512};
use ::graviola::signing::ecdsa::{P256, SigningKey as EcdsaKey, VerifyingKey as EcdsaPublicKey};
use ::graviola::signing::rsa::{SigningKey as RsaKey, VerifyingKey as GraviolaRsaPublicKey};
use rsa::pkcs1::EncodeRsaPrivateKey;

use super::elliptic_curve::EcPrivateKey;
use super::{Backend, Curve, EcPublicKey, PublicKey, RsaPublicKey, SignatureAlgorithm};
use crate::crypto::{DigestAlgorithm, Error};

/// A private key in graviola's form, which wipes itself. Large, hence boxed.
pub(super) enum Key {
    Rsa(Box<RsaKey>),
    EcP256(Box<EcdsaKey<P256>>),
}

/// Whether graviola runs on this processor: aes, pclmulqdq, bmi1, adx, avx and avx2 on x86-64;
/// neon, aes, pmull and sha2 on AArch64.
pub(super) fn runs_here() -> bool {
    ::graviola::util::is_cpu_supported() && has_multiplication_without_flags()
}

/// graviola's big integers use MULX, which is part of BMI2, and it does not ask for that. Every
/// processor with ADX has it, but a hypervisor may hide it.
#[cfg(target_arch = "x86_64")]
fn has_multiplication_without_flags() -> bool {
    std::arch::is_x86_feature_detected!("bmi2")
}

#[cfg(not(target_arch = "x86_64"))]
fn has_multiplication_without_flags() -> bool {
    true
}

/// The sizes that graviola generates and tests itself; it would take others, but its PSS encoding
/// assumes a modulus of whole octets.
const RSA_BITS: [usize; 5] = [2048, 3072, 4096, 6144, 8192];

impl Key {
    /// The key has been checked for consistency, which graviola does not do.
    pub(super) fn from_rsa(key: &rsa::RsaPrivateKey, bits: usize) -> Option<Self> {
        if Backend::detect() != Backend::Graviola || !RSA_BITS.contains(&bits) {
            return None;
        }
        let key = key.to_pkcs1_der().ok()?;
        let key = RsaKey::from_pkcs1_der(key.as_bytes()).ok()?;
        Some(Key::Rsa(Box::new(key)))
    }

    /// Of the curves it has, only P-256 is much faster than RustCrypto's.
    pub(super) fn from_ec(key: &EcPrivateKey) -> Option<Self> {
        let EcPrivateKey::P256(key) = key else {
            return None;
        };
        if Backend::detect() != Backend::Graviola {
            return None;
        }
        let key = key.to_sec1_der().ok()?;
        let key = EcdsaKey::from_sec1_der(&key).ok()?;
        Some(Key::EcP256(Box::new(key)))
    }

    /// Signs a message. graviola checks each RSA signature with the public key, and mixes
    /// randomness into the k of RFC 6979 (section 3.6), so its ECDSA is not deterministic.
    pub(super) fn sign(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, Error> {
        match (self, algorithm) {
            (Key::Rsa(key), SignatureAlgorithm::RsaPkcs1v15(hash)) => {
                let mut signature = vec![0; key.modulus_len_bytes()];
                match hash {
                    DigestAlgorithm::Sha256 => key.sign_pkcs1_sha256(&mut signature, message),
                    DigestAlgorithm::Sha384 => key.sign_pkcs1_sha384(&mut signature, message),
                    DigestAlgorithm::Sha512 => key.sign_pkcs1_sha512(&mut signature, message),
                    _ => return Err(Error::BackendUnavailable),
                }
                .map(<[u8]>::to_vec)
            }
            // graviola's salt is as long as the digest.
            (Key::Rsa(key), SignatureAlgorithm::RsaPss(parameters))
                if parameters.salt_length() == parameters.digest().length() =>
            {
                let mut signature = vec![0; key.modulus_len_bytes()];
                match parameters.digest() {
                    DigestAlgorithm::Sha256 => key.sign_pss_sha256(&mut signature, message),
                    DigestAlgorithm::Sha384 => key.sign_pss_sha384(&mut signature, message),
                    DigestAlgorithm::Sha512 => key.sign_pss_sha512(&mut signature, message),
                    _ => return Err(Error::BackendUnavailable),
                }
                .map(<[u8]>::to_vec)
            }
            (Key::EcP256(key), SignatureAlgorithm::Ecdsa(hash)) => {
                // ECDSA-Sig-Value of P-256 has at most 72 octets.
                let mut signature = [0; 80];
                match hash {
                    DigestAlgorithm::Sha256 => key.sign_asn1::<Sha256>(&[message], &mut signature),
                    DigestAlgorithm::Sha384 => key.sign_asn1::<Sha384>(&[message], &mut signature),
                    DigestAlgorithm::Sha512 => key.sign_asn1::<Sha512>(&[message], &mut signature),
                    _ => return Err(Error::BackendUnavailable),
                }
                .map(<[u8]>::to_vec)
            }
            _ => return Err(Error::BackendUnavailable),
        }
        .map_err(|_| Error::SigningFailed)
    }
}

/// Checks a signature over a message; none where that is left to RustCrypto: on another processor, for
/// other keys than RSA of the usual sizes and P-256, for PSS and for old and odd digests.
///
/// The two come to the same verdict (`wycheproof` asks both). What a signature looks like is not
/// graviola's to say: RFC 8017 8.2.2 compares the whole of an encoded message, and the DER of an
/// ECDSA-Sig-Value is read by RustCrypto.
pub(super) fn verify(
    key: &PublicKey,
    algorithm: SignatureAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> Option<Result<(), Error>> {
    if Backend::detect() != Backend::Graviola {
        return None;
    }
    let is_valid = match (key, algorithm) {
        (PublicKey::Rsa(key), SignatureAlgorithm::RsaPkcs1v15(hash)) => {
            verify_pkcs1v15(key, hash, message, signature)?
        }
        (PublicKey::Ec(key), SignatureAlgorithm::Ecdsa(hash)) if key.curve() == Curve::P256 => {
            verify_p256(key, hash, message, signature)?
        }
        _ => return None,
    };
    Some(match is_valid {
        true => Ok(()),
        false => Err(Error::SignatureInvalid),
    })
}

fn verify_pkcs1v15(
    key: &RsaPublicKey,
    hash: DigestAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> Option<bool> {
    if key.is_restricted_to_pss() || !RSA_BITS.contains(&key.bits()) {
        return None;
    }
    let verify = match hash {
        DigestAlgorithm::Sha256 => GraviolaRsaPublicKey::verify_pkcs1_sha256,
        DigestAlgorithm::Sha384 => GraviolaRsaPublicKey::verify_pkcs1_sha384,
        DigestAlgorithm::Sha512 => GraviolaRsaPublicKey::verify_pkcs1_sha512,
        _ => return None,
    };
    // It takes exponents of 32 bits; ours have 33 and fewer.
    let key = GraviolaRsaPublicKey::from_pkcs1_der(&key.to_pkcs1().ok()?).ok()?;
    Some(verify(&key, signature, message).is_ok())
}

fn verify_p256(
    key: &EcPublicKey,
    hash: DigestAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> Option<bool> {
    let verify = match hash {
        DigestAlgorithm::Sha256 => EcdsaPublicKey::<P256>::verify::<Sha256>,
        DigestAlgorithm::Sha384 => EcdsaPublicKey::<P256>::verify::<Sha384>,
        DigestAlgorithm::Sha512 => EcdsaPublicKey::<P256>::verify::<Sha512>,
        _ => return None,
    };
    let key = EcdsaPublicKey::from_x962_uncompressed(&key.to_point()).ok()?;
    let signature = p256::ecdsa::Signature::from_der(signature);
    Some(signature.is_ok_and(|it| verify(&key, &[message], &it.to_bytes()).is_ok()))
}
