//! quoted-printable (RFC 2045 6.7).

use std::io::{self, Write};

/// RFC 2045 6.7 (5): encoded lines have at most 76 characters, a soft break's "=" among them.
const COLUMNS: usize = 76;

/// Output is passed on in pieces of about this size.
const BLOCK: usize = 32 << 10;

const HEXADECIMAL: &[u8; 16] = b"0123456789ABCDEF";

/// Encodes text: CRLF is a line break, any other CR or LF is content.
///
/// Besides what RFC 2045 asks for, no output line begins with `From ` (mbox files quote it), with
/// `.` (SMTP stuffs it), or with `--`, so that no line which only the soft breaks have made can be
/// taken for a boundary.
#[derive(Debug)]
pub struct QuotedPrintableEncoder<W: Write> {
    out: W,
    buffer: Vec<u8>,
    line: Vec<u8>,
    after_carriage_return: bool,
}

impl<W: Write> QuotedPrintableEncoder<W> {
    /// Writes quoted-printable to `out`.
    pub fn new(out: W) -> QuotedPrintableEncoder<W> {
        QuotedPrintableEncoder {
            out,
            buffer: Vec::with_capacity(BLOCK + 2 * COLUMNS),
            line: Vec::with_capacity(COLUMNS),
            after_carriage_return: false,
        }
    }

    /// Writes the last line, with no line end but the content's own.
    pub fn finish(mut self) -> io::Result<W> {
        if self.after_carriage_return {
            self.escaped(b'\r');
        }
        self.guard_trailing_space();
        self.buffer.append(&mut self.line);
        self.out.write_all(&self.buffer)?;
        Ok(self.out)
    }

    fn byte(&mut self, byte: u8) {
        if std::mem::take(&mut self.after_carriage_return) {
            if byte == b'\n' {
                return self.hard_break();
            }
            self.escaped(b'\r');
        }
        match byte {
            b'\r' => self.after_carriage_return = true,
            b'=' => self.escaped(byte),
            b'.' if self.line.is_empty() || self.line.len() + 1 >= COLUMNS => self.escaped(byte),
            b' ' | b'\t' | 33..=126 => self.literal(byte),
            _ => self.escaped(byte),
        }
    }

    fn literal(&mut self, byte: u8) {
        self.make_room(1);
        self.line.push(byte);
        match &self.line[..] {
            b"From " => self.line.splice(..1, *b"=46"),
            b"--" => self.line.splice(..1, *b"=2D"),
            _ => return,
        };
    }

    fn escaped(&mut self, byte: u8) {
        self.make_room(3);
        let [high, low] = [byte >> 4, byte & 15].map(|half| HEXADECIMAL[usize::from(half)]);
        self.line.extend_from_slice(&[b'=', high, low]);
    }

    /// Leaves the last column to the "=" of a soft break.
    fn make_room(&mut self, width: usize) {
        if self.line.len() + width >= COLUMNS {
            self.buffer.append(&mut self.line);
            self.buffer.extend_from_slice(b"=\r\n");
        }
    }

    fn hard_break(&mut self) {
        self.guard_trailing_space();
        self.buffer.append(&mut self.line);
        self.buffer.extend_from_slice(b"\r\n");
    }

    /// RFC 2045 6.7 (3): white space must not end an encoded line.
    fn guard_trailing_space(&mut self) {
        if let Some(&space @ (b' ' | b'\t')) = self.line.last() {
            self.line.pop();
            self.escaped(space);
        }
    }

    /// How many octets at the start of `bytes` go into the line as they are.
    fn plain(&self, bytes: &[u8]) -> usize {
        // A line's first five characters may need care.
        if self.after_carriage_return || self.line.len() < 5 {
            return 0;
        }
        let room = (COLUMNS - 1).saturating_sub(self.line.len());
        let is_plain = |byte: &&u8| matches!(byte, b' '..=b'<' | b'>'..=b'~');
        bytes.iter().take(room).take_while(is_plain).count()
    }
}

