#![no_main]

use libfuzzer_sys::fuzz_target;
use mailseal::mime::{Authorship, CanonicalEntity, Error, Message, RawMessage};

fuzz_target!(|bytes: &[u8]| {
    let Ok(message) = Message::parse(RawMessage::from_bytes(bytes.to_vec())) else {
        return;
    };
    let _ = Authorship::of(&message);
    let _ = message.recipients();
    let (mut header, entity) = message.split();
    header.set_mime_version();
    let Ok(entity) = entity.canonicalize() else {
        return;
    };
    let written = written(&entity);
    assert!(written.is_ascii() && !written.contains(&0));
    for line in written.split_inclusive(|&octet| octet == b'\n') {
        let line = line.strip_suffix(b"\r\n").unwrap_or(line);
        assert!(line.len() <= 998 && !line.contains(&b'\r') && !line.contains(&b'\n'));
    }
    let mut again = b"From: a@example.com\r\n".to_vec();
    again.extend_from_slice(&written);
    assert_eq!(self::written(&canonical(again).unwrap()), written);
});

fn canonical(message: Vec<u8>) -> Result<CanonicalEntity, Error> {
    let (_, entity) = Message::parse(RawMessage::from_bytes(message))?.split();
    entity.canonicalize()
}

fn written(entity: &CanonicalEntity) -> Vec<u8> {
    let mut written = Vec::new();
    entity.write_to(&mut written).unwrap();
    assert_eq!(written.len() as u64, entity.len());
    written
}
