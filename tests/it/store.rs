//! The certificate store under several processes, under `kill -9` and on a full disk, through
//! `mailseal collect`. Each certificate is made by openssl, and each mail is signed with it and for DKIM.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Instant;

use ed25519_dalek::Signer as _;
use jiff::{SignedDuration, Timestamp};
use mailseal::address::Address;
use mailseal::cms::signed_data::Signing;
use mailseal::crypto::{DigestAlgorithm, SignatureAlgorithm};
use mailseal::keys::directory::Options;
use mailseal::keys::{KeyDirectory, pem};
use mailseal::mime::{CanonicalEntity, Message, RawMessage};
use mailseal::smime::sign::{Form, SignedEntity};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::cert::made::Made;
use crate::support::peer::{peers, skipped};
use crate::support::{Mailseal, binary};

const BOB: &str = "bob@example.com";

/// Somebody else's mail server, and the authority below whose root people have their certificates.
struct World {
    made: Made,
    now: Timestamp,
}

/// A mail of the world, in a file of its own.
struct Mail {
    file: PathBuf,
    certificate: Vec<u8>,
}

impl World {
    fn new() -> World {
        let made = Made::new();
        made.write("dns.json", dns());
        World {
            made,
            now: Timestamp::now(),
        }
    }

    /// A mail with a new certificate, signed so many minutes ago.
    fn mail(&self, name: &str, from: &str, minutes: i64) -> Mail {
        self.made.person(name, &[from]);
        let keys = TempDir::new().expect("a temporary directory");
        let certificates = ["crt", "key"].map(|it| self.made.read(&format!("{name}.{it}")));
        let chain = [&certificates[0][..], &self.made.read("ca.crt")].concat();
        fs::write(keys.path().join(format!("{from}.crt")), chain).expect("our own directory");
        let key = keys.path().join(format!("{from}.pem"));
        fs::write(key, &certificates[1]).expect("our own directory");
        let options = Options {
            allow_insecure_keys: true,
            ..Options::at(Timestamp::now())
        };
        let signer = KeyDirectory::new(keys.path(), options)
            .signer(&Address::parse(from).expect("an address"))
            .expect("the certificate is fit to sign");
        let signing = Signing {
            algorithm: SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256),
            signing_time: Some(self.now - SignedDuration::from_mins(minutes)),
        };
        let raw = RawMessage::from_bytes(b"Content-Type: text/plain\r\n\r\nhello\r\n".to_vec());
        let entity = Message::parse(raw).expect("a message").split().1;
        let entity = entity.canonicalize().expect("short lines");
        let signed = SignedEntity::sign(entity, &signer, Form::Opaque, signing).expect("signed");
        let mut octets = Vec::new();
        let signed = CanonicalEntity::from(signed);
        signed.write_to(&mut octets).expect("to memory");
        let from = format!("From: {from}\r\n");
        let dkim = dkim_signature(&from, &octets);
        let mail = [
            dkim.as_bytes(),
            from.as_bytes(),
            b"MIME-Version: 1.0\r\n",
            &octets,
        ]
        .concat();
        Mail {
            file: self.made.write(&format!("{name}.eml"), mail),
            certificate: pem::blocks(&certificates[0]).expect("PEM")[0]
                .content()
                .to_vec(),
        }
    }

    fn arguments(&self, store: &Path) -> Vec<String> {
        let path = |name: &str| self.made.path(name).display().to_string();
        let at = Timestamp::now() + SignedDuration::from_secs(1);
        let flags = [
            ("--keys", store.display().to_string()),
            ("--dns", path("dns.json")),
            ("--trust", path("root.crt")),
            ("--at", at.to_string()),
        ];
        let flags = flags.into_iter();
        let flags = flags.flat_map(|(flag, value)| [flag.to_owned(), value]);
        ["collect".to_owned()].into_iter().chain(flags).collect()
    }

    /// `mailseal collect` of these mails.
    fn collect(&self, store: &Path, mails: &[&Mail]) -> crate::support::Outcome {
        let files = mails.iter().map(|mail| &mail.file);
        Mailseal::new("")
            .args(self.arguments(store))
            .args(files)
            .run()
    }

    /// The same, and nobody waits for it.
    fn start(&self, store: &Path, mails: &[Mail]) -> Child {
        Command::new(binary())
            .args(self.arguments(store))
            .args(mails.iter().map(|mail| &mail.file))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts")
    }
}

