//! The first pass: how long each constructed element is in DER, so that the second can write
//! every octet where it stays.

use super::walk::{Event, Header, Walk};
use super::{Contents, Error, tag};
use crate::asn1::tlv;

/// What the first pass finds out.
pub(super) struct Measure {
    /// For each constructed element, in the order they open, the length of its content in DER.
    /// That of a string's inner chunks is of no use; they are counted so that the order holds.
    pub(super) lengths: Vec<usize>,
    /// Which of them are chunks of encryptedContent, ascending.
    pub(super) encrypted_contents: Vec<usize>,
    /// The size of the whole in DER.
    pub(super) total: usize,
    /// The size of the whole in the input.
    pub(super) consumed: usize,
    /// Whether the input is DER as far as this module goes.
    pub(super) is_der: bool,
}

/// Sums cannot overflow: DER takes at most half as many octets again as the input, and slices
/// end at `isize::MAX`.
pub(super) fn measure(ber: &[u8]) -> Result<Measure, Error> {
    let mut walk = Walk::new(ber);
    let mut pass = Pass::default();
    let mut is_der = true;
    while let Some(event) = walk.next()? {
        match event {
            Event::Primitive {
                header, content, ..
            } => {
                is_der &= header.is_der;
                pass.primitive(&header, content)?;
            }
            Event::Begin(header) => {
                is_der &= header.is_der && Contents::of(header.identifier) == Contents::Elements;
                pass.begin(&header)?;
            }
            Event::End => pass.end(),
        }
    }
    Ok(Measure {
        is_der: is_der && pass.encrypted_contents.is_empty(),
        lengths: pass.lengths,
        encrypted_contents: pass.encrypted_contents,
        total: pass.total,
        consumed: walk.position(),
    })
}

#[derive(Default)]
struct Pass<'a> {
    open: Vec<Constructed<'a>>,
    lengths: Vec<usize>,
    encrypted_contents: Vec<usize>,
    total: usize,
    /// Unused bits at the end of the last chunk of the BIT STRING that is being joined.
    unused_bits: u8,
}

/// An open element, and what is known of its children so far.
struct Constructed<'a> {
    identifier: &'a [u8],
    contents: Contents,
    /// Its place in `lengths`.
    index: usize,
    /// Size of the children in DER.
    elements: usize,
    /// Size of what the children hold, if they are chunks.
    chunks: usize,
    children: usize,
    all_octet_strings: bool,
    /// The first child is an OBJECT IDENTIFIER.
    identified: bool,
    /// The second is an AlgorithmIdentifier.
    with_algorithm: bool,
    /// The third is `[0]` with nothing but OCTET STRINGs inside.
    chunked: Option<Chunked>,
}

/// What might be the chunks of encryptedContent.
#[derive(Clone, Copy)]
struct Chunked {
    index: usize,
    /// Its size in DER if it is left as it is.
    element: usize,
    /// Size of what the chunks hold.
    chunks: usize,
}

/// What an element that has closed means for the one around it.
struct Child<'a> {
    identifier: &'a [u8],
    element: usize,
    chunks: usize,
    is_algorithm_identifier: bool,
    chunked: Option<Chunked>,
}

impl<'a> Pass<'a> {
    fn primitive(&mut self, header: &Header<'a>, content: &[u8]) -> Result<(), Error> {
        let contents = self.expects(header)?;
        let chunks = match contents {
            Contents::BitStrings => self.bits(content).ok_or(Error::BitString(header.start))?,
            Contents::Elements | Contents::OctetStrings => content.len(),
        };
        self.child(&Child {
            identifier: header.identifier,
            element: encoded_len(header.identifier, content.len()),
            chunks,
            is_algorithm_identifier: false,
            chunked: None,
        });
        Ok(())
    }

    fn begin(&mut self, header: &Header<'a>) -> Result<(), Error> {
        let around = self.expects(header)?;
        if around != Contents::BitStrings {
            self.unused_bits = 0;
        }
        self.open.push(Constructed {
            identifier: header.identifier,
            contents: Contents::of(header.identifier),
            index: self.lengths.len(),
            elements: 0,
            chunks: 0,
            children: 0,
            all_octet_strings: true,
            identified: false,
            with_algorithm: false,
            chunked: None,
        });
        self.lengths.push(0);
        Ok(())
    }

