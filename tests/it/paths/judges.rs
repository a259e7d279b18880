//! Three who judge the same cases: the library, the command line, OpenSSL.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use jiff::Timestamp;
use mailseal::asn1::oid::ObjectIdentifier;
use mailseal::path::{
    PolicyInputs, Revocation, RevocationEvidence, TrustAnchors, Validation, validate,
};
use mailseal::x509::Certificate;
use serde_json::Value;

use super::manifest::{Case, Expect, file};
use crate::support::{Mailseal, try_tool};

/// What somebody says of a case.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// With the policies that hold.
    Accepted(BTreeSet<String>),
    /// With the word of the reason.
    Refused(String),
}

impl Verdict {
    /// What the manifest has to be said.
    pub fn expected(case: &Case) -> Verdict {
        match case.expect {
            Expect::Accept => Verdict::Accepted(case.valid_policies.clone()),
            Expect::Reject => Verdict::Refused(case.reason.clone().unwrap_or_default()),
        }
    }
}

/// The library, with the certificates of its pool in this order.
pub fn library(case: &Case, pool: &[String]) -> Verdict {
    judged_by_library(case, pool).unwrap_or_else(Verdict::Refused)
}

fn judged_by_library(case: &Case, pool: &[String]) -> Result<Verdict, String> {
    let certificates = |names: &[String]| -> Result<Vec<Certificate>, String> {
        names
            .iter()
            .map(|name| Certificate::from_der(&octets(name)).map_err(|_| "malformed".to_owned()))
            .collect()
    };
    let anchors = TrustAnchors::from_certificates(certificates(&case.trust)?);
    let mut evidence = RevocationEvidence::default();
    for name in &case.crls {
        evidence
            .add_list_file(&file(name))
            .map_err(|error| error.to_string())?;
    }
    let revocation = case
        .flags
        .iter()
        .find_map(|it| it.strip_prefix("revocation="));
    let policies = case.policies.iter();
    let validation = Validation {
        purpose: case.purpose.parse().expect("a purpose"),
        allow_legacy: case.has("allow-legacy"),
        partial_chain: case.has("partial-chain"),
        anchor_constraints: !case.has("no-anchor-constraints"),
        policy: PolicyInputs {
            initial_policy_set: policies
                .map(|it| it.parse::<ObjectIdentifier>().expect("an identifier"))
                .collect(),
            explicit: case.has("require-explicit-policy"),
            inhibit_mapping: case.has("inhibit-policy-mapping"),
            inhibit_any: case.has("inhibit-any-policy"),
        },
        revocation: match revocation {
            Some(word) => word.parse().expect("how much must be known"),
            None if case.crls.is_empty() => Revocation::Off,
            None => Revocation::Hard,
        },
        evidence: &evidence,
        ..Validation::new(&anchors, case.at.parse().expect("a time"))
    };
    let target = certificates(std::slice::from_ref(&case.target))?;
    let validated = validate(&target[0], &certificates(pool)?, &validation)
        .map_err(|error| error.reason().to_owned())?;
    let policies = validated.policies().iter().map(ToString::to_string);
    Ok(Verdict::Accepted(policies.collect()))
}

/// `mailseal cert check --json`. What is malformed and not the target comes without a report.
pub fn command_line(case: &Case) -> Verdict {
    let run = Mailseal::new("cert check --json --at")
        .arg(&case.at)
        .args(["--purpose", &case.purpose])
        .args(named("--trust", &case.trust))
        .args(named("--intermediates", &case.intermediates))
        .args(named("--crl", &case.crls))
        .args(case.policies.iter().flat_map(|it| ["--policy", it]))
        .args(case.flags.iter().map(|flag| format!("--{flag}")))
        .arg(file(&case.target));
    let outcome = run.run();
    assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
    let report: Value = serde_json::from_slice(&outcome.stdout).unwrap_or_default();
    let reason = report["reason"].as_str().map(str::to_owned);
    match (outcome.status, report["verdict"].as_str(), reason) {
        (Some(0), Some("valid"), None) => {
            let policies = report["policies"].as_array().into_iter().flatten();
            Verdict::Accepted(
                policies
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect(),
            )
        }
        (Some(1), Some("invalid"), Some(reason)) => Verdict::Refused(reason),
        (Some(65), Some("invalid"), Some(reason)) if reason == "malformed" => {
            Verdict::Refused(reason)
        }
        (Some(66), None, None) => Verdict::Refused("malformed".to_owned()),
        (status, ..) => Verdict::Refused(format!("exit {status:?}: {report} {}", outcome.stderr)),
    }
}

/// `openssl verify`, with the flags that make it ask for the same.
pub fn openssl(case: &Case, scratch: &Path) -> (Expect, String) {
    // Only as its store does it look for the issuers of CRLs in what is trusted, and that is in PEM.
    let trusted = scratch.join(format!("{}.pem", case.id));
    let pem = |name: &String| pem::encode(&pem::Pem::new("CERTIFICATE", octets(name)));
    fs::write(&trusted, case.trust.iter().map(pem).collect::<String>()).expect("our own directory");
    let at: Timestamp = case.at.parse().expect("a time");
    let mut arguments: Vec<OsString> = ["verify", "-no-CApath", "-no-CAstore", "-policy_check"]
        .into_iter()
        .chain(["-purpose", purpose(&case.purpose), "-attime"])
        .map(OsString::from)
        .collect();
    arguments.extend([
        at.as_second().to_string().into(),
        "-CAfile".into(),
        trusted.into(),
    ]);
    arguments.extend(named("-untrusted", &case.intermediates));
    // Where none is named it takes the empty set for what it is.
    let any = ["2.5.29.32.0".to_owned()];
    let policies = match case.policies.as_slice() {
        [] => any.as_slice(),
        policies => policies,
    };
    arguments.extend(policies.iter().flat_map(|it| ["-policy".into(), it.into()]));
    for (flag, of_openssl) in [
        ("require-explicit-policy", "-explicit_policy"),
        ("inhibit-policy-mapping", "-inhibit_map"),
        ("inhibit-any-policy", "-inhibit_any"),
        ("partial-chain", "-partial_chain"),
    ] {
        arguments.extend(case.has(flag).then(|| of_openssl.into()));
    }
    // 112 bits: RSA-2048 and SHA-256.
    if !case.has("allow-legacy") {
        arguments.extend(["-auth_level".into(), "2".into()]);
    }
    if !case.crls.is_empty() && !case.has("revocation=off") {
        let flags = ["-crl_check_all", "-extended_crl", "-use_deltas"];
        arguments.extend(flags.map(OsString::from));
        arguments.extend(named("-CRLfile", &case.crls));
    }
    arguments.push(file(&case.target).into());
    let arguments: Vec<_> = arguments.iter().map(OsString::as_os_str).collect();
    let output = try_tool("openssl", &arguments, b"");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    match output.status.success() {
        true => (Expect::Accept, said),
        false => (Expect::Reject, said),
    }
}

/// OpenSSL's word for a purpose; it has none for an identifier.
fn purpose(word: &str) -> &'static str {
    match word {
        "email" | "email-signing" => "smimesign",
        "email-receiving" => "smimeencrypt",
        "server" => "sslserver",
        "client" => "sslclient",
        _ => "any",
    }
}

fn named(flag: &str, files: &[String]) -> Vec<OsString> {
    let of_one = |name: &String| [flag.into(), file(name).into()];
    files.iter().flat_map(of_one).collect()
}

fn octets(name: &str) -> Vec<u8> {
    fs::read(file(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}
