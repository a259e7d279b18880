//! Where something is fetched from: an http or https URI, taken apart strictly.
//!
//! Two programs that take one URI apart differently are how a check of its host is got around. So
//! only the characters and the spellings of RFC 3986 are taken, and what is asked for is put
//! together anew from the parts that were judged.
//!
//! ```
//! use mailseal::fetch::location::{Location, Problem};
//!
//! let location = Location::parse("HTTP://CRL.Example.com:80/lists/../root.crl#top")?;
//! assert_eq!(location.to_string(), "http://crl.example.com/root.crl");
//! assert_eq!(location.join("new.crl")?.to_string(), "http://crl.example.com/new.crl");
//! assert_eq!(Location::parse("http://user@example.com/"), Err(Problem::UserInformation));
//! # Ok::<(), Problem>(())
//! ```
//!
//! # Not supported
//!
//! Other schemes; names in other scripts than ASCII, which a certificate has in A-labels
//! (RFC 5280 7.4); IPv6 zone identifiers.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::printable::is_deceptive;

/// RFC 9110 4.1: what everybody should at least be able to handle.
const LONGEST: usize = 8000;

/// More than any registered one has.
const LONGEST_SCHEME: usize = 64;

/// RFC 1035 2.3.4
const LONGEST_NAME: usize = 253;

/// A location that something may be fetched from, as far as its spelling goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Location {
    scheme: Scheme,
    host: Host,
    port: u16,
    /// Begins with a slash; visible ASCII.
    path_and_query: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Scheme {
    Http,
    Https,
}

/// The host of a location.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// An address that is spelled as one.
    Address(IpAddr),
    /// Anything else, in lower case and without a full stop at its end. What a resolver makes of
    /// it may still be an address: `2130706433` and `0x7f.1` are both 127.0.0.1 to many.
    Name(String),
}

impl Location {
    /// Takes a URI apart (RFC 3986 3).
    ///
    /// # Errors
    ///
    /// What is wrong with it first.
    pub fn parse(text: &str) -> Result<Location, Problem> {
        if text.len() > LONGEST {
            return Err(Problem::Length);
        }
        let (scheme, rest) = divide_scheme(text).ok_or(Problem::NoScheme)?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return Err(Problem::Scheme(scheme.to_owned())),
        };
        if let Some(wrong) = text.chars().find(|c| !is_uri_character(*c)) {
            return Err(Problem::Character(wrong));
        }
        let rest = rest.strip_prefix("//").ok_or(Problem::Host)?;
        // The fragment is for whoever shows a page, and not sent (RFC 9110 7.1).
        let rest = before(rest, &['#']);
        let authority = before(rest, &['/', '?']);
        if authority.contains('@') {
            return Err(Problem::UserInformation);
        }
        let (host, port) = divide_authority(authority)?;
        Ok(Location {
            scheme,
            host,
            port: port.unwrap_or(scheme.default_port()),
            path_and_query: path_and_query(&rest[authority.len()..]),
        })
    }

    /// What a reference at this location leads to (RFC 3986 5.2.2).
    ///
    /// # Errors
    ///
    /// What is wrong with it first.
    pub fn join(&self, reference: &str) -> Result<Location, Problem> {
        if reference.len() > LONGEST {
            return Err(Problem::Length);
        }
        let (scheme, authority) = (self.scheme, self.authority());
        let path = before(&self.path_and_query, &['?']);
        let directory = &path[..=path.rfind('/').unwrap_or(0)];
        Location::parse(&match reference.chars().next() {
            _ if divide_scheme(reference).is_some() => reference.to_owned(),
            _ if reference.starts_with("//") => format!("{scheme}:{reference}"),
            Some('/') => format!("{scheme}://{authority}{reference}"),
            Some('?') => format!("{scheme}://{authority}{path}{reference}"),
            Some('#') | None => self.to_string(),
            Some(_) => format!("{scheme}://{authority}{directory}{reference}"),
        })
    }

    /// Whom to ask.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Where there.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether to ask by TLS.
    pub fn is_encrypted(&self) -> bool {
        self.scheme == Scheme::Https
    }

    /// Host and port, without the port that the scheme has anyway.
    pub fn authority(&self) -> String {
        match self.port == self.scheme.default_port() {
            true => self.host.to_string(),
            false => format!("{}:{}", self.host, self.port),
        }
    }
}

