//! Verifying the peer's certificates and handshake signatures.

use const_oid::AssociatedOid;
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::signature::Verifier;
use rsa::traits::PublicKeyParts;
use rustls::SignatureScheme;
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{
    AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id,
};
use sha2::digest::FixedOutputReset;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// What a certificate may be signed with, and which of it serves which TLS signature scheme.
pub(super) static ALGORITHMS: WebPkiSupportedAlgorithms = WebPkiSupportedAlgorithms {
    all: &[
        ECDSA_P256_SHA256,
        ECDSA_P256_SHA384,
        ECDSA_P384_SHA256,
        ECDSA_P384_SHA384,
        ED25519,
        RSA_PSS_SHA256,
        RSA_PSS_SHA384,
        RSA_PSS_SHA512,
        RSA_PKCS1_SHA256,
        RSA_PKCS1_SHA384,
        RSA_PKCS1_SHA512,
    ],
    // In TLS 1.2 a scheme does not bind the curve, so each hash lists both; TLS 1.3 takes the
    // first, whose curve is the scheme's.
    mapping: &[
        (
            SignatureScheme::ECDSA_NISTP384_SHA384,
            &[ECDSA_P384_SHA384, ECDSA_P256_SHA384],
        ),
        (
            SignatureScheme::ECDSA_NISTP256_SHA256,
            &[ECDSA_P256_SHA256, ECDSA_P384_SHA256],
        ),
        (SignatureScheme::ED25519, &[ED25519]),
        (SignatureScheme::RSA_PSS_SHA512, &[RSA_PSS_SHA512]),
        (SignatureScheme::RSA_PSS_SHA384, &[RSA_PSS_SHA384]),
        (SignatureScheme::RSA_PSS_SHA256, &[RSA_PSS_SHA256]),
        (SignatureScheme::RSA_PKCS1_SHA512, &[RSA_PKCS1_SHA512]),
        (SignatureScheme::RSA_PKCS1_SHA384, &[RSA_PKCS1_SHA384]),
        (SignatureScheme::RSA_PKCS1_SHA256, &[RSA_PKCS1_SHA256]),
    ],
};

type Algorithm = &'static dyn SignatureVerificationAlgorithm;

const ECDSA_P256_SHA256: Algorithm = &Verification {
    public_key: alg_id::ECDSA_P256,
    signature: alg_id::ECDSA_SHA256,
    verify: |key, message, signature| p256_holds(key, &Sha256::digest(message), signature),
};
const ECDSA_P256_SHA384: Algorithm = &Verification {
    public_key: alg_id::ECDSA_P256,
    signature: alg_id::ECDSA_SHA384,
    verify: |key, message, signature| p256_holds(key, &Sha384::digest(message), signature),
};
const ECDSA_P384_SHA256: Algorithm = &Verification {
    public_key: alg_id::ECDSA_P384,
    signature: alg_id::ECDSA_SHA256,
    verify: |key, message, signature| p384_holds(key, &Sha256::digest(message), signature),
};
const ECDSA_P384_SHA384: Algorithm = &Verification {
    public_key: alg_id::ECDSA_P384,
    signature: alg_id::ECDSA_SHA384,
    verify: |key, message, signature| p384_holds(key, &Sha384::digest(message), signature),
};
const ED25519: Algorithm = &Verification {
    public_key: alg_id::ED25519,
    signature: alg_id::ED25519,
    verify: ed25519_holds,
};
const RSA_PSS_SHA256: Algorithm = &rsa(alg_id::RSA_PSS_SHA256, rsa_pss_holds::<Sha256>);
const RSA_PSS_SHA384: Algorithm = &rsa(alg_id::RSA_PSS_SHA384, rsa_pss_holds::<Sha384>);
const RSA_PSS_SHA512: Algorithm = &rsa(alg_id::RSA_PSS_SHA512, rsa_pss_holds::<Sha512>);
const RSA_PKCS1_SHA256: Algorithm = &rsa(alg_id::RSA_PKCS1_SHA256, rsa_pkcs1_holds::<Sha256>);
const RSA_PKCS1_SHA384: Algorithm = &rsa(alg_id::RSA_PKCS1_SHA384, rsa_pkcs1_holds::<Sha384>);
const RSA_PKCS1_SHA512: Algorithm = &rsa(alg_id::RSA_PKCS1_SHA512, rsa_pkcs1_holds::<Sha512>);

