//! Content-Transfer-Encoding (RFC 2045 6): its names, and streaming coders for both directions.
//!
//! Coders are writers around a writer: what is written comes out the other end coded, and
//! `finish` puts out what was held back. Memory does not grow with the content.
//!
//! ```
//! use std::io::Write;
//! use mailseal::mime::transfer_encoding::{Base64Decoder, QuotedPrintableEncoder};
//!
//! let mut out = Vec::new();
//! let mut coder = Base64Decoder::new(QuotedPrintableEncoder::new(&mut out));
//! coder.write_all(b"w6RiYyA9IDENCg==").unwrap();
//! coder.finish().unwrap().finish().unwrap();
//! assert_eq!(out, b"=C3=A4bc =3D 1\r\n");
//! ```
//!
//! # Not supported
//!
//! uuencode, yEnc, BinHex: parts labelled so are passed on as they are.

use std::io::{self, Write};

mod base64;
mod line_ends;
mod quoted_printable;

pub use base64::{Base64Decoder, Base64Encoder, base64_length};
pub use line_ends::{BareCarriageReturn, LineEnds, canonical_lines};
pub use quoted_printable::{QuotedPrintableDecoder, QuotedPrintableEncoder};

/// The value of a Content-Transfer-Encoding field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransferEncoding {
    /// Lines of at most 998 octets of ASCII; the default.
    SevenBit,
    /// Lines of at most 998 octets.
    EightBit,
    /// Any octets at all.
    Binary,
    /// RFC 2045 6.7.
    QuotedPrintable,
    /// RFC 2045 6.8.
    Base64,
    /// An x-token, or what nobody has defined; in lower case.
    Other(String),
}

impl TransferEncoding {
    /// Reads a field value: one token in any case, comments around it.
    ///
    /// `7-bit` and `8-bit` are not in the standard but in old mail, and mean what they say. Scripts
    /// write a charset there, or `none`, when nothing is encoded. A semicolon after the token is a
    /// frequent slip.
    pub fn parse(value: &[u8]) -> TransferEncoding {
        let bare = super::content_type::without_comments(value);
        let token = bare.trim_ascii();
        let token = token.strip_suffix(b";").unwrap_or(token).trim_ascii_end();
        match &token.to_ascii_lowercase()[..] {
            b"" | b"7bit" | b"7-bit" => TransferEncoding::SevenBit,
            b"8bit" | b"8-bit" | b"8 bit" | b"none" | b"utf-8" | b"utf8" | b"iso-8859-1" => {
                TransferEncoding::EightBit
            }
            b"binary" => TransferEncoding::Binary,
            b"quoted-printable" => TransferEncoding::QuotedPrintable,
            b"base64" => TransferEncoding::Base64,
            other => TransferEncoding::Other(String::from_utf8_lossy(other).into_owned()),
        }
    }

    /// The token that goes into the field.
    pub fn name(&self) -> &str {
        match self {
            TransferEncoding::SevenBit => "7bit",
            TransferEncoding::EightBit => "8bit",
            TransferEncoding::Binary => "binary",
            TransferEncoding::QuotedPrintable => "quoted-printable",
            TransferEncoding::Base64 => "base64",
            TransferEncoding::Other(name) => name,
        }
    }

    /// RFC 2045 6.2: whether the content stands there as it is.
    pub fn is_identity(&self) -> bool {
        matches!(
            self,
            TransferEncoding::SevenBit | TransferEncoding::EightBit | TransferEncoding::Binary
        )
    }
}

/// Counts octets and drops them.
#[derive(Debug, Default)]
pub struct Counter(pub u64);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_found_among_case_and_comments() {
        for (value, name) in [
            ("Quoted-PRINTABLE", "quoted-printable"),
            (" (as (ever)) base64 (really) ", "base64"),
            ("8Bit;", "8bit"),
            ("7-bit", "7bit"),
            ("", "7bit"),
            ("X-UUencode", "x-uuencode"),
        ] {
            assert_eq!(TransferEncoding::parse(value.as_bytes()).name(), name);
        }
    }
}
