//! The keyEncryptionAlgorithm of a KeyTransRecipientInfo, and the way back from its EncryptedKey.

use der::asn1::AnyRef;
use rsa::Pkcs1v15Encrypt;
use spki::AlgorithmIdentifierRef;
use subtle::{ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

use super::OaepParameters;
use crate::asn1::oid;
use crate::crypto::{ContentCipher, ContentEncryptionKey, Error, PrivateKey};

/// A key transport as a message names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyTransportAlgorithm {
    /// RSAES-PKCS1-v1_5.
    Pkcs1v15,
    /// RSAES-OAEP.
    Oaep(OaepParameters),
}

impl KeyTransportAlgorithm {
    /// Reads a KeyEncryptionAlgorithmIdentifier.
    ///
    /// [`Error::UnsupportedAlgorithm`] names another algorithm, or what OAEP is asked to use;
    /// [`Error::MalformedParameters`] says that the parameters are not those of the algorithm.
    pub fn from_algorithm_identifier(algorithm: AlgorithmIdentifierRef<'_>) -> Result<Self, Error> {
        match algorithm.oid {
            // RFC 3370 section 4.2.1: the parameters MUST be NULL, which some leave out.
            oid::RSA_ENCRYPTION => {
                if algorithm.parameters.is_none_or(|it| it == AnyRef::NULL) {
                    Ok(KeyTransportAlgorithm::Pkcs1v15)
                } else {
                    Err(Error::malformed_parameters(&algorithm.oid))
                }
            }
            oid::ID_RSAES_OAEP => OaepParameters::from_parameters(algorithm.parameters)
                .map(KeyTransportAlgorithm::Oaep),
            other => Err(Error::unsupported(&other)),
        }
    }

    /// The content-encryption key for `cipher` in an EncryptedKey of a message.
    ///
    /// [`Error::KeyMismatch`] for a key that is not RSA. OAEP answers everything else that is
    /// wrong with [`Error::DecryptionFailed`]. PKCS #1 v1.5 never says that anything is wrong,
    /// not even to its caller: a padding that is broken, a key of another length, an encrypted
    /// key of another length than the modulus all give a key that nobody knows, after the same
    /// work (RFC 3218 section 2.3.2), and the content does not decrypt with it. It is the same
    /// key each time the same message comes, so that repeating one tells nothing either.
    pub fn decrypt(
        &self,
        recipient: &PrivateKey,
        encrypted_key: &[u8],
        cipher: ContentCipher,
    ) -> Result<ContentEncryptionKey, Error> {
        let key = match self {
            KeyTransportAlgorithm::Pkcs1v15 => pkcs1v15(recipient, encrypted_key, cipher)?,
            KeyTransportAlgorithm::Oaep(parameters) => {
                parameters.decrypt(recipient, encrypted_key)?
            }
        };
        ContentEncryptionKey::received(cipher, key)
    }

    /// Its name in errors and reports.
    pub fn name(&self) -> &'static str {
        match self {
            KeyTransportAlgorithm::Pkcs1v15 => "RSAES-PKCS1-v1_5",
            KeyTransportAlgorithm::Oaep(_) => "RSAES-OAEP",
        }
    }
}

