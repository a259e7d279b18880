//! The manifest of `testdata/paths`; its README says what each field means.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::PathBuf;

use crate::support::project;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    case: Vec<Case>,
}

/// What a validator is given, and what it has to say.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub id: String,
    pub clause: String,
    pub about: String,
    pub target: String,
    #[serde(default)]
    pub trust: Vec<String>,
    #[serde(default)]
    pub intermediates: Vec<String>,
    #[serde(default)]
    pub crls: Vec<String>,
    #[serde(default = "in_the_middle")]
    pub at: String,
    #[serde(default = "mail")]
    pub purpose: String,
    #[serde(default)]
    pub policies: Vec<String>,
    /// Of the command line, without the two hyphens.
    #[serde(default)]
    pub flags: Vec<String>,
    pub expect: Expect,
    /// Why it is refused, in the word of the report.
    pub reason: Option<String>,
    /// The policies that hold for a path.
    #[serde(default)]
    pub valid_policies: BTreeSet<String>,
    /// The case that is accepted, and differs in one thing.
    pub neighbour: Option<String>,
    /// What OpenSSL says, where it is something else.
    pub openssl: Option<Expect>,
    pub because: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Expect {
    Accept,
    Reject,
}

fn in_the_middle() -> String {
    "2026-07-01T12:00:00Z".to_owned()
}

fn mail() -> String {
    "email".to_owned()
}

impl Case {
    pub fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|it| it == flag)
    }

    /// The inputs in which two cases differ, each file of a list by itself. One file in the place of
    /// another is one difference.
    pub fn differences(&self, other: &Case) -> Vec<String> {
        let mut found = Vec::new();
        for (field, ours, theirs) in [
            ("trust", &self.trust, &other.trust),
            ("intermediates", &self.intermediates, &other.intermediates),
            ("crls", &self.crls, &other.crls),
            ("policies", &self.policies, &other.policies),
            ("flags", &self.flags, &other.flags),
        ] {
            let only = |these: &[String], those: &[String]| {
                these.iter().filter(|it| !those.contains(it)).count()
            };
            let count = only(ours, theirs).max(only(theirs, ours));
            found.extend((0..count).map(|_| field.to_owned()));
        }
        for (field, ours, theirs) in [
            ("target", &self.target, &other.target),
            ("at", &self.at, &other.at),
            ("purpose", &self.purpose, &other.purpose),
        ] {
            if ours != theirs {
                found.push(field.to_owned());
            }
        }
        found
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}: {})", self.id, self.clause, self.about)
    }
}

/// All of them, in the order of the manifest.
pub fn cases() -> Vec<Case> {
    let text = fs::read_to_string(project("testdata/paths/manifest.toml"))
        .expect("the manifest is in testdata");
    let manifest: Manifest = toml::from_str(&text).expect("make.py writes the manifest");
    manifest.case
}

/// A certificate or CRL of the corpus.
pub fn file(name: &str) -> PathBuf {
    project("testdata/paths/files").join(name)
}
