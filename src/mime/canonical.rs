//! The canonical form of an entity (RFC 8551 3.1): CRLF line ends, 7-bit, nothing a relay would
//! change. It is what digests are taken over, what is encrypted, and what is sent.
//!
//! # Not supported
//!
//! Normal forms within a character set: of text, only the line ends are made canonical.

use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;

use super::lines::Position;
use super::transfer_encoding::{
    BareCarriageReturn, Base64Decoder, Base64Encoder, Counter, LineEnds, QuotedPrintableDecoder,
    QuotedPrintableEncoder, base64_length,
};
use crate::spool::Spool;

/// A MIME entity in canonical form: a list of edits over the spool it came from.
///
/// It can be written any number of times, in constant memory, and is the same each time. There
/// are three ways to one: [`Entity::canonicalize`](super::Entity::canonicalize), and around
/// another, [`multipart_signed`](super::multipart_signed()) and [`pkcs7_mime`](super::pkcs7_mime()).
///
/// ```compile_fail,E0451
/// // Nobody else can claim that bytes are canonical.
/// let entity = mailseal::mime::CanonicalEntity { pieces: Vec::new(), length: 0 };
/// ```
#[derive(Debug, Clone)]
pub struct CanonicalEntity {
    pieces: Vec<Piece>,
    length: u64,
}

impl CanonicalEntity {
    pub(super) fn new(pieces: Vec<Piece>) -> CanonicalEntity {
        CanonicalEntity {
            length: pieces.iter().map(Piece::len).sum(),
            pieces,
        }
    }

    pub(super) fn into_pieces(self) -> Vec<Piece> {
        self.pieces
    }

    /// The number of octets that [`write_to`](CanonicalEntity::write_to) writes.
    pub fn len(&self) -> u64 {
        self.length
    }

    /// Never so: an entity has at least the empty line after its header.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Writes the entity.
    ///
    /// # Errors
    ///
    /// Those of `out`, and of reading the spool.
    pub fn write_to(&self, out: &mut dyn Write) -> io::Result<()> {
        self.pieces.iter().try_for_each(|piece| piece.write_to(out))
    }
}

/// One stretch of the output.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    /// These octets.
    Literal(Vec<u8>),
    /// A range of the spool, with CRLF for LF.
    Verbatim {
        source: Arc<Spool>,
        range: Range<u64>,
        bare_line_feeds: u64,
    },
    /// A range of the spool, decoded and encoded anew.
    Recoded {
        source: Arc<Spool>,
        range: Range<u64>,
        coding: Coding,
        length: u64,
    },
    /// Pieces in base64, with no line end after the last line.
    Base64 { pieces: Vec<Piece>, length: u64 },
}

/// How content is encoded anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// Lines that are to end in CRLF, bare CR too. For mail that is sent unsealed.
    Lines,
    /// Text that stands there as it is, to quoted-printable.
    TextToQuotedPrintable,
    /// Octets that stand there as they are, to base64.
    OctetsToBase64,
    /// quoted-printable with lines that are too long or not ASCII.
    QuotedPrintable,
    /// base64 in lines that are too long.
    Base64,
}

impl Piece {
    /// The stretch between two places of a message.
    pub(super) fn verbatim(source: &Arc<Spool>, from: Position, to: Position) -> Piece {
        Piece::Verbatim {
            source: Arc::clone(source),
            range: from.offset..to.offset,
            bare_line_feeds: to.bare_line_feeds - from.bare_line_feeds,
        }
    }

    /// A stretch encoded anew; encodes it once to learn its length.
    pub(super) fn recoded(
        source: &Arc<Spool>,
        range: Range<u64>,
        coding: Coding,
    ) -> io::Result<Piece> {
        let length = match coding {
            Coding::OctetsToBase64 => base64_length(range.end - range.start),
            _ => {
                let mut counter = Counter::default();
                recode(source, range.clone(), coding, &mut counter)?;
                counter.0
            }
        };
        Ok(Piece::Recoded {
            source: Arc::clone(source),
            range,
            coding,
            length,
        })
    }

    /// Pieces in base64.
    pub(super) fn base64(pieces: Vec<Piece>) -> Piece {
        Piece::Base64 {
            length: base64_length(pieces.iter().map(Piece::len).sum()),
            pieces,
        }
    }

    pub(super) fn len(&self) -> u64 {
        match self {
            Piece::Literal(bytes) => bytes.len() as u64,
            Piece::Verbatim {
                range,
                bare_line_feeds,
                ..
            } => range.end - range.start + bare_line_feeds,
            Piece::Recoded { length, .. } | Piece::Base64 { length, .. } => *length,
        }
    }

    pub(super) fn write_to(&self, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Piece::Literal(bytes) => out.write_all(bytes),
            Piece::Verbatim {
                source,
                range,
                bare_line_feeds: 0,
            } => source.range(range.clone()).write_to(out),
            Piece::Verbatim { source, range, .. } => {
                let mut lines = LineEnds::new(BareCarriageReturn::Keep, out);
                source.range(range.clone()).write_to(&mut lines)?;
                lines.finish().map(drop)
            }
            Piece::Recoded {
                source,
                range,
                coding,
                ..
            } => recode(source, range.clone(), *coding, out),
            Piece::Base64 { pieces, .. } => {
                let mut encoder = Base64Encoder::new(out);
                for piece in pieces {
                    piece.write_to(&mut encoder)?;
                }
                encoder.finish().map(drop)
            }
        }
    }
}

fn recode(
    source: &Spool,
    range: Range<u64>,
    coding: Coding,
    out: &mut dyn Write,
) -> io::Result<()> {
    match coding {
        Coding::Lines => {
            let mut lines = LineEnds::new(BareCarriageReturn::Break, out);
            source.range(range).write_to(&mut lines)?;
            lines.finish().map(drop)
        }
        Coding::TextToQuotedPrintable => {
            let encoder = QuotedPrintableEncoder::new(out);
            let mut lines = LineEnds::new(BareCarriageReturn::Keep, encoder);
            source.range(range).write_to(&mut lines)?;
            lines.finish()?.finish().map(drop)
        }
        Coding::OctetsToBase64 => {
            let mut encoder = Base64Encoder::new(out);
            source.range(range).write_to(&mut encoder)?;
            encoder.finish().map(drop)
        }
        Coding::QuotedPrintable => {
            let encoder = QuotedPrintableEncoder::new(out);
            let mut decoder = QuotedPrintableDecoder::new(encoder);
            source.range(range).write_to(&mut decoder)?;
            decoder.finish()?.finish().map(drop)
        }
        Coding::Base64 => {
            let mut decoder = Base64Decoder::new(Base64Encoder::new(out));
            source.range(range).write_to(&mut decoder)?;
            decoder.finish()?.finish().map(drop)
        }
    }
}
