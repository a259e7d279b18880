//! OCSP responses for tests, put together by hand and signed with ECDSA.

use const_oid::db::rfc6960::{ID_PKIX_OCSP_BASIC, ID_PKIX_OCSP_NONCE};
use p256::ecdsa::signature::Signer;

use crate::asn1::tag;
use crate::asn1::tlv::{element, sequence};
use crate::crypto::DigestAlgorithm;
use crate::x509::Certificate;
use crate::x509::ocsp::{CertId, OcspResponse};
use crate::x509::testing::{extension, generalized_time};

/// The parts of a BasicOCSPResponse, each to be changed by a test.
pub(crate) struct TestOcsp {
    pub(crate) responder_id: Vec<u8>,
    pub(crate) produced_at: Vec<u8>,
    pub(crate) responses: Vec<TestSingle>,
    pub(crate) extensions: Vec<Vec<u8>>,
    pub(crate) certificates: Vec<Vec<u8>>,
}

/// The parts of a SingleResponse.
pub(crate) struct TestSingle {
    /// A whole CertID.
    pub(crate) cert_id: Vec<u8>,
    /// A whole CertStatus.
    pub(crate) status: Vec<u8>,
    pub(crate) this_update: Vec<u8>,
    pub(crate) next_update: Option<Vec<u8>>,
    pub(crate) extensions: Vec<Vec<u8>>,
}

impl TestOcsp {
    /// Of the middle of 2026, by the issuer itself, which it names by key: the certificate is good.
    pub(crate) fn of(certificate: &Certificate, issuer: &Certificate) -> TestOcsp {
        TestOcsp {
            responder_id: by_key(issuer),
            produced_at: generalized_time("20260630000000Z"),
            responses: vec![TestSingle::of(certificate, issuer)],
            extensions: Vec::new(),
            certificates: Vec::new(),
        }
    }

    pub(crate) fn signed_by(&self, key: &p256::SecretKey) -> OcspResponse {
        OcspResponse::from_der(&self.der(key)).unwrap()
    }

    /// The whole OCSPResponse.
    pub(crate) fn der(&self, key: &p256::SecretKey) -> Vec<u8> {
        successful(&ID_PKIX_OCSP_BASIC, &self.basic_der(key))
    }

    /// The BasicOCSPResponse alone.
    pub(crate) fn basic_der(&self, key: &p256::SecretKey) -> Vec<u8> {
        let algorithm = sequence(&[b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"]);
        let tbs = self.tbs_der();
        let signature: p256::ecdsa::Signature = p256::ecdsa::SigningKey::from(key).sign(&tbs);
        let bits = [&[0], signature.to_der().as_bytes()].concat();
        let signature = element(tag::BIT_STRING, &bits);
        sequence(&[
            &tbs,
            &algorithm,
            &signature,
            &explicit(0, &self.certificates),
        ])
    }

    fn tbs_der(&self) -> Vec<u8> {
        let responses: Vec<Vec<u8>> = self.responses.iter().map(TestSingle::der).collect();
        sequence(&[
            &self.responder_id,
            &self.produced_at,
            &element(tag::SEQUENCE, &responses.concat()),
            &explicit(1, &self.extensions),
        ])
    }
}

impl TestSingle {
    /// The certificate is good, from the end of June to the end of July 2026.
    pub(crate) fn of(certificate: &Certificate, issuer: &Certificate) -> TestSingle {
        let cert_id = CertId::of(certificate, issuer, DigestAlgorithm::Sha1);
        TestSingle {
            cert_id: cert_id.der().to_vec(),
            status: good(),
            this_update: generalized_time("20260630000000Z"),
            next_update: Some(generalized_time("20260730000000Z")),
            extensions: Vec::new(),
        }
    }

    fn der(&self) -> Vec<u8> {
        let next_update = self.next_update.as_ref().map(|time| element(0xa0, time));
        sequence(&[
            &self.cert_id,
            &self.status,
            &self.this_update,
            &next_update.unwrap_or_default(),
            &explicit(1, &self.extensions),
        ])
    }
}

/// `[number] EXPLICIT SEQUENCE OF`; nothing where there are no elements.
fn explicit(number: u8, elements: &[Vec<u8>]) -> Vec<u8> {
    match elements {
        [] => Vec::new(),
        elements => element(
            tag::context_constructed(number),
            &element(tag::SEQUENCE, &elements.concat()),
        ),
    }
}

/// An OCSPResponse of any type.
pub(crate) fn successful(response_type: &const_oid::ObjectIdentifier, response: &[u8]) -> Vec<u8> {
    let bytes = sequence(&[
        &element(tag::OBJECT_IDENTIFIER, response_type.as_bytes()),
        &element(tag::OCTET_STRING, response),
    ]);
    sequence(&[b"\x0a\x01\x00", &element(0xa0, &bytes)])
}

/// An OCSPResponse that is none.
pub(crate) fn unsuccessful(status: u8) -> Vec<u8> {
    sequence(&[&element(tag::ENUMERATED, &[status])])
}

/// responderID: the subject of this certificate.
pub(crate) fn by_name(responder: &Certificate) -> Vec<u8> {
    element(0xa1, responder.subject_der())
}

/// responderID: the key of this certificate.
pub(crate) fn by_key(responder: &Certificate) -> Vec<u8> {
    let hash = DigestAlgorithm::Sha1.digest(responder.subject_public_key());
    element(0xa2, &element(tag::OCTET_STRING, &hash))
}

pub(crate) fn good() -> Vec<u8> {
    b"\x80\x00".to_vec()
}

/// Revoked in the middle of May 2026.
pub(crate) fn revoked(reason: Option<u8>) -> Vec<u8> {
    let reason = reason.map(|reason| element(0xa0, &[tag::ENUMERATED, 1, reason]));
    let date = generalized_time("20260515000000Z");
    element(0xa1, &[date, reason.unwrap_or_default()].concat())
}

pub(crate) fn unknown() -> Vec<u8> {
    b"\x82\x00".to_vec()
}

pub(crate) fn nonce(octets: &[u8]) -> Vec<u8> {
    extension(ID_PKIX_OCSP_NONCE, &element(tag::OCTET_STRING, octets))
}
