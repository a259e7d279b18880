#![no_main]

use std::io::Write;

use libfuzzer_sys::fuzz_target;
use mailseal::mime::transfer_encoding::{
    BareCarriageReturn, Base64Decoder, Base64Encoder, LineEnds, QuotedPrintableDecoder,
    QuotedPrintableEncoder, base64_length,
};

// In two writes: a decoder may lose its place between them.
macro_rules! through {
    ($coder:expr, $at:expr, $bytes:expr) => {{
        let mut coder = $coder;
        let (before, after) = $bytes.split_at($at.min($bytes.len()));
        let written = coder
            .write_all(before)
            .and_then(|()| coder.write_all(after));
        written.and_then(|()| coder.finish())
    }};
}

fuzz_target!(|input: (u8, &[u8])| {
    let (at, bytes) = (usize::from(input.0), input.1);

    let encoded = through!(Base64Encoder::new(Vec::new()), at, bytes).unwrap();
    assert_eq!(encoded.len() as u64, base64_length(bytes.len() as u64));
    assert!(
        encoded
            .split(|&octet| octet == b'\n')
            .all(|line| line.len() <= 77)
    );
    assert_eq!(
        through!(Base64Decoder::new(Vec::new()), at, encoded).unwrap(),
        bytes
    );

    let lines = through!(
        LineEnds::new(BareCarriageReturn::Break, Vec::new()),
        at,
        bytes
    )
    .unwrap();
    let encoded = through!(QuotedPrintableEncoder::new(Vec::new()), at, lines).unwrap();
    assert!(
        encoded.is_ascii()
            && encoded
                .split(|&octet| octet == b'\n')
                .all(|line| line.len() <= 77)
    );
    assert_eq!(
        through!(QuotedPrintableDecoder::new(Vec::new()), at, encoded).unwrap(),
        lines
    );

    for at in [0, at] {
        let whole = through!(Base64Decoder::new(Vec::new()), 0, bytes).ok();
        assert_eq!(
            through!(Base64Decoder::new(Vec::new()), at, bytes).ok(),
            whole
        );
        let whole = through!(QuotedPrintableDecoder::new(Vec::new()), 0, bytes).ok();
        assert_eq!(
            through!(QuotedPrintableDecoder::new(Vec::new()), at, bytes).ok(),
            whole
        );
    }
});
