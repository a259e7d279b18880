#![no_main]

use libfuzzer_sys::fuzz_target;
use mailseal::mime::content_type::ContentType;

fuzz_target!(|bytes: &[u8]| {
    let Some(content_type) = ContentType::parse(bytes) else {
        return;
    };
    let essence = content_type.essence();
    assert!(content_type.is(&content_type.media_type, &content_type.subtype));
    if let Ok(Some(boundary)) = content_type.boundary() {
        assert!(!boundary.is_empty() && boundary.is_ascii());
        let quoted: String = boundary
            .iter()
            .map(|&octet| format!("\\{}", char::from(octet)))
            .collect();
        let again =
            ContentType::parse(format!("{essence}; boundary=\"{quoted}\"").as_bytes()).unwrap();
        assert_eq!(again.boundary(), Ok(Some(boundary)));
    }
});
