#![no_main]

use libfuzzer_sys::fuzz_target;
use mailseal::cms::object::Object;
use mailseal::cms::signed_object::{MAX_CERTIFICATES, MAX_REVOCATION_LISTS, MAX_SIGNER_INFOS};
use mailseal::mime::RawMessage;
use mailseal::spool::Spool;

fuzz_target!(|bytes: &[u8]| {
    let raw = RawMessage::from_bytes(bytes.to_vec());
    let Ok(object) = Object::read(raw.spool()) else {
        return;
    };
    let within = |content: &Spool| assert!(content.len() < bytes.len() as u64);
    match object {
        Object::Data(content) => within(&content),
        Object::Signed(signed) => {
            assert!(signed.certificates.len() <= MAX_CERTIFICATES);
            assert!(signed.signer_infos.len() <= MAX_SIGNER_INFOS);
            assert!(signed.revocation_lists.len() <= MAX_REVOCATION_LISTS);
            assert!(!signed.is_certs_only() || signed.signer_infos.is_empty());
            signed.encapsulated.content.iter().for_each(within);
        }
        Object::Enveloped(enveloped) => {
            // DER: lengths grow by half at most when they become definite.
            assert!(enveloped.recipient_infos.len() <= bytes.len() * 3 / 2);
            enveloped.encrypted.content.iter().for_each(within);
        }
        Object::Compressed(compressed) => compressed.encapsulated.content.iter().for_each(within),
        Object::Digested(digested) => digested.encapsulated.content.iter().for_each(within),
        Object::Encrypted(encrypted) => encrypted.content.iter().for_each(within),
        _ => {}
    }
});
