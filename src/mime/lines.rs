//! Lines of a spooled message: where each begins and ends and what is unusual in it, in constant
//! memory however long a line is.

use std::borrow::Cow;
use std::io::{self, Read};
use std::ops::AddAssign;

use crate::spool::{Spool, SpoolReader};

/// How much is looked at a time: of a message in a file, so much is held.
const BUFFER: usize = 64 << 10;

/// How much of a line longer than the buffer can still be looked at. A boundary has 70 characters
/// at most (RFC 2046 5.1.1) and a line 998 (RFC 5322 2.1.1), so this shows every delimiter.
pub const HEAD: usize = 1024;

/// RFC 5322 2.1.1: a line has at most 998 characters, without its CRLF.
pub const LONGEST_LINE: u64 = 998;

/// A place in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Octets before it.
    pub offset: u64,
    /// Line feeds before it that no carriage return precedes: each grows by one octet in
    /// canonical form, so that the canonical length of any stretch is known without reading it.
    pub bare_line_feeds: u64,
    /// The number of its line, counted from 1.
    pub line: u64,
}

impl Position {
    /// The beginning of a message.
    pub const START: Position = Position {
        offset: 0,
        bare_line_feeds: 0,
        line: 1,
    };
}

/// What canonical 7-bit mail does not have, gathered over any number of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts {
    /// An octet of 0x80 or more.
    pub eight_bit: bool,
    /// A NUL octet.
    pub nul: bool,
    /// A carriage return that no line feed follows.
    pub bare_carriage_return: bool,
    /// A line of more than [`LONGEST_LINE`] octets.
    pub long_line: bool,
}

impl Facts {
    /// What stands out in these octets of one line; `expected` is what may be in them at all.
    fn of(bytes: &[u8], expected: Facts) -> Facts {
        Facts {
            eight_bit: expected.eight_bit && !bytes.is_ascii(),
            nul: expected.nul && memchr::memchr(0, bytes).is_some(),
            bare_carriage_return: expected.bare_carriage_return
                && memchr::memchr(b'\r', bytes).is_some(),
            long_line: false,
        }
    }

    /// RFC 2045 2.7: "7bit data", which every mail system passes on unchanged.
    pub fn is_seven_bit(self) -> bool {
        self == Facts::default()
    }
}

impl AddAssign for Facts {
    fn add_assign(&mut self, other: Facts) {
        self.eight_bit |= other.eight_bit;
        self.nul |= other.nul;
        self.bare_carriage_return |= other.bare_carriage_return;
        self.long_line |= other.long_line;
    }
}

/// One line.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// Where it begins.
    pub start: Position,
    /// Octets without the line end.
    pub length: u64,
    /// Octets of the line end: 0 (the message stops), 1 (LF) or 2 (CRLF).
    pub line_end: u64,
    /// What is unusual in it.
    pub facts: Facts,
}

impl Line {
    /// Before its line end.
    pub fn content_end(&self) -> Position {
        Position {
            offset: self.start.offset + self.length,
            ..self.start
        }
    }

    /// After its line end.
    pub fn end(&self) -> Position {
        Position {
            offset: self.start.offset + self.length + self.line_end,
            bare_line_feeds: self.start.bare_line_feeds + u64::from(self.line_end == 1),
            line: self.start.line + u64::from(self.line_end > 0),
        }
    }
}

/// Goes through a message line by line; a line can be looked at before it is taken.
#[derive(Debug)]
pub struct Lines<'a> {
    reader: SpoolReader<'a>,
    /// All the octets, if they are in memory, else some that have been read.
    buffer: Cow<'a, [u8]>,
    /// What of the buffer has been looked at and not yet taken.
    filled: std::ops::Range<usize>,
    /// What may be in the buffer: looking once at all of it is faster than at each line.
    expected: Facts,
    next: Position,
    current: Option<Line>,
    /// Where in the buffer the current line begins, unless it did not fit.
    head: std::ops::Range<usize>,
    long_head: Vec<u8>,
}

