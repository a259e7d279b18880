//! NIST's PKITS through the command line, with the flags that its paths need: the same verdicts, the
//! same policies, and 1 for every path that does not hold.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::json;
use crate::support::peer::skipped;
use crate::support::{Mailseal, project};

#[derive(serde::Deserialize)]
struct Manifest {
    count: usize,
    cases: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    id: String,
    name: String,
    target: PathBuf,
    trust: Vec<PathBuf>,
    intermediates: Vec<PathBuf>,
    crls: Vec<PathBuf>,
    at: String,
    expect: String,
    policy: Policy,
    expect_policies: BTreeSet<String>,
    needs: Vec<String>,
}

#[derive(serde::Deserialize)]
struct Policy {
    initial_policy_set: Vec<String>,
    explicit: bool,
    inhibit_mapping: bool,
    inhibit_any: bool,
}

#[test]
fn the_command_line_judges_as_nist_says() {
    let folder = std::env::var_os("MAILSEAL_CONFORMANCE")
        .map_or_else(|| project("../shared/conformance"), PathBuf::from)
        .join("pkits");
    let Ok(manifest) = fs::read(folder.join("manifest.json")) else {
        return skipped(&format!("PKITS: {} is not there", folder.display()));
    };
    let manifest: Manifest = serde_json::from_slice(&manifest).expect("as described");
    let mut wrong = Vec::new();
    for case in &manifest.cases {
        let mut run = Mailseal::new("cert check --purpose any --at").arg(&case.at);
        let named = |flag: &'static str, files: &[PathBuf]| -> Vec<(&'static str, PathBuf)> {
            files.iter().map(|file| (flag, folder.join(file))).collect()
        };
        for (flag, file) in [
            named("--trust", &case.trust),
            named("--intermediates", &case.intermediates),
            named("--crl", &case.crls),
        ]
        .concat()
        {
            run = run.arg(flag).arg(file);
        }
        for policy in &case.policy.initial_policy_set {
            run = run.arg("--policy").arg(policy);
        }
        for (flag, is_set) in [
            ("--require-explicit-policy", case.policy.explicit),
            ("--inhibit-policy-mapping", case.policy.inhibit_mapping),
            ("--inhibit-any-policy", case.policy.inhibit_any),
            (
                "--allow-legacy",
                case.needs.iter().any(|need| need == "dsa"),
            ),
        ] {
            if is_set {
                run = run.arg(flag);
            }
        }
        let (status, report) = json(run.arg(folder.join(&case.target)));
        let policies = report["policies"].as_array().expect("a list");
        let policies: BTreeSet<String> = policies
            .iter()
            .filter_map(|policy| policy.as_str().map(str::to_owned))
            .collect();
        let is_as_expected = match case.expect.as_str() {
            "accept" => status == Some(0) && policies == case.expect_policies,
            _ => status == Some(1) && report["verdict"] == "invalid",
        };
        if !is_as_expected {
            let (id, name) = (&case.id, &case.name);
            wrong.push(format!("{id} {name}: {status:?} {report}"));
        }
    }
    assert_eq!(manifest.cases.len(), manifest.count);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
