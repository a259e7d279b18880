//! Behind us a mail server that adds its DKIM signature, and a next hop with and without 8BITMIME: both
//! signatures hold at the end, and of a thousand messages none is lost or doubled.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::openssl;
use crate::support::peer::{Peer, free_port, peers};
use crate::support::{Keys, Mailseal, PYTHON, mail, mail_bytes, project, same_mail, tool};

const NEEDS: &[&str] = &[
    "root",
    "postfix",
    "smtp-sink",
    "opendkim",
    "openssl",
    "python3",
    "python:dkim",
];

#[derive(Clone, Copy)]
enum Hop {
    EightBit,
    SevenBit,
}

/// `tests/peers/relay.sh`, up while this value is.
struct Relay {
    // First, so that it ends before its directory goes.
    _peer: Peer,
    directory: TempDir,
    port: u16,
}

impl Relay {
    fn start(hop: Hop) -> Relay {
        let directory = TempDir::new().expect("a temporary directory");
        let mut command = Command::new(project("tests/peers/relay.sh"));
        command.arg(directory.path()).arg(project("testdata"));
        command.args((0..3).map(|_| free_port().to_string()));
        command.arg(match hop {
            Hop::EightBit => "8bit",
            Hop::SevenBit => "7bit",
        });
        let (peer, port) = Peer::start(&mut command);
        Relay {
            directory,
            port,
            _peer: peer,
        }
    }

    fn to(&self, run: Mailseal) -> Mailseal {
        run.env("SMTP_HOST", "127.0.0.1")
            .env("SMTP_PORT", self.port.to_string())
    }

    /// What the sink has, once there are `count` mails and no more come.
    #[track_caller]
    fn delivered(&self, count: usize) -> Vec<Delivered> {
        let dump = self.directory.path().join("dump");
        let files = || fs::read_dir(&dump).expect("the sink's directory").count();
        let begin = Instant::now();
        while files() < count || !self.queue_is_empty() {
            let log = fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
            let tail = log.lines().rev().take(20).collect::<Vec<_>>().join("\n");
            assert!(
                begin.elapsed() < Duration::from_secs(120),
                "{} of {count} came; {tail}",
                files()
            );
            std::thread::sleep(Duration::from_millis(200));
        }
        let entries = fs::read_dir(&dump).expect("the sink's directory");
        entries
            .map(|entry| Delivered::read(entry.expect("an entry").path()))
            .collect()
    }

    /// Whether nothing is left in Postfix's queues.
    fn queue_is_empty(&self) -> bool {
        ["maildrop", "incoming", "active", "deferred"]
            .iter()
            .all(|queue| {
                let path = self.directory.path().join("queue").join(queue);
                let files = fs::read_dir(path).map(|entries| {
                    entries
                        .flatten()
                        .filter(|entry| !entry.path().is_dir())
                        .count()
                });
                files.unwrap_or(0) == 0
            })
    }
}

/// A mail as the sink keeps it: its own lines, then the mail with LF ends.
struct Delivered {
    path: PathBuf,
    message: Vec<u8>,
    sink: Vec<String>,
}

impl Delivered {
    fn read(path: PathBuf) -> Delivered {
        let octets = fs::read(&path).expect("a file of the sink");
        let (mut sink, mut message) = (Vec::new(), Vec::new());
        for line in octets.split_inclusive(|octet| *octet == b'\n') {
            if message.is_empty() && line.starts_with(b"X-") && is_sinks(line) {
                sink.push(String::from_utf8_lossy(line).trim_end().to_owned());
            } else {
                message.extend_from_slice(line.strip_suffix(b"\n").unwrap_or(line));
                message.extend_from_slice(b"\r\n");
            }
        }
        Delivered {
            path,
            message,
            sink,
        }
    }

    fn subject(&self) -> String {
        let text = String::from_utf8_lossy(&self.message).into_owned();
        text.lines()
            .find(|line| line.starts_with("Subject: "))
            .expect("a subject")
            .to_owned()
    }
}

fn is_sinks(line: &[u8]) -> bool {
    [&b"X-Client-"[..], b"X-Helo-", b"X-Mail-", b"X-Rcpt-"]
        .iter()
        .any(|start| line.starts_with(start))
}

/// Three of DKIM's verifiers on one mail, ours among them.
fn assert_dkim(relay: &Relay, delivered: &Delivered) {
    let record = project("testdata/dkim/lab.txt");
    let script = project("tests/peers/dkim_verify.py");
    let path = delivered.path.as_os_str();
    tool(PYTHON, &[script.as_os_str(), record.as_os_str(), path], b"");

    let dns = relay.directory.path().join("dns");
    let txt = fs::read_to_string(&record).expect("the record is in testdata");
    fs::write(&dns, format!("lab._domainkey.example.com {txt}")).expect("our own directory");
    let conf = relay.directory.path().join("verify.conf");
    let text = format!(
        "Mode v\nSyslog no\nUserID root\nTestDNSData file:{}\n",
        dns.display()
    );
    fs::write(&conf, text).expect("our own directory");
    let said = tool(
        "opendkim",
        &["-x".as_ref(), conf.as_os_str(), "-t".as_ref(), path],
        b"",
    );
    let said = String::from_utf8_lossy(&said);
    assert!(
        said.contains("verification (s=lab") && said.contains("succeeded"),
        "{said}"
    );

    let table = relay.directory.path().join("dns.json");
    let json = serde_json::json!({ "lab._domainkey.example.com": txt.trim() });
    fs::write(&table, json.to_string()).expect("our own directory");
    let run = Mailseal::new("dkim --dns").arg(&table);
    run.stdin(delivered.message.clone()).run().success();
}

