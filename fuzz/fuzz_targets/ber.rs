#![no_main]

use std::borrow::Cow;

use cms::content_info::ContentInfo;
use der::Decode;
use libfuzzer_sys::fuzz_target;
use mailseal::asn1::ber;
use mailseal::asn1::reader::{Error, Reader};

fuzz_target!(|bytes: &[u8]| {
    let Ok((der, consumed)) = ber::first_to_der(bytes) else {
        return;
    };
    assert!(der.len() <= consumed * 3 / 2);
    assert_eq!(ber::to_der(bytes).is_ok(), consumed == bytes.len());
    assert!(matches!(ber::to_der(&der), Ok(Cow::Borrowed(same)) if same == &*der));
    let _ = ContentInfo::from_der(&der);

    let mut open = vec![Reader::new(&der)];
    while let Some(mut reader) = open.pop() {
        if reader.is_empty() {
            continue;
        }
        match reader.read() {
            Ok(element) => {
                open.push(reader.clone());
                // A string is not constructed in DER.
                match element.tag() {
                    0x23 | 0x24 | 0x27 | 0x2c | 0x32..=0x3c | 0x3e => panic!("chunks are left"),
                    tag if tag & 0x20 != 0 => open.push(reader.inside(&element)),
                    _ => {}
                }
            }
            // The one thing that is DER and not read.
            Err(Error::LongTag(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
});
