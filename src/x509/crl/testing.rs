//! CRLs for tests, put together by hand and signed with ECDSA.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_CERTIFICATE_ISSUER, ID_CE_CRL_NUMBER, ID_CE_CRL_REASONS,
    ID_CE_DELTA_CRL_INDICATOR, ID_CE_ISSUING_DISTRIBUTION_POINT,
};
use p256::ecdsa::signature::Signer;

use crate::asn1::tag;
use crate::asn1::tlv::{element, sequence};
use crate::x509::testing::{critical_extension, extension, name, utc_time};

/// The parts of a CRL, each to be changed by a test.
pub(crate) struct TestCrl {
    pub(crate) issuer: Vec<u8>,
    pub(crate) this_update: Vec<u8>,
    pub(crate) next_update: Vec<u8>,
    pub(crate) revoked: Vec<Vec<u8>>,
    pub(crate) extensions: Vec<Vec<u8>>,
}

impl TestCrl {
    /// Complete, number 5, of the middle of 2026, with nobody on it.
    pub(crate) fn of(issuer: &str) -> TestCrl {
        TestCrl {
            issuer: name(issuer),
            this_update: utc_time("260601000000Z"),
            next_update: utc_time("260801000000Z"),
            revoked: Vec::new(),
            extensions: vec![number(5)],
        }
    }

    pub(crate) fn der(&self, key: &p256::SecretKey) -> Vec<u8> {
        let algorithm = sequence(&[b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"]);
        let list = |elements: &[Vec<u8>]| element(tag::SEQUENCE, &elements.concat());
        let (revoked, extensions) = (&self.revoked, &self.extensions);
        let tbs = sequence(&[
            b"\x02\x01\x01",
            &algorithm,
            &self.issuer,
            &self.this_update,
            &self.next_update,
            &if revoked.is_empty() {
                Vec::new()
            } else {
                list(revoked)
            },
            &if extensions.is_empty() {
                Vec::new()
            } else {
                element(0xa0, &list(extensions))
            },
        ]);
        let signature: p256::ecdsa::Signature = p256::ecdsa::SigningKey::from(key).sign(&tbs);
        let bits = [&[0], signature.to_der().as_bytes()].concat();
        sequence(&[&tbs, &algorithm, &element(tag::BIT_STRING, &bits)])
    }
}

/// An entry with this serial number.
pub(crate) fn entry(serial_number: u8, extensions: &[Vec<u8>]) -> Vec<u8> {
    let extensions = match extensions {
        [] => Vec::new(),
        extensions => element(tag::SEQUENCE, &extensions.concat()),
    };
    let serial_number = element(tag::INTEGER, &[serial_number]);
    sequence(&[&serial_number, &utc_time("260515000000Z"), &extensions])
}

pub(crate) fn reason(reason: u8) -> Vec<u8> {
    extension(ID_CE_CRL_REASONS, &[0x0a, 1, reason])
}

pub(crate) fn certificate_issuer(issuer: &str) -> Vec<u8> {
    let names = sequence(&[&element(0xa4, &name(issuer))]);
    critical_extension(ID_CE_CERTIFICATE_ISSUER, &names)
}

pub(crate) fn number(number: u8) -> Vec<u8> {
    extension(ID_CE_CRL_NUMBER, &element(tag::INTEGER, &[number]))
}

pub(crate) fn base(number: u8) -> Vec<u8> {
    critical_extension(ID_CE_DELTA_CRL_INDICATOR, &element(tag::INTEGER, &[number]))
}

/// authorityKeyIdentifier
pub(crate) fn key_identifier(octets: &[u8]) -> Vec<u8> {
    let identifier = element(tag::context_primitive(0), octets);
    extension(ID_CE_AUTHORITY_KEY_IDENTIFIER, &sequence(&[&identifier]))
}

/// issuingDistributionPoint of these parts.
pub(crate) fn scope(parts: &[&[u8]]) -> Vec<u8> {
    critical_extension(ID_CE_ISSUING_DISTRIBUTION_POINT, &sequence(parts))
}

pub(crate) fn unknown() -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap("1.2.3.4")
}
