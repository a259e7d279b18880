use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

use super::*;
use crate::collect::Collecting;
use crate::collect::succession::Replacement;
use crate::dkim::{Alignment, StaticRecords};
use crate::inbound::clock::Clock;
use crate::inbound::decide::{Deciding, Delivery};
use crate::keys::{KeyDirectory, directory};
use crate::logging::{self, Level, Log};
use crate::mime::{Message, RawMessage};
use crate::path::{Purpose, TrustAnchors, Validation};
use crate::send::stub::Stub;
use crate::send::{self, Envelope, Sender};
use crate::smime::open::{Opening, Verdict, open};
use crate::store::StoreDirectory;

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata")
        .join(name)
}

fn anchors() -> TrustAnchors {
    TrustAnchors::from_files(&[testdata("pki/root.crt")]).unwrap()
}

struct Bench {
    directory: TempDir,
    replies: Replies,
}

impl Bench {
    fn of(from: &str) -> Bench {
        let directory = tempfile::tempdir().unwrap();
        let record = Record::open(&directory.path().join("replies"), now()).unwrap();
        Bench {
            directory,
            replies: Replies {
                from: from.parse().unwrap(),
                templates: Templates::default(),
                record,
            },
        }
    }

    fn decide(&self, mail: &str) -> Decision {
        let store = self.directory.path().join("store");
        fs::create_dir_all(&store).unwrap();
        let records = fs::read(testdata("collect/dns.json")).unwrap();
        let records = StaticRecords::from_json(&records).unwrap();
        let anchors = anchors();
        let deciding = Deciding {
            collecting: Collecting {
                resolver: &records,
                alignment: Alignment::Strict,
                validation: Validation::new(&anchors, now()),
                intermediates: Vec::new(),
            },
            store: &StoreDirectory::open(&store).unwrap(),
            replacement: Replacement::Manual,
        };
        let octets = fs::read(testdata(&format!("collect/messages/{mail}.eml"))).unwrap();
        let mail = RawMessage::from_bytes(octets);
        deciding.decide(mail, &Delivery::by("sparkpost")).unwrap()
    }

    fn consider(&self, mail: &str) -> Result<Note, Silence> {
        let decision = self.decide(mail);
        self.replies
            .consider(&decision, Some("alice@example.com"), now())
    }
}

/// What a note is when it has left.
fn sent(note: &Note) -> (Envelope, String) {
    let keys = KeyDirectory::new(
        testdata("keys"),
        directory::Options {
            allow_insecure_keys: true,
            ..directory::Options::at(now())
        },
    );
    let mut sender = Stub::default();
    note.send(&keys, now(), b"", &mut sender).unwrap();
    let sent = sender.sent.remove(0);
    (sent.envelope, String::from_utf8(sent.message).unwrap())
}

#[test]
fn who_sent_a_certificate_gets_a_signed_note_in_the_same_thread() {
    let note = Bench::of("bob@example.com").consider("opaque").unwrap();
    let (envelope, text) = sent(&note);
    assert_eq!(envelope.from(), None);
    assert_eq!(
        envelope.recipients(),
        ["alice@example.com".parse().unwrap()]
    );
    for line in [
        "From: bob@example.com\r\n",
        "To: alice@example.com\r\n",
        "Subject: Your certificate is stored\r\n",
        "Auto-Submitted: auto-replied\r\n",
        "In-Reply-To: <payment@example.com>\r\n",
        "References: <payment@example.com>\r\n",
        "from alice@example.com is stored.\r\n",
        "2199-12-31",
    ] {
        assert!(text.contains(line), "no {line} in {text}");
    }
    let message = Message::parse(RawMessage::from_bytes(text.into_bytes())).unwrap();
    let anchors = anchors();
    let opening = Opening::new(Validation {
        purpose: Purpose::EmailSigning,
        ..Validation::new(&anchors, now())
    });
    let opened = open(message.raw(), &opening).unwrap();
    assert_eq!(opened.verdict(), Verdict::Valid);
}

#[test]
fn who_is_refused_is_told_the_reason() {
    let note = Bench::of("bob@example.com").consider("unsigned").unwrap();
    let (_, text) = sent(&note);
    assert!(text.contains("Subject: Your certificate is not stored\r\n"));
    assert!(text.contains("(no-signature)"), "{text}");
}

#[test]
fn a_new_key_that_waits_is_told_of() {
    let desk = Bench::of("bob@example.com");
    desk.decide("opaque");
    let (_, text) = sent(&desk.consider("other-key-manual").unwrap());
    assert!(text.contains("(other-key-or-issuer)"), "{text}");
}

