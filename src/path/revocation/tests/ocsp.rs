//! OCSP answers of every kind: what they tell, and the nearest that tells nothing. Attack 36.

use const_oid::db::rfc5280::{
    ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE, ID_KP_EMAIL_PROTECTION, ID_KP_OCSP_SIGNING,
};

use super::retrieving::{Network, full_name, with_access, with_crl};
use super::{changed_crl, crl};
use crate::path::revocation::ocsp::ID_PKIX_OCSP_NOCHECK;
use crate::path::revocation::{Origin, RevocationEvidence, SourceKind};
use crate::path::testing::*;
use crate::path::{Error, Revocation, TrustAnchors, ValidatedCertificate, Validation, validate};
use crate::x509::Certificate;
use crate::x509::crl::CertificateList;
use crate::x509::crl::testing::{entry, scope};
use crate::x509::information_access::ID_AD_OCSP;
use crate::x509::ocsp::OcspResponse;
use crate::x509::ocsp::testing::*;
use crate::x509::testing::{
    TestCertificate, critical_extension, extended_key_usage, extension, generalized_time,
    key_usage, name, utc_time,
};

/// The CA's certificate stands in the root's CRL, the leaf in this answer.
fn validated(
    leaf: &Certificate,
    answers: &[OcspResponse],
    lists: &[CertificateList],
) -> Result<ValidatedCertificate, Error> {
    let mut evidence: RevocationEvidence = lists.iter().cloned().chain([crl(ROOT)]).collect();
    for answer in answers {
        evidence.add_answer(answer.clone(), Origin::Message);
    }
    let anchors = TrustAnchors::from_certificates([ROOT.root()]);
    let validation = Validation {
        revocation: Revocation::Hard,
        evidence: &evidence,
        ..Validation::new(&anchors, now())
    };
    validate(leaf, &[CA.issued_by(ROOT)], &validation)
}

/// The verdict by an answer of the CA.
fn by(change: impl FnOnce(&mut TestOcsp)) -> &'static str {
    let mut answer = TestOcsp::of(&leaf(CA), &CA.issued_by(ROOT));
    change(&mut answer);
    verdict(&validated(
        &leaf(CA),
        &[answer.signed_by(&key(CA.key))],
        &[],
    ))
}

fn by_single(change: impl FnOnce(&mut TestSingle)) -> &'static str {
    by(|answer| change(&mut answer.responses[0]))
}

#[test]
fn an_answer_of_the_issuer_tells_of_its_certificate() {
    assert_eq!(by(|_| {}), "valid");
    assert_eq!(
        by_single(|single| single.status = revoked(Some(1))),
        "revoked"
    );
    assert_eq!(
        by_single(|single| single.status = revoked(Some(6))),
        "revoked"
    );
    assert_eq!(
        by_single(|single| single.status = unknown()),
        "revocation-unknown"
    );
    let named = |answer: &mut TestOcsp| answer.responder_id = by_name(&CA.issued_by(ROOT));
    assert_eq!(by(named), "valid");
    let other = |answer: &mut TestOcsp| answer.responder_id = by_name(&ROOT.root());
    assert_eq!(by(other), "revocation-unknown");

    let answer = TestOcsp::of(&leaf(CA), &CA.issued_by(ROOT)).signed_by(&key(CA.key));
    let validated = validated(&leaf(CA), &[answer], &[]).unwrap();
    let source = &validated.revocation()[0].sources[0];
    let produced_at = "2026-06-30T00:00:00Z".parse().unwrap();
    assert_eq!(source.kind, SourceKind::Ocsp { produced_at });
    assert_eq!(source.origin, Origin::Message);
}

#[test]
fn an_answer_is_about_the_certificate_itself() {
    let other_serial = changed_leaf(CA, |c| c.serial_number = vec![2]);
    let other_issuer = Authority { key: 9, ..CA }.issued_by(ROOT);
    let ca = CA.issued_by(ROOT);
    let judged = |certificate: &Certificate, issuer: &Certificate| {
        by(|answer| answer.responses = vec![TestSingle::of(certificate, issuer)])
    };
    assert_eq!(judged(&leaf(CA), &ca), "valid");
    assert_eq!(judged(&other_serial, &ca), "revocation-unknown");
    assert_eq!(judged(&leaf(CA), &other_issuer), "revocation-unknown");
    let neighbour = |answer: &mut TestOcsp| {
        let mut revoked_one = TestSingle::of(&other_serial, &ca);
        revoked_one.status = revoked(None);
        answer.responses.insert(0, revoked_one);
    };
    assert_eq!(by(neighbour), "valid");
}

