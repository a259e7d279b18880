#![no_main]

use libfuzzer_sys::fuzz_target;
use mailseal::asn1::oid::ObjectIdentifier;
use mailseal::asn1::reader::{Reader, dotted};
use mailseal::asn1::tag;
use mailseal::asn1::tlv;

fuzz_target!(|bytes: &[u8]| {
    let mut open = vec![Reader::new(bytes)];
    while let Some(mut reader) = open.pop() {
        while let Ok(element) = reader.read() {
            let (whole, value) = (element.whole(), element.value());
            assert_eq!(whole.end, value.end);
            // DER: there is one way to write it.
            let header = tlv::header(element.tag(), value.len() as u64);
            assert_eq!(header, bytes[whole.start..value.start]);
            assert_eq!(reader.value(&element), &bytes[value]);
            if element.tag() == tag::OBJECT_IDENTIFIER {
                let value = reader.value(&element);
                let printed = dotted(value);
                // What reads like an object identifier is the one way to write it.
                if let Ok(known) = ObjectIdentifier::new(&printed) {
                    assert_eq!(known.as_bytes(), value);
                }
            }
            // The rest of this level is read after what is inside.
            if element.tag() & 0x20 != 0 {
                open.push(reader.clone());
                reader = reader.inside(&element);
            }
        }
    }
});
