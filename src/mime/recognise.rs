//! What a file holds, found by looking: a MIME message, or a CMS object in PEM, base64, or binary.
//!
//! ```
//! use mailseal::mime::{RawMessage, Recognised, recognise};
//!
//! let pem = "-----BEGIN CMS-----\nMAsGCSqGSIb3DQEHAQ==\n-----END CMS-----\n";
//! match recognise(RawMessage::from_bytes(pem.into())).unwrap() {
//!     Recognised::Object(object) => assert_eq!(object.len(), 13),
//!     Recognised::Message(_) => panic!("it has no header"),
//! }
//! ```
//!
//! # Not supported
//!
//! PEM with encapsulated header fields (RFC 1421), and mail folders: of an mbox file, the messages
//! behind the first are its body.

use std::io::{self, Read};
use std::ops::Range;

use super::lines::{Line, Lines, Position};
use super::message::{Message, RawMessage};
use super::transfer_encoding::Base64Decoder;
use super::{Error, MAX_CMS_OBJECT};
use crate::spool::{Spool, SpoolWriter};

/// What a file holds.
#[derive(Debug, Clone)]
pub enum Recognised {
    /// A MIME message.
    Message(Message),
    /// A ContentInfo (RFC 5652 3) in BER, by its first octets.
    Object(Spool),
}

/// The labels of PEM that stand before a CMS object: RFC 7468 8 and 9, what OpenSSL reads, and what
/// `gpgsm --armor` writes.
const LABELS: [&str; 5] = [
    "PKCS7",
    "CMS",
    "PKCS #7 SIGNED DATA",
    "SIGNED MESSAGE",
    "ENCRYPTED MESSAGE",
];

/// As much is looked at.
const HEAD: u64 = 512;

/// Looks what it is. Text may stand before and behind a PEM block (RFC 7468 2), unless it is a
/// header.
///
/// # Errors
///
/// What is none of all, with what it seems to be; those of [`Message::parse`]; an object over
/// [`MAX_CMS_OBJECT`]; and those of reading the spool and of writing a temporary file.
pub fn recognise(raw: RawMessage) -> Result<Recognised, Error> {
    let spool = raw.spool().clone();
    match object(&spool)? {
        Some(object) => Ok(Recognised::Object(object)),
        None => message(raw, &spool),
    }
}

/// The same for what has been read as a message. A stranger can write a header that begins like a CMS
/// object, and whoever looks for one first must find the same.
pub fn recognise_message(message: Message) -> Result<Recognised, Error> {
    match object(message.raw().spool())? {
        Some(object) => Ok(Recognised::Object(object)),
        None => Ok(Recognised::Message(message)),
    }
}

/// The object that it begins like.
fn object(spool: &Spool) -> Result<Option<Spool>, Error> {
    if spool.is_empty() {
        return Err(Error::Empty);
    }
    let mut head = Vec::new();
    spool.range(0..HEAD).read_to_end(&mut head)?;
    let mark = if head.starts_with(b"\xEF\xBB\xBF") {
        3
    } else {
        0
    };
    let text = head[mark..].trim_ascii_start();
    if text.starts_with(b"-----BEGIN ")
        && let Some(object) = pem(spool)?
    {
        return Ok(Some(object));
    }
    match Der::of(&head) {
        Der::ContentInfo if spool.len() > MAX_CMS_OBJECT => Err(Error::CmsObjectTooLarge),
        Der::ContentInfo => Ok(Some(spool.clone())),
        Der::Other => Err(Error::OtherDer),
        Der::No => match Der::in_base64(text) {
            Der::ContentInfo => {
                let object = decoded(spool, mark as u64..spool.len())?;
                let object = object.ok_or(Error::MalformedBase64 { line: 1 })?;
                Ok(Some(object))
            }
            Der::Other => Err(Error::OtherDer),
            Der::No => Ok(None),
        },
    }
}

fn message(raw: RawMessage, spool: &Spool) -> Result<Recognised, Error> {
    match Message::parse(raw) {
        Ok(message) => Ok(Recognised::Message(message)),
        Err(error @ Error::NotAField { .. }) => match pem(spool)? {
            Some(object) => Ok(Recognised::Object(object)),
            None => Err(error),
        },
        Err(error) => Err(error),
    }
}

/// Whether text without a label is a ContentInfo in base64.
pub(super) fn is_base64_content_info(reader: &mut dyn Read) -> io::Result<bool> {
    let mut head = Vec::new();
    reader.take(HEAD).read_to_end(&mut head)?;
    Ok(Der::in_base64(head.trim_ascii_start()) == Der::ContentInfo)
}

