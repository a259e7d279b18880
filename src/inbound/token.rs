//! Secrets that a stranger has to know, compared so that the time tells nothing of them.
//!
//! ```
//! use mailseal::inbound::token::Token;
//! use mailseal::secret::Secret;
//!
//! let token = Token::new(&Secret::from_string("t0p s3cr3t t0k3n".into()));
//! assert!(token.is(b"t0p s3cr3t t0k3n"));
//! assert!(!token.is(b"t0p s3cr3t t0k3m"));
//! ```
//!
//! # Not supported
//!
//! Hiding how long what the stranger gave is: they know.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::settings::Basic;
use crate::secret::Secret;

/// The digest of a secret: what it is compared by. Digests are all of one length, and where two of
/// them begin to differ tells nothing of what they are digests of.
#[derive(Clone)]
pub struct Token([u8; 32]);

impl Token {
    /// The token that a secret is.
    pub fn new(secret: &Secret) -> Token {
        Token(Sha256::digest(secret.expose()).into())
    }

    /// The token that `USER:PASSWORD` is (RFC 7617 2).
    pub fn of_basic(basic: &Basic) -> Token {
        let mut digest = Sha256::new();
        digest.update(&basic.user);
        digest.update(b":");
        digest.update(basic.password.expose());
        Token(digest.finalize().into())
    }

    /// Whether this is the secret.
    pub fn is(&self, given: &[u8]) -> bool {
        let given: [u8; 32] = Sha256::digest(given).into();
        self.0.ct_eq(&given).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(****)")
    }
}

/// The bearer token (RFC 6750 2.1) of an Authorization field.
pub fn bearer(authorization: &[u8]) -> Option<&[u8]> {
    credentials(authorization, b"Bearer")
}

/// `USER:PASSWORD` of an Authorization field (RFC 7617 2).
pub fn basic(authorization: &[u8]) -> Option<Vec<u8>> {
    let base64 = credentials(authorization, b"Basic")?;
    base64_simd::forgiving_decode_to_vec(base64).ok()
}

/// What follows the scheme, whose case does not matter (RFC 9110 11.1).
fn credentials<'a>(authorization: &'a [u8], scheme: &[u8]) -> Option<&'a [u8]> {
    let (found, rest) = authorization.split_at_checked(scheme.len())?;
    let rest = rest.strip_prefix(b" ")?;
    found
        .eq_ignore_ascii_case(scheme)
        .then(|| rest.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_the_secret_is_the_secret() {
        let token = Token::new(&Secret::from_string("t0p s3cr3t t0k3n".into()));
        assert!(token.is(b"t0p s3cr3t t0k3n"));
        for near in [
            "",
            "t0p s3cr3t t0k3",
            "t0p s3cr3t t0k3n ",
            "T0p s3cr3t t0k3n",
            "t0p s3cr3t t0k3n\0",
        ] {
            assert!(!token.is(near.as_bytes()), "{near:?}");
        }
    }

    #[test]
    fn token_is_not_printed() {
        let token = Token::new(&Secret::from_string("hunter2".into()));
        assert_eq!(format!("{token:?}"), "Token(****)");
    }

    #[test]
    fn credentials_are_of_their_scheme() {
        assert_eq!(bearer(b"Bearer abc"), Some(&b"abc"[..]));
        assert_eq!(bearer(b"bearer  abc "), Some(&b"abc"[..]));
        for other in ["Bearerabc", "Basic abc", "Bearer", "Bear", ""] {
            assert_eq!(bearer(other.as_bytes()), None, "{other:?}");
        }
        // The example of RFC 7617 2.
        assert_eq!(
            basic(b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==").unwrap(),
            b"Aladdin:open sesame"
        );
        assert_eq!(basic(b"Basic QWxh!"), None);
    }

    #[test]
    fn colon_of_a_password_does_not_move_the_users_name() {
        let basic = |user: &str, password: &str| {
            Token::of_basic(&Basic {
                user: user.into(),
                password: Secret::from_string(password.into()),
            })
        };
        assert!(basic("user", "pass:word").is(b"user:pass:word"));
        assert!(!basic("user", "password").is(b"user:pass:word"));
    }
}
