//! The public suites of messages in `../shared/conformance`, through the command line, as their manifests
//! say.
//!
//! `exceptions.toml` lists the cases where we depart from a suite, each with its reason; a case
//! that is listed there and passes fails the test. A suite that is not here is told loudly.

mod judge;
mod manifest;

use std::collections::BTreeMap;
use std::fs;

use manifest::Manifest;

use crate::support::{Mailseal, figure, project};

/// A departure from a suite.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    /// The suite and the case in it: `thunderbird/alice.env`.
    id: String,
    /// Why we are right to depart.
    reason: String,
}

/// Reasons by id.
fn exceptions() -> BTreeMap<String, String> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Exceptions {
        #[serde(default)]
        exception: Vec<Exception>,
    }
    let text = fs::read_to_string(project("tests/it/conformance/exceptions.toml"));
    let exceptions: Exceptions =
        toml::from_str(&text.expect("exceptions.toml is there")).expect("exceptions.toml is TOML");
    let mut by_id = BTreeMap::new();
    for Exception { id, reason } in exceptions.exception {
        assert!(!reason.trim().is_empty(), "{id} has no reason");
        assert!(by_id.insert(id.clone(), reason).is_none(), "{id} twice");
    }
    by_id
}

/// Runs a suite and fails with every case that is not as expected, or in spite of its exception is.
fn suite(name: &str) {
    let Some(manifest) = Manifest::read(name) else {
        return;
    };
    let exceptions = exceptions();
    let (mut passed, mut excepted, mut failures) = (0, 0, Vec::new());
    for case in &manifest.cases {
        let id = format!("{name}/{}", case.id);
        let wrong = judge::wrong(case, &manifest.folder);
        match (wrong.is_empty(), exceptions.get(&id)) {
            (true, None) => passed += 1,
            (false, Some(_)) => excepted += 1,
            (true, Some(reason)) => {
                failures.push(format!("unexpected pass of {id}, in spite of: {reason}"));
            }
            (false, None) => failures.push(format!("{id}: {}", wrong.join("\n"))),
        }
    }
    for id in exceptions.keys() {
        let of_this_suite = id.strip_prefix(&format!("{name}/"));
        let known = of_this_suite.is_none_or(|id| manifest.cases.iter().any(|case| case.id == id));
        assert!(known, "exceptions.toml: no case {id}");
    }
    let departures = match excepted {
        0 => String::new(),
        more => format!(", {more} with a written reason not"),
    };
    figure(&format!(
        "{name}: {passed} of {}{departures}",
        manifest.count
    ));
    assert_eq!(manifest.corpus, name);
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn thunderbird() {
    suite("thunderbird");
}

#[test]
fn rfc4134() {
    suite("bcmail");
}

/// The exception for example 4.6, proved: all it lacks is the issuer whose DSA parameters a key inherits.
#[test]
fn inherited_parameters() {
    let Some(manifest) = Manifest::read("bcmail") else {
        return;
    };
    let file = |name: &str| manifest.folder.join("rfc4134").join(name);
    let run = |message: &str| {
        let run = Mailseal::new("verify --allow-legacy --at 2003-01-01T00:00:00Z --trust");
        let run = run.arg(file("CarlDSSSelf.pem")).arg(file(message));
        run.arg("--intermediates")
            .arg(file("CarlDSSSelf.pem"))
            .verified()
    };
    let run = run("4.6.bin");
    let signers = run.report().signers();
    assert_eq!(signers.len(), 2, "{}", run.said());
    for signer in signers {
        let judged = (signer.signature.as_str(), signer.chain.as_str());
        assert_eq!(judged, ("valid", "valid"), "{}", run.said());
    }
}

#[test]
fn real_mail() {
    suite("sparky");
}