/// Sends these mails in this form through one relay, and checks both signatures and the content behind it.
fn both_signatures_hold(hop: Hop) {
    if !peers(NEEDS) {
        return;
    }
    let (keys, relay) = (Keys::new(), Relay::start(hop));
    let names = [
        "newsletter.eml",
        "attachments.eml",
        "utf8-8bit.eml",
        "latin1-8bit.eml",
        "nested.eml",
        "forwarded.eml",
        "long-lines.eml",
        "from-and-dots.eml",
        "flowed-8bit.eml",
        "binary.eml",
        "no-final-newline.eml",
        "raw-8bit-name.eml",
    ];
    let forms = ["--sign", "--sign-detached", "--encrypt", "--sign --encrypt"];
    for form in forms {
        let run = keys
            .mailseal(&format!("send --smtp {form}"))
            .args(names.map(mail));
        relay.to(run).run().success();
    }
    let delivered = relay.delivered(names.len() * forms.len());
    assert_eq!(delivered.len(), names.len() * forms.len());
    for one in &delivered {
        let subject = one.subject();
        let original = names.iter().map(|name| mail_bytes(name)).find(|octets| {
            String::from_utf8_lossy(octets)
                .lines()
                .any(|line| line.trim_end() == subject)
        });
        let original = original.unwrap_or_else(|| panic!("nobody sent {subject}"));
        assert_dkim(&relay, one);
        let text = String::from_utf8_lossy(&one.message);
        let mut content = one.message.clone();
        if text.contains("enveloped-data") {
            content = openssl::decrypt(&keys, "bob", &content);
        }
        let head = String::from_utf8_lossy(&content).into_owned();
        if head.contains("smime-type=signed-data") || head.contains("application/pkcs7-signature") {
            content = openssl::verify(&content);
        }
        same_mail(&original, &content, None);
    }
}

#[test]
fn both_signatures_hold_behind_an_8bit_hop() {
    both_signatures_hold(Hop::EightBit);
}

#[test]
fn both_signatures_hold_behind_a_7bit_hop() {
    both_signatures_hold(Hop::SevenBit);
}

/// That the 7-bit hop is a trial at all: the same mail unsealed is rewritten there, and DKIM breaks.
#[test]
fn a_7bit_hop_rewrites_what_was_not_sealed() {
    if !peers(NEEDS) {
        return;
    }
    let relay = Relay::start(Hop::SevenBit);
    let octets = mail_bytes("utf8-8bit.eml");
    tool(
        "swaks",
        &[
            "--server".as_ref(),
            "127.0.0.1".as_ref(),
            "--port".as_ref(),
            relay.port.to_string().as_ref(),
            "-f".as_ref(),
            "alice@example.com".as_ref(),
            "-t".as_ref(),
            "bob@example.com".as_ref(),
            "--data".as_ref(),
            "-".as_ref(),
        ],
        &octets,
    );
    let delivered = relay.delivered(1);
    let text = String::from_utf8_lossy(&delivered[0].message).into_owned();
    assert!(
        text.contains("quoted-printable") && !text.contains("Grüße"),
        "{text}"
    );
}

/// The figure of the issue: 1000 newsletters of 19 KB, four sessions side by side.
#[test]
fn a_thousand_messages_none_lost_none_doubled() {
    if !peers(NEEDS) {
        return;
    }
    let (keys, relay) = (Keys::new(), Relay::start(Hop::EightBit));
    let directory = TempDir::new().expect("a temporary directory");
    let newsletter = String::from_utf8(mail_bytes("newsletter.eml")).expect("ASCII");
    let paths: Vec<PathBuf> = (0..1000)
        .map(|number| {
            let path = directory.path().join(format!("{number:04}.eml"));
            let subject = format!("Subject: Number {number:04}");
            let text = newsletter.replace("Subject: The February newsletter", &subject);
            fs::write(&path, text).expect("our own directory");
            path
        })
        .collect();
    let begin = Instant::now();
    relay
        .to(keys.mailseal("send --smtp --sign --jobs 4").args(&paths))
        .run()
        .success();
    let sent = begin.elapsed();
    let delivered = relay.delivered(1000);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for one in &delivered {
        *counts.entry(one.subject()).or_default() += 1;
        assert!(
            one.sink
                .iter()
                .any(|line| line.starts_with("X-Rcpt-Args: <bob@example.com>"))
        );
    }
    assert_eq!(
        (delivered.len(), counts.len()),
        (1000, 1000),
        "lost or doubled"
    );
    // A sample of the signatures; each costs two processes.
    for one in delivered.iter().step_by(100) {
        assert_dkim(&relay, one);
        openssl::verify(&one.message);
    }
    crate::support::figure(&format!(
        "1000 messages of 19 KB signed and sent with --jobs 4 in {:.1} s, none lost or doubled",
        sent.as_secs_f64()
    ));
}
