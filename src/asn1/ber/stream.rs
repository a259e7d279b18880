//! BER read in one pass from a [`Spool`], for structures around content that memory need not hold.
//!
//! [`to_der`](super::to_der) wants all of a structure in memory. Here the caller, who knows the
//! schema, walks: what is small comes out as an element, and the one long string of a CMS
//! structure as a spool.
//!
//! ```
//! use mailseal::asn1::ber::stream::Stream;
//! use mailseal::asn1::tag;
//! use mailseal::spool::Spool;
//!
//! let ber = b"\x30\x80\x02\x01\x07\x24\x80\x04\x02no\x04\x01w\x00\x00\x00\x00";
//! let spool = Spool::from_bytes(ber.to_vec());
//! let mut stream = Stream::new(&spool, 1024);
//! stream.enter(tag::SEQUENCE)?;
//! assert_eq!(stream.element(tag::INTEGER)?, [2, 1, 7]);
//! assert_eq!(stream.octets(tag::OCTET_STRING)?.len(), 3);
//! stream.leave()?;
//! stream.finish()?;
//! # Ok::<(), mailseal::asn1::ber::stream::Error>(())
//! ```
//!
//! # Not supported
//!
//! Tag numbers above 30 where the schema is known; inside an element they pass.

use std::io::{self, BufRead, Write};
use std::ops::Range;

use super::{MAXIMUM_DEPTH, tag};
use crate::spool::{Spool, SpoolReader, SpoolWriter};

/// Why the octets are not the BER that was looked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// They cannot be read, or the joined string not be kept.
    #[error("the structure cannot be read")]
    Io(#[from] io::Error),
    /// They are not BER.
    #[error(transparent)]
    Ber(#[from] super::Error),
    /// Another element than the one that belongs here, or none.
    #[error("byte {at}: {} in place of tag {expected:#04x}", named(.found))]
    Tag {
        /// Where.
        at: usize,
        /// The identifier octet that belongs here.
        expected: u8,
        /// The one that is there; none at the end of what is around.
        found: Option<u8>,
    },
    /// Something follows the last element that belongs here.
    #[error("byte {0}: more than belongs here")]
    Trailing(usize),
    /// What has to be held in memory is more than the caller allows.
    #[error("more than {limit} octets beside the content")]
    TooLong {
        /// The limit in octets.
        limit: usize,
    },
}

fn named(tag: &Option<u8>) -> String {
    tag.map_or("the end".to_owned(), |tag| format!("tag {tag:#04x}"))
}

/// Walks through the elements in the order they lie.
#[derive(Debug)]
pub struct Stream<'a> {
    spool: &'a Spool,
    reader: SpoolReader<'a>,
    position: u64,
    /// Where the constructed elements around the position end, outermost first.
    open: Vec<End>,
    /// How many octets may still be put into memory, and how many it were at first.
    budget: usize,
    limit: usize,
}

#[derive(Debug, Clone, Copy)]
enum End {
    At(u64),
    /// By end-of-contents octets, at the latest here.
    Marked(u64),
}

/// Identifier and length octets.
struct Header {
    start: u64,
    tag: u8,
    /// `None` for the indefinite form.
    length: Option<u64>,
    octets: Vec<u8>,
}

