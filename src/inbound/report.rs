//! What is told of a request: to a log, to counters.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use super::peer::Peer;
use super::relay_message;
use super::request::Refusal;
use super::spool::{Id, Source};

/// Who is told of each request, before it is answered.
pub trait RequestLog: fmt::Debug + Send + Sync {
    /// A request was worked on. This is called by the threads that speak HTTP: it must not wait.
    fn request(&self, report: &RequestReport<'_>);
}

/// Tells nobody.
impl RequestLog for () {
    fn request(&self, _: &RequestReport<'_>) {}
}

/// A request, as far as it may be told. Texts are the stranger's, with whatever is in them.
#[derive(Debug)]
pub struct RequestReport<'a> {
    /// Its name, and the beginning of those of its messages.
    pub id: &'a Id,
    /// When its head had come.
    pub received: Timestamp,
    /// From whom it came.
    pub peer: &'a Peer,
    /// The method.
    pub method: &'a str,
    /// The path, without the query.
    pub path: &'a str,
    /// How many fields its header has.
    pub header_count: usize,
    /// What Content-Length says.
    pub content_length: Option<u64>,
    /// What Content-Type says.
    pub content_type: Option<&'a str>,
    /// Whose path it is, if anybody's.
    pub source: Option<Source>,
    /// What came of it.
    pub taken: Result<&'a Taken, &'a Refusal>,
    /// What it is answered with.
    pub status: u16,
    /// How long it took, from the end of its head on.
    pub took: Duration,
}

/// What was taken of a request that is answered with 200.
#[derive(Debug, Default)]
pub struct Taken {
    /// How many octets the body had.
    pub body: usize,
    /// The messages that are in the spool now.
    pub messages: Vec<TakenMessage>,
    /// The first few items that were no messages, by their place, counted from 1.
    pub refused: Vec<(usize, relay_message::Refusal)>,
    /// How many items were no messages.
    pub refused_count: usize,
    /// Whether its signature was used before, so that nothing was done.
    pub is_replay: bool,
}

/// A message that is in the spool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenMessage {
    /// Its name.
    pub id: Id,
    /// The envelope's sender.
    pub msg_from: Option<String>,
    /// The envelope's recipient.
    pub rcpt_to: Option<String>,
    /// How many octets it has.
    pub octets: usize,
}
