//! Collecting certificates: `mailseal collect`, and `mailseal serve` in front of it.

mod crash;
mod dns;
mod page;
mod policy;
mod readme;
mod reply;
mod service;
mod sparky;
mod status;

use std::fs;

use serde::Deserialize;

use crate::support::project;

/// A mail of testdata/collect, and what is to become of it.
#[derive(Debug, Clone, Deserialize)]
struct Case {
    file: String,
    #[serde(default)]
    outcome: String,
    step: Option<String>,
    reason: Option<String>,
    /// The file that its certificate is in afterwards.
    stores: Option<String>,
    /// The serial number of the certificate that is in that file afterwards.
    certificate: Option<String>,
    /// What came before it.
    #[serde(default)]
    after: Vec<String>,
    alignment: Option<String>,
    replacement: Option<String>,
    #[serde(default)]
    trust: Vec<String>,
}

fn cases() -> Vec<Case> {
    let manifest = fs::read(project("testdata/collect/manifest.json")).expect("it is there");
    serde_json::from_slice(&manifest).expect("it is as make_collect.py writes it")
}

fn mail(file: &str) -> Vec<u8> {
    let path = project("testdata/collect/messages").join(file);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