impl<'a> Stream<'a> {
    /// Starts at the first octet; all elements that are handed out together may have `limit`
    /// octets.
    pub fn new(spool: &'a Spool, limit: usize) -> Stream<'a> {
        Stream {
            spool,
            reader: spool.reader(),
            position: 0,
            open: Vec::new(),
            budget: limit,
            limit,
        }
    }

    /// The identifier octet of the next element; none at the end of what is around it.
    pub fn peek(&mut self) -> Result<Option<u8>, Error> {
        let end = match self.open.last() {
            None => self.spool.len(),
            Some(End::At(end) | End::Marked(end)) => *end,
        };
        if self.position == end {
            return match self.open.last() {
                Some(End::Marked(_)) => Err(super::Error::Truncated(at(end)).into()),
                _ => Ok(None),
            };
        }
        let octet = self.reader.fill_buf()?[0];
        match (octet, self.open.last()) {
            (0, Some(End::Marked(_))) => Ok(None),
            (0 | tag::CONSTRUCTED, _) => Err(super::Error::EndOfContents(at(self.position)).into()),
            _ => Ok(Some(octet)),
        }
    }

    /// Goes into the next element, which must have this tag.
    pub fn enter(&mut self, expected: u8) -> Result<(), Error> {
        let header = self.expect(expected)?;
        self.open(&header)
    }

    /// The same, if the next element has this tag.
    pub fn enter_optional(&mut self, expected: u8) -> Result<bool, Error> {
        let is_there = self.peek()? == Some(expected);
        if is_there {
            self.enter(expected)?;
        }
        Ok(is_there)
    }

    /// Leaves the element that was entered last, all of which must have been read.
    pub fn leave(&mut self) -> Result<(), Error> {
        if self.peek()?.is_some() {
            return Err(Error::Trailing(at(self.position)));
        }
        self.close()
    }

    /// The next element, header and all, as it was encoded; it must have this tag.
    pub fn element(&mut self, expected: u8) -> Result<Vec<u8>, Error> {
        match self.peek()? {
            Some(found) if found == expected => self.any(),
            found => Err(self.unexpected(expected, found)),
        }
    }

    /// The same, if the next element has this tag.
    pub fn optional(&mut self, expected: u8) -> Result<Option<Vec<u8>>, Error> {
        match self.peek()? {
            Some(found) if found == expected => self.any().map(Some),
            _ => Ok(None),
        }
    }

    /// The next element, whatever it is.
    pub fn any(&mut self) -> Result<Vec<u8>, Error> {
        if self.peek()?.is_none() {
            return Err(super::Error::Truncated(at(self.position)).into());
        }
        let mut element = Vec::new();
        self.copy(&mut element)?;
        Ok(element)
    }

    /// The octets of a string: under its own tag, or an IMPLICIT one whose form (primitive or in
    /// chunks) is found by looking. One piece is shared with the spool, several are joined.
    pub fn octets(&mut self, expected: u8) -> Result<Spool, Error> {
        let header = match self.peek()? {
            Some(found) if found & !tag::CONSTRUCTED == expected & !tag::CONSTRUCTED => {
                self.header()?
            }
            found => return Err(self.unexpected(expected, found)),
        };
        if header.tag & tag::CONSTRUCTED == 0 {
            let range = self.range(&header)?;
            self.skip(range.end - range.start)?;
            return Ok(self.spool.slice(range));
        }
        let mut joined = SpoolWriter::new();
        let depth = self.open.len();
        self.open(&header)?;
        loop {
            match self.peek()? {
                None => {
                    self.close()?;
                    if self.open.len() == depth {
                        return Ok(joined.finish()?);
                    }
                }
                Some(tag::OCTET_STRING) => {
                    let header = self.header()?;
                    let range = self.range(&header)?;
                    self.pass(range.end - range.start, &mut joined)?;
                }
                Some(CHUNKS) => {
                    let header = self.header()?;
                    self.open(&header)?;
                }
                Some(_) => return Err(super::Error::Chunk(at(self.position)).into()),
            }
        }
    }

    /// Makes sure that nothing follows but padding: zeros and line ends, as some senders leave
    /// behind.
    pub fn finish(mut self) -> Result<(), Error> {
        debug_assert!(self.open.is_empty(), "an element has not been left");
        loop {
            let rest = self.reader.fill_buf()?;
            if rest.is_empty() {
                return Ok(());
            }
            if let Some(other) = rest.iter().position(|octet| !b"\0\r\n".contains(octet)) {
                return Err(Error::Trailing(at(self.position + other as u64)));
            }
            let length = rest.len();
            self.reader.consume(length);
            self.position += length as u64;
        }
    }

    fn expect(&mut self, expected: u8) -> Result<Header, Error> {
        match self.peek()? {
            Some(found) if found == expected => self.header(),
            found => Err(self.unexpected(expected, found)),
        }
    }

    fn unexpected(&self, expected: u8, found: Option<u8>) -> Error {
        Error::Tag {
            at: at(self.position),
            expected,
            found,
        }
    }

    fn header(&mut self) -> Result<Header, Error> {
        let start = self.position;
        let mut octets = vec![self.octet(start)?];
        let tag = octets[0];
        if tag & tag::SEVERAL_OCTETS == tag::SEVERAL_OCTETS {
            // As many as `to_der` takes, which judges them when the element is made DER.
            while octets.len() < 6 && (octets.len() == 1 || octets[octets.len() - 1] >= 0x80) {
                octets.push(self.octet(start)?);
            }
        }
        let first = self.octet(start)?;
        octets.push(first);
        let length = match first {
            0..=0x7f => Some(u64::from(first)),
            0x80 if tag & tag::CONSTRUCTED == 0 => {
                return Err(super::Error::IndefinitePrimitive(at(start)).into());
            }
            0x80 => None,
            0xff => return Err(super::Error::ReservedLength(at(start)).into()),
            _ => {
                let mut length = 0_u64;
                for _ in 0x80..first {
                    let octet = self.octet(start)?;
                    octets.push(octet);
                    if length >> 56 != 0 {
                        return Err(super::Error::LengthOverflow(at(start)).into());
                    }
                    length = length << 8 | u64::from(octet);
                }
                Some(length)
            }
        };
        Ok(Header {
            start,
            tag,
            length,
            octets,
        })
    }

    /// Where the content of a definite element behind the header that was just read lies.
    fn range(&self, header: &Header) -> Result<Range<u64>, Error> {
        let around = match self.open.last() {
            None => self.spool.len(),
            Some(End::At(end) | End::Marked(end)) => *end,
        };
        let length = header.length.unwrap_or(0);
        match self.position.checked_add(length) {
            None => Err(super::Error::LengthOverflow(at(header.start)).into()),
            Some(end) if end > around => Err(super::Error::Truncated(at(header.start)).into()),
            Some(end) => Ok(self.position..end),
        }
    }

    fn open(&mut self, header: &Header) -> Result<(), Error> {
        if self.open.len() == MAXIMUM_DEPTH {
            return Err(super::Error::TooDeep(at(header.start)).into());
        }
        let range = self.range(header)?;
        let end = match (header.length, self.open.last()) {
            (Some(_), _) => End::At(range.end),
            (None, None) => End::Marked(self.spool.len()),
            (None, Some(End::At(end) | End::Marked(end))) => End::Marked(*end),
        };
        self.open.push(end);
        Ok(())
    }

    /// Passes over the end-of-contents octets, where there are some.
    fn close(&mut self) -> Result<(), Error> {
        if let Some(End::Marked(_)) = self.open.last() {
            let start = self.position;
            for _ in 0..2 {
                if self.octet(start)? != 0 {
                    return Err(super::Error::EndOfContents(at(start)).into());
                }
            }
        }
        self.open.pop();
        Ok(())
    }

    /// Appends the next element.
    fn copy(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        let depth = self.open.len();
        loop {
            if self.open.len() > depth && self.peek()?.is_none() {
                let was_marked = matches!(self.open.last(), Some(End::Marked(_)));
                self.close()?;
                if was_marked {
                    out.extend_from_slice(&[0, 0]);
                }
            } else {
                let header = self.header()?;
                self.afford(header.octets.len() as u64)?;
                out.extend_from_slice(&header.octets);
                if header.length.is_some() {
                    let range = self.range(&header)?;
                    self.afford(range.end - range.start)?;
                    self.pass(range.end - range.start, out)?;
                } else {
                    self.afford(2)?;
                    self.open(&header)?;
                }
            }
            if self.open.len() == depth {
                return Ok(());
            }
        }
    }

    fn afford(&mut self, octets: u64) -> Result<(), Error> {
        let left = usize::try_from(octets)
            .ok()
            .and_then(|octets| self.budget.checked_sub(octets));
        self.budget = left.ok_or(Error::TooLong { limit: self.limit })?;
        Ok(())
    }

    fn octet(&mut self, start: u64) -> Result<u8, Error> {
        let end = match self.open.last() {
            None => self.spool.len(),
            Some(End::At(end) | End::Marked(end)) => *end,
        };
        if self.position >= end {
            return Err(super::Error::Truncated(at(start)).into());
        }
        let octet = self.reader.fill_buf()?[0];
        self.reader.consume(1);
        self.position += 1;
        Ok(octet)
    }

    /// Copies so many octets, which are there.
    fn pass(&mut self, length: u64, out: &mut dyn Write) -> io::Result<()> {
        let end = self.position + length;
        while self.position < end {
            let there = self.reader.fill_buf()?;
            let left = usize::try_from(end - self.position).unwrap_or(usize::MAX);
            let piece = &there[..there.len().min(left)];
            if piece.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            out.write_all(piece)?;
            let taken = piece.len();
            self.reader.consume(taken);
            self.position += taken as u64;
        }
        Ok(())
    }

    /// Goes on behind so many octets, without reading them.
    fn skip(&mut self, length: u64) -> io::Result<()> {
        self.position += length;
        self.reader = self.spool.range(self.position..self.spool.len());
        Ok(())
    }
}

/// A string in chunks.
const CHUNKS: u8 = tag::OCTET_STRING | tag::CONSTRUCTED;

/// A position for [`super::Error`]; on a machine of 32 bits one past its reach shows as the last.
fn at(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}
