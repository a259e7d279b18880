//! Mail that OpenDKIM has signed, with its key in a real DNS server; and DNS that is slow, lying or absent.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::mail;
use crate::dkim::{dnsmasq, lab_record, opendkim};
use crate::support::dns_server::{Answer, DnsServer};
use crate::support::peer::peers;
use crate::support::server::{Server, Setup, relayed};
use crate::support::{Mailseal, project};

/// A server that asks this DNS server.
fn asking(dns: std::net::SocketAddr) -> Server {
    // OpenDKIM signs as of now.
    let root = project("testdata/pki/root.crt");
    let mut setup = Setup::judging("2026-11-21T12:00:00Z", &root, Path::new("/dev/null"));
    setup.arguments = [
        "--trust",
        &root.display().to_string(),
        "--dns-server",
        &dns.to_string(),
    ]
    .map(str::to_owned)
    .to_vec();
    setup.start()
}

fn decided(server: &Server, mail: &[u8]) -> Value {
    let before = server.audit().len();
    assert_eq!(server.post(&relayed([mail])).status, 200);
    server.decisions(before + 1)[before].clone()
}

#[test]
fn what_opendkim_signs_is_collected_by_a_key_from_dns() {
    if !peers(&["root", "opendkim", "dnsmasq"]) {
        return;
    }
    let (_dnsmasq, dns) = dnsmasq(&[("lab._domainkey.example.com", &lab_record())]);
    let directory = TempDir::new().expect("a temporary directory");
    let whole = String::from_utf8(mail("no-dkim.eml")).expect("ASCII");
    let field = opendkim(directory.path(), "relaxed/simple", &whole);
    let signed = format!("{field}{whole}").into_bytes();
    let server = asking(dns);
    assert_eq!(decided(&server, &signed)["outcome"], "stored");
    assert!(server.file("alice@example.com.crt").exists());
    // One octet of what it signed is another.
    let changed = String::from_utf8(signed)
        .expect("ASCII")
        .replace("Subject: Payment", "Subject: payment");
    let line = decided(&server, changed.as_bytes());
    assert_eq!(
        (&line["step"], &line["reason"]),
        (&"dkim".into(), &"signature".into())
    );
}

#[test]
fn dns_that_lies_or_does_not_answer_is_no_yes() {
    let lab = lab_record();
    let other = lab.replace("MIIB", "MIIC");
    for (behaviour, outcome, reason) in [
        (Answer::Text(lab, 60), "stored", Value::Null),
        (Answer::Text(other, 60), "refused", "key-record".into()),
        (
            Answer::Text("v=DKIM1; p=".to_owned(), 60),
            "refused",
            "key-revoked".into(),
        ),
        (Answer::Code(3), "refused", "no-key".into()),
        (Answer::Empty, "refused", "no-key".into()),
        (Answer::Code(2), "try-later", "dns".into()),
        (Answer::Silence, "try-later", "dns".into()),
    ] {
        let dns = DnsServer::start(move |_| behaviour.clone());
        let server = asking(dns.address);
        let line = decided(&server, &mail("opaque.eml"));
        assert_eq!(line["outcome"], outcome, "{line}");
        assert_eq!(line["reason"], reason, "{line}");
        // Deferred mail has been tried once, by the name of its file; all else is gone.
        let waits = || {
            let entries = fs::read_dir(server.file("spool")).expect("the spool");
            let names = entries.map(|entry| entry.expect("an entry").file_name());
            let names: Vec<String> = names.filter_map(|name| name.into_string().ok()).collect();
            let tried = names.iter().filter(|name| name.contains(".1."));
            tried.count() == usize::from(outcome == "try-later")
                && !names.iter().any(|name| name.contains(".0."))
        };
        let begin = Instant::now();
        while !waits() {
            assert!(begin.elapsed() < Duration::from_secs(10), "{line}");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// From the command line it is for the caller to try again.
#[test]
fn absent_dns_is_told_by_the_exit_code() {
    let dns = DnsServer::start(|_| Answer::Code(2));
    let store = TempDir::new().expect("a temporary directory");
    let outcome = Mailseal::new("collect --json --trust")
        .arg(project("testdata/pki/root.crt"))
        .args(["--dns-server".to_owned(), dns.address.to_string()])
        .arg("--keys")
        .arg(store.path())
        .arg(project("testdata/collect/messages/opaque.eml"))
        .run();
    assert_eq!(outcome.status, Some(75), "{}", outcome.stderr);
    assert!(!store.path().join("alice@example.com.crt").exists());
}
