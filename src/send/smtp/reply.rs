//! What a server answers: RFC 5321 4.2.

use std::fmt;

use crate::printable::printable;

/// A reply: its code and its text, word for word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    code: u16,
    lines: Vec<String>,
}

impl Reply {
    pub(super) fn new(code: u16) -> Self {
        Self {
            code,
            lines: Vec::new(),
        }
    }

    /// Adds the text of one line. Control characters, which could steer a terminal, are escaped.
    pub(super) fn push_line(&mut self, text: &[u8]) {
        self.lines.push(printable(&String::from_utf8_lossy(text)));
    }

    /// The three digits.
    pub fn code(&self) -> u16 {
        self.code
    }

    /// The text of each line, without the code.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// 2yz: the command was done.
    pub fn is_completion(&self) -> bool {
        self.code / 100 == 2
    }

    /// 4yz: the same command may succeed later.
    pub fn is_temporary(&self) -> bool {
        self.code / 100 == 4
    }

    /// 421: the server says so before it closes the connection (RFC 5321 3.8).
    pub(super) fn is_closing(&self) -> bool {
        self.code == 421
    }
}

/// The reply on one line: `550 5.7.1 relaying denied`.
impl fmt::Display for Reply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.code)?;
        for line in self.lines.iter().filter(|line| !line.is_empty()) {
            write!(formatter, " {line}")?;
        }
        Ok(())
    }
}

/// One line of a reply as it came.
pub(super) struct ReplyLine<'a> {
    pub code: u16,
    pub is_last: bool,
    pub text: &'a [u8],
}

impl<'a> ReplyLine<'a> {
    /// Reads `250-text` or `250 text`; the text and its space may be missing, as RFC 5321 4.2.1
    /// asks clients to bear.
    pub fn parse(line: &'a [u8]) -> Option<Self> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let (digits, rest) = line.split_at_checked(3)?;
        if !matches!(digits[0], b'2'..=b'5') || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let code = digits
            .iter()
            .fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
        let (is_last, text) = match rest {
            [b'-', text @ ..] => (false, text),
            [b' ', text @ ..] => (true, text),
            [] => (true, rest),
            _ => return None,
        };
        Some(Self {
            code,
            is_last,
            text,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_with_and_without_text() {
        let line = ReplyLine::parse(b"250-SIZE 1000\r\n").unwrap();
        assert_eq!(
            (line.code, line.is_last, line.text),
            (250, false, &b"SIZE 1000"[..])
        );
        let line = ReplyLine::parse(b"354\r\n").unwrap();
        assert_eq!((line.code, line.is_last, line.text), (354, true, &b""[..]));
    }

    #[test]
    fn what_is_no_reply_is_refused() {
        for line in [
            &b"SSH-2.0-OpenSSH\r\n"[..],
            b"25 x\r\n",
            b"150 x\r\n",
            b"250+x\r\n",
            b"",
        ] {
            assert!(ReplyLine::parse(line).is_none());
        }
    }

    #[test]
    fn a_reply_is_shown_word_for_word_but_cannot_steer_the_terminal() {
        let mut reply = Reply::new(550);
        reply.push_line(b"5.7.1 relaying denied");
        assert_eq!(reply.to_string(), "550 5.7.1 relaying denied");
        reply.push_line(b"\x1b[2Jgone");
        assert_eq!(
            reply.to_string(),
            "550 5.7.1 relaying denied \\u{1b}[2Jgone"
        );
    }
}
