//! Header fields inside the entity, made 7-bit: encoded words (RFC 2047) in text, display names
//! and comments, extended parameters (RFC 2231) in Content-Type and Content-Disposition.
//!
//! A field that is 7-bit already keeps every octet. Octets that are not UTF-8 are called
//! ISO-8859-1, which has a character for each.
//!
//! ```
//! use mailseal::mime::{Header, seven_bit};
//!
//! let header = Header::split("Subject: to Zoë\nContent-Type: a/b; name=\"ö.pdf\"\n".as_bytes(), 1);
//! let mut out = Vec::new();
//! for field in header.fields() {
//!     seven_bit::write_field(field, &mut out).unwrap();
//! }
//! assert_eq!(
//!     String::from_utf8(out).unwrap(),
//!     "Subject: to =?utf-8?B?Wm/Dqw==?=\r\nContent-Type: a/b; name*=utf-8''%C3%B6.pdf\r\n"
//! );
//! ```
//!
//! # Not supported
//!
//! Addresses with a non-ASCII local part in the header of an embedded message: no 7-bit form of
//! them exists (RFC 6857 lists what can be lost); they become encoded words.

use std::collections::HashSet;

use super::Error;
use super::content_type::{Parameter, Place, Scan, segments};
use super::header::Field;
use super::lines::LONGEST_LINE;

/// RFC 5322 2.1.1: lines should have at most 78 characters; RFC 2047 2 says 76 for ours.
const COLUMNS: usize = 76;

/// RFC 2047 2: an encoded word has at most 75 characters. This many octets make one of 64, which
/// stands behind most field names without a fold.
const WORD: usize = 39;

/// What an extended parameter holds before it is continued (RFC 2231 3).
const PARAMETER: usize = 54;

/// RFC 5322 3.6.2, 3.6.3 and 3.6.6, with those of delivery reports and read receipts.
const ADDRESS_FIELDS: &[&str] = &[
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "bcc",
    "resent-from",
    "resent-sender",
    "resent-to",
    "resent-cc",
    "resent-bcc",
    "resent-reply-to",
    "return-path",
    "disposition-notification-to",
    "return-receipt-to",
    "errors-to",
];

/// Whether a field is 7-bit, its lines short enough for every relay.
pub fn is_seven_bit(field: &Field) -> bool {
    field.raw().is_ascii() && lines_fit(field.raw())
}

/// Appends a field in its 7-bit form.
///
/// # Errors
///
/// [`Error::UnfoldableField`] when a line stays over 998 octets.
pub fn write_field(field: &Field, out: &mut Vec<u8>) -> Result<(), Error> {
    if is_seven_bit(field) {
        out.extend_from_slice(field.raw());
        return Ok(());
    }
    let value = field.value_bytes();
    let name = field.name().to_ascii_lowercase();
    let mut folded = Folded::new(field.name());
    if matches!(&name[..], "content-type" | "content-disposition") {
        write_parameters(&value, &mut folded);
    } else if ADDRESS_FIELDS.contains(&&name[..]) {
        write_tokens(&address_tokens(&value), charset(&value), &mut folded);
    } else {
        write_tokens(&words(&value), charset(&value), &mut folded);
    }
    let text = folded.finish();
    if !lines_fit(&text) {
        return Err(Error::UnfoldableField {
            name: field.name().to_owned(),
            line: field.line(),
        });
    }
    out.extend_from_slice(&text);
    Ok(())
}

fn lines_fit(text: &[u8]) -> bool {
    let mut lines = text.split(|&byte| byte == b'\n');
    // Each line still has its carriage return.
    lines.all(|line| line.len() as u64 <= LONGEST_LINE + 1)
}

fn charset(value: &[u8]) -> &'static str {
    match std::str::from_utf8(value) {
        Ok(_) => "utf-8",
        Err(_) => "iso-8859-1",
    }
}

/// A field being written, a new line begun where the next word would not fit.
struct Folded {
    text: Vec<u8>,
    line: usize,
}

impl Folded {
    fn new(name: &str) -> Folded {
        Folded {
            text: format!("{name}:").into_bytes(),
            line: 0,
        }
    }

