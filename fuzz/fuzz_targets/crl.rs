#![no_main]

use libfuzzer_sys::fuzz_target;
use mailseal::x509::crl::CertificateList;

fuzz_target!(|bytes: &[u8]| {
    let Ok(crl) = CertificateList::from_der(bytes) else {
        return;
    };
    assert_eq!(crl.der(), bytes);
    assert!(!crl.issuer().chars().any(char::is_control));
    let issuer = crl.issuer_name();
    assert!(crl.has_scope_of(&crl) && issuer.is_within(issuer));
    for serial in [&b"\x02\x01\x01"[..], b"", bytes] {
        let _ = crl.find(issuer, serial);
    }
    let _ = (crl.this_update(), crl.next_update());
    let _ = (crl.crl_number(), crl.base_crl_number());
    assert!(crl.issuing_distribution_point().is_ok());
});
