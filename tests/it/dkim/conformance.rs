//! The public messages in `../shared/conformance`: 11 of other DKIM libraries, and those of the original
//! tool's webhook.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::json;
use crate::support::peer::skipped;
use crate::support::{Mailseal, figure};

#[derive(serde::Deserialize)]
struct Manifest {
    count: usize,
    cases: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    id: String,
    message: PathBuf,
    at: Option<String>,
    dns: Records,
    /// How many signatures there are.
    signatures: Option<usize>,
    /// "last signature" where the others are not asked for.
    judged: Option<String>,
    expect: Expect,
}

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Records {
    Table(BTreeMap<String, String>),
    File(PathBuf),
}

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Expect {
    Word(String),
    Judgements { dkim: String },
}

fn suite(name: &str) {
    let suites = std::env::var_os("MAILSEAL_CONFORMANCE").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance"),
        PathBuf::from,
    );
    let folder = suites.join(name);
    let Ok(manifest) = fs::read(folder.join("manifest.json")) else {
        return skipped(&format!(
            "DKIM of {name}: {} is not there",
            folder.display()
        ));
    };
    let manifest: Manifest =
        serde_json::from_slice(&manifest).expect("the manifest is as described");
    assert_eq!(manifest.cases.len(), manifest.count);
    let wrong: Vec<String> = manifest
        .cases
        .iter()
        .filter_map(|case| Some(format!("{}: {}", case.id, departure(case, &folder)?)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    figure(&format!("DKIM of {name}: {0} of {0}", manifest.count));
}

/// What came otherwise than the suite says.
fn departure(case: &Case, folder: &Path) -> Option<String> {
    let directory = TempDir::new().expect("a temporary directory");
    let table = match &case.dns {
        Records::File(path) => folder.join(path),
        Records::Table(records) => {
            let path = directory.path().join("dns.json");
            let text = serde_json::to_string(records).expect("a table is JSON");
            fs::write(&path, text).expect("our own directory");
            path
        }
    };
    let mut run = Mailseal::new("dkim --dns").arg(table);
    if let Some(at) = &case.at {
        run = run.arg("--at").arg(at);
    }
    let (_, report) = json(run.arg(folder.join(&case.message)));
    let signatures = report["signatures"].as_array().expect("an array");
    let results: Vec<&Value> = signatures.iter().map(|it| &it["result"]).collect();
    let expected = match &case.expect {
        Expect::Word(word) | Expect::Judgements { dkim: word } => word.as_str(),
    };
    let came = match case.judged.as_deref() {
        Some(judged) => {
            assert_eq!(judged, "last signature");
            results.last().copied()
        }
        None => Some(&report["verdict"]),
    };
    let right = came.is_some_and(|came| came == expected)
        && case.signatures.is_none_or(|count| count == results.len());
    (!right).then(|| report.to_string())
}

#[test]
fn messages_of_other_libraries() {
    suite("dkim");
}

#[test]
fn messages_of_the_webhook() {
    suite("sparky");
}
