//! What `show` prints: the headers and the MIME tree of any message, also a malformed one. Each
//! level is indented by two spaces, each field unfolded to one line, and nothing a stranger wrote
//! reaches the terminal as a control.
//!
//! ```
//! use mailseal::mime::{RawMessage, tree};
//!
//! let raw = RawMessage::from_bytes(
//!     b"Subject: a\n b\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: a/b\n\n"
//!         .to_vec(),
//! );
//! let mut out = Vec::new();
//! tree::write(&raw, &mut out).unwrap();
//! assert_eq!(
//!     String::from_utf8(out).unwrap(),
//!     "Subject: a b\n\
//!      Content-Type: multipart/mixed; boundary=x\n\
//!      \x20 Content-Type: a/b\n\
//!      [the closing boundary is missing]\n"
//! );
//! ```
//!
//! # Not supported
//!
//! Decoding: encoded words, transfer encodings and CMS objects stand there as they came.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::Error;
use super::header::Field;
use super::message::RawMessage;
use super::parse::{message_header, walk_into_sealed};
use super::structure::{Event, Structure};
use super::transfer_encoding::TransferEncoding;
use crate::printable::is_deceptive;

/// Writes the tree. What is wrong with the message stands in it, in brackets.
///
/// # Errors
///
/// Those of `out`, and of reading the spool.
pub fn write(raw: &RawMessage, out: &mut dyn Write) -> io::Result<()> {
    let spool = raw.spool();
    if spool.is_empty() {
        return writeln!(out, "[{}]", Error::Empty);
    }
    let (root, complete) = match message_header(spool) {
        Ok(found) => found,
        Err(error) => return remark(0, error, out),
    };
    if !complete || root.header.fields().is_empty() {
        let place = root.place;
        let line = if complete {
            place.start.line
        } else {
            place.end.line
        };
        remark(0, Error::NotAField { line }, out)?;
    }
    let walked = walk_into_sealed(spool, root, |depth, event| Ok(show(depth, event, out)?));
    match walked {
        Ok(_) => Ok(()),
        Err(error) => remark(0, error, out),
    }
}

fn show(depth: usize, event: Event, out: &mut dyn Write) -> io::Result<()> {
    match event {
        Event::Problem(problem) => remark(depth, problem, out),
        Event::Header(part) => {
            for field in part.header.fields() {
                let (name, value) = (one_line(field.name().as_bytes()), unfolded(field));
                line(depth, &format!("{name}: {value}"), out)?;
            }
            if part.header.fields().is_empty() && depth > 0 {
                line(depth, "[no header]", out)?;
            }
            let encoding = part.encoding.as_ref().map_or("", TransferEncoding::name);
            match part.structure {
                Structure::NoBoundary => line(depth, "[a multipart without boundary]", out),
                Structure::Encoded => {
                    let (media_type, encoding) = (part.media_type(), one_line(encoding.as_bytes()));
                    line(
                        depth,
                        &format!("[{media_type} must not be in {encoding}]"),
                        out,
                    )
                }
                _ => Ok(()),
            }
        }
        Event::Preamble {
            followed: false, ..
        } => line(depth, "[the boundary never occurs]", out),
        Event::End {
            parts: 1..,
            closed: false,
        } => line(depth, "[the closing boundary is missing]", out),
        Event::Body(_) | Event::Preamble { .. } | Event::Epilogue(_) | Event::End { .. } => Ok(()),
    }
}

/// A failed read or write is one; anything else is about the message.
fn remark(depth: usize, error: Error, out: &mut dyn Write) -> io::Result<()> {
    match error {
        Error::Read(error) => Err(error),
        error => line(depth, &format!("[{error}]"), out),
    }
}

fn line(depth: usize, text: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{:1$}{text}", "", 2 * depth)
}

/// The value in one line: a line end and the white space behind it become one space.
fn unfolded(field: &Field) -> String {
    let lines = field.raw_value().split(|&byte| byte == b'\n');
    let lines = lines
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty());
    one_line(&lines.collect::<Vec<_>>().join(&b' '))
}

/// Text that moves no cursor: control characters, what reorders text, and octets that are not
/// UTF-8 are escaped.
pub fn one_line(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\t' => text.push(' '),
                _ if is_deceptive(c) => text.extend(c.escape_default()),
                _ => text.push(c),
            }
        }
        for byte in chunk.invalid() {
            // Writing to a String does not fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: impl AsRef<[u8]>) -> String {
        let mut out = Vec::new();
        write(&RawMessage::from_bytes(text.as_ref().to_vec()), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_tree_is_indented() {
        let text = "From: a@b\r\nContent-Type: multipart/signed;\r\n\tboundary=\"o\"\r\n\r\n\
            preamble\r\n--o\r\nContent-Type: multipart/digest; boundary=i\r\n\r\n\
            --i\r\n\r\nSubject: inner\r\n\r\ntext\r\n--i--\r\n--o\r\nContent-Type: x/y\r\n\r\nz\r\n--o--\r\n";
        assert_eq!(
            tree(text),
            "From: a@b\nContent-Type: multipart/signed; boundary=\"o\"\n\
             \x20 Content-Type: multipart/digest; boundary=i\n\
             \x20   [no header]\n\
             \x20     Subject: inner\n\
             \x20 Content-Type: x/y\n"
        );
    }

    #[test]
    fn whatever_it_is_something_is_shown() {
        assert_eq!(tree(""), "[the message is empty]\n");
        assert!(tree("hello\n").contains("line 1 is not a header field"));
        assert!(tree("A: b\nhello\n").starts_with("[this does not look"));
        assert!(tree("A: b\nhello\n").ends_with("]\nA: b\n"));
        assert_eq!(tree("A: b"), "A: b\n");
        assert!(tree("A: \0b\n\n").ends_with("A: \\u{0}b\n"));
        let twice = "Content-Type: a/b\nContent-Type: c/d\n\n";
        assert!(tree(twice).starts_with("[line 2: a second Content-Type field]\n"));
        assert!(
            tree("Content-Type: multipart/mixed\n\nx")
                .ends_with("[a multipart without boundary]\n")
        );
        let never = "Content-Type: multipart/mixed; boundary=b\n\nx";
        assert!(tree(never).ends_with("[the boundary never occurs]\n"));
        let encoded = "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nx";
        assert!(tree(encoded).ends_with("[message/rfc822 must not be in base64]\n"));
        let deep = "Content-Type: message/rfc822\n\n".repeat(50);
        assert!(tree(deep).ends_with("[line 67: parts are nested more than 32 deep]\n"));
    }

    #[test]
    fn nothing_reaches_the_terminal_unescaped() {
        let shown = tree(b"Subject: \x1b[2J\x07 a\rb \xC2\x9B31m \xE4 \xE2\x80\xAE\n\n");
        assert!(shown.ends_with("Subject: \\u{1b}[2J\\u{7} a\\rb \\u{9b}31m \\xe4 \\u{202e}\n"));
    }
}
