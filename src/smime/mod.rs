//! S/MIME 4.0 (RFC 8551): MIME entities and CMS put together.
//!
//! [`sign::SignedEntity`] and [`encrypt::EnvelopedEntity`] each take a
//! [`CanonicalEntity`](crate::mime::canonical::CanonicalEntity); a signed entity is a canonical
//! entity again, so that signing, encrypting and both are one road. [`seal`] walks it for a whole
//! message and all its recipients.
//!
//! # Not supported
//!
//! Verifying signatures is not written yet. [`decrypt`] holds the whole content in memory.

pub mod decrypt;
pub mod encrypt;
pub mod seal;
pub mod sign;

use std::io;

/// Why an entity could not be signed or encrypted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The CMS structure could not be made.
    #[error(transparent)]
    Cms(#[from] crate::cms::Error),
    /// The content could not be encrypted.
    #[error(transparent)]
    Crypto(#[from] crate::crypto::Error),
    /// None of the keys is a recipient's, or the content was changed.
    #[error("none of the keys opens the message")]
    NoKeyFits,
    /// The entity could not be read back, or the result not written.
    #[error(transparent)]
    Io(#[from] io::Error),
}
