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
        let sections = sections(&self.parameters, "boundary")?;
        let Some(first) = sections.first() else {
            return Ok(None);
        };
        let is_extended = sections.iter().any(|one| one.name.ends_with('*'));
        let mut boundary: Vec<u8> = sections.iter().flat_map(|one| one.value.clone()).collect();
        boundary.truncate(boundary.trim_ascii_end().len());
        let usable = !boundary.is_empty()
            && boundary.len() <= 900
            && boundary.iter().all(|byte| matches!(byte, b' '..=b'~'))
            && !is_extended
            && matches!(&first.name[..], "boundary" | "boundary*0");
        Ok(usable.then_some(boundary))
    }
}

/// The only value of a parameter: what RFC 2231 divides or encodes is put together and decoded.
/// Its character set is not looked at.
///
/// # Errors
///
/// [`Ambiguous`] when there are several, of the same form or of different ones.
pub fn only(parameters: &[Parameter], name: &str) -> Result<Option<Vec<u8>>, Ambiguous> {
    let sections = sections(parameters, name)?;
    let decoded = sections.iter().enumerate();
    let decoded = decoded.flat_map(|(index, section)| section.decoded(index == 0));
    Ok((!sections.is_empty()).then(|| decoded.collect()))
}

/// The parameters that together are the one of this name: one, or the continuations of RFC 2231 3,
/// numbered from 0, each extended (section 4.1) or not.
fn sections<'a>(parameters: &'a [Parameter], name: &str) -> Result<Vec<&'a Parameter>, Ambiguous> {
    let found: Vec<_> = parameters.iter().filter(|one| one.base() == name).collect();
    let is_section = |(number, one): (usize, &&Parameter)| {
        let section = one.name.strip_suffix('*').unwrap_or(&one.name);
        section == format!("{name}*{number}")
    };
    match found.len() < 2 || found.iter().enumerate().all(is_section) {
        true => Ok(found),
        false => Err(Ambiguous),
    }
}

/// Whether all readers find the same boundary in a Content-Type. They part ways over white space,
/// comments and quotes in the middle of one, over backslashes and encoded words, over white space
/// at its end (RFC 2046 5.1.1 forbids it), and over what looks like a parameter in a comment.
pub fn has_plain_boundary(value: &[u8]) -> bool {
    let mut scan = Scan::default();
    let hides = |&byte: &u8| scan.step(byte) == Place::Comment && matches!(byte, b';' | b'=');
    if value.iter().any(hides) {
        return false;
    }
    let mut segments = segments(value).into_iter().skip(1);
    segments.all(|segment| {
        let is_boundary = Parameter::parse(segment).is_some_and(|it| it.base() == "boundary");
        let equals = memchr::memchr(b'=', segment).filter(|_| is_boundary);
        equals.is_none_or(|equals| is_plain(segment[equals + 1..].trim_ascii()))
    })
}

fn is_plain(boundary: &[u8]) -> bool {
    let bare = match boundary.strip_prefix(b"\"") {
        Some(open) => match open.strip_suffix(b"\"") {
            Some(quoted) => quoted,
            None => return false,
        },
        None if boundary.iter().any(|byte| b" \t()".contains(byte)) => return false,
        None => boundary,
    };
    let is_encoded_word = bare.starts_with(b"=?") && bare.ends_with(b"?=");
    let is_safe = |byte: &u8| matches!(byte, b' '..=b'~') && !b"\"\\".contains(byte);
    bare.iter().all(is_safe) && bare.last() != Some(&b' ') && !is_encoded_word
}

impl Parameter {
    /// The name without the asterisks of RFC 2231.
    pub fn base(&self) -> &str {
        self.name.split('*').next().unwrap_or_default()
    }

    /// The value with its percent signs decoded, if it is extended (RFC 2231 4); the first section
    /// then begins with the character set and the language.
    pub fn decoded(&self, is_first: bool) -> Vec<u8> {
        if !self.name.ends_with('*') {
            return self.value.clone();
        }
        let mut quotes = memchr::memchr_iter(b'\'', &self.value);
        let text = match (is_first, quotes.nth(1)) {
            (true, Some(second)) => &self.value[second + 1..],
            _ => &self.value[..],
        };
        let mut decoded = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some((&byte, after)) = rest.split_first() {
            let digits = after.get(..2).filter(|_| byte == b'%');
            let hexadecimal =
                |it: &[u8]| u8::from_str_radix(std::str::from_utf8(it).ok()?, 16).ok();
            let octet = digits.filter(|it| it[0] != b'+').and_then(hexadecimal);
            rest = if octet.is_some() { &after[2..] } else { after };
            decoded.push(octet.unwrap_or(byte));
        }
        decoded
    }

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

    #[test]
    fn only_one_value_is_unambiguous() {
        let value = |text: &str| {
            let found = ContentType::parse(format!("a/b; {text}").as_bytes()).unwrap();
            let value = only(&found.parameters, "protocol")?;
            Ok(value.map(|it| String::from_utf8(it).unwrap()))
        };
        for (text, expected) in [
            ("x=y", None),
            ("protocol=a", Some("a")),
            ("protocol*=us-ascii''a%2Fb%zz%+1%", Some("a/b%zz%+1%")),
            ("protocol*=a%2fb", Some("a/b")),
            (
                "protocol*0*=utf-8'en'a%2F; protocol*1=\"%2F\"",
                Some("a/%2F"),
            ),
            (
                "protocol*0=a; protocol*1=b; x=y; protocol*2*=%27",
                Some("ab'"),
            ),
        ] {
            assert_eq!(value(text), Ok(expected.map(str::to_owned)), "{text}");
        }
        for text in [
            "protocol=a; protocol=a",
            "protocol=a; protocol*=us-ascii''a",
            "protocol=a; protocol*0=a",
            "protocol*0=a; protocol*0=b",
            "protocol*0=a; protocol*2=b",
            "protocol*1=a; protocol*0=b",
        ] {
            assert_eq!(value(text), Err(Ambiguous), "{text}");
        }
    }

    #[test]
    fn boundaries_that_readers_disagree_about_are_not_plain() {
        for (plain, value) in [
            (true, "boundary=abc"),
            (true, "boundary=\"a b\""),
            (true, "boundary=----=_Part/1:2?"),
            (true, "boundary=\"(a)\"; (comment) x=\"a (b\\\" c\""),
            (false, "boundary=\"(a)\" (comment)"),
            (true, "x=\"; boundary=a b\"; Boundary = \"a\""),
            (true, "boundary*0=a; boundary*1=b"),
            (false, "boundary=a b"),
            (false, "boundary=a, boundary=b"),
            (false, "boundary=a(b)"),
            (false, "boundary=a\"b\""),
            (false, "boundary=\"a\"b"),
            (false, "boundary=\"a\" \"b\""),
            (false, "boundary=\"a"),
            (false, "boundary=\"a\\b\""),
            (false, "boundary=\"a \""),
            (false, "boundary=\"a\tb\""),
            (false, "boundary=\"=?us-ascii?Q?a?=\""),
            (false, "boundary=a; x=y (; boundary=b)"),
            (false, "boundary*0=a; boundary*1=\"b"),
        ] {
            let value = format!("multipart/signed; {value}");
            assert_eq!(has_plain_boundary(value.as_bytes()), plain, "{value}");
        }
    }
}
