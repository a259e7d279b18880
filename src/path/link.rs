//! A certificate with its names as they are compared, worked out once.

use std::borrow::Cow;

use crate::x509::Certificate;
use crate::x509::name::{ComparableName, Name};

/// A certificate that may become a link of a chain.
#[derive(Debug, Clone)]
pub(super) struct Link<'a> {
    certificate: Cow<'a, Certificate>,
    subject: ComparableName,
    issuer: ComparableName,
}

impl<'a> Link<'a> {
    pub(super) fn new(certificate: Cow<'a, Certificate>) -> Link<'a> {
        let comparable = |der| {
            Name::from_der(der)
                .expect("a Certificate has been read with its names")
                .comparable()
        };
        Link {
            subject: comparable(certificate.subject_der()),
            issuer: comparable(certificate.issuer_der()),
            certificate,
        }
    }

    pub(super) fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    pub(super) fn subject(&self) -> &ComparableName {
        &self.subject
    }

    pub(super) fn issuer(&self) -> &ComparableName {
        &self.issuer
    }

    /// RFC 5280 6.1: the same name in subject and issuer, compared as names are.
    pub(super) fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }
}
