//! The canonical form of the body (RFC 6376 3.4.3, 3.4.4), hashed while it is read.
//!
//! mail-auth has one too, which drops carriage returns that end no line, so that a body can be
//! changed without breaking its hash, and leaves lines of nothing but white space at the end of a
//! relaxed body, so that good signatures fail.

use std::io::{self, BufRead};

use memchr::{memchr, memchr2, memrchr};

use crate::crypto::{Digest, DigestAlgorithm};

use super::signature::Canonicalization;

/// So much is looked at together, to hash it as it came if it is canonical.
const BLOCK: usize = 4 << 10;

/// Line ends that wait are written so many at a time.
const LINE_ENDS: [u8; 2 * 64] = {
    let mut line_ends = [b'\r'; 2 * 64];
    let mut at = 1;
    while at < line_ends.len() {
        line_ends[at] = b'\n';
        at += 2;
    }
    line_ends
};

/// The SHA-256 digest of a body in each of these forms, in their order.
pub(super) fn body_hashes(
    body: &mut dyn BufRead,
    forms: &[Canonicalization],
) -> io::Result<Vec<Vec<u8>>> {
    let mut hashers: Vec<BodyHasher> = forms.iter().copied().map(BodyHasher::new).collect();
    while !hashers.is_empty() {
        let octets = body.fill_buf()?;
        if octets.is_empty() {
            break;
        }
        hashers.iter_mut().for_each(|hasher| hasher.update(octets));
        let taken = octets.len();
        body.consume(taken);
    }
    Ok(hashers.into_iter().map(BodyHasher::finish).collect())
}

/// Takes a body in pieces. A line ends in CRLF or, in a message that was kept in a file, LF.
struct BodyHasher {
    form: Canonicalization,
    digest: Digest,
    /// Line ends that count only if something follows them.
    line_ends: usize,
    /// White space in a relaxed body, which counts only if something follows it on its line.
    space: bool,
    /// A carriage return that may be the first half of a line end.
    carriage_return: bool,
    is_empty: bool,
}

impl BodyHasher {
    fn new(form: Canonicalization) -> BodyHasher {
        BodyHasher {
            form,
            digest: Digest::new(DigestAlgorithm::Sha256),
            line_ends: 0,
            space: false,
            carriage_return: false,
            is_empty: true,
        }
    }

    fn update(&mut self, octets: &[u8]) {
        let mut rest = octets;
        while let Some(end) = memrchr(b'\n', &rest[..rest.len().min(BLOCK)]) {
            let (lines, after) = rest.split_at(end + 1);
            rest = after;
            match !self.space && !self.carriage_return && is_canonical(self.form, lines) {
                true => self.canonical_lines(lines),
                false => self.pieces(lines),
            }
        }
        self.pieces(rest);
    }

    /// Whole lines that stand there as they are hashed, but for empty ones at the end of the body.
    fn canonical_lines(&mut self, lines: &[u8]) {
        let mut text = lines;
        let mut line_ends = 0;
        while let Some(before) = text.strip_suffix(b"\r\n") {
            text = before;
            line_ends += 1;
        }
        self.visible(text);
        self.line_ends += line_ends;
    }

    /// Any octets, line by line; the first and the last line may be in part.
    fn pieces(&mut self, octets: &[u8]) {
        let mut rest = octets;
        while !rest.is_empty() {
            let end = memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
            let (line, after) = rest.split_at(end);
            rest = after;
            let text = line.strip_suffix(b"\n");
            if self.carriage_return && text != Some(b"") {
                self.text(b"\r");
            }
            self.carriage_return = false;
            match text {
                Some(text) => {
                    self.text(text.strip_suffix(b"\r").unwrap_or(text));
                    self.line_ends += 1;
                    self.space = false;
                }
                None => {
                    let text = line.strip_suffix(b"\r");
                    self.carriage_return = text.is_some();
                    self.text(text.unwrap_or(line));
                }
            }
        }
    }

    /// Part of a line.
    fn text(&mut self, text: &[u8]) {
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\t');
        if self.form == Canonicalization::Simple {
            return self.visible(text);
        }
        let mut rest = text;
        while let Some(first) = rest.first() {
            let space = is_space(first);
            let end = match space {
                true => rest.iter().position(|byte| !is_space(byte)),
                false => memchr2(b' ', b'\t', rest),
            };
            let (run, after) = rest.split_at(end.unwrap_or(rest.len()));
            match space {
                true => self.space = true,
                false => self.visible(run),
            }
            rest = after;
        }
    }

    /// What is hashed as it is, after all that waited for it.
    fn visible(&mut self, text: &[u8]) {
        if text.is_empty() {
            return;
        }
        while self.line_ends > 0 {
            let some = self.line_ends.min(LINE_ENDS.len() / 2);
            self.digest.update(&LINE_ENDS[..2 * some]);
            self.line_ends -= some;
        }
        if std::mem::take(&mut self.space) {
            self.digest.update(b" ");
        }
        self.digest.update(text);
        self.is_empty = false;
    }

    /// Empty lines at the end are not there, and the last line has its end. Of nothing at all simple
    /// makes an empty line, relaxed nothing.
    fn finish(mut self) -> Vec<u8> {
        if self.carriage_return {
            self.text(b"\r");
        }
        if !self.is_empty || self.form == Canonicalization::Simple {
            self.digest.update(b"\r\n");
        }
        self.digest.finalize()
    }
}

