//! Forms: the fields of `multipart/form-data` (RFC 7578) and of `application/x-www-form-urlencoded`
//! (WHATWG URL 5.1), as octets.
//!
//! Mail may have any octets, and so these readers decode no characters.
//!
//! ```
//! use mailseal::inbound::adapters::form::fields;
//!
//! let form = fields("application/x-www-form-urlencoded", b"sender=bob%40example.com&x=a+b")?;
//! assert_eq!(&*form[0].name, b"sender");
//! assert_eq!(&*form[0].value, b"bob@example.com");
//! assert_eq!(&*form[1].value, b"a b");
//! # Ok::<(), mailseal::inbound::adapters::form::Error>(())
//! ```
//!
//! # Not supported
//!
//! Content-Transfer-Encoding, which RFC 7578 4.7 takes back. Files that are fetched from elsewhere.

use std::borrow::Cow;

use memchr::memmem;

use crate::mime::content_type::{ContentType, Parameter, segments};

/// Mailgun's form of a parsed mail, the longest one known, has some thirty fields, and one for each
/// attachment.
pub const MOST_FIELDS: usize = 1000;

/// The head of a part has a few lines.
const LONGEST_HEAD: usize = 8 << 10;

/// A field of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field<'a> {
    /// What it is called.
    pub name: Cow<'a, [u8]>,
    /// What it says.
    pub value: Cow<'a, [u8]>,
}

/// What is no form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The Content-Type is that of no form.
    #[error("the Content-Type is not that of a form")]
    ContentType,
    /// There is no boundary, or more than one.
    #[error("the Content-Type has not one boundary")]
    Boundary,
    /// The last part does not end, or the first one does not begin.
    #[error("the form does not end")]
    Truncated,
    /// A part has no name, or no head.
    #[error("part {0} of the form has no name")]
    Part(usize),
    /// More than [`MOST_FIELDS`].
    #[error("the form has more than {MOST_FIELDS} fields")]
    TooMany,
}

/// Whether a Content-Type is that of a form.
pub fn is_form(content_type: &str) -> bool {
    Encoding::of(content_type).is_some()
}

enum Encoding {
    Multipart(ContentType),
    UrlEncoded,
}

impl Encoding {
    fn of(content_type: &str) -> Option<Encoding> {
        let content_type = ContentType::parse(content_type.as_bytes())?;
        match content_type.essence().as_str() {
            "multipart/form-data" => Some(Encoding::Multipart(content_type)),
            "application/x-www-form-urlencoded" => Some(Encoding::UrlEncoded),
            _ => None,
        }
    }
}

/// Reads a form.
///
/// # Errors
///
/// What is not in order with it.
pub fn fields<'a>(content_type: &str, body: &'a [u8]) -> Result<Vec<Field<'a>>, Error> {
    match Encoding::of(content_type).ok_or(Error::ContentType)? {
        Encoding::UrlEncoded => url_encoded(body),
        Encoding::Multipart(content_type) => match content_type.boundary() {
            Ok(Some(boundary)) => multipart(&boundary, body),
            _ => Err(Error::Boundary),
        },
    }
}

fn url_encoded(body: &[u8]) -> Result<Vec<Field<'_>>, Error> {
    let mut fields = Vec::new();
    for pair in body.split(|octet| *octet == b'&') {
        if pair.is_empty() {
            continue;
        }
        if fields.len() == MOST_FIELDS {
            return Err(Error::TooMany);
        }
        let (name, value) = match memchr::memchr(b'=', pair) {
            Some(equals) => (&pair[..equals], &pair[equals + 1..]),
            None => (pair, &b""[..]),
        };
        fields.push(Field {
            name: percent_decoded(name),
            value: percent_decoded(value),
        });
    }
    Ok(fields)
}

/// WHATWG URL 1.3: a percent sign that no two hexadecimal digits follow stands for itself.
fn percent_decoded(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr2(b'%', b'+', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        decoded.push(match (first, behind) {
            (b'+', _) => b' ',
            (b'%', [high, low, ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => {
                    rest = &behind[2..];
                    16 * high + low
                }
                _ => b'%',
            },
            (octet, _) => *octet,
        });
    }
    Cow::Owned(decoded)
}

fn digit(hexadecimal: u8) -> Option<u8> {
    let value = char::from(hexadecimal).to_digit(16)?;
    u8::try_from(value).ok()
}

/// RFC 2046 5.1.1: a delimiter is at the beginning of a line, and the CRLF before it is part of it.
fn multipart<'a>(boundary: &[u8], body: &'a [u8]) -> Result<Vec<Field<'a>>, Error> {
    let delimiter = [b"\r\n--", boundary].concat();
    let finder = memmem::Finder::new(&delimiter);
    let first = match body.starts_with(&delimiter[2..]) {
        true => delimiter.len() - 2,
        // Behind a preamble.
        false => finder.find(body).ok_or(Error::Truncated)? + delimiter.len(),
    };
    let (mut fields, mut rest) = (Vec::new(), &body[first..]);
    while let Some(part) = after_delimiter(rest)? {
        if fields.len() == MOST_FIELDS {
            return Err(Error::TooMany);
        }
        let end = finder.find(part).ok_or(Error::Truncated)?;
        let number = fields.len() + 1;
        fields.push(field(&part[..end]).ok_or(Error::Part(number))?);
        rest = &part[end + delimiter.len()..];
    }
    Ok(fields)
}

