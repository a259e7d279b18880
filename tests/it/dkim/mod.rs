//! `mailseal dkim`: what it says and how it ends, what DNS does to it, and the signatures of others.

mod command;
mod conformance;
mod dns;
mod peers;

pub use dns::dnsmasq;
pub use peers::opendkim;

use std::path::PathBuf;

use serde_json::Value;

use crate::support::{Mailseal, project};

/// A message of testdata/dkim.
fn signed(name: &str) -> PathBuf {
    project("testdata/dkim/messages").join(name)
}

/// The table of keys of testdata/dkim.
fn table() -> PathBuf {
    signed("dns.json")
}

/// The record of the key that most of the messages are signed with.
pub fn lab_record() -> String {
    let text = std::fs::read_to_string(project("testdata/dkim/lab.txt"));
    text.expect("the record is in testdata").trim().to_owned()
}

/// `dkim` at the time that the messages are made for.
fn dkim(arguments: &str) -> Mailseal {
    Mailseal::new("dkim --at 2026-11-21T12:00:00Z").args(arguments.split_whitespace())
}

/// Exit code and report of a run with `--json`.
#[track_caller]
fn json(run: Mailseal) -> (Option<i32>, Value) {
    let outcome = run.arg("--json").run();
    let text = String::from_utf8(outcome.stdout).expect("JSON is UTF-8");
    assert_eq!(text.lines().count(), 1, "{text}{}", outcome.stderr);
    let report: Value = serde_json::from_str(&text).expect("a report in JSON");
    assert_eq!(report["version"], 1);
    (outcome.status, report)
}

/// Exit code, verdict and reason.
#[track_caller]
fn verdict(run: Mailseal) -> (Option<i32>, String, Option<String>) {
    let (status, report) = json(run);
    let word = |name: &str| report[name].as_str().map(str::to_owned);
    let aligned = report["aligned"].as_bool().expect("a boolean");
    assert_eq!(aligned, status == Some(0), "{report}");
    assert_eq!(aligned, report["reason"].is_null(), "{report}");
    assert_eq!(aligned, report["detail"].is_null(), "{report}");
    (status, word("verdict").expect("a verdict"), word("reason"))
}

#[track_caller]
fn is_accepted(run: Mailseal) {
    assert_eq!(verdict(run), (Some(0), "pass".to_owned(), None));
}

#[track_caller]
fn is_refused(run: Mailseal, status: i32, word: &str, reason: &str) {
    let expected = (Some(status), word.to_owned(), Some(reason.to_owned()));
    assert_eq!(verdict(run), expected);
}
