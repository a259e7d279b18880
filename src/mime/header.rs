//! Header fields (RFC 5322 2.2), and the header that stays outside the seal.
//!
//! Fields keep the octets they came with: what is signed by DKIM, or was by somebody before us,
//! stays as it was, folding and odd case included. Only line ends become CRLF.
//!
//! ```
//! use mailseal::mime::Header;
//!
//! let header = Header::split(b"SUBJECT: two\n  lines\nTo: b@example.com\n", 1);
//! assert_eq!(header.first("subject").unwrap().value(), "two  lines");
//! ```

use std::io::{self, Write};
use std::sync::Arc;

use jiff::fmt::rfc2822::DateTimeParser;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::Error;
use crate::address::Address;

/// One field, folded as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Name, colon, value, each line with CRLF.
    raw: Vec<u8>,
    name_length: usize,
    line: u64,
}

impl Field {
    /// A field of our own in one line.
    ///
    /// # Errors
    ///
    /// [`Error::FieldValue`] for a name that is none, and for a value with control characters: a
    /// line end in it would begin another field.
    pub fn new(name: &str, value: &str) -> Result<Field, Error> {
        Field::folded(name, &[value])
    }

    /// A field of our own, folded (RFC 5322 2.2.3) between these pieces, each of which begins a
    /// line after a space.
    ///
    /// # Errors
    ///
    /// As for [`new`](Field::new).
    pub fn folded(name: &str, pieces: &[&str]) -> Result<Field, Error> {
        let length = field_name(format!("{name}:").as_bytes());
        let is_control = |piece: &&str| piece.chars().any(char::is_control);
        if length != Some(name.len()) || pieces.iter().any(is_control) {
            return Err(Error::FieldValue {
                name: name.to_owned(),
                value: pieces.join(" "),
            });
        }
        Ok(Field::trusted(name, &pieces.join("\r\n ")))
    }

    fn trusted(name: &str, value: &str) -> Field {
        Field {
            raw: format!("{name}: {value}\r\n").into_bytes(),
            name_length: name.len(),
            line: 0,
        }
    }

    /// The name as it was written.
    pub fn name(&self) -> &str {
        // `field_name` lets only ASCII pass.
        std::str::from_utf8(&self.raw[..self.name_length]).unwrap_or_default()
    }

    /// Whether it has this name, in any case.
    pub fn is(&self, name: &str) -> bool {
        self.raw[..self.name_length].eq_ignore_ascii_case(name.as_bytes())
    }

    /// The value unfolded (RFC 5322 2.2.3), without white space around it.
    pub fn value_bytes(&self) -> Vec<u8> {
        let value = self.raw_value().trim_ascii();
        let mut unfolded = Vec::with_capacity(value.len());
        unfolded.extend(value.iter().filter(|byte| !matches!(byte, b'\r' | b'\n')));
        unfolded
    }

    /// The same as text; octets that are not UTF-8 become U+FFFD.
    pub fn value(&self) -> String {
        String::from_utf8_lossy(&self.value_bytes()).into_owned()
    }

    /// What follows the colon, folding and last line end included.
    pub fn raw_value(&self) -> &[u8] {
        let colon = memchr::memchr(b':', &self.raw).unwrap_or(self.name_length);
        &self.raw[(colon + 1).min(self.raw.len())..]
    }

    /// The whole field, CRLF after each of its lines.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The value as a date and time (RFC 5322 3.3), if it is one.
    pub(super) fn time(&self) -> Option<Timestamp> {
        // A wrong day of the week does not make the time unknown.
        let parser = DateTimeParser::new().relaxed_weekday(true);
        parser.parse_timestamp(self.value_bytes()).ok()
    }

    /// The line of the message it begins in; 0 for a field of our own.
    pub fn line(&self) -> u64 {
        self.line
    }
}

/// The length of the field name that a line begins with: printable ASCII up to a colon, before
/// which RFC 5322 4.5 lets white space stand.
pub fn field_name(line: &[u8]) -> Option<usize> {
    let is_name = |byte: &u8| matches!(byte, 33..=126) && *byte != b':';
    let length = line.iter().take_while(|byte| is_name(byte)).count();
    let rest = line[length..].trim_ascii_start();
    (length > 0 && rest.first() == Some(&b':')).then_some(length)
}

