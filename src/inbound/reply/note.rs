//! The note itself: a signed message to the author of another, and its way out.

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Template;
use crate::address::Address;
use crate::inbound::decide::Decision;
use crate::keys::KeyDirectory;
use crate::mime::{self, Field, Header, Message, RawMessage};
use crate::send::{self, Envelope, Outgoing, Receipt, Sender};
use crate::smime::seal::{self, Missing, Sealing, SignOptions};
use crate::smime::sign::Form;
use crate::spool::SpoolWriter;

/// The longest identifier that is repeated, in octets: a line may have 998.
const MAX_MESSAGE_ID: usize = 250;

/// How many of the identifiers in References are repeated.
const MAX_REFERENCES: usize = 20;

/// A message that may be sent. It is not signed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    to: Address,
    message: Vec<u8>,
}

/// Why a note was not sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It cannot be put together.
    #[error("the note cannot be written")]
    Message(#[from] mime::Error),
    /// It cannot be signed.
    #[error("the note cannot be signed")]
    Seal(#[from] seal::Error),
    /// It cannot be kept while it is sent.
    #[error("the note cannot be kept")]
    Io(#[from] io::Error),
    /// Nobody takes it.
    #[error("the note cannot be sent")]
    Send(#[from] send::Error),
}

impl Note {
    pub(super) fn new(
        from: &Address,
        to: &Address,
        header: &Header,
        template: &Template,
        decision: &Decision,
    ) -> Note {
        let report = decision.report();
        let not_after = decision.collected().map_or(String::new(), |collected| {
            let not_after = collected.certificate().not_after();
            TimeZone::UTC.to_datetime(not_after).date().to_string()
        });
        let text = template.text(
            &to.to_string(),
            report.reason.unwrap_or_default(),
            report.detail.as_deref().unwrap_or_default(),
            &not_after,
        );
        let mut message = format!(
            "From: {from}\r\nTo: {to}\r\nSubject: {}\r\nAuto-Submitted: auto-replied\r\n",
            template.subject()
        );
        message.push_str(&thread(header));
        message.push_str(
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: 8bit\r\n\r\n",
        );
        message.push_str(&text.replace('\n', "\r\n"));
        Note {
            to: to.clone(),
            message: message.into_bytes(),
        }
    }

    /// Whom it is for.
    pub fn to(&self) -> &Address {
        &self.to
    }

    /// Signs the note with the key of its author, and sends it, with the header fields that the way out
    /// wants before its own.
    ///
    /// # Errors
    ///
    /// There is no such key, or the note is not taken.
    pub fn send(
        &self,
        keys: &KeyDirectory,
        now: Timestamp,
        extra_header: &[u8],
        sender: &mut dyn Sender,
    ) -> Result<Receipt, Error> {
        let message = Message::parse(RawMessage::from_bytes(self.message.clone()))?;
        let sealing = Sealing {
            sign: Some(SignOptions {
                // Whoever cannot verify it can read it.
                form: Form::Detached,
                digest: None,
                pss: false,
                signing_time: true,
            }),
            encrypt: None,
            automatic_cipher: false,
            missing: Missing::Refuse,
            recipients: Some(vec![self.to.clone()]),
            now,
        };
        let sealed = sealing.seal(message, keys)?;
        let mut spool = SpoolWriter::new();
        for copy in sealed.copies {
            copy.write_to(&mut spool)?;
        }
        // RFC 3834 3.3: the null reverse-path, so that nothing ever comes back.
        let envelope = Envelope::new(None, vec![self.to.clone()])?;
        let outgoing = Outgoing::new(envelope, Arc::new(spool.finish()?))
            .with_extra_header(extra_header.to_vec())
            .with_header_to(vec![self.to.clone()]);
        let receipt = sender.send(&outgoing);
        // The next note may be hours away.
        sender.close();
        Ok(receipt?)
    }
}

/// RFC 5322 3.6.4: In-Reply-To and References, for what has an identifier.
fn thread(header: &Header) -> String {
    let ids = |name: &str| -> Vec<String> {
        let value = header.first(name).map(Field::value);
        let value = value.unwrap_or_default();
        let words = value.split_ascii_whitespace();
        words
            .filter(|word| is_message_id(word))
            .map(str::to_owned)
            .collect()
    };
    let Some(id) = ids("Message-ID").pop() else {
        return String::new();
    };
    let earlier = ids("References");
    let mut fields = format!("In-Reply-To: {id}\r\nReferences:");
    for earlier in earlier
        .iter()
        .skip(earlier.len().saturating_sub(MAX_REFERENCES))
    {
        write!(fields, " {earlier}\r\n").expect("a string takes what is written");
    }
    fields + " " + &id + "\r\n"
}

/// A stranger's identifier goes into our header, so it has no more in it than identifiers have.
fn is_message_id(word: &str) -> bool {
    let inside = word
        .strip_prefix('<')
        .and_then(|word| word.strip_suffix('>'));
    inside.is_some_and(|inside| {
        inside.len() <= MAX_MESSAGE_ID
            && inside.contains('@')
            && inside
                .bytes()
                .all(|b| b.is_ascii_graphic() && b != b'<' && b != b'>')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thread_of(fields: &str) -> String {
        thread(&Header::split(fields.as_bytes(), 1))
    }

    #[test]
    fn notes_join_the_thread() {
        assert_eq!(
            thread_of("Message-ID: <b@x>\r\nReferences: <a@x>\r\n <a2@x>\r\n"),
            "In-Reply-To: <b@x>\r\nReferences: <a@x>\r\n <a2@x>\r\n <b@x>\r\n"
        );
        assert_eq!(
            thread_of("message-id: <b@x>\r\n"),
            "In-Reply-To: <b@x>\r\nReferences: <b@x>\r\n"
        );
    }

    #[test]
    fn what_is_no_identifier_is_left_out() {
        for id in [
            "",
            "b@x",
            "<b>",
            "<b@x",
            "<b@x><c@x>",
            "<bü@x>",
            "<b\u{1b}@x>",
            &format!("<{}@x>", "b".repeat(MAX_MESSAGE_ID)),
        ] {
            assert_eq!(thread_of(&format!("Message-ID: {id}\r\n")), "", "{id}");
        }
        let references: String = (0..50).map(|n| format!(" <{n}@x>\r\n")).collect();
        let thread = thread_of(&format!("Message-ID: <b@x>\r\nReferences:{references}"));
        assert_eq!(thread.matches("@x>").count(), 2 + MAX_REFERENCES);
        assert!(thread.contains(" <49@x>") && !thread.contains(" <29@x>"));
    }
}
