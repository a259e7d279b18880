//! Second opinions on paths: random small PKIs before OpenSSL, gpgsm and mailseal. Where they
//! disagree a table knows why, by its clause, or the test fails.
//!
//! The PKIs are the same at every run. `MAILSEAL_PKIS=20000` looks at more of them, `MAILSEAL_SEED=7`
//! at others, and `MAILSEAL_PKI=123` at one of them alone, of which it tells all, and writes the files
//! to a directory that it names.

mod binary;
mod certificate;
mod crl;
mod der;
mod explanations;
mod gpgsm;
mod judge;
mod keys;
mod names;
mod openssl;
mod ours;
mod pki;
mod quirks;
mod random;
mod shapes;
mod survey;

use std::collections::BTreeSet;
use std::path::PathBuf;

use explanations::{Explanation, GPGSM, OPENSSL};
use gpgsm::Gpgsm;
use judge::Peer;
use openssl::Openssl;
use pki::{Encoded, Pki};
use survey::{Plan, Survey};

use crate::support::figure;
use crate::support::peer::peers;

/// gpgsm takes longer: one PKI for so many of openssl's.
const OPENSSL_FOR_ONE_OF_GPGSM: usize = 6;
/// And the binary one for so many.
const LIBRARY_FOR_ONE_OF_THE_BINARY: usize = 50;

/// Every one of these must have been the reason of some refusals, or the PKIs say little.
const REASONS: &[&str] = &[
    "algorithm-mismatch",
    "bad-signature",
    "expired",
    "extended-key-usage",
    "key-usage",
    "malformed-extension",
    "name-constraints",
    "no-trusted-issuer",
    "no-valid-policy",
    "not-a-ca",
    "not-yet-valid",
    "path-length",
    "revocation-unknown",
    "revoked",
    "unknown-critical-extension",
];

#[test]
fn openssl_and_mailseal_agree_but_for_what_is_explained() {
    if !peers(&["openssl"]) {
        return;
    }
    let plan = Plan::from_environment();
    let survey = Survey::of(plan, plan.count, Openssl::new, Some);
    keep(plan);
    report("openssl verify", plan, &survey, OPENSSL);
    if plan.is_whole() {
        let rare = REASONS.iter().filter(|reason| {
            survey
                .refused
                .get(**reason)
                .is_none_or(|count| *count < plan.count / 400)
        });
        let rare: Vec<_> = rare.collect();
        assert!(
            rare.is_empty(),
            "too few are refused for {rare:?}: {:?}",
            survey.refused
        );
    }
}

#[test]
fn gpgsm_and_mailseal_agree_but_for_what_is_explained() {
    if !peers(gpgsm::NEEDS) {
        return;
    }
    let plan = Plan::from_environment();
    let count = plan.count.div_ceil(OPENSSL_FOR_ONE_OF_GPGSM);
    let survey = Survey::of(plan, count, Gpgsm::new, |pki| Gpgsm::ask_about(&pki));
    report("gpgsm --verify", plan, &survey, GPGSM);
}

