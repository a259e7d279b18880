//! `send --smtp` against an obliging server, over plain TCP on loopback: what leaves, and for whom. What a
//! server can do wrong is in `smtp_refusals.rs`.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::openssl;
use crate::support::smtp_server::SmtpServer;
use crate::support::{Keys, Mailseal, mail, mail_bytes, same_mail};

pub fn to(server: &SmtpServer, run: Mailseal) -> Mailseal {
    run.env("SMTP_HOST", "127.0.0.1")
        .env("SMTP_PORT", server.port.to_string())
}

/// `count` numbered newsletters in a directory.
pub fn numbered(count: usize) -> (TempDir, Vec<PathBuf>) {
    let directory = TempDir::new().expect("a temporary directory");
    let newsletter = String::from_utf8(mail_bytes("newsletter.eml")).expect("ASCII");
    let paths = (1..=count)
        .map(|number| {
            let path = directory.path().join(format!("{number:04}.eml"));
            let subject = format!("Subject: Number {number:04}");
            let text = newsletter.replace("Subject: The February newsletter", &subject);
            fs::write(&path, text).expect("our own directory");
            path
        })
        .collect();
    (directory, paths)
}

/// How often each numbered newsletter was accepted.
pub fn accepted(server: &SmtpServer) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for received in server
        .received()
        .iter()
        .filter(|received| received.accepted)
    {
        let text = String::from_utf8_lossy(&received.wire).into_owned();
        let subject = text
            .lines()
            .find(|line| line.starts_with("Subject: "))
            .expect("a subject");
        *counts.entry(subject.to_owned()).or_default() += 1;
    }
    counts
}

#[test]
fn as_it_is_without_sealing() {
    let server = SmtpServer::obliging();
    let run = to(
        &server,
        Mailseal::new("send --smtp").arg(mail("newsletter.eml")),
    )
    .run();
    let said = format!("{}{}", run.stderr, String::from_utf8_lossy(&run.stdout));
    run.success();
    let received = server.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].message(), mail_bytes("newsletter.eml"));
    assert!(
        received[0]
            .from
            .starts_with("MAIL FROM:<alice@example.com>"),
        "{}",
        received[0].from
    );
    assert_eq!(received[0].to, ["RCPT TO:<bob@example.com>"]);
    for words in [
        format!(
            "Opened SMTP connection (plain) to 127.0.0.1, port {}",
            server.port
        ),
        "Sending ".to_owned(),
        "From: alice@example.com To: bob@example.com".to_owned(),
        "OK - in 0.".to_owned(),
    ] {
        assert!(said.contains(&words), "no {words:?} in {said}");
    }
}

#[test]
fn dots_are_stuffed() {
    let server = SmtpServer::obliging();
    to(
        &server,
        Mailseal::new("send --smtp").arg(mail("from-and-dots.eml")),
    )
    .run()
    .success();
    let received = server.received();
    assert_eq!(received[0].message(), mail_bytes("from-and-dots.eml"));
    assert!(
        received[0]
            .wire
            .windows(7)
            .any(|window| window == b"\r\n..\r\n."),
        "nothing was stuffed"
    );
}

#[test]
fn no_bare_cr_or_lf_leaves() {
    for name in [
        "lf.eml",
        "mixed-ends.eml",
        "lone-cr.eml",
        "no-final-newline.eml",
        "mbox.eml",
        "header-only.eml",
    ] {
        let server = SmtpServer::obliging();
        to(&server, Mailseal::new("send --smtp").arg(mail(name)))
            .run()
            .success();
        let wire = server.received()[0].wire.clone();
        let text = String::from_utf8(wire).expect("these mails are ASCII");
        assert!(text.ends_with("\r\n"), "{name}");
        assert!(
            !text.replace("\r\n", "").contains(['\r', '\n']),
            "{name}: {text:?}"
        );
        assert!(
            !text.starts_with("From alice"),
            "{name}: the mbox line went out"
        );
    }
}