impl<W: Write> Write for QuotedPrintableEncoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        while let Some(&first) = rest.first() {
            let plain = self.plain(rest);
            if plain > 0 {
                self.line.extend_from_slice(&rest[..plain]);
                rest = &rest[plain..];
            } else {
                self.byte(first);
                rest = &rest[1..];
            }
            if self.buffer.len() >= BLOCK {
                self.out.write_all(&self.buffer)?;
                self.buffer.clear();
            }
        }
        Ok(bytes.len())
    }

    /// Does nothing: an unfinished line cannot be written.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Decodes quoted-printable; line breaks come out as CRLF.
///
/// Nothing is malformed: an "=" that begins no escape stands for itself, as does an 8-bit octet.
#[derive(Debug)]
pub struct QuotedPrintableDecoder<W: Write> {
    out: W,
    buffer: Vec<u8>,
    state: State,
    /// White space that only counts when something follows it in its line.
    space: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Text,
    CarriageReturn,
    Equals,
    EqualsDigit(u8),
    EqualsSpace,
    EqualsCarriageReturn,
}

impl<W: Write> QuotedPrintableDecoder<W> {
    /// Writes what is decoded to `out`.
    pub fn new(out: W) -> QuotedPrintableDecoder<W> {
        QuotedPrintableDecoder {
            out,
            buffer: Vec::with_capacity(BLOCK),
            state: State::Text,
            space: Vec::new(),
        }
    }

    /// Decodes the rest. An "=" at the very end breaks a line softly.
    pub fn finish(mut self) -> io::Result<W> {
        match self.state {
            State::EqualsDigit(digit) => self.buffer.extend_from_slice(&[b'=', digit]),
            State::CarriageReturn => self.content(b'\r'),
            _ => {}
        }
        self.out.write_all(&self.buffer)?;
        Ok(self.out)
    }

    fn byte(&mut self, byte: u8) {
        let state = std::mem::replace(&mut self.state, State::Text);
        match (state, byte) {
            (State::Text, _) => self.text(byte),
            (State::CarriageReturn, b'\n') => self.line_break(),
            (State::CarriageReturn, _) => {
                self.content(b'\r');
                self.text(byte);
            }
            (State::Equals | State::EqualsSpace | State::EqualsCarriageReturn, b'\n') => {
                self.space.clear();
            }
            (State::Equals | State::EqualsSpace, b'\r') => self.state = State::EqualsCarriageReturn,
            (State::Equals | State::EqualsSpace, b' ' | b'\t') => {
                self.space.push(byte);
                self.state = State::EqualsSpace;
                // As in `hold`; and then the "=" before it stands for itself.
                if self.space.len() > 998 {
                    self.buffer.push(b'=');
                    self.buffer.append(&mut self.space);
                    self.state = State::Text;
                }
            }
            (State::Equals, _) if byte.is_ascii_hexdigit() => {
                self.state = State::EqualsDigit(byte);
            }
            (State::EqualsDigit(high), _) => match escaped(high, byte) {
                Some(content) => self.buffer.push(content),
                None => {
                    self.buffer.extend_from_slice(&[b'=', high]);
                    self.text(byte);
                }
            },
            (State::Equals | State::EqualsSpace, _) => {
                self.buffer.push(b'=');
                self.text(byte);
            }
            (State::EqualsCarriageReturn, _) => {
                self.buffer.push(b'=');
                self.content(b'\r');
                self.text(byte);
            }
        }
    }

    fn text(&mut self, byte: u8) {
        match byte {
            b' ' | b'\t' => self.hold(byte),
            b'\r' => self.state = State::CarriageReturn,
            b'\n' => self.line_break(),
            b'=' => {
                self.buffer.append(&mut self.space);
                self.state = State::Equals;
            }
            _ => self.content(byte),
        }
    }

    fn content(&mut self, byte: u8) {
        self.buffer.append(&mut self.space);
        self.buffer.push(byte);
    }

    /// RFC 2045 6.7 (3): white space at the end of a line was added on the way.
    fn line_break(&mut self) {
        self.space.clear();
        self.buffer.extend_from_slice(b"\r\n");
    }

