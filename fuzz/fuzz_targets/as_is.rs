#![no_main]

use libfuzzer_sys::fuzz_target;
use mailseal::mime::{Error, Message, RawMessage};

fuzz_target!(|bytes: &[u8]| {
    let Ok(written) = as_is(bytes.to_vec()) else {
        return;
    };
    for line in written.split_inclusive(|&octet| octet == b'\n') {
        let line = line.strip_suffix(b"\r\n").unwrap_or(line);
        assert!(!line.contains(&b'\r') && !line.contains(&b'\n'));
    }
    // Where Bcc was all there was, nothing is left of the header.
    if !written.starts_with(b"\r\n") {
        assert_eq!(as_is(written.clone()).unwrap(), written);
    }
});

fn as_is(message: Vec<u8>) -> Result<Vec<u8>, Error> {
    let message = Message::parse(RawMessage::from_bytes(message))?;
    let as_is = message.as_is()?;
    assert!(as_is.header().first("Bcc").is_none());
    let mut written = Vec::new();
    as_is.write_to(&mut written)?;
    assert_eq!(written.len() as u64, as_is.len());
    let sent = Message::parse(RawMessage::from_bytes(written.clone()));
    if let (Ok(before), Ok(sent)) = (message.recipients(), sent) {
        let after = sent.recipients().unwrap();
        assert_eq!(
            (after.to, after.cc, after.bcc),
            (before.to, before.cc, Vec::new())
        );
    }
    Ok(written)
}
