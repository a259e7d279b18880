//! `mailseal cert accept`, `history`, `remove` and what `list` says of collected certificates.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use super::pki;
use crate::support::{Mailseal, Outcome, project};

const AT: &str = "2026-11-21T12:00:00Z";
const ALICE: &str = "alice@example.com";

/// A store with Alice's certificate, and another one that waits.
fn store() -> TempDir {
    let store = TempDir::new().expect("a temporary directory");
    for (mail, replacement) in [("opaque.eml", "always"), ("other-key-manual.eml", "manual")] {
        let collect = Mailseal::new("collect --replacement").arg(replacement);
        let collect = collect.args(["--at", AT, "--keys"]).arg(store.path());
        let collect = collect
            .arg("--dns")
            .arg(project("testdata/collect/dns.json"));
        let collect = collect.arg("--trust").arg(pki("root.crt"));
        let mail = project("testdata/collect/messages").join(mail);
        collect.arg(mail).run().success();
    }
    store
}

fn cert(store: &Path, words: &[&str]) -> Outcome {
    let run = Mailseal::new("cert").args(words);
    run.arg("--keys").arg(store).run()
}

fn objects(store: &Path, words: &[&str]) -> Vec<Value> {
    let text = cert(store, &[words, &["--json"]].concat()).success();
    let text = String::from_utf8(text).expect("JSON is UTF-8");
    let objects = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    objects.collect()
}

/// What became of it, and to whom the certificate belongs.
fn told(objects: &[Value]) -> Vec<(&str, &str)> {
    let told = objects.iter().map(|it| {
        let subject = it["certificate"]["subject"].as_str();
        (
            it["outcome"].as_str().expect("a word"),
            subject.expect("a name"),
        )
    });
    told.collect()
}

const OLD: &str = "CN=alice,O=mailseal tests";
const NEW: &str = "CN=Alice with another key,O=mailseal tests";

#[test]
fn what_waits_is_listed_and_accepted_by_its_fingerprint() {
    let store = store();
    let store = store.path();
    let waiting = objects(store, &["accept", "--list"]);
    assert_eq!(told(&waiting), [("pending", NEW)]);
    assert_eq!(waiting[0]["provenance"]["domain"], "example.com");
    let listed = objects(store, &["list", "--at", AT]);
    let alice = listed
        .iter()
        .find(|it| it["subject"] == OLD)
        .expect("she is listed");
    assert_eq!(alice["provenance"]["signing_time"], "2026-11-21T11:00:00Z");
    assert!(listed.iter().any(|it| it["outcome"] == "pending"));
    let words = String::from_utf8(cert(store, &["list", "--at", AT]).success()).expect("UTF-8");
    let last = words.lines().last().expect("a line");
    assert!(
        last.starts_with("pending/") || last.contains("/pending/"),
        "{words}"
    );

    let sha256 = |it: &Value| {
        it["certificate"]["sha256"]
            .as_str()
            .expect("hex")
            .to_owned()
    };
    let fingerprint = sha256(&waiting[0]);
    // One digit away.
    let last = if fingerprint.ends_with('0') { "1" } else { "0" };
    let other = format!("{}{last}", &fingerprint[..63]);
    cert(store, &["accept", ALICE, "--sha256", &other]).refused(66, &["waits for alice"]);
    cert(store, &["accept", "bob@example.com"]).refused(66, &["waits for bob"]);
    let late = ["accept", ALICE, "--at", "2200-01-01T00:00:00Z"];
    cert(store, &late).refused(1, &["expired"]);
    assert_eq!(told(&objects(store, &["accept", "--list"])).len(), 1);

    let accepted = objects(
        store,
        &["accept", ALICE, "--sha256", &fingerprint, "--at", AT],
    );
    assert_eq!(told(&accepted), [("accepted", NEW)]);
    assert!(
        accepted[0]["history"]
            .as_str()
            .is_some_and(|it| it.contains("history/alice"))
    );
    assert!(objects(store, &["accept", "--list"]).is_empty());
    let history = objects(store, &["history", ALICE]);
    assert_eq!(told(&history), [("stored", NEW), ("history", OLD)]);
    assert_eq!(history[0]["provenance"]["accepted"], AT);

    let removed = objects(store, &["remove", ALICE]);
    assert_eq!(told(&removed), [("removed", NEW)]);
    assert!(!store.join(format!("{ALICE}.crt")).exists());
    let history = objects(store, &["history", ALICE]);
    assert_eq!(told(&history).len(), 2);
    cert(store, &["remove", ALICE]).refused(66, &["no certificate is stored"]);

    let log = fs::read_to_string(store.join("audit.log")).expect("it is there");
    let log = log
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    let by_operator: Vec<Value> = log
        .filter(|it: &Value| it["source"] == "operator")
        .collect();
    let certificates = by_operator.iter().map(sha256);
    assert!(certificates.eq([fingerprint.clone(), fingerprint]));
    assert_eq!(told(&by_operator), [("accepted", NEW), ("removed", NEW)]);
}

#[test]
fn what_is_refused_waits_no_longer_and_nothing_else_changes() {
    let store = store();
    let store = store.path();
    let before = fs::read(store.join(format!("{ALICE}.crt"))).expect("it is there");
    let refused = objects(store, &["accept", ALICE, "--refuse"]);
    assert_eq!(told(&refused), [("discarded", NEW)]);
    cert(store, &["accept", ALICE, "--refuse"]).refused(66, &["waits for alice"]);
    assert_eq!(
        told(&objects(store, &["history", ALICE])),
        [("stored", OLD)]
    );
    let after = fs::read(store.join(format!("{ALICE}.crt"))).expect("it is there");
    assert_eq!(before, after);
}
