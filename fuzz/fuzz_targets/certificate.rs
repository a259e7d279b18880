#![no_main]

use libfuzzer_sys::fuzz_target;
use mailseal::asn1::oid::ObjectIdentifier;
use mailseal::path::{Purpose, TrustAnchors, Validation, smime_br, validate};
use mailseal::printable::is_deceptive;
use mailseal::x509::Certificate;
use mailseal::x509::name::Name;
use mailseal::x509::policies::PolicyQualifier;

fuzz_target!(|der: &[u8]| {
    let Ok(certificate) = Certificate::from_der(der) else {
        return;
    };
    assert_eq!(certificate.der(), der);
    assert!(der.starts_with(&[0x30]) && certificate.tbs_certificate_der().starts_with(&[0x30]));
    assert!(certificate.spki_der().starts_with(&[0x30]));
    for (text, name) in [
        (certificate.subject(), certificate.subject_der()),
        (certificate.issuer(), certificate.issuer_der()),
    ] {
        assert!(!text.chars().any(is_deceptive));
        let name = Name::from_der(name).unwrap();
        assert_eq!(name.to_string(), text);
        assert!(name.comparable().is_within(&name.comparable()));
    }
    for address in certificate.emails() {
        assert_eq!(address.to_string().parse().as_ref(), Ok(address));
    }
    assert!(
        !certificate
            .unusable_emails()
            .iter()
            .any(|it| it.chars().any(char::is_control))
    );
    assert!(
        certificate
            .serial_hex()
            .bytes()
            .all(|digit| digit.is_ascii_hexdigit())
    );
    if let Ok(key) = certificate.public_key() {
        assert!(key.bits() <= 8192 && key.to_spki_der().is_ok());
    }
    let _ = (
        certificate.not_before(),
        certificate.not_after(),
        certificate.version(),
    );
    let _ = (
        certificate.signature(),
        certificate.signature_algorithm_der(),
        certificate.serial_der(),
    );
    let _ = (
        certificate.subject_key_identifier(),
        certificate.authority_key_identifier(),
    );
    let _ = (certificate.key_usage(), certificate.extended_key_usage());
    let _ = (
        certificate.may_sign(),
        certificate.may_receive(),
        certificate.permits_email(),
    );
    let _ = (certificate.is_self_issued(), certificate.is_self_signed());
    let _ = certificate.extension(ObjectIdentifier::new_unwrap("2.5.29.15"));
    for description in certificate
        .authority_information_access()
        .unwrap_or_default()
    {
        let location = description.location.to_string();
        assert!(!location.chars().any(is_deceptive));
    }
    for name in certificate.subject_alt_names().unwrap_or_default() {
        assert!(!name.to_string().chars().any(is_deceptive));
    }
    let _ = (
        certificate.signature_algorithm(),
        certificate.sha1_fingerprint(),
    );
    let _ = (certificate.sha256_fingerprint(), format!("{certificate:?}"));
    let policies = certificate.extension(ObjectIdentifier::new_unwrap("2.5.29.32"));
    let _ = policies.map(|(value, _)| PolicyQualifier::all_from_der(value));
    departures(&certificate);
});

/// Trusted by itself, so that whatever it is can be held to the requirements.
fn departures(certificate: &Certificate) {
    let anchors = TrustAnchors::from_certificates([certificate.clone()]);
    let validation = Validation {
        purpose: Purpose::Any,
        allow_legacy: true,
        anchor_constraints: false,
        partial_chain: true,
        ..Validation::new(&anchors, certificate.not_before())
    };
    let Ok(validated) = validate(certificate, &[], &validation) else {
        return;
    };
    for departure in smime_br::departures(&validated) {
        let detail = departure.detail;
        assert!(!detail.chars().any(is_deceptive), "{detail}");
    }
}
