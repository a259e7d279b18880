//! Small hierarchies for the tests of this module: every part of every certificate can be changed.

use const_oid::db::rfc5280::{ID_CE_BASIC_CONSTRAINTS, ID_CE_KEY_USAGE};
use jiff::Timestamp;

use crate::asn1::tlv::{element, sequence};
use crate::asn1::{oid::ObjectIdentifier, tag};
use crate::path::{Error, TrustAnchors, ValidatedCertificate, Validation, validate};
use crate::x509::Certificate;
use crate::x509::testing::{TestCertificate, critical_extension, key_usage, name};
use p256::pkcs8::EncodePublicKey;

/// In the middle of the certificates' year.
pub(super) fn now() -> Timestamp {
    "2026-07-01T12:00:00Z".parse().unwrap()
}

pub(super) fn key(seed: u8) -> p256::SecretKey {
    p256::SecretKey::from_slice(&[seed.max(1); 32]).unwrap()
}

/// Who issues: a name and a key.
#[derive(Clone, Copy)]
pub(super) struct Authority {
    pub(super) name: &'static str,
    pub(super) key: u8,
}

pub(super) const ROOT: Authority = Authority {
    name: "Root",
    key: 1,
};
pub(super) const CA: Authority = Authority { name: "CA", key: 2 };
pub(super) const SUB_CA: Authority = Authority {
    name: "Sub CA",
    key: 3,
};

impl Authority {
    /// A CA's certificate for this authority, by that one.
    pub(super) fn issued_by(self, issuer: Authority) -> Certificate {
        self.changed(issuer, |_| {})
    }

    pub(super) fn changed(
        self,
        issuer: Authority,
        change: impl FnOnce(&mut TestCertificate),
    ) -> Certificate {
        let mut certificate = TestCertificate::of("ca@example.com", &key(self.key));
        certificate.subject = name(self.name);
        certificate.extensions = vec![basic_constraints(true, None), key_usage(0b0000_0110)];
        issue(certificate, issuer, change)
    }

    pub(super) fn root(self) -> Certificate {
        self.issued_by(self)
    }
}

/// A leaf for mail, by this authority.
pub(super) fn leaf(issuer: Authority) -> Certificate {
    changed_leaf(issuer, |_| {})
}

pub(super) fn changed_leaf(
    issuer: Authority,
    change: impl FnOnce(&mut TestCertificate),
) -> Certificate {
    let mut certificate = TestCertificate::of("bob@example.com", &key(7));
    certificate.subject = name("Bob");
    issue(certificate, issuer, change)
}

fn issue(
    mut certificate: TestCertificate,
    issuer: Authority,
    change: impl FnOnce(&mut TestCertificate),
) -> Certificate {
    certificate.issuer = name(issuer.name);
    change(&mut certificate);
    Certificate::from_der(&certificate.signed_by(&key(issuer.key))).unwrap()
}

pub(super) fn basic_constraints(is_ca: bool, path_length: Option<u8>) -> Vec<u8> {
    let ca = match is_ca {
        true => element(tag::BOOLEAN, &[0xff]),
        false => Vec::new(),
    };
    let limit = path_length.map(|limit| element(tag::INTEGER, &[limit]));
    let value = sequence(&[&ca, &limit.unwrap_or_default()]);
    critical_extension(ID_CE_BASIC_CONSTRAINTS, &value)
}

/// Puts an extension in the place of the one with the same identifier, or at the end.
pub(super) fn replace(certificate: &mut TestCertificate, id: ObjectIdentifier, with: &[u8]) {
    let is_other = |extension: &Vec<u8>| {
        let identifier = element(tag::OBJECT_IDENTIFIER, id.as_bytes());
        !extension
            .windows(identifier.len())
            .any(|part| part == identifier)
    };
    certificate.extensions.retain(is_other);
    if !with.is_empty() {
        certificate.extensions.push(with.to_vec());
    }
}

pub(super) fn no_cert_sign(certificate: &mut TestCertificate) {
    replace(certificate, ID_CE_KEY_USAGE, &key_usage(0b1000_0010));
}

pub(super) fn spki(seed: u8) -> Vec<u8> {
    let document = key(seed).public_key().to_public_key_der().unwrap();
    document.into_vec()
}

/// Validates by one root, for mail, in the middle of the year.
pub(super) fn check(
    leaf: &Certificate,
    pool: &[Certificate],
    root: Certificate,
) -> Result<ValidatedCertificate, Error> {
    check_with(leaf, pool, root, |_| {})
}

pub(super) fn check_with(
    leaf: &Certificate,
    pool: &[Certificate],
    root: Certificate,
    change: impl FnOnce(&mut Validation<'_>),
) -> Result<ValidatedCertificate, Error> {
    let anchors = TrustAnchors::from_certificates([root]);
    let mut validation = Validation::new(&anchors, now());
    change(&mut validation);
    validate(leaf, pool, &validation)
}

/// `valid`, or the reason.
pub(super) fn verdict(result: &Result<ValidatedCertificate, Error>) -> &'static str {
    match result {
        Ok(_) => "valid",
        Err(error) => error.reason(),
    }
}
