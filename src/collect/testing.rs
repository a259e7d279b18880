//! Collected certificates for tests, by the one way there is: a mail is signed, its domain vouches for
//! it, and it is judged.

use std::fs;

use ed25519_dalek::Signer as _;
use p256::pkcs8::{EncodePrivateKey, LineEnding};
use sha2::{Digest as _, Sha256};

use crate::address::Address;
use crate::asn1::tlv::{element, sequence};
use crate::cms::signed_data::Signing;
use crate::collect::{CollectedCertificate, Collecting, DigestedMail, collect};
use crate::crypto::{DigestAlgorithm, SignatureAlgorithm};
use crate::dkim::{Alignment, StaticRecords};
use crate::keys::directory::Options;
use crate::keys::{KeyDirectory, Signer};
use crate::mime::{CanonicalEntity, Message, RawMessage};
use crate::path::{TrustAnchors, Validation};
use crate::smime::sign::{Form, SignedEntity};
use crate::x509::Certificate;
use crate::x509::testing::{
    TestCertificate, critical_extension, key_usage, name, rfc822_name, subject_alt_name, utc_time,
};

/// A mail, and the certificate that it is signed with.
#[derive(Clone, Copy)]
pub(crate) struct TestMail<'a> {
    /// Who writes it.
    pub(crate) from: &'a str,
    /// Which of their keys they have.
    pub(crate) key: u8,
    /// Who has issued their certificate.
    pub(crate) issuer: &'a str,
    pub(crate) serial: u8,
    /// As UTCTime has it.
    pub(crate) validity: [&'a str; 2],
    pub(crate) signing_time: Option<&'a str>,
    /// When it is judged.
    pub(crate) at: &'a str,
}

impl<'a> TestMail<'a> {
    /// Signed at noon on a day of July 2026, and judged at the end of that month.
    pub(crate) fn from(from: &'a str) -> TestMail<'a> {
        TestMail {
            from,
            key: 7,
            issuer: "Test CA",
            serial: 1,
            validity: ["260101000000Z", "261231235959Z"],
            signing_time: Some("2026-07-01T12:00:00Z"),
            at: "2026-07-31T12:00:00Z",
        }
    }

    /// What it proves.
    pub(crate) fn collected(&self) -> CollectedCertificate {
        let root = Certificate::from_der(&self.root()).unwrap();
        let anchors = TrustAnchors::from_certificates([root]);
        let records = StaticRecords::from_json(record().as_bytes()).unwrap();
        let collecting = Collecting {
            resolver: &records,
            alignment: Alignment::Strict,
            validation: Validation::new(&anchors, self.at.parse().unwrap()),
            intermediates: Vec::new(),
        };
        let mail = RawMessage::from_bytes(self.octets());
        collect(DigestedMail::read(mail).unwrap(), &collecting)
            .unwrap()
            .outcome
            .unwrap()
    }

    /// The mail itself.
    fn octets(&self) -> Vec<u8> {
        let signing = Signing {
            algorithm: SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256),
            signing_time: self.signing_time.map(|time| time.parse().unwrap()),
        };
        let raw = RawMessage::from_bytes(b"Content-Type: text/plain\r\n\r\nhello\r\n".to_vec());
        let entity = Message::parse(raw)
            .unwrap()
            .split()
            .1
            .canonicalize()
            .unwrap();
        let signed = SignedEntity::sign(entity, &self.signer(), Form::Opaque, signing).unwrap();
        let mut octets = Vec::new();
        CanonicalEntity::from(signed).write_to(&mut octets).unwrap();
        let from = format!("From: {}\r\n", self.from);
        let dkim = dkim_signature(&from, &octets);
        [
            dkim.as_bytes(),
            from.as_bytes(),
            b"MIME-Version: 1.0\r\n",
            &octets,
        ]
        .concat()
    }

    fn signer(&self) -> Signer {
        let directory = tempfile::tempdir().unwrap();
        // Not every address that can write mail can name a file.
        let file = "signer@example.com";
        let pem = pem::Pem::new("CERTIFICATE", self.certificate(file));
        fs::write(
            directory.path().join(format!("{file}.crt")),
            pem::encode(&pem),
        )
        .unwrap();
        let key = secret_key(self.key).to_pkcs8_pem(LineEnding::LF).unwrap();
        fs::write(directory.path().join(format!("{file}.pem")), &*key).unwrap();
        let options = Options {
            allow_insecure_keys: true,
            ..Options::at(self.at.parse().unwrap())
        };
        let keys = KeyDirectory::new(directory.path(), options);
        keys.signer(&Address::parse(file).unwrap()).unwrap()
    }

    fn certificate(&self, other_address: &str) -> Vec<u8> {
        let mut certificate = TestCertificate::of("", &secret_key(self.key));
        let names = [rfc822_name(self.from), rfc822_name(other_address)];
        certificate.extensions[0] = subject_alt_name(&names);
        certificate.issuer = name(self.issuer);
        certificate.serial_number = vec![self.serial];
        [certificate.not_before, certificate.not_after] = self.validity.map(utc_time);
        certificate.signed_by(&secret_key(1))
    }

    fn root(&self) -> Vec<u8> {
        let mut root = TestCertificate::of("ca@example.com", &secret_key(1));
        let is_ca = sequence(&[&element(0x01, &[0xff])]);
        (root.subject, root.issuer) = (name(self.issuer), name(self.issuer));
        (root.not_before, root.not_after) = (utc_time("200101000000Z"), utc_time("401231235959Z"));
        root.extensions = vec![
            critical_extension(const_oid::db::rfc5280::ID_CE_BASIC_CONSTRAINTS, &is_ca),
            key_usage(0b0000_0110),
        ];
        root.signed_by(&secret_key(1))
    }
}

fn secret_key(seed: u8) -> p256::SecretKey {
    p256::SecretKey::from_slice(&[seed; 32]).unwrap()
}

/// RFC 8463 3, simple in header and body (RFC 6376 3.4.1, 3.4.3).
fn dkim_signature(from: &str, entity: &[u8]) -> String {
    let start = memchr::memmem::find(entity, b"\r\n\r\n").unwrap() + 4;
    let body = base64(&Sha256::digest(&entity[start..]));
    let field = format!(
        "DKIM-Signature: v=1; a=ed25519-sha256; c=simple/simple; d=example.com; s=test;\r\n \
         h=From; bh={body}; b="
    );
    let digest = Sha256::digest(format!("{from}{field}"));
    let signature = dkim_key().sign(&digest).to_bytes();
    format!("{field}{}\r\n", base64(&signature))
}

fn dkim_key() -> ed25519_dalek::SigningKey {
    ed25519_dalek::SigningKey::from_bytes(&[5; 32])
}

fn record() -> String {
    let key = base64(dkim_key().verifying_key().as_bytes());
    format!("{{\"test._domainkey.example.com\": \"v=DKIM1; k=ed25519; p={key}\"}}")
}

fn base64(octets: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(octets)
}
