//! A route of Mailgun's with `forward("https://…/mailgun/mime")`: a URL that ends in `mime` gets the
//! mail as it was, in the field `body-mime`.
//!
//! The form is signed: `signature` is HMAC-SHA-256 (RFC 2104), keyed with the account's HTTP webhook
//! signing key, over `timestamp` and `token`. The mail itself is not signed, so who gets hold of one
//! signature could hand over any mail with it; and so a signature is good for one mail, and for as
//! long as Mailgun tries to deliver it.
//!
//! ```
//! use mailseal::inbound::adapters::mailgun::SigningKey;
//! use mailseal::secret::Secret;
//!
//! let key = SigningKey::new(&Secret::from_string("key-0123456789abcdef".into()));
//! assert!(!key.has_signed(b"1795867200", b"token", b"0000"));
//! ```
//!
//! # Not supported
//!
//! The signature of a parent account. Remembering signatures over a restart: a mail that is handed
//! over twice is known by its digest, and does nothing the second time.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::form::{self, Field};
use super::{Error, Mail};
use crate::secret::Secret;

/// Mailgun tries for eight hours, and repeats the signature each time. Its documentation only says
/// the time should be "not too far" from ours.
const FRESH: SignedDuration = SignedDuration::from_hours(9);

/// How far its clock may be ahead of ours.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// How many tokens are remembered: 32 octets each, twice.
const MOST_TOKENS: usize = 100_000;

/// What a form turns out to be.
#[derive(Debug)]
pub enum Form {
    /// Signed, and fresh.
    Signed(Signed),
    /// Not signed with our key.
    NotSigned,
}

/// A mail, and what its signature is known by.
#[derive(Debug)]
pub struct Signed {
    /// The mail.
    pub mail: Mail,
    /// The token.
    pub token: TokenDigest,
}

/// Reads a form.
///
/// # Errors
///
/// It is no form, lacks something, or was signed too long ago.
pub fn read(
    content_type: &str,
    body: &[u8],
    key: &SigningKey,
    now: Timestamp,
) -> Result<Form, Error> {
    let fields = form::fields(content_type, body)?;
    let (timestamp, token) = (only(&fields, "timestamp")?, only(&fields, "token")?);
    if !key.has_signed(timestamp, token, only(&fields, "signature")?) {
        return Ok(Form::NotSigned);
    }
    fresh(timestamp, now)?;
    let token = TokenDigest(Sha256::digest(token).into());
    let text = |name| optional(&fields, name).map(|octets| String::from_utf8_lossy(octets).into());
    let mail = Mail {
        msg_from: text("sender"),
        rcpt_to: text("recipient"),
        message: optional(&fields, "body-mime")
            .ok_or(Error::NoMessage("body-mime"))?
            .to_vec(),
    };
    Ok(Form::Signed(Signed { mail, token }))
}

fn optional<'a>(fields: &'a [Field<'_>], name: &str) -> Option<&'a [u8]> {
    let field = fields.iter().find(|field| *field.name == *name.as_bytes());
    field.map(|field| &*field.value)
}

/// What is signed has to be what is looked at.
fn only<'a>(fields: &'a [Field<'_>], name: &'static str) -> Result<&'a [u8], Error> {
    let mut found = fields
        .iter()
        .filter(|field| *field.name == *name.as_bytes());
    match (found.next(), found.next()) {
        (Some(field), None) => Ok(&field.value),
        _ => Err(Error::Field(name)),
    }
}

fn fresh(timestamp: &[u8], now: Timestamp) -> Result<(), Error> {
    let seconds = std::str::from_utf8(timestamp).ok();
    let seconds = seconds.and_then(|seconds| seconds.parse().ok());
    let signed = seconds
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .ok_or(Error::Timestamp)?;
    let age = now.duration_since(signed);
    match -AHEAD <= age && age <= FRESH {
        true => Ok(()),
        false => Err(Error::Stale(signed)),
    }
}

/// The account's HTTP webhook signing key.
#[derive(Clone)]
pub struct SigningKey(Hmac<Sha256>);

impl SigningKey {
    /// The key as the account's settings show it.
    pub fn new(key: &Secret) -> SigningKey {
        let keyed = Hmac::new_from_slice(key.expose());
        SigningKey(keyed.expect("HMAC takes keys of any length"))
    }

    /// Whether this is the signature, in hexadecimal digits, over time and token.
    pub fn has_signed(&self, timestamp: &[u8], token: &[u8], signature: &[u8]) -> bool {
        let Some(signature) = octets(signature) else {
            return false;
        };
        let mut mac = self.0.clone();
        mac.update(timestamp);
        mac.update(token);
        // In constant time.
        mac.verify_slice(&signature).is_ok()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(****)")
    }
}

fn octets(hexadecimal: &[u8]) -> Option<Vec<u8>> {
    if !hexadecimal.len().is_multiple_of(2) || hexadecimal.len() > 2 * 64 {
        return None;
    }
    let digit = |octet: u8| char::from(octet).to_digit(16);
    let pairs = hexadecimal.chunks_exact(2);
    pairs
        .map(|pair| u8::try_from(16 * digit(pair[0])? + digit(pair[1])?).ok())
        .collect()
}

/// By what a signature is known that was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenDigest([u8; 32]);

/// The signatures that were used, as far as they would still be good.
#[derive(Debug, Default)]
pub struct UsedTokens(Mutex<Used>);

#[derive(Debug, Default)]
struct Used {
    tokens: HashSet<TokenDigest>,
    /// When each was used, the first one first.
    order: VecDeque<(Timestamp, TokenDigest)>,
}

