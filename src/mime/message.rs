//! A message as it came in, and the two ways it goes out: divided for sealing, or as it is.
//!
//! ```
//! use mailseal::mime::{Message, RawMessage};
//!
//! let raw = RawMessage::from_bytes(
//!     b"From a@example.com Thu Mar  5 12:00:00 2026\n\
//!       From: A <a@example.com>\n\
//!       To: B <b@example.com>, \"C, D\" <cd@example.com>\n\
//!       Bcc: e@example.com\n\
//!       \n\
//!       Hello\n"
//!         .to_vec(),
//! );
//! let message = Message::parse(raw).unwrap();
//! let recipients = message.recipients().unwrap();
//! assert_eq!(recipients.to.len(), 2);
//! assert_eq!(recipients.bcc[0].to_string(), "e@example.com");
//! let mut out = Vec::new();
//! message.as_is().unwrap().write_to(&mut out).unwrap();
//! assert!(!String::from_utf8(out).unwrap().contains("Bcc"));
//! ```

use std::collections::HashSet;
use std::io::{self, Read, Write};
use std::sync::Arc;

use jiff::Timestamp;

use super::address_list;
use super::canonical::{Coding, Piece};
use super::entity::Entity;
use super::header::{Field, Header, OuterHeader};
use super::lines::Position;
use super::parse;
use super::structure::Part;
use super::transfer_encoding::{Base64Decoder, QuotedPrintableDecoder, TransferEncoding};
use super::{Error, header, seven_bit};
use crate::address::Address;
use crate::spool::Spool;

/// Octets that may be a message.
#[derive(Debug, Clone)]
pub struct RawMessage(Arc<Spool>);

impl RawMessage {
    /// Reads everything there is.
    pub fn read(reader: &mut dyn Read) -> io::Result<RawMessage> {
        Ok(RawMessage(Arc::new(Spool::read_from(reader)?)))
    }

    /// Takes what is in memory.
    pub fn from_bytes(bytes: Vec<u8>) -> RawMessage {
        RawMessage(Arc::new(Spool::from_bytes(bytes)))
    }

    /// Where the octets are.
    pub fn spool(&self) -> &Arc<Spool> {
        &self.0
    }
}

impl From<Spool> for RawMessage {
    fn from(spool: Spool) -> RawMessage {
        RawMessage(Arc::new(spool))
    }
}

impl From<Arc<Spool>> for RawMessage {
    fn from(spool: Arc<Spool>) -> RawMessage {
        RawMessage(spool)
    }
}

/// A message whose header has been read. A copy shares it.
#[derive(Debug, Clone)]
pub struct Message {
    source: Arc<Spool>,
    root: Arc<Part>,
}

/// Whom a message is for, each address once: in To before Cc before Bcc.
///
/// Resent-* fields tell of earlier journeys (RFC 5322 3.6.6) and name no recipients.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recipients {
    /// From To fields.
    pub to: Vec<Address>,
    /// From Cc fields.
    pub cc: Vec<Address>,
    /// From Bcc fields.
    pub bcc: Vec<Address>,
}

impl Recipients {
    /// All of them in order.
    pub fn all(&self) -> impl Iterator<Item = &Address> {
        self.to.iter().chain(&self.cc).chain(&self.bcc)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }
}

impl Message {
    /// Reads the header, behind a byte order mark and the line that mbox files put first. A header
    /// that no empty line ends has an empty body.
    ///
    /// # Errors
    ///
    /// What is no message, or whose header readers may disagree about. What the body is like is
    /// seen when it is [canonicalized](Entity::canonicalize).
    pub fn parse(raw: RawMessage) -> Result<Message, Error> {
        let RawMessage(source) = raw;
        if source.is_empty() {
            return Err(Error::Empty);
        }
        let (part, complete) = parse::message_header(&source)?;
        let place = part.place;
        let has_fields = !part.header.fields().is_empty();
        if !has_fields && looks_binary(&source)? {
            return Err(Error::Binary);
        }
        if !complete {
            let line = place.end.line;
            return Err(Error::NotAField { line });
        }
        if !has_fields {
            let line = place.start.line;
            return Err(Error::NotAField { line });
        }
        if let Some(problem) = parse::header_problem(&source, place)? {
            return Err(problem);
        }
        if let Some(problem) = part.ambiguity() {
            return Err(problem);
        }
        Ok(Message {
            source,
            root: Arc::new(part),
        })
    }

