//! The rules, on messages that another program has signed; and what DNS does wrong.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use super::resolver::{Answer, ResolveError};
use super::*;
use crate::crypto::DigestAlgorithm;
use crate::mime::RawMessage;

const MESSAGES: &str = "testdata/dkim/messages";

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn octets(file: &str) -> Vec<u8> {
    fs::read(format!("{MESSAGES}/{file}")).unwrap()
}

fn message(octets: impl Into<Vec<u8>>) -> Message {
    Message::parse(RawMessage::from_bytes(octets.into())).unwrap()
}

fn records() -> StaticRecords {
    StaticRecords::from_json(&octets("dns.json")).unwrap()
}

fn judge(octets: impl Into<Vec<u8>>, resolver: &dyn Resolver) -> Authentication {
    verify(&message(octets), resolver, now(), Alignment::Strict).unwrap()
}

fn reason(authentication: &Authentication) -> Option<&'static str> {
    authentication.shortcoming().map(|(reason, _)| reason)
}

#[derive(serde::Deserialize)]
struct Case {
    file: String,
    note: String,
    verdict: String,
    reason: Option<String>,
    aligned: bool,
    alignment: String,
}

/// Attacks 16 to 21, and all other rules.
#[test]
fn messages_are_judged_as_their_manifest_says() {
    let cases: Vec<Case> = serde_json::from_slice(&octets("manifest.json")).unwrap();
    assert!(cases.len() > 80);
    let mut wrong = Vec::new();
    for case in cases {
        let alignment = case.alignment.parse().unwrap();
        let message = message(octets(&case.file));
        let judged = verify(&message, &records(), now(), alignment).unwrap();
        let came = (
            judged.verdict().name(),
            reason(&judged),
            judged.is_aligned(),
        );
        if came != (&*case.verdict, case.reason.as_deref(), case.aligned) {
            wrong.push(format!("{} ({}): {came:?}", case.file, case.note));
        }
        assert_eq!(judged.authenticated().is_some(), case.aligned);
        for signature in judged.signatures() {
            let passes = signature.result() == SignatureResult::Pass;
            assert_eq!(passes, signature.accepted().is_some());
            assert_eq!(passes, signature.refusal().is_none());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_authenticated_message_says_who_vouches_for_it() {
    let authenticated = judge(octets("list-author.eml"), &records()).into_authenticated();
    let authenticated = authenticated.unwrap();
    assert_eq!(authenticated.from().to_string(), "alice@example.com");
    assert_eq!(authenticated.domain(), "example.com");
    let accepted = authenticated.signature();
    assert_eq!(accepted.key_bits(), 2048);
    assert_eq!(accepted.signature().selector, "lab");
    // Attack 18: whoever asks sees that the MIME structure is anybody's.
    assert!(!accepted.signature().covers("Content-Type"));
    let raw = authenticated.message().raw();
    assert_eq!(raw.spool().len(), octets("list-author.eml").len() as u64);
}

/// Answers as it is told, and remembers what it was asked.
#[derive(Debug, Default)]
struct Stub {
    answers: BTreeMap<String, Answer>,
    asked: RefCell<Vec<Vec<String>>>,
}

impl Stub {
    fn with(answers: &[(&str, Answer)]) -> Stub {
        let answers = answers.iter().cloned();
        Stub {
            answers: answers.map(|(name, it)| (name.to_owned(), it)).collect(),
            asked: RefCell::default(),
        }
    }
}

impl Resolver for Stub {
    fn text_records(&self, names: &[String], within: Duration) -> Vec<Answer> {
        assert_eq!(within, MAX_TIME);
        self.asked.borrow_mut().push(names.to_vec());
        let answer = |name| self.answers.get(name).cloned();
        names.iter().map_while(answer).collect()
    }
}

const LAB: &str = "lab._domainkey.example.com";
const LIST: &str = "lab._domainkey.list.example.net";

fn lab_record() -> Vec<u8> {
    include_bytes!("../../testdata/dkim/lab.txt").to_vec()
}

#[test]
fn a_key_that_cannot_be_had_now_is_no_refusal() {
    for (error, word) in [
        (ResolveError::TimedOut, "did not answer in time"),
        (ResolveError::Refused, "refused to answer"),
        (ResolveError::Failed("SERVFAIL".into()), "SERVFAIL"),
    ] {
        let judged = judge(octets("signed.eml"), &Stub::with(&[(LAB, Err(error))]));
        assert_eq!(judged.verdict(), Verdict::TempError);
        assert!(judged.authenticated().is_none());
        let (reason, detail) = judged.shortcoming().unwrap();
        assert_eq!(reason, "dns");
        assert!(detail.contains(word) && detail.contains(LAB), "{detail}");
    }
    // A resolver that has nothing to say has not answered.
    let silent = judge(octets("signed.eml"), &Stub::default());
    assert_eq!(silent.verdict(), Verdict::TempError);
    let none = Stub::with(&[(LAB, Err(ResolveError::NoRecord))]);
    let none = judge(octets("signed.eml"), &none);
    assert_eq!(none.verdict(), Verdict::PermError);
    assert_eq!(reason(&none), Some("no-key"));
}

#[test]
fn what_a_failure_may_still_bring_decides() {
    let failed = || Err(ResolveError::TimedOut);
    let good = || Ok(vec![lab_record()]);
    let two = "list-author.eml";
    for (list, author, verdict) in [
        // The author's may yet pass.
        (good(), failed(), (Verdict::TempError, Some("dns"))),
        // It has.
        (failed(), good(), (Verdict::Pass, None)),
        // It never will, whatever becomes of the list's.
        (
            failed(),
            Err(ResolveError::NoRecord),
            (Verdict::TempError, Some("no-key")),
        ),
        (
            good(),
            Err(ResolveError::NoRecord),
            (Verdict::Pass, Some("not-aligned")),
        ),
    ] {
        let stub = Stub::with(&[(LAB, author), (LIST, list)]);
        let judged = judge(octets(two), &stub);
        assert_eq!((judged.verdict(), reason(&judged)), verdict);
    }
}

#[test]
fn only_what_could_help_is_asked_for_and_all_at_once() {
    let asked = |file: &str| {
        let stub = Stub::default();
        judge(octets(file), &stub);
        stub.asked.into_inner()
    };
    assert_eq!(asked("list-author.eml"), [[LAB, LIST]]);
    let both = ["ed._domainkey.example.com", LAB];
    assert_eq!(asked("two-algorithms.eml"), [both]);
    // Each name once.
    assert_eq!(asked("good-bad.eml"), [[LAB]]);
    for file in [
        "unsigned.eml",
        "body-changed.eml",
        "expired.eml",
        "length-0.eml",
        "sha1.eml",
        "suffix.eml",
        "no-from-signed.eml",
        "five-hundred.eml",
    ] {
        assert!(asked(file).is_empty(), "{file}");
    }
}

/// RFC 6376 3.6.2.2: it is undefined which of several records counts; any that fits will do.
#[test]
fn of_several_records_the_one_that_fits_is_found() {
    let spf = b"v=spf1 -all".to_vec();
    let other = b"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=".to_vec();
    let judge = |records: Vec<Vec<u8>>| {
        let stub = Stub::with(&[(LAB, Ok(records))]);
        let judged = judge(octets("signed.eml"), &stub);
        (judged.verdict(), reason(&judged))
    };
    let pass = (Verdict::Pass, None);
    assert_eq!(judge(vec![spf.clone(), lab_record()]), pass);
    assert_eq!(judge(vec![other.clone(), spf.clone(), lab_record()]), pass);
    let no_key = (Verdict::PermError, Some("no-key"));
    assert_eq!(judge(vec![]), no_key);
    let key_type = (Verdict::PermError, Some("key-type"));
    assert_eq!(judge(vec![spf.clone(), other]), key_type);
    // But nobody makes us try thousands.
    let many = [vec![spf; 4], vec![lab_record()]].concat();
    assert_eq!(judge(many), (Verdict::PermError, Some("key-record")));
}

#[test]
fn no_octet_of_a_signed_message_makes_a_panic() {
    let whole = octets("signed.eml");
    let end = whole.windows(4).position(|it| it == b"\r\n\r\n").unwrap();
    for position in 0..end {
        for octet in [0, b';', b'=', b'\n', 0xff] {
            let mut changed = whole.clone();
            changed[position] = octet;
            let parsed = Message::parse(RawMessage::from_bytes(changed));
            let Ok(message) = parsed else { continue };
            let records = Stub::with(&[(LAB, Ok(vec![b"v=DKIM1; p=".to_vec()]))]);
            let judged = verify(&message, &records, now(), Alignment::Relaxed).unwrap();
            assert!(judged.authenticated().is_none());
            assert!(judged.shortcoming().is_some());
        }
    }
}

#[test]
fn large_messages_are_read_piece_by_piece() {
    let signed = String::from_utf8(octets("length-part.eml")).unwrap();
    let (header, _) = signed.split_once("\r\n\r\n").unwrap();
    let header = header.replace("l=20; ", "");
    // 5 MB: over what a spool keeps in memory, so that it is read from a file.
    let body = "A line of a long body.\r\n".repeat(220_000);
    let judged = judge(format!("{header}\r\n\r\n{body}"), &records());
    assert_eq!(reason(&judged), Some("body-hash"));
    // With its own hash the body is as it should be, and it is the header that is not.
    let hash = DigestAlgorithm::Sha256.digest(body.as_bytes());
    let hash = base64_simd::STANDARD.encode_to_string(hash);
    let (before, after) = header.split_once(" bh=").unwrap();
    let header = format!("{before} bh={hash}{}", &after[44..]);
    let judged = judge(format!("{header}\r\n\r\n{body}"), &records());
    assert_eq!(reason(&judged), Some("signature"));
}
