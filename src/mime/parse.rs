//! The structure of a message: one pass over its lines that finds headers, bodies and delimiters
//! and reports them one after the other.
//!
//! Nothing here recurses, and no body is held: a visitor gets places in the spool and what is
//! unusual between them.
//!
//! # Not supported
//!
//! Looking through a transfer encoding: a message/rfc822 part in base64, which RFC 2045 6.4
//! forbids, is a body like any other.

use std::io::Read;

use super::header::{Header, field_name};
use super::lines::{Facts, HEAD, LONGEST_LINE, Line, Lines, Position};
use super::structure::{Event, Part, Stretch, Structure};
use super::{Error, MAX_DEPTH, MAX_HEADER, MAX_PARTS};
use crate::spool::Spool;

/// Walks through the content behind a header that has been read, to the end of the spool, and
/// tells the visitor what there is and how deep it is nested. Returns where it ends.
///
/// Signed and encrypted multiparts are one body each: nothing in them may be touched.
///
/// # Errors
///
/// What the visitor returns, a cap that is exceeded, and a spool that cannot be read.
pub fn walk(
    spool: &Spool,
    root: Part,
    visit: impl FnMut(usize, Event) -> Result<(), Error>,
) -> Result<Position, Error> {
    Walker::new(spool, &root, false, visit).run(root)
}

/// The same, but takes signed and encrypted multiparts apart as well.
pub fn walk_into_sealed(
    spool: &Spool,
    root: Part,
    visit: impl FnMut(usize, Event) -> Result<(), Error>,
) -> Result<Position, Error> {
    Walker::new(spool, &root, true, visit).run(root)
}

/// Reads the header at the beginning of a message: behind a byte order mark and mbox lines.
///
/// The bool says whether the header ended as it should, with an empty line or the message.
pub fn message_header(spool: &Spool) -> Result<(Part, bool), Error> {
    let mut mark = Vec::new();
    spool.range(0..3).read_to_end(&mut mark)?;
    let start = Position {
        offset: if mark == b"\xEF\xBB\xBF" { 3 } else { 0 },
        ..Position::START
    };
    let mut lines = Lines::new(spool, start);
    let block = read_header(&mut lines, start, true, |_, _| false)?;
    let complete = block.complete || lines.peek()?.is_none();
    let header = block.split(spool)?;
    Ok((Part::new(block.place, header, true, false), complete))
}

/// Reads the header of a part, which begins at `start`, and refuses what readers may disagree
/// about.
pub(super) fn part_header(spool: &Spool, start: Position) -> Result<Part, Error> {
    let mut lines = Lines::new(spool, start);
    let block = read_header(&mut lines, start, false, |_, _| false)?;
    let part = Part::new(block.place, block.split(spool)?, false, false);
    match problem(spool, &part)? {
        Some(problem) => Err(problem),
        None => Ok(Part {
            is_ended: block.complete,
            ..part
        }),
    }
}

/// The first thing in a header that readers stumble over or disagree about.
pub(super) fn problem(spool: &Spool, part: &Part) -> Result<Option<Error>, Error> {
    Ok(header_problem(spool, part.place)?.or_else(|| part.ambiguity()))
}

/// The first octets that a reader of headers stumbles over.
pub fn header_problem(spool: &Spool, place: Stretch) -> Result<Option<Error>, Error> {
    if !place.facts.nul && !place.facts.bare_carriage_return {
        return Ok(None);
    }
    let mut lines = Lines::new(spool, place.start);
    while let Some(Line { start, facts, .. }) = lines.peek()? {
        let line = start.line;
        if facts.nul {
            return Ok(Some(Error::NulInHeader { line }));
        }
        if facts.bare_carriage_return {
            return Ok(Some(Error::BareCarriageReturnInHeader { line }));
        }
        lines.advance();
    }
    Ok(None)
}

struct HeaderBlock {
    place: Stretch,
    /// Whether an empty line ended it.
    complete: bool,
}

impl HeaderBlock {
    fn split(&self, spool: &Spool) -> Result<Header, Error> {
        let Stretch { start, end, .. } = self.place;
        let mut block = Vec::with_capacity((end.offset - start.offset) as usize);
        spool
            .range(start.offset..end.offset)
            .read_to_end(&mut block)?;
        Ok(Header::split(&block, start.line))
    }
}

