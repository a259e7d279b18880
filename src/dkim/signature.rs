//! A DKIM-Signature field (RFC 6376 3.5), as it says of itself; nothing is verified.

use std::ops::Range;

use jiff::Timestamp;

use super::domain;
use super::tag_list::{self, TagList, excerpt, is_folding};
use crate::mime::Field;

/// What a DKIM-Signature field says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// `a=`.
    pub algorithm: Algorithm,
    /// `d=`, the domain that signs, in lower case and A-labels.
    pub domain: String,
    /// `s=`, which of its keys, in lower case and A-labels.
    pub selector: String,
    /// `i=`, on whose behalf; `@` and the domain where it says nothing.
    pub identity: String,
    /// The first half of `c=`.
    pub header_canonicalization: Canonicalization,
    /// The second half of `c=`.
    pub body_canonicalization: Canonicalization,
    /// `h=`, the names of the fields that are signed, in the order of the signer. A name that stands
    /// there more often than the message has fields of it keeps others from being added.
    pub signed_headers: Vec<String>,
    /// `l=`, the number of octets of the body that are signed, where that is not all of it.
    pub body_length: Option<u64>,
    /// `t=`, when the signature was made.
    pub timestamp: Option<Timestamp>,
    /// `x=`, when it expires.
    pub expiration: Option<Timestamp>,
    pub(super) identity_domain: String,
    pub(super) body_hash: Vec<u8>,
    pub(super) octets: Vec<u8>,
    /// Where in the value of the field the value of `b=` is, which it cannot cover itself.
    pub(super) place: Range<usize>,
}

/// How a signature is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 6376 3.3.2).
    RsaSha256,
    /// Ed25519 over SHA-256 (RFC 8463).
    Ed25519Sha256,
    /// RSASSA-PKCS1-v1_5 with SHA-1, which RFC 8301 3.1 forbids.
    RsaSha1,
}

impl Algorithm {
    /// The word of `a=`.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::RsaSha256 => "rsa-sha256",
            Algorithm::Ed25519Sha256 => "ed25519-sha256",
            Algorithm::RsaSha1 => "rsa-sha1",
        }
    }
}

/// What of header or body may change on the way (RFC 6376 3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Canonicalization {
    /// Nothing.
    Simple,
    /// White space, and the case of field names.
    Relaxed,
}

impl Canonicalization {
    /// The word of `c=`.
    pub fn name(self) -> &'static str {
        match self {
            Canonicalization::Simple => "simple",
            Canonicalization::Relaxed => "relaxed",
        }
    }
}

/// Why a DKIM-Signature field cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No tag list.
    #[error(transparent)]
    TagList(#[from] tag_list::Error),
    /// A tag that has to be there is not.
    #[error("there is no {0}=")]
    Missing(&'static str),
    /// A tag whose value means nothing.
    #[error("the value of {tag}= is not valid: \"{value}\"")]
    Value {
        /// Its name.
        tag: &'static str,
        /// The beginning of the value.
        value: String,
    },
    /// RFC 6376 3.5: the value of x= MUST be greater than that of t=.
    #[error("it expires before it was made")]
    ExpiresBeforeMade,
}

impl Signature {
    /// Reads a DKIM-Signature field.
    ///
    /// # Errors
    ///
    /// Where RFC 6376 3.5 leaves no other reading than that it is malformed, and where the version,
    /// algorithm, canonicalization or query method is none that this reader knows.
    pub fn parse(field: &Field) -> Result<Signature, Error> {
        let tags = Tags(TagList::parse(field.raw_value())?);
        tags.expect("v", tags.required("v")?, |value| value == "1")?;
        let domain = tags.domain("d")?;
        let (identity, identity_domain) = tags.identity(&domain)?;
        let (header_canonicalization, body_canonicalization) = tags.canonicalizations()?;
        tags.query_method()?;
        let (timestamp, expiration) = (tags.time("t")?, tags.time("x")?);
        if timestamp.zip(expiration).is_some_and(|(t, x)| x <= t) {
            return Err(Error::ExpiresBeforeMade);
        }
        Ok(Signature {
            algorithm: tags.algorithm()?,
            selector: tags.domain("s")?,
            signed_headers: tags.signed_headers()?,
            body_length: tags.number("l")?,
            body_hash: tags.base64("bh")?,
            octets: tags.base64("b")?,
            place: tags.0.place("b").ok_or(Error::Missing("b"))?,
            domain,
            identity,
            identity_domain,
            header_canonicalization,
            body_canonicalization,
            timestamp,
            expiration,
        })
    }

    /// Where DNS has the key (RFC 6376 3.6.2.1).
    pub fn key_name(&self) -> String {
        format!("{}._domainkey.{}", self.selector, self.domain)
    }

    /// Whether `h=` names the field.
    pub(super) fn covers(&self, name: &str) -> bool {
        self.signed_headers
            .iter()
            .any(|signed| signed.eq_ignore_ascii_case(name))
    }
}

struct Tags<'a>(TagList<'a>);

