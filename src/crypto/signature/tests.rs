//! Signatures of OpenSSL and of both backends.

use der::Encode;
use der::referenced::OwnedToRef;

use super::*;
use crate::crypto::testing::{hex, private_key, random, testdata};
use crate::crypto::{DigestAlgorithm, Error};

const DIGESTS: [(DigestAlgorithm, &str); 3] = [
    (DigestAlgorithm::Sha256, "sha256"),
    (DigestAlgorithm::Sha384, "sha384"),
    (DigestAlgorithm::Sha512, "sha512"),
];
const BACKENDS: [Backend; 2] = [Backend::Graviola, Backend::RustCrypto];
const RSA_KEYS: [&str; 5] = ["rsa2048", "rsa2048-e3", "rsa2056", "rsa3072", "rsa4096"];

/// Signs with the backend, unless it cannot run here or with this key.
fn sign(
    backend: Backend,
    key: &PrivateKey,
    algorithm: SignatureAlgorithm,
    message: &[u8],
) -> Option<Vec<u8>> {
    match key.sign_with(backend, algorithm, message) {
        Err(Error::BackendUnavailable) => None,
        signature => Some(signature.unwrap()),
    }
}

#[test]
fn pkcs1v15_signatures_of_both_backends_are_those_of_openssl() {
    let message = testdata("message.txt");
    for name in RSA_KEYS {
        let key = private_key(name);
        for (digest, digest_name) in DIGESTS {
            let algorithm = SignatureAlgorithm::RsaPkcs1v15(digest);
            let expected = testdata(&format!("{name}.pkcs1.{digest_name}.sig"));
            for backend in BACKENDS {
                if let Some(signature) = sign(backend, &key, algorithm, &message) {
                    assert_eq!(signature, expected, "{name} {digest_name} {backend:?}");
                }
            }
            assert_eq!(key.sign(algorithm, &message).unwrap(), expected);
            key.public_key()
                .verify(algorithm, &message, &expected)
                .unwrap();
        }
    }
}

#[test]
fn pss_signatures_of_openssl_and_of_both_backends_verify() {
    let message = testdata("message.txt");
    for name in RSA_KEYS {
        let key = private_key(name);
        for (digest, digest_name) in DIGESTS {
            let algorithm = SignatureAlgorithm::RsaPss(PssParameters::for_digest(digest));
            let theirs = testdata(&format!("{name}.pss.{digest_name}.sig"));
            let ours = BACKENDS.map(|backend| sign(backend, &key, algorithm, &message));
            assert_ne!(ours[0], ours[1], "the salt is random");
            for signature in ours.iter().flatten().chain([&theirs]) {
                key.public_key()
                    .verify(algorithm, &message, signature)
                    .unwrap();
            }
        }
    }
}

#[test]
fn ecdsa_signatures_of_openssl_and_of_both_backends_verify() {
    let message = testdata("message.txt");
    for name in ["p256", "p384", "p521"] {
        for (digest, digest_name) in DIGESTS {
            let theirs = testdata(&format!("{name}.ecdsa.{digest_name}.sig"));
            private_key(name)
                .public_key()
                .verify(SignatureAlgorithm::Ecdsa(digest), &message, &theirs)
                .unwrap();
        }
    }
    let key = private_key("p256");
    for (digest, _) in DIGESTS {
        let algorithm = SignatureAlgorithm::Ecdsa(digest);
        // Often enough that r and s with a leading zero or a high bit occur.
        for _ in 0..100 {
            let message = random(40);
            for backend in BACKENDS {
                if let Some(signature) = sign(backend, &key, algorithm, &message) {
                    key.public_key()
                        .verify(algorithm, &message, &signature)
                        .unwrap();
                }
            }
        }
    }
}