/// What octets begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Der {
    /// A SEQUENCE that begins with an object identifier.
    ContentInfo,
    /// Another SEQUENCE, in long form: in short form, nothing would tell it from text.
    Other,
    No,
}

impl Der {
    fn of(head: &[u8]) -> Der {
        let (&[0x30, length], rest) = (match head.split_first_chunk() {
            Some(found) => found,
            None => return Der::No,
        }) else {
            return Der::No;
        };
        // X.690 8.1.3: a length in itself, in the octets that follow, or indefinite.
        let skipped = match length {
            0..=0x80 => 0,
            0x81..=0x88 => usize::from(length - 0x80),
            _ => return Der::No,
        };
        match rest.get(skipped) {
            Some(0x06) => Der::ContentInfo,
            Some(_) if length >= 0x80 => Der::Other,
            _ => Der::No,
        }
    }

    /// The same for text. All of its first line has to be base64, which no header field is.
    fn in_base64(text: &[u8]) -> Der {
        let mut lines = text.split(|&byte| byte == b'\n');
        let first = lines.next().unwrap_or_default().trim_ascii_end();
        let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
        if first.is_empty() || !first.iter().all(is_base64) {
            return Der::No;
        }
        let bytes: Vec<u8> = text
            .iter()
            .copied()
            .filter(|it| !it.is_ascii_whitespace())
            .collect();
        let mut octets = Vec::new();
        let mut decoder = Base64Decoder::new(&mut octets);
        // A Vec takes everything; what is malformed leaves nothing to look at.
        let _ = io::Write::write_all(&mut decoder, &bytes[..bytes.len().min(16)]);
        let _ = decoder.finish();
        Der::of(&octets)
    }
}

/// The object in the only PEM block; `None` when there is no block.
fn pem(spool: &Spool) -> Result<Option<Spool>, Error> {
    let mut block = None;
    let mut object = None;
    let mut lines = Lines::new(spool, Position::START);
    while let Some(line) = lines.peek()? {
        let mark = encapsulation(line, lines.head());
        match (mark, block.take()) {
            (Some(("BEGIN", _)), None) if object.is_some() => {
                let line = line.start.line;
                return Err(Error::SeveralPem { line });
            }
            (Some(("BEGIN", label)), None) if !LABELS.contains(&label) => {
                let label = label.chars().take(60).collect();
                return Err(Error::OtherPem { label });
            }
            (Some(("BEGIN", label)), None) => {
                block = Some((label.to_owned(), line.end().offset));
            }
            (Some(("END", label)), Some((begun, start))) if begun == label => {
                let content = decoded(spool, start..line.start.offset)?;
                object = Some(content.ok_or(Error::MalformedPem)?);
            }
            (Some(_), _) => return Err(Error::MalformedPem),
            (None, open) => block = open,
        }
        lines.advance();
    }
    match block {
        Some(_) => Err(Error::MalformedPem),
        None => Ok(object),
    }
}

/// `-----BEGIN label-----` or the same with END (RFC 7468 2).
fn encapsulation(line: Line, head: &[u8]) -> Option<(&str, &str)> {
    if line.length > head.len() as u64 {
        return None;
    }
    let text = std::str::from_utf8(head).ok()?.trim_end();
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let inner = text.strip_prefix("-----")?.strip_suffix("-----")?;
    inner
        .split_once(' ')
        .filter(|(word, _)| matches!(*word, "BEGIN" | "END"))
}