impl<'a> Tags<'a> {
    fn required(&self, tag: &'static str) -> Result<&'a str, Error> {
        self.0.value(tag).ok_or(Error::Missing(tag))
    }

    fn expect(
        &self,
        tag: &'static str,
        value: &str,
        is_valid: impl Fn(&str) -> bool,
    ) -> Result<(), Error> {
        match is_valid(value) {
            true => Ok(()),
            false => Err(invalid(tag, value)),
        }
    }

    fn algorithm(&self) -> Result<Algorithm, Error> {
        let value = self.required("a")?;
        [
            Algorithm::RsaSha256,
            Algorithm::Ed25519Sha256,
            Algorithm::RsaSha1,
        ]
        .into_iter()
        .find(|algorithm| value.eq_ignore_ascii_case(algorithm.name()))
        .ok_or_else(|| invalid("a", value))
    }

    fn domain(&self, tag: &'static str) -> Result<String, Error> {
        let value = self.required(tag)?;
        domain::canonical(value).ok_or_else(|| invalid(tag, value))
    }

    /// RFC 6376 3.5: an address, perhaps without a local part, in dkim-quoted-printable.
    fn identity(&self, domain: &str) -> Result<(String, String), Error> {
        let Some(value) = self.0.value("i") else {
            return Ok((format!("@{domain}"), domain.to_owned()));
        };
        let not_valid = || invalid("i", value);
        let (local, domain) = value.rsplit_once('@').ok_or_else(not_valid)?;
        let domain = domain::canonical(domain).ok_or_else(not_valid)?;
        let local: String = local.chars().filter(|c| !is_folding(*c)).collect();
        Ok((format!("{local}@{domain}"), domain))
    }

    /// RFC 6376 3.5: simple/simple where there is none, and simple for the body where it has one word.
    fn canonicalizations(&self) -> Result<(Canonicalization, Canonicalization), Error> {
        let value = self.0.value("c").unwrap_or("simple");
        let (header, body) = value.split_once('/').unwrap_or((value, "simple"));
        let find = |word: &str| {
            [Canonicalization::Simple, Canonicalization::Relaxed]
                .into_iter()
                .find(|known| word.eq_ignore_ascii_case(known.name()))
                .ok_or_else(|| invalid("c", value))
        };
        Ok((find(header)?, find(body)?))
    }

    /// RFC 6376 3.5: the verifier looks for a method it knows; there is one.
    fn query_method(&self) -> Result<(), Error> {
        let Some(mut methods) = self.0.items("q") else {
            return Ok(());
        };
        match methods.any(|method| method.eq_ignore_ascii_case("dns/txt")) {
            true => Ok(()),
            false => Err(invalid("q", self.0.value("q").unwrap_or_default())),
        }
    }

    fn signed_headers(&self) -> Result<Vec<String>, Error> {
        let value = self.required("h")?;
        let names: Vec<String> = self
            .0
            .items("h")
            .into_iter()
            .flatten()
            // A colon too many, which every other verifier lets pass too.
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        // RFC 5322 3.6.8.
        let is_name = |name: &String| name.bytes().all(|b| b.is_ascii_graphic());
        match !names.is_empty() && names.iter().all(is_name) {
            true => Ok(names),
            false => Err(invalid("h", value)),
        }
    }

    fn base64(&self, tag: &'static str) -> Result<Vec<u8>, Error> {
        let value = self.required(tag)?;
        match self.0.base64(tag) {
            Some(Ok(octets)) if !octets.is_empty() => Ok(octets),
            _ => Err(invalid(tag, value)),
        }
    }

    /// A number too large to count with is as good as the largest.
    fn number(&self, tag: &'static str) -> Result<Option<u64>, Error> {
        let Some(value) = self.0.value(tag) else {
            return Ok(None);
        };
        let is_number =
            |value: &str| !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
        self.expect(tag, value, is_number)?;
        Ok(Some(value.parse().unwrap_or(u64::MAX)))
    }

    /// Seconds since 1970. RFC 6376 3.5: values may be larger than a verifier has times for.
    fn time(&self, tag: &'static str) -> Result<Option<Timestamp>, Error> {
        let seconds = self.number(tag)?;
        Ok(seconds.map(|seconds| {
            let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
            Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
        }))
    }
}

fn invalid(tag: &'static str, value: &str) -> Error {
    let value = excerpt(value);
    Error::Value { tag, value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mime::Header;

    const WHOLE: &str = "v=1; a=rsa-sha256; d=Example.COM; s=Lab; c=relaxed/simple; q=x/y:dns/txt; \
                         i=bob@mail.example.com; h=From : to:;\r\n t=1; x=2; l=0; bh=AAAA; b=AA\r\n AA";

    fn parse(value: &str) -> Result<Signature, Error> {
        let header = Header::split(format!("DKIM-Signature: {value}\n").as_bytes(), 1);
        Signature::parse(&header.fields()[0])
    }

    #[test]
    fn what_a_field_says_is_read() {
        let signature = parse(WHOLE).unwrap();
        assert_eq!(signature.key_name(), "lab._domainkey.example.com");
        assert_eq!(signature.identity, "bob@mail.example.com");
        assert_eq!(signature.signed_headers, ["From", "to"]);
        assert_eq!(signature.header_canonicalization, Canonicalization::Relaxed);
        assert_eq!(signature.body_canonicalization, Canonicalization::Simple);
        assert_eq!(signature.body_length, Some(0));
        assert_eq!(signature.timestamp, Timestamp::from_second(1).ok());
        assert_eq!(signature.octets, [0; 3]);
        let least = parse("v=1;a=ed25519-sha256;d=a.b;s=c;h=From;bh=AAAA;b=AAAA;z=|").unwrap();
        assert_eq!(least.identity, "@a.b");
        assert_eq!(least.body_length.or(Some(1)), Some(1));
        assert_eq!((least.timestamp, least.expiration), (None, None));
        assert_eq!(least.header_canonicalization, Canonicalization::Simple);
        let one_word = parse(&WHOLE.replace("relaxed/simple", "relaxed")).unwrap();
        assert_eq!(one_word.body_canonicalization, Canonicalization::Simple);
        let international = parse(
            &WHOLE
                .replace("Example.COM", "Bücher.example")
                .replace("bob@mail.example.com", "zoë@a.BÜCHER.example"),
        );
        let international = international.unwrap();
        assert_eq!(international.domain, "xn--bcher-kva.example");
        assert_eq!(international.identity, "zoë@a.xn--bcher-kva.example");
    }

    #[test]
    fn times_beyond_the_calendar_are_the_last_there_is() {
        for huge in ["253402300800", "99999999999999999999999999"] {
            let signature = parse(&WHOLE.replace("x=2", &format!("x={huge}"))).unwrap();
            assert_eq!(signature.expiration, Some(Timestamp::MAX));
        }
    }

    #[test]
    fn malformed_fields_are_refused_and_say_where() {
        for (from, to, message) in [
            ("v=1;", "", "there is no v="),
            ("v=1", "v=2", "the value of v= is not valid: \"2\""),
            ("v=1", "v=1; v=1", "the tag v= occurs twice"),
            (
                "rsa-sha256",
                "rsa-md5",
                "the value of a= is not valid: \"rsa-md5\"",
            ),
            (
                "Example.COM",
                "a..b",
                "the value of d= is not valid: \"a..b\"",
            ),
            (
                "Example.COM",
                "a.b c",
                "the value of d= is not valid: \"a.b c\"",
            ),
            ("d=Example.COM;", "", "there is no d="),
            ("s=Lab", "s=", "the value of s= is not valid: \"\""),
            (
                "c=relaxed/simple",
                "c=nowsp",
                "the value of c= is not valid: \"nowsp\"",
            ),
            (
                "c=relaxed/simple",
                "c=a/b",
                "the value of c= is not valid: \"a/b\"",
            ),
            (
                "x/y:dns/txt",
                "x/y",
                "the value of q= is not valid: \"x/y\"",
            ),
            (
                "bob@mail.example.com",
                "bob",
                "the value of i= is not valid: \"bob\"",
            ),
            (
                "bob@mail.example.com",
                "bob@",
                "the value of i= is not valid: \"bob@\"",
            ),
            (
                "h=From : to:",
                "h= : ",
                "the value of h= is not valid: \":\"",
            ),
            (
                "From : to",
                "From : t o",
                "the value of h= is not valid: \"From : t o:\"",
            ),
            ("h=From : to:;", "", "there is no h="),
            ("t=1", "t=soon", "the value of t= is not valid: \"soon\""),
            ("t=1", "t=-1", "the value of t= is not valid: \"-1\""),
            ("x=2", "x=1", "it expires before it was made"),
            // A reader that takes this for nothing never lets the signature expire.
            ("x=2", "x=", "the value of x= is not valid: \"\""),
            ("l=0", "l=ten", "the value of l= is not valid: \"ten\""),
            ("bh=AAAA", "bh=", "the value of bh= is not valid: \"\""),
            ("bh=AAAA", "bh=A*", "the value of bh= is not valid: \"A*\""),
            ("b=AA\r\n AA", "b=A", "the value of b= is not valid: \"A\""),
            ("; b=AA\r\n AA", "", "there is no b="),
        ] {
            let field = WHOLE.replacen(from, to, 1);
            assert_ne!(field, WHOLE, "{from}");
            assert_eq!(parse(&field).unwrap_err().to_string(), message, "{field}");
        }
    }
}
