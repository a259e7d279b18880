//! Line ends as mail has them: CRLF.

use std::io::{self, Write};

use crate::spool::SpoolReader;

/// What becomes of a carriage return that no line feed follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BareCarriageReturn {
    /// It is content, and some encoding after this keeps it from harm.
    Keep,
    /// It was meant to end the line. RFC 5321 2.3.8: SMTP does not carry it bare.
    Break,
}

/// Turns LF into CRLF, and bare CR too where that is asked for; CRLF stays.
#[derive(Debug)]
pub struct LineEnds<W: Write> {
    out: W,
    bare: BareCarriageReturn,
    /// The last octet written was a carriage return.
    after_carriage_return: bool,
    buffer: Vec<u8>,
}

impl<W: Write> LineEnds<W> {
    /// Writes canonical lines to `out`.
    pub fn new(bare: BareCarriageReturn, out: W) -> LineEnds<W> {
        LineEnds {
            out,
            bare,
            after_carriage_return: false,
            buffer: Vec::new(),
        }
    }

    /// Ends a line that a last carriage return has begun to end.
    pub fn finish(mut self) -> io::Result<W> {
        if self.after_carriage_return && self.bare == BareCarriageReturn::Break {
            self.out.write_all(b"\n")?;
        }
        Ok(self.out)
    }

    /// Whether these octets stay as they are: each line feed in them has its carriage return. Where
    /// it is not sure, false.
    fn stays(&self, bytes: &[u8]) -> bool {
        let starts_well = bytes.first().is_some_and(|first| *first != b'\n');
        if !starts_well || self.after_carriage_return || self.bare == BareCarriageReturn::Break {
            return false;
        }
        let mut stays = true;
        // With no way out before the end, compilers take many octets at once.
        for (byte, next) in bytes.iter().zip(&bytes[1..]) {
            stays &= (*byte == b'\r') | (*next != b'\n');
        }
        stays
    }

    /// Takes octets that have no line end, except that they may begin after a carriage return.
    fn content(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        if self.after_carriage_return && self.bare == BareCarriageReturn::Break {
            self.buffer.push(b'\n');
        }
        self.after_carriage_return = false;
        self.buffer.extend_from_slice(bytes);
    }

    fn carriage_return(&mut self) {
        self.content(b"\r");
        self.after_carriage_return = true;
    }

    fn line_feed(&mut self) {
        if !self.after_carriage_return {
            self.buffer.push(b'\r');
        }
        self.buffer.push(b'\n');
        self.after_carriage_return = false;
    }
}

impl<W: Write> Write for LineEnds<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.stays(bytes) {
            self.out.write_all(bytes)?;
            self.after_carriage_return = bytes.last() == Some(&b'\r');
            return Ok(bytes.len());
        }
        let mut begin = 0;
        for found in memchr::memchr2_iter(b'\r', b'\n', bytes) {
            self.content(&bytes[begin..found]);
            match bytes[found] {
                b'\n' => self.line_feed(),
                _ => self.carriage_return(),
            }
            begin = found + 1;
        }
        self.content(&bytes[begin..]);
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes the octets that the signature of a multipart/signed is over (RFC 8551 3.1.1): those of
/// the signed part as they came, with CRLF for each LF that stands alone.
///
/// A file may have LF only, since that is how systems keep mail, or both, since some program
/// appended to it; either way the sender signed CRLF. A bare carriage return is no line end to
/// anything that reads here, and stays. Several digests are fed in one pass through a
/// [`LineEnds`] of their own.
///
/// # Errors
///
/// Those of `content` and of `out`.
pub fn canonical_lines(content: SpoolReader<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut lines = LineEnds::new(BareCarriageReturn::Keep, out);
    content.write_to(&mut lines)?;
    lines.finish().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spool::Spool;

    fn lines(bare: BareCarriageReturn, text: &[u8], chunk: usize) -> Vec<u8> {
        let mut writer = LineEnds::new(bare, Vec::new());
        for piece in text.chunks(chunk) {
            writer.write_all(piece).unwrap();
        }
        writer.finish().unwrap()
    }

    #[test]
    fn every_line_end_becomes_crlf() {
        let text = b"a\nb\r\nc\rd\r\r\n\n\r";
        let spool = Spool::from_bytes(text.to_vec());
        for chunk in 1..=text.len() {
            assert_eq!(
                lines(BareCarriageReturn::Keep, text, chunk),
                b"a\r\nb\r\nc\rd\r\r\n\r\n\r"
            );
            let mut canonical = Vec::new();
            canonical_lines(spool.reader(), &mut canonical).unwrap();
            assert_eq!(canonical, lines(BareCarriageReturn::Keep, text, chunk));
            assert_eq!(
                lines(BareCarriageReturn::Break, text, chunk),
                b"a\r\nb\r\nc\r\nd\r\n\r\n\r\n\r\n"
            );
        }
    }
}
