//! What is made to take long ends with the budget, in the library and on the command line; what is
//! merely large does not.

use std::fs;
use std::path::PathBuf;

use mailseal::path::revocation::Origin;
use mailseal::path::{Purpose, Revocation, RevocationEvidence, TrustAnchors, Validation, validate};
use mailseal::x509::Certificate;
use mailseal::x509::crl::CertificateList;
use serde_json::Value;
use tempfile::TempDir;

use super::hostile::{self, Hostile};
use crate::support::Mailseal;

#[test]
fn the_library_gives_up_what_takes_long_and_not_what_is_large() {
    for hostile in hostile::all() {
        assert_eq!(judged(&hostile), hostile.reason, "{}", hostile.name);
    }
}

fn judged(hostile: &Hostile) -> Option<&'static str> {
    let read = |der: &Vec<u8>| Certificate::from_der(der).expect("it is well-formed");
    let anchors = TrustAnchors::from_certificates([read(&hostile.trust)]);
    let mut evidence = RevocationEvidence::default();
    for crl in &hostile.crls {
        let list = CertificateList::from_der(crl).expect("it is well-formed");
        evidence.add_list(list, Origin::Caller);
    }
    let validation = Validation {
        purpose: Purpose::Any,
        revocation: match hostile.crls.is_empty() {
            true => Revocation::Off,
            false => Revocation::Hard,
        },
        evidence: &evidence,
        ..Validation::new(&anchors, hostile::AT.parse().expect("a time"))
    };
    let pool: Vec<Certificate> = hostile.pool.iter().map(read).collect();
    let refusal = validate(&read(&hostile.target), &pool, &validation).err()?;
    Some(refusal.reason())
}

#[test]
fn so_does_the_command_line() {
    for hostile in hostile::all() {
        let directory = TempDir::new().expect("a temporary directory");
        let write = |name: &str, der: &[u8]| -> PathBuf {
            let path = directory.path().join(name);
            fs::write(&path, der).expect("our own directory");
            path
        };
        let mut run = Mailseal::new("cert check --json --purpose any --at")
            .arg(hostile::AT)
            .arg("--trust")
            .arg(write("trust", &hostile.trust))
            .arg("--intermediates")
            .arg(write("pool", &hostile.pool.concat()));
        for (number, crl) in hostile.crls.iter().enumerate() {
            run = run.arg("--crl").arg(write(&format!("{number}.crl"), crl));
        }
        let outcome = run.arg(write("target", &hostile.target)).run();
        let report: Value = serde_json::from_slice(&outcome.stdout).expect("a report in JSON");
        assert_eq!(
            report["reason"].as_str(),
            hostile.reason,
            "{}",
            hostile.name
        );
        let status = match hostile.reason {
            None => 0,
            Some(_) => 1,
        };
        assert_eq!(outcome.status, Some(status), "{}", hostile.name);
    }
}
