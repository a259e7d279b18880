//! CRLs of every kind: what they tell, and the nearest that tells nothing. Attack 36.

use const_oid::db::rfc5280::ID_CE_CRL_DISTRIBUTION_POINTS;

use super::{changed_crl, crl};
use crate::asn1::tlv::{element, sequence};
use crate::path::testing::*;
use crate::path::{Error, Revocation, TrustAnchors, ValidatedCertificate, Validation};
use crate::x509::Certificate;
use crate::x509::crl::CertificateList;
use crate::x509::crl::testing::*;
use crate::x509::testing::{
    TestCertificate, critical_extension, extension, key_usage, name, utc_time,
};

/// The leaf of the tests has number 1, and is on this list.
fn with_leaf(extensions: Vec<Vec<u8>>) -> impl FnOnce(&mut TestCrl) {
    move |c| c.revoked = vec![entry(1, &extensions)]
}

fn judged(leaf: &Certificate, lists: &[CertificateList]) -> &'static str {
    verdict(&validated(leaf, &[CA.issued_by(ROOT)], lists))
}

fn validated(
    leaf: &Certificate,
    pool: &[Certificate],
    lists: &[CertificateList],
) -> Result<ValidatedCertificate, Error> {
    let evidence = lists.iter().cloned().collect();
    let anchors = TrustAnchors::from_certificates([ROOT.root()]);
    let validation = Validation {
        revocation: Revocation::Hard,
        evidence: &evidence,
        ..Validation::new(&anchors, now())
    };
    crate::path::validate(leaf, pool, &validation)
}

/// Judged by this CRL of the CA, and a good one of the root.
fn by(change: impl FnOnce(&mut TestCrl)) -> &'static str {
    judged(&leaf(CA), &[crl(ROOT), changed_crl(CA, change)])
}

/// A distribution point: `[0]` its name, `[1]` reasons, `[2]` CRL issuer.
fn point(parts: &[&[u8]]) -> Vec<u8> {
    extension(
        ID_CE_CRL_DISTRIBUTION_POINTS,
        &sequence(&[&sequence(parts)]),
    )
}

fn full_name(names: &[u8]) -> Vec<u8> {
    element(0xa0, &element(0xa0, names))
}

fn uri(text: &str) -> Vec<u8> {
    element(0x86, text.as_bytes())
}

fn directory(text: &str) -> Vec<u8> {
    element(0xa4, &name(text))
}

fn leaf_with(extension: Vec<u8>) -> Certificate {
    changed_leaf(CA, |c| c.extensions.push(extension))
}

#[test]
fn a_certificate_on_the_list_is_revoked() {
    assert_eq!(by(|_| {}), "valid");
    assert_eq!(by(with_leaf(vec![])), "revoked");
    assert_eq!(by(with_leaf(vec![reason(6)])), "revoked");
    assert_eq!(by(|c| c.revoked = vec![entry(2, &[])]), "valid");
    let ca_revoked = changed_crl(ROOT, with_leaf(vec![])); // the CA has number 1 too
    let error = validated(&leaf(CA), &[CA.issued_by(ROOT)], &[crl(CA), ca_revoked]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the certificate of CN=CA was revoked on 2026-05-15T00:00:00Z: no reason is given; so says \
         the CRL of CN=Root as of 2026-06-01T00:00:00Z, good until 2026-08-01T00:00:00Z"
    );
}

#[test]
fn every_certificate_below_the_anchor_needs_a_list_once_there_are_any() {
    let leaf = leaf(CA);
    for lists in [&[][..], &[crl(ROOT)], &[crl(CA)]] {
        assert_eq!(judged(&leaf, lists), "revocation-unknown");
    }
    assert_eq!(
        verdict(&check(&leaf, &[CA.issued_by(ROOT)], ROOT.root())),
        "valid"
    );
}

#[test]
fn a_list_is_current() {
    assert_eq!(by(|c| c.next_update = utc_time("260701120000Z")), "valid");
    assert_eq!(
        by(|c| c.next_update = utc_time("260701115959Z")),
        "revocation-unknown"
    );
    assert_eq!(by(|c| c.this_update = utc_time("260701120000Z")), "valid");
    assert_eq!(
        by(|c| c.this_update = utc_time("260701120001Z")),
        "revocation-unknown"
    );
    assert_eq!(by(|c| c.next_update = Vec::new()), "valid");
}