/// The fields of a message or part in their order. A copy shares them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Header {
    fields: Arc<[Field]>,
}

impl Header {
    /// Splits a header block that begins at `first_line`. Lines that are neither field nor
    /// continuation are passed over: [`parse`](super::parse) has judged them.
    pub fn split(block: &[u8], first_line: u64) -> Header {
        let mut fields: Vec<Field> = Vec::new();
        for (line, text) in (first_line..).zip(block.split_inclusive(|&byte| byte == b'\n')) {
            let text = text.strip_suffix(b"\n").unwrap_or(text);
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            let field = match (text.first(), fields.last_mut()) {
                (Some(b' ' | b'\t'), Some(field)) => field,
                _ => {
                    let Some(name_length) = field_name(text) else {
                        continue;
                    };
                    fields.push(Field {
                        raw: Vec::with_capacity(text.len() + 2),
                        name_length,
                        line,
                    });
                    fields.last_mut().expect("one was pushed just now")
                }
            };
            field.raw.extend_from_slice(text);
            field.raw.extend_from_slice(b"\r\n");
        }
        Header::from_fields(fields)
    }

    /// A header of these fields.
    pub fn from_fields(fields: Vec<Field>) -> Header {
        Header {
            fields: fields.into(),
        }
    }

    /// All fields.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// All fields of a name, in any case.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Field> + 'a {
        self.fields.iter().filter(move |field| field.is(name))
    }

    /// The first field of a name.
    pub fn first(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.is(name))
    }

    /// The only field of a name that may occur once.
    pub fn only(&self, name: &'static str) -> Result<Option<&Field>, Error> {
        let mut found = self.all(name);
        let first = found.next();
        match found.next() {
            Some(second) => Err(Error::DuplicateField {
                name,
                line: second.line,
            }),
            None => Ok(first),
        }
    }
}

/// The header in front of the sealed entity: all fields of the message but Content-*,
/// MIME-Version and Bcc, and those that sealing and submission add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OuterHeader {
    fields: Vec<Field>,
}

impl OuterHeader {
    pub(super) fn new(fields: Vec<Field>) -> OuterHeader {
        OuterHeader { fields }
    }

    /// All fields.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The first field of a name, in any case.
    pub fn first(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.is(name))
    }

    /// Puts a field in place of all others of its name, where the first of them stood, or last.
    pub fn set(&mut self, field: Field) {
        let place = self.fields.iter().position(|old| old.is(field.name()));
        self.fields.retain(|old| !old.is(field.name()));
        let place = place.unwrap_or(self.fields.len());
        self.fields.insert(place, field);
    }

    /// RFC 2045 4: a message with MIME fields says `MIME-Version: 1.0`, once.
    pub fn set_mime_version(&mut self) {
        self.set(Field::trusted("MIME-Version", "1.0"));
    }

    /// Sets Date where it is missing, unreadable, or more than an hour away from the signing time:
    /// Thunderbird takes such a signature for invalid.
    pub fn refresh_date(&mut self, signing_time: Timestamp) {
        let mut dates = self
            .fields
            .iter()
            .filter(|field| field.is("Date"))
            .peekable();
        let missing = dates.peek().is_none();
        if missing || dates.any(|field| !is_near(field, signing_time)) {
            self.set(date(signing_time));
        }
    }

    /// Sets Date where it is missing (RFC 6409 8.2: a submission server may).
    pub fn ensure_date(&mut self, now: Timestamp) {
        if self.first("Date").is_none() {
            self.set(date(now));
        }
    }

    /// Sets Message-ID where it is missing or empty: 128 random bits at the sender's domain.
    pub fn ensure_message_id(&mut self, from: &Address) {
        let present = self.first("Message-ID").map(Field::value_bytes);
        if present.is_none_or(|value| value.is_empty()) {
            let unique = rand::random::<u128>();
            let value = format!("<{unique:032x}@{}>", from.domain());
            self.set(Field::trusted("Message-ID", &value));
        }
    }

    /// Writes the fields; what follows is the entity, which begins with fields of its own.
    pub fn write_to(&self, out: &mut dyn Write) -> io::Result<()> {
        self.fields
            .iter()
            .try_for_each(|field| out.write_all(&field.raw))
    }
}

fn is_near(date: &Field, signing_time: Timestamp) -> bool {
    date.time().is_some_and(|time| {
        time.duration_since(signing_time).abs() <= SignedDuration::from_hours(1)
    })
}