// RFC 8032 section 5.1.6: the signature follows from key and message.
#[test]
fn an_ed25519_signature_is_that_of_openssl() {
    let key = private_key("ed25519");
    let (message, theirs) = (testdata("message.txt"), testdata("ed25519.eddsa.sig"));
    let algorithm = SignatureAlgorithm::Ed25519;
    assert_eq!(key.sign(algorithm, &message).unwrap(), theirs);
    let verify = |message: &[u8]| key.public_key().verify(algorithm, message, &theirs);
    verify(&message).unwrap();
    assert!(matches!(verify(b"another"), Err(Error::SignatureInvalid)));
    // A digest cannot stand for the message.
    let digest = DigestAlgorithm::Sha512.digest(&message);
    assert!(matches!(
        key.public_key().verify_digest(algorithm, &digest, &theirs),
        Err(Error::KeyMismatch { .. })
    ));
}

#[test]
fn graviola_signs_where_it_can() {
    if Backend::detect() == Backend::RustCrypto {
        return;
    }
    let algorithm = SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha256);
    for (name, can) in [("rsa2048", true), ("rsa2056", false), ("rsa4096", true)] {
        let signature = sign(Backend::Graviola, &private_key(name), algorithm, b"");
        assert_eq!(signature.is_some(), can, "{name}");
    }
}

#[test]
fn one_bit_makes_a_signature_invalid() {
    let message = testdata("message.txt");
    for (name, algorithm) in [
        (
            "rsa2048",
            SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha256),
        ),
        (
            "rsa2048",
            SignatureAlgorithm::RsaPss(PssParameters::for_digest(DigestAlgorithm::Sha256)),
        ),
        ("p256", SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256)),
    ] {
        let key = private_key(name);
        let good = key.sign(algorithm, &message).unwrap();
        let refused = |message: &[u8], signature: &[u8]| {
            let result = key.public_key().verify(algorithm, message, signature);
            assert!(
                matches!(result, Err(Error::SignatureInvalid)),
                "{algorithm:?}"
            );
        };
        for bit in [0, 7, good.len() * 4, good.len() * 8 - 1] {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            refused(&message, &bad);
        }
        let mut other = message.clone();
        other[0] ^= 1;
        refused(&other, &good);
        refused(&message, &good[1..]);
        refused(&message, &good[..good.len() - 1]);
        refused(&message, &[good.as_slice(), &[0]].concat());
        refused(&message, &[&[0], good.as_slice()].concat());
        refused(&message, &[]);
    }
}

#[test]
fn another_digest_scheme_or_salt_is_invalid() {
    let message = testdata("message.txt");
    let key = private_key("rsa2048");
    let signature = testdata("rsa2048.pkcs1.sha256.sig");
    for algorithm in [
        SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha512),
        SignatureAlgorithm::RsaPss(PssParameters::for_digest(DigestAlgorithm::Sha256)),
    ] {
        let result = key.public_key().verify(algorithm, &message, &signature);
        assert!(matches!(result, Err(Error::SignatureInvalid)));
    }
    let result = key.public_key().verify(
        SignatureAlgorithm::RsaPss(PssParameters::for_digest(DigestAlgorithm::Sha256)),
        &message,
        &testdata("rsa2048.pss-max.sha256.sig"),
    );
    assert!(matches!(result, Err(Error::SignatureInvalid)));
}

#[test]
fn any_salt_and_any_mask_generation_is_verified() {
    let message = testdata("message.txt");
    let key = private_key("rsa2048");
    let sha256 = PssParameters::for_digest(DigestAlgorithm::Sha256);
    let longest = testdata("rsa2048.pss-max.sha256.sig");
    for (salt_length, good) in [(222, true), (221, false), (223, false), (usize::MAX, false)] {
        let algorithm = SignatureAlgorithm::RsaPss(sha256.with_salt_length(salt_length));
        let result = key.public_key().verify(algorithm, &message, &longest);
        assert_eq!(result.is_ok(), good, "{salt_length}");
    }
    for salt_length in [0, 20, 64] {
        let algorithm = SignatureAlgorithm::RsaPss(sha256.with_salt_length(salt_length));
        let signature = key.sign(algorithm, &message).unwrap();
        key.public_key()
            .verify(algorithm, &message, &signature)
            .unwrap();
    }
    let other_mask = sha256.with_mask_generation(MaskGeneration::Mgf1(DigestAlgorithm::Sha1));
    let algorithm = SignatureAlgorithm::RsaPss(other_mask);
    let signature = testdata("rsa2048.pss.sha256.sig");
    let result = key.public_key().verify(algorithm, &message, &signature);
    assert!(matches!(result, Err(Error::SignatureInvalid)));
}

