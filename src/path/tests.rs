//! Each check: the path that passes and its nearest neighbour that fails.

use const_oid::db::rfc5280::{
    ID_CE_AUTHORITY_KEY_IDENTIFIER as AKI, ID_CE_BASIC_CONSTRAINTS, ID_CE_EXT_KEY_USAGE,
    ID_CE_KEY_USAGE, ID_CE_SUBJECT_ALT_NAME as SAN, ID_CE_SUBJECT_KEY_IDENTIFIER as SKI,
    ID_KP_EMAIL_PROTECTION, ID_KP_SERVER_AUTH,
};

use super::testing::*;
use super::*;
use crate::asn1::tlv::{element, sequence};
use crate::x509::testing::{
    TestCertificate, critical_extension, extended_key_usage, extension, key_usage, name,
    subject_alt_name, utc_time,
};

/// The verdict on leaf, CA and root, one of them changed.
fn with_leaf(change: impl FnOnce(&mut TestCertificate)) -> &'static str {
    let leaf = changed_leaf(CA, change);
    verdict(&check(&leaf, &[CA.issued_by(ROOT)], ROOT.root()))
}

fn with_ca(change: impl FnOnce(&mut TestCertificate)) -> &'static str {
    verdict(&check(&leaf(CA), &[CA.changed(ROOT, change)], ROOT.root()))
}

fn with_root(change: impl FnOnce(&mut TestCertificate)) -> &'static str {
    let root = ROOT.changed(ROOT, change);
    verdict(&check(&leaf(CA), &[CA.issued_by(ROOT)], root))
}

#[test]
fn a_path_is_told_from_leaf_to_anchor() {
    let (leaf, ca, root) = (leaf(CA), CA.issued_by(ROOT), ROOT.root());
    let pool = [
        leaf.clone(),
        SUB_CA.issued_by(CA),
        root.clone(),
        ca.clone(),
        ca.clone(),
    ];
    let validated = check(&leaf, &pool, root.clone()).unwrap();
    assert_eq!(validated.path(), [leaf.clone(), ca, root]);
    assert_eq!(validated.certificate(), &leaf);
    assert!(validated.revocation().is_empty());
}

#[test]
fn a_missing_issuer_is_named() {
    let error = check(&leaf(CA), &[], ROOT.root()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "CN=CA, which issued the certificate of CN=Bob, is neither trusted nor at hand"
    );
    let error = check(&leaf(CA), &[CA.issued_by(SUB_CA)], ROOT.root()).unwrap_err();
    assert!(
        error.to_string().starts_with("CN=Sub CA, which issued"),
        "{error}"
    );
    let other = Authority {
        name: "Other",
        key: 9,
    };
    let error = check(&leaf(other), &[other.root()], ROOT.root()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "CN=Other has signed its own certificate, and is not trusted"
    );
}

