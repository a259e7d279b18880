//! What `verify --json` and `open --json` say, as design.md has it; fields that were added since are
//! left alone.

use std::fs;

use tempfile::TempDir;

use super::{Mailseal, Outcome};

/// The whole report.
#[derive(Clone, Debug, serde::Deserialize)]
pub struct Report {
    pub version: u32,
    pub verdict: String,
    pub layers: Vec<Layer>,
    /// All of it, for what these types do not name.
    #[serde(skip)]
    pub text: String,
}

/// One layer, the outermost first.
#[derive(Clone, Debug, serde::Deserialize)]
pub struct Layer {
    pub kind: String,
    pub coverage: Option<String>,
    pub integrity: Option<String>,
    pub cipher: Option<String>,
    #[serde(default)]
    pub signers: Vec<Signer>,
}

/// The three judgements over one signer.
#[derive(Clone, Debug, serde::Deserialize)]
pub struct Signer {
    pub signature: String,
    pub chain: String,
    pub address: String,
    pub reason: Option<String>,
}

impl Report {
    /// The signers of all layers, the outermost layer's first.
    pub fn signers(&self) -> Vec<&Signer> {
        self.layers
            .iter()
            .flat_map(|layer| &layer.signers)
            .collect()
    }

    /// The kinds of all layers, the outermost first.
    pub fn kinds(&self) -> Vec<&str> {
        self.layers
            .iter()
            .map(|layer| layer.kind.as_str())
            .collect()
    }
}

/// A run of `verify` or `open`: the report, unless there was none, and what came out.
pub struct Opened {
    pub outcome: Outcome,
    pub report: Option<Report>,
    /// What `open` wrote, if it wrote anything.
    pub content: Option<Vec<u8>>,
}

impl Opened {
    /// The report, or a panic with what was said instead of one.
    #[track_caller]
    pub fn report(&self) -> &Report {
        self.report
            .as_ref()
            .unwrap_or_else(|| panic!("no report: {}", self.said()))
    }

    /// The content, or a panic with what was said instead of writing it.
    #[track_caller]
    pub fn content(&self) -> &[u8] {
        self.content
            .as_deref()
            .unwrap_or_else(|| panic!("no content: {}", self.said()))
    }

    /// Exit code, report and standard error in one text.
    pub fn said(&self) -> String {
        format!(
            "exit {:?}, signal {:?}\n{}{}",
            self.outcome.status,
            self.outcome.signal,
            String::from_utf8_lossy(&self.outcome.stdout),
            self.outcome.stderr
        )
    }
}

impl Mailseal {
    /// Runs `verify` to its end, for its report.
    pub fn verified(self) -> Opened {
        Opened::new(self.arg("--json").run(), None)
    }

    /// Runs `open` to its end, for its report and the content.
    pub fn opened(self) -> Opened {
        let directory = TempDir::new().expect("a temporary directory");
        let path = directory.path().join("content");
        let outcome = self.arg("--json").arg("-o").arg(&path).run();
        Opened::new(outcome, fs::read(&path).ok())
    }
}

impl Opened {
    fn new(outcome: Outcome, content: Option<Vec<u8>>) -> Opened {
        let report = serde_json::from_slice(&outcome.stdout).ok();
        let text = String::from_utf8_lossy(&outcome.stdout).into_owned();
        Opened {
            report: report.map(|report| Report { text, ..report }),
            outcome,
            content,
        }
    }
}