#[test]
fn a_key_restricted_to_pss_signs_and_verifies_nothing_else() {
    let key = private_key("rsa2048-pss");
    let pkcs1 = SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha256);
    assert!(matches!(
        key.sign(pkcs1, b""),
        Err(Error::KeyMismatch { .. })
    ));
    let refused = key.public_key().verify(pkcs1, b"", &[0; 256]);
    assert!(matches!(refused, Err(Error::KeyMismatch { .. })));
    assert!(!key.public_key().may_encrypt());
    let algorithm = SignatureAlgorithm::for_key(key.public_key(), None, false).unwrap();
    let pss = PssParameters::for_digest(DigestAlgorithm::Sha256);
    assert_eq!(algorithm, SignatureAlgorithm::RsaPss(pss));
    let signature = key.sign(algorithm, b"message").unwrap();
    key.public_key()
        .verify(algorithm, b"message", &signature)
        .unwrap();
}

#[test]
fn a_key_restricted_to_parameters_of_pss_wants_them() {
    let key = private_key("rsa2048-pss-sha384");
    let public_key = key.public_key();
    let algorithm = SignatureAlgorithm::for_key(public_key, None, false).unwrap();
    let sha384 = PssParameters::for_digest(DigestAlgorithm::Sha384);
    assert_eq!(algorithm, SignatureAlgorithm::RsaPss(sha384));
    let signature = key.sign(algorithm, b"message").unwrap();
    public_key
        .verify(algorithm, b"message", &signature)
        .unwrap();
    for refused in [
        PssParameters::for_digest(DigestAlgorithm::Sha256),
        sha384.with_salt_length(31),
    ] {
        let refused = SignatureAlgorithm::RsaPss(refused);
        assert!(matches!(
            public_key.verify(refused, b"message", &signature),
            Err(Error::KeyMismatch { .. })
        ));
        assert!(matches!(
            key.sign(refused, b"message"),
            Err(Error::KeyMismatch { .. })
        ));
    }
}

#[test]
fn keys_of_every_kind_sign_and_verify() {
    for name in [
        "rsa2048",
        "p256",
        "p384",
        "p521",
        "ed25519",
        "ml-dsa-44",
        "ml-dsa-65",
        "ml-dsa-87",
    ] {
        let key = private_key(name);
        let algorithm = SignatureAlgorithm::for_key(key.public_key(), None, false).unwrap();
        let signature = key.sign(algorithm, b"message").unwrap();
        let verify = |message: &[u8], signature: &[u8]| {
            key.public_key().verify(algorithm, message, signature)
        };
        verify(b"message", &signature).unwrap();
        assert!(matches!(
            verify(b"messagf", &signature),
            Err(Error::SignatureInvalid)
        ));
        for bit in [0, signature.len() * 4, signature.len() * 8 - 1] {
            let mut bad = signature.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(
                matches!(verify(b"message", &bad), Err(Error::SignatureInvalid)),
                "{name} {bit}"
            );
        }
        assert!(verify(b"message", &signature[1..]).is_err());
        let written = algorithm.algorithm_identifier();
        let read = SignatureAlgorithm::from_algorithm_identifier(
            written.owned_to_ref(),
            Some(algorithm.digest()),
        );
        assert_eq!(read.unwrap(), algorithm, "{name}");
    }
    for name in ["x25519", "ml-kem-768"] {
        let key = private_key(name);
        assert!(matches!(
            SignatureAlgorithm::for_key(key.public_key(), None, false),
            Err(Error::NoSignature { .. })
        ));
    }
}

