//! multipart/signed (RFC 1847 2.1, RFC 8551 3.5.3): content in the clear and its signature.
//!
//! Reading is the work of [`smime_parts`](super::smime_parts()); this module finds the delimiters for
//! it.
//!
//! # Not supported
//!
//! Writing several signatures, which would need a comma-separated `micalg`.

use super::Error;
use super::canonical::{CanonicalEntity, Piece};
use super::lines::{Facts, Line, Lines, Position};
use super::parse::delimits;
use super::structure::Stretch;
use crate::spool::Spool;

/// Puts a detached signature behind the content it is for, which was written by the same
/// [`CanonicalEntity`]. `micalg` is a name of RFC 8551 3.5.3.2, such as `sha-256`; `signature` is
/// the DER of the CMS object.
///
/// The boundary is 128 random bits: the content can hold it neither by chance nor by intent.
pub fn multipart_signed(
    content: CanonicalEntity,
    micalg: &str,
    signature: &[u8],
) -> CanonicalEntity {
    // RFC 2045 6.7 (with its "=_"): no quoted-printable or base64 line can be this delimiter.
    let boundary = format!("=_{:032x}", rand::random::<u128>());
    let header = format!(
        "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\";\r\n \
         micalg={micalg}; boundary=\"{boundary}\"\r\n\
         \r\n\
         This is an S/MIME signed message\r\n\
         \r\n\
         --{boundary}\r\n"
    );
    // RFC 1847 2.1: the CRLF before the delimiter is not part of what is signed.
    let signature_header = format!(
        "\r\n--{boundary}\r\n\
         Content-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n\
         Content-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename=\"smime.p7s\"\r\n\
         Content-Description: S/MIME Cryptographic Signature\r\n\
         \r\n"
    );
    let mut pieces = vec![Piece::Literal(header.into_bytes())];
    pieces.extend(content.into_pieces());
    pieces.push(Piece::Literal(signature_header.into_bytes()));
    pieces.push(Piece::base64(vec![Piece::Literal(signature.to_vec())]));
    pieces.push(Piece::Literal(
        format!("\r\n--{boundary}--\r\n").into_bytes(),
    ));
    CanonicalEntity::new(pieces)
}

/// Two are lawful, and a third shows that it is not so.
const MOST_PARTS: usize = 3;

/// What delimits the parts.
#[derive(Debug, Clone)]
pub(super) struct Boundary {
    pub(super) value: Vec<u8>,
    /// Whether the parameter is in the form of RFC 2231, divided or encoded.
    pub(super) is_divided: bool,
}

/// The body of a multipart/signed, taken apart.
#[derive(Debug)]
pub(super) struct Division {
    pub(super) preamble: Around,
    pub(super) parts: Vec<Around>,
    /// Where the closing delimiter is there.
    pub(super) epilogue: Option<Around>,
    /// How many parts there are; of more than [`MOST_PARTS`], one stands for the rest.
    pub(super) count: usize,
}

/// A stretch between delimiters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around {
    pub(super) stretch: Stretch,
    /// Whether there is nothing but white space.
    pub(super) is_blank: bool,
    /// A line that begins as a delimiter does and is none to us, though it is to readers who take
    /// RFC 2046 5.1.1 by the letter, who do not look for a closing delimiter, who know only CRLF
    /// as a line end, or who do not know RFC 2231.
    pub(super) like_delimiter: Option<u64>,
}

impl Around {
    fn new(at: Position) -> Around {
        let stretch = Stretch {
            start: at,
            end: at,
            facts: Facts::default(),
        };
        Around {
            stretch,
            is_blank: true,
            like_delimiter: None,
        }
    }

    fn take(&mut self, line: Line, head: &[u8], boundary: &Boundary) {
        self.is_blank &= head.trim_ascii().is_empty() && line.length == head.len() as u64;
        // Who does not know RFC 2231 takes some part of the parameter for the boundary.
        let begin: &[u8] = if boundary.is_divided {
            b""
        } else {
            &boundary.value
        };
        let rest = head.strip_prefix(b"--");
        if rest.is_some_and(|rest| rest.starts_with(begin)) {
            self.like_delimiter.get_or_insert(line.start.line);
        }
        self.stretch.facts += line.facts;
        // RFC 2046 5.1.1: the line end before a delimiter belongs to it.
        self.stretch.end = line.content_end();
    }
}

