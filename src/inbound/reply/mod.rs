//! A note to the sender: that their certificate is stored, or why it is not. Off unless configured.
//!
//! An automatic answer that goes where it should not is a nuisance, answers itself, or tells a
//! stranger what they do not need to know. So RFC 3834 is kept to and more: only an author whom DKIM
//! proves is answered, never a bounce, a list or a machine, and nobody more than once a day, which is
//! remembered in a [file](Record). What may be answered is a [`Note`], and only
//! [`Replies::consider`] makes one. A [`Desk`] sends it.
//!
//! ```
//! use std::sync::{Arc, Mutex};
//! use mailseal::inbound::reply::{Record, Replies, Templates};
//!
//! let directory = tempfile::tempdir()?;
//! let replies = Replies {
//!     from: "certificates@example.com".parse()?,
//!     templates: Templates::default(),
//!     record: Record::open(&directory.path().join("replies"), "2026-11-21T12:00:00Z".parse()?)?,
//! };
//! assert!(replies.templates.stored.text("bob@example.com", "", "", "2027-11-21").contains("bob@"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Not supported
//!
//! Queueing: a note that cannot be sent now is not sent later. Answers to addresses that are not
//! ASCII, which need SMTPUTF8 all the way. Languages: one template each.

mod courtesy;
mod desk;
mod note;
mod record;
mod template;

use std::fmt;

use jiff::Timestamp;

use crate::address::Address;
use crate::inbound::decide::{Decision, Outcome};

pub use self::desk::{Desk, WayOut};
pub use self::note::{Error, Note};
pub use self::record::{Record, RecordError};
pub use self::template::{Template, TemplateError, Templates};

/// Who answers, with what, and who has been answered.
#[derive(Debug)]
pub struct Replies {
    /// The author of the notes.
    pub from: Address,
    /// What they say.
    pub templates: Templates,
    /// Who was answered when.
    pub record: Record,
}

/// Why nobody is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Silence {
    /// There is nothing new to tell.
    Nothing(Outcome),
    /// DKIM does not prove the author, so the note might go to somebody else.
    NotProved,
    /// It is a notification about a message, or looks like one.
    Bounce,
    /// A program has sent it by itself.
    Automatic,
    /// It is for many.
    Bulk,
    /// It came by a mailing list.
    List,
    /// Nobody reads at the address.
    Machine,
    /// It is from ourselves.
    Ourselves,
    /// The address is not ASCII.
    NotAscii,
    /// The address was answered within the last day.
    Recently,
    /// It cannot be remembered that the address is answered.
    NotRemembered,
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self {
            Silence::Nothing(outcome) => return write!(f, "{} is not told", outcome.name()),
            Silence::NotProved => "DKIM does not prove the author",
            Silence::Bounce => "it is a notification",
            Silence::Automatic => "it was sent automatically",
            Silence::Bulk => "it is bulk mail",
            Silence::List => "it came by a mailing list",
            Silence::Machine => "nobody reads at the address",
            Silence::Ourselves => "it is from ourselves",
            Silence::NotAscii => "the address is not ASCII",
            Silence::Recently => "the address was answered within the last day",
            Silence::NotRemembered => "the record of replies cannot be written",
        };
        f.write_str(why)
    }
}

impl Replies {
    /// The note that a decision calls for, if it may be sent. The address then counts as answered,
    /// whatever becomes of the note: at most once a day also when the way out is broken.
    pub fn consider(
        &self,
        decision: &Decision,
        msg_from: Option<&str>,
        now: Timestamp,
    ) -> Result<Note, Silence> {
        let template = match decision.outcome() {
            Outcome::Stored | Outcome::Replaced => &self.templates.stored,
            Outcome::Refused | Outcome::Older | Outcome::Pending => &self.templates.refused,
            outcome @ (Outcome::AlreadyStored | Outcome::SeenBefore | Outcome::TryLater) => {
                return Err(Silence::Nothing(outcome));
            }
        };
        let authentication = decision
            .findings()
            .and_then(|it| it.authentication.as_ref());
        let authenticated = authentication
            .and_then(|it| it.authenticated())
            .ok_or(Silence::NotProved)?;
        let (header, author) = (authenticated.message().header(), authenticated.from());
        courtesy::permits(header, author, msg_from)?;
        if author.matches(&self.from) {
            return Err(Silence::Ourselves);
        }
        if !author.is_ascii() {
            return Err(Silence::NotAscii);
        }
        match self.record.answer(author, now) {
            Ok(true) => Ok(Note::new(&self.from, author, header, template, decision)),
            Ok(false) => Err(Silence::Recently),
            Err(_) => Err(Silence::NotRemembered),
        }
    }
}

#[cfg(test)]
mod tests;
