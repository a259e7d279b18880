#![no_main]

use libfuzzer_sys::fuzz_target;
use mailseal::mime::{Message, RawMessage};

fuzz_target!(|bytes: &[u8]| {
    let Ok(message) = Message::parse(RawMessage::from_bytes(bytes.to_vec())) else { return };
    let _ = message.from();
    let _ = message.recipients();
    let (mut header, entity) = message.split();
    header.set_mime_version();
    let Ok(entity) = entity.canonicalize() else { return };
    let mut written = Vec::new();
    entity.write_to(&mut written).unwrap();
    assert_eq!(written.len() as u64, entity.len());
    assert!(written.is_ascii());
    assert!(!written.contains(&0));
    for line in written.split_inclusive(|&octet| octet == b'\n') {
        let line = line.strip_suffix(b"\r\n").unwrap_or(line);
        assert!(line.len() <= 998 && !line.contains(&b'\r') && !line.contains(&b'\n'));
    }
});
