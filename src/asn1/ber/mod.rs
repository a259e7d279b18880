//! BER (X.690 section 8) as it occurs in mail, made DER (section 10) for the parsers behind.
//!
//! RFC 5652 lets a sender encode CMS in BER, and those that stream do: lengths are indefinite,
//! and a string comes in chunks. [`to_der`] makes lengths definite and minimal and joins the
//! chunks. What is DER already is lent, not copied.
//!
//! ```
//! use mailseal::asn1::ber;
//!
//! // SEQUENCE, indefinite, of an OCTET STRING in two chunks:
//! let chunks = b"\x30\x80\x24\x80\x04\x03sea\x04\x01l\x00\x00\x00\x00";
//! assert_eq!(*ber::to_der(chunks)?, *b"\x30\x06\x04\x04seal");
//!
//! // Files come with padding; who wants to allow it sees how much is left:
//! let padded = b"\x04\x04seal\r\n";
//! assert_eq!(ber::to_der(padded), Err(ber::Error::Trailing(6)));
//! let (der, consumed) = ber::first_to_der(padded)?;
//! assert_eq!((&*der, &padded[consumed..]), (&b"\x04\x04seal"[..], &b"\r\n"[..]));
//! # Ok::<(), ber::Error>(())
//! ```
//!
//! # Strings in chunks
//!
//! A constructed element with the universal tag of a string type holds chunks: OCTET STRINGs,
//! or for a BIT STRING, BIT STRINGs; which may be constructed in turn (X.690 8.6.4, 8.7.3, 8.23).
//!
//! An IMPLICIT tag hides the type, and only the schema says that there is a string below. CMS
//! has one such field that is long enough to be sent in chunks, and it is known by its place:
//!
//! ```text
//! EncryptedContentInfo ::= SEQUENCE {                      -- RFC 5652 6.1
//!   contentType ContentType,                               -- OBJECT IDENTIFIER
//!   contentEncryptionAlgorithm ContentEncryptionAlgorithmIdentifier,
//!   encryptedContent [0] IMPLICIT EncryptedContent OPTIONAL }
//! ```
//!
//! A SEQUENCE of exactly an OBJECT IDENTIFIER, a SEQUENCE of an OBJECT IDENTIFIER and at most
//! one element more, and a constructed `[0]` with nothing but OCTET STRINGs inside, is taken for
//! that, and its `[0]` becomes primitive. `[0] EXPLICIT OCTET STRING`, which must stay, looks
//! the same within, but stands elsewhere: in EncapsulatedContentInfo (RFC 5652 5.2) and
//! ContentInfo (section 3), and in OtherName (RFC 5280 4.2.1.6) and SafeBag (RFC 7292 4.2)
//! too, it follows the OBJECT IDENTIFIER directly. No structure of CMS, ESS, PKCS #12 or X.509
//! has an AlgorithmIdentifier between the two except EncryptedContentInfo. In an attribute of
//! someone's own making that has, the change breaks the signature over it, not the reader.
//!
//! # Cost
//!
//! Two passes over the input, whatever the nesting. The result has at most half as many octets
//! again as the input, and as a rule fewer. Beside it, the lengths of constructed elements are
//! kept: about a kilobyte for a message, four to eight times the input for one made of
//! nothing but empty elements.
//!
//! # Not supported
//!
//! - Other rules of DER: a SET OF keeps its order (a signature over attributes wants it sorted:
//!   RFC 5652 5.4), and values stay as they are (BOOLEAN, INTEGER, unused bits, DEFAULT, time).
//! - Chunks below other IMPLICIT tags, such as `[0] SubjectKeyIdentifier`.
//! - BER inside an OCTET STRING.
//! - Signatures over BER as it was sent: RFC 5280 4.1.1.3 and RFC 5652 5.4 have them over DER.
//! - Tag numbers above 2^28 - 1, and more than [`MAXIMUM_DEPTH`] elements inside one another.

mod measure;
pub mod stream;
#[cfg(test)]
mod tests;
mod walk;

use std::borrow::Cow;
use std::iter::{Enumerate, Peekable};
use std::slice;

use super::tlv;
use measure::{Measure, measure};
use walk::{Event, Header, Walk};

/// How many constructed elements may lie inside one another, the outermost counted. CMS seldom
/// has more than ten.
pub const MAXIMUM_DEPTH: usize = 32;

/// Why bytes are not BER, or not one element of it. Positions count octets from the start of the
/// input and are, unless said otherwise, those of the identifier of the element at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The element goes past the end of the input, or of the element around it.
    #[error("byte {0}: cut short")]
    Truncated(usize),
    /// The length is past what can be addressed: near 2^64, or above.
    #[error("byte {0}: the length is past 64 bits")]
    LengthOverflow(usize),
    /// The first length octet is the reserved one, ff (X.690 8.1.3.5).
    #[error("byte {0}: the length is of a form that does not exist")]
    ReservedLength(usize),
    /// The tag number is not in the form for its size (X.690 8.1.2), or above 2^28 - 1.
    #[error("byte {0}: the tag is malformed")]
    Tag(usize),
    /// More than [`MAXIMUM_DEPTH`] constructed elements inside one another.
    #[error("byte {0}: more than {max} elements inside one another", max = MAXIMUM_DEPTH)]
    TooDeep(usize),
    /// The tag of end-of-contents, where no indefinite length is to be ended or not as two zeros.
    #[error("byte {0}: end-of-contents out of place")]
    EndOfContents(usize),
    /// A primitive element of indefinite length (X.690 8.1.3.2).
    #[error("byte {0}: a primitive element of indefinite length")]
    IndefinitePrimitive(usize),
    /// A constructed string holds something else than chunks of it.
    #[error("byte {0}: not a chunk of the string around it")]
    Chunk(usize),
    /// A chunk of a BIT STRING counts unused bits that it does not have, or is not the last and
    /// has some (X.690 8.6.4).
    #[error("byte {0}: a malformed chunk of a BIT STRING")]
    BitString(usize),
    /// Something follows the outermost element; the position is where.
    #[error("byte {0}: more than one element")]
    Trailing(usize),
}