    fn push(&mut self, space: &[u8], word: &[u8]) {
        let column = self.text.len() - self.line;
        if !space.is_empty() && column + space.len() + word.len() > COLUMNS {
            self.text.extend_from_slice(b"\r\n");
            self.line = self.text.len();
        }
        self.text.extend_from_slice(space);
        self.text.extend_from_slice(word);
    }

    fn finish(mut self) -> Vec<u8> {
        self.text.extend_from_slice(b"\r\n");
        self.text
    }
}

/// A word and the white space before it.
struct Token {
    space: Vec<u8>,
    text: Vec<u8>,
    is_comment: bool,
}

impl Token {
    fn is_eight_bit(&self) -> bool {
        !self.text.is_ascii()
    }
}

fn words(value: &[u8]) -> Vec<Token> {
    let mut tokens = Vec::new();
    push_words(value, b" ", &|_| false, &mut tokens);
    tokens
}

/// Splits text at white space, and takes each special character for a word of its own.
fn push_words(
    mut text: &[u8],
    first_space: &[u8],
    is_special: &dyn Fn(u8) -> bool,
    tokens: &mut Vec<Token>,
) {
    let is_space = |byte: u8| matches!(byte, b' ' | b'\t');
    let mut lead = first_space.to_vec();
    while !text.is_empty() {
        let space = text.iter().take_while(|&&byte| is_space(byte)).count();
        lead.extend_from_slice(&text[..space]);
        text = &text[space..];
        let ends = |&byte: &u8| is_space(byte) || is_special(byte);
        let length = match text.first() {
            None => break,
            Some(&byte) if is_special(byte) => 1,
            Some(_) => text.iter().position(ends).unwrap_or(text.len()),
        };
        tokens.push(Token {
            space: std::mem::take(&mut lead),
            text: text[..length].to_vec(),
            is_comment: false,
        });
        text = &text[length..];
    }
}

/// Splits an address list (RFC 5322 3.4) into words, quoted strings, comments and specials.
fn address_tokens(value: &[u8]) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut scan = Scan::default();
    let places: Vec<Place> = value.iter().map(|&byte| scan.step(byte)).collect();
    let mut space: &[u8] = b" ";
    let mut begin = 0;
    for run in places.chunk_by(|a, b| a == b) {
        let text = &value[begin..begin + run.len()];
        begin += run.len();
        if run[0] == Place::Outside {
            let content = text.trim_ascii_end();
            push_words(
                content,
                space,
                &|byte| b"<>,;:@".contains(&byte),
                &mut tokens,
            );
            space = if content.len() < text.len() {
                b" "
            } else {
                b""
            };
            continue;
        }
        let is_comment = run[0] == Place::Comment;
        let text = match (text.is_ascii(), is_comment) {
            (true, _) => text.to_vec(),
            (false, true) => {
                let inner = text.strip_prefix(b"(").unwrap_or(text);
                inner.strip_suffix(b")").unwrap_or(inner).to_vec()
            }
            (false, false) => unquoted(text),
        };
        tokens.push(Token {
            space: std::mem::take(&mut space).to_vec(),
            text,
            is_comment,
        });
    }
    tokens
}

/// The content of quoted strings that stand close together (RFC 5322 3.2.4).
fn unquoted(text: &[u8]) -> Vec<u8> {
    let mut content = Vec::with_capacity(text.len());
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => {}
            b'\\' => content.extend(bytes.next()),
            _ => content.push(byte),
        }
    }
    content
}

/// Writes tokens, those that are not ASCII as encoded words.
fn write_tokens(tokens: &[Token], charset: &str, out: &mut Folded) {
    // White space between encoded words is not displayed (RFC 2047 6.2), so neighbours become
    // one text with the white space in it.
    let mut after_encoded = false;
    for run in tokens
        .chunk_by(|a, b| a.is_eight_bit() && b.is_eight_bit() && !a.is_comment && !b.is_comment)
    {
        let first = &run[0];
        // RFC 2047 5: white space stands around an encoded word.
        let space: &[u8] = match &first.space[..] {
            b"" if first.is_eight_bit() || after_encoded => b" ",
            space => space,
        };
        after_encoded = first.is_eight_bit();
        if !after_encoded {
            out.push(space, &first.text);
            continue;
        }
        let mut text = first.text.clone();
        for token in &run[1..] {
            text.extend_from_slice(&token.space);
            text.extend_from_slice(&token.text);
        }
        let mut words = encoded_words(&text, charset);
        if first.is_comment {
            let last = words.len() - 1;
            words[0].insert(0, '(');
            words[last].push(')');
        }
        for (index, word) in words.iter().enumerate() {
            out.push(if index == 0 { space } else { b" " }, word.as_bytes());
        }
    }
}

