//! A suite's `manifest.json`: the cases, and what is expected of each.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::peer::skipped;

/// One suite, in its folder.
#[derive(serde::Deserialize)]
pub struct Manifest {
    pub corpus: String,
    pub count: usize,
    pub cases: Vec<Case>,
    #[serde(skip)]
    pub folder: PathBuf,
}

/// One case; paths are relative to the suite's folder.
#[derive(Clone, serde::Deserialize)]
pub struct Case {
    pub id: String,
    pub op: Op,
    pub message: PathBuf,
    pub expect: Expect,
    /// The judgements over the signature inside a decrypted message.
    pub then: Option<Judgements>,
    /// The judgements where SHA-1 is allowed.
    pub expect_sha1_allowed: Option<Judgements>,
    #[serde(default)]
    pub tags: Vec<String>,
    #[serde(default)]
    pub trust: Vec<PathBuf>,
    #[serde(default)]
    pub intermediates: Vec<PathBuf>,
    #[serde(default)]
    pub signer_certs: Vec<PathBuf>,
    pub content: Option<PathBuf>,
    pub at: Option<String>,
    pub key: Option<PathBuf>,
    pub cert: Option<PathBuf>,
    pub contains: Option<String>,
}

/// What is done in a case.
#[derive(Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Op {
    Verify,
    Decrypt,
    Parse,
    /// The body of a webhook; what is asked of its message here is the signature.
    Webhook,
}

/// What has to come of it.
#[derive(Clone, serde::Deserialize)]
#[serde(untagged)]
pub enum Expect {
    Word(String),
    Judgements(Judgements),
}

/// Any of the judgements over a signature; those that are not named are not asked for.
#[derive(Clone, Default, serde::Deserialize)]
pub struct Judgements {
    pub signature: Option<String>,
    pub chain: Option<String>,
    pub address: Option<String>,
    pub policy: Option<String>,
}

impl Manifest {
    /// The suite of this name, unless it is not here; then that is told loudly.
    pub fn read(name: &str) -> Option<Manifest> {
        let suites = std::env::var_os("MAILSEAL_CONFORMANCE").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance"),
            PathBuf::from,
        );
        let folder = suites.join(name);
        let path = folder.join("manifest.json");
        let Ok(text) = fs::read(&path) else {
            skipped(&format!(
                "no conformance suite {name} in {} (MAILSEAL_CONFORMANCE says where the suites are)",
                suites.display()
            ));
            return None;
        };
        let manifest: Manifest = serde_json::from_slice(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(manifest.cases.len(), manifest.count, "{}", path.display());
        Some(Manifest { folder, ..manifest })
    }
}

impl Case {
    /// Whether it holds algorithms that only `--allow-legacy` reads.
    pub fn is_legacy(&self) -> bool {
        const LEGACY: [&str; 5] = ["sha1", "dsa", "rsa-1024", "3des", "rc2"];
        self.tags.iter().any(|tag| LEGACY.contains(&tag.as_str()))
    }
}