impl UsedTokens {
    /// Uses a signature up; false if it was used before.
    pub fn claim(&self, token: TokenDigest, now: Timestamp) -> bool {
        let mut used = self.used();
        while let Some((since, oldest)) = used.order.front().copied() {
            let is_good = now.duration_since(since) <= FRESH + AHEAD;
            if is_good && used.order.len() < MOST_TOKENS {
                break;
            }
            used.order.pop_front();
            used.tokens.remove(&oldest);
        }
        if !used.tokens.insert(token) {
            return false;
        }
        used.order.push_back((now, token));
        true
    }

    /// Makes a signature good again whose mail could not be kept.
    pub fn give_back(&self, token: TokenDigest) {
        let mut used = self.used();
        used.tokens.remove(&token);
        used.order.retain(|(_, other)| *other != token);
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = "application/x-www-form-urlencoded";
    const NOW: i64 = 1_795_867_200;

    fn key() -> SigningKey {
        SigningKey::new(&Secret::from_string("key-0123456789abcdef".into()))
    }

    fn now() -> Timestamp {
        Timestamp::from_second(NOW).unwrap()
    }

    fn signature(timestamp: &str, token: &str) -> String {
        let mut mac = key().0;
        mac.update(format!("{timestamp}{token}").as_bytes());
        crate::asn1::reader::hexadecimal(&mac.finalize().into_bytes())
    }

    fn form(timestamp: &str, rest: &str) -> String {
        let signature = signature(timestamp, "abc");
        format!("timestamp={timestamp}&token=abc&signature={signature}{rest}")
    }

    fn read(body: &str) -> Result<Form, Error> {
        super::read(FORM, body.as_bytes(), &key(), now())
    }

    #[test]
    fn signature_of_openssl_is_one() {
        // printf 1795867200abc | openssl dgst -sha256 -hmac key-0123456789abcdef
        let openssl = "beffab056657990d41d5b80b961654a513acb5e1326760e67d8a966b007d8c02";
        assert!(key().has_signed(b"1795867200", b"abc", openssl.as_bytes()));
    }

    #[test]
    fn mail_comes_out_with_its_envelope() {
        let rest =
            "&sender=bob%40example.com&recipient=in%40example.net&body-mime=From:+bob%0D%0A%FF";
        let Form::Signed(signed) = read(&form("1795867200", rest)).unwrap() else {
            panic!("it is signed");
        };
        assert_eq!(
            signed.mail,
            Mail {
                msg_from: Some("bob@example.com".into()),
                rcpt_to: Some("in@example.net".into()),
                message: b"From: bob\r\n\xff".to_vec(),
            }
        );
    }

    #[test]
    fn what_was_signed_otherwise_is_not_signed() {
        let signed = form("1795867200", "&body-mime=x");
        assert!(matches!(read(&signed), Ok(Form::Signed(_))));
        for (from, to) in [
            ("timestamp=1795867200", "timestamp=1795867201"),
            ("token=abc", "token=abd"),
            ("signature=", "signature=0"),
            ("signature=", "signature=00"),
            ("&body-mime", "g&body-mime"),
        ] {
            let other = signed.replace(from, to);
            assert!(matches!(read(&other), Ok(Form::NotSigned)), "{other}");
        }
        // The border between time and token is not signed, so the time has to be one.
        let moved = signed.replace(
            "timestamp=1795867200&token=abc",
            "timestamp=179586720&token=0abc",
        );
        assert!(matches!(read(&moved), Err(Error::Stale(_))));
    }

    #[test]
    fn signature_is_good_for_as_long_as_mailgun_tries() {
        for (seconds, is_good) in [
            (NOW - 9 * 3600, true),
            (NOW - 9 * 3600 - 1, false),
            (NOW + 300, true),
            (NOW + 301, false),
        ] {
            let read = read(&form(&seconds.to_string(), "&body-mime=x"));
            assert_eq!(read.is_ok(), is_good, "{seconds}");
        }
        for timestamp in ["", "-", "1e9", "99999999999999999999"] {
            let read = read(&form(timestamp, "&body-mime=x"));
            assert!(matches!(read, Err(Error::Timestamp)), "{timestamp}");
        }
    }

    #[test]
    fn form_has_one_of_each_and_a_mail() {
        let whole = form("1795867200", "&body-mime=x");
        assert!(matches!(
            read(&whole.replace("token=", "other=")),
            Err(Error::Field("token"))
        ));
        let twice = format!("{whole}&token=abc");
        assert!(matches!(read(&twice), Err(Error::Field("token"))));
        let parsed = form("1795867200", "&body-plain=x");
        assert!(matches!(read(&parsed), Err(Error::NoMessage("body-mime"))));
    }

    #[test]
    fn token_is_good_once_unless_it_is_given_back() {
        let used = UsedTokens::default();
        let (one, other) = (TokenDigest([1; 32]), TokenDigest([2; 32]));
        assert!(used.claim(one, now()) && used.claim(other, now()));
        assert!(!used.claim(one, now()));
        used.give_back(one);
        assert!(used.claim(one, now()));
        assert!(!used.claim(other, now()));
    }

    #[test]
    fn token_is_forgotten_when_its_time_is_too_long_ago_anyway() {
        let used = UsedTokens::default();
        let token = TokenDigest([1; 32]);
        assert!(used.claim(token, now()));
        assert!(!used.claim(token, now() + FRESH));
        assert!(used.claim(token, now() + FRESH + AHEAD + SignedDuration::from_secs(1)));
        assert_eq!(used.used().order.len(), 1);
    }
}
