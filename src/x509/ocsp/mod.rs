//! The Online Certificate Status Protocol (RFC 6960): what is asked about a certificate, and the
//! answer, read over the bytes the responder wrote.
//!
//! ```
//! use mailseal::x509::ocsp::{Error, OcspResponse, ResponseStatus};
//!
//! // OCSPResponse { responseStatus tryLater }
//! let error = OcspResponse::from_der(b"\x30\x03\x0a\x01\x03").unwrap_err();
//! assert_eq!(error, Error::Unsuccessful(ResponseStatus::TryLater));
//! assert!(error.is_temporary());
//! ```
//!
//! # Not supported
//!
//! - Whether an answer can be trusted: no signature is verified here, no responder authorized and no
//!   time compared.
//! - Signed requests, requests about several certificates, and every extension of a request but the
//!   nonce.
//! - What else an answer may have in extensions: the CRL it was taken from, the archive cutoff.

mod cert_id;
mod request;
mod responder_id;
mod response;
mod single_response;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::x509;

pub use cert_id::CertId;
pub use request::request;
pub use responder_id::ResponderId;
pub use response::{MAX_CERTIFICATES, MAX_RESPONSES, OcspResponse};
pub use single_response::{CertStatus, SingleResponse};

/// Why bytes are not an answer that tells anything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The responder says why it has no answer.
    #[error("the OCSP responder answers {0}")]
    Unsuccessful(ResponseStatus),
    /// A part is not what RFC 6960 has there. Positions count from the start of the OCSPResponse, or
    /// from that of the BasicOCSPResponse inside it.
    #[error(transparent)]
    Unreadable(#[from] x509::Error),
    /// RFC 6960 4.2.1: clients know id-pkix-ocsp-basic, and this is none.
    #[error("the OCSP response has the unknown type {0}")]
    ResponseType(String),
    /// More of something than anybody needs.
    #[error("the OCSP response has more than {limit} {what}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How many are read.
        limit: usize,
    },
}

impl Error {
    /// Whether to ask again makes sense: RFC 6960 2.3 has it of tryLater and internalError.
    pub fn is_temporary(&self) -> bool {
        use ResponseStatus::{InternalError, TryLater};
        matches!(self, Error::Unsuccessful(InternalError | TryLater))
    }
}

/// The OCSPResponseStatus of an answer that is none (RFC 6960 2.3 and 4.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseStatus {
    /// malformedRequest
    MalformedRequest,
    /// internalError
    InternalError,
    /// tryLater
    TryLater,
    /// sigRequired
    SigRequired,
    /// unauthorized
    Unauthorized,
}

/// The name in RFC 6960, and what it means.
impl fmt::Display for ResponseStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ResponseStatus::MalformedRequest => "malformedRequest: it cannot read the request",
            ResponseStatus::InternalError => "internalError: it is in disorder itself",
            ResponseStatus::TryLater => "tryLater: it cannot answer at the moment",
            ResponseStatus::SigRequired => "sigRequired: it answers to signed requests only",
            ResponseStatus::Unauthorized => {
                "unauthorized: it does not answer us, or not about this certificate"
            }
        })
    }
}
