#![no_main]

use libfuzzer_sys::fuzz_target;
use mailseal::mime::{RawMessage, Recognised, recognise};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(Recognised::Object(object)) = recognise(RawMessage::from_bytes(bytes.to_vec())) {
        assert!(object.len() <= bytes.len() as u64);
    }
});