/// RFC 8463 3, simple in header and body (RFC 6376 3.4.1, 3.4.3).
fn dkim_signature(from: &str, entity: &[u8]) -> String {
    let end_of_header = entity.windows(4).position(|it| it == b"\r\n\r\n");
    let body = &entity[end_of_header.expect("an entity has a header") + 4..];
    let body = base64(&Sha256::digest(body));
    let field = format!(
        "DKIM-Signature: v=1; a=ed25519-sha256; c=simple/simple; d=example.com; s=test;\r\n \
         h=From; bh={body}; b="
    );
    let digest = Sha256::digest(format!("{from}{field}"));
    format!(
        "{field}{}\r\n",
        base64(&dkim_key().sign(&digest).to_bytes())
    )
}

fn dkim_key() -> ed25519_dalek::SigningKey {
    ed25519_dalek::SigningKey::from_bytes(&[5; 32])
}

fn dns() -> String {
    let key = base64(dkim_key().verifying_key().as_bytes());
    format!("{{\"test._domainkey.example.com\": \"v=DKIM1; k=ed25519; p={key}\"}}")
}

fn base64(octets: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(octets)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let name = |entry: fs::DirEntry| entry.file_name().into_string().expect("UTF-8");
    let mut names: Vec<String> = entries.map(|it| name(it.expect("an entry"))).collect();
    names.sort();
    names
}

/// The certificate that is first in a file.
fn first(file: &Path) -> Vec<u8> {
    let text = fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    pem::blocks(&text).expect("PEM")[0].content().to_vec()
}

