use std::path::Path;

use const_oid::db::rfc5280::{ID_CE_CERTIFICATE_ISSUER, ID_CE_INVALIDITY_DATE};
use const_oid::db::rfc6960::{ID_PKIX_OCSP_ARCHIVE_CUTOFF, ID_PKIX_OCSP_BASIC, ID_PKIX_OCSP_NONCE};
use der::Decode as _;
use spki::AlgorithmIdentifierRef;

use super::testing::*;
use super::*;
use crate::asn1::oid::ObjectIdentifier;
use crate::asn1::tag;
use crate::asn1::tlv::{element, sequence};
use crate::crypto::{DigestAlgorithm, SignatureAlgorithm};
use crate::x509::Certificate;
use crate::x509::testing::{
    TestCertificate, critical_extension, extension, generalized_time, name, utc_time,
};

fn key() -> p256::SecretKey {
    p256::SecretKey::from_slice(&[7; 32]).unwrap()
}

/// Bob's certificate and its issuer's.
fn bob() -> [Certificate; 2] {
    let issuer = p256::SecretKey::from_slice(&[8; 32]).unwrap();
    let mut ca = TestCertificate::of("ca@example.com", &issuer);
    ca.subject = name("Test CA");
    let bob = TestCertificate::of("bob@example.com", &key());
    [bob, ca].map(|certificate| Certificate::from_der(&certificate.der()).unwrap())
}

fn changed(change: impl FnOnce(&mut TestOcsp)) -> Result<OcspResponse, Error> {
    let [bob, ca] = bob();
    let mut response = TestOcsp::of(&bob, &ca);
    change(&mut response);
    OcspResponse::from_der(&response.der(&key()))
}

fn with_status(status: Vec<u8>) -> Result<CertStatus, Error> {
    changed(|r| r.responses[0].status = status).map(|response| response.responses()[0].status)
}

fn testdata(file: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata")
        .join(file);
    std::fs::read(path).unwrap()
}

/// The first certificate of a file.
fn certificate(file: &str) -> Certificate {
    let blocks = pem::parse_many(testdata(file)).unwrap();
    Certificate::from_der(blocks[0].contents()).unwrap()
}

fn openssl_answer(file: &str) -> OcspResponse {
    OcspResponse::from_der(&testdata(&format!("ocsp/{file}.resp"))).unwrap()
}

#[test]
fn a_request_is_what_openssl_writes() {
    let (alice, issuer) = (
        certificate("keys/alice@example.com.crt"),
        certificate("pki/intermediate.crt"),
    );
    let cert_id = CertId::of(&alice, &issuer, DigestAlgorithm::Sha1);
    assert_eq!(request(&cert_id, None), testdata("ocsp/good.req"));
    // The answer has the nonce of the request.
    let answer = openssl_answer("good-nonce");
    let nonce = answer.nonce().unwrap();
    assert_eq!(nonce.len(), 16);
    assert_eq!(
        request(&cert_id, Some(nonce)),
        testdata("ocsp/good-nonce.req")
    );
}

#[test]
fn what_openssl_answers_is_read() {
    let issuer = certificate("pki/intermediate.crt");
    let responder = certificate("ocsp/responder.crt");
    let revoked = CertStatus::Revoked {
        date: "2025-06-01T00:00:00Z".parse().unwrap(),
        reason: Some(1),
    };
    for (file, name, status, nonce) in [
        ("good", "alice", CertStatus::Good, None),
        ("good-nonce", "alice", CertStatus::Good, Some(16)),
        ("revoked", "bob", revoked, None),
        ("unknown", "carol", CertStatus::Unknown, None),
    ] {
        let response = openssl_answer(file);
        let [single] = response.responses() else {
            panic!("{file}: {response:?}");
        };
        assert_eq!(single.status, status);
        let certificate = certificate(&format!("keys/{name}@example.com.crt"));
        assert!(single.cert_id.is_for(&certificate, &issuer), "{file}");
        assert!(!single.cert_id.is_for(&certificate, &responder), "{file}");
        assert!(!single.cert_id.is_for(&responder, &issuer), "{file}");
        assert_eq!(response.produced_at(), single.this_update);
        let next_update = single.next_update.unwrap().to_string();
        assert!(next_update.starts_with("2199-"), "{next_update}");
        assert_eq!(response.nonce().map(<[u8]>::len), nonce, "{file}");
        assert_eq!(response.unknown_critical_extension(), None);
    }
}

