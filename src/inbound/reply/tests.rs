use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::*;
use crate::collect::Collecting;
use crate::collect::succession::Replacement;
use crate::dkim::{Alignment, StaticRecords};
use crate::inbound::decide::{Deciding, Delivery};
use crate::keys::{KeyDirectory, directory};
use crate::mime::{Message, RawMessage};
use crate::path::{Purpose, TrustAnchors, Validation};
use crate::send::Envelope;
use crate::send::stub::Stub;
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

struct Desk {
    directory: TempDir,
    replies: Replies,
}

impl Desk {
    fn of(from: &str) -> Desk {
        let directory = tempfile::tempdir().unwrap();
        let record = Record::open(&directory.path().join("replies"), now()).unwrap();
        Desk {
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
    note.send(&keys, now(), &mut sender).unwrap();
    let sent = sender.sent.remove(0);
    (sent.envelope, String::from_utf8(sent.message).unwrap())
}

#[test]
fn who_sent_a_certificate_gets_a_signed_note_in_the_same_thread() {
    let note = Desk::of("bob@example.com").consider("opaque").unwrap();
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
    let note = Desk::of("bob@example.com").consider("unsigned").unwrap();
    let (_, text) = sent(&note);
    assert!(text.contains("Subject: Your certificate is not stored\r\n"));
    assert!(text.contains("(no-signature)"), "{text}");
}

#[test]
fn a_new_key_that_waits_is_told_of() {
    let desk = Desk::of("bob@example.com");
    desk.decide("opaque");
    let (_, text) = sent(&desk.consider("other-key-manual").unwrap());
    assert!(text.contains("(other-key-or-issuer)"), "{text}");
}

#[test]
fn nobody_is_answered_who_may_not_have_written() {
    for mail in ["no-dkim", "dkim-changed", "dkim-other-domain", "two-from"] {
        let silence = Desk::of("bob@example.com").consider(mail).unwrap_err();
        assert_eq!(silence, Silence::NotProved, "{mail}");
    }
}

#[test]
fn nobody_is_answered_twice_a_day() {
    let desk = Desk::of("bob@example.com");
    assert!(desk.consider("unsigned").is_ok());
    assert_eq!(desk.consider("opaque"), Err(Silence::Recently));
}

#[test]
fn what_is_no_news_is_not_told() {
    let desk = Desk::of("bob@example.com");
    desk.decide("opaque");
    let seen = desk.consider("opaque");
    assert_eq!(seen, Err(Silence::Nothing(Outcome::SeenBefore)));
    let again = desk.consider("detached");
    assert_eq!(again, Err(Silence::Nothing(Outcome::AlreadyStored)));
}

#[test]
fn bounces_and_our_own_mail_are_not_answered() {
    let desk = Desk::of("bob@example.com");
    let decision = desk.decide("opaque");
    let bounce = desk.replies.consider(&decision, Some("<>"), now());
    assert_eq!(bounce, Err(Silence::Bounce));
    assert_eq!(
        Desk::of("ALICE@example.com").consider("opaque"),
        Err(Silence::Ourselves)
    );
    // Neither counts as an answer.
    assert!(desk.replies.consider(&decision, None, now()).is_ok());
}

#[test]
fn without_the_key_of_its_author_no_note_is_sent() {
    let note = Desk::of("nobody@example.com").consider("opaque").unwrap();
    let keys = KeyDirectory::new(testdata("keys"), directory::Options::at(now()));
    let mut sender = Stub::default();
    let error = note.send(&keys, now(), &mut sender).unwrap_err();
    assert!(matches!(error, Error::Seal(_)), "{error}");
    assert!(sender.sent.is_empty());
}
