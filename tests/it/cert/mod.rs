//! `mailseal cert`, by its exit codes and its JSON.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Mailseal, project};

mod accept;
mod check;
mod import;
mod list;
pub mod made;
mod pkits;
mod profile;
mod revocation;
mod show;
mod trust;

/// A certificate of `testdata/keys`, with its intermediate behind it.
fn key_file(name: &str) -> PathBuf {
    project("testdata/keys").join(name)
}

fn pki(name: &str) -> PathBuf {
    project("testdata/pki").join(name)
}

fn p12(name: &str) -> PathBuf {
    project("testdata/p12").join(name)
}

const PASSWORD: &str = "correct horse battery staple";

/// The binary with `--json`, and the one object it says.
#[track_caller]
fn json(run: Mailseal) -> (Option<i32>, Value) {
    let outcome = run.arg("--json").run();
    let text = String::from_utf8(outcome.stdout).expect("JSON is UTF-8");
    assert_eq!(text.lines().count(), 1, "{text}{}", outcome.stderr);
    let report: Value = serde_json::from_str(&text).expect("a report in JSON");
    assert_eq!(report["version"], 1);
    (outcome.status, report)
}

/// Files of a directory of the test's own.
struct Files(TempDir);

impl Files {
    fn new() -> Files {
        Files(TempDir::new().expect("a temporary directory"))
    }

    fn write(&self, name: &str, octets: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, octets).expect("our own directory");
        path
    }
}

/// The DER of the first certificate of a PEM file.
fn der(path: &Path) -> Vec<u8> {
    let text = fs::read(path).expect("the file is in testdata");
    let blocks = mailseal::keys::pem::blocks(&text).expect("the file is PEM");
    blocks[0].content().to_vec()
}
