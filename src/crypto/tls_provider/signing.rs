//! Private keys for the side that shows a certificate: RSA, P-256, P-384 and Ed25519.

use std::fmt;
use std::sync::Arc;

use pkcs8::{DecodePrivateKey, EncodePublicKey};
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::signature::{RandomizedSigner, SignatureEncoding};
use rustls::crypto::KeyProvider;
use rustls::pki_types::{PrivateKeyDer, SubjectPublicKeyInfoDer};
use rustls::sign::{Signer, SigningKey};
use rustls::{Error, SignatureAlgorithm, SignatureScheme};
use sha2::{Sha256, Sha384, Sha512};

/// The schemes of the ECDSA suites; RFC 8422 5.1.3 counts EdDSA among them.
pub(super) const ECDSA_SCHEMES: &[SignatureScheme] = &[
    SignatureScheme::ED25519,
    SignatureScheme::ECDSA_NISTP384_SHA384,
    SignatureScheme::ECDSA_NISTP256_SHA256,
];

/// The schemes of an RSA key, PSS first.
pub(super) const RSA_SCHEMES: &[SignatureScheme] = &[
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::RSA_PSS_SHA384,
    SignatureScheme::RSA_PSS_SHA512,
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
];

/// Reads PKCS#8, PKCS#1 and SEC1 private keys.
#[derive(Debug)]
pub(super) struct PrivateKeys;

impl KeyProvider for PrivateKeys {
    fn load_private_key(
        &self,
        key_der: PrivateKeyDer<'static>,
    ) -> Result<Arc<dyn SigningKey>, Error> {
        let key = PrivateKey::read(&key_der)
            .ok_or_else(|| Error::General("TLS private key is of an unsupported type".into()))?;
        Ok(Arc::new(Key(Arc::new(key))))
    }
}

enum PrivateKey {
    Rsa(Box<rsa::RsaPrivateKey>),
    EcP256(p256::ecdsa::SigningKey),
    EcP384(p384::ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
}

impl PrivateKey {
    fn read(key: &PrivateKeyDer<'_>) -> Option<Self> {
        match key {
            PrivateKeyDer::Pkcs1(key) => Some(Self::Rsa(Box::new(
                rsa::RsaPrivateKey::from_pkcs1_der(key.secret_pkcs1_der()).ok()?,
            ))),
            PrivateKeyDer::Sec1(key) => {
                let der = key.secret_sec1_der();
                let p256 = p256::SecretKey::from_sec1_der(der).ok();
                let p384 = || p384::SecretKey::from_sec1_der(der).ok();
                p256.map(|key| Self::EcP256((&key).into()))
                    .or_else(|| p384().map(|key| Self::EcP384((&key).into())))
            }
            PrivateKeyDer::Pkcs8(key) => Self::read_pkcs8(key.secret_pkcs8_der()),
            _ => None,
        }
    }

    // Each reader checks the AlgorithmIdentifier, so at most one of them succeeds.
    fn read_pkcs8(der: &[u8]) -> Option<Self> {
        let rsa = rsa::RsaPrivateKey::from_pkcs8_der(der).ok();
        let p256 = || p256::ecdsa::SigningKey::from_pkcs8_der(der).ok();
        let p384 = || p384::ecdsa::SigningKey::from_pkcs8_der(der).ok();
        let ed25519 = || ed25519_dalek::SigningKey::from_pkcs8_der(der).ok();
        rsa.map(|key| Self::Rsa(Box::new(key)))
            .or_else(|| p256().map(Self::EcP256))
            .or_else(|| p384().map(Self::EcP384))
            .or_else(|| ed25519().map(Self::Ed25519))
    }

    fn schemes(&self) -> &'static [SignatureScheme] {
        match self {
            Self::Rsa(_) => RSA_SCHEMES,
            Self::EcP256(_) => &[SignatureScheme::ECDSA_NISTP256_SHA256],
            Self::EcP384(_) => &[SignatureScheme::ECDSA_NISTP384_SHA384],
            Self::Ed25519(_) => &[SignatureScheme::ED25519],
        }
    }

