//! X.509 certificates as RFC 5280 profiles them, read without ever being written again.
//!
//! A certificate's signature, its identifiers in a CMS message and its fingerprint are all taken
//! over the bytes that the CA wrote. Real CAs do not always write the DER that a library would, so
//! [`Certificate`] keeps those bytes and hands out slices of them.
//!
//! ```
//! use mailseal::x509::{Certificate, Error};
//!
//! assert!(matches!(
//!     Certificate::from_der(b"\x30\x02\x05\x00"),
//!     Err(Error::Malformed { part: "tbsCertificate", .. })
//! ));
//! ```
//!
//! # Not supported
//!
//! - Whether a certificate can be trusted: nothing here verifies a signature, and
//!   [`path`](crate::path) builds the paths.
//! - BER with indefinite lengths and multi-byte tags: RFC 5280 4.1 demands DER.

mod basic_constraints;
mod certificate;
pub mod certs_only;
pub mod crl;
pub mod distribution_point;
mod extensions;
mod fields;
pub mod general_name;
pub mod information_access;
mod key_kind;
pub mod name;
pub mod name_constraints;
pub mod ocsp;
pub mod policies;
mod string_preparation;

#[cfg(test)]
pub(crate) mod testing;

use crate::asn1::reader;

pub use basic_constraints::BasicConstraints;
pub use certificate::Certificate;
pub use extensions::{ExtendedKeyUsage, Extension, KeyUsage};
pub use fields::Version;
pub(crate) use fields::timestamp;

/// Why bytes are not a certificate that can be worked with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A part is not the DER that RFC 5280 asks for.
    #[error("the {part} is malformed")]
    Malformed {
        /// The part, by its name in RFC 5280.
        part: &'static str,
        /// What is wrong with it, and at which byte of the certificate or the extension.
        source: reader::Error,
    },
    /// A part has a well-formed value that RFC 5280 does not know or allow.
    #[error("the {part} has the impossible value {value}")]
    Value {
        /// The part, by its name in RFC 5280.
        part: &'static str,
        /// The value, escaped for display.
        value: String,
    },
    /// RFC 5280 4.2: a certificate must not have more than one instance of an extension. Which of
    /// the two would bind is anybody's guess, so neither does.
    #[error("the extension {0} occurs twice")]
    DuplicateExtension(String),
}

impl Error {
    fn malformed(part: &'static str) -> impl FnOnce(reader::Error) -> Error {
        move |source| Error::Malformed { part, source }
    }
}