/// RFC 2047 4.1; never none, and no character is divided.
fn encoded_words(text: &[u8], charset: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text;
    loop {
        let mut length = rest.len().min(WORD);
        while length > 1 && is_continuation(charset, rest.get(length)) {
            length -= 1;
        }
        let (chunk, after) = rest.split_at(length);
        let coded = base64_simd::STANDARD.encode_to_string(chunk);
        words.push(format!("=?{charset}?B?{coded}?="));
        rest = after;
        if rest.is_empty() {
            return words;
        }
    }
}

/// Whether a character would be divided before this octet.
fn is_continuation(charset: &str, byte: Option<&u8>) -> bool {
    charset == "utf-8" && byte.is_some_and(|byte| byte & 0xC0 == 0x80)
}

fn write_parameters(value: &[u8], out: &mut Folded) {
    let segments = segments(value);
    let names: HashSet<String> = segments
        .iter()
        .filter_map(|segment| Parameter::parse(segment))
        .map(|parameter| parameter.name)
        .collect();
    let last = segments.len() - 1;
    for (index, segment) in segments.iter().enumerate() {
        let segment = segment.trim_ascii();
        let mut pieces = match (segment.is_ascii(), Parameter::parse(segment)) {
            (false, Some(parameter)) if index > 0 => seven_bit_parameter(&parameter, &names),
            _ => vec![replace_eight_bit(segment, b'?')],
        };
        let end = pieces.len() - 1;
        for (place, piece) in pieces.iter_mut().enumerate() {
            if index < last || place < end {
                piece.push(b';');
            }
            out.push(b" ", piece);
        }
    }
}

/// RFC 2231 4, continued (section 3) where it is long.
fn seven_bit_parameter(parameter: &Parameter, names: &HashSet<String>) -> Vec<Vec<u8>> {
    let Parameter { name, value } = parameter;
    if name.contains('*') {
        // Extended already, if wrongly: what stands there is kept and the rest escaped.
        let star = if name.ends_with('*') { "" } else { "*" };
        let value = percent_encoded(value, |byte| byte.is_ascii_graphic() && byte != b';');
        return vec![format!("{name}{star}={}", value.concat()).into_bytes()];
    }
    let twins = [
        format!("{name}*"),
        format!("{name}*0*"),
        format!("{name}*0"),
    ];
    if twins.iter().any(|twin| names.contains(twin)) {
        // The extended form beside it is the one that counts.
        let plain = replace_eight_bit(value, b'_');
        let quoted: Vec<u8> = plain
            .into_iter()
            .flat_map(|byte| match byte {
                b'"' | b'\\' => vec![b'\\', byte],
                _ => vec![byte],
            })
            .collect();
        return vec![[name.as_bytes(), b"=\"", &quoted, b"\""].concat()];
    }
    let is_attribute =
        |byte: u8| byte.is_ascii_graphic() && !b"*'%()<>@,;:\\\"/[]?=".contains(&byte);
    let mut lines = vec![format!("{}''", charset(value))];
    for escaped in percent_encoded(value, is_attribute) {
        match lines.last_mut() {
            Some(line) if line.len() + escaped.len() <= PARAMETER => line.push_str(&escaped),
            _ => lines.push(escaped),
        }
    }
    match &lines[..] {
        [line] => vec![format!("{name}*={line}").into_bytes()],
        _ => (0..)
            .zip(lines)
            .map(|(index, line)| format!("{name}*{index}*={line}").into_bytes())
            .collect(),
    }
}

/// One string a character: readers decode each continuation by itself.
fn percent_encoded(value: &[u8], is_plain: impl Fn(u8) -> bool) -> Vec<String> {
    let charset = charset(value);
    let mut characters: Vec<String> = Vec::new();
    for byte in value {
        let escaped = match is_plain(*byte) {
            true => char::from(*byte).to_string(),
            false => format!("%{byte:02X}"),
        };
        match characters.last_mut() {
            Some(character) if is_continuation(charset, Some(byte)) => character.push_str(&escaped),
            _ => characters.push(escaped),
        }
    }
    characters
}

