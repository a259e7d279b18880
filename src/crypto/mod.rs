//! The one place that names algorithms.
//!
//! Everything above it (`cms`, `smime`, the command line) speaks of a [`SignatureAlgorithm`],
//! a [`KeyTransport`] or a [`ContentCipher`], and asks it for its AlgorithmIdentifier, its key
//! length or its name. All implementations are Rust: RustCrypto, and graviola for signatures
//! where the processor has what it needs (see [`Backend`]).
//!
//! | use | algorithms | RFC |
//! |---|---|---|
//! | digest | SHA-256, SHA-384, SHA-512; for reading SHA-1, SHA-224, SHA-3 and SHAKE | 5754, 8702 |
//! | signature | RSASSA-PKCS1-v1_5, RSASSA-PSS, ECDSA over P-256, P-384 and P-521, each with any of the digests; Ed25519; ML-DSA; for reading DSA | 3370, 4056, 5754, 8419, 9882 |
//! | key transport | RSAES-PKCS1-v1_5, RSAES-OAEP with any of the digests | 3370, 3560 |
//! | key agreement | ephemeral-static ECDH over P-256, P-384 and P-521, and over X25519, X9.63 KDF with SHA-1 to SHA-512 or HKDF with SHA-256 to SHA-512 | 5753, 8418 |
//! | key encapsulation | ML-KEM, HKDF with SHA-256 to SHA-512 | 9629, 9936 |
//! | key wrap | AES-128, AES-192, AES-256 | 3394, 3565 |
//! | password | PBKDF2 with HMAC-SHA-1 to HMAC-SHA-512, PWRI-KEK with AES | 3211, 8018 |
//! | content encryption | AES-128, AES-192 and AES-256 in CBC, GCM and CCM; ChaCha20-Poly1305 | 3565, 5084, 8103 |
//!
//! All of them work in both directions, but for what is there to read old mail: content in triple
//! DES and RC2 (RFC 3370) is decrypted and never encrypted, signatures with SHA-1 and with DSA are
//! verified and never made. `is_legacy` says so, and the caller decides whether to read it. What a
//! message asks for arrives as an AlgorithmIdentifier and becomes a [`SignatureAlgorithm`], a
//! [`KeyTransportAlgorithm`], a [`KeyAgreementAlgorithm`], a [`KeyEncapsulationAlgorithm`] or a
//! [`ContentEncryptionAlgorithm`], or an error that names what is not supported. Whatever fails after that, with the recipient's secrets,
//! is the one [`Error::DecryptionFailed`].
//!
//! RSA keys have 2048 to 8192 bits for making signatures and for encrypting (RFC 8551 sections
//! 4.2 and 4.4 forbid less), 1024 to 8192 for verifying and decrypting.
//!
//! ```
//! use mailseal::crypto::{ContentCipher, DigestAlgorithm, SignatureAlgorithm};
//!
//! let algorithm = SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha256);
//! assert_eq!(algorithm.digest().micalg(), "sha-256");
//! assert_eq!("aes256-cbc".parse(), Ok(ContentCipher::Aes256Cbc));
//! ```
//!
//! # Not supported
//! Ed448, X448 and curves other than P-256, P-384 and P-521; DES; MD5. They are refused by name
//! ([`Error::UnsupportedAlgorithm`]).

pub mod content;
pub mod digest;
mod error;
pub mod key_agreement;
mod key_derivation;
pub mod key_encapsulation;
pub mod key_transport;
pub mod key_wrap;
pub mod password;
pub mod signature;
#[cfg(test)]
pub(crate) mod testing;
pub mod tls_provider;
#[cfg(test)]
mod wycheproof;

pub use content::{
    ContentCipher, ContentEncryptionAlgorithm, ContentEncryptionKey, Decryptor, Encryptor,
    UnknownCipher,
};
pub use digest::{Digest, DigestAlgorithm};
pub use error::Error;
pub use key_agreement::{AgreedKey, KeyAgreement, KeyAgreementAlgorithm, OriginatorPublicKey};
pub use key_encapsulation::{EncapsulatedKey, KeyEncapsulationAlgorithm};
pub use key_transport::{KeyTransport, KeyTransportAlgorithm};
pub use key_wrap::{KeyEncryptionKey, KeyWrap};
pub use password::{KeyDerivation, PasswordKeyEncryption};
pub use signature::{
    Backend, Curve, MlDsaParameterSet, MlKemParameterSet, PrivateKey, PssParameters, PublicKey,
    SignatureAlgorithm,
};

#[cfg(test)]
mod tests {
    use super::*;
    use der::referenced::OwnedToRef;
    use der::{Decode, Encode};
    use spki::AlgorithmIdentifierRef;

    #[test]
    fn no_identifier_of_a_stranger_makes_a_panic() {
        let mut identifiers = vec![
            KeyTransport::Pkcs1v15.algorithm_identifier(),
            KeyTransport::Oaep(DigestAlgorithm::Sha384).algorithm_identifier(),
            KeyAgreement::DhSinglePassStdDhSha256Kdf.algorithm_identifier(KeyWrap::Aes256),
        ];
        identifiers.extend(ContentCipher::MAKEABLE.map(|cipher| {
            let (encryptor, _) = Encryptor::with_length(cipher, &[], 7).unwrap();
            encryptor.algorithm_identifier()
        }));
        for identifier in identifiers {
            assert!(read(identifier.owned_to_ref()));
            let whole = identifier.to_der().unwrap();
            for position in 0..whole.len() {
                for octet in 0..=u8::MAX {
                    let mut changed = whole.clone();
                    changed[position] = octet;
                    if let Ok(identifier) = AlgorithmIdentifierRef::from_der(&changed) {
                        read(identifier);
                    }
                }
            }
        }
    }

    /// Whether any of the algorithms knows the identifier.
    fn read(identifier: AlgorithmIdentifierRef<'_>) -> bool {
        KeyTransportAlgorithm::from_algorithm_identifier(identifier).is_ok()
            | KeyAgreementAlgorithm::from_algorithm_identifier(identifier).is_ok()
            | ContentEncryptionAlgorithm::from_algorithm_identifier(identifier).is_ok()
    }
}
