//! Path validation beside rustls-webpki, in one process; and how long hostile certificates take.
//!
//! `cargo bench --bench paths`. What is told is processor time, which a busy machine does not change
//! much; the sides take turns, a few milliseconds each, and medians are compared. README.md has the
//! figures as seen, and `benches/run --only paths` sets whole processes beside `openssl verify`.

#![allow(clippy::unwrap_used, reason = "a benchmark that panics has failed")]

#[path = "../tests/it/paths/hostile.rs"]
mod hostile;

use std::fs;
use std::hint::black_box;
use std::time::Duration;

use mailseal::crypto::{Backend, tls_provider};
use mailseal::keys::pem;
use mailseal::path::revocation::Origin;
use mailseal::path::{
    Error, Purpose, Revocation, RevocationEvidence, TrustAnchors, ValidatedCertificate, Validation,
    validate,
};
use mailseal::x509::Certificate;
use mailseal::x509::crl::CertificateList;
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use hostile::Hostile;

/// How long one side has its turn, and how many turns.
const TURN: Duration = Duration::from_millis(4);
const TURNS: usize = 101;

fn main() {
    println!(
        "signatures verified with {:?} where it may choose\n",
        Backend::detect()
    );
    println!("| chain of 3 | side | ratio | validations a second |");
    println!("|---|---|---|---|");
    for chain in [rsa_2048(), p_256()] {
        chain.compare();
    }
    println!("\n| hostile | ends with | read ms | judge ms | both ms |");
    println!("|---|---|---|---|---|");
    for hostile in hostile::all() {
        measure_hostile(&hostile);
    }
}

/// A leaf for mail, its issuer, and a root; DER.
struct Chain {
    name: &'static str,
    leaf: Vec<u8>,
    intermediate: Vec<u8>,
    root: Vec<u8>,
}

fn rsa_2048() -> Chain {
    let read = |path: &str| {
        let text = fs::read(format!("testdata/{path}.crt")).unwrap();
        pem::certificates(&text).unwrap()[0].der().to_vec()
    };
    Chain {
        name: "RSA-2048",
        leaf: read("keys/alice@example.com"),
        intermediate: read("pki/intermediate"),
        root: read("pki/root"),
    }
}

fn p_256() -> Chain {
    let read = |name: &str| fs::read(format!("testdata/paths/files/{name}.crt")).unwrap();
    Chain {
        name: "P-256",
        leaf: read("plain"),
        intermediate: read("plain-issuer"),
        root: read("plain-anchor"),
    }
}

impl Chain {
    fn compare(&self) {
        let read = |der: &[u8]| Certificate::from_der(der).unwrap();
        let anchors = TrustAnchors::from_certificates([read(&self.root)]);
        let validation = Validation::new(&anchors, hostile::AT.parse().unwrap());
        let (leaf, pool) = (read(&self.leaf), [read(&self.intermediate)]);
        let warm = || drop(black_box(validate(&leaf, &pool, &validation).unwrap()));
        let cold = || {
            let (leaf, pool) = (read(&self.leaf), [read(&self.intermediate)]);
            drop(black_box(validate(&leaf, &pool, &validation).unwrap()));
        };
        let graviola = rustls_graviola::default_provider().signature_verification_algorithms;
        let rust_crypto = tls_provider::rust_crypto().signature_verification_algorithms;
        let root = CertificateDer::from(self.root.as_slice());
        let anchor = [anchor_from_trusted_cert(&root).unwrap()];
        let webpki = |algorithms: WebPkiSupportedAlgorithms| {
            let (leaf, intermediate) = (
                self.leaf.as_slice().into(),
                self.intermediate.as_slice().into(),
            );
            let anchor = &anchor;
            move || {
                let leaf: CertificateDer<'_> = CertificateDer::clone(&leaf);
                let end_entity = EndEntityCert::try_from(&leaf).unwrap();
                let time = UnixTime::since_unix_epoch(Duration::from_secs(1_782_907_200));
                let path = end_entity.verify_for_usage(
                    algorithms.all,
                    anchor,
                    std::slice::from_ref(&intermediate),
                    time,
                    // id-kp-emailProtection
                    KeyUsage::required_if_present(&[0x2b, 6, 1, 5, 5, 7, 3, 4]),
                    None,
                    None,
                );
                black_box(path.unwrap().anchor());
            }
        };
        let (webpki_graviola, webpki_rust_crypto) = (webpki(graviola), webpki(rust_crypto));
        let sides: [(&str, &dyn Fn()); 4] = [
            ("mailseal, leaf and intermediate read before", &warm),
            ("mailseal, leaf and intermediate read each time", &cold),
            (
                "rustls-webpki over graviola, read each time",
                &webpki_graviola,
            ),
            (
                "rustls-webpki over RustCrypto, read each time",
                &webpki_rust_crypto,
            ),
        ];
        let rates = in_turns(&sides.map(|(_, run)| run));
        for ((side, _), rate) in sides.iter().zip(&rates) {
            println!(
                "| {} | {side} | {:.2} | {rate:.0} |",
                self.name,
                rate / rates[2]
            );
        }
    }
}

