//! A walk over DER that remembers where each element lies.
//!
//! Decoders that build values lose the bytes they came from; here an [`Element`] is a tag and two
//! ranges of the input, and nothing is copied.
//!
//! ```
//! use mailseal::asn1::{reader::Reader, tag};
//!
//! let der = [0x30, 0x03, 0x02, 0x01, 0x2a];
//! let mut reader = Reader::new(&der);
//! let sequence = reader.expect(tag::SEQUENCE).unwrap();
//! let integer = reader.inside(&sequence).expect(tag::INTEGER).unwrap();
//! assert_eq!(integer.whole(), 2..5);
//! assert_eq!(integer.value(), 4..5);
//! ```
//!
//! # Not supported
//!
//! Indefinite lengths, tag numbers above 30 and lengths above `u32`: no certificate and no key
//! has them.

use std::ops::Range;

/// Why bytes are not the DER that was looked for. Positions count from the start of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The element, or its header, goes past the end of what holds it.
    #[error("byte {0}: cut short")]
    Truncated(usize),
    /// The length is indefinite, longer than needed or beyond 32 bits (X.690 10.1).
    #[error("byte {0}: the length is not DER")]
    Length(usize),
    /// A tag number above 30.
    #[error("byte {0}: a tag of several bytes")]
    LongTag(usize),
    /// Another element than the one that belongs here.
    #[error("byte {at}: tag {found:#04x} in place of {expected:#04x}")]
    Tag {
        /// Where it stands.
        at: usize,
        /// The identifier octet that belongs here.
        expected: u8,
        /// The one that is there.
        found: u8,
    },
    /// Something follows the last element.
    #[error("byte {0}: more than belongs here")]
    Trailing(usize),
    /// The value cannot be one of its type.
    #[error("byte {0}: not a value of its type")]
    Value(usize),
}

/// One element: its identifier octet, and where it lies.
#[derive(Debug, Clone)]
pub struct Element {
    tag: u8,
    start: usize,
    value: Range<usize>,
}

impl Element {
    /// The identifier octet.
    pub fn tag(&self) -> u8 {
        self.tag
    }

    /// Header and value.
    pub fn whole(&self) -> Range<usize> {
        self.start..self.value.end
    }

    /// The value alone.
    pub fn value(&self) -> Range<usize> {
        self.value.clone()
    }
}

/// Reads one element after another.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    input: &'a [u8],
    position: usize,
    end: usize,
}

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    pub fn new(input: &'a [u8]) -> Reader<'a> {
        Reader::of(input, 0..input.len())
    }

    /// Reads what lies in a range of the input. Positions are still those in the whole.
    ///
    /// # Panics
    ///
    /// If the range is not one of the input.
    pub fn of(input: &'a [u8], range: Range<usize>) -> Reader<'a> {
        assert!(range.start <= range.end && range.end <= input.len());
        Reader {
            input,
            position: range.start,
            end: range.end,
        }
    }

    /// Reads what is inside a constructed element of the same input.
    pub fn inside(&self, element: &Element) -> Reader<'a> {
        Reader::of(self.input, element.value())
    }

    /// The bytes of an element's value.
    pub fn value(&self, element: &Element) -> &'a [u8] {
        &self.input[element.value.clone()]
    }

    /// The bytes of a whole element.
    pub fn bytes(&self, element: &Element) -> &'a [u8] {
        &self.input[element.whole()]
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.position == self.end
    }

    /// The identifier octet of the next element, if there is one.
    pub fn peek(&self) -> Option<u8> {
        (!self.is_empty()).then(|| self.input[self.position])
    }

    /// The next element, whatever it is.
    pub fn read(&mut self) -> Result<Element, Error> {
        let start = self.position;
        let tag = self.byte()?;
        if tag & 0x1f == 0x1f {
            return Err(Error::LongTag(start));
        }
        let length = self.length()?;
        let value = self.position..self.position.saturating_add(length);
        if value.end > self.end {
            return Err(Error::Truncated(start));
        }
        self.position = value.end;
        Ok(Element { tag, start, value })
    }

    /// The next element, which must have this tag.
    pub fn expect(&mut self, expected: u8) -> Result<Element, Error> {
        match self.peek() {
            None => Err(Error::Truncated(self.position)),
            Some(found) if found != expected => Err(Error::Tag {
                at: self.position,
                expected,
                found,
            }),
            Some(_) => self.read(),
        }
    }

    /// The next element if it has this tag.
    pub fn optional(&mut self, tag: u8) -> Result<Option<Element>, Error> {
        match self.peek() {
            Some(found) if found == tag => self.read().map(Some),
            _ => Ok(None),
        }
    }

    /// Makes sure that nothing is left.
    pub fn finish(&self) -> Result<(), Error> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(Error::Trailing(self.position))
        }
    }

    /// X.690 8.1.3 and 10.1: definite form, in as few octets as will do.
    fn length(&mut self) -> Result<usize, Error> {
        let at = self.position;
        let first = self.byte()?;
        let count = match first {
            0..=0x7f => return Ok(usize::from(first)),
            0x81..=0x84 => first & 0x7f,
            _ => return Err(Error::Length(at)),
        };
        let mut length = 0u32;
        for _ in 0..count {
            length = length << 8 | u32::from(self.byte()?);
        }
        let shortest = match length {
            0..=0x7f => 0,
            _ => 4 - length.leading_zeros() / 8,
        };
        match usize::try_from(length) {
            Ok(length) if shortest == u32::from(count) => Ok(length),
            _ => Err(Error::Length(at)),
        }
    }

    fn byte(&mut self) -> Result<u8, Error> {
        if self.is_empty() {
            return Err(Error::Truncated(self.position));
        }
        self.position += 1;
        Ok(self.input[self.position - 1])
    }
}