#[test]
fn responders_of_openssl_are_named_and_have_signed() {
    let issuer = certificate("pki/intermediate.crt");
    let responder = certificate("ocsp/responder.crt");
    for (file, named, other, is_by_name) in [
        ("good", &issuer, &responder, false),
        ("good-nonce", &responder, &issuer, true),
        ("revoked", &responder, &issuer, false),
    ] {
        let response = openssl_answer(file);
        let id = response.responder_id();
        assert!(id.names(named) && !id.names(other), "{file}: {id}");
        assert_eq!(matches!(id, ResponderId::ByName { .. }), is_by_name);
        let algorithm = AlgorithmIdentifierRef::from_der(response.signature_algorithm_der());
        let algorithm = SignatureAlgorithm::from_algorithm_identifier(algorithm.unwrap(), None);
        let (content, signature) = (response.tbs_der(), response.signature());
        let key = named.public_key().unwrap();
        key.verify(algorithm.unwrap(), content, signature).unwrap();
        let inside: Vec<&Certificate> = response.certificates().iter().collect();
        // good.resp was made without.
        let expected = if file == "good" {
            vec![]
        } else {
            vec![&responder]
        };
        assert_eq!(inside, expected);
    }
}

#[test]
fn a_cert_id_is_for_one_certificate_of_one_issuer() {
    let [bob, ca] = bob();
    for digest in DigestAlgorithm::ALL {
        let cert_id = CertId::of(&bob, &ca, digest);
        let read = CertId::from_der(cert_id.der()).unwrap();
        assert_eq!(read.der(), cert_id.der());
        for cert_id in [cert_id, read] {
            assert!(cert_id.is_for(&bob, &ca), "{digest:?}");
            assert!(!cert_id.is_for(&ca, &bob) && !cert_id.is_for(&bob, &bob));
        }
    }
    let of = |change: fn(&mut TestCertificate)| {
        let mut other = TestCertificate::of("bob@example.com", &key());
        change(&mut other);
        let other = Certificate::from_der(&other.der()).unwrap();
        CertId::of(&other, &ca, DigestAlgorithm::Sha1).is_for(&bob, &ca)
    };
    assert!(of(|c| c.subject = name("Robert")));
    assert!(!of(|c| c.serial_number = vec![2]) && !of(|c| c.issuer = name("Test Ca")));
}

#[test]
fn a_cert_id_with_other_hashes_or_another_algorithm_is_for_nothing() {
    let [bob, ca] = bob();
    let hash = |octets| DigestAlgorithm::Sha1.digest(octets);
    let identifier = |id: ObjectIdentifier, parameters: &[u8]| {
        sequence(&[&element(tag::OBJECT_IDENTIFIER, id.as_bytes()), parameters])
    };
    let is_for = |algorithm: &[u8], key_hash: &[u8]| {
        let cert_id = sequence(&[
            algorithm,
            &element(tag::OCTET_STRING, &hash(bob.issuer_der())),
            &element(tag::OCTET_STRING, key_hash),
            bob.serial_der(),
        ]);
        CertId::from_der(&cert_id).unwrap().is_for(&bob, &ca)
    };
    let key_hash = hash(ca.subject_public_key());
    for parameters in [&b""[..], b"\x05\x00"] {
        assert!(is_for(
            &identifier(DigestAlgorithm::Sha1.oid(), parameters),
            &key_hash
        ));
    }
    let sha1 = identifier(DigestAlgorithm::Sha1.oid(), b"");
    assert!(!is_for(&sha1, &hash(ca.spki_der())) && !is_for(&sha1, b""));
    assert!(!is_for(
        &identifier(DigestAlgorithm::Sha256.oid(), b""),
        &key_hash
    ));
    let md5 = ObjectIdentifier::new_unwrap("1.2.840.113549.2.5");
    assert!(!is_for(&identifier(md5, b""), &hash(b"")) && !is_for(b"\x30\x00", &key_hash));
}

