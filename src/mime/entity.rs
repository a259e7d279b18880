//! The entity that is sealed (RFC 8551 3.1): the Content-* fields of a message and its body, and
//! the way to its canonical form.
//!
//! What is 7-bit in short lines already keeps its octets; only line ends become CRLF. Of the rest:
//!
//! | found | becomes |
//! |---|---|
//! | text with 8-bit octets, long lines or bare CR | quoted-printable |
//! | other content so, and text with NUL or in UTF-16 or UTF-32 | base64 of the exact octets |
//! | `binary` content with bare LF that is not text | base64 of the exact octets |
//! | quoted-printable, base64 with such lines | decoded and encoded anew |
//! | `8bit`, `binary` on what is 7-bit | `7bit` |
//! | 8-bit octets, long lines in headers of parts | encoded words, extended parameters, folding |
//! | preamble, epilogue that are not 7-bit | nothing: no reader shows them |
//! | 8-bit octets in multipart/signed, multipart/encrypted | an error: mending breaks the signature |
//!
//! Of a header only Content-Transfer-Encoding and what is not 7-bit is touched.
//!
//! # Not supported
//!
//! Content-MD5 (RFC 1864) is passed on unchecked: it is over the decoded content, which stays.

use std::io;
use std::sync::Arc;

use super::canonical::{CanonicalEntity, Piece};
use super::header::{Field, Header};
use super::leaf::Plan;
use super::lines::{Facts, Position};
use super::parse::walk;
use super::structure::{Event, Part, Stretch, Structure};
use super::transfer_encoding::TransferEncoding;
use super::{Error, MAX_REWRITTEN, leaf, seven_bit};
use crate::spool::Spool;

/// Content-* fields and a body, as they came.
#[derive(Debug, Clone)]
pub struct Entity {
    source: Arc<Spool>,
    fields: Vec<Field>,
    body: Position,
}

impl Entity {
    pub(super) fn new(source: Arc<Spool>, fields: Vec<Field>, body: Position) -> Entity {
        Entity {
            source,
            fields,
            body,
        }
    }

    /// The Content-* fields.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Brings the entity into the form that is signed. Reads it once, and what has to be encoded
    /// anew once more; decoded text twice where its character set is unknown.
    ///
    /// # Errors
    ///
    /// What readers may disagree about (duplicate fields, boundaries, control characters in
    /// headers), what exceeds a cap, and what cannot be made 7-bit without being broken.
    pub fn canonicalize(self) -> Result<CanonicalEntity, Error> {
        let nothing = Stretch {
            start: self.body,
            end: self.body,
            facts: Facts::default(),
        };
        let root = Part::new(nothing, Header::from_fields(self.fields), false, false);
        let mut editor = Editor {
            source: &self.source,
            pieces: Vec::new(),
            done: self.body,
            unended: None,
            leaf: None,
            rewritten: 0,
        };
        let end = walk(&self.source, root, |depth, event| {
            editor.event(depth, event)
        })?;
        editor.keep_to(end);
        Ok(CanonicalEntity::new(editor.pieces))
    }
}

/// Writes down what has to change as the message goes by.
struct Editor<'a> {
    source: &'a Arc<Spool>,
    pieces: Vec<Piece>,
    /// Up to here the pieces stand for the message.
    done: Position,
    /// Where a header was kept that no empty line ends: another, put behind it, would be one
    /// with it.
    unended: Option<Position>,
    /// The header whose body comes next, and how deep it is.
    leaf: Option<(usize, Part)>,
    rewritten: usize,
}

