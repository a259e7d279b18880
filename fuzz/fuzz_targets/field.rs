#![no_main]

use libfuzzer_sys::fuzz_target;
use mailseal::mime::{Field, Header, seven_bit};

fuzz_target!(|bytes: &[u8]| {
    let mut written = Vec::new();
    for field in Header::split(bytes, 1).fields() {
        let start = written.len();
        if seven_bit::write_field(field, &mut written).is_err() {
            assert_eq!(written.len(), start);
            continue;
        }
        let text = &written[start..];
        assert!(text.is_ascii() && text.ends_with(b"\r\n"));
        let again = Header::split(text, 1);
        let [again] = again.fields() else {
            panic!("{} fields of one", again.fields().len());
        };
        assert_eq!((again.raw(), again.name()), (text, field.name()));
        assert!(seven_bit::is_seven_bit(again));
        if field.raw().is_ascii() {
            assert_eq!(unspaced(again), unspaced(field));
        }
    }
});

fn unspaced(field: &Field) -> Vec<u8> {
    let value = field.value_bytes().into_iter();
    value.filter(|octet| !octet.is_ascii_whitespace()).collect()
}
