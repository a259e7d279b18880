//! NIST's PKITS (2011): 249 certification paths with policies, name constraints and CRLs, judged as
//! NIST says.
//!
//! The suite is read where it lies (`MAILSEAL_CONFORMANCE`, else `../shared/conformance`). Its chain
//! comes in order; here it is turned around and mixed with certificates that do not belong to it, for
//! a validator that does not care.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use mailseal::keys::pem;
use mailseal::path::{
    PolicyInputs, Purpose, Revocation, RevocationEvidence, TrustAnchors, Validation, validate,
};
use mailseal::x509::Certificate;

use crate::support::peer::skipped;

/// Cases that are judged otherwise here, and why. None of them is to pass unnoticed.
const EXCEPTIONS: [(&str, &str); 0] = [];

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
    expect_policies: Vec<String>,
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
fn nists_paths_are_judged_as_nist_says() {
    let suites = std::env::var_os("MAILSEAL_CONFORMANCE").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance"),
        PathBuf::from,
    );
    let folder = suites.join("pkits");
    let Ok(manifest) = fs::read(folder.join("manifest.json")) else {
        return skipped(&format!("PKITS: {} is not there", folder.display()));
    };
    let manifest: Manifest =
        serde_json::from_slice(&manifest).expect("the manifest is as described");
    assert_eq!(manifest.cases.len(), manifest.count);
    let mut wrong = Vec::new();
    for case in &manifest.cases {
        let departure = departure(case, &folder);
        let exception = EXCEPTIONS.iter().find(|(id, _)| *id == case.id);
        match (departure, exception) {
            (Some(departure), None) => {
                wrong.push(format!("{} {}: {departure}", case.id, case.name));
            }
            (None, Some((_, reason))) => {
                wrong.push(format!(
                    "{} {}: judged as NIST does, although {reason}",
                    case.id, case.name
                ));
            }
            _ => {}
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        manifest.count,
        wrong.join("\n")
    );
}

/// What came out otherwise than the suite says.
fn departure(case: &Case, folder: &Path) -> Option<String> {
    let verdict = judge(case, folder);
    match (case.expect.as_str(), verdict) {
        ("accept", Err(refusal)) => Some(format!("refused, {refusal}")),
        ("reject", Ok(_)) => Some("accepted".to_owned()),
        ("accept", Ok(policies)) => {
            let expected: BTreeSet<String> = case.expect_policies.iter().cloned().collect();
            (policies != expected).then(|| format!("policies {policies:?}, not {expected:?}"))
        }
        _ => None,
    }
}

/// The policies of a path that holds, or why it does not; a certificate that cannot be read does not.
fn judge(case: &Case, folder: &Path) -> Result<BTreeSet<String>, String> {
    let certificates = |paths: &[PathBuf]| -> Result<Vec<Certificate>, String> {
        let mut all = Vec::new();
        for path in paths {
            let file = fs::read(folder.join(path)).expect("a file of the suite");
            all.extend(pem::certificates(&file).map_err(|error| error.to_string())?);
        }
        Ok(all)
    };
    let anchors = TrustAnchors::from_certificates(certificates(&case.trust)?);
    let mut evidence = RevocationEvidence::default();
    for path in &case.crls {
        let read = evidence.add_list_file(&folder.join(path));
        read.map_err(|error| error.to_string())?;
    }
    let identifiers = |dotted: &[String]| {
        let parse = |id: &String| id.parse().expect("an identifier");
        dotted.iter().map(parse).collect()
    };
    let validation = Validation {
        purpose: Purpose::Any,
        allow_legacy: case.needs.iter().any(|need| need == "dsa"),
        policy: PolicyInputs {
            initial_policy_set: identifiers(&case.policy.initial_policy_set),
            explicit: case.policy.explicit,
            inhibit_mapping: case.policy.inhibit_mapping,
            inhibit_any: case.policy.inhibit_any,
        },
        revocation: Revocation::Hard,
        evidence: &evidence,
        ..Validation::new(&anchors, case.at.parse().expect("a time"))
    };
    let target = certificates(std::slice::from_ref(&case.target))?;
    let mut pool = certificates(&case.intermediates)?;
    pool.reverse();
    let validated = validate(&target[0], &pool, &validation)
        .map_err(|error| format!("{}: {error}", error.reason()))?;
    assert!(
        validated
            .revocation()
            .iter()
            .all(|standing| standing.gap.is_none())
    );
    Ok(validated
        .policies()
        .iter()
        .map(ToString::to_string)
        .collect())
}
