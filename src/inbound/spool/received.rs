//! A message as it came in, and how it is written into a file.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Names a request or a message in logs, in the audit file and in the spool. Later ones sort after
/// earlier ones.
///
/// ```
/// use mailseal::inbound::spool::Id;
///
/// let request = Id::new("2026-11-28T12:00:00Z".parse()?);
/// assert!(request < Id::new("2026-11-28T12:00:01Z".parse()?));
/// assert_eq!(request.of_item(7).as_str(), format!("{request}-7"));
/// # Ok::<(), jiff::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(Box<str>);

/// Crockford's base 32, whose digits sort as their values do.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Milliseconds in so many digits last until the year 3084.
const TIME_DIGITS: u32 = 9;

const COUNTER_DIGITS: u32 = 4;

impl Id {
    /// Made of the time, and of a count that begins anywhere: two of the same millisecond differ
    /// even if a restart or a clock that is set back lies between them.
    pub fn new(now: Timestamp) -> Id {
        static COUNT: OnceLock<AtomicU32> = OnceLock::new();
        let count = COUNT
            .get_or_init(|| AtomicU32::new(rand::random()))
            .fetch_add(1, Ordering::Relaxed);
        let milliseconds = u64::try_from(now.as_millisecond()).unwrap_or_default();
        let mut id = String::with_capacity((TIME_DIGITS + COUNTER_DIGITS) as usize);
        push_digits(&mut id, milliseconds, TIME_DIGITS);
        push_digits(&mut id, u64::from(count), COUNTER_DIGITS);
        Id(id.into())
    }

    /// The message at a place, counted from 1, in a request that has several.
    pub fn of_item(&self, place: usize) -> Id {
        Id(format!("{self}-{place}").into())
    }

    /// As text: digits, lower-case letters and hyphens.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn push_digits(text: &mut String, value: u64, digits: u32) {
    for place in (0..digits).rev() {
        let digit = (value >> (5 * place)) & 31;
        text.push(char::from(DIGITS[digit as usize]));
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What no [`Id`] looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the id of a message")]
pub struct NotAnId;

impl FromStr for Id {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Id, NotAnId> {
        let (request, item) = match text.split_once('-') {
            Some((request, item)) => (request, Some(item)),
            None => (text, None),
        };
        let is_request = request.len() == (TIME_DIGITS + COUNTER_DIGITS) as usize
            && request.bytes().all(|octet| DIGITS.contains(&octet));
        let is_item = item.is_none_or(|item| {
            matches!(item.len(), 1..=10) && item.bytes().all(|octet| octet.is_ascii_digit())
        });
        match is_request && is_item {
            true => Ok(Id(text.into())),
            false => Err(NotAnId),
        }
    }
}

/// Who handed a message over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// SparkPost's relay webhook.
    SparkPost,
    /// `POST /raw`.
    Raw,
    /// A route of Mailgun.
    Mailgun,
    /// An inbound stream of Postmark.
    Postmark,
    /// Inbound Parse of SendGrid.
    SendGrid,
}

impl Source {
    /// As it is written in the audit file.
    pub fn name(self) -> &'static str {
        match self {
            Source::SparkPost => "sparkpost",
            Source::Raw => "raw",
            Source::Mailgun => "mailgun",
            Source::Postmark => "postmark",
            Source::SendGrid => "sendgrid",
        }
    }
}

/// A message with what is known of how it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Its name with us.
    pub id: Id,
    /// When it came.
    pub received: Timestamp,
    /// From whom.
    pub source: Source,
    /// The address that it came from.
    pub peer: String,
    /// The envelope's sender, as the source tells it: proves nothing.
    pub msg_from: Option<String>,
    /// The envelope's recipient, as the source tells it.
    pub rcpt_to: Option<String>,
    /// The message itself.
    pub message: Vec<u8>,
}

const VERSION: u8 = 1;

/// How many octets the line before a message may have. Envelope addresses are cut to
/// [`LONGEST_ADDRESS`]; each character of them may be escaped with six octets.
pub(super) const LONGEST_HEADER: usize = 32 << 10;

/// More than a mailbox may have (RFC 5321 4.5.3.1.3).
const LONGEST_ADDRESS: usize = 1000;

/// Where in the header of a message, and by what, it is marked as done with.
pub(super) const DONE_MARK: (u64, &[u8]) = (8, b"true ");

