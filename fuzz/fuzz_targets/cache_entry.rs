#![no_main]

use libfuzzer_sys::fuzz_target;
use mailseal::fetch::cache::Entry;
use mailseal::path::retrieval::Request;

fuzz_target!(|bytes: &[u8]| {
    let location = "http://crl.example.com/";
    let (crl, issuers) = (Request::Crl { location }, Request::Issuers { location });
    let comes_back = |entry: Entry<'_>| {
        let written = entry.to_bytes(&crl);
        assert_eq!(Entry::parse(&crl, &written), Some(entry));
        assert_eq!(Entry::parse(&issuers, &written), None);
    };
    if let Some(entry) = Entry::parse(&crl, bytes) {
        comes_back(entry);
    }
    let until = "2026-12-01T00:00:00Z".parse().unwrap();
    comes_back(Entry {
        until,
        octets: bytes,
    });
});
