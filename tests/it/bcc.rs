//! To and Cc share one envelope; each Bcc gets a copy encrypted to it alone, and no copy tells of Bcc.

use std::fs;

use tempfile::TempDir;

use crate::openssl;
use crate::support::peer::peers;
use crate::support::smtp_server::SmtpServer;
use crate::support::{Keys, mail, mail_bytes, same_mail};

/// Whether the recipients of `sealed` are those whose certificates have these serials.
fn recipients(sealed: &[u8]) -> Vec<&'static str> {
    let print = openssl::print(sealed);
    let serial = |number: u32| {
        print.contains(&format!("serialNumber: {number}"))
            || print.contains(&format!("0x{number:X}"))
    };
    [
        ("bob", 0x1002),
        ("carol", 0x1003),
        ("dave", 0x1004),
        ("pkcs1", 0x1010),
    ]
    .into_iter()
    .filter(|(_, number)| serial(*number))
    .map(|(name, _)| name)
    .collect()
}

fn assert_no_trace(sealed: &[u8]) {
    let text = String::from_utf8_lossy(sealed);
    for trace in ["bcc", "dave@", "pkcs1@", "Pk <"] {
        let header = text
            .split("\r\n\r\n")
            .next()
            .expect("split gives one piece");
        assert!(
            !header.to_lowercase().contains(&trace.to_lowercase()),
            "{trace} in {header}"
        );
    }
}

#[test]
fn a_directory_gets_each_copy() {
    if !peers(&["openssl", "python3"]) {
        return;
    }
    let (keys, out) = (Keys::new(), TempDir::new().expect("a temporary directory"));
    let run = keys
        .mailseal("seal --sign --encrypt -o")
        .arg(out.path())
        .arg(mail("bcc.eml"))
        .run();
    run.success();
    let mut names: Vec<_> = fs::read_dir(out.path())
        .expect("our own directory")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("an ASCII name")
        })
        .collect();
    names.sort();
    assert_eq!(names, ["bcc.bcc-1.eml", "bcc.bcc-2.eml", "bcc.eml"]);
    let wanted: [(&str, &[&str]); 3] = [
        ("bcc.eml", &["bob", "carol"]),
        ("bcc.bcc-1.eml", &["dave"]),
        ("bcc.bcc-2.eml", &["pkcs1"]),
    ];
    for (name, who) in wanted {
        let sealed = fs::read(out.path().join(name)).expect("a copy");
        assert_eq!(recipients(&sealed), who, "{name}");
        assert_no_trace(&sealed);
        for recipient in who {
            let entity = openssl::verify(&openssl::decrypt(&keys, recipient, &sealed));
            same_mail(&mail_bytes("bcc.eml"), &entity, Some(&sealed));
        }
    }
}

#[test]
fn one_file_cannot_hold_them() {
    let (keys, out) = (Keys::new(), TempDir::new().expect("a temporary directory"));
    let file = out.path().join("sealed.eml");
    let run = keys
        .mailseal("seal --encrypt -o")
        .arg(&file)
        .arg(mail("bcc.eml"))
        .run();
    run.refused(64, &["Bcc"]);
    assert!(!file.exists());
}

#[test]
fn a_signed_mail_needs_no_copies() {
    let keys = Keys::new();
    let sealed = keys
        .mailseal("seal --sign")
        .stdin(mail_bytes("bcc.eml"))
        .run()
        .success();
    assert_no_trace(&sealed);
}

#[test]
fn each_copy_goes_to_its_recipient_alone() {
    if !peers(&["openssl"]) {
        return;
    }
    let (keys, server) = (Keys::new(), SmtpServer::obliging());
    keys.mailseal("send --smtp --encrypt")
        .arg(mail("bcc.eml"))
        .env("SMTP_HOST", "127.0.0.1")
        .env("SMTP_PORT", server.port.to_string())
        .run()
        .success();
    let mut sent: Vec<(Vec<String>, Vec<&str>)> = server
        .received()
        .iter()
        .map(|received| (received.to.clone(), recipients(&received.message())))
        .collect();
    sent.sort();
    let rcpt = |name: &str| format!("RCPT TO:<{name}@example.com>");
    assert_eq!(sent.len(), 3, "{sent:?}");
    assert!(
        sent.contains(&(vec![rcpt("bob"), rcpt("carol")], vec!["bob", "carol"])),
        "{sent:?}"
    );
    assert!(
        sent.contains(&(vec![rcpt("dave")], vec!["dave"])),
        "{sent:?}"
    );
    assert!(
        sent.contains(&(vec![rcpt("pkcs1")], vec!["pkcs1"])),
        "{sent:?}"
    );
    server
        .received()
        .iter()
        .for_each(|received| assert_no_trace(&received.message()));
}
