//! The Content-Type field (RFC 2045 5.1), and parameters as it and Content-Disposition have them.
//!
//! ```
//! use mailseal::mime::content_type::ContentType;
//!
//! let it = ContentType::parse(b"Multipart/Mixed; boundary=\"a b\" (comment)").unwrap();
//! assert!(it.is("multipart", "mixed"));
//! assert_eq!(it.boundary().unwrap().unwrap(), b"a b");
//! ```
//!
//! # Not supported
//!
//! Percent-decoding a boundary in RFC 2231 form: no mailer writes one, and readers disagree.

/// A media type with its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentType {
    /// Such as `text`, in lower case.
    pub media_type: String,
    /// Such as `plain`, in lower case.
    pub subtype: String,
    /// In the order they stand.
    pub parameters: Vec<Parameter>,
}

/// One parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// The attribute in lower case, with the asterisks of RFC 2231 it may have.
    pub name: String,
    /// The value without its quotes and backslashes.
    pub value: Vec<u8>,
}

/// More than one boundary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ambiguous;

impl ContentType {
    /// Reads an unfolded field value; `None` when there is no type/subtype in it.
    pub fn parse(value: &[u8]) -> Option<ContentType> {
        let mut segments = segments(value).into_iter();
        let essence = without_comments(segments.next()?);
        let essence = std::str::from_utf8(&essence).ok()?;
        let (media_type, subtype) = essence.split_once('/')?;
        let (media_type, subtype) = (token(media_type)?, token(subtype)?);
        Some(ContentType {
            media_type,
            subtype,
            parameters: segments.filter_map(Parameter::parse).collect(),
        })
    }

    /// Whether it is this type, written in lower case.
    pub fn is(&self, media_type: &str, subtype: &str) -> bool {
        self.media_type == media_type && self.subtype == subtype
    }

    /// `type/subtype`.
    pub fn essence(&self) -> String {
        format!("{}/{}", self.media_type, self.subtype)
    }

    /// The value of the first parameter of this name.
    pub fn parameter(&self, name: &str) -> Option<&[u8]> {
        let found = self.parameters.iter().find(|one| one.name == name)?;
        Some(&found.value)
    }

    /// The boundary, `None` when there is none that could delimit anything.
    ///
    /// Two of them, or a plain one beside one in the form of RFC 2231, are ambiguous.
    pub fn boundary(&self) -> Result<Option<Vec<u8>>, Ambiguous> {
        let mut found = self.parameters.iter().filter(|one| {
            let base = one.name.split('*').next();
            base == Some("boundary")
        });
        let Some(first) = found.next() else {
            return Ok(None);
        };
        let is_section = |one: &Parameter, number: usize| {
            let name = one.name.strip_suffix('*').unwrap_or(&one.name);
            name == format!("boundary*{number}")
        };
        let mut boundary = first.value.clone();
        let mut is_extended = first.name.ends_with('*');
        for (index, next) in (1..).zip(found) {
            // RFC 2231 3: continuations, numbered from 0, each extended (section 4.1) or not.
            if !is_section(first, 0) || !is_section(next, index) {
                return Err(Ambiguous);
            }
            is_extended |= next.name.ends_with('*');
            boundary.extend_from_slice(&next.value);
        }
        boundary.truncate(boundary.trim_ascii_end().len());
        let usable = !boundary.is_empty()
            && boundary.len() <= 900
            && boundary.iter().all(|byte| matches!(byte, b' '..=b'~'))
            && !is_extended
            && matches!(&first.name[..], "boundary" | "boundary*0");
        Ok(usable.then_some(boundary))
    }
}

impl Parameter {
    /// Reads `attribute=value`. A value without quotes extends to the end, whatever is in it:
    /// mailers leave out quotes around what RFC 2045 5.1 wants quoted.
    pub fn parse(segment: &[u8]) -> Option<Parameter> {
        let segment = without_comments(segment);
        let equals = memchr::memchr(b'=', &segment)?;
        let name = std::str::from_utf8(&segment[..equals]).ok()?;
        let value = segment[equals + 1..].trim_ascii();
        Some(Parameter {
            name: token(name)?,
            value: match value.strip_prefix(b"\"") {
                Some(quoted) => unquote(quoted),
                None => value.to_vec(),
            },
        })
    }
}

/// Splits a structured value at its semicolons, those in quotes and comments left alone.
pub fn segments(value: &[u8]) -> Vec<&[u8]> {
    let mut scan = Scan::default();
    let mut segments = Vec::new();
    let mut begin = 0;
    for (index, &byte) in value.iter().enumerate() {
        if scan.step(byte) == Place::Outside && byte == b';' {
            segments.push(&value[begin..index]);
            begin = index + 1;
        }
    }
    segments.push(&value[begin..]);
    segments
}