impl Editor<'_> {
    fn event(&mut self, depth: usize, event: Event) -> Result<(), Error> {
        match event {
            Event::Problem(problem) => Err(problem),
            Event::Header(part) => match part.structure {
                Structure::Multipart { .. } | Structure::Message => self.composite(depth, &part),
                _ => {
                    self.leaf = Some((depth, part));
                    Ok(())
                }
            },
            Event::Body(body) => match self.leaf.take() {
                Some((depth, part)) => self.leaf(depth, &part, body),
                None => Ok(()),
            },
            Event::Preamble { stretch, followed } => {
                if !followed && !stretch.facts.is_seven_bit() {
                    let line = stretch.start.line;
                    return Err(Error::BoundaryNeverOccurs { line });
                }
                self.unseen(stretch);
                Ok(())
            }
            Event::Epilogue(stretch) => {
                self.unseen(stretch);
                Ok(())
            }
            Event::End { .. } => Ok(()),
        }
    }

    /// RFC 2045 6.4: composite types are 7bit, 8bit or binary, and ours are 7bit.
    fn composite(&mut self, depth: usize, part: &Part) -> Result<(), Error> {
        let mislabelled = !matches!(part.encoding, None | Some(TransferEncoding::SevenBit));
        let encoding = mislabelled.then_some(TransferEncoding::SevenBit);
        self.header(depth, part, encoding.as_ref(), None)?;
        let is_kept = self.done.offset < part.place.end.offset;
        self.unended = (is_kept && !part.is_ended).then_some(part.place.end);
        Ok(())
    }

    fn leaf(&mut self, depth: usize, part: &Part, body: Stretch) -> Result<(), Error> {
        let plan = leaf::plan(part, body)?;
        let encoding = match &plan {
            Plan::Keep => None,
            Plan::Relabel => Some(&TransferEncoding::SevenBit),
            Plan::Recode(encoding, _) => Some(encoding),
        };
        let is_untyped = depth == 0 && part.header.first("Content-Type").is_none();
        let charset = match is_untyped {
            true => Some(leaf::charset(self.source, part, body)?),
            false => None,
        };
        self.header(depth, part, encoding, charset)?;
        if let Plan::Recode(_, coding) = plan {
            let range = body.start.offset..body.end.offset;
            let piece = Piece::recoded(self.source, range, coding)
                .map_err(|error| decoding_error(error, body))?;
            self.replace(body.start, body.end, piece);
        }
        Ok(())
    }

    /// Puts the header of a part in its place, if anything in it has to change.
    fn header(
        &mut self,
        depth: usize,
        part: &Part,
        encoding: Option<&TransferEncoding>,
        charset: Option<&'static str>,
    ) -> Result<(), Error> {
        let is_clean = part.place.facts.is_seven_bit()
            && part.header.fields().iter().all(seven_bit::is_seven_bit);
        if depth > 0 && is_clean && encoding.is_none() {
            return Ok(());
        }
        let mut header = rewritten(part, encoding, charset)?;
        if self.unended == Some(part.place.start) {
            header.splice(..0, *b"\r\n");
        }
        self.rewritten += header.len();
        if self.rewritten > MAX_REWRITTEN {
            let line = part.place.start.line;
            return Err(Error::RewrittenHeadersTooLarge { line });
        }
        self.replace(part.place.start, part.place.end, Piece::Literal(header));
        Ok(())
    }

    /// Preamble and epilogue are kept as they are, or dropped.
    fn unseen(&mut self, stretch: Stretch) {
        if !stretch.facts.is_seven_bit() {
            self.replace(stretch.start, stretch.end, Piece::Literal(Vec::new()));
        }
    }

    fn replace(&mut self, from: Position, to: Position, piece: Piece) {
        self.keep_to(from);
        self.pieces.push(piece);
        self.done = to;
    }

    fn keep_to(&mut self, end: Position) {
        if self.done.offset < end.offset {
            self.pieces
                .push(Piece::verbatim(self.source, self.done, end));
        }
        self.done = end;
    }
}