    /// The octets it came in.
    pub fn raw(&self) -> RawMessage {
        RawMessage(Arc::clone(&self.source))
    }

    /// All header fields as they came.
    pub fn header(&self) -> &Header {
        &self.root.header
    }

    /// The header and what it says about the body.
    pub(super) fn root(&self) -> &Part {
        &self.root
    }

    /// Where the body begins.
    fn body(&self) -> Position {
        self.root.place.end
    }

    /// The author.
    ///
    /// # Errors
    ///
    /// Anything but exactly one From field with exactly one mailbox outside a group.
    pub fn from(&self) -> Result<Address, Error> {
        let mut fields = self.root.header.all("From");
        let field = fields.next().ok_or(Error::NoFrom)?;
        if let Some(second) = fields.next() {
            let line = second.line();
            return Err(Error::SeveralFrom { line });
        }
        let list = addresses(field)?;
        if list.has_route {
            return Err(Error::FromRoute { line: field.line() });
        }
        match (&list.addresses[..], list.has_group) {
            (_, true) => Err(Error::FromGroup { line: field.line() }),
            ([address], false) => Ok(address.clone()),
            (others, false) => Err(Error::FromNotOneMailbox {
                count: others.len(),
            }),
        }
    }

    /// Who sent the message for its author, if somebody else did.
    ///
    /// # Errors
    ///
    /// A second Sender field, and one with anything but exactly one mailbox outside a group.
    pub fn sender(&self) -> Result<Option<Address>, Error> {
        let Some(field) = self.root.header.only("Sender")? else {
            return Ok(None);
        };
        let list = addresses(field)?;
        match (&list.addresses[..], list.has_group) {
            (_, true) => Err(Error::SenderGroup { line: field.line() }),
            ([address], false) => Ok(Some(address.clone())),
            (others, false) => Err(Error::SenderNotOneMailbox {
                count: others.len(),
            }),
        }
    }

    /// When the message says to have been written: the first Date field, if it can be read.
    pub fn date(&self) -> Option<Timestamp> {
        self.root.header.first("Date").and_then(Field::time)
    }

    /// Whom the message is for.
    ///
    /// # Errors
    ///
    /// An address field that cannot be read: nobody is left out silently.
    pub fn recipients(&self) -> Result<Recipients, Error> {
        let mut seen = HashSet::new();
        let mut unseen = |name| -> Result<Vec<Address>, Error> {
            let mut found = Vec::new();
            for field in self.root.header.all(name) {
                let addresses = addresses(field)?.addresses.into_iter();
                found.extend(addresses.filter(|address| seen.insert(address.clone())));
            }
            Ok(found)
        };
        Ok(Recipients {
            to: unseen("To")?,
            cc: unseen("Cc")?,
            bcc: unseen("Bcc")?,
        })
    }

    /// Divides the message for sealing: Content-* fields and body go into the entity (RFC 8551
    /// 3.1), MIME-Version, Bcc and Resent-Bcc nowhere, everything else stays outside. There a line
    /// of over 998 octets is folded at white space: some relay would cut it anywhere.
    pub fn split(self) -> (OuterHeader, Entity) {
        let body = self.body();
        let mut outer = Vec::new();
        let mut inner = Vec::new();
        for field in self.root.header.fields() {
            match Place::of(field) {
                Place::Inside => inner.push(field.clone()),
                Place::Outside => outer.push(carried(field)),
                Place::Nowhere => {}
            }
        }
        let entity = Entity::new(self.source, inner, body);
        (OuterHeader::new(outer), entity)
    }

    /// The length of the body in octets, as it came.
    pub fn body_length(&self) -> u64 {
        self.source.len() - self.body().offset
    }