/// The line of JSON before a message, which follows as it came.
#[derive(Serialize, Deserialize)]
struct Header {
    /// In its place from the first octet on: see [`DONE_MARK`].
    done: bool,
    version: u8,
    id: String,
    received: String,
    source: Source,
    peer: String,
    msg_from: Option<String>,
    rcpt_to: Option<String>,
    /// How many the message has.
    octets: u64,
}

/// Why a file of the spool is not a message that waits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// Its name is not one that we give.
    #[error("its name is not one of the spool's")]
    Name,
    /// A directory, a symbolic link, a device.
    #[error("it is no regular file")]
    NoFile,
    /// A message does not begin with a line of ours.
    #[error("a line does not tell of the message after it")]
    Header,
    /// The message is not as long as the line before it says.
    #[error("the message has {found} octets of {expected}")]
    Length {
        /// What the line says.
        expected: u64,
        /// What there is.
        found: u64,
    },
}

impl Received {
    /// The line before the message, with its end.
    fn header(&self) -> Vec<u8> {
        let header = Header {
            done: false,
            version: VERSION,
            id: self.id.to_string(),
            received: self.received.to_string(),
            source: self.source,
            peer: shortened(&self.peer),
            msg_from: self.msg_from.as_deref().map(shortened),
            rcpt_to: self.rcpt_to.as_deref().map(shortened),
            octets: self.message.len() as u64,
        };
        let mut line = serde_json::to_vec(&header).expect("strings and numbers are JSON");
        line.push(b'\n');
        line
    }

    /// Reads a message with the line before it.
    pub(super) fn parse(mut entry: Vec<u8>) -> Result<Received, Damage> {
        let (header, start) = Header::parse(&entry)?;
        header.check_length((entry.len() - start) as u64)?;
        entry.drain(..start);
        Ok(Received {
            id: header.id.parse().map_err(|_| Damage::Header)?,
            received: header.received.parse().map_err(|_| Damage::Header)?,
            source: header.source,
            peer: header.peer,
            msg_from: header.msg_from,
            rcpt_to: header.rcpt_to,
            message: entry,
        })
    }
}

/// A message as it is written to a file.
#[derive(Debug)]
pub(super) struct Entry {
    pub id: Id,
    /// The line before the message, with its end.
    pub header: Vec<u8>,
    pub message: Vec<u8>,
}

impl Entry {
    pub(super) fn new(received: Received) -> Entry {
        Entry {
            header: received.header(),
            id: received.id,
            message: received.message,
        }
    }

    pub(super) fn octets(&self) -> u64 {
        self.header.len() as u64 + self.message.len() as u64
    }
}

/// What the line before a message tells of it.
#[derive(Debug)]
pub(super) struct EntryHead {
    pub id: Id,
    pub is_done: bool,
    /// Of the line and the message.
    pub octets: u64,
}

impl EntryHead {
    /// Reads the line at the beginning of what is left of a file, which has so many octets.
    pub(super) fn parse(beginning: &[u8], left: u64) -> Result<EntryHead, Damage> {
        let (header, start) = Header::parse(beginning)?;
        let found = left.saturating_sub(start as u64);
        if header.octets > found {
            header.check_length(found)?;
        }
        Ok(EntryHead {
            id: header.id.parse().map_err(|_| Damage::Header)?,
            is_done: header.done,
            octets: start as u64 + header.octets,
        })
    }
}

impl Header {
    /// With where the message begins.
    fn parse(entry: &[u8]) -> Result<(Header, usize), Damage> {
        let beginning = &entry[..entry.len().min(LONGEST_HEADER)];
        let end = memchr::memchr(b'\n', beginning).ok_or(Damage::Header)?;
        let header: Header = serde_json::from_slice(&entry[..end]).map_err(|_| Damage::Header)?;
        match header.version {
            VERSION => Ok((header, end + 1)),
            _ => Err(Damage::Header),
        }
    }

    fn check_length(&self, found: u64) -> Result<(), Damage> {
        match self.octets == found {
            true => Ok(()),
            false => Err(Damage::Length {
                expected: self.octets,
                found,
            }),
        }
    }
}

/// For people: what an address that long would have been is of no use.
fn shortened(address: &str) -> String {
    address[..address.floor_char_boundary(LONGEST_ADDRESS)].to_owned()
}