fn rewritten(
    part: &Part,
    encoding: Option<&TransferEncoding>,
    charset: Option<&'static str>,
) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    if let Some(charset) = charset {
        out.extend_from_slice(b"Content-Type: text/plain; charset=");
        out.extend_from_slice(charset.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    let label = |encoding: &TransferEncoding| {
        format!("Content-Transfer-Encoding: {}\r\n", encoding.name()).into_bytes()
    };
    let mut has_label = false;
    for field in part.header.fields() {
        match encoding {
            Some(encoding) if field.is("Content-Transfer-Encoding") => {
                out.extend_from_slice(&label(encoding));
                has_label = true;
            }
            _ => seven_bit::write_field(field, &mut out)?,
        }
    }
    if let Some(encoding) = encoding.filter(|_| !has_label) {
        // RFC 2045 4: an embedded message needs this for its other MIME fields to count.
        if part.is_message && part.header.first("MIME-Version").is_none() {
            out.extend_from_slice(b"MIME-Version: 1.0\r\n");
        }
        out.extend_from_slice(&label(encoding));
    }
    out.extend_from_slice(b"\r\n");
    Ok(out)
}

fn decoding_error(error: io::Error, body: Stretch) -> Error {
    match error.kind() {
        io::ErrorKind::InvalidData => Error::MalformedBase64 {
            line: body.start.line,
        },
        _ => Error::Read(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mime::{MAX_PARTS, Message, RawMessage};

    fn canonical(message: impl AsRef<[u8]>) -> Result<String, Error> {
        let raw = RawMessage::from_bytes(message.as_ref().to_vec());
        let (_, entity) = Message::parse(raw)?.split();
        let entity = entity.canonicalize()?;
        let mut out = Vec::new();
        entity.write_to(&mut out)?;
        assert_eq!(out.len() as u64, entity.len());
        Ok(String::from_utf8(out).unwrap())
    }

    /// A message with a leaf between two others.
    fn around(leaf: &str) -> String {
        format!(
            "Content-Type: multipart/mixed; boundary=b\n\n\
             --b\nContent-Type: text/plain\n\none\n--b\n{leaf}\n--b\n\nthree\n--b--\n"
        )
    }

    #[test]
    fn what_was_fine_keeps_its_octets() {
        let long = "x".repeat(998);
        let text = |body: &str| format!("Content-Type: text/plain\n\n{body}");
        for text in [
            &text(""),
            &text("text, no final newline"),
            &text("trailing space \n\n.\nFrom me\n--b\n"),
            &text(&long),
            &around("CONTENT-type : text/html;\n\tcharset=utf-8\nX:\n\nf=C3=BC"),
            &around("\nno header"),
            &around(""),
            &around("no header and no empty line"),
            &around("Content-Transfer-Encoding: x-uue\n\nM"),
            &around("Content-Type: message/rfc822\n\nFrom x y\nSubject: s\n\ntext"),
            &around("Content-Type: multipart/signed\nContent-Transfer-Encoding: 7bit\n\n--x\n"),
            &around(
                "Content-Type: multipart/alternative; boundary=\"bb\"\n\n--bb  \n\n--b b\n--bb--\n",
            ),
            &around("Content-Type: multipart/alternative; boundary=never\n\n--neve\n"),
        ] {
            let crlf = text.replace('\n', "\r\n");
            assert_eq!(canonical(text).unwrap(), crlf);
            assert_eq!(canonical(&crlf).unwrap(), crlf);
        }
    }

    #[test]
    fn what_is_canonical_stays_as_it_is() {
        let boundary = b"Content-Type: a/b; boundary=\xAA\xAA\xFF\xFF)ing\xAA\xFF\xFF\xFF\xFF\xFF\
            \xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\n\n";
        let once = canonical(boundary).unwrap();
        assert_eq!(canonical(&once).unwrap(), once);
    }

    #[test]
    fn a_new_header_is_kept_apart_from_one_without_an_empty_line() {
        let type_field = "Content-Type: message/rfc822";
        for (embedded, expected) in [
            (
                "\rno field",
                "\n\nMIME-Version: 1.0\nCTE: quoted-printable\n\n=0Dno field",
            ),
            (
                "\n\rno field",
                "\n\nMIME-Version: 1.0\nCTE: quoted-printable\n\n=0Dno field",
            ),
            ("no field", "\nno field"),
        ] {
            let expected = expected.replace("CTE", "Content-Transfer-Encoding");
            let expected = around(&format!("{type_field}{expected}")).replace('\n', "\r\n");
            let message = around(&format!("{type_field}\n{embedded}"));
            assert_eq!(canonical(message).unwrap(), expected);
        }
    }

    #[test]
    fn leaves_are_encoded_only_where_they_must_be() {
        let cte = "Content-Transfer-Encoding: ";
        for (leaf, expected) in [
            (
                "\nzwölf \nFrom\u{20}x",
                format!("{cte}quoted-printable\n\nzw=C3=B6lf=20\n=46rom x"),
            ),
            (
                "Content-Type: text/html\ncontent-TRANSFER-encoding: 8BIT\nX: y\n\nü",
                format!("Content-Type: text/html\n{cte}quoted-printable\nX: y\n\n=C3=BC"),
            ),
            (
                "Content-Type: a/b\n\nü\n",
                format!("Content-Type: a/b\n{cte}base64\n\nw7wK"),
            ),
            (
                "Content-Type: text/x\n\nü\0",
                format!("Content-Type: text/x\n{cte}base64\n\nw7wA"),
            ),
            (
                "Content-Type: text/x; charset=UTF-16LE\n\nü",
                format!("Content-Type: text/x; charset=UTF-16LE\n{cte}base64\n\nw7w="),
            ),
            (
                "Content-Type: text\n\nü",
                format!("Content-Type: text\n{cte}base64\n\nw7w="),
            ),
            ("\na\rb", format!("{cte}quoted-printable\n\na=0Db")),
            (
                "Content-Transfer-Encoding: Binary\n\nabc",
                format!("{cte}7bit\n\nabc"),
            ),
            (
                "Content-Transfer-Encoding: binary\nContent-Type: a/b\n\na\nb",
                format!("{cte}base64\nContent-Type: a/b\n\nYQpi"),
            ),
            (
                "Content-Transfer-Encoding: quoted-printable\n\na=3D\tü=\n b",
                format!("{cte}quoted-printable\n\na=3D\t=C3=BC b"),
            ),
            (
                "Content-Type: a/b; name=ü\nContent-Transfer-Encoding: base64\n\nAA==",
                "Content-Type: a/b; name*=utf-8''%C3%BC\nContent-Transfer-Encoding: base64\n\nAA=="
                    .into(),
            ),
            (
                "Content-Type: message/rfc822\nContent-Transfer-Encoding: 8bit\n\nFrom x\nSubject: ä\n\nö",
                format!(
                    "Content-Type: message/rfc822\n{cte}7bit\n\nSubject: =?utf-8?B?w6Q=?=\n\
                     MIME-Version: 1.0\n{cte}quoted-printable\n\n=C3=B6"
                ),
            ),
            (
                "Content-Type: multipart/x; boundary=i\nContent-Transfer-Encoding: 8bit\n\nprä\n--i\n\nü\n--i--\nepi ü",
                format!(
                    "Content-Type: multipart/x; boundary=i\n{cte}7bit\n\n\n--i\n{cte}quoted-printable\n\n=C3=BC\n--i--\n"
                ),
            ),
            (
                "ü, no header",
                format!("{cte}quoted-printable\n\n=C3=BC, no header"),
            ),
        ] {
            let expected = around(&expected).replace('\n', "\r\n");
            assert_eq!(canonical(around(leaf)).unwrap(), expected);
        }
    }

    #[test]
    fn base64_is_wrapped_again() {
        let long = format!(
            "Content-Type: a/b\nContent-Transfer-Encoding: base64\n\n{}",
            "QUJD".repeat(300)
        );
        let found = canonical(&long).unwrap();
        assert!(found.lines().all(|line| line.len() <= 76));
        let one_line = found.replace("\r\n", "");
        assert!(one_line.ends_with(&"QUJD".repeat(300)));
        let malformed = canonical(format!("{long}!"));
        assert!(matches!(malformed, Err(Error::MalformedBase64 { line: 4 })));
    }

    #[test]
    fn text_without_a_type_gets_one() {
        let plain = "Content-Type: text/plain; charset=";
        for (body, expected) in [
            (&b"A: b\n\nx"[..], format!("{plain}us-ascii\r\n\r\nx")),
            (b"A: b", format!("{plain}us-ascii\r\n\r\n")),
            (
                "A: b\n\nä".as_bytes(),
                format!(
                    "{plain}utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A4"
                ),
            ),
            (
                b"A: b\n\n\xE4",
                format!(
                    "{plain}unknown-8bit\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=E4"
                ),
            ),
            (
                b"Content-Transfer-Encoding: base64\n\nw6Q=\n",
                format!("{plain}utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nw6Q=\r\n"),
            ),
        ] {
            assert_eq!(canonical(body).unwrap(), expected);
        }
    }

    #[test]
    fn what_cannot_be_mended_is_an_error() {
        for (leaf, message) in [
            (
                "Content-Type: multipart/signed; boundary=i\n\nü",
                "line 10: multipart/signed has",
            ),
            (
                "Content-Type: multipart/x\n\nü",
                "line 10: a multipart without boundary",
            ),
            (
                "Content-Type: multipart/x; boundary=n\n\nü",
                "line 10: a multipart whose boundary never",
            ),
            (
                "Content-Transfer-Encoding: x-uue\n\nü",
                "line 10: unknown Content-Transfer-Encoding \"x-uue\"",
            ),
            (
                "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nü",
                "line 11: message/rfc822 in base64",
            ),
            (
                "Content-Type: a/b\nContent-Type: a/b\n\n",
                "line 9: a second Content-Type",
            ),
            (
                "Content-Transfer-Encoding: 7bit\nContent-transfer-encoding: base64\n\n",
                "line 9: a second",
            ),
            (
                "Content-Type: multipart/x; boundary=i; boundary=j\n\n",
                "line 8: the Content-Type has more",
            ),
            ("X: a\0\n\n", "line 8: a NUL"),
            ("X: y\nX: a\rb\n\n", "line 9: a carriage return"),
            (
                "Content-Type: multipart/x; boundary=b\n\n--b\n",
                "line 10: this boundary belongs to",
            ),
        ] {
            let found = canonical(around(leaf)).unwrap_err().to_string();
            assert!(found.starts_with(message), "{found}");
        }
    }

    #[test]
    fn caps_hold() {
        let nested = |depth: usize| "Content-Type: message/rfc822\n\n".repeat(depth) + "A: b\n\nx";
        assert!(canonical(nested(32)).is_ok());
        assert!(matches!(canonical(nested(33)), Err(Error::TooDeep { .. })));
        assert!(matches!(
            canonical(nested(100_000)),
            Err(Error::TooDeep { .. })
        ));
        let parts = |count: usize| {
            format!(
                "Content-Type: multipart/x; boundary=b\n\n{}",
                "--b\n\n".repeat(count)
            )
        };
        assert!(canonical(parts(MAX_PARTS)).is_ok());
        assert!(matches!(
            canonical(parts(MAX_PARTS + 1)),
            Err(Error::TooManyParts { .. })
        ));
        let field = format!("X: {}ä\n", "x y ".repeat(60_000));
        let large = format!(
            "Content-Type: multipart/x; boundary=b\n\n{}",
            format!("--b\n{field}\n").repeat(20)
        );
        assert!(matches!(
            canonical(large),
            Err(Error::RewrittenHeadersTooLarge { .. })
        ));
    }

    #[test]
    fn a_soft_break_makes_no_delimiter() {
        for filler in 60..80 {
            let leaf = format!("\nä{}--b\n{}--b--", "x".repeat(filler), "y".repeat(filler));
            let found = canonical(around(&leaf)).unwrap();
            let delimiters = found.split("\r\n").filter(|line| line.starts_with("--b"));
            assert_eq!(delimiters.count(), 4);
        }
    }

    #[test]
    fn inner_and_outer_boundaries_are_kept_apart() {
        for (outer, inner) in [("a", "ab"), ("ab", "a"), ("a", "a-"), ("a--x", "a")] {
            let message = format!(
                "Content-Type: multipart/x; boundary=\"{outer}\"\n\n--{outer}\n\
                 Content-Type: multipart/y; boundary=\"{inner}\"\n\n--{inner}\n\nü\n--{inner}--\n\
                 --{outer} \t\n\nü\n--{outer}--\n"
            );
            let found = canonical(message).unwrap();
            assert_eq!(
                found
                    .matches("quoted-printable\r\n\r\n=C3=BC\r\n--")
                    .count(),
                2
            );
            assert!(found.contains(&format!("\r\n--{outer} \t\r\n")));
        }
    }
}