    fn end(&mut self) {
        let Some(mut closing) = self.open.pop() else {
            return;
        };
        if let Some(chunked) = closing.encrypted_content() {
            // These indices ascend: what closed before either opened before this one, or lies
            // in an earlier child; and within the chunks themselves there is none.
            self.encrypted_contents.push(chunked.index);
            self.lengths[chunked.index] = chunked.chunks;
            closing.elements -= chunked.element;
            closing.elements += encoded_len(&[tag::CONTEXT_0], chunked.chunks);
        }
        let length = match closing.contents {
            Contents::Elements => closing.elements,
            Contents::OctetStrings => closing.chunks,
            // X.690 8.6.2.2: the octet that counts unused bits comes first.
            Contents::BitStrings => 1 + closing.chunks,
        };
        self.lengths[closing.index] = length;
        self.child(&closing.closed(length));
    }

    /// What the innermost open element holds, if an element with this header may be in there.
    fn expects(&self, header: &Header) -> Result<Contents, Error> {
        let contents = self
            .open
            .last()
            .map_or(Contents::Elements, |around| around.contents);
        let primitive = header.identifier[0] & !tag::CONSTRUCTED;
        match contents {
            Contents::OctetStrings if primitive != tag::OCTET_STRING => {
                Err(Error::Chunk(header.start))
            }
            Contents::BitStrings if primitive != tag::BIT_STRING => Err(Error::Chunk(header.start)),
            _ => Ok(contents),
        }
    }

    /// X.690 8.6.2 and 8.6.4: how many octets of bits a chunk holds. `None` when it counts
    /// unused bits that it does not have, or when the one before it had any.
    fn bits(&mut self, chunk: &[u8]) -> Option<usize> {
        let (unused, bits) = chunk.split_first()?;
        let possible = *unused == 0 || *unused <= 7 && !bits.is_empty();
        let whole_before = std::mem::replace(&mut self.unused_bits, *unused) == 0;
        (possible && whole_before).then_some(bits.len())
    }

    fn child(&mut self, child: &Child) {
        let Some(around) = self.open.last_mut() else {
            self.total = child.element;
            return;
        };
        match around.children {
            0 => around.identified = child.identifier == [tag::OBJECT_IDENTIFIER],
            1 => around.with_algorithm = child.is_algorithm_identifier,
            2 => around.chunked = child.chunked,
            _ => {}
        }
        around.children += 1;
        around.elements += child.element;
        around.chunks += child.chunks;
        around.all_octet_strings &= child.identifier[0] & !tag::CONSTRUCTED == tag::OCTET_STRING;
    }
}

impl<'a> Constructed<'a> {
    /// RFC 5652 6.1: the `[0]` of EncryptedContentInfo, when that is what this is. The module's
    /// documentation says why it is nothing else.
    fn encrypted_content(&self) -> Option<Chunked> {
        let shape = self.identifier == [tag::SEQUENCE]
            && self.children == 3
            && self.identified
            && self.with_algorithm;
        self.chunked.filter(|_| shape)
    }

    fn closed(&self, length: usize) -> Child<'a> {
        let element = encoded_len(self.identifier, length);
        let chunked = Chunked {
            index: self.index,
            element,
            chunks: self.chunks,
        };
        let may_be_chunked =
            self.identifier == [tag::CONTEXT_0 | tag::CONSTRUCTED] && self.all_octet_strings;
        Child {
            identifier: self.identifier,
            element,
            chunks: self.chunks,
            // RFC 5280 4.1.1.2: an OBJECT IDENTIFIER, and parameters or none.
            is_algorithm_identifier: self.identifier == [tag::SEQUENCE]
                && self.identified
                && self.children <= 2,
            chunked: may_be_chunked.then_some(chunked),
        }
    }
}

/// The size of an element in DER; an identifier has the same octets there.
fn encoded_len(identifier: &[u8], length: usize) -> usize {
    identifier.len() - 1 + tlv::header_len(length as u64) + length
}