/// Makes DER of one BER element and nothing else. Lends the input if nothing has to change.
pub fn to_der(ber: &[u8]) -> Result<Cow<'_, [u8]>, Error> {
    match first_to_der(ber)? {
        (der, consumed) if consumed == ber.len() => Ok(der),
        (_, consumed) => Err(Error::Trailing(consumed)),
    }
}

/// Makes DER of the first BER element, and tells how many octets it had in the input.
pub fn first_to_der(ber: &[u8]) -> Result<(Cow<'_, [u8]>, usize), Error> {
    let measure = measure(ber)?;
    let element = &ber[..measure.consumed];
    let der = if measure.is_der {
        Cow::Borrowed(element)
    } else {
        Cow::Owned(write(element, &measure)?)
    };
    Ok((der, measure.consumed))
}

/// The second pass.
fn write(ber: &[u8], measure: &Measure) -> Result<Vec<u8>, Error> {
    let mut writer = Writer {
        der: Vec::with_capacity(measure.total),
        lengths: measure.lengths.iter().enumerate(),
        encrypted_contents: measure.encrypted_contents.iter().peekable(),
        joining: 0,
        unused_bits: 0,
    };
    let mut walk = Walk::new(ber);
    while let Some(event) = walk.next()? {
        match event {
            Event::Begin(header) => writer.begin(&header),
            Event::Primitive {
                header, content, ..
            } if !header.is_der || writer.joining > 0 => {
                writer.primitive(header.identifier, content);
            }
            Event::Primitive { element, .. } => writer.der.extend_from_slice(element),
            Event::End => writer.joining = writer.joining.saturating_sub(1),
        }
    }
    debug_assert_eq!(writer.der.len(), measure.total);
    Ok(writer.der)
}

struct Writer<'a> {
    der: Vec<u8>,
    lengths: Enumerate<slice::Iter<'a, usize>>,
    encrypted_contents: Peekable<slice::Iter<'a, usize>>,
    /// How many of the open elements belong to the string that is being joined, itself counted.
    joining: usize,
    /// Where that string, if it is one of bits, counts those unused.
    unused_bits: usize,
}

impl Writer<'_> {
    fn begin(&mut self, header: &Header) {
        let (index, &length) = self.lengths.next().expect("the first pass saw it open too");
        if self.joining > 0 {
            self.joining += 1;
            return;
        }
        let contents = Contents::of(header.identifier);
        let encrypted = self.encrypted_contents.next_if(|at| **at == index);
        if contents == Contents::Elements && encrypted.is_none() {
            write_header(&mut self.der, header.identifier, length);
            return;
        }
        self.joining = 1;
        let primitive = header.identifier[0] & !tag::CONSTRUCTED;
        write_header(&mut self.der, &[primitive], length);
        if contents == Contents::BitStrings {
            self.unused_bits = self.der.len();
            self.der.push(0);
        }
    }

    fn primitive(&mut self, identifier: &[u8], content: &[u8]) {
        if self.joining == 0 {
            write_header(&mut self.der, identifier, content.len());
        }
        match content {
            [unused, bits @ ..] if self.joining > 0 && identifier == [tag::BIT_STRING] => {
                // The last chunk has the last word; those before it have none unused.
                self.der[self.unused_bits] = *unused;
                self.der.extend_from_slice(bits);
            }
            _ => self.der.extend_from_slice(content),
        }
    }
}

/// As [`tlv::header`], but after identifiers of any size, and without an allocation for each of
/// what may be millions.
fn write_header(der: &mut Vec<u8>, identifier: &[u8], length: usize) {
    der.extend_from_slice(identifier);
    let octets = (length as u64).to_be_bytes();
    let [.., short] = octets;
    match tlv::header_len(length as u64) - 2 {
        0 => der.push(short),
        count => {
            der.push(0x80 | count as u8);
            der.extend_from_slice(&octets[octets.len() - count..]);
        }
    }
}

/// What a constructed element holds, by its identifier.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Contents {
    Elements,
    /// Chunks of an OCTET STRING, or of a type that is encoded as one (X.690 8.23 to 8.26).
    OctetStrings,
    /// Chunks of a BIT STRING.
    BitStrings,
}

impl Contents {
    fn of(identifier: &[u8]) -> Contents {
        match identifier {
            // X.680 table 1: BIT STRING; OCTET STRING, ObjectDescriptor, UTF8String; 18 to 28,
            // NumericString to UniversalString with the two times among them; BMPString. Between
            // the last two is CHARACTER STRING, a SEQUENCE.
            [0x23] => Contents::BitStrings,
            [0x24 | 0x27 | 0x2c | 0x32..=0x3c | 0x3e] => Contents::OctetStrings,
            _ => Contents::Elements,
        }
    }
}

/// Identifier octets, and the bits within them (X.690 8.1.2).
mod tag {
    pub(super) use crate::asn1::tag::{BIT_STRING, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE};

    pub(super) const END_OF_CONTENTS: u8 = 0x00;
    pub(super) const CONTEXT_0: u8 = 0x80;
    pub(super) const CONSTRUCTED: u8 = 0x20;
    /// All bits of the tag number: it follows in octets of its own.
    pub(super) const SEVERAL_OCTETS: u8 = 0x1f;
}