/// An object identifier's value octets in dotted form (X.690 8.19), for people. Arcs too large to
/// print, and octets that are no object identifier, come out in hexadecimal.
pub fn dotted(object_identifier: &[u8]) -> String {
    arcs(object_identifier).map_or_else(
        || hexadecimal(object_identifier),
        |arcs| {
            let arcs: Vec<String> = arcs.iter().map(u128::to_string).collect();
            arcs.join(".")
        },
    )
}

/// Lower-case hexadecimal digits, two an octet.
pub fn hexadecimal(octets: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let digits = |octet: &u8| [octet >> 4, octet & 0xf];
    let digits = octets.iter().flat_map(digits);
    digits.map(|digit| DIGITS[usize::from(digit)]).collect()
}

fn arcs(object_identifier: &[u8]) -> Option<Vec<u128>> {
    let mut arcs = Vec::new();
    let mut arc = 0u128;
    let mut begins = true;
    for octet in object_identifier {
        // X.690 8.19.2: in the fewest possible octets. Another spelling of a known identifier
        // must not read like it.
        if begins && *octet == 0x80 {
            return None;
        }
        begins = octet & 0x80 == 0;
        arc = arc.checked_mul(128)? | u128::from(octet & 0x7f);
        if begins {
            if arcs.is_empty() {
                let root = (arc / 40).min(2);
                arcs.push(root);
                arc -= root * 40;
            }
            arcs.push(arc);
            arc = 0;
        }
    }
    (object_identifier.last()? & 0x80 == 0).then_some(arcs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::tag;

    #[test]
    fn lengths_are_definite_and_shortest() {
        let long = [&[0x04, 0x81, 0x80][..], &[0; 0x80]].concat();
        assert_eq!(Reader::new(&long).read().unwrap().value(), 3..0x83);
        for (bytes, error) in [
            (&b"\x04\x81\x7f"[..], Error::Length(1)),
            (b"\x04\x82\x00\x80", Error::Length(1)),
            (b"\x30\x80\x00\x00", Error::Length(1)),
            (b"\x04\x85\x01\x00\x00\x00\x00", Error::Length(1)),
            (b"\x04\x84\xff\xff\xff\xff", Error::Truncated(0)),
            (
                b"\x04\x88\xff\xff\xff\xff\xff\xff\xff\xff",
                Error::Length(1),
            ),
            (b"\x04\x02\x00", Error::Truncated(0)),
            (b"\x04", Error::Truncated(1)),
            (b"", Error::Truncated(0)),
            (b"\x1f\x81\x00\x00", Error::LongTag(0)),
        ] {
            assert_eq!(Reader::new(bytes).read().unwrap_err(), error, "{bytes:x?}");
        }
    }

    #[test]
    fn an_element_cannot_leave_the_one_around_it() {
        let der = [0x30, 0x02, 0x04, 0x01, 0x00];
        let mut reader = Reader::new(&der);
        let sequence = reader.expect(tag::SEQUENCE).unwrap();
        assert_eq!(
            reader.inside(&sequence).read().unwrap_err(),
            Error::Truncated(2)
        );
        assert_eq!(reader.finish(), Err(Error::Trailing(4)));
    }

    #[test]
    fn object_identifiers_of_any_size_are_shown() {
        assert_eq!(
            dotted(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d]),
            "1.2.840.113549"
        );
        assert_eq!(dotted(&[0x88, 0x37]), "2.999");
        assert_eq!(dotted(&[0x55, 0x84]), "5584");
        assert_eq!(dotted(&[]), "");
        assert_eq!(dotted(&[0x55, 0x80, 0x04]), "558004");
        assert_eq!(dotted(&[0x80, 0x55, 0x04]), "805504");
        assert_eq!(dotted(&[0x55, 0x00]), "2.5.0");
        let mut uuid = vec![0x69, 0x83];
        uuid.extend([0xff; 17]);
        uuid.push(0x7f);
        assert_eq!(dotted(&uuid), format!("2.25.{}", u128::MAX));
        uuid.insert(1, 0x84);
        assert!(dotted(&uuid).starts_with("6984"));
    }
}
