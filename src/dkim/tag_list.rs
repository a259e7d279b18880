//! Tag lists (RFC 6376 3.2): what a DKIM-Signature field and a key record consist of.

use std::collections::BTreeMap;
use std::ops::Range;

/// The tags of a list by their names, which are case-sensitive.
#[derive(Debug)]
pub(super) struct TagList<'a> {
    text: &'a str,
    /// Where each value is: all that stands between the equals sign and the semicolon.
    values: BTreeMap<&'a str, Range<usize>>,
    first: &'a str,
}

/// What is no tag list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Octets that are not UTF-8.
    #[error("its octets are no text")]
    NotText,
    /// Something between two semicolons that has no equals sign.
    #[error("\"{0}\" is no tag with a value")]
    NoValue(String),
    /// Something before an equals sign that is no name.
    #[error("\"{0}\" is no name of a tag")]
    Name(String),
    /// RFC 6376 3.2: tags with duplicate names MUST NOT occur within a single tag-list.
    #[error("the tag {0}= occurs twice")]
    Twice(String),
    /// A control character in a value.
    #[error("the value of {0}= has a control character")]
    Control(String),
    /// No tags.
    #[error("there is no tag in it")]
    Empty,
}

impl<'a> TagList<'a> {
    /// Reads a list. Nothing between two semicolons is let pass: real records have it.
    pub(super) fn parse(octets: &'a [u8]) -> Result<TagList<'a>, Error> {
        let text = std::str::from_utf8(octets).map_err(|_| Error::NotText)?;
        let mut values = BTreeMap::new();
        let mut first = None;
        let mut start = 0;
        for piece in text.split(';') {
            let end = start + piece.len();
            if !piece.trim_matches(is_folding).is_empty() {
                let (name, value) = tag(piece)?;
                if values.insert(name, end - value.len()..end).is_some() {
                    return Err(Error::Twice(excerpt(name)));
                }
                first.get_or_insert(name);
            }
            start = end + 1;
        }
        Ok(TagList {
            text,
            values,
            first: first.ok_or(Error::Empty)?,
        })
    }

    /// The name of the first tag.
    pub(super) fn first(&self) -> &'a str {
        self.first
    }

    /// The value of a tag, without white space around it.
    pub(super) fn value(&self, name: &str) -> Option<&'a str> {
        let range = self.values.get(name)?;
        Some(self.text[range.clone()].trim_matches(is_folding))
    }

    /// The items of a colon-separated value, without white space around each.
    pub(super) fn items(&self, name: &str) -> Option<impl Iterator<Item = &'a str>> {
        let value = self.value(name)?;
        Some(value.split(':').map(|item| item.trim_matches(is_folding)))
    }

    /// The octets of a base64 value, in which white space has no meaning.
    pub(super) fn base64(&self, name: &str) -> Option<Result<Vec<u8>, base64_simd::Error>> {
        let value = self.value(name)?;
        Some(base64_simd::forgiving_decode_to_vec(value.as_bytes()))
    }

    /// Where in the text the value of a tag is, with all white space around it.
    pub(super) fn place(&self, name: &str) -> Option<Range<usize>> {
        self.values.get(name).cloned()
    }
}

/// White space and what folds lines (FWS).
pub(super) fn is_folding(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// The beginning of what a stranger wrote, for an error.
pub(super) fn excerpt(text: &str) -> String {
    const MOST: usize = 40;
    let text = text.trim_matches(is_folding);
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn tag(piece: &str) -> Result<(&str, &str), Error> {
    let (name, value) = piece
        .split_once('=')
        .ok_or_else(|| Error::NoValue(excerpt(piece)))?;
    let name = name.trim_matches(is_folding);
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !is_name {
        return Err(Error::Name(excerpt(name)));
    }
    if value.chars().any(|c| c.is_control() && !is_folding(c)) {
        return Err(Error::Control(excerpt(name)));
    }
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_their_names() {
        let list =
            TagList::parse(b" v = 1;a=rsa-sha256 ;\r\n\tb = ab\r\n cdef== ; X_1=;;").unwrap();
        assert_eq!(list.first(), "v");
        assert_eq!(list.value("v"), Some("1"));
        assert_eq!(list.value("a"), Some("rsa-sha256"));
        assert_eq!(list.value("X_1"), Some(""));
        assert_eq!(list.value("x_1"), None);
        assert_eq!(list.base64("b").unwrap().unwrap(), [0x69, 0xb7, 0x1d, 0x79]);
        assert_eq!(list.place("b"), Some(27..40));
        let list = TagList::parse("h = From : To:\r\n Subject; i=zoë@example.com".as_bytes());
        let list = list.unwrap();
        let items: Vec<&str> = list.items("h").unwrap().collect();
        assert_eq!(items, ["From", "To", "Subject"]);
        assert_eq!(list.value("i"), Some("zoë@example.com"));
    }

    #[test]
    fn what_readers_may_disagree_about_is_refused() {
        for (text, message) in [
            (&b""[..], "there is no tag in it"),
            (b" ; ;", "there is no tag in it"),
            (b"v=1; a=b; v=1", "the tag v= occurs twice"),
            (b"v=1; ab", "\"ab\" is no tag with a value"),
            (b"v=1; =ab", "\"\" is no name of a tag"),
            (b"v=1; a b=c", "\"a b\" is no name of a tag"),
            (b"v=1; 1a=c", "\"1a\" is no name of a tag"),
            (b"v=1; a=b\0c", "the value of a= has a control character"),
            (b"v=1; a=b\xffc", "its octets are no text"),
        ] {
            assert_eq!(TagList::parse(text).unwrap_err().to_string(), message);
        }
        let long = format!("v=1; {}=", "ä".repeat(100_000));
        let error = TagList::parse(long.as_bytes()).unwrap_err().to_string();
        assert!(error.chars().count() < 80, "{error}");
    }
}
