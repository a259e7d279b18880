//! Mail addresses: the addr-spec of RFC 5322 3.4.1, as one value that compares.
//!
//! An [`Address`] is what certificates, key files and envelopes are looked up by, so it is parsed
//! once, strictly, and never carries what a header, an SMTP command or a file name could trip
//! over: no control character, no white space, no bare non-ASCII domain.
//!
//! ```
//! use mailseal::address::Address;
//!
//! let bob = Address::parse("Bob@Bücher.example").unwrap();
//! assert_eq!(bob.to_string(), "Bob@xn--bcher-kva.example");
//! assert!(bob.matches(&Address::parse("bob@XN--BCHER-KVA.example").unwrap()));
//! assert!(Address::parse("bob@example.com\r\nBcc: eve@evil.example").is_err());
//! ```
//!
//! # Not supported
//!
//! Comments and folding white space: they belong to the header and are taken off by the
//! address-list parser of [`mime`](crate::mime).

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// RFC 5321 4.5.3.1.3 allows a path of 256 octets, two of which are the angle brackets.
pub const MAX_LENGTH: usize = 254;

/// RFC 1035 2.3.4.
const MAX_LABEL: usize = 63;

/// A mailbox's addr-spec: local part and domain.
///
/// Two addresses are equal when their local parts are the same to the letter and their domains
/// the same without regard to case or to U-label and A-label form. [`Address::matches`] is the
/// comparison of RFC 8550, which forgives case in the local part too.
#[derive(Clone)]
pub struct Address {
    local: String,
    domain: String,
    /// Kept only when it differs from `domain`; no part of the address's identity.
    written_domain: Option<String>,
}

/// Why a text is not an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no `@` outside a quoted string.
    #[error("\"{}\" has no @", .0.escape_debug())]
    NoAt(String),
    /// The part before the `@` is empty, badly quoted or holds a forbidden character.
    #[error("the local part of \"{}\" is not valid", .0.escape_debug())]
    Local(String),
    /// The part after the `@` is empty or no domain name.
    #[error("the domain of \"{}\" is not valid", .0.escape_debug())]
    Domain(String),
    /// The address is longer than [`MAX_LENGTH`] octets.
    #[error("an address of {0} octets is longer than the {MAX_LENGTH} that RFC 5321 allows")]
    TooLong(usize),
}

impl Address {
    /// Reads `local@domain` or `"quoted local"@domain`, with nothing around it.
    ///
    /// A domain in U-labels becomes one in A-labels (RFC 5891); a UTF-8 local part stays as it is
    /// (RFC 6531). Doubled, leading and trailing dots in the local part are read, because real
    /// mailboxes have them, and written back quoted.
    pub fn parse(text: &str) -> Result<Address, Error> {
        if text.len() > MAX_LENGTH {
            return Err(Error::TooLong(text.len()));
        }
        let (local, domain) = match text.strip_prefix('"') {
            Some(quoted) => split_quoted(quoted).ok_or_else(|| Error::Local(text.to_owned()))?,
            None => {
                let (local, domain) = text
                    .split_once('@')
                    .ok_or_else(|| Error::NoAt(text.to_owned()))?;
                if !local.chars().all(|c| is_atext(c) || c == '.') {
                    return Err(Error::Local(text.to_owned()));
                }
                (local.to_owned(), domain)
            }
        };
        Address::new(&local, domain)
    }

    /// Puts an address together from its unquoted local part and its domain.
    pub fn new(local: &str, domain: &str) -> Result<Address, Error> {
        let length = local.len() + 1 + domain.len();
        if length > MAX_LENGTH {
            return Err(Error::TooLong(length));
        }
        let whole = || format!("{local}@{domain}");
        if local.is_empty() || local.chars().any(char::is_control) {
            return Err(Error::Local(whole()));
        }
        let written = domain;
        let domain = canonical_domain(written).ok_or_else(|| Error::Domain(whole()))?;
        let address = Address {
            local: local.to_owned(),
            written_domain: (written != domain).then(|| written.to_owned()),
            domain,
        };
        match address.encoded_length() {
            length if length > MAX_LENGTH => Err(Error::TooLong(length)),
            _ => Ok(address),
        }
    }