    fn sign(&self, scheme: SignatureScheme, message: &[u8]) -> Result<Vec<u8>, Error> {
        let signature = match self {
            Self::Rsa(key) => sign_rsa(key, scheme, message),
            Self::EcP256(key) => {
                use p256::ecdsa::signature::Signer as _;
                key.try_sign(message)
                    .ok()
                    .map(|signature: p256::ecdsa::DerSignature| signature.as_bytes().to_vec())
            }
            Self::EcP384(key) => {
                use p384::ecdsa::signature::Signer as _;
                key.try_sign(message)
                    .ok()
                    .map(|signature: p384::ecdsa::DerSignature| signature.as_bytes().to_vec())
            }
            Self::Ed25519(key) => {
                use ed25519_dalek::Signer as _;
                key.try_sign(message)
                    .ok()
                    .map(|signature| signature.to_vec())
            }
        };
        signature.ok_or_else(|| Error::General("the TLS private key could not sign".into()))
    }
}

fn sign_rsa(key: &rsa::RsaPrivateKey, scheme: SignatureScheme, message: &[u8]) -> Option<Vec<u8>> {
    use rsa::{pkcs1v15, pss};
    let random = &mut rand::rng();
    let key = key.clone();
    // RSA blinding draws on the random source in both paddings.
    let signature = match scheme {
        SignatureScheme::RSA_PSS_SHA256 => pss::SigningKey::<Sha256>::new(key)
            .try_sign_with_rng(random, message)
            .map(|signature| signature.to_vec()),
        SignatureScheme::RSA_PSS_SHA384 => pss::SigningKey::<Sha384>::new(key)
            .try_sign_with_rng(random, message)
            .map(|signature| signature.to_vec()),
        SignatureScheme::RSA_PSS_SHA512 => pss::SigningKey::<Sha512>::new(key)
            .try_sign_with_rng(random, message)
            .map(|signature| signature.to_vec()),
        SignatureScheme::RSA_PKCS1_SHA256 => pkcs1v15::SigningKey::<Sha256>::new(key)
            .try_sign_with_rng(random, message)
            .map(|signature| signature.to_vec()),
        SignatureScheme::RSA_PKCS1_SHA384 => pkcs1v15::SigningKey::<Sha384>::new(key)
            .try_sign_with_rng(random, message)
            .map(|signature| signature.to_vec()),
        SignatureScheme::RSA_PKCS1_SHA512 => pkcs1v15::SigningKey::<Sha512>::new(key)
            .try_sign_with_rng(random, message)
            .map(|signature| signature.to_vec()),
        _ => return None,
    };
    signature.ok()
}

struct Key(Arc<PrivateKey>);

impl SigningKey for Key {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let scheme = *self
            .0
            .schemes()
            .iter()
            .find(|scheme| offered.contains(scheme))?;
        Some(Box::new(SchemeSigner {
            key: Arc::clone(&self.0),
            scheme,
        }))
    }

    // With this rustls can tell that a certificate is not this key's, before any peer does.
    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        let document = match &*self.0 {
            PrivateKey::Rsa(key) => key.to_public_key().to_public_key_der(),
            PrivateKey::EcP256(key) => key.verifying_key().to_public_key_der(),
            PrivateKey::EcP384(key) => key.verifying_key().to_public_key_der(),
            PrivateKey::Ed25519(key) => key.verifying_key().to_public_key_der(),
        };
        Some(SubjectPublicKeyInfoDer::from(document.ok()?.into_vec()))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        match *self.0 {
            PrivateKey::Rsa(_) => SignatureAlgorithm::RSA,
            PrivateKey::EcP256(_) | PrivateKey::EcP384(_) => SignatureAlgorithm::ECDSA,
            PrivateKey::Ed25519(_) => SignatureAlgorithm::ED25519,
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("Key")
            .field(&self.algorithm())
            .finish()
    }
}

struct SchemeSigner {
    key: Arc<PrivateKey>,
    scheme: SignatureScheme,
}

impl Signer for SchemeSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        self.key.sign(self.scheme, message)
    }

    fn scheme(&self) -> SignatureScheme {
        self.scheme
    }
}

impl fmt::Debug for SchemeSigner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("SchemeSigner")
            .field(&self.scheme)
            .finish()
    }
}
