#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use mailseal::dkim::{Alignment, MAX_SIGNATURES, SignatureResult, StaticRecords, Verdict, verify};
use mailseal::mime::{Message, RawMessage};

static RECORDS: LazyLock<StaticRecords> = LazyLock::new(|| {
    StaticRecords::from_json(include_bytes!("../../testdata/dkim/messages/dns.json")).unwrap()
});

// The whole way of `mailseal dkim`.
fuzz_target!(|bytes: &[u8]| {
    let Ok(message) = Message::parse(RawMessage::from_bytes(bytes.to_vec())) else {
        return;
    };
    let now = "2026-11-21T12:00:00Z".parse().unwrap();
    let judge = |alignment| verify(&message, &*RECORDS, now, alignment).unwrap();
    let (strict, relaxed) = (judge(Alignment::Strict), judge(Alignment::Relaxed));
    assert!(strict.signatures().len() <= MAX_SIGNATURES);
    assert_ne!(strict.verdict(), Verdict::TempError);
    assert!(relaxed.is_aligned() || !strict.is_aligned());
    for signature in strict.signatures() {
        let passes = signature.result() == SignatureResult::Pass;
        assert_eq!(passes, signature.refusal().is_none());
        let Some(accepted) = signature.accepted() else {
            continue;
        };
        let said = accepted.signature();
        assert!(said.body_length.is_none() && matches!(accepted.key_bits(), 256 | 1024..));
        assert!(
            said.signed_headers
                .iter()
                .any(|name| name.eq_ignore_ascii_case("From"))
        );
    }
    match strict.authenticated() {
        Some(authenticated) => {
            assert_eq!(strict.verdict(), Verdict::Pass);
            assert_eq!(message.from().unwrap(), *authenticated.from());
            assert_eq!(authenticated.from().domain(), authenticated.domain());
            assert!(strict.shortcoming().is_none());
        }
        None => assert!(strict.shortcoming().is_some()),
    }
});
