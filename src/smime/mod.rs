//! S/MIME 4.0 (RFC 8551): MIME entities and CMS put together.
//!
//! [`sign::SignedEntity`] and [`encrypt::EnvelopedEntity`] each take a
//! [`CanonicalEntity`](crate::mime::canonical::CanonicalEntity); a signed entity is a canonical
//! entity again, so that signing, encrypting and both are one road. [`seal`] walks it for a whole
//! message and all its recipients.
//!
//! The other way, [`open`](mod@open) goes from layer to layer: [`decrypt`] makes an entity of an
//! encrypted one, and [`verify`] judges who signed it.

pub mod cipher;
pub mod decrypt;
pub mod encrypt;
pub mod open;
pub mod seal;
pub mod sign;
pub mod verify;

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
    /// No key makes content of what is encrypted without authentication. Whether the key was wrong
    /// or the padding is for nobody to know who may have bent the content: by asking often enough
    /// they would learn what it says (Vaudenay's padding oracle, and by way of the random key of
    /// RFC 3218 Bleichenbacher's).
    #[error("the content cannot be decrypted with any of the keys")]
    NotDecrypted,
    /// With keys whose certificates are not known, too many recipients may be meant.
    #[error("more than {limit} recipients might be meant by the keys")]
    TooManyCandidates {
        /// How many are tried.
        limit: usize,
    },
    /// The entity could not be read back, or the result not written.
    #[error(transparent)]
    Io(#[from] io::Error),
}
