//! Where the keys of signers come from: DNS, or a table in its place.
//!
//! [`verify`](super::verify()) asks for all names of a message at once through [`Resolver`]. Whoever
//! implements it brings the network, and the clock for its time.
//!
//! ```
//! use std::time::Duration;
//! use mailseal::dkim::resolver::{Answer, ResolveError, Resolver};
//!
//! #[derive(Debug)]
//! struct Offline;
//!
//! impl Resolver for Offline {
//!     fn text_records(&self, names: &[String], _: Duration) -> Vec<Answer> {
//!         names.iter().map(|_| Err(ResolveError::TimedOut)).collect()
//!     }
//! }
//! ```

mod cache;
mod dns;
mod static_records;

use std::fmt;
use std::time::Duration;

pub use dns::{ConfigurationError, DnsResolver};
pub use static_records::StaticRecords;

/// Somebody who knows TXT records.
pub trait Resolver: fmt::Debug {
    /// The TXT records at each of these names, which are in A-labels and without a dot at the end, in
    /// the order of the names. All of it takes no longer than `within`; what is missing at the end
    /// counts as [`ResolveError::TimedOut`].
    fn text_records(&self, names: &[String], within: Duration) -> Vec<Answer>;
}

/// The records at a name, each with its strings put together (RFC 6376 3.6.2.2).
pub type Answer = Result<Vec<Vec<u8>>, ResolveError>;

/// Why there are no records.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// The name does not exist, or has no TXT record. Everything else may change at any time.
    #[error("there is no such record")]
    NoRecord,
    /// There was no answer in time.
    #[error("DNS did not answer in time")]
    TimedOut,
    /// The server does not answer such questions, or not ours (RCODE 5).
    #[error("the DNS server refused to answer")]
    Refused,
    /// The server could not find out (RCODE 2), or cannot be talked with.
    #[error("DNS failed: {0}")]
    Failed(String),
}
