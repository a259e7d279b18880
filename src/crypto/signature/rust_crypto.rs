//! RustCrypto: portable, and the only one that verifies and decrypts.

use hmac::{Hmac, KeyInit, Mac};
use p256::NistP256;
use p256::ecdh::SharedSecret;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{DerSignature, VerifyingKey};
use p256::elliptic_curve::NonZeroScalar;
use rand::rngs::SysRng;
use rsa::traits::{PaddingScheme, PrivateKeyParts, SignatureScheme};
use rsa::{Pkcs1v15Sign, Pss};
use sha2::{Digest, Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

use super::SignatureAlgorithm;
use crate::crypto::{DigestAlgorithm, Error};

/// A private key of either kind. Both types wipe themselves.
pub(super) enum Key {
    Rsa(Box<rsa::RsaPrivateKey>),
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

/// The x-coordinate of the shared point, which wipes itself. Neither side can be the point at
/// infinity, so it is a point of the curve too.
pub(super) fn diffie_hellman(key: &p256::SecretKey, originator: &p256::PublicKey) -> SharedSecret {
    key.diffie_hellman(originator)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::testing::hex;
    use p256::ecdsa::Signature;

    // RFC 6979 appendix A.2.5: the key, and (message, digest, r, s).
    #[test]
    fn rfc_6979_vectors() {
        let key = hex("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721");
        let key = p256::SecretKey::from_slice(&key).unwrap();
        for (message, hash, r, s) in [
            (
                "sample",
                DigestAlgorithm::Sha256,
                "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
                "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
            ),
            (
                "sample",
                DigestAlgorithm::Sha384,
                "0EAFEA039B20E9B42309FB1D89E213057CBF973DC0CFC8F129EDDDC800EF7719",
                "4861F0491E6998B9455193E34E7B0D284DDD7149A74B95B9261F13ABDE940954",
            ),
            (
                "sample",
                DigestAlgorithm::Sha512,
                "8496A60B5E9B47C825488827E0495B0E3FA109EC4568FD3F8D1097678EB97F00",
                "2362AB1ADBE2B8ADF9CB9EDAB740EA6049C028114F2460F96554F61FAE3302FE",
            ),
            (
                "test",
                DigestAlgorithm::Sha256,
                "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367",
                "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083",
            ),
        ] {
            let signature = sign_ecdsa(&key, hash, &hash.digest(message.as_bytes()));
            let signature = Signature::from_der(&signature).unwrap();
            assert_eq!(signature.to_bytes().to_vec(), [hex(r), hex(s)].concat());
        }
    }

    // NIST CAVS 14.1, "ECC CDH Primitive", P-256, count 0.
    #[test]
    fn nist_ecdh_vector() {
        let key = hex("7d7dc5f71eb29ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534");
        let point = hex("04\
             700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287\
             db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac");
        let shared = diffie_hellman(
            &p256::SecretKey::from_slice(&key).unwrap(),
            &p256::PublicKey::from_sec1_bytes(&point).unwrap(),
        );
        assert_eq!(
            shared.raw_secret_bytes().to_vec(),
            hex("46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b")
        );
    }

    // BER in a signature would let others change its bytes.
    #[test]
    fn an_ecdsa_signature_with_a_long_length_is_refused() {
        let key = p256::SecretKey::from_slice(&[7; 32]).unwrap();
        let digest = DigestAlgorithm::Sha256.digest(b"message");
        let signature = sign_ecdsa(&key, DigestAlgorithm::Sha256, &digest);
        verify_ecdsa(&key.public_key(), &digest, &signature).unwrap();
        let long = [&[0x30, 0x81], &signature[1..]].concat();
        assert!(verify_ecdsa(&key.public_key(), &digest, &long).is_err());
    }
}
