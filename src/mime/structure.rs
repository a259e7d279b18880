//! What a message is made of: headers, and what they say about the content behind them.

use super::Error;
use super::content_type::ContentType;
use super::header::{Field, Header};
use super::lines::{Facts, Position};
use super::transfer_encoding::TransferEncoding;

/// What the pass comes across. Each header is followed by what its structure promises: `Body`;
/// `Preamble`, the parts' headers, perhaps `Epilogue`, and `End`; or the embedded header.
#[derive(Debug)]
pub enum Event {
    /// Something that readers may disagree about.
    Problem(Error),
    /// The header of the message, a part or an embedded message.
    Header(Part),
    /// The content of a leaf.
    Body(Stretch),
    /// What stands before the first part of a multipart.
    Preamble {
        /// Where.
        stretch: Stretch,
        /// Whether there is a first part.
        followed: bool,
    },
    /// What stands behind the closing delimiter of a multipart.
    Epilogue(Stretch),
    /// The end of a multipart.
    End {
        /// How many parts it has.
        parts: usize,
        /// Whether it has its closing delimiter.
        closed: bool,
    },
}

/// Some lines and what is unusual in them.
#[derive(Debug, Clone, Copy)]
pub struct Stretch {
    /// Where they begin.
    pub start: Position,
    /// Where they end. The line end before a delimiter belongs to it (RFC 2046 5.1.1).
    pub end: Position,
    /// What is unusual.
    pub facts: Facts,
}

/// A header and what it says about the content behind it.
#[derive(Debug, Clone)]
pub struct Part {
    /// From the first field to behind the empty line.
    pub place: Stretch,
    /// Whether an empty line ends it. A line that is no field, or a delimiter, ends it as well.
    pub is_ended: bool,
    /// The fields.
    pub header: Header,
    /// Whether it belongs to a message and not to a part of a multipart.
    pub is_message: bool,
    /// The Content-Type, where there is one that can be read.
    pub content_type: Option<ContentType>,
    /// The Content-Transfer-Encoding, where there is one.
    pub encoding: Option<TransferEncoding>,
    /// What follows.
    pub structure: Structure,
}

/// What a body consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Structure {
    /// Octets in some encoding.
    Leaf,
    /// Parts.
    Multipart {
        /// What delimits them.
        boundary: Vec<u8>,
        /// RFC 2046 5.1.5: parts without Content-Type are messages.
        digest: bool,
    },
    /// A message with a header of its own.
    Message,
    /// multipart/signed or multipart/encrypted: every octet of it counts.
    Sealed,
    /// A composite type in a transfer encoding, which RFC 2045 6.4 forbids.
    Encoded,
    /// A multipart that cannot be taken apart for want of a boundary.
    NoBoundary,
}

impl Part {
    /// Judges a header. Problems are for the caller to weigh; the first of several fields counts.
    pub fn new(place: Stretch, header: Header, is_message: bool, in_digest: bool) -> Part {
        let field = header.first("Content-Type").map(Field::value_bytes);
        let content_type = field.as_deref().and_then(ContentType::parse);
        let encoding = header
            .first("Content-Transfer-Encoding")
            .map(|field| TransferEncoding::parse(&field.value_bytes()));
        let structure = match (&content_type, field.is_none() && in_digest) {
            (Some(it), _) => Structure::of(it, encoding.as_ref()),
            (None, true) => Structure::Message,
            (None, false) => Structure::Leaf,
        };
        Part {
            place,
            is_ended: true,
            header,
            is_message,
            content_type,
            encoding,
            structure,
        }
    }

    /// What would make readers disagree about the content.
    pub fn ambiguity(&self) -> Option<Error> {
        for name in ["Content-Type", "Content-Transfer-Encoding"] {
            if let Err(error) = self.header.only(name) {
                return Some(error);
            }
        }
        let ambiguous = self.content_type.as_ref()?.boundary().is_err();
        let line = self.header.first("Content-Type").map_or(0, Field::line);
        ambiguous.then_some(Error::DuplicateBoundary { line })
    }

    /// Treats a sealed multipart as any other.
    pub(super) fn take_apart(&mut self) {
        let boundary = self.content_type.as_ref().map(ContentType::boundary);
        self.structure = match boundary {
            Some(Ok(Some(boundary))) => Structure::Multipart {
                boundary,
                digest: false,
            },
            _ => Structure::NoBoundary,
        };
    }

    /// `type/subtype`, the default where there is none.
    pub fn media_type(&self) -> String {
        match (&self.content_type, &self.structure) {
            (Some(content_type), _) => content_type.essence(),
            (None, Structure::Message) => "message/rfc822".to_owned(),
            (None, _) => "text/plain".to_owned(),
        }
    }
}

impl Structure {
    fn of(content_type: &ContentType, encoding: Option<&TransferEncoding>) -> Structure {
        let multipart = content_type.media_type == "multipart";
        let message = content_type.is("message", "rfc822") || content_type.is("message", "news");
        if !multipart && !message {
            return Structure::Leaf;
        }
        if matches!(&content_type.subtype[..], "signed" | "encrypted") {
            return Structure::Sealed;
        }
        if encoding.is_some_and(|it| !it.is_identity()) {
            return Structure::Encoded;
        }
        if message {
            return Structure::Message;
        }
        match content_type.boundary() {
            Ok(Some(boundary)) => Structure::Multipart {
                boundary,
                digest: content_type.subtype == "digest",
            },
            _ => Structure::NoBoundary,
        }
    }
}
