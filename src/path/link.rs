//! A certificate with its names as they are compared.

use std::borrow::Cow;

use crate::x509::Certificate;
use crate::x509::name::ComparableName;

/// A certificate that may become a link of a chain.
#[derive(Debug, Clone)]
pub(super) struct Link<'a>(Cow<'a, Certificate>);

impl<'a> Link<'a> {
    pub(super) fn new(certificate: Cow<'a, Certificate>) -> Link<'a> {
        Link(certificate)
    }

    pub(super) fn certificate(&self) -> &Certificate {
        &self.0
    }

    pub(super) fn subject(&self) -> &ComparableName {
        self.0.comparable_subject()
    }

    pub(super) fn issuer(&self) -> &ComparableName {
        self.0.comparable_issuer()
    }

    /// RFC 5280 6.1: the same name in subject and issuer, compared as names are.
    pub(super) fn is_self_issued(&self) -> bool {
        self.subject() == self.issuer()
    }
}
