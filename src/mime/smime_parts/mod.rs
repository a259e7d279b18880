//! Where the S/MIME in an entity is: multipart/signed, application/pkcs7-mime, and what gateways
//! made of them (RFC 8551 3).
//!
//! Only the media type, the `protocol` and file names are looked at, no octet of a CMS object.
//! What is covered by a signature are the sender's octets: the first part with its header, from
//! behind the delimiter up to, but without, the line end before the next (RFC 1847 2.1).
//!
//! ```
//! use mailseal::mime::{RawMessage, SmimeForm, smime_parts};
//!
//! let raw = RawMessage::from_bytes(
//!     b"Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=b\n\n\
//!       --b\n\nhello\n--b\nContent-Type: application/pkcs7-signature\n\
//!       Content-Transfer-Encoding: base64\n\nMAA=\n--b--\n"
//!         .to_vec(),
//! );
//! let found = smime_parts(&raw).unwrap();
//! let SmimeForm::Signed { content, signature, .. } = &found.parts[0].form else {
//!     panic!("it is clear-signed")
//! };
//! assert!(found.parts[0].is_whole && !found.has_other_content);
//! assert_eq!((content.spool().len(), signature.len()), (6, 2)); // "\nhello" and 30 00
//! ```
//!
//! Readers take malformed messages apart in different ways, and who knows how can show one reader
//! what another has never verified. So whatever is read in more than one way is refused: fields
//! and parameters that are there twice, also once plain and once in the form of RFC 2231; NUL and
//! bare carriage returns in headers and around the signed part; lines around the signed part that
//! begin like its boundary. In the signed part itself they stay: its signer wrote them.
//!
//! # Not supported
//!
//! Looking into what PGP signed or encrypted, and into a multipart or message in base64 or
//! quoted-printable, which RFC 2045 6.4 forbids: all that is other content.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use super::content_type::{self, Parameter, has_plain_boundary};
use super::header::Field;
use super::lines::Position;
use super::message::{Message, RawMessage};
use super::multipart_signed::{Around, Boundary, Division, divide};
use super::note::Note;
use super::parse::{message_header, part_header, problem, walk};
use super::pkcs7_mime::{SmimeMedia, SmimeType, is_signature_type};
use super::recognise::is_base64_content_info;
use super::structure::{Event, Part, Stretch, Structure};
use super::transfer_encoding::{Base64Decoder, QuotedPrintableDecoder, TransferEncoding};
use super::{Error, MAX_CMS_OBJECT};
use crate::spool::{Spool, SpoolWriter};

/// What of an entity is S/MIME.
#[derive(Debug, Clone)]
pub struct SmimeParts {
    /// In the order they stand. There is at most one that [`is_whole`](SmimePart::is_whole).
    pub parts: Vec<SmimePart>,
    /// Whether something a reader would see stands beside them: text, attachments, what another
    /// system signed or encrypted. Preamble and epilogue are seen by nobody.
    pub has_other_content: bool,
}

/// One S/MIME part.
#[derive(Debug, Clone)]
pub struct SmimePart {
    /// It is the entity itself, and not one of its parts or in a message that it holds.
    pub is_whole: bool,
    /// Which part it is: "" for the entity itself, "2" for its second part, "2.1" for the first
    /// part of that. A message that a message/rfc822 part holds is its part 1.
    pub location: String,
    /// What it is.
    pub form: SmimeForm,
    /// What is unusual, or not covered.
    pub notes: Vec<Note>,
}

/// How content and signature travel (RFC 8551 3.2 and 3.5).
#[derive(Debug, Clone)]
pub enum SmimeForm {
    /// multipart/signed: the content in the clear, the signature beside it.
    Signed {
        /// The octets of the first part. The signature is over their canonical form, which
        /// [`canonical_lines`](super::canonical_lines) makes.
        content: RawMessage,
        /// The CMS object, decoded.
        signature: Spool,
        /// The names of digest algorithms that the parameter has, in lower case. A hint only.
        micalg: Vec<String>,
        /// The protocol parameter, in lower case.
        protocol: Option<String>,
    },
    /// application/pkcs7-mime, or a signature that stands alone.
    Object {
        /// The CMS object, decoded.
        object: Spool,
        /// The smime-type parameter as it stands there. The content decides what it is.
        smime_type: Option<String>,
    },
}

