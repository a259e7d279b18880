#![no_main]

use libfuzzer_sys::fuzz_target;
use mailseal::path::{Purpose, TrustAnchors, Validation, validate};
use mailseal::x509::Certificate;

#[path = "../certificates.rs"]
mod certificates;

use certificates::{NOW, Parts, extension, key, name};

// Each five octets are a certificate: whose, by whom, their keys, what it limits. The first is the
// leaf, the last the anchor.
fuzz_target!(|bytes: &[u8]| {
    let (descriptions, _) = bytes.as_chunks::<5>();
    let keys = [key(0), key(1)];
    let certificates: Vec<Certificate> = descriptions
        .iter()
        .take(16)
        .filter_map(|[subject, issuer, which, limits, value]| {
            let key = |bit: u8| &keys[usize::from(which >> bit & 1)];
            let parts = Parts {
                serial_number: which >> 2 & 0x7f,
                subject: &name(subject % 6),
                issuer: &name(issuer % 6),
                key: key(0),
                extensions: &extensions(*limits, *value),
            };
            Certificate::from_der(&parts.signed_by(key(1))).ok()
        })
        .collect();
    let [leaf, pool @ .., anchor] = certificates.as_slice() else {
        return;
    };
    let anchors = TrustAnchors::from_certificates([anchor.clone()]);
    let validation = Validation {
        purpose: Purpose::Any,
        partial_chain: true,
        ..Validation::new(&anchors, NOW.parse().unwrap())
    };
    let Ok(validated) = validate(leaf, pool, &validation) else {
        return;
    };
    let path = validated.path();
    assert!(path.first() == Some(leaf) && path.last() == Some(anchor) && path.len() <= 8);
    for pair in path.windows(2) {
        assert_eq!(pair[0].issuer(), pair[1].subject());
        let constraints = pair[1].basic_constraints().unwrap().unwrap();
        assert!(constraints.is_ca);
    }
});

/// Each bit of `limits` is an extension, with `value` somewhere in it.
fn extensions(limits: u8, value: u8) -> Vec<u8> {
    let policy = [0x06, 0x02, 0x2a, value & 3];
    let other = [0x06, 0x02, 0x2a, value >> 2 & 3];
    let wrapped = |inside: &[u8]| mailseal::asn1::tlv::sequence(&[inside]);
    let ca: &[u8] = b"\x30\x03\x01\x01\xff";
    let limited_ca = [b"\x30\x06\x01\x01\xff\x02\x01", &[value & 3][..]].concat();
    let all = [
        (0x80, extension(19, true, ca)),
        (0x40, extension(32, false, &wrapped(&wrapped(&policy)))),
        (
            0x20,
            extension(33, false, &wrapped(&wrapped(&[policy, other].concat()))),
        ),
        (0x10, extension(36, true, &[0x30, 3, 0x80, 1, value & 3])),
        (0x08, extension(54, true, &[0x02, 1, value & 3])),
        (0x04, extension(15, true, &[0x03, 2, 0, value])),
        (
            0x02,
            extension(
                30,
                true,
                &[b"\x30\x08\xa0\x06\x30\x04\x82\x02a", &[value][..]].concat(),
            ),
        ),
        (0x01, extension(17, false, b"\x30\x04\x82\x02ab")),
    ];
    let chosen = all.into_iter().filter(|(bit, _)| limits & bit != 0);
    let chosen: Vec<Vec<u8>> = chosen.map(|(_, extension)| extension).collect();
    match limits & 0x90 {
        // A length in place of none.
        0x90 => [chosen[1..].concat(), extension(19, true, &limited_ca)].concat(),
        _ => chosen.concat(),
    }
}
