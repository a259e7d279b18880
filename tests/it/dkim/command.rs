//! The command itself: its report, its exit codes, its table of keys.

use std::fs;

use serde_json::json as value;
use tempfile::TempDir;

use super::{dkim, is_accepted, is_refused, json, signed, table};

#[test]
fn everything_a_signature_says_is_reported() {
    let run = dkim("--dns").arg(table()).arg(signed("expires-now.eml"));
    let (status, report) = json(run);
    assert_eq!(status, Some(0));
    assert_eq!(report["from"], "alice@example.com");
    assert_eq!(report["not_judged"], 0);
    let expected = value!([{
        "result": "pass",
        "reason": null,
        "detail": null,
        "aligned": true,
        "domain": "example.com",
        "selector": "lab",
        "identity": "@example.com",
        "algorithm": "rsa-sha256",
        "key_bits": 2048,
        "canonicalization": "relaxed/relaxed",
        "signed_headers": ["From", "To", "Subject", "Date", "Message-ID"],
        "body_length": null,
        "timestamp": "2026-11-21T11:59:00Z",
        "expiration": "2026-11-21T12:00:00Z",
    }]);
    assert_eq!(report["signatures"], expected);

    let run = dkim("--dns").arg(table()).arg(signed("five-hundred.eml"));
    let (status, report) = json(run);
    assert_eq!((status, &report["not_judged"]), (Some(1), &value!(492)));
    assert_eq!(report["signatures"].as_array().map(Vec::len), Some(8));
}

#[test]
fn a_verdict_has_its_exit_code() {
    let judge = |name: &str| dkim("--dns").arg(table()).arg(signed(name));
    is_accepted(judge("signed.eml"));
    is_refused(judge("body-changed.eml"), 1, "fail", "body-hash");
    is_refused(judge("unsigned.eml"), 1, "none", "no-signature");
    is_refused(judge("revoked.eml"), 1, "permerror", "key-revoked");
    is_refused(judge("from-twice.eml"), 1, "fail", "from");
    // Attack 21.
    is_refused(judge("above.eml"), 1, "pass", "not-aligned");
    is_accepted(judge("above.eml").args(["--alignment", "relaxed"]));
    is_refused(
        judge("stranger.eml").args(["--alignment", "relaxed"]),
        1,
        "pass",
        "not-aligned",
    );
}

#[test]
fn the_time_is_that_of_the_flag() {
    let judge = |time: &str| {
        let run = crate::support::Mailseal::new("dkim --at")
            .arg(time)
            .arg("--dns");
        run.arg(table()).arg(signed("expires-now.eml"))
    };
    is_accepted(judge("2026-11-21T12:00:00Z"));
    is_refused(judge("2026-11-21T12:00:01Z"), 1, "fail", "expired");
    is_accepted(judge("2026-11-20T12:00:00Z"));
    is_refused(judge("2026-11-20T11:58:59Z"), 1, "fail", "future");
}

#[test]
fn standard_input_is_read_too() {
    let octets = fs::read(signed("signed.eml")).expect("testdata");
    is_accepted(dkim("--dns").arg(table()).stdin(octets));
}

#[test]
fn what_is_no_message_is_malformed() {
    let run = dkim("--json --dns").arg(table()).stdin("not a message\n");
    let outcome = run.run();
    outcome.failed(65, &["standard input", "line 1 is not a header field"]);
    let report: serde_json::Value = serde_json::from_slice(&outcome.stdout).expect("a report");
    assert_eq!(report["verdict"], "permerror");
    assert_eq!(report["reason"], "malformed");
    assert_eq!(report["aligned"], false);
    let missing = dkim("--dns").arg(table()).arg("nowhere.eml").run();
    missing.refused(66, &["nowhere.eml"]);
}

#[test]
fn a_table_that_is_none_is_a_wrong_configuration() {
    let directory = TempDir::new().expect("a temporary directory");
    let file = directory.path().join("dns.json");
    for (text, words) in [
        ("{", &["no json object"][..]),
        ("[]", &["no json object"]),
        ("{\"a.example\": 1}", &["no json object"]),
        ("{\"a..example\": \"\"}", &["a..example", "no name"]),
        ("{\"a.b\": \"\", \"A.b.\": \"\"}", &["A.b.", "twice"]),
    ] {
        fs::write(&file, text).expect("our own directory");
        let run = dkim("--dns").arg(&file).arg(signed("signed.eml"));
        run.run().refused(78, words);
    }
    let run = dkim("--dns nowhere.json").arg(signed("signed.eml"));
    run.run().refused(66, &["nowhere.json"]);
    let run = dkim("--dns-server dns.example").arg(signed("signed.eml"));
    let outcome = run.run();
    assert_eq!(outcome.status, Some(64));
    assert!(
        outcome.stderr.contains("192.0.2.1:5353"),
        "{}",
        outcome.stderr
    );
}
