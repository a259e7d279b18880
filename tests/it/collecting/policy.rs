//! One policy, whoever brings the mail: each mail of testdata/collect by `mailseal collect` and to
//! `mailseal serve`, with the same outcome.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use super::{Case, cases, mail};
use crate::support::server::{AT, Setup, audit, relayed};
use crate::support::{Mailseal, figure, project, tool};

/// Runs a case from the command line, and gives the lines of the audit log.
fn by_command(case: &Case, store: &Path) -> Vec<Value> {
    for file in case.after.iter().chain([&case.file]) {
        let outcome = Mailseal::new("collect --json --at")
            .arg(AT)
            .arg("--dns")
            .arg(project("testdata/collect/dns.json"))
            .arg("--keys")
            .arg(store)
            .args(flags(case))
            .arg(project("testdata/collect/messages").join(file))
            .run();
        let said: Value = serde_json::from_slice(&outcome.stdout)
            .unwrap_or_else(|_| panic!("{}: {}", case.file, outcome.stderr));
        let expected = match said["outcome"].as_str() {
            Some("refused" | "older") => 1,
            _ => 0,
        };
        assert_eq!(outcome.status, Some(expected), "{}", case.file);
    }
    audit(store)
}

fn flags(case: &Case) -> Vec<String> {
    let mut flags = Vec::new();
    let mut trust: Vec<&str> = case.trust.iter().map(String::as_str).collect();
    if trust.is_empty() {
        trust.push("root.crt");
    }
    for file in trust {
        let path = project("testdata/pki").join(file);
        flags.extend(["--trust".to_owned(), path.display().to_string()]);
    }
    if let Some(alignment) = &case.alignment {
        flags.extend(["--alignment".to_owned(), alignment.clone()]);
    }
    if let Some(replacement) = &case.replacement {
        flags.extend(["--replacement".to_owned(), replacement.clone()]);
    }
    flags
}

/// Runs a case against a server, and gives the same.
fn by_server(case: &Case) -> (Vec<Value>, Setup) {
    let mut setup = Setup::new();
    setup.arguments = vec![
        "--at".to_owned(),
        AT.to_owned(),
        "--dns".to_owned(),
        project("testdata/collect/dns.json").display().to_string(),
    ];
    setup.arguments.extend(flags(case));
    let server = setup.start();
    let mut decisions = Vec::new();
    for (index, file) in case.after.iter().chain([&case.file]).enumerate() {
        let answer = server.post(&relayed([&*mail(file)]));
        assert_eq!((answer.status, answer.text().as_str()), (200, "OK"));
        decisions = server.decisions(index + 1);
    }
    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
    (decisions, setup)
}

#[test]
fn every_mail_comes_to_the_end_that_it_proves() {
    let mut count = 0;
    for case in cases() {
        let directory = TempDir::new().expect("a temporary directory");
        let by_command = by_command(&case, directory.path());
        let (by_server, setup) = by_server(&case);
        for (decisions, store) in [
            (&by_command, directory.path()),
            (&by_server, setup.directory.path()),
        ] {
            let last = decisions.last().expect("each mail has its line");
            look(&case, last, store);
        }
        assert_eq!(
            by_command.iter().map(judgements).collect::<Vec<_>>(),
            by_server.iter().map(judgements).collect::<Vec<_>>(),
            "{}",
            case.file
        );
        count += 1;
    }
    figure(&format!(
        "collected: {count} mails of testdata/collect by command and by server"
    ));
}

/// A line of the audit log without what differs with whoever brought the mail.
fn judgements(line: &Value) -> Value {
    let mut line = line.clone();
    for field in ["id", "source", "message"] {
        line[field] = Value::Null;
    }
    line
}

fn look(case: &Case, line: &Value, store: &Path) {
    let name = &case.file;
    let word = |field: &str| line[field].as_str().map(str::to_owned);
    assert_eq!(
        (word("outcome"), word("step"), word("reason")),
        (
            Some(case.outcome.clone()),
            case.step.clone().or_else(|| pending(case, "succession")),
            case.reason
                .clone()
                .or_else(|| pending(case, "other-key-or-issuer"))
        ),
        "{name}: {line}"
    );
    assert_eq!(line["time"], AT);
    let stored: Vec<String> = certificates(store);
    let expected: Vec<String> = match (&case.stores, &case.certificate) {
        (Some(file), _) => vec![file.clone()],
        (None, Some(_)) => vec!["alice@example.com.crt".to_owned()],
        (None, None) => Vec::new(),
    };
    assert_eq!(stored, expected, "{name}");
    if let Some(serial) = &case.certificate {
        // As anybody would look at it.
        let said = tool(
            "openssl",
            &[
                "x509".as_ref(),
                "-noout".as_ref(),
                "-serial".as_ref(),
                "-in".as_ref(),
                store.join(&expected[0]).as_os_str(),
            ],
            b"",
        );
        let said = String::from_utf8(said).expect("ASCII");
        assert_eq!(said.trim(), format!("serial={serial}"), "{name}");
    }
}

fn pending(case: &Case, word: &str) -> Option<String> {
    (case.outcome == "pending").then(|| word.to_owned())
}

fn certificates(store: &Path) -> Vec<String> {
    let entries = fs::read_dir(store).expect("the store is there");
    let names = entries.map(|entry| {
        entry
            .expect("an entry")
            .file_name()
            .into_string()
            .expect("UTF-8")
    });
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".crt")).collect();
    names.sort();
    names
}
