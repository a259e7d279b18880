#![no_main]

use libfuzzer_sys::fuzz_target;
use mailseal::mime::{RawMessage, tree};

fuzz_target!(|bytes: &[u8]| {
    let mut shown = Vec::new();
    tree::write(&RawMessage::from_bytes(bytes.to_vec()), &mut shown).unwrap();
    let shown = String::from_utf8(shown).unwrap();
    assert!(!shown.chars().any(|c| c.is_control() && c != '\n'));
});
