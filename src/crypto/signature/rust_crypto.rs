//! RustCrypto: portable, and the only one that decrypts and that verifies everything.

use hmac::{Hmac, KeyInit, Mac};
use rand::rngs::SysRng;
use rsa::traits::{PaddingScheme, PrivateKeyParts, SignatureScheme};
use rsa::{Pkcs1v15Sign, Pss};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::curve25519::{Ed25519PrivateKey, X25519PrivateKey};
use super::elliptic_curve::EcPrivateKey;
use super::ml_dsa::MlDsaPrivateKey;
use super::ml_kem::MlKemPrivateKey;
use super::rsa::Restriction;
use super::{PublicKey, RsaPublicKey, SignatureAlgorithm};
use crate::crypto::digest::with_digest;
use crate::crypto::{DigestAlgorithm, Error};

/// A private key of any kind. All of the types wipe themselves.
pub(super) enum Key {
    Rsa(Box<rsa::RsaPrivateKey>, Restriction),
    Ec(EcPrivateKey),
    Ed25519(Ed25519PrivateKey),
    X25519(X25519PrivateKey),
    MlDsa(MlDsaPrivateKey),
    MlKem(MlKemPrivateKey),
}

impl Key {
    pub(super) fn public_key(&self) -> PublicKey {
        match self {
            Key::Rsa(key, restriction) => {
                PublicKey::Rsa(RsaPublicKey::new(key.to_public_key(), *restriction))
            }
            Key::Ec(key) => PublicKey::Ec(key.public_key()),
            Key::Ed25519(key) => PublicKey::Ed25519(key.public_key()),
            Key::X25519(key) => PublicKey::X25519(key.public_key()),
            Key::MlDsa(key) => PublicKey::MlDsa(key.public_key()),
            Key::MlKem(key) => PublicKey::MlKem(key.public_key()),
        }
    }

    /// Signs a message. RSA uses blinding, and `rsa` checks each result with the public key.
    pub(super) fn sign(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let digest = || algorithm.digest().digest(message);
        match (self, algorithm) {
            (Key::Rsa(key, _), SignatureAlgorithm::RsaPkcs1v15(hash)) => {
                let scheme = pkcs1v15(hash).ok_or(Error::SigningFailed)?;
                sign_rsa(scheme, key, &digest())
            }
            (Key::Rsa(key, _), SignatureAlgorithm::RsaPss(parameters)) => {
                let (hash, salt_length) = (parameters.digest(), parameters.salt_length());
                with_digest!(hash, D => {
                    sign_rsa(Pss::<D>::new_with_salt(salt_length), key, &digest())
                })
                .unwrap_or(Err(Error::SigningFailed))
            }
            (Key::Ec(key), SignatureAlgorithm::Ecdsa(hash)) => key.sign(hash, &digest()),
            (Key::Ed25519(key), SignatureAlgorithm::Ed25519) => Ok(key.sign(message)),
            (Key::MlDsa(key), SignatureAlgorithm::MlDsa(_)) => key.sign(message),
            _ => Err(Error::SigningFailed),
        }
    }
}

/// RSA decryption, blinded, and checked with the public key against faults.
pub(super) fn decrypt_rsa(
    scheme: impl PaddingScheme,
    key: &rsa::RsaPrivateKey,
    encrypted: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Error> {
    scheme
        .decrypt(Some(&mut SysRng), key, encrypted)
        .map(Zeroizing::new)
        .map_err(|_| Error::DecryptionFailed)
}

/// A secret that belongs to this key and ciphertext: HMAC-SHA-256 over the ciphertext, keyed with
/// the digest of the private exponent, as step 3.1 of draft-irtf-cfrg-rsa-guidance section 7.2
/// makes its own, under a label that keeps the two apart.
pub(super) fn rejection_secret(key: &rsa::RsaPrivateKey, encrypted: &[u8]) -> Zeroizing<[u8; 32]> {
    let exponent = Zeroizing::new(key.d().to_be_bytes());
    let exponent = Zeroizing::new(<[u8; 32]>::from(Sha256::digest(&**exponent)));
    let mut mac =
        Hmac::<Sha256>::new_from_slice(exponent.as_slice()).expect("HMAC takes keys of any length");
    mac.update(b"mailseal content-encryption key");
    mac.update(encrypted);
    Zeroizing::new(mac.finalize().into_bytes().into())
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

/// Compares the whole encoded message, as RFC 8017 section 8.2.2 says, so that nothing can hide
/// in or behind the DigestInfo.
pub(super) fn verify_pkcs1v15(
    key: &rsa::RsaPublicKey,
    hash: DigestAlgorithm,
    digest: &[u8],
    signature: &[u8],
) -> Result<(), Error> {
    let scheme = pkcs1v15(hash).ok_or(Error::SignatureInvalid)?;
    key.verify(scheme, digest, signature)
        .map_err(|_| Error::SignatureInvalid)
}

/// RFC 8017 section 9.2 note 1; there is none with SHAKE.
fn pkcs1v15(hash: DigestAlgorithm) -> Option<Pkcs1v15Sign> {
    with_digest!(hash, D => Pkcs1v15Sign::new::<D>())
}
