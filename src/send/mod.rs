//! Injection: what hands a finished message to the world, by SMTP, by SparkPost's API or into
//! PowerMTA's pickup directory.
//!
//! An [`Outgoing`] is an [`Envelope`] and the bytes that go; a [`Sender`] takes it and answers
//! with a [`Receipt`] that tells the fate of every recipient. Nothing here prints, reads the
//! environment or asks the clock for more than how long a thing took.
//!
//! ```
//! use std::sync::Arc;
//! use mailseal::send::{stub::Stub, Envelope, Outgoing, Sender};
//! use mailseal::spool::Spool;
//!
//! let envelope = Envelope::new(
//!     Some("alice@example.com".parse().unwrap()),
//!     vec!["bob@example.org".parse().unwrap()],
//! ).unwrap();
//! let message = Arc::new(Spool::from_bytes(b"Subject: hello\r\n\r\nhello\r\n".to_vec()));
//! let mut sender = Stub::default();
//! let receipt = sender.send(&Outgoing::new(envelope, message)).unwrap();
//! assert!(receipt.worst().is_none());
//! ```
//!
//! # Not supported
//! Queueing: a message that is not accepted now is reported, not kept.

mod outgoing;
pub mod pickup;
mod receipt;
mod retry;
pub mod smtp;
pub mod sparkpost;
pub mod stub;

pub use outgoing::{Envelope, Outgoing};
pub use receipt::{Delivery, Outcome, Receipt, Warning};
pub use retry::{Backoff, Pause, ThreadSleep};

/// One way out. A value of it is one session; side by side go as many as the caller makes.
pub trait Sender {
    /// Opens the session now instead of at the first message, if that means anything.
    ///
    /// Returns what was opened, once for each opening.
    fn open(&mut self) -> Result<Option<Opened>, Error>;

    /// Sends one message.
    ///
    /// A receipt says what became of each recipient, and some of that may be bad news. An error
    /// says that no recipient was accepted, or ([`Kind::Unknown`]) that nobody can tell.
    fn send(&mut self, outgoing: &Outgoing) -> Result<Receipt, Error>;

    /// Ends the session with good manners. Dropping it ends it too.
    fn close(&mut self) {}
}

/// A session that was opened, to show: its `Display` is the line that the original tool printed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Opened {
    /// An SMTP connection.
    Smtp(smtp::SessionFacts),
    /// The SparkPost API, by the address that requests go below.
    SparkPost(String),
}

impl std::fmt::Display for Opened {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Smtp(facts) => facts.fmt(formatter),
            Self::SparkPost(base) => write!(formatter, "Opened connection to {base}"),
        }
    }
}

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An envelope needs a recipient.
    #[error("the message has no recipient")]
    NoRecipient,
    /// By SMTP.
    #[error(transparent)]
    Smtp(#[from] smtp::Error),
    /// By SparkPost's API.
    #[error(transparent)]
    SparkPost(#[from] sparkpost::Error),
    /// By the pickup directory.
    #[error(transparent)]
    Pickup(#[from] pickup::Error),
}

impl Error {
    /// What the caller can do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::NoRecipient => Kind::Message,
            Self::Smtp(error) => error.kind(),
            Self::SparkPost(error) => error.kind(),
            Self::Pickup(error) => error.kind(),
        }
    }
}

/// What can be done about a failure, from the mildest to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The same may succeed later (exit code 75).
    Temporary,
    /// The message may have been accepted and may not: the answer was lost. Sending it again may
    /// deliver it twice (exit code 75, and a person should look).
    Unknown,
    /// The other side refused for good (exit code 69).
    Permanent,
    /// The message or its envelope cannot be sent this way (exit code 65).
    Message,
    /// An option is wrong or missing (exit code 78).
    Configuration,
    /// Reading the message or writing a file failed on this side (exit code 74).
    Io,
}
