//! The bodies that the original tool's webhook was given (`../shared/conformance/sparky`).

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::peer::skipped;
use crate::support::server::Setup;
use crate::support::{Mailseal, figure};

#[derive(Deserialize)]
struct Manifest {
    count: usize,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    body: PathBuf,
    message: PathBuf,
    at: String,
    stores: Vec<String>,
    expect: Expect,
    trust: Vec<PathBuf>,
    dns: PathBuf,
}

#[derive(Deserialize)]
struct Expect {
    dkim: String,
    signature: String,
    chain: String,
}

#[test]
fn the_bodies_of_the_original_do_what_their_manifest_says() {
    let suites = std::env::var_os("MAILSEAL_CONFORMANCE").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance"),
        PathBuf::from,
    );
    let folder = suites.join("sparky");
    let Ok(manifest) = fs::read(folder.join("manifest.json")) else {
        return skipped(&format!(
            "webhook of sparky: {} is not there",
            folder.display()
        ));
    };
    let manifest: Manifest = serde_json::from_slice(&manifest).expect("the manifest");
    assert_eq!(manifest.cases.len(), manifest.count);
    for case in &manifest.cases {
        let trust = folder.join(&case.trust[0]);
        let setup = Setup::judging(&case.at, &trust, &folder.join(&case.dns));
        let server = setup.start();
        let answer = server.post(&fs::read(folder.join(&case.body)).expect("the body"));
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (200, "OK"),
            "{}",
            case.id
        );
        let decisions = server.decisions(1);
        compare(case, &decisions[0], server.store());
        drop(server);
        // The same mail from the command line.
        let store = TempDir::new().expect("a temporary directory");
        let outcome = Mailseal::new("collect --json --at")
            .arg(&case.at)
            .arg("--trust")
            .arg(&trust)
            .arg("--dns")
            .arg(folder.join(&case.dns))
            .arg("--keys")
            .arg(store.path())
            .arg(folder.join(&case.message))
            .run();
        assert_eq!(outcome.status, Some(i32::from(case.stores.is_empty())));
        let line = serde_json::from_slice(&outcome.stdout).expect("JSON");
        compare(case, &line, store.path());
    }
    figure(&format!(
        "webhook of sparky: {} of {} bodies",
        manifest.cases.len(),
        manifest.count
    ));
}

fn compare(case: &Case, line: &Value, store: &Path) {
    let Case { id, expect, .. } = case;
    assert_eq!(line["dkim"]["verdict"], expect.dkim, "{id}: {line}");
    {
        let signers = line["layers"].as_array().expect("an array").iter();
        let signers: Vec<&Value> = signers
            .flat_map(|layer| layer["signers"].as_array().expect("an array"))
            .collect();
        let (signature, chain) = match signers.first() {
            Some(signer) => (&signer["signature"], &signer["chain"]),
            None => (&Value::Null, &Value::Null),
        };
        let expected = |word: &str, valid: &str| match word {
            "none" => Value::Null,
            word if word == valid => Value::from("valid"),
            other => panic!("{id}: {other}"),
        };
        assert_eq!(
            *signature,
            expected(&expect.signature, "valid"),
            "{id}: {line}"
        );
        assert_eq!(*chain, expected(&expect.chain, "accept"), "{id}: {line}");
    }
    let entries = fs::read_dir(store).expect("the store is there");
    let names = entries.map(|entry| {
        entry
            .expect("an entry")
            .file_name()
            .into_string()
            .expect("UTF-8")
    });
    let stored: Vec<String> = names.filter(|name| name.ends_with(".crt")).collect();
    assert_eq!(stored, case.stores, "{id}");
    if let Some(file) = case.stores.first() {
        let pem = fs::read_to_string(store.join(file)).expect("it is there");
        assert!(pem.starts_with("-----BEGIN CERTIFICATE-----\n"), "{pem}");
    }
}
