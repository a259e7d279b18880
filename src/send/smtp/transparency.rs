//! The transparency procedure of RFC 5321 4.5.2, and a guard: no bare CR or LF leaves.

use memchr::memchr2;

/// Encodes a message for DATA, block by block, in constant memory.
///
/// A line that begins with a dot gets another. A bare CR or LF becomes CRLF, so that no server
/// sees an end of data where another saw none (SMTP smuggling).
#[derive(Debug)]
pub(super) struct Transparency {
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    LineStart,
    InLine,
    /// After a CR that is still held back: whether it is bare shows in the next octet.
    AfterReturn,
}

impl Transparency {
    pub fn new() -> Self {
        Self {
            state: State::LineStart,
        }
    }

    /// Appends `block`, encoded, to `out`.
    pub fn encode(&mut self, mut block: &[u8], out: &mut Vec<u8>) {
        while let Some(&first) = block.first() {
            match (self.state, first) {
                (State::AfterReturn, _) => {
                    out.extend_from_slice(b"\r\n");
                    self.state = State::LineStart;
                    if first == b'\n' {
                        block = &block[1..];
                    }
                    continue;
                }
                (State::LineStart, b'.') => out.push(b'.'),
                _ => {}
            }
            let end = memchr2(b'\r', b'\n', block).unwrap_or(block.len());
            out.extend_from_slice(&block[..end]);
            self.state = match block.get(end) {
                None => State::InLine,
                Some(b'\r') => State::AfterReturn,
                Some(_) => {
                    out.extend_from_slice(b"\r\n");
                    State::LineStart
                }
            };
            block = block.get(end + 1..).unwrap_or_default();
        }
    }

    /// Appends the end of data; a last line without its end gets one, no other is added.
    pub fn finish(self, out: &mut Vec<u8>) {
        if self.state != State::LineStart {
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b".\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The encoding, and that it is the same however the message is cut into blocks.
    fn encoded(message: &[u8]) -> Vec<u8> {
        let by_blocks_of = |size: usize| {
            let (mut transparency, mut out) = (Transparency::new(), Vec::new());
            message
                .chunks(size)
                .for_each(|block| transparency.encode(block, &mut out));
            transparency.finish(&mut out);
            out
        };
        let whole = by_blocks_of(message.len().max(1));
        for size in 1..=4 {
            assert_eq!(by_blocks_of(size), whole);
        }
        whole
    }

    #[test]
    fn dots_at_line_starts_are_doubled() {
        assert_eq!(encoded(b".a\r\nb.\r\n..\r\n"), b"..a\r\nb.\r\n...\r\n.\r\n");
        assert_eq!(encoded(b"a\r\n.\r\nb\r\n"), b"a\r\n..\r\nb\r\n.\r\n");
    }

    #[test]
    fn no_bare_return_or_line_feed_leaves() {
        assert_eq!(encoded(b"a\n.\r\nb\r\n"), b"a\r\n..\r\nb\r\n.\r\n");
        assert_eq!(encoded(b"a\r.\r\n"), b"a\r\n..\r\n.\r\n");
        assert_eq!(encoded(b"a\r\r\n\n.\n"), b"a\r\n\r\n\r\n..\r\n.\r\n");
        assert_eq!(encoded(b"a\r"), b"a\r\n.\r\n");
    }

    #[test]
    fn the_last_line_is_ended_once() {
        assert_eq!(encoded(b""), b".\r\n");
        assert_eq!(encoded(b"a"), b"a\r\n.\r\n");
        assert_eq!(encoded(b"a\r\n"), b"a\r\n.\r\n");
    }
}