/// How often a second each of them runs, by the median of its turns.
fn in_turns(sides: &[&dyn Fn()]) -> Vec<f64> {
    let batches: Vec<u32> = sides.iter().map(|run| runs_in_a_turn(run)).collect();
    let mut rates = vec![Vec::new(); sides.len()];
    for _ in 0..TURNS {
        for (side, run) in sides.iter().enumerate() {
            let begin = processor_time();
            for _ in 0..batches[side] {
                run();
            }
            let taken = processor_time() - begin;
            rates[side].push(f64::from(batches[side]) / taken.as_secs_f64());
        }
    }
    rates.into_iter().map(median).collect()
}

fn runs_in_a_turn(run: &dyn Fn()) -> u32 {
    let (begin, mut runs) = (processor_time(), 0);
    while processor_time() - begin < TURN {
        run();
        runs += 1;
    }
    runs
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// What this thread has had of the processor.
fn processor_time() -> Duration {
    rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime)
        .try_into()
        .unwrap()
}

/// From octets to the verdict: reading all of it, and judging.
fn measure_hostile(hostile: &Hostile) {
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    let mut reason = String::new();
    for _ in 0..9 {
        let begin = processor_time();
        let read = |der: &Vec<u8>| Certificate::from_der(der).unwrap();
        let (target, pool) = (
            read(&hostile.target),
            hostile.pool.iter().map(read).collect::<Vec<_>>(),
        );
        let anchors = TrustAnchors::from_certificates([read(&hostile.trust)]);
        let mut evidence = RevocationEvidence::default();
        for crl in &hostile.crls {
            evidence.add_list(CertificateList::from_der(crl).unwrap(), Origin::Caller);
        }
        let after_reading = processor_time() - begin;
        let validation = Validation {
            purpose: Purpose::Any,
            revocation: if hostile.crls.is_empty() {
                Revocation::Off
            } else {
                Revocation::Hard
            },
            evidence: &evidence,
            ..Validation::new(&anchors, hostile::AT.parse().unwrap())
        };
        let verdict = validate(&target, &pool, &validation);
        let both = processor_time() - begin;
        for (times, time) in times
            .iter_mut()
            .zip([after_reading, both - after_reading, both])
        {
            times.push(time.as_secs_f64() * 1000.0);
        }
        reason = word(&verdict);
    }
    assert_eq!(
        reason,
        hostile.reason.unwrap_or("valid"),
        "{}",
        hostile.name
    );
    let [read, judge, both] = times.map(median);
    println!(
        "| {} | {reason} | {read:.1} | {judge:.1} | {both:.1} |",
        hostile.name
    );
}

fn word(verdict: &Result<ValidatedCertificate, Error>) -> String {
    match verdict {
        Ok(_) => "valid".to_owned(),
        Err(error) => error.reason().to_owned(),
    }
}