#[test]
fn the_latest_of_several_current_lists_counts() {
    let with = |day: &'static str, revoked: bool| {
        changed_crl(CA, |c| {
            c.this_update = utc_time(day);
            c.revoked = if revoked { vec![entry(1, &[])] } else { vec![] };
        })
    };
    for (older, newer, expected) in [(false, true, "revoked"), (true, false, "valid")] {
        let (older, newer) = (with("260601000000Z", older), with("260602000000Z", newer));
        let lists = [crl(ROOT), older, newer];
        assert_eq!(judged(&leaf(CA), &lists), expected);
        let [root, older, newer] = lists;
        assert_eq!(judged(&leaf(CA), &[root, newer, older]), expected);
    }
}

#[test]
fn a_list_is_signed_by_a_key_that_may() {
    let impostor = Authority { key: 9, ..CA };
    let leaf = leaf(CA);
    assert_eq!(
        judged(&leaf, &[crl(ROOT), crl(impostor)]),
        "revocation-unknown"
    );
    let only_certificates = |c: &mut TestCertificate| {
        replace(
            c,
            const_oid::db::rfc5280::ID_CE_KEY_USAGE,
            &key_usage(0b0000_0100),
        );
    };
    let pool = [CA.changed(ROOT, only_certificates)];
    let result = validated(&leaf, &pool, &[crl(ROOT), crl(CA)]);
    assert_eq!(verdict(&result), "revocation-unknown");
    assert_eq!(
        result.unwrap_err().to_string(),
        "nobody can tell whether the certificate of CN=Bob is revoked: the CRL of CN=CA is not \
         signed by a trusted key that may sign it"
    );
}

#[test]
fn another_key_of_the_issuer_may_sign_if_it_leads_to_the_anchor_itself() {
    let for_lists = Authority { key: 8, ..CA };
    let lists = [crl(ROOT), crl(for_lists)];
    let leaf = leaf(CA);
    let by_the_root = for_lists.changed(ROOT, |c| c.serial_number = vec![2]);
    let pool = [CA.issued_by(ROOT), by_the_root];
    assert_eq!(verdict(&validated(&leaf, &pool, &lists)), "valid");
    let pool = [CA.issued_by(ROOT), for_lists.root()];
    assert_eq!(
        verdict(&validated(&leaf, &pool, &lists)),
        "revocation-unknown"
    );
    // Revoked itself.
    let by_the_root = for_lists.changed(ROOT, |c| c.serial_number = vec![2]);
    let pool = [CA.issued_by(ROOT), by_the_root];
    let lists = [
        changed_crl(ROOT, |c| c.revoked = vec![entry(2, &[])]),
        crl(for_lists),
    ];
    assert_eq!(
        verdict(&validated(&leaf, &pool, &lists)),
        "revocation-unknown"
    );
    // Issued by the CA whose CRL it signs: nothing but its own CRL would speak of it.
    let by_the_ca = for_lists.changed(CA, |c| c.serial_number = vec![2]);
    let pool = [CA.issued_by(ROOT), by_the_ca];
    let lists = [crl(ROOT), crl(for_lists)];
    assert_eq!(
        verdict(&validated(&leaf, &pool, &lists)),
        "revocation-unknown"
    );
}