/// What follows the line of a delimiter; none if it was the last one.
fn after_delimiter(rest: &[u8]) -> Result<Option<&[u8]>, Error> {
    if rest.starts_with(b"--") {
        return Ok(None);
    }
    // The line end of the delimiter is that of an empty head, too: it stays.
    let padding = rest
        .iter()
        .take_while(|octet| b" \t".contains(octet))
        .count();
    match rest[padding..].starts_with(b"\r\n") {
        true => Ok(Some(&rest[padding..])),
        false => Err(Error::Truncated),
    }
}

/// A part, from the line end before its head.
fn field(part: &[u8]) -> Option<Field<'_>> {
    let within = &part[..part.len().min(LONGEST_HEAD)];
    let end = memmem::find(within, b"\r\n\r\n")?;
    let mut lines = part[..end].split(|octet| *octet == b'\n');
    let disposition = lines.find_map(|line| {
        let colon = memchr::memchr(b':', line)?;
        let is_it = line[..colon].eq_ignore_ascii_case(b"Content-Disposition");
        is_it.then(|| &line[colon + 1..])
    })?;
    Some(Field {
        name: Cow::Owned(name(disposition)?),
        value: Cow::Borrowed(&part[end + 4..]),
    })
}

/// RFC 7578 4.2: `form-data; name="email"`.
fn name(disposition: &[u8]) -> Option<Vec<u8>> {
    let mut parameters = segments(disposition).into_iter();
    let kind = parameters.next()?.trim_ascii();
    if !kind.eq_ignore_ascii_case(b"form-data") {
        return None;
    }
    let mut parameters = parameters.filter_map(Parameter::parse);
    let name = parameters.find(|parameter| parameter.name == "name")?;
    Some(name.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MULTIPART: &str = "multipart/form-data; boundary=xYzZY";

    fn read(content_type: &str, body: &[u8]) -> Result<Vec<(String, Vec<u8>)>, Error> {
        let fields = fields(content_type, body)?.into_iter();
        let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).unwrap();
        Ok(fields
            .map(|field| (text(&field.name), field.value.into_owned()))
            .collect())
    }

    fn pair(name: &str, value: &[u8]) -> (String, Vec<u8>) {
        (name.into(), value.to_vec())
    }

    #[test]
    fn url_encoded_octets_come_out_as_they_were() {
        let content_type = "Application/X-WWW-Form-Urlencoded; charset=utf-8";
        for (body, expected) in [
            ("", vec![]),
            ("a=b", vec![pair("a", b"b")]),
            (
                "a=%ff%0D%0a&&b+c=1%2B1&d",
                vec![pair("a", b"\xff\r\n"), pair("b c", b"1+1"), pair("d", b"")],
            ),
            ("a=b=c&a=%", vec![pair("a", b"b=c"), pair("a", b"%")]),
            ("a=%4&b=%g1%41", vec![pair("a", b"%4"), pair("b", b"%g1A")]),
        ] {
            assert_eq!(
                read(content_type, body.as_bytes()).unwrap(),
                expected,
                "{body}"
            );
        }
    }

    #[test]
    fn parts_come_out_as_they_were() {
        let body = b"preamble\r\n--xYzZY\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\n\
            From: bob\r\n\r\n--xYzZ\xff\r\n\r\n--xYzZY \t\r\ncontent-type: text/plain\r\n\
            content-disposition:FORM-DATA;name=to;filename=\"a;name=b\"\r\n\r\n\r\n--xYzZY--\r\nend";
        assert_eq!(
            read(MULTIPART, body).unwrap(),
            [
                pair("email", b"From: bob\r\n\r\n--xYzZ\xff\r\n"),
                pair("to", b"")
            ]
        );
    }

    #[test]
    fn form_without_parts_has_no_fields() {
        assert_eq!(read(MULTIPART, b"--xYzZY--").unwrap(), []);
    }

    #[test]
    fn what_is_no_form_is_refused() {
        let part = "--xYzZY\r\nContent-Disposition: form-data; name=a\r\n\r\nb";
        for (content_type, body, error) in [
            ("application/json", "{}".to_owned(), Error::ContentType),
            ("", String::new(), Error::ContentType),
            ("multipart/form-data", part.to_owned(), Error::Boundary),
            (MULTIPART, String::new(), Error::Truncated),
            (MULTIPART, part.to_owned(), Error::Truncated),
            (MULTIPART, format!("{part}\r\n--xYzZY"), Error::Truncated),
            (MULTIPART, format!("{part}\r\n--xYzZYx--"), Error::Truncated),
            (MULTIPART, format!("{part}\n--xYzZY--"), Error::Truncated),
            (
                MULTIPART,
                "--xYzZY\r\n\r\nb\r\n--xYzZY--".into(),
                Error::Part(1),
            ),
            (
                MULTIPART,
                format!("{part}\r\n--xYzZY\r\nContent-Disposition: form-data\r\n\r\n\r\n--xYzZY--"),
                Error::Part(2),
            ),
        ] {
            assert_eq!(read(content_type, body.as_bytes()), Err(error), "{body:?}");
        }
        assert!(read(MULTIPART, format!("{part}\r\n--xYzZY--").as_bytes()).is_ok());
    }

    #[test]
    fn fields_have_a_limit() {
        let url_encoded = |count: usize| vec!["a=b"; count].join("&");
        let part = "--xYzZY\r\nContent-Disposition: form-data; name=a\r\n\r\nb\r\n";
        let multipart = |count: usize| format!("{}--xYzZY--", part.repeat(count));
        for (count, is_read) in [(MOST_FIELDS, true), (MOST_FIELDS + 1, false)] {
            for (content_type, body) in [
                ("application/x-www-form-urlencoded", url_encoded(count)),
                (MULTIPART, multipart(count)),
            ] {
                let read = read(content_type, body.as_bytes());
                assert_eq!(read.is_ok(), is_read, "{content_type} {count}");
            }
        }
    }
}
