//! Mail messages as S/MIME needs them: taken apart into the header that stays outside and the
//! entity that is sealed, and that entity in the canonical 7-bit form no relay has to touch.
//!
//! A message is read once into a [`Spool`](crate::spool::Spool); the body is never wholly in
//! memory. One pass over it finds the structure and writes down what has to change as a list of
//! edits, [`CanonicalEntity`], which can then be written out any number of times.
//!
//! ```
//! use mailseal::mime::{Message, RawMessage};
//!
//! let raw = RawMessage::from_bytes(
//!     "From: a@example.com\nContent-Type: text/plain; charset=utf-8\n\nGrüße\n".into(),
//! );
//! let message = Message::parse(raw).unwrap();
//! assert_eq!(message.from().unwrap().to_string(), "a@example.com");
//! let (header, entity) = message.split();
//! let mut sealed = Vec::new();
//! entity.canonicalize().unwrap().write_to(&mut sealed).unwrap();
//! assert_eq!(
//!     String::from_utf8(sealed).unwrap(),
//!     "Content-Type: text/plain; charset=utf-8\r\n\
//!      Content-Transfer-Encoding: quoted-printable\r\n\
//!      \r\n\
//!      Gr=C3=BC=C3=9Fe\r\n"
//! );
//! assert_eq!(header.fields().len(), 1);
//! ```
//!
//! What others sealed is taken apart the other way: [`recognise`](recognise()) looks what a file holds, and
//! [`smime_parts`](smime_parts()) finds the S/MIME in an entity.
//!
//! # Not supported
//!
//! Conversion between character sets, and header fields in UTF-8 outside embedded messages
//! (RFC 6532) beyond passing them on as they are.

pub mod address_list;
pub mod authorship;
pub mod canonical;
pub mod content_type;
pub mod entity;
mod error;
pub mod header;
mod leaf;
pub mod lines;
pub mod message;
pub mod multipart_signed;
pub mod note;
pub mod parse;
pub mod pkcs7_mime;
pub mod recognise;
pub mod seven_bit;
pub mod smime_parts;
pub mod structure;
pub mod transfer_encoding;
pub mod tree;

pub use authorship::Authorship;
pub use canonical::CanonicalEntity;
pub use entity::Entity;
pub use error::Error;
pub use header::{Field, Header, OuterHeader};
pub use message::{AsIs, Message, RawMessage, Recipients};
pub use multipart_signed::multipart_signed;
pub use note::Note;
pub use pkcs7_mime::{SmimeType, cms_object, pkcs7_mime, write_pkcs7_mime};
pub use recognise::{Recognised, recognise, recognise_message};
pub use smime_parts::{SmimeForm, SmimePart, SmimeParts, message_smime_parts, smime_parts};
pub use transfer_encoding::{LineEnds, canonical_lines};

/// Multiparts and embedded messages may nest this deep; real mail stays under 10.
pub const MAX_DEPTH: usize = 32;

/// As many body parts, embedded messages among them, may a message have.
pub const MAX_PARTS: usize = 1_000;

/// A header, of the message or of a part, may have this many octets.
pub const MAX_HEADER: u64 = 256 << 10;

/// A CMS object that is read into memory may have this many octets as it travels: more than the
/// 40 MiB that mail services carry.
pub const MAX_CMS_OBJECT: u64 = 64 << 20;

/// All headers that had to be rewritten, which are held in memory, may have this many octets.
pub const MAX_REWRITTEN: usize = 4 << 20;
