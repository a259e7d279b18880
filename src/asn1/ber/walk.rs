//! The elements of BER in the order they lie, with a list in place of recursion.

use super::{Error, MAXIMUM_DEPTH, tag};
use crate::asn1::tlv;

/// Identifier and length octets.
pub(super) struct Header<'a> {
    pub(super) start: usize,
    pub(super) identifier: &'a [u8],
    /// The length is definite and in the fewest octets, as X.690 10.1 has it.
    pub(super) is_der: bool,
}

pub(super) enum Event<'a> {
    /// A primitive element: what it holds, and all of it.
    Primitive {
        header: Header<'a>,
        content: &'a [u8],
        element: &'a [u8],
    },
    /// A constructed element opens: what follows, up to its `End`, is inside it.
    Begin(Header<'a>),
    /// The constructed element that opened last closes.
    End,
}

/// Goes through one element and all that is inside it.
pub(super) struct Walk<'a> {
    input: &'a [u8],
    position: usize,
    /// The constructed elements around the position, outermost first.
    open: Vec<Open>,
}

struct Open {
    start: usize,
    /// Its end if the length is definite, else the end of the nearest one around it that says.
    end: usize,
    indefinite: bool,
}

impl<'a> Walk<'a> {
    pub(super) fn new(input: &'a [u8]) -> Walk<'a> {
        Walk {
            input,
            position: 0,
            open: Vec::new(),
        }
    }

    /// How many octets have been gone through: the element's size once `next` has said `None`.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// `None` when the outermost element has closed. After an error there is nothing to ask.
    pub(super) fn next(&mut self) -> Result<Option<Event<'a>>, Error> {
        if self.open.is_empty() && self.position > 0 {
            return Ok(None);
        }
        if self.closes()? {
            self.open.pop();
            return Ok(Some(Event::End));
        }
        self.element().map(Some)
    }

    /// Whether the innermost open element ends here; its end-of-contents octets are passed over.
    fn closes(&mut self) -> Result<bool, Error> {
        let Some(innermost) = self.open.last() else {
            return Ok(false);
        };
        if !innermost.indefinite {
            return Ok(self.position == innermost.end);
        }
        match &self.input[self.position..innermost.end] {
            [] | [0] => Err(Error::Truncated(innermost.start)),
            // X.690 8.1.5: end-of-contents is two zero octets.
            [0, 0, ..] => {
                self.position += 2;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn element(&mut self) -> Result<Event<'a>, Error> {
        let input = self.input;
        let start = self.position;
        let end = self.open.last().map_or(input.len(), |open| open.end);
        let identifier = identifier(&input[start..end], start)?;
        let after = start + identifier.len();
        let length = Length::read(&input[after..end], start)?;
        let header = Header {
            start,
            identifier,
            is_der: length.is_der(),
        };
        let content = after + length.octets;
        let content_end = match length.content {
            Some(length) => definite_end(content, length, end, start)?,
            None if identifier[0] & tag::CONSTRUCTED == 0 => {
                return Err(Error::IndefinitePrimitive(start));
            }
            None => end,
        };
        if identifier[0] & tag::CONSTRUCTED == 0 {
            self.position = content_end;
            return Ok(Event::Primitive {
                header,
                content: &input[content..content_end],
                element: &input[start..content_end],
            });
        }
        if self.open.len() == MAXIMUM_DEPTH {
            return Err(Error::TooDeep(start));
        }
        self.position = content;
        self.open.push(Open {
            start,
            end: content_end,
            indefinite: length.content.is_none(),
        });
        Ok(Event::Begin(header))
    }
}

/// Where a content of `length` octets ends, which must not be past `end`.
fn definite_end(content: usize, length: u64, end: usize, start: usize) -> Result<usize, Error> {
    usize::try_from(length)
        .ok()
        .and_then(|length| content.checked_add(length))
        .ok_or(Error::LengthOverflow(start))
        .and_then(|content_end| match content_end <= end {
            true => Ok(content_end),
            false => Err(Error::Truncated(start)),
        })
}

/// X.690 8.1.2: one octet, or several for a tag number above 30.
fn identifier(octets: &[u8], start: usize) -> Result<&[u8], Error> {
    let (first, more) = octets.split_first().ok_or(Error::Truncated(start))?;
    if first & !tag::CONSTRUCTED == tag::END_OF_CONTENTS {
        return Err(Error::EndOfContents(start));
    }
    if first & tag::SEVERAL_OCTETS != tag::SEVERAL_OCTETS {
        return Ok(&octets[..1]);
    }
    // 28 bits for a tag number are more than any standard uses.
    let continued = more.iter().take(3).take_while(|octet| **octet >= 0x80);
    let last = continued.count();
    match (more.first(), more.get(last)) {
        (Some(0x80), _) => Err(Error::Tag(start)),
        (_, Some(0..=30)) if last == 0 => Err(Error::Tag(start)),
        (_, Some(0x80..)) => Err(Error::Tag(start)),
        (_, Some(_)) => Ok(&octets[..last + 2]),
        (_, None) => Err(Error::Truncated(start)),
    }
}

/// Length octets, X.690 8.1.3.
struct Length {
    /// `None` is the indefinite form.
    content: Option<u64>,
    /// How many octets say so.
    octets: usize,
}

impl Length {
    fn read(octets: &[u8], start: usize) -> Result<Length, Error> {
        let (first, more) = octets.split_first().ok_or(Error::Truncated(start))?;
        let count = usize::from(first & 0x7f);
        let content = match first {
            0..=0x7f => {
                let content = Some(u64::from(*first));
                return Ok(Length { content, octets: 1 });
            }
            0x80 => None,
            0xff => return Err(Error::ReservedLength(start)),
            _ => {
                let digits = more.get(..count).ok_or(Error::Truncated(start))?;
                let number = digits.iter().try_fold(0u64, |number, digit| {
                    Some(number.checked_mul(0x100)? | u64::from(*digit))
                });
                Some(number.ok_or(Error::LengthOverflow(start))?)
            }
        };
        Ok(Length {
            content,
            octets: 1 + count,
        })
    }

    fn is_der(&self) -> bool {
        self.content
            .is_some_and(|length| 1 + self.octets == tlv::header_len(length))
    }
}