    fn hold(&mut self, space: u8) {
        self.space.push(space);
        // No relay pads a line beyond 998 characters (RFC 5322 2.1.1): this is content.
        if self.space.len() > 998 {
            self.buffer.append(&mut self.space);
        }
    }
}

impl<W: Write> Write for QuotedPrintableDecoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for &byte in bytes {
            self.byte(byte);
            if self.buffer.len() >= BLOCK {
                self.out.write_all(&self.buffer)?;
                self.buffer.clear();
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn escaped(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    Some((digit(high)? << 4 | digit(low)?) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(content: &[u8], chunk: usize) -> String {
        let mut encoder = QuotedPrintableEncoder::new(Vec::new());
        for piece in content.chunks(chunk) {
            encoder.write_all(piece).unwrap();
        }
        String::from_utf8(encoder.finish().unwrap()).unwrap()
    }

    fn decode(text: &[u8], chunk: usize) -> Vec<u8> {
        let mut decoder = QuotedPrintableDecoder::new(Vec::new());
        for piece in text.chunks(chunk) {
            decoder.write_all(piece).unwrap();
        }
        decoder.finish().unwrap()
    }

    #[test]
    fn golden_pairs() {
        for (content, coded) in [
            ("", ""),
            ("plain\r\n", "plain\r\n"),
            ("a=b\r\n", "a=3Db\r\n"),
            ("ends in space \r\n\t\r\n", "ends in space=20\r\n=09\r\n"),
            ("last space ", "last space=20"),
            (
                "From here\r\nFrom\r\n>From x",
                "=46rom here\r\nFrom\r\n>From x",
            ),
            (".\r\n..a\r\nb.", "=2E\r\n=2E.a\r\nb."),
            (
                "--boundary\r\n-- \r\n-\r\n",
                "=2D-boundary\r\n=2D-=20\r\n-\r\n",
            ),
            ("a\rb\nc\r", "a=0Db=0Ac=0D"),
            ("é\0\x7f", "=C3=A9=00=7F"),
        ] {
            for chunk in [1, 2, 3, 100] {
                assert_eq!(encode(content.as_bytes(), chunk), coded);
                assert_eq!(decode(coded.as_bytes(), chunk), content.as_bytes());
            }
        }
    }

    #[test]
    fn lines_stay_short_and_begin_harmlessly() {
        for filler in 60..90 {
            for word in ["From me", "--boundary", ".", "é", " ", "= ", "\t\t"] {
                let content = format!("{}{word}\r\n{word}", "x".repeat(filler));
                let coded = encode(content.as_bytes(), 7);
                for line in coded.split("\r\n") {
                    assert!(line.len() <= 76, "{line}");
                    assert!(
                        !line.starts_with("From ") && !line.starts_with("--"),
                        "{line}"
                    );
                    assert!(
                        !line.starts_with('.') && !line.ends_with([' ', '\t']),
                        "{line}"
                    );
                }
                assert_eq!(decode(coded.as_bytes(), 5), content.as_bytes());
            }
        }
    }

    #[test]
    fn an_equals_sign_keeps_its_place_before_any_space() {
        for spaces in [1, 997, 998, 999, 2000] {
            let text = format!("a={}b\r\n", " ".repeat(spaces));
            assert_eq!(decode(text.as_bytes(), 64), text.as_bytes(), "{spaces}");
        }
    }

    #[test]
    fn sloppy_encodings_are_read() {
        for (coded, content) in [
            ("a=\nb=  \r\nc", "abc"),
            ("padded  \t\nnext", "padded\r\nnext"),
            ("=c3=A9", "é"),
            ("1=2=G=4Z=", "1=2=G=4Z"),
            ("=4", "=4"),
            ("a= b", "a= b"),
            ("a=\rb", "a=\rb"),
        ] {
            for chunk in [1, 2, 100] {
                assert_eq!(
                    decode(coded.as_bytes(), chunk),
                    content.as_bytes(),
                    "{coded}"
                );
            }
        }
    }
}
