//! What it takes to judge a mail whose certificate is collected, step by step, in one process.
//!
//! `cargo bench --bench collect`. The keys of DKIM are in memory, and the signatures of authorities are
//! remembered, as they are for a server that has seen such mail before. `benches/webhook` measures the
//! whole server.

#![allow(clippy::unwrap_used, reason = "a benchmark that panics has failed")]

use std::fs;
use std::hint::black_box;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use mailseal::collect::{Collecting, DigestedMail, collect};
use mailseal::dkim::{self, Alignment, StaticRecords};
use mailseal::mime::{Message, RawMessage};
use mailseal::path::{self, Purpose, TrustAnchors, Validation, VerifiedLinks};
use mailseal::report::DecisionReport;
use mailseal::smime::open::{self, Opening};

/// How often each step is taken.
const TURNS: usize = 201;

fn main() {
    let directory = tempfile::tempdir().unwrap();
    let made = Command::new("python3")
        .arg("benches/collect_mails.py")
        .arg(directory.path())
        .status();
    assert!(made.unwrap().success());
    let records =
        StaticRecords::from_json(&fs::read("testdata/collect/dns.json").unwrap()).unwrap();
    let anchors = TrustAnchors::from_files(&[PathBuf::from("testdata/pki/root.crt")]).unwrap();
    let links = VerifiedLinks::default();
    let validation = Validation {
        purpose: Purpose::EmailSigning,
        links: Some(&links),
        ..Validation::new(&anchors, "2026-11-21T12:00:00Z".parse().unwrap())
    };
    let collecting = Collecting {
        resolver: &records,
        alignment: Alignment::Strict,
        validation: validation.clone(),
        intermediates: Vec::new(),
    };
    println!("| mail | step | ms |");
    println!("|---|---|---|");
    for name in ["newsletter", "attachments"] {
        let octets = fs::read(directory.path().join(format!("{name}.eml"))).unwrap();
        let raw = || RawMessage::from_bytes(octets.clone());
        let digested = || DigestedMail::read(raw()).unwrap();
        let opening = Opening::new(validation.clone());
        let opened = open::open(raw(), &opening).unwrap();
        let signer = opened.layers()[0].signers[0].certificate.clone().unwrap();
        let pool = opened.layers()[0].brought_along.clone();
        let row = |step: &str, time: Duration| {
            println!("| {name} | {step} | {:.3} |", time.as_secs_f64() * 1e3);
        };
        row(
            "parsed",
            median(|| drop(black_box(Message::parse(raw()).unwrap()))),
        );
        let message = Message::parse(raw()).unwrap();
        row(
            "authenticated (DKIM)",
            median(|| {
                let authentication =
                    dkim::verify(&message, &records, validation.at, Alignment::Strict).unwrap();
                assert!(black_box(authentication).is_aligned());
            }),
        );
        row(
            "opened (signature, path, address)",
            median(|| drop(black_box(open::open(raw(), &opening).unwrap()))),
        );
        row(
            "path alone",
            median(|| {
                let validated = path::validate(&signer, &pool, &validation);
                drop(black_box(validated.unwrap()));
            }),
        );
        row(
            "collected: all of it",
            median(|| {
                let collection = collect(digested(), &collecting).unwrap();
                assert!(black_box(collection).outcome.is_ok());
            }),
        );
        let collection = collect(digested(), &collecting).unwrap();
        row(
            "written down",
            median(|| drop(black_box(DecisionReport::of(&collection).line()))),
        );
    }
}

fn median(mut step: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..TURNS)
        .map(|_| {
            let begin = Instant::now();
            step();
            begin.elapsed()
        })
        .collect();
    times.sort();
    times[TURNS / 2]
}