/// Octets out of base64; `None` when it is malformed.
fn decoded(spool: &Spool, range: Range<u64>) -> Result<Option<Spool>, Error> {
    if range.end - range.start > MAX_CMS_OBJECT {
        return Err(Error::CmsObjectTooLarge);
    }
    let mut decoder = Base64Decoder::new(SpoolWriter::new());
    spool.range(range).write_to(&mut decoder)?;
    match decoder.finish() {
        Ok(writer) => Ok(Some(writer.finish()?)),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ContentInfo of id-data without content, and its base64.
    const OBJECT: &[u8] = b"\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
    const BASE64: &str = "MAsGCSqGSIb3DQEHAQ==";

    fn look(octets: impl AsRef<[u8]>) -> Result<Recognised, Error> {
        recognise(RawMessage::from_bytes(octets.as_ref().to_vec()))
    }

    #[track_caller]
    fn assert_object(octets: impl AsRef<[u8]>, expected: &[u8]) {
        let Recognised::Object(found) = look(octets).unwrap() else {
            panic!("taken for a message")
        };
        let mut octets = Vec::new();
        found.reader().read_to_end(&mut octets).unwrap();
        assert_eq!(octets, expected);
    }

    fn error(octets: impl AsRef<[u8]>) -> String {
        look(octets).unwrap_err().to_string()
    }

    #[test]
    fn objects_are_recognised_however_they_are_written() {
        assert_object(OBJECT, OBJECT);
        for length in [&b"\x80"[..], b"\x81\x0b", b"\x82\0\x0b", b"\x84\0\0\0\x0b"] {
            let octets = [b"\x30", length, &OBJECT[2..]].concat();
            assert_object(&octets, &octets);
            let mut encoder = crate::mime::transfer_encoding::Base64Encoder::new(Vec::new());
            io::Write::write_all(&mut encoder, &octets).unwrap();
            assert_object(encoder.finish().unwrap(), &octets);
        }
        let (first, second) = BASE64.split_at(16);
        for text in [
            BASE64.to_owned(),
            format!("\r\n  {BASE64}\n\n"),
            format!("\u{FEFF}{first} \r\n{second}\r\n"),
        ] {
            assert_object(text, OBJECT);
        }
        for label in LABELS {
            let pem =
                format!("-----BEGIN {label}-----\n{first}\n{second}\n-----END {label}-----\n");
            assert_object(&pem, OBJECT);
            assert_object(pem.replace('\n', "\r\n"), OBJECT);
            assert_object(format!("\u{FEFF}\n{pem}"), OBJECT);
            assert_object(format!("as OpenSSL prints it\n\n{pem}and more"), OBJECT);
        }
    }

    #[test]
    fn messages_are_recognised() {
        for text in [
            "MIME-Version: 1.0\n\nMAsGCSqGSIb3DQEHAQ==\n".to_owned(),
            format!("From: a@b\n\n-----BEGIN CMS-----\n{BASE64}\n-----END CMS-----\n"),
            "From x Thu Mar  5 12:00:00 2026\nFrom: a@b\n".to_owned(),
            "0: 0\n".to_owned(),
            format!("{BASE64}: x\n"),
        ] {
            let found = look(&text).unwrap();
            assert!(matches!(found, Recognised::Message(_)), "{text}");
        }
    }

    #[test]
    fn what_was_read_as_a_message_is_recognised_all_the_same() {
        for text in ["From: a@b\n", "0:\x06 x\n", "-----BEGIN : -----\n"] {
            let raw = || RawMessage::from_bytes(text.into());
            let parsed = recognise_message(Message::parse(raw()).unwrap());
            assert_eq!(
                format!("{parsed:?}"),
                format!("{:?}", recognise(raw())),
                "{text}"
            );
        }
        let like_an_object = Message::parse(RawMessage::from_bytes(b"0:\x06 x\n".to_vec()));
        let found = recognise_message(like_an_object.unwrap()).unwrap();
        assert!(matches!(found, Recognised::Object(_)));
    }

    #[test]
    fn what_it_is_instead_is_told() {
        let pem = |label: &str, base64: &str| {
            format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n")
        };
        let good = pem("CMS", BASE64);
        for (octets, message) in [
            ("", "the message is empty"),
            ("hello", "line 1 is not a header field"),
            (
                "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A",
                "this is DER, but neither",
            ),
            ("MAsGCSqGSIb3DQEHAQ==TWFu", "line 1 is not valid base64"),
            (
                &pem("CERTIFICATE", "MAA="),
                "this is PEM of \"CERTIFICATE\"",
            ),
            (&pem("PGP MESSAGE", "\n"), "this is PEM of \"PGP MESSAGE\""),
            (&format!("text\n{}", pem("X", "")), "this is PEM of \"X\""),
            (&pem("CMS", "MA"), "the PEM block is malformed"),
            (&good[..good.len() - 3], "the PEM block is malformed"),
            (
                &good.replace("END CMS", "END PKCS7"),
                "the PEM block is malformed",
            ),
            (
                &good.replace("-----END CMS-----\n", ""),
                "the PEM block is malformed",
            ),
            (&format!("{good}{good}"), "line 4: a second PEM block"),
        ] {
            let error = error(octets);
            assert!(error.contains(message), "{octets}: {error}");
        }
        assert!(error(b"\x30\x82\x01\x22\x30\x0d").contains("this is DER, but neither"));
        assert!(error(b"PK\x03\x04").contains("binary data"));
        assert!(error(b"\x30\x8a\0\0\0\0\0\0\0\0\0\0\x06").contains("binary data"));
    }
}