/// A structured value with each comment (RFC 5322 3.2.2) replaced by a space.
pub fn without_comments(value: &[u8]) -> Vec<u8> {
    let mut scan = Scan::default();
    let mut bare = Vec::with_capacity(value.len());
    for &byte in value {
        match scan.step(byte) {
            Place::Comment if bare.last() != Some(&b' ') => bare.push(b' '),
            Place::Comment => {}
            Place::Outside | Place::Quoted => bare.push(byte),
        }
    }
    bare
}

fn token(text: &str) -> Option<String> {
    let text = text.trim();
    let is_token = |byte: u8| byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&byte);
    (!text.is_empty() && text.bytes().all(is_token)).then(|| text.to_ascii_lowercase())
}

/// What follows an opening quote, up to the closing one if there is one.
fn unquote(quoted: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(quoted.len());
    let mut bytes = quoted.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => break,
            b'\\' => value.extend(bytes.next()),
            _ => value.push(byte),
        }
    }
    value
}

/// Where an octet of a structured value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Outside,
    Quoted,
    Comment,
}

/// Follows quotes, comments and backslashes through a structured value.
#[derive(Debug, Default)]
pub(super) struct Scan {
    comments: usize,
    quoted: bool,
    escaped: bool,
}

impl Scan {
    /// Takes one octet and says where it stands; quotes and parentheses are part of what they
    /// enclose.
    pub(super) fn step(&mut self, byte: u8) -> Place {
        let escaped = std::mem::take(&mut self.escaped);
        let inside = self.comments > 0 || self.quoted;
        let place = match (self.comments, self.quoted, byte) {
            (1.., _, _) | (0, false, b'(') => Place::Comment,
            (0, true, _) | (0, false, b'"') => Place::Quoted,
            _ => Place::Outside,
        };
        match byte {
            _ if escaped => {}
            b'\\' => self.escaped = inside,
            b'"' if self.comments == 0 => self.quoted = !self.quoted,
            b'(' if !self.quoted => self.comments += 1,
            b')' if !self.quoted => self.comments = self.comments.saturating_sub(1),
            _ => {}
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boundary(value: &str) -> Result<Option<String>, Ambiguous> {
        let content_type = ContentType::parse(value.as_bytes()).unwrap();
        let boundary = content_type.boundary()?;
        Ok(boundary.map(|it| String::from_utf8(it).unwrap()))
    }

    #[test]
    fn types_are_read_as_mailers_write_them() {
        for (value, essence) in [
            ("text/plain", Some("text/plain")),
            (" TEXT / Html;charset=x", Some("text/html")),
            ("(c;\"/) text/(x)plain ; a=b", Some("text/plain")),
            ("text", None),
            ("", None),
            ("/plain", None),
            ("te xt/plain", None),
        ] {
            let found = ContentType::parse(value.as_bytes());
            assert_eq!(found.map(|it| it.essence()).as_deref(), essence, "{value}");
        }
    }

    #[test]
    fn boundaries_are_found() {
        for (value, expected) in [
            ("multipart/mixed; boundary=abc", Some("abc")),
            (
                "multipart/mixed; charset=\"a;b\"; BOUNDARY=\"a\\\"b \"",
                Some("a\"b"),
            ),
            (
                "multipart/mixed; boundary=----=_Part/1 (x)",
                Some("----=_Part/1"),
            ),
            ("multipart/mixed; boundary=\"open", Some("open")),
            (
                "multipart/mixed; boundary*0=a; boundary*1=\"b\"",
                Some("ab"),
            ),
            ("multipart/mixed; boundary=\"\"", None),
            ("multipart/mixed; boundary*=us-ascii''a", None),
            (
                "multipart/mixed; boundary*0*=us-ascii''a; boundary*1=b",
                None,
            ),
            ("multipart/mixed; boundary*0=a; boundary*1*=b", None),
            ("multipart/mixed", None),
        ] {
            assert_eq!(boundary(value).unwrap().as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn twin_boundaries_are_ambiguous() {
        for twins in [
            "boundary=a; boundary=a",
            "boundary=a; boundary*=us-ascii''b",
            "boundary*0*=us-ascii''a; boundary*0*=us-ascii''a",
            "boundary*=us-ascii''a; boundary*1*=b",
        ] {
            let value = format!("multipart/mixed; {twins}");
            assert_eq!(boundary(&value), Err(Ambiguous));
        }
        assert_eq!(
            boundary("multipart/mixed; boundary*0=a; boundary*2=b"),
            Err(Ambiguous)
        );
    }
}