#[test]
fn no_list_stands_for_that_of_another_key_of_the_issuer() {
    let renewed = Authority { key: 8, ..CA };
    let by_the_root = renewed.changed(ROOT, |c| c.serial_number = vec![2]);
    let pool = [CA.issued_by(ROOT), by_the_root];
    let list = |authority: Authority, day: &'static str, revoked: u8| {
        changed_crl(authority, |c| {
            c.this_update = utc_time(day);
            c.extensions.push(key_identifier(&[authority.key]));
            c.revoked = vec![entry(revoked, &[])];
        })
    };
    let leaf = leaf(CA);
    let judge = |lists: &[CertificateList]| {
        verdict(&validated(&leaf, &pool, &[&[crl(ROOT)], lists].concat()))
    };
    let (early, late) = ("260601000000Z", "260602000000Z");
    assert_eq!(judge(&[list(renewed, late, 9)]), "valid");
    assert_eq!(
        judge(&[list(renewed, late, 9), list(CA, early, 9)]),
        "valid"
    );
    assert_eq!(
        judge(&[list(renewed, late, 9), list(CA, early, 1)]),
        "revoked"
    );
    assert_eq!(
        judge(&[list(renewed, late, 1), list(CA, early, 9)]),
        "revoked"
    );
    // Superseded by one of the same key.
    let lists = [
        list(renewed, late, 9),
        list(CA, late, 9),
        list(CA, early, 1),
    ];
    assert_eq!(judge(&lists), "valid");
}

#[test]
fn what_is_critical_is_known() {
    let id = unknown();
    assert_eq!(by(|c| c.extensions.push(extension(id, b""))), "valid");
    assert_eq!(
        by(|c| c.extensions.push(critical_extension(id, b""))),
        "revocation-unknown"
    );
    let of_entry = entry(9, &[critical_extension(id, b"")]);
    assert_eq!(by(|c| c.revoked = vec![of_entry]), "revocation-unknown");
}

#[test]
fn a_delta_list_changes_the_complete_one() {
    let judge = |complete: CertificateList, change: fn(&mut TestCrl)| {
        let delta = changed_crl(CA, |c| {
            c.extensions = vec![number(6), base(5)];
            change(c);
        });
        judged(&leaf(CA), &[crl(ROOT), delta, complete])
    };
    let revoked = || changed_crl(CA, with_leaf(vec![reason(6)]));
    assert_eq!(judge(crl(CA), |_| {}), "valid");
    assert_eq!(judge(revoked(), |_| {}), "revoked");
    assert_eq!(
        judge(crl(CA), |c| c.revoked = vec![entry(1, &[])]),
        "revoked"
    );
    let removed = |c: &mut TestCrl| c.revoked = vec![entry(1, &[reason(8)])];
    assert_eq!(judge(revoked(), removed), "valid");
    // Deltas that do not go with it: to a later one, of an older time, without a number, stale,
    // of another scope.
    for not_for_it in [
        |c: &mut TestCrl| c.extensions = vec![number(7), base(6)],
        |c: &mut TestCrl| c.extensions = vec![number(5), base(4)],
        |c: &mut TestCrl| c.extensions = vec![base(5)],
        |c: &mut TestCrl| c.next_update = utc_time("260615000000Z"),
        |c: &mut TestCrl| c.extensions.push(scope(&[b"\x81\x01\xff"])),
    ] {
        let removed_there = changed_crl(CA, |c| {
            c.extensions = vec![number(6), base(5)];
            c.revoked = vec![entry(1, &[reason(8)])];
            not_for_it(c);
        });
        let lists = [crl(ROOT), revoked(), removed_there];
        assert_eq!(judged(&leaf(CA), &lists), "revoked");
    }
    // Alone it tells nothing.
    let alone = changed_crl(CA, |c| c.extensions = vec![number(6), base(5)]);
    assert_eq!(judged(&leaf(CA), &[crl(ROOT), alone]), "revocation-unknown");
}

#[test]
fn a_list_can_be_for_some_certificates_alone() {
    let only = |flag: &'static [u8]| {
        let part = by(move |c| c.extensions.push(scope(&[flag])));
        let root = changed_crl(ROOT, move |c| c.extensions.push(scope(&[flag])));
        [part, judged(&leaf(CA), &[root, crl(CA)])]
    };
    assert_eq!(only(b"\x81\x01\xff"), ["valid", "revocation-unknown"]);
    assert_eq!(only(b"\x82\x01\xff"), ["revocation-unknown", "valid"]);
    assert_eq!(only(b"\x85\x01\xff"), ["revocation-unknown"; 2]);
}