/// The location as it is asked for.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (authority, path) = (self.authority(), &self.path_and_query);
        write!(f, "{}://{authority}{path}", self.scheme)
    }
}

impl Scheme {
    fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        })
    }
}

impl Host {
    fn parse(text: &str) -> Result<Host, Problem> {
        if let Some(address) = text.strip_prefix('[') {
            let address = address.strip_suffix(']').ok_or(Problem::Host)?;
            let address: Ipv6Addr = address.parse().map_err(|_| Problem::Host)?;
            return Ok(Host::Address(address.into()));
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Ok(Host::Address(address.into()));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        let is_of_a_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        match (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(is_of_a_name) {
            // With the full stop gone it may be an address after all.
            true if name.len() < text.len() => Host::parse(name),
            true => Ok(Host::Name(name.to_ascii_lowercase())),
            false => Err(Problem::Host),
        }
    }
}

/// The host as a URI has it.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Host::Address(address) => address.fmt(f),
            Host::Name(name) => f.write_str(name),
        }
    }
}

/// `host [ ":" port ]`, RFC 3986 3.2, without user information.
pub(super) fn divide_authority(text: &str) -> Result<(Host, Option<u16>), Problem> {
    // The colons of an IPv6 address stand in brackets.
    let end_of_address = text.rfind(']').map_or(0, |bracket| bracket + 1);
    let Some(colon) = text[end_of_address..].find(':') else {
        return Ok((Host::parse(text)?, None));
    };
    let (host, port) = text.split_at(end_of_address + colon);
    let host = Host::parse(host)?;
    match &port[1..] {
        "" => Ok((host, None)),
        digits if digits.bytes().all(|digit| digit.is_ascii_digit()) => match digits.parse() {
            Ok(port) if port > 0 => Ok((host, Some(port))),
            _ => Err(Problem::Port),
        },
        _ => Err(Problem::Port),
    }
}

/// The scheme, and what is behind its colon.
fn divide_scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let is_scheme = scheme.len() <= LONGEST_SCHEME
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    is_scheme.then_some((scheme, rest))
}

/// RFC 3986 2: reserved, unreserved, and the percent sign.
fn is_uri_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(c)
}

fn before<'a>(text: &'a str, ends: &[char]) -> &'a str {
    &text[..text.find(ends).unwrap_or(text.len())]
}

/// The path, never empty and without `.` and `..` (RFC 3986 5.2.4), and the query.
fn path_and_query(text: &str) -> String {
    let path = before(text, &['?']);
    let mut kept = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." => {}
            ".." => drop(kept.pop()),
            segment => {
                kept.push(segment);
                continue;
            }
        }
        if is_last {
            kept.push("");
        }
    }
    format!("/{}{}", kept.join("/"), &text[path.len()..])
}

/// Why a text is no location to fetch from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// More than 8000 octets.
    #[error("it is longer than {LONGEST} octets")]
    Length,
    /// It does not begin with a scheme.
    #[error("it has no scheme such as http:")]
    NoScheme,
    /// It is not http or https.
    #[error("{0}: is not supported, only http: and https: are")]
    Scheme(String),
    /// A character that no URI has.
    #[error("{} is no character of a URI", shown(*.0))]
    Character(char),
    /// A user name or password. No public list needs one, and many a host has been disguised so.
    #[error("it has a user name in it")]
    UserInformation,
    /// There is no host, or one with characters that no host has.
    #[error("it names no host")]
    Host,
    /// The port is no number from 1 to 65535.
    #[error("its port is no number from 1 to 65535")]
    Port,
}

fn shown(c: char) -> String {
    match is_deceptive(c) || c.is_whitespace() {
        true => format!("U+{:04X}", u32::from(c)),
        false => format!("'{c}'"),
    }
}

#[cfg(test)]
mod tests;
