#![no_main]

use libfuzzer_sys::fuzz_target;
use mailseal::path::{Purpose, TrustAnchors, Validation, validate};
use mailseal::x509::Certificate;

#[path = "../certificates.rs"]
mod certificates;

use certificates::{NOW, Parts, extension, key, name};

// A CA with these constraints, and a leaf with these alternative names: without constraints the
// same leaf is valid, and with more than there are it stays refused.
fuzz_target!(|input: (&[u8], &[u8])| {
    let (constraints, names) = input;
    let (ca, ca_key) = (name(0), key(0));
    let certificate = |subject: &[u8], extensions: &[Vec<u8>]| {
        let parts = Parts {
            serial_number: 1,
            subject,
            issuer: &ca,
            key: &ca_key,
            extensions: &extensions.concat(),
        };
        Certificate::from_der(&parts.signed_by(&ca_key))
    };
    let is_ca = extension(19, true, b"\x30\x03\x01\x01\xff");
    let limits = extension(30, true, constraints);
    let (Ok(leaf), Ok(free), Ok(limited)) = (
        certificate(&name(1), &[extension(17, false, names)]),
        certificate(&ca, &[is_ca.clone()]),
        certificate(&ca, &[is_ca, limits]),
    ) else {
        return;
    };
    let judge = |ca: &Certificate| {
        let anchors = TrustAnchors::from_certificates([ca.clone()]);
        let validation = Validation {
            purpose: Purpose::Any,
            ..Validation::new(&anchors, NOW.parse().unwrap())
        };
        validate(&leaf, &[], &validation)
            .map(|_| ())
            .map_err(|error| {
                assert!(!error.to_string().chars().any(char::is_control));
                error.reason()
            })
    };
    assert_eq!(judge(&free), Ok(()));
    if let Err(reason) = judge(&limited) {
        assert!(["name-constraints", "malformed-extension", "budget"].contains(&reason));
    }
});