    /// Writes the body with its transfer encoding taken off, if it is base64 or quoted-printable.
    ///
    /// # Errors
    ///
    /// [`Error::MalformedBase64`], and those of `out` and of reading the spool.
    pub fn write_decoded_body(&self, out: &mut dyn Write) -> Result<(), Error> {
        let body = self.source.range(self.body().offset..self.source.len());
        let field = self.root.header.first("Content-Transfer-Encoding");
        let encoding = field.map(|field| TransferEncoding::parse(&field.value_bytes()));
        match encoding {
            Some(TransferEncoding::Base64) => {
                let mut decoder = Base64Decoder::new(out);
                body.write_to(&mut decoder)?;
                decoder.finish().map_err(|error| match error.kind() {
                    io::ErrorKind::InvalidData => Error::MalformedBase64 {
                        line: self.body().line,
                    },
                    _ => Error::Read(error),
                })?;
            }
            Some(TransferEncoding::QuotedPrintable) => {
                let mut decoder = QuotedPrintableDecoder::new(out);
                body.write_to(&mut decoder)?;
                decoder.finish()?;
            }
            _ => body.write_to(out)?,
        }
        Ok(())
    }

    /// The message for sending without a seal.
    ///
    /// # Errors
    ///
    /// The spool cannot be read.
    pub fn as_is(&self) -> Result<AsIs, Error> {
        let fields = self.root.header.fields().iter();
        let visible = fields.filter(|field| !is_hidden(field)).cloned().collect();
        let range = self.body().offset..self.source.len();
        Ok(AsIs {
            header: OuterHeader::new(visible),
            body: Piece::recoded(&self.source, range, Coding::Lines)?,
        })
    }
}

/// A message as it came, but for Bcc and line ends: CRLF, also for a bare LF or CR.
#[derive(Debug, Clone)]
pub struct AsIs {
    header: OuterHeader,
    body: Piece,
}

impl AsIs {
    /// Its header.
    pub fn header(&self) -> &OuterHeader {
        &self.header
    }

    /// Its header, for a Date or Message-ID that is missing.
    pub fn header_mut(&mut self) -> &mut OuterHeader {
        &mut self.header
    }

    /// The number of octets that [`write_to`](AsIs::write_to) writes.
    pub fn len(&self) -> u64 {
        let fields = self.header.fields().iter();
        let header: usize = fields.map(|field| field.raw().len()).sum();
        header as u64 + 2 + self.body.len()
    }

    /// Never so: a message has a header.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes the message, any number of times the same.
    ///
    /// # Errors
    ///
    /// Those of `out`, and of reading the spool.
    pub fn write_to(&self, out: &mut dyn Write) -> io::Result<()> {
        self.header.write_to(out)?;
        out.write_all(b"\r\n")?;
        self.body.write_to(out)
    }
}

enum Place {
    Inside,
    Outside,
    Nowhere,
}

impl Place {
    fn of(field: &Field) -> Place {
        let name = field.name().as_bytes();
        let is_content = name.len() > 8 && name[..8].eq_ignore_ascii_case(b"Content-");
        match is_content {
            true => Place::Inside,
            false if is_hidden(field) || field.is("MIME-Version") => Place::Nowhere,
            false => Place::Outside,
        }
    }
}

/// RFC 5322 3.6.3 and 3.6.6: whom the other recipients are not to know of.
/// A field as every relay carries it (RFC 5322 2.1.1), if it has white space in the right places.
/// 8-bit octets stay: addresses may be among them, which have no other form.
fn carried(field: &Field) -> Field {
    let mut folded = Vec::new();
    if !field.raw().is_ascii() || seven_bit::write_field(field, &mut folded).is_err() {
        return field.clone();
    }
    let folded = Header::split(&folded, field.line());
    folded.fields().first().unwrap_or(field).clone()
}

fn is_hidden(field: &Field) -> bool {
    field.is("Bcc") || field.is("Resent-Bcc")
}

fn addresses(field: &header::Field) -> Result<address_list::AddressList, Error> {
    address_list::parse(&field.value()).map_err(|source| Error::Addresses {
        field: field.name().to_owned(),
        line: field.line(),
        source,
    })
}