/// Finds the S/MIME parts of an entity: a whole message, or what was inside another layer.
///
/// Content that is no MIME entity has no S/MIME parts, and is other content.
///
/// # Errors
///
/// What is ambiguous or exceeds a cap, a multipart/signed that is not two parts, an object whose
/// transfer encoding cannot be taken off or that is over [`MAX_CMS_OBJECT`], and those of reading
/// the spool and of writing the temporary file that decoded objects are in.
pub fn smime_parts(entity: &RawMessage) -> Result<SmimeParts, Error> {
    let source = entity.spool();
    let (root, complete) = message_header(source)?;
    if !complete && root.header.first("Content-Type").is_some() {
        let line = root.place.end.line;
        return Err(Error::NotAField { line });
    }
    if !complete || root.header.fields().is_empty() {
        return Ok(SmimeParts {
            parts: Vec::new(),
            has_other_content: !source.is_empty(),
        });
    }
    find(source, root)
}

/// The same for a message, whose header has been read.
///
/// # Errors
///
/// As for [`smime_parts`].
pub fn message_smime_parts(message: &Message) -> Result<SmimeParts, Error> {
    find(message.raw().spool(), message.root().clone())
}

fn find(source: &Arc<Spool>, root: Part) -> Result<SmimeParts, Error> {
    let mut finder = Finder {
        source,
        numbers: Vec::new(),
        leaf: None,
        decoded: SpoolWriter::new(),
        found: Vec::new(),
        has_other_content: false,
    };
    match root.structure {
        Structure::Multipart { .. } | Structure::Message => {
            walk(source, root, |depth, event| finder.event(depth, event))?;
        }
        Structure::Leaf | Structure::Sealed | Structure::Encoded | Structure::NoBoundary => {
            finder.undivided(&root)?;
        }
    }
    let Finder {
        decoded,
        found,
        has_other_content,
        ..
    } = finder;
    let decoded = decoded.finish()?;
    Ok(SmimeParts {
        parts: found.into_iter().map(|it| it.finish(&decoded)).collect(),
        has_other_content,
    })
}

/// Gathers what is S/MIME as the entity goes by.
struct Finder<'a> {
    source: &'a Arc<Spool>,
    /// The number of the part in each multipart that is open.
    numbers: Vec<usize>,
    /// The header whose body comes next.
    leaf: Option<Part>,
    /// All decoded objects one after the other: one temporary file at most, however many there are.
    decoded: SpoolWriter,
    found: Vec<Found>,
    has_other_content: bool,
}

/// A part whose object is still being collected with the others.
struct Found {
    location: String,
    object: Object,
    signed: Option<Signed>,
    smime_type: Option<String>,
    notes: Vec<Note>,
}

/// Where the octets of a CMS object are.
enum Object {
    Decoded(Range<u64>),
    /// It was not encoded.
    InPlace(Spool),
}

/// What a multipart/signed has beside its signature.
struct Signed {
    content: RawMessage,
    micalg: Vec<String>,
    protocol: Option<String>,
}

impl Found {
    fn finish(self, decoded: &Spool) -> SmimePart {
        let object = match self.object {
            Object::Decoded(range) => decoded.slice(range),
            Object::InPlace(object) => object,
        };
        let smime_type = self.smime_type;
        SmimePart {
            is_whole: self.location.is_empty(),
            location: self.location,
            form: match self.signed {
                None => SmimeForm::Object { object, smime_type },
                Some(signed) => SmimeForm::Signed {
                    content: signed.content,
                    signature: object,
                    micalg: signed.micalg,
                    protocol: signed.protocol,
                },
            },
            notes: self.notes,
        }
    }
}

/// Where a body is.
#[derive(Clone, Copy)]
struct Body {
    start: Position,
    end: u64,
}

impl From<Stretch> for Body {
    fn from(stretch: Stretch) -> Body {
        Body {
            start: stretch.start,
            end: stretch.end.offset,
        }
    }
}