/// Goes through a header to its empty line, or to a delimiter, or to what is no field.
fn read_header(
    lines: &mut Lines<'_>,
    start: Position,
    is_message: bool,
    is_delimiter: impl Fn(Line, &[u8]) -> bool,
) -> Result<HeaderBlock, Error> {
    let (mut end, mut content_end, mut in_field) = (start, start, false);
    let mut facts = Facts::default();
    let mut complete = false;
    while let Some(line) = lines.peek()? {
        let head = lines.head();
        if is_delimiter(line, head) {
            end = content_end;
            break;
        }
        complete = line.length == 0;
        let continues = in_field && matches!(head.first(), Some(b' ' | b'\t'));
        let begins = field_name(head).is_some();
        let envelope = is_message && !in_field && is_mbox_from(head);
        if !complete && !continues && !begins && !envelope {
            break;
        }
        if line.end().offset - start.offset > MAX_HEADER {
            return Err(Error::HeaderTooLarge { line: start.line });
        }
        facts += line.facts;
        in_field |= begins;
        content_end = line.content_end();
        end = line.end();
        lines.advance();
        if complete {
            break;
        }
    }
    Ok(HeaderBlock {
        place: Stretch { start, end, facts },
        complete,
    })
}

/// The line that mbox files put before each message, once more quoted by some.
fn is_mbox_from(line: &[u8]) -> bool {
    line.starts_with(b"From ") || line.starts_with(b">From ")
}

struct Walker<'s, V> {
    spool: &'s Spool,
    lines: Lines<'s>,
    frames: Vec<Frame>,
    parts: usize,
    into_sealed: bool,
    visit: V,
}

/// What is open around a line.
enum Frame {
    Multipart {
        boundary: Vec<u8>,
        digest: bool,
        parts: usize,
    },
    Message,
}

enum Next {
    Header {
        start: Position,
        digest: bool,
    },
    Content {
        start: Position,
        structure: Structure,
    },
    Stop(Stop),
}

#[derive(Clone, Copy)]
enum Stop {
    Delimiter(Delimiter),
    End,
}

#[derive(Clone, Copy)]
struct Delimiter {
    frame: usize,
    closing: bool,
}