#[test]
fn an_answer_is_signed_by_the_issuers_key() {
    let answer = TestOcsp::of(&leaf(CA), &CA.issued_by(ROOT));
    let judged = |seed: u8| verdict(&validated(&leaf(CA), &[answer.signed_by(&key(seed))], &[]));
    assert_eq!(judged(CA.key), "valid");
    assert_eq!(judged(ROOT.key), "revocation-unknown");
    assert_eq!(judged(9), "revocation-unknown");
}

#[test]
fn an_answer_is_current() {
    let next = |time: &'static str| {
        by_single(move |single| single.next_update = Some(generalized_time(time)))
    };
    assert_eq!(next("20260701120000Z"), "valid");
    assert_eq!(next("20260701115959Z"), "revocation-unknown");
    // A responder's clock may be five minutes ahead.
    let made = |time: &'static str| {
        by(move |answer| {
            answer.produced_at = generalized_time(time);
            answer.responses[0].this_update = generalized_time(time);
        })
    };
    assert_eq!(made("20260701120500Z"), "valid");
    assert_eq!(made("20260701120501Z"), "revocation-unknown");
    // What says nothing of the next one is good for a day.
    let open = |time: &'static str| {
        by_single(move |single| {
            single.this_update = generalized_time(time);
            single.next_update = None;
        })
    };
    assert_eq!(open("20260630120000Z"), "valid");
    assert_eq!(open("20260630115959Z"), "revocation-unknown");
}

#[test]
fn what_is_critical_is_known() {
    let unknown = crate::x509::crl::testing::unknown();
    assert_eq!(
        by(|a| a.extensions = vec![extension(unknown, b"")]),
        "valid"
    );
    let critical = || vec![critical_extension(unknown, b"")];
    assert_eq!(by(|a| a.extensions = critical()), "revocation-unknown");
    assert_eq!(
        by_single(|s| s.extensions = critical()),
        "revocation-unknown"
    );
}

const RESPONDER: Authority = Authority {
    name: "Responder",
    key: 20,
};

/// An answer by this responder, which the CA has or has not certified for it.
fn delegated(
    issuer: Authority,
    lists: &[CertificateList],
    change: impl FnOnce(&mut TestCertificate),
) -> &'static str {
    let responder = changed_leaf(issuer, |c| {
        c.subject = name(RESPONDER.name);
        c.serial_number = vec![20];
        c.subject_public_key_info = spki(RESPONDER.key);
        replace(
            c,
            ID_CE_EXT_KEY_USAGE,
            &extended_key_usage(&[ID_KP_OCSP_SIGNING]),
        );
        change(c);
    });
    let mut answer = TestOcsp::of(&leaf(CA), &CA.issued_by(ROOT));
    answer.responder_id = by_key(&responder);
    answer.certificates = vec![responder.der().to_vec()];
    let answer = answer.signed_by(&key(RESPONDER.key));
    verdict(&validated(&leaf(CA), &[answer], lists))
}

#[test]
fn a_responder_answers_for_who_has_certified_it_for_that() {
    let by = |change: fn(&mut TestCertificate)| delegated(CA, &[], change);
    assert_eq!(by(|_| {}), "valid");
    let not_for_ocsp = |c: &mut TestCertificate| {
        replace(
            c,
            ID_CE_EXT_KEY_USAGE,
            &extended_key_usage(&[ID_KP_EMAIL_PROTECTION]),
        );
    };
    assert_eq!(by(not_for_ocsp), "revocation-unknown");
    assert_eq!(
        by(|c| replace(c, ID_CE_EXT_KEY_USAGE, &[])),
        "revocation-unknown"
    );
    let no_signing = |c: &mut TestCertificate| replace(c, ID_CE_KEY_USAGE, &key_usage(0b0010_0000));
    assert_eq!(by(no_signing), "revocation-unknown");
    assert_eq!(by(|c| c.not_after = utc_time("260701120000Z")), "valid");
    assert_eq!(
        by(|c| c.not_after = utc_time("260701115959Z")),
        "revocation-unknown"
    );
    let other_key = |c: &mut TestCertificate| c.subject_public_key_info = spki(21);
    assert_eq!(by(other_key), "revocation-unknown");
    // Somebody above or beside the issuer is not the issuer.
    assert_eq!(delegated(ROOT, &[], |_| {}), "revocation-unknown");
    let impostor = Authority { key: 9, ..CA };
    assert_eq!(delegated(impostor, &[], |_| {}), "revocation-unknown");
}

