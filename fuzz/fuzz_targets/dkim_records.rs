#![no_main]

use libfuzzer_sys::fuzz_target;
use mailseal::dkim::resolver::{Answer, Resolver};
use mailseal::dkim::{Alignment, SignatureResult, StaticRecords, verify};
use mailseal::mime::{Message, RawMessage};

/// DNS says the same whatever is asked.
#[derive(Debug)]
struct Same<'a>(&'a [u8]);

impl Resolver for Same<'_> {
    fn text_records(&self, names: &[String], _: std::time::Duration) -> Vec<Answer> {
        names.iter().map(|_| Ok(vec![self.0.to_vec()])).collect()
    }
}

fuzz_target!(|bytes: &[u8]| {
    let _ = StaticRecords::from_json(bytes);
    let now = "2026-11-21T12:00:00Z".parse().unwrap();
    for octets in [
        &include_bytes!("../../testdata/dkim/messages/signed.eml")[..],
        include_bytes!("../../testdata/dkim/messages/ed25519.eml"),
    ] {
        let message = Message::parse(RawMessage::from_bytes(octets.to_vec())).unwrap();
        let judged = verify(&message, &Same(bytes), now, Alignment::Strict).unwrap();
        let signature = &judged.signatures()[0];
        if signature.result() == SignatureResult::Pass {
            assert!(signature.key_bits() == Some(2048) || signature.key_bits() == Some(256));
        }
    }
});
