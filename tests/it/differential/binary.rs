//! What the binary makes of a PKI: `mailseal cert check --json`, with the flags that it needs.

use std::collections::BTreeSet;

use tempfile::TempDir;

use super::der::now_and;
use super::openssl;
use super::pki::{Encoded, Pki};
use crate::support::Mailseal;

/// The length of the path, and the policies that hold for it.
#[derive(Debug)]
pub struct Accepted {
    pub path: usize,
    pub policies: BTreeSet<String>,
}

/// That, or the word for what is wrong.
pub fn judge(pki: &Pki, encoded: &Encoded) -> Result<Accepted, String> {
    let directory = TempDir::new().expect("a temporary directory");
    openssl::write(directory.path(), pki, encoded);
    let mut run = Mailseal::new("cert check --json --trust anchors.pem --at")
        .arg(now_and(0).to_string())
        .args(["--purpose", &pki.purpose.to_string()])
        .directory(directory.path());
    let lists = pki.lists.as_ref();
    for (flag, is_set) in [
        ("--intermediates pool.pem", !pki.pool.is_empty()),
        (
            "--crl lists.pem",
            lists.is_some_and(|lists| !lists.is_empty()),
        ),
        ("--revocation hard", lists.is_some()),
        ("--partial-chain", pki.partial_chain),
        ("--require-explicit-policy", pki.policy.explicit),
        ("--inhibit-policy-mapping", pki.policy.inhibit_mapping),
        ("--inhibit-any-policy", pki.policy.inhibit_any),
    ] {
        if is_set {
            run = run.args(flag.split(' '));
        }
    }
    for policy in &pki.policy.initial {
        run = run.args(["--policy", policy]);
    }
    let outcome = run.arg("leaf.pem").run();
    let report: serde_json::Value = match serde_json::from_slice(&outcome.stdout) {
        Ok(report) => report,
        Err(_) => return Err(outcome.stderr),
    };
    let list = |name: &str| report[name].as_array().cloned().unwrap_or_default();
    match outcome.status {
        Some(0) => Ok(Accepted {
            path: list("path").len(),
            policies: list("policies")
                .iter()
                .filter_map(|id| id.as_str().map(str::to_owned))
                .collect(),
        }),
        _ => Err(report["reason"]
            .as_str()
            .unwrap_or(&outcome.stderr)
            .to_owned()),
    }
}