#[test]
fn a_point_has_the_name_of_its_list() {
    let part = |text| changed_crl(CA, |c| c.extensions.push(scope(&[&full_name(&uri(text))])));
    let of = |text: &str, lists: &[CertificateList]| {
        let leaf = leaf_with(point(&[&full_name(&uri(text))]));
        judged(&leaf, &[&[crl(ROOT)], lists].concat())
    };
    assert_eq!(of("http://a/1", &[part("http://a/1")]), "valid");
    assert_eq!(
        of("http://a/1", &[part("http://a/2")]),
        "revocation-unknown"
    );
    assert_eq!(of("http://a/1", &[crl(CA)]), "valid");
    assert_eq!(
        judged(&leaf(CA), &[crl(ROOT), part("http://a/1")]),
        "revocation-unknown"
    );
    // nameRelativeToCRLIssuer is the same as the whole name.
    let rdn = b"\x30\x08\x06\x03\x55\x04\x03\x0c\x01x";
    let whole = {
        let ca = name("CA");
        sequence(&[&ca[2..], &element(0x31, rdn)])
    };
    let leaf = leaf_with(point(&[&element(0xa0, &element(0xa1, rdn))]));
    let list = changed_crl(CA, |c| {
        c.extensions
            .push(scope(&[&full_name(&element(0xa4, &whole))]));
    });
    assert_eq!(judged(&leaf, &[crl(ROOT), list]), "valid");
}

#[test]
fn reasons_are_told_by_several_lists_together() {
    let some = |flags: [u8; 2]| {
        let reasons = [&[0x83, 3, 7][..], &flags].concat();
        move |c: &mut TestCrl| c.extensions.push(scope(&[&reasons]))
    };
    let [low, high] = [[0x60, 0x00], [0x1f, 0x80]];
    let judge = |lists: &[CertificateList]| judged(&leaf(CA), &[&[crl(ROOT)], lists].concat());
    let [first, second] = [low, high].map(|flags| changed_crl(CA, some(flags)));
    assert_eq!(judge(&[first.clone(), second.clone()]), "valid");
    assert_eq!(judge(std::slice::from_ref(&second)), "revocation-unknown");
    let revoked = changed_crl(CA, |c| {
        some(high)(c);
        c.revoked = vec![entry(1, &[])];
    });
    assert_eq!(judge(&[first, revoked]), "revoked");
}

#[test]
fn another_issuer_tells_what_the_certificate_lets_it() {
    let other = Authority {
        name: "Lists",
        key: 8,
    };
    let indirect = |entries: Vec<Vec<u8>>| {
        changed_crl(other, |c| {
            c.extensions.push(scope(&[b"\x84\x01\xff"]));
            c.revoked = entries;
        })
    };
    let pool = [
        CA.issued_by(ROOT),
        other.changed(ROOT, |c| c.serial_number = vec![2]),
    ];
    let named = leaf_with(point(&[&element(0xa2, &directory("Lists"))]));
    let judge = |leaf: &Certificate, list| verdict(&validated(leaf, &pool, &[crl(ROOT), list]));
    assert_eq!(judge(&named, indirect(vec![])), "valid");
    let of_the_ca = entry(1, &[certificate_issuer("CA")]);
    assert_eq!(judge(&named, indirect(vec![of_the_ca])), "revoked");
    assert_eq!(judge(&named, indirect(vec![entry(1, &[])])), "valid");
    // Not named by the certificate, not indirect, or of nobody.
    assert_eq!(judge(&leaf(CA), indirect(vec![])), "revocation-unknown");
    assert_eq!(judge(&named, crl(other)), "revocation-unknown");
    let result = validated(&named, &pool[..1], &[crl(ROOT), indirect(vec![])]);
    assert_eq!(verdict(&result), "revocation-unknown");
}

#[test]
fn many_lists_of_one_issuer_exhaust_a_budget() {
    let impostor = Authority { key: 9, ..CA };
    let lists: Vec<CertificateList> = (0..120).map(|_| crl(impostor)).collect();
    assert_eq!(
        judged(&leaf(CA), &[&[crl(ROOT)], &lists[..]].concat()),
        "budget"
    );
    assert_eq!(
        judged(
            &leaf(CA),
            &[&[crl(ROOT)], &lists[..50], &[crl(CA)]].concat()
        ),
        "valid"
    );
}