const fn rsa(signature: AlgorithmIdentifier, verify: Holds) -> Verification {
    Verification {
        public_key: alg_id::RSA_ENCRYPTION,
        signature,
        verify,
    }
}

/// Whether `signature` over `message` holds under the raw bits of a subjectPublicKey.
type Holds = fn(key: &[u8], message: &[u8], signature: &[u8]) -> bool;

#[derive(Debug)]
struct Verification {
    public_key: AlgorithmIdentifier,
    signature: AlgorithmIdentifier,
    verify: Holds,
}

impl SignatureVerificationAlgorithm for Verification {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        if (self.verify)(public_key, message, signature) {
            Ok(())
        } else {
            Err(InvalidSignature)
        }
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.public_key
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}

fn p256_holds(key: &[u8], digest: &[u8], signature: &[u8]) -> bool {
    use p256::ecdsa::{DerSignature, VerifyingKey, signature::hazmat::PrehashVerifier};
    let (Ok(key), Ok(signature)) = (
        VerifyingKey::from_sec1_bytes(key),
        DerSignature::try_from(signature),
    ) else {
        return false;
    };
    key.verify_prehash(digest, &signature).is_ok()
}

fn p384_holds(key: &[u8], digest: &[u8], signature: &[u8]) -> bool {
    use p384::ecdsa::{DerSignature, VerifyingKey, signature::hazmat::PrehashVerifier};
    let (Ok(key), Ok(signature)) = (
        VerifyingKey::from_sec1_bytes(key),
        DerSignature::try_from(signature),
    ) else {
        return false;
    };
    key.verify_prehash(digest, &signature).is_ok()
}

fn ed25519_holds(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    use ed25519_dalek::{Signature, VerifyingKey};
    let Ok(key) = key.try_into() else {
        return false;
    };
    let (Ok(key), Ok(signature)) = (
        VerifyingKey::from_bytes(key),
        Signature::from_slice(signature),
    ) else {
        return false;
    };
    key.verify_strict(message, &signature).is_ok()
}

fn rsa_pkcs1_holds<D>(key: &[u8], message: &[u8], signature: &[u8]) -> bool
where
    D: Digest + AssociatedOid,
{
    use rsa::pkcs1v15::{Signature, VerifyingKey};
    let (Some(key), Ok(signature)) = (rsa_public_key(key), Signature::try_from(signature)) else {
        return false;
    };
    VerifyingKey::<D>::new(key)
        .verify(message, &signature)
        .is_ok()
}

fn rsa_pss_holds<D>(key: &[u8], message: &[u8], signature: &[u8]) -> bool
where
    D: Digest + FixedOutputReset,
{
    use rsa::pss::{Signature, VerifyingKey};
    let (Some(key), Ok(signature)) = (rsa_public_key(key), Signature::try_from(signature)) else {
        return false;
    };
    // RFC 8446 4.2.3: the salt is as long as the digest, which `new` demands.
    VerifyingKey::<D>::new(key)
        .verify(message, &signature)
        .is_ok()
}

/// CA/Browser Forum Baseline Requirements 6.1.5: at least 2048 bits. graviola's provider takes no
/// shorter key either; the `rsa` crate alone would.
const MINIMUM_RSA_BITS: usize = 2048;

fn rsa_public_key(key: &[u8]) -> Option<rsa::RsaPublicKey> {
    let key = rsa::RsaPublicKey::from_pkcs1_der(key).ok()?;
    (key.n().bits() as usize >= MINIMUM_RSA_BITS).then_some(key)
}

#[cfg(test)]
mod tests {
    use pkcs8::DecodePrivateKey;
    use rsa::pkcs1::EncodeRsaPublicKey;
    use rsa::signature::{SignatureEncoding, Signer};

    use super::*;
    use crate::crypto::testing::testdata;

    #[test]
    fn rsa_keys_of_fewer_than_2048_bits_vouch_for_nobody() {
        for (name, holds) in [("rsa1024", false), ("rsa2048", true)] {
            let key = rsa::RsaPrivateKey::from_pkcs8_der(&testdata(&format!("{name}.pkcs8.der")));
            let key = key.unwrap();
            let public_key = key.to_public_key().to_pkcs1_der().unwrap();
            let signature = rsa::pkcs1v15::SigningKey::<Sha256>::new(key).sign(b"handshake");
            let signature = signature.to_vec();
            let verified =
                rsa_pkcs1_holds::<Sha256>(public_key.as_bytes(), b"handshake", &signature);
            assert_eq!(verified, holds, "{name}");
        }
    }
}
