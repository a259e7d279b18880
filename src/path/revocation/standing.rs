//! What was found out about the revocation of a certificate, and who says so as of when.

use std::fmt;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::path::revocation::RevocationGap;
use crate::printable::printable;

/// What is known of the revocation of one certificate. That it is revoked is an
/// [error](crate::path::Error::Revoked) instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The subject of the certificate, escaped for display.
    pub subject: String,
    /// Why nobody can tell, if so; else it is not revoked.
    pub gap: Option<RevocationGap>,
    /// The CRLs and OCSP answers by which it is not revoked.
    pub sources: Vec<Source>,
}

/// A CRL or OCSP answer that tells of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Which of the two.
    pub kind: SourceKind,
    /// The issuer of the CRL, or the responder: escaped for display.
    pub by: String,
    /// thisUpdate: as of when it tells.
    pub this_update: Timestamp,
    /// nextUpdate, if it has one.
    pub next_update: Option<Timestamp>,
    /// Where it comes from.
    pub origin: Origin,
}

/// The two kinds of sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// A certificate revocation list (RFC 5280 5).
    Crl,
    /// A delta CRL, beside the complete one.
    DeltaCrl,
    /// An OCSP answer (RFC 6960), and when it was made.
    Ocsp {
        /// producedAt
        produced_at: Timestamp,
    },
}

/// Where a CRL or OCSP answer comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The caller gave it.
    Caller,
    /// A file that the caller named.
    File(PathBuf),
    /// It came along in the message.
    Message,
    /// It was retrieved from here now.
    Location(String),
    /// It was retrieved from here earlier.
    Kept(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, by) = (self.kind, &self.by);
        write!(f, "{kind} of {by} as of {}", self.this_update)?;
        if let Some(next_update) = self.next_update {
            write!(f, ", good until {next_update}")?;
        }
        match &self.origin {
            Origin::Caller => Ok(()),
            origin => write!(f, " ({origin})"),
        }
    }
}

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SourceKind::Crl => "the CRL",
            SourceKind::DeltaCrl => "the delta CRL",
            SourceKind::Ocsp { .. } => "the OCSP answer",
        })
    }
}

/// For people, with what a terminal would obey escaped.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Caller => f.write_str("given by the caller"),
            Origin::File(path) => write!(f, "{}", path.display()),
            Origin::Message => f.write_str("in the message"),
            Origin::Location(location) => write!(f, "{}", printable(location)),
            Origin::Kept(location) => write!(f, "kept from {}", printable(location)),
        }
    }
}
