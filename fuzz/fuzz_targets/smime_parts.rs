#![no_main]

use libfuzzer_sys::fuzz_target;
use mailseal::mime::{Error, RawMessage, SmimeForm, SmimeParts, canonical_lines, smime_parts};

fuzz_target!(|bytes: &[u8]| {
    let found = find(bytes.to_vec());
    if let Ok(found) = &found {
        assert!(found.has_other_content || !found.parts.is_empty() || bytes.is_empty());
        assert!(found.parts.iter().filter(|part| part.is_whole).count() <= 1);
    }
    if !bytes.contains(&b'\r') {
        let crlf: Vec<u8> = bytes
            .split(|&octet| octet == b'\n')
            .collect::<Vec<_>>()
            .join(&b"\r\n"[..]);
        if let (Ok(found), Ok(crlf)) = (found, find(crlf)) {
            assert_eq!(signed(&found), signed(&crlf));
            assert_eq!(found.has_other_content, crlf.has_other_content);
        }
    }
});

fn find(bytes: Vec<u8>) -> Result<SmimeParts, Error> {
    smime_parts(&RawMessage::from_bytes(bytes))
}

fn signed(found: &SmimeParts) -> Vec<(String, Vec<u8>)> {
    let octets = |form: &SmimeForm| match form {
        SmimeForm::Signed { content, .. } => {
            let mut octets = Vec::new();
            canonical_lines(content.spool().reader(), &mut octets).unwrap();
            octets
        }
        _ => Vec::new(),
    };
    let parts = found.parts.iter();
    parts
        .map(|part| (part.location.clone(), octets(&part.form)))
        .collect()
}
