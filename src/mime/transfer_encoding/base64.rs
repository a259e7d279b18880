//! base64 in lines (RFC 2045 6.8).

use std::io::{self, Write};

use base64_simd::{AsOut, STANDARD};
use memchr::{memchr, memchr3};

/// RFC 2045 6.8: encoded lines have at most 76 characters.
const COLUMNS: usize = 76;

/// What one line encodes.
const LINE: usize = COLUMNS / 4 * 3;

/// Whole lines coded at once: 28 KiB of content.
const BLOCK: usize = 512 * LINE;

/// The length of `length` octets in base64, with CRLF between lines and none after the last.
pub fn base64_length(length: u64) -> u64 {
    let breaks = length.div_ceil(LINE as u64).saturating_sub(1);
    length.div_ceil(3) * 4 + 2 * breaks
}

/// Encodes in lines of 76 characters, CRLF between them and none after the last.
#[derive(Debug)]
pub struct Base64Encoder<W: Write> {
    out: W,
    held: Vec<u8>,
    coded: Vec<u8>,
    lines: Vec<u8>,
    started: bool,
}

impl<W: Write> Base64Encoder<W> {
    /// Writes base64 to `out`.
    pub fn new(out: W) -> Base64Encoder<W> {
        Base64Encoder {
            out,
            held: Vec::with_capacity(BLOCK),
            coded: vec![0; BLOCK / 3 * 4],
            lines: Vec::with_capacity(BLOCK / LINE * (COLUMNS + 2)),
            started: false,
        }
    }

    /// Writes the last line.
    pub fn finish(mut self) -> io::Result<W> {
        let held = std::mem::take(&mut self.held);
        self.encode(&held)?;
        Ok(self.out)
    }

    /// Encodes at most one block, all of whose lines but the last of the content are whole.
    fn encode(&mut self, content: &[u8]) -> io::Result<()> {
        let length = content.len().div_ceil(3) * 4;
        let coded = STANDARD.encode(content, self.coded[..length].as_out());
        self.lines.clear();
        for line in coded.chunks(COLUMNS) {
            if std::mem::replace(&mut self.started, true) {
                self.lines.extend_from_slice(b"\r\n");
            }
            self.lines.extend_from_slice(line);
        }
        self.out.write_all(&self.lines)
    }
}

impl<W: Write> Write for Base64Encoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        while self.held.len() + rest.len() >= BLOCK {
            if self.held.is_empty() {
                let (block, after) = rest.split_at(BLOCK);
                self.encode(block)?;
                rest = after;
            } else {
                let (missing, after) = rest.split_at(BLOCK - self.held.len());
                self.held.extend_from_slice(missing);
                rest = after;
                let mut held = std::mem::take(&mut self.held);
                self.encode(&held)?;
                held.clear();
                self.held = held;
            }
        }
        self.held.extend_from_slice(rest);
        Ok(bytes.len())
    }

    /// Does nothing: an unfinished line cannot be written.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Decodes base64, whatever its lines are like.
///
/// White space is passed over. Anything else outside the alphabet, and anything but white space
/// after the padding, makes the content malformed: RFC 2045 6.8 lets a reader skip it, and readers
/// differ in what they then see.
#[derive(Debug)]
pub struct Base64Decoder<W: Write> {
    out: W,
    held: Vec<u8>,
    padded: bool,
    malformed: bool,
}

impl<W: Write> Base64Decoder<W> {
    /// Writes what is decoded to `out`.
    pub fn new(out: W) -> Base64Decoder<W> {
        Base64Decoder {
            out,
            held: Vec::with_capacity(BLOCK),
            padded: false,
            malformed: false,
        }
    }

    /// Decodes the rest; an error of kind `InvalidData` when the whole was not base64.
    pub fn finish(mut self) -> io::Result<W> {
        self.decode_held()?;
        if self.malformed || !self.held.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "malformed base64",
            ));
        }
        Ok(self.out)
    }

    /// Holds a line without its white space, which is usually at its ends alone.
    fn hold(&mut self, line: &[u8]) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match memchr3(b' ', b'\t', b'\r', line) {
            None => self.held.extend_from_slice(line),
            Some(_) => {
                let wanted = |byte: &u8| !matches!(byte, b' ' | b'\t' | b'\r');
                self.held.extend(line.iter().copied().filter(wanted));
            }
        }
    }

    /// Decodes what is held, but for an unfinished group of four.
    fn decode_held(&mut self) -> io::Result<()> {
        let rest = self.held.split_off(self.held.len() / 4 * 4);
        let mut groups = std::mem::replace(&mut self.held, rest);
        if groups.is_empty() || self.malformed {
            return Ok(());
        }
        self.malformed |= self.padded;
        self.padded |= groups.last() == Some(&b'=');
        match STANDARD.decode_inplace(&mut groups) {
            Ok(content) => self.out.write_all(content),
            Err(_) => {
                self.malformed = true;
                Ok(())
            }
        }
    }
}

impl<W: Write> Write for Base64Decoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.chunks(BLOCK) {
            for line in lines(piece) {
                self.hold(line);
            }
            if self.held.len() >= BLOCK {
                self.decode_held()?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What stands between line feeds.
fn lines(piece: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(piece);
    std::iter::from_fn(move || {
        let piece = rest?;
        let (line, after) = match memchr(b'\n', piece) {
            Some(end) => (&piece[..end], Some(&piece[end + 1..])),
            None => (piece, None),
        };
        rest = after;
        Some(line)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(content: &[u8], chunk: usize) -> Vec<u8> {
        let mut encoder = Base64Encoder::new(Vec::new());
        for piece in content.chunks(chunk) {
            encoder.write_all(piece).unwrap();
        }
        encoder.finish().unwrap()
    }

    fn decode(text: &[u8], chunk: usize) -> io::Result<Vec<u8>> {
        let mut decoder = Base64Decoder::new(Vec::new());
        for piece in text.chunks(chunk) {
            decoder.write_all(piece)?;
        }
        decoder.finish()
    }

    #[test]
    fn lines_break_at_76_and_content_comes_back() {
        assert_eq!(encode(b"", 1), b"");
        assert_eq!(encode(b"Man", 1), b"TWFu");
        for length in [
            1,
            56,
            57,
            58,
            114,
            BLOCK - 1,
            BLOCK,
            BLOCK + 1,
            3 * BLOCK + 5,
        ] {
            let content: Vec<u8> = (0..length).map(|i| (i * 7 + i / 251) as u8).collect();
            let coded = encode(&content, 1000);
            assert_eq!(coded, encode(&content, usize::MAX));
            assert_eq!(coded.len() as u64, base64_length(length as u64));
            let mut lines: Vec<_> = coded.split(|&byte| byte == b'\n').collect();
            assert!(lines.pop().unwrap().len() <= 76);
            assert!(
                lines
                    .iter()
                    .all(|line| line.len() == 77 && line[76] == b'\r')
            );
            assert_eq!(decode(&coded, 999).unwrap(), content);
        }
    }

    #[test]
    fn what_is_not_base64_is_malformed() {
        assert_eq!(decode(b" TW\r\nF\tu\n", 2).unwrap(), b"Man");
        assert_eq!(decode(b"TQ==\r\n \r\n", 3).unwrap(), b"M");
        for text in ["TWF", "TW!u", "TQ==TWFu", "TQ=u", "=", "====", "TWFu\0"] {
            let error = decode(text.as_bytes(), 100).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{text}");
        }
        let mut late = encode(&vec![7; 2 * BLOCK + 1], usize::MAX);
        late.extend_from_slice(b"AAAA");
        assert!(decode(&late, 512).is_err());
    }
}
