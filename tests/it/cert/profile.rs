//! `mailseal cert check --profile smime-br`: certificates as the S/MIME Baseline Requirements have them
//! beside those that depart from them.

use serde_json::Value;

use super::{json, key_file, pki};
use crate::support::{Mailseal, project};

/// `cert check` of a leaf of testdata/smime-br.
fn check(arguments: &str, at: &str, leaf: &str) -> Mailseal {
    let file = |name: &str| project("testdata/smime-br").join(name);
    Mailseal::new("cert check --at")
        .arg(at)
        .arg("--trust")
        .arg(file("root.crt"))
        .arg("--intermediates")
        .arg(file("ca.crt"))
        .args(arguments.split_whitespace())
        .arg(file(leaf))
}

const IN_2026: &str = "2026-11-21T12:00:00Z";

/// The words of the rules, each with its severity.
fn rules(report: &Value) -> Vec<(String, String)> {
    let departures = report["departures"].as_array().expect("an array, always");
    let text = |value: &Value| value.as_str().expect("a word").to_owned();
    departures
        .iter()
        .map(|departure| (text(&departure["severity"]), text(&departure["rule"])))
        .collect()
}

#[track_caller]
fn departs(leaf: &str, severity: &str, expected: &[&str]) {
    let run = check("--profile smime-br", IN_2026, leaf);
    let (status, report) = json(run);
    let is_valid = severity == "should" || expected.is_empty();
    assert_eq!(status, Some(i32::from(!is_valid)), "{report}");
    let expected: Vec<(String, String)> = expected
        .iter()
        .map(|rule| (severity.to_owned(), (*rule).to_owned()))
        .collect();
    assert_eq!(rules(&report), expected, "{leaf}");
    assert_eq!(report["path"].as_array().map(Vec::len), Some(3));
}

#[test]
fn certificates_as_the_requirements_have_them_depart_from_nothing() {
    for leaf in ["sponsor.crt", "mailbox.crt", "legacy.crt"] {
        departs(leaf, "must", &[]);
    }
}

#[test]
fn what_must_not_be_makes_a_path_invalid() {
    let wrong = [
        "validity-period",
        "crl-points-http",
        "key-usage-bits",
        "extended-key-usage-strict",
        "mailbox-attributes",
    ];
    departs("wrong.crt", "must", &wrong);
    departs("legacy-late.crt", "must", &["legacy-generation"]);

    let (_, report) = json(check("--profile smime-br", IN_2026, "wrong.crt"));
    assert_eq!(report["verdict"], "invalid");
    assert_eq!(report["reason"], "profile");
    assert_eq!(
        report["detail"],
        "the path departs from the S/MIME Baseline Requirements 1.0.12 in 5 points, first 6.3.2, \
         CN=mallory@example.com,O=Beispiel GmbH: the certificate must be valid for 825 days at most, \
         1185 if Legacy: it is for 1096"
    );
    let expected = serde_json::json!({
        "profile": "smime-br",
        "clause": "7.1.2.3 (e)",
        "rule": "key-usage-bits",
        "severity": "must",
        "subject": "CN=mallory@example.com,O=Beispiel GmbH",
        "detail": "keyUsage must be that of the key, for signing, key management or both: it is \
                   digitalSignature, keyEncipherment, dataEncipherment",
    });
    assert_eq!(report["departures"][2], expected);
}

#[test]
fn what_should_not_be_is_told_and_leaves_a_path_valid() {
    let expected = [
        "access-present",
        "key-usage-critical",
        "subject-key-present",
    ];
    departs("should.crt", "should", &expected);

    let told = |arguments: &str| {
        let run = check(arguments, IN_2026, "should.crt").run();
        let text = String::from_utf8(run.success()).expect("subjects in ASCII");
        assert!(text.starts_with("valid, up to "), "{text}");
        let lines = text.lines().filter(|line| line.starts_with("  smime-br "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(told("--profile smime-br").is_empty());
    assert_eq!(
        told("--profile smime-br -v")[1],
        "  smime-br 7.1.2.3 (e), CN=carol@example.com: keyUsage should be critical: it is not"
    );
}

#[test]
fn without_a_profile_nothing_departs() {
    let (status, report) = json(check("", IN_2026, "wrong.crt"));
    assert_eq!((status, rules(&report)), (Some(0), vec![]));
    let refused = check("--profile smime", IN_2026, "wrong.crt").run();
    assert_eq!(refused.status, Some(64));
    assert!(refused.stderr.contains("smime-br"), "{}", refused.stderr);
}

#[test]
fn a_path_that_does_not_hold_is_not_held_to_a_profile() {
    let late = "2029-01-01T00:00:00Z";
    let (status, report) = json(check("--profile smime-br", late, "wrong.crt"));
    assert_eq!(status, Some(1));
    assert_eq!(report["reason"], "expired");
    assert!(rules(&report).is_empty());
}

#[test]
fn a_private_pki_departs_in_many_points() {
    let run = Mailseal::new("cert check --profile smime-br --at 2026-11-21T12:00:00Z --trust")
        .arg(pki("root.crt"))
        .arg(key_file("bob@example.com.crt"));
    let (status, report) = json(run);
    assert_eq!(status, Some(1));
    let rules = rules(&report);
    let has = |rule: &str| rules.iter().any(|(_, name)| name == rule);
    for rule in [
        "serial-number-random",
        "validity-period",
        "policies-present",
        "crl-points-present",
        "ca-extended-key-usage",
        "ca-country",
    ] {
        assert!(has(rule), "{rule} of {rules:?}");
    }
    assert!(!has("extended-key-usage") && !has("alt-name-present"));
}