/// The objects of the audit log; a torn line is none.
fn decisions(store: &Path) -> Vec<Value> {
    let text = fs::read_to_string(store.join("audit.log")).unwrap_or_default();
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

#[test]
fn of_fifty_processes_the_newest_certificate_wins_and_all_others_are_kept() {
    if !peers(&["openssl"]) {
        return;
    }
    let world = World::new();
    let mails: Vec<Mail> = (0..50)
        .map(|number| world.mail(&format!("bob{number}"), BOB, 50 - number))
        .collect();
    let store = TempDir::new().expect("a temporary directory");
    let started: Vec<Child> = mails
        .chunks(1)
        .map(|it| world.start(store.path(), it))
        .collect();
    for mut child in started {
        let status = child.wait().expect("it ends");
        // An older one than what is stored by then is refused.
        assert!(matches!(status.code(), Some(0 | 1)), "{status}");
    }
    let crt = store.path().join(format!("{BOB}.crt"));
    assert_eq!(first(&crt), mails[49].certificate);
    let decisions = decisions(store.path());
    assert_eq!(decisions.len(), 50);
    let count = |what: &str| decisions.iter().filter(|it| it["outcome"] == what).count();
    assert_eq!(count("stored"), 1);
    assert_eq!(count("replaced") + count("older"), 49);
    let kept: Vec<String> = match count("replaced") {
        0 => Vec::new(),
        _ => names(&store.path().join("history").join(BOB)),
    };
    let kept = kept.iter().filter(|name| name.ends_with(".crt")).count();
    assert_eq!(kept, count("replaced"));
    let left = names(store.path());
    assert!(!left.iter().any(|name| name.starts_with('.')), "{left:?}");
}

#[test]
fn killed_at_any_moment_it_leaves_nothing_in_half() {
    if !peers(&["openssl"]) {
        return;
    }
    let world = World::new();
    let mails: Vec<Mail> = (0..24)
        .map(|number| {
            let from = format!("user{}@example.com", number % 12);
            world.mail(&format!("mail{number}"), &from, 50 - number)
        })
        .collect();
    // How long it takes depends on the machine and on the build.
    let timed = |_| {
        let store = TempDir::new().expect("a temporary directory");
        let begin = Instant::now();
        let status = world.start(store.path(), &mails).wait();
        assert!(matches!(status.expect("it ends").code(), Some(0 | 1)));
        begin.elapsed()
    };
    let whole = (0..3).map(timed).min().expect("three of them");
    let mut killed = 0;
    for round in 0..8 {
        let store = TempDir::new().expect("a temporary directory");
        // What is left gets less each time: together they are not much more than the whole.
        for thousandths in [150, 300, 80, 200] {
            let mut child = world.start(store.path(), &mails);
            thread::sleep(whole * (thousandths + round * 10) / 1000);
            child.kill().expect("it is ours");
            killed += u32::from(!child.wait().expect("it ends").success());
            nothing_is_in_half(store.path(), &mails);
        }
        let outcome = world.collect(store.path(), &mails.iter().collect::<Vec<_>>());
        assert!(matches!(outcome.status, Some(0 | 1)), "{}", outcome.stderr);
        nothing_is_in_half(store.path(), &mails);
        all_is_done(store.path(), &mails);
    }
    assert!(killed > 16, "killed {killed} of 32 only");
}

/// Each file is whole, and who was said to be stored is stored, now or before.
fn nothing_is_in_half(store: &Path, mails: &[Mail]) {
    for name in names(store) {
        let file = store.join(&name);
        if name.ends_with(".crt") {
            let stored = first(&file);
            assert!(
                mails.iter().any(|mail| mail.certificate == stored),
                "{name}"
            );
        } else if name.ends_with(".json") {
            let text = fs::read(&file).expect("it is there");
            let json: Value = serde_json::from_slice(&text).expect("whole");
            assert!(json["certificate"].is_string(), "{json}");
        }
    }
    for decision in decisions(store) {
        let outcome = decision["outcome"].as_str().expect("a word");
        let address = decision["address"].as_str().unwrap_or_default();
        let sha256 = decision["certificate"]["sha256"]
            .as_str()
            .unwrap_or_default();
        if outcome != "seen-before" && outcome != "older" {
            let now = hexadecimal(&Sha256::digest(first(
                &store.join(format!("{address}.crt")),
            )));
            let kept = store.join(format!("history/{address}/{sha256}.crt"));
            assert!(now == sha256 || kept.exists(), "{decision}");
        }
    }
}

/// Of two mails of each the newer one is stored, with where it comes from, and all have been decided on.
fn all_is_done(store: &Path, mails: &[Mail]) {
    let decisions = decisions(store);
    for (number, mail) in mails.iter().enumerate() {
        let digest = hexadecimal(&Sha256::digest(fs::read(&mail.file).expect("ours")));
        let is_decided = |it: &Value| it["message"]["sha256"] == digest.as_str();
        assert!(decisions.iter().any(is_decided), "{number}");
        if number >= 12 {
            let stored = store.join(format!("user{}@example.com", number - 12));
            assert_eq!(first(&stored.with_extension("com.crt")), mail.certificate);
            let json = fs::read(stored.with_extension("com.json")).expect("it is there");
            let json: Value = serde_json::from_slice(&json).expect("whole");
            assert_eq!(json["message"], digest.as_str());
        }
    }
    let left = names(store);
    assert!(!left.iter().any(|name| name.starts_with('.')), "{left:?}");
}

/// A file system of 256 KiB in memory; gone with the value.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount() -> Option<SmallDisk> {
        let disk = SmallDisk(TempDir::new().expect("a temporary directory"));
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"])
            .arg(disk.0.path())
            .status();
        match mounted.is_ok_and(|status| status.success()) {
            true => Some(disk),
            false => {
                skipped("no tmpfs can be mounted here");
                None
            }
        }
    }

    /// Leaves so many octets.
    fn fill(&self, leave: usize) {
        let filler = self.0.path().join("filler");
        let mut file = fs::File::create(&filler).expect("there is room for a name");
        while file.write_all(&[0; 4096]).is_ok() {}
        let length = file.metadata().expect("it is open").len();
        file.set_len(length.saturating_sub(leave as u64))
            .expect("shorter is always possible");
    }

    fn clear(&self) {
        fs::remove_file(self.0.path().join("filler")).expect("it is there");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn on_a_full_disk_what_is_stored_stays_and_later_it_goes_on() {
    if !peers(&["openssl", "root"]) {
        return;
    }
    let Some(disk) = SmallDisk::mount() else {
        return;
    };
    let world = World::new();
    let store = disk.0.path().join("store");
    fs::create_dir(&store).expect("there is room");
    let crt = store.join(format!("{BOB}.crt"));
    let first_mail = world.mail("bob", BOB, 50);
    world.collect(&store, &[&first_mail]).success();
    let (mut before, mut failed) = (first_mail.certificate, 0);
    for pages in 0..10 {
        let mail = world.mail(&format!("bob{pages}"), BOB, 40 - pages as i64);
        disk.fill(pages * 4096);
        let outcome = world.collect(&store, &[&mail]);
        let now = first(&crt);
        match outcome.status {
            Some(0) => assert_eq!(now, mail.certificate),
            _ => {
                outcome.failed(74, &["cannot write", "make room"]);
                assert!(now == before || now == mail.certificate);
                failed += 1;
            }
        }
        let log = fs::read(store.join("audit.log")).expect("it is there");
        assert_eq!(log.last(), Some(&b'\n'));
        let left = names(&store);
        assert!(!left.iter().any(|name| name.starts_with('.')), "{left:?}");
        disk.clear();
        world.collect(&store, &[&mail]).success();
        assert_eq!(first(&crt), mail.certificate);
        before = mail.certificate;
    }
    assert!(failed > 1 && failed < 10, "{failed} of 10 failed");
    // Each of them a whole line.
    let text = fs::read_to_string(store.join("audit.log")).expect("it is there");
    assert_eq!(decisions(&store).len(), text.lines().count());
}

fn hexadecimal(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