#[test]
fn a_status_is_good_revoked_or_unknown() {
    assert_eq!(with_status(good()), Ok(CertStatus::Good));
    assert_eq!(with_status(unknown()), Ok(CertStatus::Unknown));
    for reason in [None, Some(0), Some(6)] {
        let date = "2026-05-15T00:00:00Z".parse().unwrap();
        let expected = CertStatus::Revoked { date, reason };
        assert_eq!(with_status(revoked(reason)), Ok(expected));
    }
    let date = generalized_time("20260515000000Z");
    for wrong in [
        b"\x80\x01\x00".to_vec(),
        b"\x82\x01\x00".to_vec(),
        b"\x83\x00".to_vec(),
        b"\xa0\x00".to_vec(),
        b"\xa1\x00".to_vec(),
        element(0xa1, &utc_time("260515000000Z")),
        element(0xa1, &[&date[..], b"\xa0\x03\x02\x01\x01"].concat()),
        element(0xa1, &[&date[..], b"\xa0\x00"].concat()),
        element(0xa1, &[&revoked(Some(1))[2..], b"\x05\x00"].concat()),
    ] {
        assert!(with_status(wrong.clone()).is_err(), "{wrong:x?}");
    }
}

#[test]
fn times_are_generalized_times_and_the_next_one_may_be_missing() {
    let response = changed(|_| {}).unwrap();
    let single = &response.responses()[0];
    assert_eq!(single.this_update.to_string(), "2026-06-30T00:00:00Z");
    assert_eq!(
        single.next_update.unwrap().to_string(),
        "2026-07-30T00:00:00Z"
    );
    let without = changed(|r| r.responses[0].next_update = None).unwrap();
    assert_eq!(without.responses()[0].next_update, None);
    for wrong in [
        utc_time("260630000000Z"),
        generalized_time("20260630000000.5Z"),
        generalized_time("20260631000000Z"),
        generalized_time("202606300000Z"),
    ] {
        assert!(changed(|r| r.produced_at = wrong.clone()).is_err());
        assert!(changed(|r| r.responses[0].this_update = wrong.clone()).is_err());
        assert!(changed(|r| r.responses[0].next_update = Some(wrong)).is_err());
    }
}

#[test]
fn a_responder_is_named_by_its_key_or_its_name_as_names_are_compared() {
    let [bob, ca] = bob();
    let id = |der: Vec<u8>| changed(|r| r.responder_id = der).map(|r| r.responder_id().clone());
    for by_ca in [by_key(&ca), by_name(&ca), element(0xa1, &name("TEST  ca"))] {
        let by_ca = id(by_ca).unwrap();
        assert!(by_ca.names(&ca) && !by_ca.names(&bob));
    }
    assert_eq!(id(by_name(&ca)).unwrap().to_string(), "CN=Test CA");
    let turned = id(element(0xa1, &name("a\u{202e}b"))).unwrap();
    assert_eq!(turned.to_string(), "CN=a\\E2\\80\\AEb");
    assert_eq!(
        id(b"\xa2\x04\x04\x02\xab\x01".to_vec())
            .unwrap()
            .to_string(),
        "key ab01"
    );
    for wrong in [
        &b"\xa2\x02\x05\x00"[..],
        b"\x82\x01\x00",
        b"\xa1\x00",
        b"\xa3\x00",
        b"",
    ] {
        assert!(id(wrong.to_vec()).is_err(), "{wrong:x?}");
    }
}

#[test]
fn a_nonce_is_the_octet_string_in_the_extension_or_the_extension() {
    let of = |value: &[u8]| {
        let response = changed(|r| r.extensions = vec![extension(ID_PKIX_OCSP_NONCE, value)]);
        response.unwrap().nonce().map(<[u8]>::to_vec)
    };
    assert_eq!(
        changed(|r| r.extensions = vec![nonce(b"n")])
            .unwrap()
            .nonce(),
        Some(&b"n"[..])
    );
    assert_eq!(of(b"\x04\x02no").unwrap(), b"no");
    assert_eq!(of(b"\x04\x02nonce").unwrap(), b"\x04\x02nonce");
    assert_eq!(changed(|_| {}).unwrap().nonce(), None);
    assert!(changed(|r| r.extensions = vec![nonce(b"n"), nonce(b"n")]).is_err());
}

