//! Forged signatures and pathological keys, and what they come nearest to.

use ::rsa::pkcs8::DecodePrivateKey;
use ::rsa::traits::{PublicKeyParts, SignatureScheme};
use ::rsa::{BoxedUint, Pkcs1v15Sign, RsaPrivateKey, hazmat};
use der::Decode;
use p256::elliptic_curve::bigint::ConcatenatingMul;
use spki::SubjectPublicKeyInfoRef;

use super::*;
use crate::asn1::{tag, tlv};
use crate::crypto::testing::{hex, pkcs8, private_key, private_key_der, testdata};
use crate::crypto::{DigestAlgorithm, Error};
use crate::secret::Secret;

const MESSAGE: &[u8] = b"message";
const SHA256: SignatureAlgorithm = SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha256);

/// The DigestInfo of [`MESSAGE`] up to the digest (RFC 8017 section 9.2 note 1).
const DIGEST_INFO: &str = "3031300d060960864801650304020105000420";

fn numbers(name: &str) -> RsaPrivateKey {
    RsaPrivateKey::from_pkcs8_der(&testdata(&format!("{name}.pkcs8.der"))).unwrap()
}

/// The signature that gives an encoded message, which its owner would not make.
fn signature_of(key: &RsaPrivateKey, encoded: &[u8]) -> Vec<u8> {
    let encoded = BoxedUint::from_be_slice(encoded, key.n_bits_precision()).unwrap();
    let signature = hazmat::rsa_decrypt(None::<&mut rand::rngs::SysRng>, key, &encoded).unwrap();
    signature.to_be_bytes().to_vec()
}

fn assert_refused(name: &str, signature: &[u8], what: &str) {
    let result = private_key(name)
        .public_key()
        .verify(SHA256, MESSAGE, signature);
    assert!(matches!(result, Err(Error::SignatureInvalid)), "{what}");
}

// RFC 8017 section 9.2: the parameters of the digest SHALL be NULL; section 8.2.2 compares the
// whole encoding. Some verifiers take a DigestInfo without NULL: here a signature has one form.
#[test]
fn only_one_digest_info_is_right() {
    let digest = DigestAlgorithm::Sha256.digest(MESSAGE);
    for name in ["rsa2048", "rsa2048-e3"] {
        let key = numbers(name);
        let sign = |info: Vec<u8>| {
            Pkcs1v15Sign::new_unprefixed()
                .sign(None::<&mut rand::rngs::SysRng>, &key, &info)
                .unwrap()
        };
        let good = [hex(DIGEST_INFO), digest.clone()].concat();
        let signature = sign(good.clone());
        let public_key = private_key(name);
        let public_key = public_key.public_key();
        public_key.verify(SHA256, MESSAGE, &signature).unwrap();

        let with = |info: &str| [hex(info), digest.clone()].concat();
        for (what, info) in [
            ("NULL absent", with("302f300b0609608648016503040201 0420")),
            (
                "an OCTET STRING for NULL",
                with("3031300d06096086480165030402010400 0420"),
            ),
            (
                "garbage in the parameters",
                with("3035301106096086480165030402010404deadbeef 0420"),
            ),
            (
                "a long form of a length",
                with("308131300d06096086480165030402010500 0420"),
            ),
            (
                "an indefinite length",
                [with("3080300d06096086480165030402010500 0420"), vec![0, 0]].concat(),
            ),
            (
                "garbage behind the digest, inside",
                [
                    with("3035300d06096086480165030402010500 0420"),
                    vec![4, 2, 1, 1],
                ]
                .concat(),
            ),
            (
                "garbage behind the DigestInfo",
                [good.clone(), vec![0; 8]].concat(),
            ),
            ("SHA-1 named", with("302d300906052b0e03021a0500 0420")),
            ("no DigestInfo", digest.clone()),
            ("nothing", Vec::new()),
        ] {
            assert_refused(name, &sign(info), what);
        }
    }
}