    /// The part before the `@`, without quotes.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The domain, in lower case and A-labels, or a domain literal with its brackets.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The domain as it was written, for finding files that an operator named by hand. It takes
    /// no part in comparisons.
    pub fn written_domain(&self) -> &str {
        self.written_domain.as_deref().unwrap_or(&self.domain)
    }

    /// Whether SMTP can carry the address without SMTPUTF8 (RFC 6531).
    pub fn is_ascii(&self) -> bool {
        self.local.is_ascii()
    }

    /// Whether two addresses name the same mailbox for S/MIME: domains compared without regard to
    /// case, local parts too (RFC 8550 3 has SHOULD for the latter).
    ///
    /// Beyond ASCII local parts are the same to the octet, as RFC 9598 5 has it: the case mappings
    /// of Unicode make one of several letters, as of "k" and the Kelvin sign.
    pub fn matches(&self, other: &Address) -> bool {
        self.domain == other.domain && self.local.eq_ignore_ascii_case(&other.local)
    }

    /// Of the addr-spec as it is written, quotes and all.
    fn encoded_length(&self) -> usize {
        let quoting = match is_dot_string(&self.local) {
            true => 0,
            false => 2 + self.local.matches(['"', '\\']).count(),
        };
        self.local.len() + quoting + 1 + self.domain.len()
    }

    fn identity(&self) -> (&str, &str) {
        (&self.local, &self.domain)
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Address) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for Address {}

impl PartialOrd for Address {
    fn partial_cmp(&self, other: &Address) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Address {
    fn cmp(&self, other: &Address) -> Ordering {
        self.identity().cmp(&other.identity())
    }
}

impl Hash for Address {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

/// The addr-spec, with the local part quoted where RFC 5321 4.1.2 asks for it.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_dot_string(&self.local) {
            return write!(f, "{}@{}", self.local, self.domain);
        }
        f.write_str("\"")?;
        for c in self.local.chars() {
            if matches!(c, '"' | '\\') {
                f.write_str("\\")?;
            }
            write!(f, "{c}")?;
        }
        write!(f, "\"@{}", self.domain)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{self}>")
    }
}

impl std::str::FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Address, Error> {
        Address::parse(text)
    }
}

/// A domain name as addresses have theirs, in lower case and A-labels (RFC 5891); nothing if it is
/// none.
///
/// ```
/// use mailseal::address::domain_name;
///
/// assert_eq!(domain_name("Bücher.EXAMPLE").as_deref(), Some("xn--bcher-kva.example"));
/// assert_eq!(domain_name("a..example"), None);
/// ```
pub fn domain_name(text: &str) -> Option<String> {
    let ascii = idna::domain_to_ascii(text).ok()?;
    let is_label = |label: &str| {
        (1..=MAX_LABEL).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            // The underscore is not a host name's, but mail domains with it exist.
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    ascii.split('.').all(is_label).then_some(ascii)
}

/// Reads what follows an opening quote: the local part up to the closing quote, then `@domain`.
fn split_quoted(text: &str) -> Option<(String, &str)> {
    let mut local = String::new();
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return Some((local, text[at + 1..].strip_prefix('@')?)),
            '\\' => local.push(characters.next()?.1),
            c => local.push(c),
        }
    }
    None
}

/// RFC 5322 3.2.3 atext, with the non-ASCII characters of RFC 6532 3.2.
fn is_atext(c: char) -> bool {
    match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' => true,
        c if c.is_ascii() => "!#$%&'*+-/=?^_`{|}~".contains(c),
        c => !c.is_control() && !c.is_whitespace(),
    }
}