#[test]
fn the_binary_says_what_the_library_says() {
    let plan = Plan::from_environment();
    let numbers = match plan.only {
        Some(only) => only..only + 1,
        None => 0..plan.count,
    };
    let mut wrong = Vec::new();
    for number in numbers.step_by(LIBRARY_FOR_ONE_OF_THE_BINARY) {
        let pki = Pki::generate(plan.seed, number);
        // A file with what cannot be read is an error of its own to the binary.
        if pki
            .certificates
            .iter()
            .any(|certificate| certificate.is_doubled)
        {
            continue;
        }
        let encoded = pki.encode();
        let (library, binary) = (ours::judge(&pki, &encoded), binary::judge(&pki, &encoded));
        let same = match (&library, &binary) {
            (Ok(library), Ok(binary)) => {
                library.path.len() == binary.path && library.policies == binary.policies
            }
            (Err(library), Err(binary)) => library == binary,
            _ => false,
        };
        if !same {
            wrong.push(format!("{number}: {library:?}, {binary:?}\n{pki}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "seed {}:\n{}",
        plan.seed,
        wrong.join("\n")
    );
}

/// Tells what came of the PKIs, and fails where that is not as it should be.
#[track_caller]
fn report(peer: &str, plan: Plan, survey: &Survey, table: &[Explanation]) {
    let refused: usize = survey.refused.values().sum();
    let all = survey.accepted + refused;
    let explained: usize = survey.explained.values().sum();
    figure(&format!(
        "{peer}: {all} PKIs (seed {}), {} accepted, {refused} refused, {explained} disagreements \
         explained, {} not",
        plan.seed,
        survey.accepted,
        survey.unexplained.len()
    ));
    let reasons = survey
        .refused
        .iter()
        .map(|(reason, count)| format!("{count} {reason}"));
    figure(&format!(
        "  refused: {}",
        reasons.collect::<Vec<_>>().join(", ")
    ));
    for row in table {
        figure(&format!(
            "  {:5} {}",
            survey.explained_by(row.name),
            row.name
        ));
    }
    assert!(
        survey.unexplained.is_empty(),
        "{peer} disagrees, and nobody knows why:\n\n{}",
        survey.unexplained.join("\n\n")
    );
    if plan.is_whole() {
        let accepted = survey.accepted * 100 / all;
        assert!(
            (30..=70).contains(&accepted),
            "{accepted} % are accepted: they say little"
        );
        let idle = table
            .iter()
            .filter(|row| survey.explained_by(row.name) == 0);
        let idle: Vec<_> = idle
            .map(|row| format!("{}: {}", row.name, row.because))
            .collect();
        assert!(
            idle.is_empty(),
            "explanations of nothing:\n{}",
            idle.join("\n")
        );
    }
}

/// Leaves the files of the one PKI that is asked about where people can look at them.
fn keep(plan: Plan) {
    if let Some(only) = plan.only {
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let directory = directory.join(format!("pki-{}-{only}", plan.seed));
        std::fs::create_dir_all(&directory).expect("our own directory");
        let pki = Pki::generate(plan.seed, only);
        openssl::write(&directory, &pki, &pki.encode());
        println!(
            "cd {}; openssl {}",
            directory.display(),
            openssl::words(&pki).join(" ")
        );
    }
}

#[test]
fn the_same_seed_makes_the_same_pkis() {
    let make = |seed, number| Pki::generate(seed, number).encode().certificates;
    assert_eq!(make(1, 7), make(1, 7));
    let different: BTreeSet<_> = (0..40).map(|n| make(1, n)).chain([make(2, 7)]).collect();
    assert!(
        different.len() > 35,
        "{} of 41 are different",
        different.len()
    );
}

/// Says the same of every PKI.
struct Always(bool);

impl Peer for Always {
    fn judge(&self, _: &Pki, _: &Encoded) -> Result<Option<BTreeSet<String>>, Vec<String>> {
        match self.0 {
            true => Ok(None),
            false => Err(vec!["20".to_owned()]),
        }
    }

    fn has_our_reason(&self, _: &str, _: &[String]) -> bool {
        true
    }

    fn explanations(&self) -> &'static [Explanation] {
        OPENSSL
    }
}

#[test]
fn a_peer_without_judgement_is_not_explained() {
    let plan = Plan {
        seed: 1,
        count: 100,
        only: None,
    };
    for says in [true, false] {
        let survey = Survey::of(plan, plan.count, || Always(says), Some);
        let wrong = match says {
            true => survey.refused.values().sum(),
            false => survey.accepted,
        };
        let explained: usize = survey.explained.values().sum();
        assert!(wrong > 30 && survey.unexplained.len() == wrong - explained);
        assert!(
            explained < wrong / 3,
            "{explained} of {wrong} are explained"
        );
    }
}
