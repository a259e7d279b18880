//! Bytes that must not be printed and are wiped when they go: passwords, keys, tokens.
//!
//! ```
//! use mailseal::secret::Secret;
//!
//! let password = Secret::from_string("hunter2".into());
//! assert_eq!(format!("{password:?}"), "Secret(****)");
//! assert_eq!(password.expose(), b"hunter2");
//! ```
//!
//! # Not supported
//!
//! Keeping the memory out of swap and core dumps; copies that the source of a secret kept, such as
//! the environment of the process.

use std::fmt;

use zeroize::Zeroizing;

/// A secret: `Debug` shows stars, `Display` does not exist, the memory is wiped on drop.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes the bytes over; the caller's vector is the one that is wiped.
    pub fn new(bytes: Vec<u8>) -> Secret {
        Secret(Zeroizing::new(bytes))
    }

    /// Takes a text over.
    pub fn from_string(text: String) -> Secret {
        Secret::new(text.into_bytes())
    }

    /// The secret itself. Whoever calls this keeps it from logs, errors and temporary copies.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The secret as text, if it is UTF-8.
    pub fn expose_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// One star for each character, as the original tool shows a password.
    pub fn stars(&self) -> String {
        "*".repeat(String::from_utf8_lossy(&self.0).chars().count())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(****)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_neither_the_secret_nor_its_length() {
        assert_eq!(
            format!("{:?}", Secret::from_string("pass".repeat(9))),
            "Secret(****)"
        );
    }

    #[test]
    fn stars_count_characters() {
        assert_eq!(Secret::from_string("pässword".into()).stars(), "********");
    }
}