/// Whether there are control characters that text does not have.
fn looks_binary(source: &Spool) -> Result<bool, Error> {
    let mut head = Vec::new();
    source.range(0..512).read_to_end(&mut head)?;
    Ok(head
        .iter()
        .any(|byte| matches!(byte, 0..=6 | 14..=26 | 28..=31 | 127)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: impl AsRef<[u8]>) -> Result<Message, Error> {
        Message::parse(RawMessage::from_bytes(text.as_ref().to_vec()))
    }

    fn error(text: impl AsRef<[u8]>) -> String {
        parse(text).unwrap_err().to_string()
    }

    fn as_is(text: &str) -> String {
        let as_is = parse(text).unwrap().as_is().unwrap();
        let mut out = Vec::new();
        as_is.write_to(&mut out).unwrap();
        assert_eq!(out.len() as u64, as_is.len());
        String::from_utf8(out).unwrap()
    }

    fn names(addresses: &[Address]) -> String {
        let names: Vec<String> = addresses.iter().map(Address::to_string).collect();
        names.join(" ")
    }

    #[test]
    fn what_is_no_message_is_told_so() {
        let no_field = "this does not look like a mail message: line 1 is not a header field";
        assert!(matches!(parse(""), Err(Error::Empty)));
        assert!(matches!(
            parse(b"\x1f\x8b\x08\0\0\0:\n\n"),
            Err(Error::Binary)
        ));
        assert!(matches!(parse([0; 400_000]), Err(Error::Binary)));
        assert_eq!(error("Hello world\n"), no_field);
        assert_eq!(error("x".repeat(400_000)), no_field);
        assert_eq!(error("\nFrom: a@b\n\n"), no_field);
        assert_eq!(error(" From: a@b\n\n"), no_field);
        assert!(error("From: a@b\nnot a field\n\n").contains("line 2 "));
        assert!(error("From: a@b\nX: a\rb\n\n").starts_with("line 2: a carriage return"));
        assert!(error("From: a@b\nY: z\nX: a\0b\n\n").starts_with("line 3: a NUL"));
        assert!(
            error("A: b\nContent-Type: a/b\ncontent-type: a/b\n\n").starts_with("line 3: a sec")
        );
        let huge = format!("X: y\n{}\n", "A: b\n".repeat(60_000));
        assert!(error(huge).contains("262144"));
    }

    #[test]
    fn the_header_is_found_behind_what_stands_before_it() {
        for before in [
            "",
            "\u{FEFF}",
            "From x Thu Mar  5\n",
            ">From x\n",
            "\u{FEFF}From x\r\n",
        ] {
            for after in ["", "\n", "\n\n", "\r\n\r\nbody", "\n\nbody\n"] {
                let message = parse(format!("{before}From: a@b.example{after}")).unwrap();
                assert_eq!(message.header().fields().len(), 1);
                assert_eq!(message.from().unwrap().to_string(), "a@b.example");
            }
        }
        // The obsolete form of a field is no mbox line.
        assert_eq!(
            parse("From : a@b.example\n\n")
                .unwrap()
                .from()
                .unwrap()
                .local(),
            "a"
        );
    }

    #[test]
    fn slice_of_a_spool_is_a_message_of_its_own() {
        let text = "outer\r\nFrom: a@b.example\nContent-Type: text/plain\n\nb\u{f6}dy\nouter";
        let slice = Spool::from_bytes(text.into()).slice(7..text.len() as u64 - 5);
        let message = Message::parse(slice.into()).unwrap();
        assert_eq!(message.header().fields()[0].line(), 1);
        assert_eq!(message.body_length(), 6);
        let mut body = Vec::new();
        message.write_decoded_body(&mut body).unwrap();
        assert_eq!(body, "b\u{f6}dy\n".as_bytes());
        let mut canonical = Vec::new();
        let entity = message.split().1.canonicalize().unwrap();
        entity.write_to(&mut canonical).unwrap();
        assert!(canonical.ends_with(b"\r\n\r\nb=C3=B6dy\r\n"));
    }

    #[test]
    fn from_is_exactly_one_mailbox() {
        let from = |text: &str| parse(text).unwrap().from().map(|it| it.to_string());
        assert_eq!(
            from("From: \"x@y.example\" <a@b.example>\n").unwrap(),
            "a@b.example"
        );
        assert!(matches!(from("X: y\n"), Err(Error::NoFrom)));
        assert!(matches!(
            from("From: a@b\nfrom: a@b\n"),
            Err(Error::SeveralFrom { line: 2 })
        ));
        assert!(matches!(
            from("From: \n"),
            Err(Error::FromNotOneMailbox { count: 0 })
        ));
        assert!(matches!(
            from("From: a@b, c@d\n"),
            Err(Error::FromNotOneMailbox { count: 2 })
        ));
        assert!(matches!(
            from("From: g: a@b;\n"),
            Err(Error::FromGroup { line: 1 })
        ));
        assert!(matches!(
            from("From: x@y <a@b>\n"),
            Err(Error::Addresses { .. })
        ));
    }

    #[test]
    fn a_long_line_outside_is_folded_where_it_can_be() {
        let people: Vec<_> = (0..60)
            .map(|n| format!("\"N.  {n}\" <{n}@b.example>"))
            .collect();
        let list = people.join(", ");
        let token = "x".repeat(1_200);
        let text = format!("From: a@b.example\nTo: {list}\nX: {token}\nSubject:  short   line\n\n");
        let message = parse(&text).unwrap();
        let recipients = message.recipients().unwrap();
        let (outer, _) = message.split();
        let to = outer.first("To").unwrap();
        assert!(
            to.raw()
                .split(|&octet| octet == b'\n')
                .all(|line| line.len() < 100)
        );
        assert_eq!(to.value(), list);
        assert_eq!(addresses(to).unwrap().addresses, recipients.to);
        assert_eq!(outer.first("X").unwrap().value(), token);
        assert_eq!(
            outer.first("Subject").unwrap().raw(),
            b"Subject:  short   line\r\n"
        );
    }

    #[test]
    fn recipients_are_each_named_once() {
        let message = parse(
            "To: b@x.example, Team: c@x.example, B <b@X.example>;\n\
             Resent-To: not@x.example\n\
             Cc: c@x.example\nBCC: d@x.example,\n b@x.example\nTo: e@x.example\n\n",
        );
        let recipients = message.unwrap().recipients().unwrap();
        assert_eq!(names(&recipients.to), "b@x.example c@x.example e@x.example");
        assert!(recipients.cc.is_empty());
        assert_eq!(names(&recipients.bcc), "d@x.example");
        assert!(
            parse("To: undisclosed-recipients:;\n")
                .unwrap()
                .recipients()
                .unwrap()
                .is_empty()
        );
        let latin_1 = parse(b"To: J\xF6rg <j@x.example>\n")
            .unwrap()
            .recipients()
            .unwrap();
        assert_eq!(names(&latin_1.to), "j@x.example");
        assert!(
            parse(b"To: j\xF6rg@x.example\n")
                .unwrap()
                .recipients()
                .is_err()
        );
    }

    #[test]
    fn as_it_is_changes_line_ends_and_bcc_only() {
        assert_eq!(
            as_is("A: b\nbCC: x@y,\n z@y\nresent-bcc: x@y\nC: ä\n\na\rb\n\r\nc"),
            "A: b\r\nC: ä\r\n\r\na\r\nb\r\n\r\nc"
        );
        assert_eq!(as_is("A: b"), "A: b\r\n\r\n");
        assert_eq!(as_is("A: b\n\na\r"), "A: b\r\n\r\na\r\n");
    }

    #[test]
    fn fields_go_where_they_belong() {
        let (outer, entity) = parse(
            "Subject: s\nCONTENT-type: text/plain;\n charset=utf-8\nMime-Version: 1.0\n\
             Bcc: x@y\nContent-Language: de\nContents: c\n\nbody",
        )
        .unwrap()
        .split();
        let names = |fields: &[Field]| {
            fields
                .iter()
                .map(|it| it.name().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(names(outer.fields()), ["Subject", "Contents"]);
        assert_eq!(names(entity.fields()), ["CONTENT-type", "Content-Language"]);
    }
}
