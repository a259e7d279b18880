//! RecipientInfo (RFC 5652 6.2): the content-encryption key, for each of those who may read.
//!
//! [`RecipientInfo`] is what we write, for a certificate. [`RecipientInfos`] is what others wrote,
//! opened with [`Credential`]s: a private key, best with its certificate, a password, or a
//! key-encryption key.
//!
//! | RecipientInfo | opened by | RFC |
//! |---|---|---|
//! | KeyTransRecipientInfo (`ktri`) | RSA keys | 5652 6.2.1 |
//! | KeyAgreeRecipientInfo (`kari`) | elliptic-curve and X25519 keys | 5652 6.2.2, 5753, 8418 |
//! | KEKRecipientInfo (`kekri`) | key-encryption keys | 5652 6.2.3 |
//! | PasswordRecipientInfo (`pwri`) | passwords | 5652 6.2.4, 3211 |
//! | KEMRecipientInfo (`kem`) | ML-KEM keys | 9629, 9936 |
//!
//! ```
//! use mailseal::cms::recipient::{Credential, RecipientInfos};
//! use mailseal::crypto::ContentCipher;
//! use mailseal::secret::Secret;
//!
//! // A recipient with a key-encryption key of the name 01, which is not the one at hand.
//! let der = b"\x31\x31\xa2\x2f\x02\x01\x04\x30\x03\x04\x01\x01\x30\x0b\x06\x09\x60\x86\x48\x01\
//!             \x65\x03\x04\x01\x05\x04\x18\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
//! let recipients = RecipientInfos::from_der(der.as_slice())?;
//! assert_eq!(recipients.describe()[0].identifier, "keyid=01");
//! let key = Secret::new(vec![0; 16]);
//! let credentials = [Credential::KeyEncryptionKey { id: None, key: &key }];
//! let found = recipients.content_keys(&credentials, ContentCipher::Aes128Cbc);
//! assert!(found.keys.is_empty());
//! # Ok::<(), mailseal::cms::Error>(())
//! ```
//!
//! # Not supported
//!
//! Key agreement with the originator's certificate in place of an ephemeral key (static-static
//! Diffie-Hellman); OtherRecipientInfo that is no KEMRecipientInfo. Both are read and named.

mod description;
mod identifier;
mod reading;
mod structure;
mod writing;

pub use self::description::Recipient;
pub(in crate::cms) use self::identifier::RecipientIdentifier;
pub use self::reading::{ContentKeys, Credential, MAX_CANDIDATES, RecipientInfos};
pub use self::writing::RecipientInfo;

#[cfg(test)]
mod tests;
