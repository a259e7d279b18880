#![no_main]

use libfuzzer_sys::fuzz_target;
use mailseal::asn1::tag;
use mailseal::asn1::tlv::element;
use mailseal::printable::is_deceptive;
use mailseal::x509::ocsp::{MAX_CERTIFICATES, MAX_RESPONSES, OcspResponse, request};

const ID_RI_OCSP_RESPONSE: &[u8] = b"\x06\x08\x2b\x06\x01\x05\x05\x07\x10\x02";

fuzz_target!(|bytes: &[u8]| {
    let _ = OcspResponse::from_other_revocation_info(bytes);
    if let Ok(response) = OcspResponse::from_basic_der(bytes) {
        assert_eq!(response.der(), bytes);
        inspect(&response);
    }
    match OcspResponse::from_der(bytes) {
        Ok(response) => {
            let framed = [ID_RI_OCSP_RESPONSE, bytes].concat();
            let framed = element(tag::context_constructed(1), &framed);
            let framed = OcspResponse::from_other_revocation_info(&framed);
            assert_eq!(framed.unwrap().unwrap().der(), response.der());
            inspect(&response);
        }
        Err(error) => assert!(!error.to_string().chars().any(is_deceptive)),
    }
});

fn inspect(response: &OcspResponse) {
    let again = OcspResponse::from_basic_der(response.der()).unwrap();
    assert_eq!(again.nonce(), response.nonce());
    assert!(response.tbs_der().starts_with(&[tag::SEQUENCE]));
    assert!(
        response
            .signature_algorithm_der()
            .starts_with(&[tag::SEQUENCE])
    );
    assert!(response.responses().len() <= MAX_RESPONSES);
    assert!(response.certificates().len() <= MAX_CERTIFICATES);
    let responder = response.responder_id();
    assert!(!responder.to_string().chars().any(is_deceptive));
    let unknown = response.unknown_critical_extension().unwrap_or_default();
    assert!(!unknown.chars().any(is_deceptive));
    let _ = (response.signature(), response.produced_at());
    for single in response.responses() {
        assert!(!request(&single.cert_id, response.nonce()).is_empty());
        let _ = (single.status, single.this_update, single.next_update);
    }
    for certificate in response.certificates() {
        let _ = responder.names(certificate);
        for single in response.responses() {
            let _ = single.cert_id.is_for(certificate, certificate);
        }
    }
}