impl Finder<'_> {
    /// An entity that is one body, to its end: to know that, nothing of it has to be read.
    fn undivided(&mut self, root: &Part) -> Result<(), Error> {
        if let Some(problem) = problem(self.source, root)? {
            return Err(problem);
        }
        let body = Body {
            start: root.place.end,
            end: self.source.len(),
        };
        self.body(root, body)
    }

    fn event(&mut self, depth: usize, event: Event) -> Result<(), Error> {
        match event {
            Event::Problem(problem) => Err(problem),
            Event::Header(part) => {
                self.count(depth);
                self.leaf = Some(part);
                Ok(())
            }
            Event::Body(body) => match self.leaf.take() {
                Some(part) => self.body(&part, body.into()),
                None => Ok(()),
            },
            // Readers show the preamble of a multipart that has no parts.
            Event::Preamble { followed, .. } => {
                self.has_other_content |= !followed;
                Ok(())
            }
            Event::Epilogue(_) | Event::End { .. } => Ok(()),
        }
    }

    fn count(&mut self, depth: usize) {
        self.numbers.resize(depth.min(self.numbers.len()), 0);
        if self.numbers.len() < depth {
            self.numbers.push(0);
        }
        if let Some(number) = self.numbers.last_mut() {
            *number += 1;
        }
    }

    fn body(&mut self, part: &Part, body: Body) -> Result<(), Error> {
        let is_signed = |part: &Part| part.media_type() == "multipart/signed";
        let found = match part.structure {
            Structure::Sealed if is_signed(part) => self.multipart_signed(part, body)?,
            Structure::Leaf => self.object(part, body)?,
            _ => None,
        };
        match found {
            Some(found) => self.found.push(found),
            None => self.has_other_content = true,
        }
        Ok(())
    }

    fn location(&self) -> String {
        let numbers = self.numbers.iter().map(usize::to_string);
        numbers.collect::<Vec<_>>().join(".")
    }

    /// A part that is one CMS object.
    fn object(&mut self, part: &Part, body: Body) -> Result<Option<Found>, Error> {
        let mut notes = Vec::new();
        match SmimeMedia::of(&part.header) {
            Some(SmimeMedia::Pkcs7Mime) => {}
            Some(SmimeMedia::Signature) => notes.push(Note::LoneSignature),
            Some(SmimeMedia::ByFileName { is_signature }) => {
                notes.push(Note::KnownByFileName);
                notes.extend(is_signature.then_some(Note::LoneSignature));
            }
            None => return Ok(None),
        }
        let smime_type = content_type::only(parameters(part), "smime-type");
        let smime_type = smime_type.ok().flatten().map(|it| text(&it));
        let unknown = smime_type
            .clone()
            .filter(|it| SmimeType::parse(it).is_none());
        notes.extend(unknown.map(Note::UnknownSmimeType));
        Ok(Some(Found {
            location: self.location(),
            object: self.decode(part.encoding.as_ref(), body, &mut notes)?,
            signed: None,
            smime_type,
            notes,
        }))
    }

    /// RFC 1847 2.1 and RFC 8551 3.5.3; `None` for the signatures of others, such as PGP/MIME's
    /// (RFC 3156 5).
    fn multipart_signed(&mut self, part: &Part, body: Body) -> Result<Option<Found>, Error> {
        let division = match boundary(part) {
            Some(boundary) => Some(divide(self.source, body.start, body.end, &boundary)?),
            None => None,
        };
        let second = division.as_ref().and_then(|it| it.parts.get(1));
        let second = second.map(|it| {
            let source = self.source.slice(0..it.stretch.end.offset);
            part_header(&source, it.stretch.start)
        });
        let second_media = match &second {
            Some(Ok(second)) => SmimeMedia::of(&second.header),
            _ => None,
        };
        if !names_our_protocol(part) && !second_media.is_some_and(SmimeMedia::is_signature) {
            return Ok(None);
        }
        let line = body.start.line;
        let protocol = refuse_ambiguity(part, line)?;
        let division = division.ok_or(Error::SignedNoBoundary { line })?;
        let (content, place) = division.content_and_signature(line)?;
        let signature = match second {
            Some(second) => second?,
            None => return Err(Error::SignedNotTwoParts { count: 1, line }),
        };
        let mut notes = division.notes();
        notes.extend(match &protocol {
            None => Some(Note::NoProtocol),
            Some(name) if is_signature_type(name) => None,
            Some(name) => Some(Note::OtherProtocol(name.clone())),
        });
        notes.extend(match second_media {
            Some(SmimeMedia::Signature) => None,
            Some(SmimeMedia::ByFileName { .. }) => Some(Note::KnownByFileName),
            _ => Some(Note::SignatureType(signature.media_type())),
        });
        let body = Body {
            start: signature.place.end,
            end: place.end.offset,
        };
        let content = content.start.offset..content.end.offset;
        Ok(Some(Found {
            location: self.location(),
            object: self.decode(signature.encoding.as_ref(), body, &mut notes)?,
            signed: Some(Signed {
                content: self.source.slice(content).into(),
                micalg: micalg(part),
                protocol,
            }),
            smime_type: None,
            notes,
        }))
    }

    /// Takes the transfer encoding off an object.
    fn decode(
        &mut self,
        encoding: Option<&TransferEncoding>,
        body: Body,
        notes: &mut Vec<Note>,
    ) -> Result<Object, Error> {
        let range = body.start.offset..body.end;
        if range.end - range.start > MAX_CMS_OBJECT {
            return Err(Error::CmsObjectTooLarge);
        }
        let line = body.start.line;
        let begin = self.decoded.written();
        let mut reader = self.source.range(range.clone());
        match encoding {
            Some(TransferEncoding::QuotedPrintable) => {
                let mut decoder = QuotedPrintableDecoder::new(&mut self.decoded);
                reader.write_to(&mut decoder)?;
                decoder.finish()?;
            }
            Some(TransferEncoding::Other(name)) => {
                let encoding = name.clone();
                return Err(Error::UnknownTransferEncoding { encoding, line });
            }
            Some(TransferEncoding::Base64) => self.base64(range, line)?,
            _ if is_base64_content_info(&mut reader)? => {
                notes.push(Note::UnlabelledBase64);
                self.base64(range, line)?;
            }
            _ => return Ok(Object::InPlace(self.source.slice(range))),
        }
        Ok(Object::Decoded(begin..self.decoded.written()))
    }

    fn base64(&mut self, range: Range<u64>, line: u64) -> Result<(), Error> {
        let mut decoder = Base64Decoder::new(&mut self.decoded);
        self.source.range(range).write_to(&mut decoder)?;
        match decoder.finish() {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                Err(Error::MalformedBase64 { line })
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl Division {
    /// The two parts of a multipart/signed that everyone reads alike.
    fn content_and_signature(&self, line: u64) -> Result<(Stretch, Stretch), Error> {
        let count = self.count;
        let epilogue = self.epilogue.ok_or(Error::SignedNotClosed { line })?;
        let [content, signature] = self.parts[..] else {
            return Err(Error::SignedNotTwoParts { count, line });
        };
        for Around {
            stretch,
            like_delimiter,
            ..
        } in [self.preamble, signature, epilogue]
        {
            if stretch.facts.nul || stretch.facts.bare_carriage_return {
                let line = stretch.start.line;
                return Err(Error::ControlBesideSigned { line });
            }
            if let Some(line) = like_delimiter {
                return Err(Error::LikeBoundary { line });
            }
        }
        Ok((content.stretch, signature.stretch))
    }

    fn notes(&self) -> Vec<Note> {
        let mut notes = Vec::new();
        notes.extend((!self.preamble.is_blank).then_some(Note::Preamble));
        let has_epilogue = self.epilogue.is_some_and(|it| !it.is_blank);
        notes.extend(has_epilogue.then_some(Note::Epilogue));
        notes
    }
}

fn parameters(part: &Part) -> &[Parameter] {
    part.content_type
        .as_ref()
        .map_or(&[], |it| &it.parameters[..])
}

fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).trim().to_owned()
}

