//! Why there is no path, in the words people get to read.

use jiff::Timestamp;

use crate::asn1::reader;
use crate::crypto;
use crate::path::revocation::{RevocationGap, Source};
use crate::x509::Certificate;

/// Why a certificate could not be validated. `subject` is the subject of the certificate at fault,
/// escaped for display.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Neither a trust anchor nor a certificate at hand has the name of the issuer.
    #[error("{}", no_trusted_issuer(subject, issuer, in_vain.as_deref()))]
    NoTrustedIssuer {
        /// The certificate whose issuer is missing.
        subject: String,
        /// The issuer's name.
        issuer: String,
        /// Where its certificate was looked for and why it was not found there, in words.
        in_vain: Option<String>,
    },
    /// The signature is not the issuer's (RFC 5280 6.1.3 (a)(1)).
    #[error("the signature on the certificate of {subject} is not that of {issuer}'s key")]
    BadSignature {
        #[allow(missing_docs)]
        subject: String,
        /// The certificate whose key was tried.
        issuer: String,
    },
    /// The algorithm outside the signed part is another than the one inside (RFC 5280 4.1.1.2).
    #[error("the certificate of {subject} names two different signature algorithms")]
    AlgorithmMismatch {
        #[allow(missing_docs)]
        subject: String,
    },
    /// The signature or the key is of an algorithm that is not supported or not to be trusted.
    #[error("the certificate of {subject} cannot be checked")]
    UnsupportedAlgorithm {
        #[allow(missing_docs)]
        subject: String,
        /// The algorithm, or what is wrong with its parameters or the key.
        source: crypto::Error,
    },
    /// The signature needs `allow_legacy`.
    #[error(
        "the certificate of {subject} is signed with {algorithm}, which is not secure any more"
    )]
    LegacyAlgorithm {
        #[allow(missing_docs)]
        subject: String,
        /// What makes it legacy.
        algorithm: String,
    },
    /// The key needs `allow_legacy`.
    #[error("the {kind} key of {subject}, of {bits} bits, is not secure any more")]
    WeakKey {
        #[allow(missing_docs)]
        subject: String,
        /// The kind of key.
        kind: &'static str,
        /// Its length.
        bits: usize,
    },
    /// `at` lies after the validity period (RFC 5280 6.1.3 (a)(2)).
    #[error("the certificate of {subject} expired on {not_after}")]
    Expired {
        #[allow(missing_docs)]
        subject: String,
        /// Its last second.
        not_after: Timestamp,
    },
    /// `at` lies before the validity period (RFC 5280 6.1.3 (a)(2)).
    #[error("the certificate of {subject} is not valid before {not_before}")]
    NotYetValid {
        #[allow(missing_docs)]
        subject: String,
        /// Its first second.
        not_before: Timestamp,
    },
    /// The issuer is not allowed to issue (RFC 5280 6.1.4 (k)).
    #[error("{subject} has issued a certificate and is not a CA: {why}")]
    NotACa {
        #[allow(missing_docs)]
        subject: String,
        /// What says so.
        why: &'static str,
    },
    /// More CAs follow than a CA allows (RFC 5280 6.1.4 (l)).
    #[error("{subject} allows {limit} CA certificates below it, and there are more")]
    PathLength {
        /// The CA that sets the limit.
        subject: String,
        /// How many it allows.
        limit: u32,
    },
    /// A name of the certificate is not among those that a CA above it may issue for, or nobody can
    /// tell whether it is (RFC 5280 6.1.3 (b) and (c)).
    #[error("the certificate of {subject} is for {name}, for which {ca} may not issue")]
    NameConstraints {
        #[allow(missing_docs)]
        subject: String,
        /// The CA that has the constraints.
        ca: String,
        /// The name, escaped for display.
        name: String,
    },
    /// The certificate is revoked (RFC 5280 6.3).
    #[error("the certificate of {subject} was revoked on {date}: {reason}; so says {by}")]
    Revoked {
        #[allow(missing_docs)]
        subject: String,
        /// Since when.
        date: Timestamp,
        /// Why, in words.
        reason: &'static str,
        /// The CRL or OCSP answer that says so.
        by: Box<Source>,
    },
    /// It has to be known, and nothing tells whether the certificate is revoked.
    #[error("nobody can tell whether the certificate of {subject} is revoked: {gap}")]
    RevocationUnknown {
        #[allow(missing_docs)]
        subject: String,
        /// What is missing.
        gap: RevocationGap,
    },
    /// A policy is required, by the caller or by a CA, and none holds down to this certificate
    /// (RFC 5280 6.1.3 (f), 6.1.5 (g)).
    #[error("no acceptable certificate policy holds down to {subject}, and one is required")]
    NoValidPolicy {
        #[allow(missing_docs)]
        subject: String,
    },
    /// The key usage does not allow what the key has done (RFC 5280 4.2.1.3, 6.1.4 (n)).
    #[error("the key of {subject} is for {allowed}, and {needed} is needed")]
    KeyUsage {
        #[allow(missing_docs)]
        subject: String,
        /// The usages there would have to be.
        needed: &'static str,
        /// Those there are.
        allowed: String,
    },
    /// The extended key usage does not name the purpose (RFC 5280 4.2.1.12).
    #[error("the certificate of {subject} is for {allowed}, and {needed} is needed")]
    ExtendedKeyUsage {
        #[allow(missing_docs)]
        subject: String,
        /// The purpose.
        needed: String,
        /// The purposes there are.
        allowed: String,
    },
    /// An extension must be understood and is not (RFC 5280 4.2, 6.1.4 (o), 6.1.5 (f)).
    #[error(
        "the certificate of {subject} has the critical extension {extension}, which is not known"
    )]
    UnknownCriticalExtension {
        #[allow(missing_docs)]
        subject: String,
        /// Its identifier.
        extension: String,
    },
    /// An extension that sets limits cannot be read.
    #[error("the {extension} of {subject} is malformed")]
    MalformedExtension {
        #[allow(missing_docs)]
        subject: String,
        /// Its name in RFC 5280.
        extension: &'static str,
        /// What is wrong with it.
        source: reader::Error,
    },
    /// Every path is longer than is followed.
    #[error("no path of at most {limit} intermediate certificates leads to a trust anchor")]
    PathTooLong {
        /// How many intermediate certificates are followed.
        limit: usize,
    },
    /// The certificates at hand make more work than any honest ones.
    #[error("the search for a path was given up after {limit} {what}")]
    Budget {
        /// What ran out.
        what: &'static str,
        /// How much of it there was.
        limit: u32,
    },
}