fn is_dot_string(local: &str) -> bool {
    local
        .split('.')
        .all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

fn canonical_domain(domain: &str) -> Option<String> {
    let Some(literal) = domain.strip_prefix('[') else {
        return domain_name(domain);
    };
    let inside = literal.strip_suffix(']')?;
    let is_dtext = |c: char| c.is_ascii_graphic() && !"[]\\".contains(c);
    (!inside.is_empty() && inside.chars().all(is_dtext)).then(|| domain.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_addresses_come_back_as_written() {
        for text in [
            "bob@example.com",
            "o'hara+news/x@a.b-c.example",
            "root@localhost",
            "a@[::1]",
        ] {
            assert_eq!(Address::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn quoting_is_taken_off_and_put_back_only_where_needed() {
        assert_eq!(
            Address::parse("\"bob\"@example.com").unwrap().to_string(),
            "bob@example.com"
        );
        let spaced = Address::parse(r#""bob \"the\" builder@home"@example.com"#).unwrap();
        assert_eq!(spaced.local(), "bob \"the\" builder@home");
        assert_eq!(
            spaced.to_string(),
            r#""bob \"the\" builder@home"@example.com"#
        );
        assert_eq!(
            Address::parse("a..b@docomo.example").unwrap().to_string(),
            "\"a..b\"@docomo.example"
        );
    }

    #[test]
    fn domains_compare_without_case_and_in_a_labels() {
        let one = Address::parse("x@BÜCHER.example").unwrap();
        assert_eq!(one, Address::parse("x@xn--bcher-kva.EXAMPLE").unwrap());
        assert_ne!(one, Address::parse("X@xn--bcher-kva.example").unwrap());
        assert!(one.matches(&Address::parse("X@xn--bcher-kva.example").unwrap()));
        assert!(!one.matches(&Address::parse("y@xn--bcher-kva.example").unwrap()));
    }

    #[test]
    fn letters_beyond_ascii_match_none_but_themselves() {
        let mark = Address::parse("mark@example.com").unwrap();
        let kelvin = Address::parse("mar\u{212a}@example.com").unwrap();
        assert_eq!("\u{212a}".to_lowercase(), "k", "the trap");
        assert!(!kelvin.matches(&mark) && !mark.matches(&kelvin));
        let zoe = Address::parse("Zoë@example.com").unwrap();
        assert!(zoe.matches(&Address::parse("zoë@example.com").unwrap()));
        assert!(!zoe.matches(&Address::parse("zoË@example.com").unwrap()));
    }

    #[test]
    fn the_domain_as_written_is_remembered_but_compares_nowhere() {
        let written = Address::parse("bob@Example.COM").unwrap();
        let canonical = Address::parse("bob@example.com").unwrap();
        assert_eq!(written.written_domain(), "Example.COM");
        assert_eq!(canonical.written_domain(), "example.com");
        assert_eq!(written, canonical);
        assert_eq!(
            [&written, &canonical]
                .iter()
                .collect::<std::collections::HashSet<_>>()
                .len(),
            1
        );
    }

    #[test]
    fn what_could_trip_a_header_or_a_command_is_refused() {
        for text in [
            "",
            "@",
            "bob",
            "bob@",
            "@example.com",
            "bob@exa mple.com",
            "bob @example.com",
            "bob@example.com\r\n",
            "bob\0@example.com",
            "\"bob\r\n\"@example.com",
            "a@b@c",
            "\"bob@example.com",
            "bob@.example.com",
            "bob@example..com",
            "bob@[",
            "bob@[]",
            "bob@-x.example",
            "<bob@example.com>",
            "bob@example.com>",
            "bob@exämple\u{0}.com",
        ] {
            assert!(Address::parse(text).is_err(), "{text:?} was accepted");
        }
    }

    #[test]
    fn length_is_bounded() {
        let local = "x".repeat(MAX_LENGTH - "@example.com".len());
        assert!(Address::parse(&format!("{local}@example.com")).is_ok());
        assert_eq!(
            Address::parse(&format!("{local}x@example.com")),
            Err(Error::TooLong(MAX_LENGTH + 1))
        );
        // Before anything is made of the domain: an error would repeat it, however long it is.
        let domain = "ü".repeat(100_000);
        assert_eq!(
            Address::new("bob", &domain),
            Err(Error::TooLong(4 + 200_000))
        );
    }
}