#[test]
fn only_one_padding_is_right() {
    let digest = DigestAlgorithm::Sha256.digest(MESSAGE);
    let info = [hex(DIGEST_INFO), digest].concat();
    let key = numbers("rsa2048");
    let padded = |start: [u8; 2], padding: Vec<u8>, separator: u8, rest: &[u8]| {
        [&start[..], &padding, &[separator], &info, rest].concat()
    };
    let length = 256 - 3 - info.len();
    let good = padded([0, 1], vec![0xff; length], 0, &[]);
    let public_key = private_key("rsa2048");
    public_key
        .public_key()
        .verify(SHA256, MESSAGE, &signature_of(&key, &good))
        .unwrap();
    let mut dented = vec![0xff; length];
    dented[length / 2] = 0xfe;
    let rest = vec![0x55; length - 8];
    for (what, encoded) in [
        ("type 2", padded([0, 2], vec![0xff; length], 0, &[])),
        ("type 0", padded([0, 0], vec![0; length], 0, &[])),
        ("another octet", padded([0, 1], dented, 0, &[])),
        ("no separator", padded([0, 1], vec![0xff; length], 1, &[])),
        ("too short", padded([0, 1], vec![0xff; 8], 0, &rest)),
        ("none", padded([0, 1], vec![], 0, &[0x55; 205 - 3])),
    ] {
        assert_eq!(encoded.len(), 256, "{what}");
        assert_refused("rsa2048", &signature_of(&key, &encoded), what);
    }
}

// BERserk, after Bleichenbacher 2006: with e = 3, a cube root whose cube begins with a padding too
// short and the right DigestInfo is found without the private key.
#[test]
fn a_cube_root_is_no_signature() {
    let digest = DigestAlgorithm::Sha256.digest(MESSAGE);
    let wanted = [&[0, 1][..], &[0xff; 8], &[0], &hex(DIGEST_INFO), &digest].concat();
    let mut highest = wanted.clone();
    highest.resize(256, 0xff);
    let highest = BoxedUint::from_be_slice(&highest, 2048).unwrap();
    let cube = |number: &BoxedUint| number.concatenating_mul(number).concatenating_mul(number);
    // The largest number whose cube is not beyond, bit by bit.
    let mut root = vec![0_u8; 256];
    for bit in (0..683).rev() {
        root[255 - bit / 8] |= 1 << (bit % 8);
        if cube(&BoxedUint::from_be_slice(&root, 2048).unwrap()) > highest {
            root[255 - bit / 8] &= !(1 << (bit % 8));
        }
    }
    let forged = BoxedUint::from_be_slice(&root, 2048).unwrap();
    let encoded = cube(&forged).to_be_bytes();
    let encoded = &encoded[encoded.len() - 256..];
    assert_eq!(encoded[..wanted.len()], wanted, "the forgery is a good one");
    assert_refused("rsa2048-e3", &root, "a cube root");
}

#[test]
fn a_number_beyond_the_modulus_is_no_signature() {
    for algorithm in [
        SHA256,
        SignatureAlgorithm::RsaPss(PssParameters::for_digest(DigestAlgorithm::Sha256)),
    ] {
        let key = private_key("rsa2056");
        let mut signature = key.sign(algorithm, MESSAGE).unwrap();
        let modulus = numbers("rsa2056").n_bytes();
        // The signature plus the modulus is the same number in the ring, if it fits.
        let mut carry = 0;
        for (octet, other) in signature.iter_mut().zip(&modulus).rev() {
            let sum = u16::from(*octet) + u16::from(*other) + carry;
            *octet = sum.to_be_bytes()[1];
            carry = sum >> 8;
        }
        let beyond = match carry {
            0 => signature,
            _ => vec![0xff; 257],
        };
        let result = key.public_key().verify(algorithm, MESSAGE, &beyond);
        assert!(matches!(result, Err(Error::SignatureInvalid)));
        let key = key.public_key();
        assert!(key.verify(algorithm, MESSAGE, &[0; 257]).is_err());
    }
}