/// The boundary of a multipart/signed, also in the form of RFC 2231: RFC 2046 5.1.1 lets it have 70
/// characters, mailers write more, and nobody writes any that are not graphic ASCII or spaces.
fn boundary(part: &Part) -> Option<Boundary> {
    let value = content_type::only(parameters(part), "boundary").ok()??;
    let mut named = parameters(part).iter().filter(|it| it.base() == "boundary");
    let is_usable = (1..=900).contains(&value.len())
        && value.iter().all(|byte| matches!(byte, b' '..=b'~'))
        && value.last() != Some(&b' ');
    is_usable.then(|| Boundary {
        value,
        is_divided: named.any(|it| it.name.contains('*')),
    })
}

/// Whether some reader finds the protocol of S/MIME there.
fn names_our_protocol(part: &Part) -> bool {
    let all = parameters(part).iter();
    let each = all
        .filter(|it| it.base() == "protocol")
        .map(|it| it.decoded(true));
    let whole = content_type::only(parameters(part), "protocol")
        .ok()
        .flatten();
    each.chain(whole).any(|it| is_signature_type(&text(&it)))
}

/// What makes readers take a multipart/signed apart in different ways. Returns the protocol.
fn refuse_ambiguity(part: &Part, line: u64) -> Result<Option<String>, Error> {
    if let Some(encoding) = part.encoding.as_ref().filter(|it| !it.is_identity()) {
        let encoding = encoding.name().to_owned();
        return Err(Error::SignedEncoded { encoding, line });
    }
    let field = part.header.first("Content-Type");
    let ambiguous = |name| Error::AmbiguousParameter {
        name,
        line: field.map_or(line, Field::line),
    };
    if field.is_some_and(|it| !has_plain_boundary(&it.value_bytes())) {
        return Err(ambiguous("boundary"));
    }
    let protocol = content_type::only(parameters(part), "protocol");
    let protocol = protocol.map_err(|_| ambiguous("protocol"))?;
    Ok(protocol.map(|it| text(&it).to_ascii_lowercase()))
}

/// RFC 8551 3.5.3.2: several names stand with commas between them.
fn micalg(part: &Part) -> Vec<String> {
    let value = content_type::only(parameters(part), "micalg")
        .ok()
        .flatten();
    let value = text(&value.unwrap_or_default()).to_ascii_lowercase();
    let names = value.split(',').map(str::trim);
    names
        .filter(|it| !it.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests;
