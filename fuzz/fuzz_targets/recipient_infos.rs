#![no_main]

use libfuzzer_sys::fuzz_target;
use mailseal::asn1::ber;
use mailseal::cms::object::Object;
use mailseal::cms::recipient::RecipientInfos;
use mailseal::mime::RawMessage;

// A SET OF RecipientInfo, or a message that has one.
fuzz_target!(|bytes: &[u8]| {
    let raw = RawMessage::from_bytes(bytes.to_vec());
    let set = match Object::read(raw.spool()) {
        Ok(Object::Enveloped(enveloped)) => enveloped.recipient_infos,
        _ => match ber::to_der(bytes) {
            Ok(der) => der.into_owned(),
            Err(_) => return,
        },
    };
    let Ok(infos) = RecipientInfos::from_der(&set) else {
        return;
    };
    let described = infos.describe();
    assert!(described.len() <= 1000);
    for recipient in described {
        let text = recipient.to_string();
        assert!(!text.chars().any(char::is_control), "{text:?}");
    }
});
