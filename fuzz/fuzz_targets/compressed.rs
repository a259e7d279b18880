#![no_main]

use libfuzzer_sys::fuzz_target;
use mailseal::cms::compressed_data::{MAX_RATIO, decompress};
use mailseal::spool::Spool;

/// id-alg-zlibCompress.
const ZLIB: &[u8] = b"\x30\x0d\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x03\x08";

fuzz_target!(|bytes: &[u8]| {
    if let Ok(content) = decompress(ZLIB, &Spool::from_bytes(bytes.to_vec())) {
        assert!(content.len() <= (bytes.len() as u64 * MAX_RATIO).max(64 << 10));
    }
});