#[test]
fn smuggled_end_of_data_stays_inside() {
    // Attack 37: LF . CRLF, and a second message behind it.
    let mail = b"From: alice@example.com\r\nTo: bob@example.com\r\nSubject: x\r\n\r\nbefore\n.\r\nMAIL FROM:<m@example.com>\r\n";
    let server = SmtpServer::obliging();
    to(&server, Mailseal::new("send --smtp").stdin(&mail[..]))
        .run()
        .success();
    assert_eq!(server.received().len(), 1);
    assert!(
        !server
            .lines()
            .iter()
            .any(|line| line.contains("m@example.com"))
    );
}

#[test]
fn sealed_mail_arrives_as_sealed() {
    let keys = Keys::new();
    for name in [
        "newsletter.eml",
        "attachments.eml",
        "utf8-8bit.eml",
        "nested.eml",
    ] {
        let server = SmtpServer::obliging();
        to(&server, keys.mailseal("send --smtp --sign").arg(mail(name)))
            .run()
            .success();
        let message = server.received()[0].message();
        same_mail(
            &mail_bytes(name),
            &openssl::verify(&message),
            Some(&message),
        );
    }
}

#[test]
fn bcc_is_a_recipient_and_in_no_header() {
    let server = SmtpServer::obliging();
    to(&server, Mailseal::new("send --smtp").arg(mail("bcc.eml")))
        .run()
        .success();
    let received = server.received();
    let everyone: Vec<&String> = received.iter().flat_map(|received| &received.to).collect();
    assert_eq!(everyone.len(), 4, "{everyone:?}");
    for received in &received {
        assert!(
            !String::from_utf8_lossy(&received.wire)
                .to_lowercase()
                .contains("bcc:")
        );
    }
}

#[test]
fn envelope_is_overridden() {
    let server = SmtpServer::obliging();
    let run = Mailseal::new(
        "send --smtp --from bounce@example.org --to x@example.org --to y@example.org",
    );
    to(&server, run.arg(mail("newsletter.eml"))).run().success();
    let received = server.received();
    assert!(
        received[0]
            .from
            .starts_with("MAIL FROM:<bounce@example.org>")
    );
    assert_eq!(
        received[0].to,
        ["RCPT TO:<x@example.org>", "RCPT TO:<y@example.org>"]
    );
}

#[test]
fn one_connection_for_many() {
    let (server, (_directory, paths)) = (SmtpServer::obliging(), numbered(20));
    to(&server, Mailseal::new("send --smtp").args(&paths))
        .run()
        .success();
    assert_eq!((server.sessions(), server.received().len()), (1, 20));
}

#[test]
fn at_most_a_hundred_messages_a_connection() {
    let (server, (_directory, paths)) = (SmtpServer::obliging(), numbered(101));
    to(&server, Mailseal::new("send --smtp").args(&paths))
        .run()
        .success();
    assert_eq!(server.sessions(), 2);
    let mut counts = [0; 3];
    server
        .received()
        .iter()
        .for_each(|received| counts[received.session] += 1);
    assert_eq!(counts, [0, 100, 1]);
}

#[test]
fn jobs_side_by_side_lose_and_double_nothing() {
    let (keys, server, (_directory, paths)) = (Keys::new(), SmtpServer::obliging(), numbered(60));
    to(
        &server,
        keys.mailseal("send --smtp --sign --jobs 4").args(&paths),
    )
    .run()
    .success();
    assert!(
        (2..=4).contains(&server.most_open()),
        "{} connections at once",
        server.most_open()
    );
    let accepted = accepted(&server);
    assert_eq!(accepted.len(), 60);
    assert!(accepted.values().all(|count| *count == 1));
}

#[test]
fn host_not_set() {
    let run = Mailseal::new("send --smtp")
        .arg(mail("newsletter.eml"))
        .run();
    run.refused(78, &["Environment var SMTP_HOST not set - stopping"]);
}

#[test]
fn port_that_is_none() {
    for port in ["0", "65536", "smtp", "25 "] {
        let run = Mailseal::new("send --smtp")
            .arg(mail("newsletter.eml"))
            .env("SMTP_HOST", "127.0.0.1")
            .env("SMTP_PORT", port)
            .run();
        run.failed(78, &["SMTP_PORT"]);
    }
}