#[test]
fn unknown_critical_extensions_are_told_wherever_they_stand() {
    let unknown = ObjectIdentifier::new_unwrap("1.2.3.4");
    let told = |extension: Vec<u8>, is_single: bool| {
        let response = changed(|r| match is_single {
            true => r.responses[0].extensions = vec![extension],
            false => r.extensions = vec![extension],
        });
        response
            .unwrap()
            .unknown_critical_extension()
            .map(str::to_owned)
    };
    for is_single in [false, true] {
        let critical = told(critical_extension(unknown, b""), is_single);
        assert_eq!(critical.as_deref(), Some("1.2.3.4"));
        assert_eq!(told(extension(unknown, b""), is_single), None);
    }
    // What is known in the one place is not in the other.
    for (id, in_whole, in_single) in [
        (ID_PKIX_OCSP_NONCE, true, false),
        (ID_PKIX_OCSP_ARCHIVE_CUTOFF, false, true),
        (ID_CE_INVALIDITY_DATE, false, true),
        (ID_CE_CERTIFICATE_ISSUER, false, false),
    ] {
        assert_eq!(told(critical_extension(id, b""), false).is_none(), in_whole);
        assert_eq!(told(critical_extension(id, b""), true).is_none(), in_single);
    }
    let [bob, ca] = bob();
    let second = changed(|r| {
        r.responses.push(TestSingle::of(&bob, &ca));
        r.responses[1].extensions = vec![critical_extension(unknown, b"")];
    });
    assert!(second.unwrap().unknown_critical_extension().is_some());
}

#[test]
fn what_is_no_answer_says_why() {
    use ResponseStatus::*;
    for (number, status, is_temporary) in [
        (1, MalformedRequest, false),
        (2, InternalError, true),
        (3, TryLater, true),
        (5, SigRequired, false),
        (6, Unauthorized, false),
    ] {
        let error = OcspResponse::from_der(&unsuccessful(number)).unwrap_err();
        assert_eq!(error, Error::Unsuccessful(status));
        assert_eq!(error.is_temporary(), is_temporary);
    }
    assert_eq!(
        Error::Unsuccessful(TryLater).to_string(),
        "the OCSP responder answers tryLater: it cannot answer at the moment"
    );
    for number in [0, 4, 7] {
        let error = OcspResponse::from_der(&unsuccessful(number)).unwrap_err();
        assert!(matches!(error, Error::Unreadable(_)) && !error.is_temporary());
    }
}

#[test]
fn another_type_of_answer_is_not_read() {
    let [bob, ca] = bob();
    let basic = TestOcsp::of(&bob, &ca).basic_der(&key());
    assert!(OcspResponse::from_der(&successful(&ID_PKIX_OCSP_BASIC, &basic)).is_ok());
    let error = OcspResponse::from_der(&successful(&ID_PKIX_OCSP_NONCE, &basic)).unwrap_err();
    assert_eq!(
        error,
        Error::ResponseType("1.3.6.1.5.5.7.48.1.2".to_owned())
    );
}

#[test]
fn versions_other_than_the_first_are_refused() {
    // The version stands before the responderID.
    let with =
        |version: &[u8]| changed(|r| r.responder_id = [version, &r.responder_id[..]].concat());
    assert!(with(b"").is_ok() && with(b"\xa0\x03\x02\x01\x00").is_ok());
    for wrong in [&b"\xa0\x03\x02\x01\x01"[..], b"\xa0\x00", b"\x02\x01\x00"] {
        assert!(with(wrong).is_err(), "{wrong:x?}");
    }
}

