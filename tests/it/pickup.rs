//! `send --pickup DIR`: files as PowerMTA takes them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::openssl;
use crate::support::{Keys, Mailseal, mail, mail_bytes, same_mail};

fn files(directory: &TempDir) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory.path()).expect("our own directory");
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    paths
}

/// The `x-` lines at the top of a pickup file, and the message below them.
fn parts(path: &PathBuf) -> (Vec<String>, Vec<u8>) {
    let octets = fs::read(path).expect("a file of the pickup directory");
    let (mut lines, mut rest) = (Vec::new(), octets.as_slice());
    while rest.starts_with(b"x-") {
        let end = rest
            .iter()
            .position(|octet| *octet == b'\n')
            .expect("a line has an end");
        lines.push(String::from_utf8_lossy(&rest[..end]).trim_end().to_owned());
        rest = &rest[end + 1..];
    }
    (lines, rest.to_vec())
}

#[test]
fn one_file_with_envelope_and_message() {
    let (keys, pickup) = (Keys::new(), TempDir::new().expect("a temporary directory"));
    let run = keys
        .mailseal("send --sign --pickup")
        .arg(pickup.path())
        .arg(mail("attachments.eml"));
    run.run().success();
    let files = files(&pickup);
    assert_eq!(files.len(), 1, "{files:?}");
    let (lines, message) = parts(&files[0]);
    assert!(
        lines.contains(&"x-sender: alice@example.com".to_owned()),
        "{lines:?}"
    );
    let receivers: Vec<_> = lines
        .iter()
        .filter(|line| line.starts_with("x-receiver: "))
        .collect();
    assert_eq!(
        receivers,
        [
            "x-receiver: bob@example.com",
            "x-receiver: carol@example.com"
        ]
    );
    same_mail(
        &mail_bytes("attachments.eml"),
        &openssl::verify(&message),
        Some(&message),
    );
}

#[test]
fn each_bcc_copy_is_a_file_of_its_own() {
    let (keys, pickup) = (Keys::new(), TempDir::new().expect("a temporary directory"));
    let run = keys
        .mailseal("send --encrypt --pickup")
        .arg(pickup.path())
        .arg(mail("bcc.eml"));
    run.run().success();
    let mut receivers: Vec<Vec<String>> = files(&pickup)
        .iter()
        .map(|path| {
            parts(path)
                .0
                .into_iter()
                .filter(|line| line.starts_with("x-receiver"))
                .collect()
        })
        .collect();
    receivers.sort();
    let line = |name: &str| format!("x-receiver: {name}@example.com");
    assert_eq!(
        receivers,
        [
            vec![line("bob"), line("carol")],
            vec![line("dave")],
            vec![line("pkcs1")]
        ]
    );
}

#[test]
fn many_files_have_many_names() {
    let pickup = TempDir::new().expect("a temporary directory");
    let names = ["crlf.eml", "lf.eml", "newsletter.eml", "utf8-8bit.eml"];
    let run = Mailseal::new("send --pickup")
        .arg(pickup.path())
        .args(names.map(mail));
    run.run().success();
    let files = files(&pickup);
    assert_eq!(files.len(), 4);
    for path in files {
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        assert!(!name.starts_with('.'), "a temporary file is left: {name}");
        let mode = fs::metadata(&path).expect("a file").permissions().mode();
        assert_eq!(mode & 0o007, 0, "{name} can be read by all: {mode:o}");
    }
}

#[test]
fn a_directory_that_is_not_there() {
    let run = Mailseal::new("send --pickup /nonexistent/pickup")
        .arg(mail("newsletter.eml"))
        .run();
    assert!(
        matches!(run.status, Some(66 | 74 | 78)),
        "{:?} {}",
        run.status,
        run.stderr
    );
    assert!(run.stderr.contains("/nonexistent/pickup"), "{}", run.stderr);
}

#[test]
fn a_refused_message_leaves_nothing() {
    let (keys, pickup) = (Keys::new(), TempDir::new().expect("a temporary directory"));
    let run = keys
        .mailseal("send --encrypt --to ann@example.com --pickup")
        .arg(pickup.path());
    run.arg(mail("newsletter.eml"))
        .run()
        .failed(66, &["ann@example.com"]);
    assert!(files(&pickup).is_empty());
}
