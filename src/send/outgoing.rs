//! The message on its way: the envelope around it and the bytes within.

use std::io::{self, BufRead, Read};
use std::sync::Arc;

use crate::address::Address;
use crate::mime::{Header, MAX_HEADER};
use crate::spool::Spool;

use super::Error;

/// Who a message is from and for, as the transport is told; never without a recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    from: Option<Address>,
    recipients: Vec<Address>,
}

impl Envelope {
    /// An envelope; `from` is `None` for the null reverse-path `<>` (RFC 5321 4.5.5).
    ///
    /// A recipient named twice is kept once, at its first place.
    pub fn new(from: Option<Address>, recipients: Vec<Address>) -> Result<Self, Error> {
        let mut distinct: Vec<Address> = Vec::with_capacity(recipients.len());
        let mut seen = std::collections::HashSet::new();
        for recipient in recipients {
            if seen.insert(recipient.clone()) {
                distinct.push(recipient);
            }
        }
        match distinct.is_empty() {
            true => Err(Error::NoRecipient),
            false => Ok(Self {
                from,
                recipients: distinct,
            }),
        }
    }

    /// The reverse-path; `None` is `<>`.
    pub fn from(&self) -> Option<&Address> {
        self.from.as_ref()
    }

    /// The recipients, at least one.
    pub fn recipients(&self) -> &[Address] {
        &self.recipients
    }
}

/// A finished message and where it goes.
#[derive(Debug, Clone)]
pub struct Outgoing {
    envelope: Envelope,
    message: Arc<Spool>,
    extra_header: Vec<u8>,
    header_to: Vec<Address>,
}

impl Outgoing {
    /// A message in canonical form: a header and a body with CRLF line ends.
    pub fn new(envelope: Envelope, message: Arc<Spool>) -> Self {
        Self {
            envelope,
            message,
            extra_header: Vec::new(),
            header_to: Vec::new(),
        }
    }

    /// Puts complete header fields, each ended by CRLF, before the message's own.
    ///
    /// They stand outside of all that is signed.
    #[must_use]
    pub fn with_extra_header(mut self, fields: Vec<u8>) -> Self {
        self.extra_header = fields;
        self
    }

    /// Names the mailboxes of the To field, which SparkPost shows to Cc and Bcc recipients.
    #[must_use]
    pub fn with_header_to(mut self, to: Vec<Address>) -> Self {
        self.header_to = to;
        self
    }

    /// Who it is from and for.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The mailboxes of the To field, as far as the caller told.
    pub fn header_to(&self) -> &[Address] {
        &self.header_to
    }

    /// Octets of [`reader`](Self::reader).
    pub fn len(&self) -> u64 {
        self.extra_header.len() as u64 + self.message.len()
    }

    /// Whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes that go, from the first, as often as they are needed.
    pub fn reader(&self) -> impl BufRead + '_ {
        self.extra_header.as_slice().chain(self.message.reader())
    }

    /// The message's header with what was put before it, and a reader of the body.
    pub(super) fn divided(&self) -> io::Result<(Header, impl BufRead + '_)> {
        let mut reader = self.reader();
        let mut header = Vec::new();
        loop {
            let length = (&mut reader)
                .take(MAX_HEADER)
                .read_until(b'\n', &mut header)?;
            let is_last = matches!(&header[header.len() - length..], b"\r\n" | b"\n" | b"");
            if is_last || header.len() as u64 >= MAX_HEADER {
                return Ok((Header::split(&header, 1), reader));
            }
        }
    }

    /// Reads it through once for what a transport must know before it starts.
    pub(super) fn survey(&self) -> io::Result<Survey> {
        let mut survey = Survey {
            size: 0,
            eight_bit: false,
            nul: false,
            longest_line: 0,
        };
        let mut reader = self.reader();
        let (mut line, mut previous) = (0, b'\n');
        loop {
            let block = match reader.fill_buf() {
                Ok([]) => break,
                Ok(block) => block,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            survey.eight_bit |= !block.is_ascii();
            survey.nul |= memchr::memchr(0, block).is_some();
            for &octet in block {
                match octet {
                    b'\n' if previous == b'\r' => {}
                    // CRLF, and bare CR and LF too: they leave as CRLF.
                    b'\r' | b'\n' => {
                        survey.size += 2;
                        survey.longest_line = survey.longest_line.max(line);
                        line = 0;
                    }
                    _ => {
                        survey.size += 1;
                        line += 1;
                    }
                }
                previous = octet;
            }
            let length = block.len();
            reader.consume(length);
        }
        if !matches!(previous, b'\r' | b'\n') {
            survey.size += 2;
        }
        survey.longest_line = survey.longest_line.max(line);
        Ok(survey)
    }
}

/// Facts about the bytes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Survey {
    /// Octets with every line end as CRLF, not counting what transparency adds (RFC 1870 5).
    pub size: u64,
    /// Whether an octet above 127 occurs.
    pub eight_bit: bool,
    /// Whether a NUL occurs.
    pub nul: bool,
    /// Octets of the longest line without its end.
    pub longest_line: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn survey(bytes: &[u8]) -> Survey {
        let envelope = Envelope::new(None, vec!["a@b.example".parse().unwrap()]).unwrap();
        let message = Arc::new(Spool::from_bytes(bytes.to_vec()));
        Outgoing::new(envelope, message).survey().unwrap()
    }

    #[test]
    fn an_envelope_without_recipients_cannot_be() {
        assert!(matches!(
            Envelope::new(None, vec![]),
            Err(Error::NoRecipient)
        ));
    }

    #[test]
    fn a_recipient_named_twice_is_kept_once() {
        let bob: Address = "bob@example.com".parse().unwrap();
        let envelope = Envelope::new(None, vec![bob.clone(), bob.clone()]).unwrap();
        assert_eq!(envelope.recipients(), [bob]);
    }

    #[test]
    fn a_survey_counts_line_ends_as_crlf() {
        let facts = |size, longest_line| Survey {
            size,
            eight_bit: false,
            nul: false,
            longest_line,
        };
        assert_eq!(survey(b"abc\r\nde\r\n"), facts(9, 3));
        assert_eq!(survey(b"abc\nde\n"), facts(9, 3));
        assert_eq!(survey(b"abc\rde\r\n"), facts(9, 3));
        assert_eq!(survey(b"a\n\nbcde"), facts(11, 4));
        assert!(survey(b"\xe9\r\n").eight_bit);
        assert!(survey(b"a\0b\r\n").nul);
    }
}