impl Error {
    /// A stable word for scripts.
    pub fn reason(&self) -> &'static str {
        match self {
            Error::NoTrustedIssuer { .. } => "no-trusted-issuer",
            Error::BadSignature { .. } => "bad-signature",
            Error::AlgorithmMismatch { .. } => "algorithm-mismatch",
            Error::UnsupportedAlgorithm { .. } => "unsupported-algorithm",
            Error::LegacyAlgorithm { .. } => "legacy-algorithm",
            Error::WeakKey { .. } => "weak-key",
            Error::Expired { .. } => "expired",
            Error::NotYetValid { .. } => "not-yet-valid",
            Error::NotACa { .. } => "not-a-ca",
            Error::PathLength { .. } | Error::PathTooLong { .. } => "path-length",
            Error::NameConstraints { .. } => "name-constraints",
            Error::Revoked { .. } => "revoked",
            Error::RevocationUnknown { .. } => "revocation-unknown",
            Error::NoValidPolicy { .. } => "no-valid-policy",
            Error::KeyUsage { .. } => "key-usage",
            Error::ExtendedKeyUsage { .. } => "extended-key-usage",
            Error::UnknownCriticalExtension { .. } => "unknown-critical-extension",
            Error::MalformedExtension { .. } => "malformed-extension",
            Error::Budget { .. } => "budget",
        }
    }

    /// What an extension of this certificate becomes that cannot be read.
    pub(super) fn malformed(
        certificate: &Certificate,
        extension: &'static str,
    ) -> impl FnOnce(reader::Error) -> Error {
        move |source| Error::MalformedExtension {
            subject: certificate.subject().to_owned(),
            extension,
            source,
        }
    }

    /// Of many failed paths, the one that came furthest has the reason that helps: the later a
    /// check comes, the more has been right before it.
    pub(super) fn rank(&self) -> u8 {
        match self {
            // The search went a wrong way, most likely.
            Error::NoTrustedIssuer { .. } => 0,
            Error::BadSignature { .. } => 1,
            Error::PathTooLong { .. } => 2,
            // Another certificate of the same issuer may have been meant.
            Error::NotACa { .. } => 3,
            Error::MalformedExtension { .. } | Error::AlgorithmMismatch { .. } => 4,
            Error::UnsupportedAlgorithm { .. } => 5,
            // Found on a certificate that would have done but for this.
            Error::KeyUsage { .. }
            | Error::ExtendedKeyUsage { .. }
            | Error::UnknownCriticalExtension { .. } => 6,
            Error::LegacyAlgorithm { .. } | Error::WeakKey { .. } => 7,
            Error::Expired { .. } | Error::NotYetValid { .. } => 8,
            // Found on whole paths only.
            Error::PathLength { .. }
            | Error::NameConstraints { .. }
            | Error::NoValidPolicy { .. } => 9,
            Error::RevocationUnknown { .. } => 10,
            Error::Revoked { .. } => 11,
            // Not a reason: the search has ended.
            Error::Budget { .. } => u8::MAX,
        }
    }
}

fn no_trusted_issuer(subject: &str, issuer: &str, in_vain: Option<&str>) -> String {
    let missing = match subject == issuer {
        true => format!("{subject} has signed its own certificate, and is not trusted"),
        false => format!(
            "{issuer}, which issued the certificate of {subject}, is neither trusted nor at hand"
        ),
    };
    match in_vain {
        None => missing,
        Some(in_vain) => format!("{missing}; {in_vain}"),
    }
}
