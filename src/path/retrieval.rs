//! What certificates point to and messages leave out: issuers, CRLs, answers about revocation.
//!
//! Path validation asks for them through [`Retrieve`] and judges what comes back. Whoever implements
//! it brings the network and the disk; nothing in it has to be trusted.
//!
//! ```
//! use mailseal::path::retrieval::{Request, Retrieve, RetrieveError, Retrieved};
//!
//! #[derive(Debug)]
//! struct Offline;
//!
//! impl Retrieve for Offline {
//!     fn kept(&self, _: &Request<'_>) -> Option<Retrieved> {
//!         None
//!     }
//!
//!     fn retrieve(&self, request: &Request<'_>) -> Result<Retrieved, RetrieveError> {
//!         Err(format!("{} is out of reach", request.location()).into())
//!     }
//!
//!     fn keep(&self, _: &Request<'_>, _: &[u8], _: jiff::Timestamp) {}
//! }
//! ```

use std::fmt;

use jiff::Timestamp;

use crate::printable::{printable, sentence};
use crate::x509::general_name::GeneralName;

/// Somebody who gets what a URI in a certificate points to, and remembers it.
pub trait Retrieve: fmt::Debug {
    /// What is remembered of an earlier answer. It may be too old by now: whoever asks looks.
    fn kept(&self, request: &Request<'_>) -> Option<Retrieved>;

    /// Asks now.
    ///
    /// # Errors
    ///
    /// Why there is no answer, in words for people.
    fn retrieve(&self, request: &Request<'_>) -> Result<Retrieved, RetrieveError>;

    /// Remembers an answer that has proved good, until it is of no use any more. That it cannot be
    /// remembered is no error.
    fn keep(&self, request: &Request<'_>, octets: &[u8], until: Timestamp);
}

/// What is asked for, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Request<'a> {
    /// The certificates of an issuer: id-ad-caIssuers, RFC 5280 4.2.2.1.
    Issuers {
        /// The URI.
        location: &'a str,
    },
    /// A CRL: a distribution point, RFC 5280 4.2.1.13.
    Crl {
        /// The URI.
        location: &'a str,
    },
    /// The status of one certificate: id-ad-ocsp, RFC 6960.
    Ocsp {
        /// The responder's URI.
        location: &'a str,
        /// The CertID, DER: what an answer is remembered for.
        cert_id: &'a [u8],
        /// The OCSPRequest, DER: what is sent.
        request: &'a [u8],
    },
}

impl<'a> Request<'a> {
    /// The URI, as the certificate has it.
    pub fn location(&self) -> &'a str {
        match self {
            Request::Issuers { location }
            | Request::Crl { location }
            | Request::Ocsp { location, .. } => location,
        }
    }
}

/// An answer, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retrieved {
    /// The body.
    pub octets: Vec<u8>,
    /// Whether it was remembered, and nobody was asked now.
    pub from_cache: bool,
}

/// Why there is no answer.
pub type RetrieveError = Box<dyn std::error::Error + Send + Sync>;

/// That somebody was asked and what came of it, escaped for display.
pub(super) fn in_vain(location: &str, why: &dyn std::error::Error) -> String {
    let why = sentence(why);
    // Who retrieves may have said where.
    match why.contains(location) {
        true => printable(&format!("asked in vain: {why}")),
        false => printable(&format!("{location} was asked in vain: {why}")),
    }
}

/// Where a name of a certificate points to, if that is by HTTP: LDAP and the like are left to those
/// who have it.
pub(super) fn http_location<'a>(name: &GeneralName<'a>) -> Option<&'a str> {
    let GeneralName::Uri(octets) = name else {
        return None;
    };
    let location = std::str::from_utf8(octets).ok()?;
    let (scheme, _) = location.split_once(':')?;
    let is_http = ["http", "https"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known));
    is_http.then_some(location)
}
