//! The manifest of `testdata/attacks`; its README says what each field means.

use std::fmt;
use std::fs;
use std::path::PathBuf;

use crate::support::project;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    case: Vec<Case>,
}

/// One message and what has to come of it.
#[derive(Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub file: String,
    pub attack: u32,
    pub about: String,
    pub command: String,
    #[serde(default)]
    pub arguments: Vec<String>,
    pub exit: Vec<i32>,
    pub verdict: Option<String>,
    pub coverage: Option<String>,
    pub integrity: Option<String>,
    pub signature: Option<Vec<String>>,
    pub chain: Option<Vec<String>>,
    pub address: Option<Vec<String>>,
    pub output: Option<bool>,
    #[serde(default)]
    pub says: Vec<String>,
    pub never: Option<String>,
    pub alike: Option<String>,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Case {
            file,
            attack,
            about,
            command,
            arguments,
            ..
        } = self;
        write!(
            f,
            "{file} (attack {attack}: {about})\n    mailseal {command}"
        )?;
        arguments
            .iter()
            .try_for_each(|argument| write!(f, " {argument}"))
    }
}

/// All of them, in the order of the manifest.
pub fn cases() -> Vec<Case> {
    let text = fs::read_to_string(project("testdata/attacks/manifest.toml"))
        .expect("the manifest is in testdata");
    let manifest: Manifest = toml::from_str(&text).expect("make.py writes the manifest");
    manifest.case
}

/// The octets of a message of the corpus.
pub fn message(name: &str) -> Vec<u8> {
    fs::read(messages().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The directory of the messages.
pub fn messages() -> PathBuf {
    project("testdata/attacks/messages")
}
