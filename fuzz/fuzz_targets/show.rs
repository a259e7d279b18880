#![no_main]

use libfuzzer_sys::fuzz_target;
use mailseal::mime::{RawMessage, tree};

fuzz_target!(|bytes: &[u8]| {
    let shown = show(bytes.to_vec());
    assert!(!shown.chars().any(|c| c.is_control() && c != '\n'));
    assert!(shown.len() <= 100 * bytes.len() + 1_000);
    if !bytes.contains(&b'\r') {
        let crlf: Vec<u8> = bytes
            .split(|&octet| octet == b'\n')
            .collect::<Vec<_>>()
            .join(&b"\r\n"[..]);
        assert_eq!(show(crlf), shown);
    }
});

fn show(bytes: Vec<u8>) -> String {
    let mut shown = Vec::new();
    tree::write(&RawMessage::from_bytes(bytes), &mut shown).unwrap();
    String::from_utf8(shown).unwrap()
}