#[test]
fn a_responder_that_was_revoked_does_not_answer_unless_its_issuer_wants_nobody_to_look() {
    // A CRL for those alone that point to it: of the leaf it tells nothing.
    const POINT: &str = "http://ca.example/responders.crl";
    let list = |serial_number| {
        changed_crl(CA, |c| {
            c.revoked = vec![entry(serial_number, &[])];
            c.extensions.push(scope(&[&full_name(POINT)]));
        })
    };
    let pointing = |c: &mut TestCertificate| with_crl(POINT)(c);
    assert_eq!(delegated(CA, &[list(21)], pointing), "valid");
    assert_eq!(delegated(CA, &[list(20)], pointing), "revocation-unknown");
    let no_check = |c: &mut TestCertificate| {
        with_crl(POINT)(c);
        c.extensions
            .push(extension(ID_PKIX_OCSP_NOCHECK, b"\x05\x00"));
    };
    assert_eq!(delegated(CA, &[list(20)], no_check), "valid");
}

#[test]
fn whoever_says_revoked_is_believed_first() {
    let good = TestOcsp::of(&leaf(CA), &CA.issued_by(ROOT)).signed_by(&key(CA.key));
    let on_list = changed_crl(CA, |c| c.revoked = vec![entry(1, &[])]);
    assert_eq!(
        verdict(&validated(
            &leaf(CA),
            std::slice::from_ref(&good),
            &[on_list]
        )),
        "revoked"
    );
    let both = validated(&leaf(CA), &[good], &[crl(CA)]).unwrap();
    assert_eq!(both.revocation()[0].sources.len(), 2);
}

const RESPONDER_AT: &str = "http://ocsp.example/";

#[test]
fn a_responder_is_asked_and_its_answer_remembered() {
    let leaf = changed_leaf(CA, with_access(ID_AD_OCSP, RESPONDER_AT));
    let ca = CA.changed(ROOT, |_| {});
    let judge = |network: &Network, how| {
        let result = network.judge(&leaf, &[CA.issued_by(ROOT)], how, now());
        let kept = network.kept.borrow().contains_key(RESPONDER_AT);
        (verdict(&result), kept, network.asked.borrow().len())
    };
    let network = |change: fn(&mut TestOcsp)| {
        let mut answer = TestOcsp::of(&leaf, &ca);
        change(&mut answer);
        let mut network = Network::default();
        let der = answer.der(&key(CA.key));
        network.pages.insert(RESPONDER_AT, der);
        network
    };
    // Of the CA nobody tells: there is no place to ask.
    let good = network(|_| {});
    assert_eq!(judge(&good, Revocation::Soft), ("valid", true, 1));
    assert_eq!(judge(&good, Revocation::Soft), ("valid", true, 1));
    let bad = network(|answer| answer.responses[0].status = revoked(None));
    assert_eq!(judge(&bad, Revocation::Soft), ("revoked", true, 1));
    assert_eq!(judge(&bad, Revocation::Soft), ("revoked", true, 1));
    let replayed = network(|answer| answer.extensions = vec![nonce(&[7; 32])]);
    assert_eq!(judge(&replayed, Revocation::Soft), ("valid", false, 1));
    let later = network(|answer| answer.responses[0].status = unknown());
    assert_eq!(judge(&later, Revocation::Soft), ("valid", false, 1));
    assert_eq!(
        judge(&later, Revocation::Hard),
        ("revocation-unknown", false, 1)
    );
}
