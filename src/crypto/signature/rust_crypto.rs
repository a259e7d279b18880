//! Signing and verifying with RustCrypto: portable, and the only one that verifies.

use p256::NistP256;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{DerSignature, VerifyingKey};
use p256::elliptic_curve::NonZeroScalar;
use rand::rngs::SysRng;
use rsa::traits::SignatureScheme;
use rsa::{Pkcs1v15Sign, Pss};
use sha2::{Sha256, Sha384, Sha512};

use super::SignatureAlgorithm;
use crate::crypto::{DigestAlgorithm, Error};

/// A private key of either kind. Both types wipe themselves.
pub(super) enum Key {
    Rsa(rsa::RsaPrivateKey),
    EcP256(p256::SecretKey),
}

impl Key {
    /// Signs a message. RSA uses blinding, and `rsa` checks each result with the public key.
    pub(super) fn sign(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let digest = algorithm.digest().digest(message);
        match (self, algorithm) {
            (Key::Rsa(key), SignatureAlgorithm::RsaPkcs1v15(hash)) => {
                sign_rsa(pkcs1v15(hash), key, &digest)
            }
            (Key::Rsa(key), SignatureAlgorithm::RsaPss(hash)) => match hash {
                DigestAlgorithm::Sha256 => sign_rsa(Pss::<Sha256>::new(), key, &digest),
                DigestAlgorithm::Sha384 => sign_rsa(Pss::<Sha384>::new(), key, &digest),
                DigestAlgorithm::Sha512 => sign_rsa(Pss::<Sha512>::new(), key, &digest),
            },
            (Key::EcP256(key), SignatureAlgorithm::Ecdsa(hash)) => {
                Ok(sign_ecdsa(key, hash, &digest))
            }
            _ => Err(Error::SigningFailed),
        }
    }
}

fn sign_rsa(
    scheme: impl SignatureScheme,
    key: &rsa::RsaPrivateKey,
    digest: &[u8],
) -> Result<Vec<u8>, Error> {
    scheme
        .sign(Some(&mut SysRng), key, digest)
        .map_err(|_| Error::SigningFailed)
}

/// Deterministic ECDSA: RFC 6979 with the digest of the message also in the generation of k.
fn sign_ecdsa(key: &p256::SecretKey, hash: DigestAlgorithm, digest: &[u8]) -> Vec<u8> {
    use ecdsa::hazmat::sign_prehashed_rfc6979 as sign;

    let scalar: NonZeroScalar<NistP256> = key.to_nonzero_scalar();
    let (signature, _) = match hash {
        DigestAlgorithm::Sha256 => sign::<NistP256, Sha256>(&scalar, digest, &[]),
        DigestAlgorithm::Sha384 => sign::<NistP256, Sha384>(&scalar, digest, &[]),
        DigestAlgorithm::Sha512 => sign::<NistP256, Sha512>(&scalar, digest, &[]),
    };
    signature.to_der().as_bytes().to_vec()
}

/// Compares the whole encoded message, as RFC 8017 section 8.2.2 says, so that nothing can hide
/// in or behind the DigestInfo.
pub(super) fn verify_pkcs1v15(
    key: &rsa::RsaPublicKey,
    hash: DigestAlgorithm,
    digest: &[u8],
    signature: &[u8],
) -> Result<(), Error> {
    key.verify(pkcs1v15(hash), digest, signature)
        .map_err(|_| Error::SignatureInvalid)
}

pub(super) fn verify_pss(
    key: &rsa::RsaPublicKey,
    hash: DigestAlgorithm,
    digest: &[u8],
    signature: &[u8],
) -> Result<(), Error> {
    match hash {
        DigestAlgorithm::Sha256 => key.verify(Pss::<Sha256>::new(), digest, signature),
        DigestAlgorithm::Sha384 => key.verify(Pss::<Sha384>::new(), digest, signature),
        DigestAlgorithm::Sha512 => key.verify(Pss::<Sha512>::new(), digest, signature),
    }
    .map_err(|_| Error::SignatureInvalid)
}

pub(super) fn verify_ecdsa(
    key: &p256::PublicKey,
    digest: &[u8],
    signature: &[u8],
) -> Result<(), Error> {
    let signature = DerSignature::from_bytes(signature).map_err(|_| Error::SignatureInvalid)?;
    VerifyingKey::from(key)
        .verify_prehash(digest, &signature)
        .map_err(|_| Error::SignatureInvalid)
}

fn pkcs1v15(hash: DigestAlgorithm) -> Pkcs1v15Sign {
    match hash {
        DigestAlgorithm::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
        DigestAlgorithm::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
        DigestAlgorithm::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
    }
}