#[test]
fn signatures_are_those_of_the_issuers_key() {
    assert_eq!(with_leaf(|_| {}), "valid");
    let impostor = Authority { key: 9, ..CA };
    let signed_by_impostor = leaf(impostor);
    assert_eq!(
        verdict(&check(
            &signed_by_impostor,
            &[CA.issued_by(ROOT)],
            ROOT.root()
        )),
        "bad-signature"
    );
    let by_impostor = CA.changed(Authority { key: 9, ..ROOT }, |_| {});
    assert_eq!(
        verdict(&check(&leaf(CA), &[by_impostor], ROOT.root())),
        "bad-signature"
    );
    let sha384 = sequence(&[b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03"]);
    assert_eq!(
        with_leaf(|c| c.signature_algorithms[1] = sha384),
        "algorithm-mismatch"
    );
}

#[test]
fn both_ends_of_the_validity_period_belong_to_it() {
    for (time, verdict_leaf) in [
        ("2025-12-31T23:59:59.999Z", "not-yet-valid"),
        ("2026-01-01T00:00:00Z", "valid"),
        ("2026-12-31T23:59:59.999Z", "valid"),
        ("2027-01-01T00:00:00Z", "expired"),
    ] {
        let at = time.parse().unwrap();
        let pool = [CA.issued_by(ROOT)];
        let result = check_with(&leaf(CA), &pool, ROOT.root(), |v| v.at = at);
        assert_eq!(verdict(&result), verdict_leaf, "{time}");
    }
    let early = |c: &mut TestCertificate| c.not_after = utc_time("260630235959Z");
    let late = |c: &mut TestCertificate| c.not_before = utc_time("260702000000Z");
    assert_eq!([with_ca(early), with_root(early)], ["expired"; 2]);
    assert_eq!([with_ca(late), with_root(late)], ["not-yet-valid"; 2]);
}

#[test]
fn an_issuer_is_a_ca() {
    let constraints = |is_ca| {
        move |c: &mut TestCertificate| {
            replace(c, ID_CE_BASIC_CONSTRAINTS, &basic_constraints(is_ca, None));
        }
    };
    let without = |c: &mut TestCertificate| replace(c, ID_CE_BASIC_CONSTRAINTS, b"");
    assert_eq!(
        [with_ca(constraints(true)), with_root(constraints(true))],
        ["valid"; 2]
    );
    assert_eq!(
        [with_ca(constraints(false)), with_ca(without)],
        ["not-a-ca"; 2]
    );
    assert_eq!(
        [with_root(constraints(false)), with_root(without)],
        ["not-a-ca"; 2]
    );
    let version_1 = |c: &mut TestCertificate| {
        c.version = None;
        c.extensions.clear();
    };
    assert_eq!([with_leaf(version_1), with_root(version_1)], ["valid"; 2]);
    assert_eq!(with_ca(version_1), "not-a-ca");
    let version_1_with_extensions = |c: &mut TestCertificate| c.version = None;
    assert_eq!(with_ca(version_1_with_extensions), "not-a-ca");
    let malformed = |c: &mut TestCertificate| {
        replace(
            c,
            ID_CE_BASIC_CONSTRAINTS,
            &extension(ID_CE_BASIC_CONSTRAINTS, b"\x30"),
        );
    };
    assert_eq!(
        [with_ca(malformed), with_root(malformed)],
        ["malformed-extension"; 2]
    );
}

#[test]
fn an_issuer_may_sign_certificates_unless_its_key_usage_says_otherwise() {
    let absent = |c: &mut TestCertificate| replace(c, ID_CE_KEY_USAGE, b"");
    assert_eq!([with_ca(absent), with_root(absent)], ["valid"; 2]);
    assert_eq!(
        [with_ca(no_cert_sign), with_root(no_cert_sign)],
        ["key-usage"; 2]
    );
}

#[test]
fn path_length_counts_what_is_not_self_issued() {
    let limit = |limit| {
        move |c: &mut TestCertificate| {
            replace(
                c,
                ID_CE_BASIC_CONSTRAINTS,
                &basic_constraints(true, Some(limit)),
            );
        }
    };
    let sub = SUB_CA.issued_by(CA);
    for (allowed, expected) in [(1, "valid"), (0, "path-length")] {
        let pool = [sub.clone(), CA.changed(ROOT, limit(allowed))];
        assert_eq!(verdict(&check(&leaf(SUB_CA), &pool, ROOT.root())), expected);
        let root = ROOT.changed(ROOT, limit(allowed + 1));
        let pool = [sub.clone(), CA.issued_by(ROOT)];
        assert_eq!(verdict(&check(&leaf(SUB_CA), &pool, root)), expected);
    }
    // The key of a CA that allows none below it, changed in a certificate that it issues itself.
    let new_key = Authority { key: 4, ..CA };
    let pool = [new_key.issued_by(CA), CA.changed(ROOT, limit(0))];
    assert_eq!(verdict(&check(&leaf(new_key), &pool, ROOT.root())), "valid");
    let error = check(
        &leaf(SUB_CA),
        &[sub, CA.changed(ROOT, limit(0))],
        ROOT.root(),
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "CN=CA allows 0 CA certificates below it, and there are more"
    );
}

#[test]
fn mail_is_among_the_purposes_of_every_certificate_that_has_some() {
    let for_mail = |c: &mut TestCertificate| {
        let usage = extended_key_usage(&[ID_KP_SERVER_AUTH, ID_KP_EMAIL_PROTECTION]);
        replace(c, ID_CE_EXT_KEY_USAGE, &usage);
    };
    let for_servers = |c: &mut TestCertificate| {
        replace(
            c,
            ID_CE_EXT_KEY_USAGE,
            &extended_key_usage(&[ID_KP_SERVER_AUTH]),
        );
    };
    let none = |c: &mut TestCertificate| replace(c, ID_CE_EXT_KEY_USAGE, b"");
    assert_eq!(
        [with_leaf(for_mail), with_ca(for_mail), with_root(for_mail)],
        ["valid"; 3]
    );
    assert_eq!(
        [with_leaf(none), with_ca(none), with_root(none)],
        ["valid"; 3]
    );
    assert_eq!(
        [
            with_leaf(for_servers),
            with_ca(for_servers),
            with_root(for_servers)
        ],
        ["extended-key-usage"; 3]
    );
    for (purpose, expected) in [
        (Purpose::Server, "valid"),
        (Purpose::Any, "valid"),
        (Purpose::Client, "extended-key-usage"),
    ] {
        let pool = [CA.issued_by(ROOT)];
        let leaf = changed_leaf(CA, for_servers);
        let result = check_with(&leaf, &pool, ROOT.root(), |v| v.purpose = purpose);
        assert_eq!(verdict(&result), expected, "{purpose}");
    }
}

#[test]
fn key_usage_is_that_of_the_purpose() {
    for (usage, signing, receiving) in [
        (0b1000_0000, "valid", "key-usage"),
        (0b0100_0000, "valid", "key-usage"),
        (0b0000_1000, "key-usage", "valid"),
        (0b0010_0000, "key-usage", "key-usage"), // keyEncipherment, on an elliptic curve
        (0b1000_1000, "valid", "valid"),
    ] {
        let leaf = changed_leaf(CA, |c| replace(c, ID_CE_KEY_USAGE, &key_usage(usage)));
        let for_purpose = |purpose| {
            let pool = [CA.issued_by(ROOT)];
            verdict(&check_with(&leaf, &pool, ROOT.root(), |v| {
                v.purpose = purpose;
            }))
        };
        assert_eq!(for_purpose(Purpose::EmailSigning), signing, "{usage:b}");
        assert_eq!(for_purpose(Purpose::EmailReceiving), receiving, "{usage:b}");
        assert_eq!(for_purpose(Purpose::Email), "valid");
    }
}

#[test]
fn critical_extensions_are_known() {
    let unknown = "1.2.3.4".parse().unwrap();
    let critical = |c: &mut TestCertificate| c.extensions.push(critical_extension(unknown, b"x"));
    let not_critical = |c: &mut TestCertificate| c.extensions.push(extension(unknown, b"x"));
    assert_eq!(
        [
            with_leaf(not_critical),
            with_ca(not_critical),
            with_root(not_critical)
        ],
        ["valid"; 3]
    );
    assert_eq!(
        [with_leaf(critical), with_ca(critical), with_root(critical)],
        ["unknown-critical-extension"; 3]
    );
}

#[test]
fn names_chain_whatever_case_space_and_string_type() {
    let spelt = |string_type: u8, text: &str| {
        let mut name = name("x");
        let value = [
            &[string_type, u8::try_from(text.len()).unwrap()],
            text.as_bytes(),
        ]
        .concat();
        let attribute = sequence(&[b"\x06\x03\x55\x04\x03", &value]);
        name.clear();
        name.extend(sequence(&[&[
            &[0x31, u8::try_from(attribute.len()).unwrap()][..],
            &attribute,
        ]
        .concat()]));
        name
    };
    let by = |issuer: Vec<u8>| with_leaf(|c| c.issuer = issuer);
    assert_eq!(
        [by(spelt(0x13, "CA")), by(spelt(0x0c, " ca "))],
        ["valid"; 2]
    );
    assert_eq!(
        [by(spelt(0x13, "C A")), by(spelt(0x0c, "CB"))],
        ["no-trusted-issuer"; 2]
    );
}

#[test]
fn weak_keys_need_legacy() {
    let spki = |name: &str| std::fs::read(format!("testdata/crypto/{name}.spki.der")).unwrap();
    for (name, legacy, expected) in [
        ("rsa2048", false, "valid"),
        ("rsa1024", false, "weak-key"),
        ("rsa1024", true, "valid"),
    ] {
        let leaf = changed_leaf(CA, |c| c.subject_public_key_info = spki(name));
        let pool = [CA.issued_by(ROOT)];
        let result = check_with(&leaf, &pool, ROOT.root(), |v| v.allow_legacy = legacy);
        assert_eq!(verdict(&result), expected, "{name}");
    }
}

#[test]
fn sha_1_needs_legacy_and_md5_is_never_known() {
    let sha1 = sequence(&[b"\x06\x07\x2a\x86\x48\xce\x3d\x04\x01"]);
    let md5 = sequence(&[b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04", b"\x05\x00"]);
    for (algorithm, legacy, expected) in [
        (&sha1, false, "legacy-algorithm"),
        (&sha1, true, "bad-signature"), // it is one over SHA-256
        (&md5, false, "unsupported-algorithm"),
        (&md5, true, "unsupported-algorithm"),
    ] {
        let named = |c: &mut TestCertificate| {
            c.signature_algorithms = [algorithm.clone(), algorithm.clone()];
        };
        let allow = |v: &mut Validation<'_>| v.allow_legacy = legacy;
        let leaf_of = changed_leaf(CA, named);
        let result = check_with(&leaf_of, &[CA.issued_by(ROOT)], ROOT.root(), allow);
        assert_eq!(verdict(&result), expected);
        let result = check_with(&leaf(CA), &[CA.changed(ROOT, named)], ROOT.root(), allow);
        assert_eq!(verdict(&result), expected);
        // Nobody looks at the signature of an anchor.
        assert_eq!(with_root(named), "valid");
    }
}

#[test]
fn an_anchor_is_self_signed_unless_chains_may_be_partial() {
    for (partial_chain, expected) in [(true, "valid"), (false, "no-trusted-issuer")] {
        let anchor = CA.issued_by(ROOT);
        let partial = |v: &mut Validation<'_>| v.partial_chain = partial_chain;
        assert_eq!(
            verdict(&check_with(&leaf(CA), &[], anchor, partial)),
            expected
        );
        let itself = leaf(CA);
        assert_eq!(
            verdict(&check_with(&itself, &[], itself.clone(), partial)),
            expected
        );
    }
    // Without it, what is trusted still helps on the way.
    let anchors = TrustAnchors::from_certificates([CA.issued_by(ROOT), ROOT.root()]);
    let validated = validate(&leaf(CA), &[], &Validation::new(&anchors, now())).unwrap();
    assert_eq!(validated.path().len(), 3);
}

#[test]
fn an_anchor_whose_key_identifiers_differ_is_not_self_signed() {
    let identifiers = |subject: Option<u8>, authority: Option<u8>| {
        move |c: &mut TestCertificate| {
            let subject = subject.map(|id| extension(SKI, &[0x04, 1, id]));
            let authority = authority.map(|id| extension(AKI, &[0x30, 3, 0x80, 1, id]));
            c.extensions.extend(subject.into_iter().chain(authority));
        }
    };
    assert_eq!(with_root(identifiers(Some(1), Some(1))), "valid");
    assert_eq!(with_root(identifiers(Some(1), None)), "valid");
    assert_eq!(with_root(identifiers(None, Some(1))), "valid");
    assert_eq!(
        with_root(identifiers(Some(1), Some(2))),
        "no-trusted-issuer"
    );
}

#[test]
fn a_self_signed_leaf_is_its_own_path_when_it_is_trusted() {
    let bob = Authority {
        name: "Bob",
        key: 7,
    };
    let own = changed_leaf(bob, |_| {});
    let validated = check(&own, &[], own.clone()).unwrap();
    assert_eq!(validated.path().len(), 1);
    let other = changed_leaf(bob, |c| c.serial_number = vec![2]);
    assert_eq!(
        verdict(&check(&other, std::slice::from_ref(&own), own.clone())),
        "no-trusted-issuer"
    );
    let late = "2027-01-01T00:00:00Z".parse().unwrap();
    let result = check_with(&own, &[], own.clone(), |v| v.at = late);
    assert_eq!(verdict(&result), "expired");
}

#[test]
fn an_anchors_own_limits_can_be_taken_off() {
    let expired = ROOT.changed(ROOT, |c| c.not_after = utc_time("260101000000Z"));
    for (bind, expected) in [(true, "expired"), (false, "valid")] {
        let pool = [CA.issued_by(ROOT)];
        let result = check_with(&leaf(CA), &pool, expired.clone(), |v| {
            v.anchor_constraints = bind;
        });
        assert_eq!(verdict(&result), expected);
    }
}

#[test]
fn the_search_goes_back_and_takes_another_way() {
    // An expired twin, a twin with another key, a cross-certificate to a stranger.
    let stranger = Authority {
        name: "Stranger",
        key: 9,
    };
    let pool = [
        CA.changed(ROOT, |c| c.not_after = utc_time("260101000000Z")),
        Authority { key: 8, ..CA }.issued_by(ROOT),
        CA.issued_by(stranger),
        CA.issued_by(ROOT),
    ];
    for turn in 0..pool.len() {
        let mut pool = pool.clone();
        pool.rotate_left(turn);
        assert_eq!(verdict(&check(&leaf(CA), &pool, ROOT.root())), "valid");
    }
    // Without the good one, what would have helped most is told.
    assert_eq!(
        verdict(&check(&leaf(CA), &pool[..3], ROOT.root())),
        "expired"
    );
}

#[test]
fn loops_end() {
    let pool = [CA.issued_by(SUB_CA), SUB_CA.issued_by(CA)];
    assert_eq!(
        verdict(&check(&leaf(CA), &pool, ROOT.root())),
        "no-trusted-issuer"
    );
    let pool = [&pool[..], &[SUB_CA.issued_by(ROOT)]].concat();
    assert_eq!(verdict(&check(&leaf(CA), &pool, ROOT.root())), "valid");
}

#[test]
fn paths_of_six_intermediates_are_followed_and_no_longer_ones() {
    const NAMES: [&str; 7] = ["1", "2", "3", "4", "5", "6", "7"];
    let authority = |n: usize| match n {
        0 => ROOT,
        n => Authority {
            name: NAMES[n - 1],
            key: u8::try_from(n).unwrap() + 20,
        },
    };
    let pool: Vec<Certificate> = (1..=7)
        .map(|n| authority(n).issued_by(authority(n - 1)))
        .collect();
    assert_eq!(
        verdict(&check(&leaf(authority(6)), &pool, ROOT.root())),
        "valid"
    );
    assert_eq!(
        verdict(&check(&leaf(authority(7)), &pool, ROOT.root())),
        "path-length"
    );
}

#[test]
fn a_hundred_intermediates_of_one_name_exhaust_a_budget() {
    // Each signed by the one key of all of them, whose own certificate is not there.
    let impostor = Authority { key: 9, ..CA };
    let pool: Vec<Certificate> = (0..100)
        .map(|serial| {
            CA.changed(impostor, |c| {
                c.serial_number = vec![serial];
                c.subject_public_key_info = spki(serial + 30);
            })
        })
        .collect();
    let judge = |pool| verdict(&in_time(|| check(&leaf(impostor), pool, ROOT.root())));
    assert_eq!(
        [judge(&pool[1..]), judge(&pool)],
        ["bad-signature", "budget"]
    );
}

#[test]
fn a_leaf_is_for_ten_thousand_names_and_no_more() {
    for (count, expected) in [(10_000, "valid"), (10_001, "budget")] {
        for tag in [0x81, 0x82] {
            let name = |number| element(tag, format!("bob{number}@example.com").as_bytes());
            let names: Vec<Vec<u8>> = (0..count).map(name).collect();
            let judge = || with_leaf(|c| replace(c, SAN, &subject_alt_name(&names)));
            assert_eq!(in_time(judge), expected);
        }
    }
}

#[test]
fn cross_certificates_in_every_direction_exhaust_a_budget() {
    const NAMES: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    let authority = |n: usize| Authority {
        name: NAMES[n],
        key: u8::try_from(n).unwrap() + 20,
    };
    let pairs = (0..10).flat_map(|one| (0..10).map(move |other| (one, other)));
    let pool: Vec<Certificate> = pairs
        .filter(|(one, other)| one != other)
        .map(|(one, other)| authority(one).issued_by(authority(other)))
        .collect();
    let result = in_time(|| check(&leaf(authority(0)), &pool, ROOT.root()));
    assert_eq!(verdict(&result), "budget");
    let pool = [&pool[..], &[authority(9).issued_by(ROOT)]].concat();
    let result = in_time(|| check(&leaf(authority(0)), &pool, ROOT.root()));
    assert_eq!(verdict(&result), "valid");
}

#[test]
fn slow_keys_take_more_of_the_budget() {
    let spki = std::fs::read("testdata/crypto/p384.spki.der").unwrap();
    let pool: Vec<Certificate> = (0..30)
        .map(|serial| {
            CA.changed(ROOT, |c| {
                c.serial_number = vec![serial];
                c.subject_public_key_info.clone_from(&spki);
            })
        })
        .collect();
    let judge = |pool| verdict(&in_time(|| check(&leaf(CA), pool, ROOT.root())));
    assert_eq!(
        [judge(&pool[..10]), judge(&pool)],
        ["bad-signature", "budget"]
    );
}

/// Attack 25: what is made to take long ends within 100 ms, if the code is optimised.
fn in_time<T>(run: impl FnOnce() -> T) -> T {
    let started = std::time::Instant::now();
    let result = run();
    let elapsed = started.elapsed();
    assert!(
        cfg!(debug_assertions) || elapsed.as_millis() < 100,
        "{elapsed:?}"
    );
    result
}

#[test]
fn thunderbirds_certificates_need_no_extensions() {
    let leaf = changed_leaf(ROOT, |c| c.extensions.clear());
    assert_eq!(verdict(&check(&leaf, &[], ROOT.root())), "valid");
}
