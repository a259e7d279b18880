//! A certificate with its names as they are compared.

use crate::x509::Certificate;
use crate::x509::name::ComparableName;

/// A certificate that may become a link of a chain. Its names are compared as RFC 5280 7.1 has it, and
/// not as they are written or shown.
#[derive(Debug, Clone)]
pub(super) struct Link(Certificate);

impl Link {
    pub(super) fn new(certificate: Certificate) -> Link {
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