fn replace_eight_bit(text: &[u8], replacement: u8) -> Vec<u8> {
    let replace = |&byte: &u8| if byte.is_ascii() { byte } else { replacement };
    text.iter().map(replace).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mime::Header;

    fn seven_bit(field: &[u8]) -> String {
        let header = Header::split(field, 1);
        let mut out = Vec::new();
        write_field(&header.fields()[0], &mut out).unwrap();
        assert!(lines_fit(&out));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn golden_fields() {
        for (field, expected) in [
            ("Subject:  as it\n\twas\n", "Subject:  as it\r\n\twas\r\n"),
            (
                "Subject: ä ö und ü\n",
                "Subject: =?utf-8?B?w6Qgw7Y=?= und =?utf-8?B?w7w=?=\r\n",
            ),
            (
                "From: \"Jörg \\\"X\\\" Ö\" <j@example.com>, b@example.com\n",
                "From: =?utf-8?B?SsO2cmcgIlgiIMOW?= <j@example.com>, b@example.com\r\n",
            ),
            (
                "To: Zoë<z@x.example> (naïf)\n",
                "To: =?utf-8?B?Wm/Dqw==?= <z@x.example> (=?utf-8?B?bmHDr2Y=?=)\r\n",
            ),
            (
                "To: \"ä\"\"b\\\"\"<z@x.example>\n",
                "To: =?utf-8?B?w6RiIg==?= <z@x.example>\r\n",
            ),
            (
                "Content-Disposition: attachment;\n filename=\"ä b.pdf\"; size=3\n",
                "Content-Disposition: attachment; filename*=utf-8''%C3%A4%20b.pdf; size=3\r\n",
            ),
            (
                "Content-Disposition: attachment; filename=\"ä\"; filename*=utf-8''%C3%A4\n",
                "Content-Disposition: attachment; filename=\"__\"; filename*=utf-8''%C3%A4\r\n",
            ),
            (
                "Content-Type: tëxt/plain; x\n",
                "Content-Type: t??xt/plain; x\r\n",
            ),
        ] {
            assert_eq!(seven_bit(field.as_bytes()), expected);
        }
    }

    #[test]
    fn latin_1_is_called_so() {
        assert_eq!(
            seven_bit(b"Subject: \xE4\n"),
            "Subject: =?iso-8859-1?B?5A==?=\r\n"
        );
        assert_eq!(
            seven_bit(b"Content-Type: a/b; name=\xE4 \xF6.txt\n"),
            "Content-Type: a/b; name*=iso-8859-1''%E4%20%F6.txt\r\n"
        );
    }

    #[test]
    fn long_values_are_folded_and_come_back() {
        let name = "Übergrößenträger ".repeat(30);
        let subject = seven_bit(format!("Subject: {name}\n").as_bytes());
        assert!(subject.lines().all(|line| line.len() <= 76), "{subject}");
        let file = seven_bit(format!("Content-Type: a/b; name=\"{name}\"; x=y\n").as_bytes());
        assert!(file.lines().all(|line| line.len() <= 76), "{file}");
        let message = format!("{subject}{file}\r\n");
        let parsed = mail_parser::MessageParser::new()
            .parse(message.as_bytes())
            .unwrap();
        assert_eq!(parsed.subject().unwrap(), name.trim());
        let content_type = mail_parser::MimeHeaders::content_type(&parsed).unwrap();
        assert_eq!(content_type.attribute("name").unwrap(), name);
    }

    #[test]
    fn a_line_without_a_place_to_fold_is_refused() {
        let header = Header::split(format!("X: {}\n", "x".repeat(999)).as_bytes(), 7);
        let error = write_field(&header.fields()[0], &mut Vec::new()).unwrap_err();
        assert!(matches!(error, Error::UnfoldableField { line: 7, .. }));
        let spaced = seven_bit(format!("X: {}\n", "word ".repeat(300)).as_bytes());
        assert!(spaced.lines().all(|line| line.len() <= 76));
    }
}
