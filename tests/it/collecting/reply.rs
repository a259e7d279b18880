//! The note to the sender: signed, once a day, and to nobody who did not prove to be the author.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::mail;
use crate::support::server::{Setup, relayed};
use crate::support::{Keys, Mailseal, project};

#[test]
fn an_author_is_told_once_and_others_are_not() {
    let keys = Keys::new();
    let setup = Setup::new();
    let pickup = setup.directory.path().join("pickup");
    fs::create_dir(&pickup).expect("our own directory");
    let config = format!(
        "[reply]\nfrom = \"carol@example.com\"\nkeys = {:?}\nvia = \"pickup:pickup\"\n",
        keys.path().display().to_string()
    );
    let setup = setup.file("mailseal.toml", &config);
    let server = setup.start();
    // The first proves its author and is stored; the second proves nothing; the third is of the first's
    // author, on the same day.
    for (count, file) in ["opaque.eml", "no-dkim.eml", "untrusted.eml"]
        .into_iter()
        .enumerate()
    {
        assert_eq!(server.post(&relayed([&*mail(file)])).status, 200);
        server.decisions(count + 1);
    }
    let begin = Instant::now();
    let notes = || {
        let entries = fs::read_dir(&pickup).expect("our own directory");
        let mut paths: Vec<_> = entries
            .map(|entry| entry.expect("an entry").path())
            .collect();
        paths.sort();
        paths
    };
    while notes().is_empty() {
        assert!(
            begin.elapsed() < Duration::from_secs(20),
            "{}",
            server.said()
        );
        thread::sleep(Duration::from_millis(20));
    }
    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
    let notes = notes();
    assert_eq!(notes.len(), 1, "{said}");
    let note = fs::read_to_string(&notes[0]).expect("ASCII");
    let (envelope, message) = note
        .split_once("\nFrom:")
        .expect("PowerMTA's lines, then the message");
    assert!(
        envelope.contains("x-receiver: alice@example.com"),
        "{envelope}"
    );
    for field in [
        "Auto-Submitted: auto-replied",
        "In-Reply-To: <payment@example.com>",
    ] {
        assert!(message.contains(field), "{message}");
    }
    let message = format!("From:{message}");
    Mailseal::new("verify --at 2026-11-21T12:00:00Z --trust")
        .arg(project("testdata/pki/root.crt"))
        .stdin(message)
        .run()
        .success();
    assert!(
        said.contains("no reply: DKIM does not prove the author"),
        "{said}"
    );
    assert!(
        said.contains("no reply: the address was answered within the last day"),
        "{said}"
    );
}

/// Else the operator is told by the first note that cannot be signed.
#[test]
fn a_note_that_could_never_be_sent_is_told_before_the_start() {
    let keys = Keys::new();
    let directory = TempDir::new().expect("a temporary directory");
    fs::create_dir(directory.path().join("pickup")).expect("our own directory");
    let check = |lines: &str| {
        let path = directory.path().join("mailseal.toml");
        let keys = keys.path().display().to_string();
        let config = format!("[reply]\nkeys = {keys:?}\nvia = \"pickup:pickup\"\n{lines}\n");
        fs::write(path, config).expect("our own directory");
        Mailseal::new("serve --check-config --config mailseal.toml")
            .directory(directory.path())
            .run()
    };
    check("from = \"carol@example.com\"").success();
    check("from = \"nobody@example.com\"").refused(66, &["[reply] from", "nobody@example.com"]);
    let absent = "from = \"carol@example.com\"\nstored-template = \"absent.txt\"";
    check(absent).refused(78, &["absent.txt", "[reply]"]);
    let left: Vec<_> = fs::read_dir(directory.path()).expect("ours").collect();
    assert_eq!(left.len(), 2, "{left:?}");
}