#[test]
fn nobody_is_answered_who_may_not_have_written() {
    for mail in ["no-dkim", "dkim-changed", "dkim-other-domain", "two-from"] {
        let silence = Bench::of("bob@example.com").consider(mail).unwrap_err();
        assert_eq!(silence, Silence::NotProved, "{mail}");
    }
}

#[test]
fn nobody_is_answered_twice_a_day() {
    let desk = Bench::of("bob@example.com");
    assert!(desk.consider("unsigned").is_ok());
    assert_eq!(desk.consider("opaque"), Err(Silence::Recently));
}

#[test]
fn what_is_no_news_is_not_told() {
    let desk = Bench::of("bob@example.com");
    desk.decide("opaque");
    let seen = desk.consider("opaque");
    assert_eq!(seen, Err(Silence::Nothing(Outcome::SeenBefore)));
    let again = desk.consider("detached");
    assert_eq!(again, Err(Silence::Nothing(Outcome::AlreadyStored)));
}

#[test]
fn bounces_and_our_own_mail_are_not_answered() {
    let desk = Bench::of("bob@example.com");
    let decision = desk.decide("opaque");
    let bounce = desk.replies.consider(&decision, Some("<>"), now());
    assert_eq!(bounce, Err(Silence::Bounce));
    assert_eq!(
        Bench::of("ALICE@example.com").consider("opaque"),
        Err(Silence::Ourselves)
    );
    // Neither counts as an answer.
    assert!(desk.replies.consider(&decision, None, now()).is_ok());
}

#[test]
fn without_the_key_of_its_author_no_note_is_sent() {
    let note = Bench::of("nobody@example.com").consider("opaque").unwrap();
    let keys = KeyDirectory::new(testdata("keys"), directory::Options::at(now()));
    let mut sender = Stub::default();
    let error = note.send(&keys, now(), b"", &mut sender).unwrap_err();
    assert!(matches!(error, Error::Seal(_)), "{error}");
    assert!(sender.sent.is_empty());
}

/// Keeps what it is given where the test sees it.
struct Shared(Arc<Mutex<Stub>>);

impl Sender for Shared {
    fn open(&mut self) -> Result<Option<send::Opened>, send::Error> {
        self.0.lock().unwrap().open()
    }

    fn send(&mut self, outgoing: &send::Outgoing) -> Result<send::Receipt, send::Error> {
        self.0.lock().unwrap().send(outgoing)
    }
}

/// What is sent for these mails, and what the log says of it.
fn answered(keys: &str, mails: &[&str]) -> (usize, String) {
    let Bench { directory, replies } = Bench::of("bob@example.com");
    let path = directory.path().join("webapp.log");
    let log = Log::open(logging::Options {
        stderr: false,
        file: Some(path.clone()),
        ..logging::Options::default()
    });
    let log = log.unwrap();
    let stub = Arc::new(Mutex::new(Stub::default()));
    let keys = testdata(keys);
    let way_out = WayOut {
        keys: Box::new(move |now| {
            let options = directory::Options {
                allow_insecure_keys: true,
                ..directory::Options::at(now)
            };
            KeyDirectory::new(&keys, options)
        }),
        sender: Box::new(Shared(Arc::clone(&stub))),
        extra_header: Vec::new(),
    };
    let desk = Desk::open(replies, way_out, log.clone(), Clock::Fixed(now())).unwrap();
    let elsewhere = Bench::of("bob@example.com");
    for mail in mails {
        let decision = elsewhere.decide(mail);
        let mut entry = log.entry("0k3j");
        entry.line(Level::Info, "decided");
        desk.answer("0k3j", &decision, None, &mut entry);
    }
    // What waits is sent before it is gone.
    drop(desk);
    let sent = stub.lock().unwrap().sent.len();
    (sent, fs::read_to_string(path).unwrap())
}

#[test]
fn the_desk_sends_and_tells_the_log() {
    let (sent, log) = answered("keys", &["unsigned", "opaque", "no-dkim"]);
    assert_eq!(sent, 1);
    for line in [
        "| reply to=alice@example.com\n",
        "replied to=alice@example.com,id=0k3j\n",
        "| no reply: the address was answered within the last day\n",
        "| no reply: DKIM does not prove the author\n",
    ] {
        assert!(log.contains(line), "no {line} in {log}");
    }
}

#[test]
fn a_note_that_cannot_be_sent_is_told_of() {
    let (sent, log) = answered("pki", &["opaque"]);
    assert_eq!(sent, 0);
    assert!(
        log.contains("WARNING,reply not sent,to=alice@example.com: "),
        "{log}"
    );
}