#[test]
fn each_curve_has_a_digest_of_its_size() {
    for (name, digest) in [
        ("p256", DigestAlgorithm::Sha256),
        ("p384", DigestAlgorithm::Sha384),
        ("p521", DigestAlgorithm::Sha512),
    ] {
        let key = private_key(name);
        let for_key = |digest| SignatureAlgorithm::for_key(key.public_key(), digest, false);
        assert_eq!(for_key(None).unwrap(), SignatureAlgorithm::Ecdsa(digest));
        for digest in DigestAlgorithm::SIGNING {
            let algorithm = for_key(Some(digest)).unwrap();
            assert_eq!(algorithm, SignatureAlgorithm::Ecdsa(digest));
            let signature = key.sign(algorithm, b"message").unwrap();
            key.public_key()
                .verify(algorithm, b"message", &signature)
                .unwrap();
        }
    }
}

#[test]
fn legacy_digests_sign_nothing() {
    for digest in DigestAlgorithm::ALL {
        if DigestAlgorithm::SIGNING.contains(&digest) {
            continue;
        }
        for (name, algorithm) in [
            ("rsa2048", SignatureAlgorithm::RsaPkcs1v15(digest)),
            (
                "rsa2048",
                SignatureAlgorithm::RsaPss(PssParameters::for_digest(digest)),
            ),
            ("p256", SignatureAlgorithm::Ecdsa(digest)),
        ] {
            let key = private_key(name);
            assert!(matches!(
                key.sign(algorithm, b""),
                Err(Error::VerifiedOnly { .. })
            ));
            let chosen = SignatureAlgorithm::for_key(key.public_key(), Some(digest), false);
            assert!(matches!(chosen, Err(Error::VerifiedOnly { .. })));
        }
    }
}

#[test]
fn the_algorithm_must_suit_the_key() {
    let rsa = SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha256);
    let ecdsa = SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256);
    for (name, algorithm) in [("p256", rsa), ("rsa2048", ecdsa)] {
        let key = private_key(name);
        assert!(matches!(
            key.sign(algorithm, b""),
            Err(Error::KeyMismatch { .. })
        ));
        let result = key.public_key().verify(algorithm, b"", b"");
        assert!(matches!(result, Err(Error::KeyMismatch { .. })));
    }
}

#[test]
fn rsa_1024_signs_nothing() {
    let key = private_key("rsa1024");
    for algorithm in [
        SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha256),
        SignatureAlgorithm::RsaPss(PssParameters::for_digest(DigestAlgorithm::Sha256)),
    ] {
        let error = key.sign(algorithm, b"").unwrap_err();
        assert_eq!(
            error.to_string(),
            "an RSA key of 1024 bits cannot be used here: 2048 to 8192 bits are"
        );
    }
}

// RFC 4055 sections 2.1 and 3.1; the same octets OpenSSL writes for a salt of 32.
#[test]
fn algorithm_identifiers() {
    for (algorithm, expected) in [
        (
            SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha512),
            "300d06092a864886f70d0101010500",
        ),
        (
            SignatureAlgorithm::RsaPss(PssParameters::for_digest(DigestAlgorithm::Sha256)),
            "304106092a864886f70d01010a3034a00f300d06096086480165030402010500\
             a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120",
        ),
        (
            SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256),
            "300a06082a8648ce3d040302",
        ),
        (
            SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha512),
            "300a06082a8648ce3d040304",
        ),
    ] {
        assert_eq!(
            algorithm.algorithm_identifier().to_der().unwrap(),
            hex(expected)
        );
    }
}