#[test]
fn nothing_is_sent_when_a_certificate_is_missing() {
    let (keys, server) = (Keys::new(), SmtpServer::obliging());
    let run = to(
        &server,
        keys.mailseal("send --smtp --encrypt --to ann@example.com")
            .arg(mail("newsletter.eml")),
    );
    run.run().failed(66, &["ann@example.com"]);
    assert!(server.received().is_empty());
}

#[test]
fn missing_plain_sends_them_a_plain_copy() {
    let (keys, server) = (Keys::new(), SmtpServer::obliging());
    let text = String::from_utf8(mail_bytes("newsletter.eml")).expect("ASCII");
    let message = text.replace(
        "To: bob@example.com",
        "To: bob@example.com, ann@example.com",
    );
    let run = keys
        .mailseal("send --smtp --sign --encrypt --missing plain")
        .stdin(message);
    to(&server, run).run().success();
    for received in server.received() {
        let message = received.message();
        match received.to.join(" ").as_str() {
            "RCPT TO:<bob@example.com>" => drop(openssl::decrypt(&keys, "bob", &message)),
            "RCPT TO:<ann@example.com>" => drop(openssl::verify(&message)),
            other => panic!("a copy for {other}"),
        }
    }
    assert_eq!(server.received().len(), 2);
}

#[test]
fn delivery_status_notifications() {
    let server = SmtpServer::obliging();
    let run = Mailseal::new(
        "send --smtp --dsn-notify success,failure --dsn-return headers --envelope-id order+42",
    );
    to(&server, run.arg(mail("newsletter.eml"))).run().success();
    let lines = server.lines();
    let mail_from = lines
        .iter()
        .find(|line| line.starts_with("MAIL"))
        .expect("a MAIL command");
    let rcpt = lines
        .iter()
        .find(|line| line.starts_with("RCPT"))
        .expect("a RCPT command");
    // RFC 3461 4: RET and ENVID (xtext, so + is +2B) with MAIL, NOTIFY with RCPT.
    assert!(
        mail_from.contains(" RET=HDRS") && mail_from.contains(" ENVID=order+2B42"),
        "{mail_from}"
    );
    assert!(rcpt.contains(" NOTIFY=SUCCESS,FAILURE"), "{rcpt}");
}

#[test]
fn dry_run_opens_no_connection() {
    let (keys, server) = (Keys::new(), SmtpServer::obliging());
    let run = to(
        &server,
        keys.mailseal("send --smtp --sign --dry-run")
            .arg(mail("newsletter.eml")),
    )
    .run();
    run.success();
    assert_eq!(server.sessions(), 0);
}

#[test]
fn msys_header_turns_tracking_off() {
    let (keys, server) = (Keys::new(), SmtpServer::obliging());
    to(
        &server,
        keys.mailseal("send --smtp --sign --msys")
            .arg(mail("newsletter.eml")),
    )
    .run()
    .success();
    to(
        &server,
        keys.mailseal("send --smtp --sign")
            .arg(mail("newsletter.eml")),
    )
    .run()
    .success();
    let received = server.received();
    let header = |index: usize| {
        let text = String::from_utf8(received[index].message()).expect("ASCII");
        text.split("\r\n\r\n")
            .next()
            .expect("a header")
            .replace("\r\n ", " ")
            .replace("\r\n\t", " ")
    };
    let (with, without) = (header(0), header(1));
    let field = with
        .lines()
        .find_map(|line| line.strip_prefix("X-MSYS-API: "))
        .expect("X-MSYS-API");
    let json: serde_json::Value = serde_json::from_str(field).expect("the field is JSON");
    assert_eq!(json["options"]["open_tracking"], false, "{json}");
    assert_eq!(json["options"]["click_tracking"], false, "{json}");
    assert!(!without.contains("X-MSYS-API"), "{without}");
    openssl::verify(&received[0].message());
}

#[test]
fn track_and_sign_exclude_each_other() {
    let keys = Keys::new();
    for form in ["--sign", "--sign-detached", "--encrypt"] {
        let run = keys
            .mailseal(&format!("send --smtp --track {form}"))
            .arg(mail("newsletter.eml"));
        run.env("SMTP_HOST", "127.0.0.1")
            .run()
            .failed(64, &["track"]);
    }
}
