//! Why nobody can tell whether a certificate is revoked.

use jiff::Timestamp;

/// Why neither a CRL nor an OCSP answer tells whether a certificate is revoked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RevocationGap {
    /// No CRL and no OCSP answer is for it.
    #[error("there is no CRL for it, and no OCSP answer")]
    NoSource,
    /// The certificate says where to ask, and nobody gave an answer that can be used: where and why,
    /// in words, escaped for display.
    #[error("{0}")]
    NotRetrieved(String),
    /// The CRLs that are for it leave out some of the reasons to revoke.
    #[error("its CRLs do not tell of every reason to revoke it")]
    SomeReasons,
    /// The CRL is too old.
    #[error("there should be a newer CRL of {issuer} since {next_update}")]
    Stale {
        /// The issuer of the CRL.
        issuer: String,
        /// Its nextUpdate.
        next_update: Timestamp,
    },
    /// The CRL is of a later time.
    #[error("the CRL of {issuer} was issued only on {this_update}")]
    NotYet {
        /// The issuer of the CRL.
        issuer: String,
        /// Its thisUpdate.
        this_update: Timestamp,
    },
    /// The CRL is not signed by a key that may sign it.
    #[error("the CRL of {issuer} is not signed by a trusted key that may sign it")]
    Unsigned {
        /// The issuer of the CRL.
        issuer: String,
    },
    /// The CRL has a critical extension that must be understood and is not (RFC 5280 5.2, 5.3).
    #[error("the CRL of {issuer} has the critical extension {extension}, which is not known")]
    UnknownCriticalExtension {
        /// The issuer of the CRL.
        issuer: String,
        /// Its identifier.
        extension: String,
    },
    /// The OCSP answer cannot be relied on (RFC 6960 3.2).
    #[error("the OCSP answer of {responder} {why}")]
    UnusableAnswer {
        /// The responder, as it names itself.
        responder: String,
        /// The rest of the sentence.
        why: String,
    },
}

impl RevocationGap {
    /// Of two gaps the one that tells more: what was wrong rather than that there was nothing.
    pub(super) fn or_else_of(self, other: RevocationGap) -> RevocationGap {
        match self {
            RevocationGap::NoSource => other,
            known => known,
        }
    }
}