impl<'s, V: FnMut(usize, Event) -> Result<(), Error>> Walker<'s, V> {
    fn new(spool: &'s Spool, root: &Part, into_sealed: bool, visit: V) -> Walker<'s, V> {
        Walker {
            spool,
            lines: Lines::new(spool, root.place.end),
            frames: Vec::new(),
            parts: 0,
            into_sealed,
            visit,
        }
    }

    fn run(mut self, root: Part) -> Result<Position, Error> {
        let mut next = self.announce(root)?;
        loop {
            next = match next {
                Next::Header { start, digest } => self.header(start, digest)?,
                Next::Content { start, structure } => self.content(start, structure)?,
                Next::Stop(Stop::Delimiter(delimiter)) => self.delimiter(delimiter)?,
                Next::Stop(Stop::End) => break,
            };
        }
        self.unwind(0)?;
        Ok(self.lines.position())
    }

    fn header(&mut self, start: Position, digest: bool) -> Result<Next, Error> {
        let is_message = matches!(self.frames.last(), Some(Frame::Message));
        self.parts += 1;
        if self.parts > MAX_PARTS {
            return Err(Error::TooManyParts { line: start.line });
        }
        let frames = &self.frames;
        let block = read_header(&mut self.lines, start, is_message, |line, head| {
            find_delimiter(frames, line, head).is_some()
        })?;
        let part = Part::new(block.place, block.split(self.spool)?, is_message, digest);
        self.announce(Part {
            is_ended: block.complete,
            ..part
        })
    }

    fn announce(&mut self, mut part: Part) -> Result<Next, Error> {
        if self.into_sealed && part.structure == Structure::Sealed {
            part.take_apart();
        }
        let depth = self.frames.len();
        if let Some(problem) = header_problem(self.spool, part.place)? {
            (self.visit)(depth, Event::Problem(problem))?;
        }
        if let Some(problem) = part.ambiguity() {
            (self.visit)(depth, Event::Problem(problem))?;
        }
        let next = Next::Content {
            start: part.place.end,
            structure: part.structure.clone(),
        };
        (self.visit)(depth, Event::Header(part))?;
        Ok(next)
    }

    fn content(&mut self, start: Position, structure: Structure) -> Result<Next, Error> {
        let depth = self.frames.len();
        match structure {
            Structure::Multipart { boundary, digest } => {
                self.open(
                    start,
                    Frame::Multipart {
                        boundary,
                        digest,
                        parts: 0,
                    },
                )?;
                let (stretch, stop) = self.stretch(start)?;
                let followed =
                    matches!(stop, Stop::Delimiter(it) if it.frame == depth && !it.closing);
                (self.visit)(depth, Event::Preamble { stretch, followed })?;
                Ok(Next::Stop(stop))
            }
            Structure::Message => {
                self.open(start, Frame::Message)?;
                Ok(Next::Header {
                    start,
                    digest: false,
                })
            }
            Structure::Leaf | Structure::Sealed | Structure::Encoded | Structure::NoBoundary => {
                let (stretch, stop) = self.stretch(start)?;
                (self.visit)(depth, Event::Body(stretch))?;
                Ok(Next::Stop(stop))
            }
        }
    }

    fn open(&mut self, start: Position, frame: Frame) -> Result<(), Error> {
        if self.frames.len() == MAX_DEPTH {
            return Err(Error::TooDeep { line: start.line });
        }
        self.frames.push(frame);
        Ok(())
    }

    /// Takes lines up to a delimiter of any multipart that is open, or to the end.
    fn stretch(&mut self, start: Position) -> Result<(Stretch, Stop), Error> {
        let mut stretch = Stretch {
            start,
            end: start,
            facts: Facts::default(),
        };
        while let Some(line) = self.lines.peek()? {
            if let Some((delimiter, ambiguous)) =
                find_delimiter(&self.frames, line, self.lines.head())
            {
                if ambiguous {
                    let problem = Error::AmbiguousBoundary {
                        line: line.start.line,
                    };
                    (self.visit)(self.frames.len(), Event::Problem(problem))?;
                }
                return Ok((stretch, Stop::Delimiter(delimiter)));
            }
            stretch.facts += line.facts;
            stretch.end = line.content_end();
            self.lines.advance();
        }
        stretch.end = self.lines.position();
        Ok((stretch, Stop::End))
    }

    fn delimiter(&mut self, Delimiter { frame, closing }: Delimiter) -> Result<Next, Error> {
        self.unwind(frame + 1)?;
        self.lines.advance();
        let start = self.lines.position();
        let Some(Frame::Multipart { digest, parts, .. }) = self.frames.last_mut() else {
            return Ok(Next::Stop(Stop::End));
        };
        if !closing {
            *parts += 1;
            let digest = *digest;
            return Ok(Next::Header { start, digest });
        }
        let parts = *parts;
        self.frames.pop();
        let depth = self.frames.len();
        let (epilogue, stop) = self.stretch(start)?;
        (self.visit)(depth, Event::Epilogue(epilogue))?;
        (self.visit)(
            depth,
            Event::End {
                parts,
                closed: true,
            },
        )?;
        Ok(Next::Stop(stop))
    }

    /// Leaves what is open beyond a depth: its end has not been seen.
    fn unwind(&mut self, depth: usize) -> Result<(), Error> {
        while self.frames.len() > depth {
            if let Some(Frame::Multipart { parts, .. }) = self.frames.pop() {
                (self.visit)(
                    self.frames.len(),
                    Event::End {
                        parts,
                        closed: false,
                    },
                )?;
            }
        }
        Ok(())
    }
}

/// The innermost multipart that a line delimits, and whether it delimits another as well.
fn find_delimiter(frames: &[Frame], line: Line, head: &[u8]) -> Option<(Delimiter, bool)> {
    if !head.starts_with(b"--") {
        return None;
    }
    let mut matching = frames
        .iter()
        .enumerate()
        .rev()
        .filter_map(|(frame, it)| match it {
            Frame::Multipart { boundary, .. } => {
                let closing = delimits(boundary, line, head)?;
                Some(Delimiter { frame, closing })
            }
            Frame::Message => None,
        });
    let found = matching.next()?;
    Some((found, matching.next().is_some()))
}

/// Whether a line is a delimiter of this boundary, and then whether it is the closing one.
///
/// RFC 2046 5.1.1 compares only the beginning of a line; every reader we know compares all of it
/// but white space at the end, and so keeps a boundary apart from one that it begins.
pub(super) fn delimits(boundary: &[u8], line: Line, head: &[u8]) -> Option<bool> {
    let rest = head.strip_prefix(b"--")?.strip_prefix(boundary)?;
    if line.length > LONGEST_LINE.min(HEAD as u64) {
        return None;
    }
    let is_blank = |byte: &&u8| b" \t".contains(byte);
    let blank = rest.iter().rev().take_while(is_blank).count();
    match &rest[..rest.len() - blank] {
        b"" => Some(false),
        b"--" => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the pass reports, a line each, indented by depth.
    fn events(message: &str, into_sealed: bool) -> String {
        let spool = Spool::from_bytes(message.as_bytes().to_vec());
        let (root, _) = message_header(&spool).unwrap();
        let mut found = String::new();
        let text = |from: Position, to: Position| {
            let range = from.offset as usize..to.offset as usize;
            format!("{:?}", &message[range])
        };
        let visit = |depth: usize, event: Event| {
            let event = match event {
                Event::Problem(error) => format!("problem: {error}"),
                Event::Header(part) => {
                    format!("header {}", text(part.place.start, part.place.end))
                }
                Event::Body(body) => format!("body {}", text(body.start, body.end)),
                Event::Preamble { stretch, followed } => {
                    format!("preamble {} {followed}", text(stretch.start, stretch.end))
                }
                Event::Epilogue(it) => format!("epilogue {}", text(it.start, it.end)),
                Event::End { parts, closed } => format!("end {parts} {closed}"),
            };
            found.push_str(&format!("{:1$}{event}\n", "", depth));
            Ok(())
        };
        let end = match into_sealed {
            true => walk_into_sealed(&spool, root, visit).unwrap(),
            false => walk(&spool, root, visit).unwrap(),
        };
        assert_eq!(end.offset, spool.len());
        found
    }

    fn multipart(content: &str) -> String {
        let header = "Content-Type: multipart/mixed; boundary=b\n\n";
        let found = events(&format!("{header}{content}"), false);
        found.split_once('\n').unwrap().1.to_owned()
    }

    #[test]
    fn parts_stand_between_delimiters() {
        for (content, expected) in [
            ("", "preamble \"\" false\nend 0 false\n"),
            ("--b--", "preamble \"\" false\nepilogue \"\"\nend 0 true\n"),
            (
                "p\n--b\nA: b\n\nx\n\n--b--\r\ne\n",
                "preamble \"p\" true\n header \"A: b\\n\\n\"\n body \"x\\n\"\n\
                 epilogue \"e\\n\"\nend 1 true\n",
            ),
            (
                "--b\n--b\n\n--b\nA: b\n--b\nx",
                "preamble \"\" true\n header \"\"\n body \"\"\n header \"\\n\"\n body \"\"\n \
                 header \"A: b\"\n body \"\"\n header \"\"\n body \"x\"\nend 4 false\n",
            ),
            (
                "--b\nContent-Type: message/rfc822\n\nFrom x\nA: b\n\ny\n--b--",
                "preamble \"\" true\n header \"Content-Type: message/rfc822\\n\\n\"\n  \
                 header \"From x\\nA: b\\n\\n\"\n  body \"y\"\nepilogue \"\"\nend 1 true\n",
            ),
            (
                "--b\nContent-Type: multipart/x; boundary=c\n\n--c\n\nx\n--b--\n--b\n",
                "preamble \"\" true\n header \"Content-Type: multipart/x; boundary=c\\n\\n\"\n \
                 preamble \"\" true\n  header \"\\n\"\n  body \"x\"\n end 1 false\n\
                 epilogue \"--b\\n\"\nend 1 true\n",
            ),
        ] {
            assert_eq!(multipart(content), expected, "{content:?}");
        }
    }

    #[test]
    fn a_delimiter_is_a_whole_line() {
        for line in ["--b", "--b \t", "--b--", "--b-- "] {
            assert!(
                multipart(&format!("{line}\n")).contains("preamble \"\" "),
                "{line}"
            );
        }
        for line in [
            "--", "-b", "--bb", "--b-", "--b---", "--b--x", " --b", "x--b", "--B",
        ] {
            let found = multipart(&format!("{line}\n"));
            assert_eq!(
                found,
                format!("preamble \"{line}\\n\" false\nend 0 false\n")
            );
        }
        let padded = format!("--b{}\n", " ".repeat(1_000));
        assert!(multipart(&padded).ends_with("end 0 false\n"));
    }

    #[test]
    fn sealed_parts_are_taken_apart_only_to_look() {
        let message = "Content-Type: multipart/signed; boundary=s\n\n--s\n\nx\n--s--\n";
        assert_eq!(events(message, false).lines().count(), 2);
        assert!(events(message, true).contains(" body \"x\""));
    }

    #[test]
    fn problems_are_told_in_their_place() {
        let same = "--b\nContent-Type: multipart/x; boundary=b\n\n--b--\n";
        assert!(multipart(same).contains("problem: line 6: this boundary belongs"));
        assert!(multipart("--b\nA: \0\n\n").contains("problem: line 4: a NUL"));
    }
}