#[test]
fn there_are_bounds_to_responses_and_certificates() {
    let [bob, ca] = bob();
    let of = |responses: usize, certificates: usize| {
        changed(|r| {
            r.responses = (0..responses).map(|_| TestSingle::of(&bob, &ca)).collect();
            r.certificates = vec![ca.der().to_vec(); certificates];
        })
    };
    let most = of(MAX_RESPONSES, MAX_CERTIFICATES).unwrap();
    assert_eq!(
        (most.responses().len(), most.certificates().len()),
        (64, 16)
    );
    let error = |result: Result<OcspResponse, Error>| result.unwrap_err().to_string();
    let text = "the OCSP response has more than 64 responses";
    assert_eq!(error(of(MAX_RESPONSES + 1, 0)), text);
    let text = "the OCSP response has more than 16 certificates";
    assert_eq!(error(of(1, MAX_CERTIFICATES + 1)), text);
    assert!(of(0, 0).unwrap().responses().is_empty());
}

#[test]
fn a_certificate_that_is_none_is_left_out() {
    let [bob, ca] = bob();
    let certificates = vec![b"\x30\x00".to_vec(), ca.der().to_vec(), bob.der().to_vec()];
    let response = changed(|r| r.certificates = certificates).unwrap();
    assert_eq!(response.certificates(), [ca, bob]);
    assert!(changed(|r| r.certificates = vec![b"\x30\x01".to_vec()]).is_err());
}

#[test]
fn an_answer_in_a_cms_message_is_read() {
    let [bob, ca] = bob();
    let response = TestOcsp::of(&bob, &ca);
    let other = |format: &str, info: &[u8]| {
        let format = ObjectIdentifier::new_unwrap(format);
        let format = element(tag::OBJECT_IDENTIFIER, format.as_bytes());
        element(0xa1, &[&format, info].concat())
    };
    let read = OcspResponse::from_other_revocation_info;
    const RI_OCSP_RESPONSE: &str = "1.3.6.1.5.5.7.16.2";
    let (whole, basic) = (response.der(&key()), response.basic_der(&key()));
    let choice = other(RI_OCSP_RESPONSE, &whole);
    assert_eq!(read(&choice).unwrap().unwrap().responses().len(), 1);
    let bare = other("1.3.6.1.5.5.7.48.1.1", &basic);
    assert_eq!(read(&bare).unwrap().unwrap().responses().len(), 1);
    // Each under the other's name, cut short, and with more than there should be.
    for wrong in [
        other(RI_OCSP_RESPONSE, &basic),
        other("1.3.6.1.5.5.7.48.1.1", &whole),
        other(RI_OCSP_RESPONSE, b""),
        other(RI_OCSP_RESPONSE, &[&whole[..], b"\x05\x00"].concat()),
        [&choice[..], b"\x05\x00"].concat(),
    ] {
        assert!(read(&wrong).unwrap().is_err(), "{wrong:x?}");
    }
    // id-ri-scvp, a CRL, nothing.
    for none in [
        &other("1.3.6.1.5.5.7.16.4", &whole)[..],
        &whole,
        b"\xa1\x00",
        b"",
    ] {
        assert!(read(none).is_none(), "{none:x?}");
    }
    let later = read(&other(RI_OCSP_RESPONSE, &unsuccessful(3)));
    assert!(later.unwrap().unwrap_err().is_temporary());
}

#[test]
fn what_cannot_be_read_is_an_error_and_no_panic() {
    let [bob, ca] = bob();
    let mut response = TestOcsp::of(&bob, &ca);
    response.extensions = vec![nonce(b"nonce")];
    response.responses[0].extensions = vec![extension(ID_CE_INVALIDITY_DATE, b"")];
    response.certificates = vec![ca.der().to_vec()];
    assert_eq!(response.signed_by(&key()).nonce(), Some(&b"nonce"[..]));
    let der = response.der(&key());
    for end in 0..der.len() {
        assert!(OcspResponse::from_der(&der[..end]).is_err());
    }
    assert!(OcspResponse::from_der(&[&der[..], b"\0"].concat()).is_err());
    for position in 0..der.len() {
        for octet in [0, 0x30, 0x7f, 0xff] {
            let mut changed = der.clone();
            changed[position] = octet;
            if let Ok(response) = OcspResponse::from_der(&changed) {
                let _ = (response.nonce(), response.responder_id().to_string());
            }
        }
    }
}
