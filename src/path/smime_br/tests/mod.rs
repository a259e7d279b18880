//! Each rule beside the nearest certificate that keeps it: one change to a path without departures.

mod ca;
mod every;
mod leaf;
mod made;
mod subject;

use std::collections::BTreeSet;

use super::*;
use crate::path::testing::{check, key};
use crate::printable::is_deceptive;
use made::{Pki, path};

/// The rules that a path departs from after a change, and the change.
type Case = (&'static [&'static str], fn(&mut Pki));

fn rules(change: impl FnOnce(&mut Pki)) -> Vec<&'static str> {
    let mut pki = Pki::new();
    change(&mut pki);
    let departures = of_path(&path(&pki));
    departures.iter().map(|departure| departure.rule).collect()
}

#[track_caller]
fn hold(cases: &[Case]) {
    for (index, (expected, change)) in cases.iter().enumerate() {
        assert_eq!(rules(change), *expected, "case {index}");
    }
}

const ALL_TABLES: [&[Rule]; 7] = [
    super::every::RULES,
    super::leaf::RULES,
    alternative_name::RULES,
    super::subject::RULES,
    super::ca::ROOT,
    super::ca::SUBORDINATE,
    super::ca::ISSUING,
];

#[test]
fn a_path_as_the_requirements_have_it_departs_from_nothing() {
    assert_eq!(rules(|_| {}), Vec::<&str>::new());
}

#[test]
fn every_rule_has_a_certificate_that_departs_from_it() {
    let cases = [leaf::CASES, every::CASES, subject::CASES, ca::CASES].concat();
    let tested: BTreeSet<&str> = cases
        .iter()
        .flat_map(|(rules, _)| *rules)
        .copied()
        .collect();
    assert_eq!(tested, names(&ALL_TABLES));
}

fn names(tables: &[&[Rule]]) -> BTreeSet<&'static str> {
    let rules = tables.iter().copied().flatten();
    rules.map(|rule| rule.name).collect()
}

#[test]
fn a_sentence_says_how_much_its_rule_weighs() {
    for rule in ALL_TABLES.into_iter().flatten() {
        let word = format!(" {} ", rule.severity);
        assert!(rule.says.contains(&word), "{}: {}", rule.name, rule.says);
        let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(rule.name.chars().all(is_word), "{}", rule.name);
    }
}

#[test]
fn a_rule_stands_once_in_a_table() {
    for table in ALL_TABLES {
        assert_eq!(names(&[table]).len(), table.len());
    }
}

#[test]
fn departures_are_those_of_a_validated_path() {
    let mut pki = Pki::new();
    let signed = |pki: &Pki| {
        let sign = |certificate: &crate::x509::testing::TestCertificate, by| {
            Certificate::from_der(&certificate.signed_by(&key(by))).unwrap()
        };
        let (leaf, ca, root) = (sign(&pki.leaf, 2), sign(&pki.ca, 1), sign(&pki.root, 1));
        departures(&check(&leaf, &[ca], root).unwrap())
    };
    assert_eq!(signed(&pki), []);
    pki.leaf.serial_number = vec![0x7f; 5];
    let [departure] = &signed(&pki)[..] else {
        panic!("one departure");
    };
    let expected = Departure {
        clause: "7.1",
        rule: "serial-number-random",
        severity: Severity::Must,
        subject: "CN=bob@example.com".to_owned(),
        detail: "the serial number must hold 64 random bits: it has 39".to_owned(),
    };
    assert_eq!(departure, &expected);
}

/// Whatever a certificate says, no rule panics, and none repeats what a terminal would obey.
#[test]
fn any_changed_octet_is_judged() {
    let path = path(&Pki::new());
    for (place, change) in [(0, 1), (0, 0x80), (1, 0x80)] {
        let der = path[place].der();
        for at in 0..der.len() {
            let mut changed = der.to_vec();
            changed[at] ^= change;
            let Ok(changed) = Certificate::from_der(&changed) else {
                continue;
            };
            let mut path = path.clone();
            path[place] = changed;
            for departure in of_path(&path) {
                assert!(!departure.detail.chars().any(is_deceptive));
            }
        }
    }
}

#[test]
fn dates_are_those_of_the_requirements() {
    assert_eq!(IN_FORCE.to_string(), "2023-09-01T00:00:00Z");
    assert_eq!(TRANSITION_END.to_string(), "2024-09-15T00:00:00Z");
    let since = |name: &str| {
        let mut rules = ALL_TABLES.into_iter().flatten();
        rules
            .find(|rule| rule.name == name)
            .unwrap()
            .since
            .to_string()
    };
    assert_eq!(since("legacy-generation"), "2025-07-15T00:00:00Z");
    assert_eq!(since("ca-rsa-modulus"), "2026-09-15T00:00:00Z");
    assert_eq!(since("issuer-rsa-modulus"), "2027-09-15T00:00:00Z");
    assert_eq!(since("extended-key-usage-others"), "2027-07-01T00:00:00Z");
    assert_eq!(
        since("ca-extended-key-usage-others"),
        "2027-07-01T00:00:00Z"
    );
    assert_eq!(since("smtp-utf8-domain"), "2024-08-29T00:00:00Z");
    assert_eq!(
        since("organization-identifier-euid"),
        "2025-05-14T00:00:00Z"
    );
}