/// Decrypts with `rsa`, which answers a wrong padding with a message made up from the private key
/// and the ciphertext (draft-irtf-cfrg-rsa-guidance section 7.2). The length of that message is
/// made up too; the draft lets it be known, because nobody can tell it from a real one.
fn pkcs1v15(
    recipient: &PrivateKey,
    encrypted_key: &[u8],
    cipher: ContentCipher,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let rejection = recipient.rejection_secret(encrypted_key)?;
    // An error is about the ciphertext alone, which anyone can see is too short or too large, or
    // a fault in the arithmetic: an empty message goes the way of all others.
    let message = recipient
        .decrypt_rsa(Pkcs1v15Encrypt, encrypted_key)
        .unwrap_or_default();
    let mut key = Zeroizing::new(rejection[..cipher.key_length()].to_vec());
    let right_length = message.len().ct_eq(&cipher.key_length());
    for (octet, received) in key.iter_mut().zip(message.iter()) {
        octet.conditional_assign(received, right_length);
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::testing::{Enveloped, private_key, random, testdata};
    use crate::crypto::{DigestAlgorithm, KeyTransport, PublicKey};
    use cms::enveloped_data::RecipientInfo;
    use der::referenced::OwnedToRef;
    use rand::rngs::SysRng;
    use rsa::traits::PaddingScheme;
    use spki::AlgorithmIdentifierOwned;

    const ALL: [KeyTransport; 4] = [
        KeyTransport::Pkcs1v15,
        KeyTransport::Oaep(DigestAlgorithm::Sha256),
        KeyTransport::Oaep(DigestAlgorithm::Sha384),
        KeyTransport::Oaep(DigestAlgorithm::Sha512),
    ];

    fn received(transport: KeyTransport) -> KeyTransportAlgorithm {
        let algorithm = transport.algorithm_identifier();
        KeyTransportAlgorithm::from_algorithm_identifier(algorithm.owned_to_ref()).unwrap()
    }

    /// The recipient's part of a message of OpenSSL.
    fn key_trans(enveloped: &Enveloped) -> (AlgorithmIdentifierOwned, &[u8]) {
        let RecipientInfo::Ktri(recipient) = &enveloped.recipient else {
            panic!("not a KeyTransRecipientInfo");
        };
        (recipient.key_enc_alg.clone(), recipient.enc_key.as_bytes())
    }

    /// Encrypts what no sender of ours would: a message of any length, to a key of any.
    fn encrypt_pkcs1(recipient: &PrivateKey, message: &[u8]) -> Vec<u8> {
        let PublicKey::Rsa(public) = recipient.public_key() else {
            panic!("not an RSA key")
        };
        Pkcs1v15Encrypt
            .encrypt(&mut SysRng, public.inner().unwrap(), message)
            .unwrap()
    }

    #[test]
    fn messages_of_openssl_are_decrypted() {
        for name in [
            "pkcs1.aes-128-cbc",
            "pkcs1.aes-256-cbc",
            "pkcs1.aes-128-gcm",
            "pkcs1.aes-256-gcm",
            "pkcs1.aes-192-cbc",
            "pkcs1.aes-192-gcm",
            "pkcs1.des3",
            "pkcs1.rc2-40-cbc",
            "pkcs1.rc2-64-cbc",
            "pkcs1.rc2-cbc",
            "oaep-sha256-sha256.aes-256-gcm",
            "oaep-sha256-sha384.aes-256-gcm",
            "oaep-sha256-sha512.aes-256-gcm",
            "oaep-sha384-sha384.aes-256-gcm",
            "oaep-sha512-sha512.aes-256-gcm",
            "oaep-label.aes-256-cbc",
        ] {
            let enveloped = Enveloped::of(&format!("rsa2048.{name}.cms"));
            let (algorithm, encrypted_key) = key_trans(&enveloped);
            let algorithm = algorithm.owned_to_ref();
            let algorithm = KeyTransportAlgorithm::from_algorithm_identifier(algorithm).unwrap();
            let key = algorithm
                .decrypt(&private_key("rsa2048"), encrypted_key, enveloped.cipher())
                .unwrap();
            let content = enveloped.decrypt(&key).unwrap();
            assert_eq!(content, testdata("message.txt"), "{name}");
        }
    }

    #[test]
    fn what_we_encrypt_comes_back() {
        for name in ["rsa2048", "rsa2056", "rsa2048-e3", "rsa4096"] {
            let recipient = private_key(name);
            for transport in ALL {
                for cipher in [ContentCipher::Aes128Gcm, ContentCipher::Aes256Cbc] {
                    let key = ContentEncryptionKey::generate(cipher).unwrap();
                    let encrypted = transport.encrypt(recipient.public_key(), &key).unwrap();
                    let algorithm = received(transport);
                    assert_eq!(algorithm.name(), transport.name());
                    let decrypted = algorithm.decrypt(&recipient, &encrypted, cipher).unwrap();
                    assert_eq!(decrypted.expose(), key.expose());
                }
            }
        }
    }

    #[test]
    fn oaep_fails_alike_whatever_is_wrong() {
        let (recipient, other) = (private_key("rsa2048"), private_key("rsa2048-e3"));
        let cipher = ContentCipher::Aes256Gcm;
        let key = ContentEncryptionKey::generate(cipher).unwrap();
        let transport = KeyTransport::Oaep(DigestAlgorithm::Sha256);
        let encrypted = transport.encrypt(recipient.public_key(), &key).unwrap();
        let failed = |recipient: &PrivateKey, encrypted: &[u8], transport, cipher| {
            let result = received(transport).decrypt(recipient, encrypted, cipher);
            matches!(result, Err(Error::DecryptionFailed))
        };
        for bit in (0..2048).step_by(61) {
            let mut bad = encrypted.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(failed(&recipient, &bad, transport, cipher));
        }
        assert!(failed(&other, &encrypted, transport, cipher));
        let sha512 = KeyTransport::Oaep(DigestAlgorithm::Sha512);
        assert!(failed(&recipient, &encrypted, sha512, cipher));
        let shorter = ContentCipher::Aes128Gcm;
        assert!(failed(&recipient, &encrypted, transport, shorter));
        for encrypted in [&[][..], &encrypted[1..], &[0xff; 256], &[0; 257]] {
            assert!(failed(&recipient, encrypted, transport, cipher));
        }
        // 1024 bits have no room for two digests of SHA-512.
        assert!(failed(&private_key("rsa1024"), &[0; 128], sha512, cipher));
    }

    // RFC 3218: the key that comes of a wrong encryption cannot be told from a right one.
    #[test]
    fn pkcs1_answers_anything_with_a_key_that_is_always_the_same() {
        let recipient = private_key("rsa2048");
        let right = encrypt_pkcs1(&recipient, &[7; 32]);
        let mut wrong: Vec<Vec<u8>> = [0, 1, 15, 16, 17, 31, 33, 64, 245]
            .into_iter()
            .map(|length| encrypt_pkcs1(&recipient, &vec![7; length]))
            .collect();
        wrong.extend((0..2048).step_by(83).map(|bit| {
            let mut bad = right.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            bad
        }));
        wrong.extend([vec![], vec![0; 256], vec![0xff; 256], right[1..].to_vec()]);
        wrong.extend([vec![7; 257], [&[0], right.as_slice()].concat()]);
        let decrypt = |recipient: &PrivateKey, encrypted: &[u8]| {
            let key = KeyTransportAlgorithm::Pkcs1v15
                .decrypt(recipient, encrypted, ContentCipher::Aes256Cbc)
                .unwrap();
            assert_eq!(key.expose().len(), 32);
            key.expose().to_vec()
        };
        assert_eq!(decrypt(&recipient, &right), [7; 32]);
        let mut keys = vec![vec![7; 32], vec![0; 32]];
        for wrong in wrong {
            let key = decrypt(&recipient, &wrong);
            assert_eq!(decrypt(&recipient, &wrong), key);
            assert!(!keys.contains(&key), "each has a key of its own");
            keys.push(key);
        }
        assert!(!keys.contains(&decrypt(&private_key("rsa2048-e3"), &right)));
    }

    #[test]
    fn a_wrong_pkcs1_key_is_seen_in_the_content_only() {
        let enveloped = Enveloped::of("rsa2048.pkcs1.aes-256-gcm.cms");
        let (_, encrypted_key) = key_trans(&enveloped);
        for (name, encrypted_key) in [
            ("rsa2048-e3", encrypted_key.to_vec()),
            ("rsa2048", random(256)),
        ] {
            let key = KeyTransportAlgorithm::Pkcs1v15
                .decrypt(&private_key(name), &encrypted_key, enveloped.cipher())
                .unwrap();
            assert!(matches!(
                enveloped.decrypt(&key),
                Err(Error::DecryptionFailed)
            ));
        }
    }

    #[test]
    fn a_key_that_is_not_rsa_is_refused() {
        for transport in ALL {
            let result = received(transport).decrypt(
                &private_key("p256"),
                &[0; 256],
                ContentCipher::Aes256Cbc,
            );
            assert!(matches!(
                result,
                Err(Error::KeyMismatch { key: "P-256", .. })
            ));
        }
    }

    #[test]
    fn the_parameters_of_pkcs1_are_null() {
        let pkcs1 = |parameters| {
            KeyTransportAlgorithm::from_algorithm_identifier(AlgorithmIdentifierRef {
                oid: oid::RSA_ENCRYPTION,
                parameters,
            })
        };
        assert!(pkcs1(None).is_ok());
        assert!(pkcs1(Some(AnyRef::NULL)).is_ok());
        assert!(pkcs1(Some(AnyRef::from(&oid::ID_MGF_1))).is_err());
    }

    #[test]
    fn another_algorithm_is_named() {
        let algorithm = AlgorithmIdentifierRef {
            oid: oid::ID_RSASSA_PSS,
            parameters: None,
        };
        let error = KeyTransportAlgorithm::from_algorithm_identifier(algorithm).unwrap_err();
        assert_eq!(error.to_string(), "id-RSASSA-PSS is not supported");
    }

    // No S/MIME agent may encrypt to so short a key any more, but old mail is read.
    #[test]
    fn a_key_of_1024_bits_still_decrypts() {
        let recipient = private_key("rsa1024");
        let encrypted = encrypt_pkcs1(&recipient, &[7; 16]);
        let key = KeyTransportAlgorithm::Pkcs1v15
            .decrypt(&recipient, &encrypted, ContentCipher::Aes128Cbc)
            .unwrap();
        assert_eq!(key.expose(), [7; 16]);
    }
}
