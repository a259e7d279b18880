#![no_main]

use libfuzzer_sys::fuzz_target;
use mailseal::inbound::adapters::form::{MOST_FIELDS, fields};

fuzz_target!(|body: &[u8]| {
    for content_type in [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ] {
        let Ok(fields) = fields(content_type, body) else {
            continue;
        };
        assert!(fields.len() <= MOST_FIELDS);
        assert!(fields.iter().all(|field| field.value.len() <= body.len()));
    }
});