/// Finds the lines that divide the body between these places. Only its own boundary counts: whatever
/// multiparts are nested in the signed part, their delimiters are content.
pub(super) fn divide(
    spool: &Spool,
    start: Position,
    end: u64,
    boundary: &Boundary,
) -> Result<Division, Error> {
    let spool = spool.slice(0..end);
    let mut lines = Lines::new(&spool, start);
    let mut division = Division {
        preamble: Around::new(start),
        parts: Vec::new(),
        epilogue: None,
        count: 0,
    };
    while let Some(line) = lines.peek()? {
        let head = lines.head();
        let delimiter =
            delimits(&boundary.value, line, head).filter(|_| division.epilogue.is_none());
        match delimiter {
            Some(true) => division.epilogue = Some(Around::new(line.end())),
            Some(false) => division.part(line.end()),
            None => division.current().take(line, head, boundary),
        }
        lines.advance();
    }
    Ok(division)
}

impl Division {
    fn part(&mut self, at: Position) {
        self.count += 1;
        self.parts.truncate(MOST_PARTS - 1);
        self.parts.push(Around::new(at));
    }

    fn current(&mut self) -> &mut Around {
        let last = self.epilogue.as_mut().or(self.parts.last_mut());
        last.unwrap_or(&mut self.preamble)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mime::{Message, RawMessage, multipart_signed};

    /// Preamble, parts, epilogue.
    fn divided(body: &str) -> (String, Vec<String>, Option<String>) {
        let spool = Spool::from_bytes(body.into());
        let boundary = Boundary {
            value: b"b".to_vec(),
            is_divided: false,
        };
        let found = divide(&spool, Position::START, spool.len(), &boundary).unwrap();
        let text = |it: Around| {
            let Stretch { start, end, .. } = it.stretch;
            body[start.offset as usize..end.offset as usize].to_owned()
        };
        let parts: Vec<String> = found.parts.iter().copied().map(text).collect();
        assert_eq!(found.count, parts.len());
        let preamble = text(found.preamble);
        (preamble, parts, found.epilogue.map(text))
    }

    #[test]
    fn line_end_before_a_delimiter_belongs_to_it() {
        for end in ["\n", "\r\n"] {
            for part in [
                "",
                "\n",
                "\n\n",
                "a",
                "A: b\n\nc\n\n",
                "a\n--bb\n--b-\n--c--\n",
            ] {
                let body = format!("p\n--b\n{part}\n--b \t\n\nsignature\n--b--\ne\n");
                let expected = ["p", part, "\nsignature", "e"].map(|it| it.replace('\n', end));
                let (preamble, parts, epilogue) = divided(&body.replace('\n', end));
                assert_eq!(preamble, expected[0]);
                assert_eq!(parts, expected[1..3]);
                assert_eq!(epilogue.as_deref(), Some(&expected[3][..]));
            }
        }
        assert_eq!(divided("--b\n--b\nx\n--b--").1, ["", "x"]);
        assert_eq!(divided("--b\r\nx\n\r\n--b--").1, ["x\n"]);
        assert_eq!(divided("--b\nx\n"), (String::new(), vec!["x".into()], None));
    }

    #[test]
    fn content_stands_between_the_delimiters_unchanged() {
        let raw = RawMessage::from_bytes(b"Content-Type: text/plain\n\nno final newline".to_vec());
        let (_, entity) = Message::parse(raw).unwrap().split();
        let content = entity.canonicalize().unwrap();
        let mut signed = Vec::new();
        content.write_to(&mut signed).unwrap();
        let entity = multipart_signed(content, "sha-256", &[0x30, 0x82, 0xFF]);
        let mut out = Vec::new();
        entity.write_to(&mut out).unwrap();
        assert_eq!(out.len() as u64, entity.len());

        let text = String::from_utf8(out).unwrap();
        let boundary = text.split("boundary=\"").nth(1).unwrap();
        let boundary = &boundary[..boundary.find('"').unwrap()];
        let delimiter = format!("\r\n--{boundary}");
        let parts: Vec<&str> = text.split(&delimiter).collect();
        assert_eq!(parts.len(), 4);
        assert!(
            parts[0].contains("; protocol=\"application/pkcs7-signature\";\r\n micalg=sha-256;")
        );
        assert_eq!(parts[1].as_bytes(), [b"\r\n", &signed[..]].concat());
        assert!(parts[2].ends_with("\r\n\r\nMIL/"));
        assert_eq!(parts[3], "--\r\n");
        assert!(text.is_ascii());
    }
}
