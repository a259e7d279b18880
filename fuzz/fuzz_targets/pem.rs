#![no_main]

use libfuzzer_sys::fuzz_target;
use mailseal::keys::pem::{blocks, certificates};

fuzz_target!(|text: &[u8]| {
    if let Ok(certificates) = certificates(text) {
        assert!(!certificates.is_empty());
    }
    let Ok(found) = blocks(text) else {
        return;
    };
    let crlf: Vec<u8> = text
        .split(|&octet| octet == b'\n')
        .collect::<Vec<_>>()
        .join(&b"\r\n"[..]);
    let again = blocks(&crlf).unwrap();
    assert_eq!(again.len(), found.len());
    for (one, other) in found.iter().zip(&again) {
        assert_eq!(
            (one.label(), one.is_encrypted()),
            (other.label(), other.is_encrypted())
        );
        assert_eq!(one.content(), other.content());
    }
});