#[test]
fn keys_that_are_no_points_are_refused() {
    for name in ["p256", "p384", "p521"] {
        let spki = testdata(&format!("{name}.spki.der"));
        let mut off = spki.clone();
        *off.last_mut().unwrap() ^= 1;
        assert!(matches!(
            PublicKey::from_spki_der(&off),
            Err(Error::PointNotOnCurve { .. })
        ));
        // The hybrid form of X9.62, which RFC 5480 section 2.2 does not allow.
        let parsed = SubjectPublicKeyInfoRef::from_der(&spki).unwrap();
        let length = parsed.subject_public_key.raw_bytes().len();
        let mut hybrid = spki.clone();
        let first = hybrid.len() - length;
        hybrid[first] = 6 | (spki.last().unwrap() & 1);
        assert!(PublicKey::from_spki_der(&hybrid).is_err());
    }
    // y = 2 has no x on edwards25519.
    let mut octets = [0; 32];
    octets[0] = 2;
    let spki = [hex("302a300506032b6570032100"), octets.to_vec()].concat();
    assert!(matches!(
        PublicKey::from_spki_der(&spki),
        Err(Error::PointNotOnCurve { curve: "Ed25519" })
    ));
}

// A key of small order would accept one signature for many messages.
#[test]
fn an_ed25519_key_of_small_order_verifies_nothing() {
    let mut identity = [0; 32];
    identity[0] = 1;
    let spki = [hex("302a300506032b6570032100"), identity.to_vec()].concat();
    let key = PublicKey::from_spki_der(&spki).unwrap();
    let signature = [&identity[..], &[0; 32]].concat();
    let result = key.verify(SignatureAlgorithm::Ed25519, MESSAGE, &signature);
    assert!(matches!(result, Err(Error::SignatureInvalid)));
}

// FIPS 203 section 7.2: the coefficients of an encapsulation key are less than q.
#[test]
fn an_ml_kem_key_that_is_not_reduced_is_refused() {
    for name in ["ml-kem-512", "ml-kem-768", "ml-kem-1024"] {
        let spki = private_key(name).public_key().to_spki_der().unwrap();
        let parsed = SubjectPublicKeyInfoRef::from_der(&spki).unwrap();
        let first = spki.len() - parsed.subject_public_key.raw_bytes().len();
        PublicKey::from_spki_der(&spki).unwrap();
        let mut large = spki.clone();
        large[first] = 0xff;
        large[first + 1] |= 0x0f;
        assert!(matches!(
            PublicKey::from_spki_der(&large),
            Err(Error::MalformedPublicKey { .. })
        ));
    }
}

#[test]
fn private_keys_that_disagree_with_themselves_are_refused() {
    let malformed = |key: Vec<u8>| match PrivateKey::from_pkcs8_der(&Secret::new(key)) {
        Err(Error::MalformedPrivateKey { .. }) => {}
        other => panic!("{other:?}"),
    };
    // RFC 5958 section 2: version 2 has the public key, here another's.
    for (name, oid) in [("ed25519", "2b6570"), ("x25519", "2b656e")] {
        let key = private_key_der(name);
        let seed = &key.expose()[key.expose().len() - 34..];
        let algorithm = tlv::sequence(&[&[6, 3], &hex(oid)]);
        let octets = tlv::element(tag::OCTET_STRING, seed);
        let with = |public_key: &[u8]| {
            let public_key = tlv::element(0x81, &[&[0], public_key].concat());
            tlv::sequence(&[&[2, 1, 1], &algorithm, &octets, &public_key])
        };
        let own = testdata(&format!("{name}.spki.der"));
        let own = own[own.len() - 32..].to_vec();
        PrivateKey::from_pkcs8_der(&Secret::new(with(&own))).unwrap();
        let mut other = own;
        other[0] ^= 1;
        malformed(with(&other));
    }
    // Both forms of an ML-DSA or ML-KEM key, and each alone, of another length or none.
    for (oid, seed) in [
        (MlDsaParameterSet::MlDsa44.oid(), 32),
        (MlKemParameterSet::MlKem512.oid(), 64),
    ] {
        for octets in [0, 1, seed - 1, seed + 1] {
            malformed(pkcs8(oid, &tlv::element(0x80, &vec![7; octets])));
        }
        for (form, length) in [(4, 2560), (4, 1632), (4, 0), (5, 0), (0x30, 0), (0xa0, 32)] {
            malformed(pkcs8(oid, &tlv::element(form, &vec![0xff; length])));
        }
        malformed(pkcs8(oid, &[]));
    }
}
