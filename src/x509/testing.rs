//! Certificates for tests, put together by hand: any serial number, date, name and extension, and
//! a signature that nobody made, unless a test asks for one.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE, ID_CE_SUBJECT_ALT_NAME, ID_KP_EMAIL_PROTECTION,
};
use p256::ecdsa::signature::Signer;
use p256::pkcs8::EncodePublicKey;

use crate::asn1::tag;
use crate::asn1::tlv::{element, sequence};

/// The parts of a certificate, each to be changed by a test.
pub(crate) struct TestCertificate {
    pub(crate) version: Option<u8>,
    pub(crate) serial_number: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    pub(crate) not_before: Vec<u8>,
    pub(crate) not_after: Vec<u8>,
    pub(crate) subject_public_key_info: Vec<u8>,
    pub(crate) extensions: Vec<Vec<u8>>,
    /// Inside the signed part and outside; a signature is always made with ECDSA and SHA-256.
    pub(crate) signature_algorithms: [Vec<u8>; 2],
}

impl TestCertificate {
    /// For this address, on P-256, valid in 2026, for mail and every use of the key.
    pub(crate) fn of(address: &str, key: &p256::SecretKey) -> TestCertificate {
        let spki = key.public_key().to_public_key_der().unwrap().into_vec();
        TestCertificate {
            version: Some(2),
            serial_number: vec![0x01],
            issuer: name("Test CA"),
            subject: name("Test"),
            not_before: utc_time("260101000000Z"),
            not_after: utc_time("261231235959Z"),
            subject_public_key_info: spki,
            extensions: vec![
                subject_alt_name(&[rfc822_name(address)]),
                key_usage(0b1000_1000),
                extended_key_usage(&[ID_KP_EMAIL_PROTECTION]),
            ],
            signature_algorithms: [ecdsa_with_sha256(), ecdsa_with_sha256()],
        }
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        self.with_signature(b"no signature")
    }

    /// The certificate with a signature, ECDSA over SHA-256, by this key.
    pub(crate) fn signed_by(&self, key: &p256::SecretKey) -> Vec<u8> {
        let key = p256::ecdsa::SigningKey::from(key);
        let signature: p256::ecdsa::Signature = key.sign(&self.tbs_certificate());
        self.with_signature(signature.to_der().as_bytes())
    }

    fn with_signature(&self, signature: &[u8]) -> Vec<u8> {
        let bit_string = [&[0], signature].concat();
        sequence(&[
            &self.tbs_certificate(),
            &self.signature_algorithms[1],
            &element(tag::BIT_STRING, &bit_string),
        ])
    }

    fn tbs_certificate(&self) -> Vec<u8> {
        let version = self
            .version
            .map(|version| element(0xa0, &element(tag::INTEGER, &[version])));
        let extensions = match self.extensions.as_slice() {
            [] => Vec::new(),
            extensions => element(0xa3, &element(tag::SEQUENCE, &extensions.concat())),
        };
        sequence(&[
            &version.unwrap_or_default(),
            &element(tag::INTEGER, &self.serial_number),
            &self.signature_algorithms[0],
            &self.issuer,
            &sequence(&[&self.not_before, &self.not_after]),
            &self.subject,
            &self.subject_public_key_info,
            &extensions,
        ])
    }

    pub(crate) fn pem(&self) -> String {
        let pem = pem::Pem::new("CERTIFICATE", self.der());
        pem::encode(&pem)
    }
}

fn ecdsa_with_sha256() -> Vec<u8> {
    sequence(&[&identifier("1.2.840.10045.4.3.2".parse().unwrap())])
}

fn identifier(oid: ObjectIdentifier) -> Vec<u8> {
    element(tag::OBJECT_IDENTIFIER, oid.as_bytes())
}

pub(crate) fn utc_time(text: &str) -> Vec<u8> {
    element(tag::UTC_TIME, text.as_bytes())
}

pub(crate) fn generalized_time(text: &str) -> Vec<u8> {
    element(tag::GENERALIZED_TIME, text.as_bytes())
}

/// A name of one common name.
pub(crate) fn name(common_name: &str) -> Vec<u8> {
    attribute("2.5.4.3", tag::UTF8_STRING, common_name)
}

/// A name of one emailAddress.
pub(crate) fn email_name(address: &str) -> Vec<u8> {
    attribute("1.2.840.113549.1.9.1", tag::IA5_STRING, address)
}

fn attribute(attribute_type: &str, string_type: u8, text: &str) -> Vec<u8> {
    let value = element(string_type, text.as_bytes());
    let attribute = sequence(&[&identifier(attribute_type.parse().unwrap()), &value]);
    sequence(&[&element(tag::SET, &attribute)])
}

pub(crate) fn rfc822_name(address: &str) -> Vec<u8> {
    element(tag::context_primitive(1), address.as_bytes())
}

pub(crate) fn extension(oid: ObjectIdentifier, value: &[u8]) -> Vec<u8> {
    sequence(&[&identifier(oid), &element(tag::OCTET_STRING, value)])
}

pub(crate) fn critical_extension(oid: ObjectIdentifier, value: &[u8]) -> Vec<u8> {
    let critical = element(tag::BOOLEAN, &[0xff]);
    let value = element(tag::OCTET_STRING, value);
    sequence(&[&identifier(oid), &critical, &value])
}

pub(crate) fn subject_alt_name(names: &[Vec<u8>]) -> Vec<u8> {
    extension(
        ID_CE_SUBJECT_ALT_NAME,
        &element(tag::SEQUENCE, &names.concat()),
    )
}

/// The first eight named bits, digitalSignature the highest.
pub(crate) fn key_usage(bits: u8) -> Vec<u8> {
    extension(ID_CE_KEY_USAGE, &element(tag::BIT_STRING, &[0, bits]))
}

pub(crate) fn extended_key_usage(purposes: &[ObjectIdentifier]) -> Vec<u8> {
    let purposes: Vec<Vec<u8>> = purposes.iter().map(|id| identifier(*id)).collect();
    extension(
        ID_CE_EXT_KEY_USAGE,
        &element(tag::SEQUENCE, &purposes.concat()),
    )
}