impl<'a> Lines<'a> {
    /// The lines from `start` to the end of the spool.
    pub fn new(spool: &'a Spool, start: Position) -> Lines<'a> {
        let reader = spool.range(start.offset..spool.len());
        let in_memory = reader.in_memory().map(Cow::Borrowed);
        Lines {
            reader,
            buffer: in_memory.unwrap_or_else(|| Cow::Owned(vec![0; BUFFER])),
            filled: 0..0,
            expected: Facts::default(),
            next: start,
            current: None,
            head: 0..0,
            long_head: Vec::new(),
        }
    }

    /// Where the line that [`peek`](Lines::peek) shows begins, or the end.
    pub fn position(&self) -> Position {
        self.next
    }

    /// The line that comes next, `None` at the end of the message.
    pub fn peek(&mut self) -> io::Result<Option<Line>> {
        if self.current.is_none() {
            self.current = self.scan()?;
        }
        Ok(self.current)
    }

    /// The beginning of the line last peeked at: all of it, or its first [`HEAD`] octets.
    pub fn head(&self) -> &[u8] {
        match self.long_head.is_empty() {
            true => &self.buffer[self.head.clone()],
            false => &self.long_head,
        }
    }

    /// Leaves the line last peeked at behind.
    pub fn advance(&mut self) {
        if let Some(line) = self.current.take() {
            self.next = line.end();
        }
    }

    fn scan(&mut self) -> io::Result<Option<Line>> {
        let mut searched = 0;
        loop {
            let unread = &self.buffer[self.filled.clone()];
            if let Some(found) = memchr::memchr(b'\n', &unread[searched..]) {
                return Ok(Some(self.take(searched + found, 1)));
            }
            searched = unread.len();
            if searched >= BUFFER {
                return self.scan_long_line().map(Some);
            }
            if !self.fill()? {
                return Ok((searched > 0).then(|| self.take(searched, 0)));
            }
        }
    }

    /// A line whose octets are all in the buffer.
    fn take(&mut self, length: usize, line_feed: usize) -> Line {
        let start = self.filled.start;
        let bytes = &self.buffer[start..start + length];
        let carriage_return = usize::from(line_feed == 1 && bytes.last() == Some(&b'\r'));
        let bytes = &bytes[..length - carriage_return];
        self.head = start..start + bytes.len().min(HEAD);
        self.long_head.clear();
        let mut facts = Facts::of(bytes, self.expected);
        facts.long_line = bytes.len() as u64 > LONGEST_LINE;
        let line = Line {
            start: self.next,
            length: bytes.len() as u64,
            line_end: (carriage_return + line_feed) as u64,
            facts,
        };
        self.filled.start = start + length + line_feed;
        line
    }

    /// A line that does not fit: what has been looked at is dropped, but for a carriage return
    /// that may turn out to be half of its line end.
    fn scan_long_line(&mut self) -> io::Result<Line> {
        let head = self.filled.start..self.filled.start + HEAD;
        self.long_head = self.buffer[head].to_vec();
        let mut line = Line {
            start: self.next,
            length: 0,
            line_end: 0,
            facts: Facts {
                long_line: true,
                ..Facts::default()
            },
        };
        loop {
            let unread = &self.buffer[self.filled.clone()];
            let line_feed = memchr::memchr(b'\n', unread);
            let stretch = &unread[..line_feed.unwrap_or(unread.len())];
            let kept = usize::from(stretch.last() == Some(&b'\r'));
            let content = &stretch[..stretch.len() - kept];
            line.facts += Facts::of(content, self.expected);
            line.length += content.len() as u64;
            self.filled.start += content.len();
            if line_feed.is_some() {
                line.line_end = kept as u64 + 1;
                self.filled.start += kept + 1;
                return Ok(line);
            }
            if !self.fill()? {
                // A carriage return that nothing follows is content.
                line.facts.bare_carriage_return |= kept == 1;
                line.length += kept as u64;
                self.filled.start += kept;
                return Ok(line);
            }
        }
    }

    /// Goes on behind what is there; false at the end of the message.
    fn fill(&mut self) -> io::Result<bool> {
        let more = match &mut self.buffer {
            Cow::Borrowed(all) => BUFFER.min(all.len() - self.filled.end),
            Cow::Owned(buffer) => {
                buffer.copy_within(self.filled.clone(), 0);
                self.filled = 0..self.filled.len();
                self.reader.read(&mut buffer[self.filled.end..])?
            }
        };
        self.filled.end += more;
        let unread = &self.buffer[self.filled.clone()];
        self.expected.eight_bit = !unread.is_ascii();
        self.expected.nul = memchr::memchr(0, unread).is_some();
        self.expected.bare_carriage_return = may_have_bare_carriage_return(unread);
        Ok(more > 0)
    }
}

/// Whether a carriage return is there that no line feed follows, or what follows it is not known.
fn may_have_bare_carriage_return(octets: &[u8]) -> bool {
    let Some(last) = octets.last() else {
        return false;
    };
    let mut any = *last == b'\r';
    // With no way out before the end, compilers take many octets at once.
    for (octet, next) in octets.iter().zip(&octets[1..]) {
        any |= (*octet == b'\r') & (*next != b'\n');
    }
    any
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Vec<(u64, u64, u64, Facts)> {
        let in_memory = Spool::from_bytes(text.to_vec());
        let found = lines_of(&in_memory);
        assert_eq!(found, lines_of(&in_a_file(text)), "in a file");
        found
    }

    /// The same octets behind so many others that they are not kept in memory.
    fn in_a_file(text: &[u8]) -> Spool {
        let mut octets = vec![b'x'; 1 << 20];
        octets.push(b'x');
        octets.extend_from_slice(text);
        let spool = Spool::read_from(&mut &octets[..]).unwrap();
        assert!(spool.reader().in_memory().is_none());
        spool.slice((1 << 20) + 1..u64::MAX)
    }

    fn lines_of(spool: &Spool) -> Vec<(u64, u64, u64, Facts)> {
        let mut lines = Lines::new(spool, Position::START);
        let mut found = Vec::new();
        while let Some(line) = lines.peek().unwrap() {
            found.push((line.start.offset, line.length, line.line_end, line.facts));
            lines.advance();
        }
        assert_eq!(lines.position().offset, spool.len());
        found
    }

    #[test]
    fn every_line_end_is_seen() {
        let plain = Facts::default();
        let bare = Facts {
            bare_carriage_return: true,
            ..plain
        };
        assert_eq!(
            lines(b"one\r\ntwo\n\n\r\na\rb\r\r\nend\r"),
            [
                (0, 3, 2, plain),
                (5, 3, 1, plain),
                (9, 0, 1, plain),
                (10, 0, 2, plain),
                (12, 4, 2, bare),
                (18, 4, 0, bare),
            ]
        );
        assert!(lines(b"").is_empty());
    }

    #[test]
    fn long_lines_are_measured_across_buffers() {
        for length in [
            998,
            999,
            BUFFER - 2,
            BUFFER - 1,
            BUFFER,
            BUFFER + 1,
            3 * BUFFER,
        ] {
            for end in ["", "\n", "\r\n", "\r\nnext"] {
                let mut text = vec![b'x'; length];
                text.extend_from_slice(end.as_bytes());
                let found = lines(&text);
                let line_end = end.trim_end_matches("next").len() as u64;
                assert_eq!((found[0].1, found[0].2), (length as u64, line_end));
                assert_eq!(found[0].3.long_line, length > 998);
                assert!(!found[0].3.bare_carriage_return, "{length} {end:?}");
            }
        }
    }

    #[test]
    fn what_is_unusual_is_seen_wherever_it_stands() {
        let bare = Facts {
            bare_carriage_return: true,
            ..Facts::default()
        };
        for at in [0, 1, BUFFER - 2, BUFFER - 1, BUFFER, BUFFER + 1] {
            let facts = |octets: &[u8]| {
                let before = [&b"seven..\n".repeat(at / 8)[..], &b"seven.."[..at % 8]];
                let text = [&before.concat()[..], octets].concat();
                lines(&text).iter().fold(Facts::default(), |mut all, line| {
                    all += line.3;
                    all
                })
            };
            assert_eq!(facts(b"\ra\r\n"), bare, "{at}");
            assert_eq!(facts(b"a\r"), bare, "{at}");
            assert_eq!(facts(b"\r\na\r\n"), Facts::default(), "{at}");
            assert!(facts(b"\0\r\n").nul && facts(b"\x80").eight_bit, "{at}");
        }
    }

    #[test]
    fn bare_line_feeds_are_counted() {
        let spool = Spool::from_bytes(b"a\r\nb\nc\n".to_vec());
        let mut lines = Lines::new(&spool, Position::START);
        while lines.peek().unwrap().is_some() {
            lines.advance();
        }
        let end = lines.position();
        assert_eq!((end.offset, end.bare_line_feeds, end.line), (7, 2, 4));
    }
}