/// Whether lines are as they are hashed: with CRLF for each line end and, in the relaxed form, only
/// single spaces that something visible follows. Where it is not sure, false.
fn is_canonical(form: Canonicalization, lines: &[u8]) -> bool {
    let is_relaxed = form == Canonicalization::Relaxed;
    let mut is_canonical = lines.first().is_some_and(|first| *first != b'\n');
    // With no way out before the end, compilers take many octets at once.
    for (octet, next) in lines.iter().zip(&lines[1..]) {
        let bare_line_feed = (*octet != b'\r') & (*next == b'\n');
        let after_space = (*next == b' ') | (*next == b'\t') | (*next == b'\r');
        let white_space = (*octet == b'\t') | ((*octet == b' ') & after_space);
        is_canonical &= !(bare_line_feed | (is_relaxed & white_space));
    }
    is_canonical
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(form: Canonicalization, body: &[u8]) -> Vec<u8> {
        body_hashes(&mut &body[..], &[form]).unwrap().remove(0)
    }

    #[track_caller]
    fn is_canonically(body: &str, simple: &str, relaxed: &str) {
        for (form, canonical) in [
            (Canonicalization::Simple, simple),
            (Canonicalization::Relaxed, relaxed),
        ] {
            let expected = DigestAlgorithm::Sha256.digest(canonical.as_bytes());
            assert_eq!(hash(form, body.as_bytes()), expected, "{form:?} {body:?}");
            let mut hasher = BodyHasher::new(form);
            body.bytes().for_each(|byte| hasher.update(&[byte]));
            assert_eq!(hasher.finish(), expected, "{form:?} {body:?} by the octet");
        }
    }

    #[test]
    fn the_examples_of_the_rfc() {
        // RFC 6376 3.4.5.
        is_canonically(
            " C \r\nD \t E\r\n\r\n\r\n",
            " C \r\nD \t E\r\n",
            " C\r\nD E\r\n",
        );
        is_canonically("", "\r\n", "");
        is_canonically("\r\n\r\n", "\r\n", "");
    }

    #[test]
    fn the_end_of_a_body_is_one_line_end() {
        is_canonically("a", "a\r\n", "a\r\n");
        is_canonically("a\r\n", "a\r\n", "a\r\n");
        is_canonically("a\r\n\r\nb", "a\r\n\r\nb\r\n", "a\r\n\r\nb\r\n");
        is_canonically("a \r\n \t\r\n", "a \r\n \t\r\n", "a\r\n");
        is_canonically("a\r\n \r\nb", "a\r\n \r\nb\r\n", "a\r\n\r\nb\r\n");
        is_canonically(" \r\n", " \r\n", "");
        is_canonically(" ", " \r\n", "");
        is_canonically("\ta", "\ta\r\n", " a\r\n");
        let lines = "\r\n".repeat(1000);
        is_canonically(&lines, "\r\n", "");
        is_canonically(
            &format!("{lines}a"),
            &format!("{lines}a\r\n"),
            &format!("{lines}a\r\n"),
        );
    }

    #[test]
    fn messages_from_files_end_their_lines_in_lf() {
        is_canonically("a\n\nb \n\n", "a\r\n\r\nb \r\n", "a\r\n\r\nb\r\n");
    }

    /// Else somebody on the way could put carriage returns where they like.
    #[test]
    fn a_carriage_return_without_a_line_feed_is_content() {
        is_canonically("a\rb\r\n", "a\rb\r\n", "a\rb\r\n");
        is_canonically("a\r\r\n", "a\r\r\n", "a\r\r\n");
        is_canonically("a\r", "a\r\r\n", "a\r\r\n");
        is_canonically("\r\r\n\r", "\r\r\n\r\r\n", "\r\r\n\r\r\n");
    }

    /// Whatever of a body is hashed as it came, and whatever line by line, it has one hash.
    #[test]
    fn blocks_of_lines_are_hashed_like_their_octets() {
        let canonical = "a line of a body that has nothing to change\r\n".repeat(3 * BLOCK / 45);
        for odd in [
            "",
            "\n",
            "\r\n",
            "\r",
            " ",
            "\t",
            " \r\n",
            "a  b\r\n",
            "\r\n\r\n\r\nb",
            "\r\r\n",
        ] {
            for at in [0, 44, 45, BLOCK - 2, BLOCK - 1, BLOCK, canonical.len()] {
                let (before, after) = canonical.split_at(at);
                let body = [before, odd, after].concat();
                for form in [Canonicalization::Simple, Canonicalization::Relaxed] {
                    let mut hasher = BodyHasher::new(form);
                    body.bytes().for_each(|octet| hasher.pieces(&[octet]));
                    let whole = hash(form, body.as_bytes());
                    assert_eq!(whole, hasher.finish(), "{form:?} {odd:?} at {at}");
                }
            }
        }
    }

    #[test]
    fn nothing_is_read_where_nothing_is_asked() {
        let mut body = &b"abc"[..];
        assert!(body_hashes(&mut body, &[]).unwrap().is_empty());
        assert_eq!(body, b"abc");
    }
}
