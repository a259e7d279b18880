//! The mails of testdata/collect: what the policy says of each. What a store makes of them is tested
//! from outside.

use std::path::PathBuf;

use serde::Deserialize;

use super::*;
use crate::dkim::StaticRecords;
use crate::path::TrustAnchors;

#[derive(Deserialize)]
struct Case {
    file: String,
    step: Option<String>,
    reason: Option<String>,
    certificate: Option<String>,
    #[serde(default)]
    capabilities: Vec<String>,
    #[serde(default)]
    after: Vec<String>,
    alignment: Option<String>,
}

fn cases() -> Vec<Case> {
    let manifest = std::fs::read("testdata/collect/manifest.json").unwrap();
    serde_json::from_slice(&manifest).unwrap()
}

fn digested(mail: Vec<u8>) -> DigestedMail {
    DigestedMail::read(RawMessage::from_bytes(mail)).unwrap()
}

fn collected(file: &str, alignment: Alignment) -> Collection {
    let mail = std::fs::read(format!("testdata/collect/messages/{file}")).unwrap();
    let records = std::fs::read("testdata/collect/dns.json").unwrap();
    let records = StaticRecords::from_json(&records).unwrap();
    let anchors = TrustAnchors::from_files(&[PathBuf::from("testdata/pki/root.crt")]).unwrap();
    let collecting = Collecting {
        resolver: &records,
        alignment,
        validation: Validation::new(&anchors, "2026-11-21T12:00:00Z".parse().unwrap()),
        intermediates: Vec::new(),
    };
    collect(digested(mail), &collecting).unwrap()
}

#[test]
fn each_mail_takes_the_steps_that_it_proves() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for case in cases() {
        // The others are about the store, and what is in it already.
        if !case.after.is_empty() || case.step.as_deref() == Some("store") {
            continue;
        }
        count += 1;
        let alignment = case.alignment.as_deref().unwrap_or("strict");
        let collection = collected(&case.file, alignment.parse().unwrap());
        let expected = (case.step.as_deref(), case.reason.as_deref());
        let found = collection.outcome.as_ref().err();
        let found = (found.map(|it| it.step.name()), found.map(|it| it.reason));
        if found != expected {
            wrong.push(format!("{}: {found:?}, not {expected:?}", case.file));
        }
        let Ok(certificate) = &collection.outcome else {
            continue;
        };
        if let Some(serial) = case.certificate {
            assert_eq!(certificate.certificate().serial_hex(), serial);
        }
        let capabilities = certificate.capabilities().iter();
        let capabilities: Vec<&str> = capabilities.map(|it| it.name()).collect();
        assert_eq!(capabilities, case.capabilities, "{}", case.file);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 30, "only {count} mails");
}

/// Attack 14 of RFC 8550: nothing of the certificate that signs alone is taken for the other.
#[test]
fn the_signer_and_the_certificate_to_encrypt_to_stand_apart() {
    let collection = collected("preference.eml", Alignment::Strict);
    let certificate = collection.outcome.unwrap();
    assert_ne!(certificate.signer(), certificate.certificate());
    assert_eq!(certificate.path().len(), 3);
    assert_eq!(certificate.domain(), "example.com");
    assert_eq!(
        certificate.signing_time().unwrap().to_string(),
        "2026-11-21T11:00:00Z"
    );
}

#[test]
fn a_key_that_dns_does_not_give_now_is_for_later() {
    #[derive(Debug)]
    struct Silent;
    impl Resolver for Silent {
        fn text_records(
            &self,
            names: &[String],
            _: std::time::Duration,
        ) -> Vec<dkim::resolver::Answer> {
            names
                .iter()
                .map(|_| Err(dkim::resolver::ResolveError::TimedOut))
                .collect()
        }
    }
    let mail = std::fs::read("testdata/collect/messages/opaque.eml").unwrap();
    let anchors = TrustAnchors::from_certificates(Vec::new());
    let collecting = Collecting {
        resolver: &Silent,
        alignment: Alignment::Strict,
        validation: Validation::new(&anchors, "2026-11-21T12:00:00Z".parse().unwrap()),
        intermediates: Vec::new(),
    };
    let collection = collect(digested(mail), &collecting).unwrap();
    let refusal = collection.outcome.unwrap_err();
    assert_eq!((refusal.step, refusal.is_temporary), (Step::Dkim, true));
}