fn date(time: Timestamp) -> Field {
    // UTC within jiff's range always prints; the number of seconds would be no date at all.
    let zoned = time.to_zoned(TimeZone::UTC);
    let value = jiff::fmt::rfc2822::to_string(&zoned)
        .unwrap_or_else(|_| zoned.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string());
    Field::trusted("Date", &value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: &str = "2026-03-05T12:00:00Z";

    fn outer(text: &str) -> OuterHeader {
        OuterHeader::new(Header::split(text.as_bytes(), 1).fields.to_vec())
    }

    fn text(header: &OuterHeader) -> String {
        let mut out = Vec::new();
        header.write_to(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn folding_and_case_stay_and_line_ends_become_crlf() {
        let header = outer("SuBject : a\n\tb\r\nX:\nY: \n c\n");
        assert_eq!(text(&header), "SuBject : a\r\n\tb\r\nX:\r\nY: \r\n c\r\n");
        let subject = header.first("subject").unwrap();
        assert_eq!(
            (subject.name(), subject.value().as_str()),
            ("SuBject", "a\tb")
        );
        assert_eq!(header.first("x").unwrap().value(), "");
        assert_eq!(header.first("y").unwrap().line(), 4);
    }

    #[test]
    fn date_is_refreshed_only_when_an_hour_away() {
        let now: Timestamp = NOON.parse().unwrap();
        for (date, kept) in [
            ("Thu, 5 Mar 2026 11:00:00 +0000", true),
            ("Thu, 5 Mar 2026 10:59:59 +0000", false),
            ("Thu, 5 Mar 2026 13:00:00 GMT", true),
            ("5 Mar 26 07:30 EST (lunch (late))", true),
            ("Mon, 5 Mar 2026 14:30:00 +0200", true),
            ("Fri, 6 Mar 2026 12:00:00 +0000", false),
            ("yesterday", false),
            ("", false),
        ] {
            let mut header = outer(&format!("Date: {date}\nX: y\n"));
            let before = text(&header);
            header.refresh_date(now);
            let fresh = "Date: Thu, 5 Mar 2026 12:00:00 +0000\r\nX: y\r\n";
            let expected = if kept { &before } else { fresh };
            assert_eq!(text(&header), expected, "{date}");
        }
        let mut header = outer("X: y\n");
        header.refresh_date(now);
        header.ensure_date(NOON.replace("2026", "2027").parse().unwrap());
        assert_eq!(
            text(&header),
            "X: y\r\nDate: Thu, 5 Mar 2026 12:00:00 +0000\r\n"
        );
    }

    #[test]
    fn message_id_is_added_once_at_the_senders_domain() {
        let from = Address::parse("a@example.com").unwrap();
        let mut header = outer("Message-Id: <kept@x>\n");
        header.ensure_message_id(&from);
        assert_eq!(text(&header), "Message-Id: <kept@x>\r\n");
        let mut header = outer("Message-ID: \nX: y\n");
        header.ensure_message_id(&from);
        let first = text(&header);
        assert!(first.starts_with("Message-ID: <") && first.contains("@example.com>\r\nX: y"));
        header.ensure_message_id(&from);
        assert_eq!(text(&header), first);
    }

    #[test]
    fn mime_version_is_there_once() {
        let mut header = outer("A: 1\nMime-Version: 2.0\nB: 2\nMIME-VERSION: x\n");
        header.set_mime_version();
        assert_eq!(text(&header), "A: 1\r\nMIME-Version: 1.0\r\nB: 2\r\n");
    }

    #[test]
    fn no_field_of_ours_carries_another() {
        assert!(Field::new("X-MSYS-API", "{\"a\": 1}").is_ok());
        let folded = Field::folded("X", &["a,", "b"]).unwrap();
        assert_eq!(folded.raw(), b"X: a,\r\n b\r\n");
        assert_eq!(folded.value(), "a, b");
        for (name, value) in [
            ("Subject", "a\r\nBcc: eve@example.com"),
            ("Subject", "a\nb"),
            ("Subject", "a\0"),
            ("Sub ject", "a"),
            ("Sub:ject", "a"),
            ("", "a"),
        ] {
            assert!(Field::new(name, value).is_err(), "{name:?}: {value:?}");
        }
    }
}
