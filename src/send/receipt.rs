//! What became of a message, recipient by recipient.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::address::Address;

use super::{Error, Kind, Opened, smtp::Reply};

/// The answer to one message.
#[derive(Debug)]
pub struct Receipt {
    /// One entry for each recipient, in the envelope's order.
    pub deliveries: Vec<Delivery>,
    /// The identity the other side gave the message, where it has a field for one: SparkPost's
    /// transmission id, the file's name in the pickup directory.
    pub id: Option<String>,
    /// What was asked for and could not be had.
    pub warnings: Vec<Warning>,
    /// The sessions that were opened meanwhile.
    pub opened: Vec<Opened>,
    /// How often the message was tried, from 1.
    pub attempts: u32,
    /// How long all of it took, waiting included.
    pub elapsed: Duration,
}

impl Receipt {
    /// The worst of what happened to a recipient; `None` when all were accepted.
    pub fn worst(&self) -> Option<Kind> {
        self.deliveries
            .iter()
            .filter_map(|delivery| delivery.outcome.failure())
            .max()
    }

    /// The recipients that were not accepted.
    pub fn failures(&self) -> impl Iterator<Item = &Delivery> {
        self.deliveries
            .iter()
            .filter(|delivery| delivery.outcome.failure().is_some())
    }
}

/// One recipient's fate.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The recipient.
    pub recipient: Address,
    /// What became of the message for it.
    pub outcome: Outcome,
}

/// What became of a message for one recipient.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Outcome {
    /// The other side took the message over; its words, where it has any.
    Accepted(String),
    /// The other side refused this recipient, in these words.
    Refused(Reply),
    /// Something befell the message after or before this recipient was looked at.
    Failed(Arc<Error>),
}

impl Outcome {
    /// What can be done about it; `None` when there is nothing to be done.
    pub fn failure(&self) -> Option<Kind> {
        match self {
            Self::Accepted(_) => None,
            Self::Refused(reply) if reply.is_temporary() => Some(Kind::Temporary),
            Self::Refused(_) => Some(Kind::Permanent),
            Self::Failed(error) => Some(error.kind()),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted(words) => formatter.write_str(words),
            Self::Refused(reply) => reply.fmt(formatter),
            Self::Failed(error) => error.fmt(formatter),
        }
    }
}

/// Something to tell although the message went.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// Delivery status notifications were asked for and the server knows none (RFC 3461 4.1).
    DsnNotOffered,
    /// A line longer than the 998 octets that RFC 5321 4.5.3.1.6 promises to carry; its length.
    LongLine(u64),
    /// The service accepted the message and has something to say about it.
    Service(String),
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DsnNotOffered => {
                formatter.write_str("the server does not offer delivery status notifications (DSN)")
            }
            Self::LongLine(length) => write!(
                formatter,
                "a line of {length} octets is longer than the 998 every server must carry"
            ),
            Self::Service(words) => formatter.write_str(words),
        }
    }
}
