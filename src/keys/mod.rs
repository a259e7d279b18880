//! Keys and certificates of the people an operator seals mail for and from.
//!
//! They lie in a directory, one pair of files an address: `<address>.crt` with the certificate
//! first and its intermediates after it, `<address>.pem` with the private key; or one PKCS#12
//! file, `<address>.p12`, with all of it. Putting a
//! certificate there is the operator's word that it is the right one ("pinned"); whether it is
//! fit for the use at hand is checked each time, and only a fit one becomes a
//! [`RecipientCertificate`] or a [`Signer`].
//!
//! ```no_run
//! use mailseal::address::Address;
//! use mailseal::keys::KeyDirectory;
//! use mailseal::keys::directory::Options;
//!
//! let keys = KeyDirectory::new("keys", Options::at(jiff::Timestamp::now()));
//! let bob = keys.recipient(&Address::parse("bob@example.com")?)?;
//! println!("{}", bob.certificate().subject());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What mail is opened with is a [`Keyring`] instead: any private keys, from files or from the
//! directory, with the certificates that belong to them, fit for anything new or not.
//!
//! # Not supported
//!
//! - Certification paths and revocation: a pinned certificate is trusted because it is pinned.
//! - Private keys in tokens, agents or OpenSSH's format.

pub mod armour;
pub mod bundle;
mod choice;
pub mod directory;
mod error;
mod file;
mod keyring;
mod material;
mod options;
pub mod password;
pub mod pem;
mod pinned;
pub mod pkcs12;
pub mod pkcs8;
pub mod preferences;
pub mod private_key;
mod recipient;
mod signer;

pub use choice::{Choice, PassedOver, Reason};
pub use directory::KeyDirectory;
pub use error::{Error, Use};
pub use keyring::{KeySources, Keyring, KeyringEntry, Skipped};
pub use password::password_from_file;
pub use recipient::RecipientCertificate;
pub use signer::Signer;

#[cfg(test)]
pub(crate) mod testing;
