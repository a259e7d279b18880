//! What a request must be, and what it is answered with if it is not.
//!
//! | refusal | SparkPost, `/raw` | Mailgun | Postmark | SendGrid |
//! |---|---|---|---|---|
//! | no such path, another method | 404, 405 | | | |
//! | Content-Type, Content-Encoding | 400, 415 | 406 | 403 | 415 |
//! | token, credentials | 400, 401 | 401 | 401 | 401 |
//! | the body is not what it should be | 400 | 406 | 403 | 400 |
//! | too large | 413 | 413 | 413 | 413 |
//! | too slow | 408 | 408 | 408 | 503 |
//! | broken off | 400 | 400 | 400 | 503 |
//! | the spool is full, or cannot be written to | 503 | 503 | 503 | 503 |
//!
//! Each service gives up a mail, or tries again, by the status: what will be no better the next
//! time is answered so that it gives up, and what may be so that it tries again. Mailgun gives up on
//! 406 alone, Postmark on 403 alone, SendGrid on any 4xx. A wrong key is ours to set right, so
//! Mailgun and Postmark are let try again.
//!
//! SparkPost's two answers of 400 are those of the tool that people come from, word for word, and
//! like there the Content-Type is looked at before the token.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::body::{BodyStream, MessageBody};
use actix_web::error::PayloadError;
use actix_web::http::StatusCode;
use actix_web::web::Payload;
use tokio::time::{Instant, timeout_at};

use super::adapters;
use super::relay_message;
use super::settings::Limits;
use super::spool::{PutError, Source};

/// Why a request is not answered with 200.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Nothing is at this path, or it is not configured.
    #[error("nothing is at this path")]
    NotFound,
    /// Another method than POST.
    #[error("the method is not POST")]
    Method,
    /// The Content-Type is not that of the path.
    #[error("unknown Content-Type")]
    ContentType,
    /// The body is compressed.
    #[error("the body has a Content-Encoding")]
    ContentEncoding,
    /// `X-MessageSystems-Webhook-Token` is missing or wrong.
    #[error("invalid X-MessageSystems-Webhook-Token")]
    WebhookToken,
    /// The Authorization field is missing or wrong, or Mailgun's signature is.
    #[error("the credentials are missing or wrong")]
    Credentials,
    /// The body has more octets than are allowed.
    #[error("the body has more than {0} octets")]
    TooLarge(usize),
    /// The body does not come, or too slowly.
    #[error("the body came too slowly: {0} octets in {1:.1?}")]
    TooSlow(usize, Duration),
    /// The connection ended in the middle of the body, or the body's framing is wrong.
    #[error("the body broke off")]
    BrokenOff(#[source] PayloadError),
    /// So many bodies are being received that there is no memory for another.
    #[error("too much is being received at once")]
    Busy,
    /// The body of SparkPost is not what it should be.
    #[error(transparent)]
    RelayMessage(#[from] relay_message::Error),
    /// The body of another service is not what it should be.
    #[error(transparent)]
    Adapter(#[from] adapters::Error),
    /// The messages could not be kept.
    #[error(transparent)]
    Spool(#[from] PutError),
    /// A fault of ours.
    #[error("a fault of mailseal's: {0}")]
    Fault(&'static str),
}

impl Refusal {
    /// What a service is answered with; none of them for a path that is nobody's.
    pub fn status(&self, source: Option<Source>) -> StatusCode {
        match (self, source) {
            (Refusal::NotFound, _) => StatusCode::NOT_FOUND,
            (Refusal::Method, _) => StatusCode::METHOD_NOT_ALLOWED,
            (Refusal::TooLarge(_), _) => StatusCode::PAYLOAD_TOO_LARGE,
            (Refusal::Credentials, _) => StatusCode::UNAUTHORIZED,
            (Refusal::Busy | Refusal::Spool(_), _) => StatusCode::SERVICE_UNAVAILABLE,
            (Refusal::Fault(_), _) => StatusCode::INTERNAL_SERVER_ERROR,
            (Refusal::TooSlow(..) | Refusal::BrokenOff(_), Some(Source::SendGrid)) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            (Refusal::TooSlow(..), _) => StatusCode::REQUEST_TIMEOUT,
            (Refusal::BrokenOff(_) | Refusal::WebhookToken, _) => StatusCode::BAD_REQUEST,
            (_, Some(Source::Mailgun)) => StatusCode::NOT_ACCEPTABLE,
            (_, Some(Source::Postmark)) => StatusCode::FORBIDDEN,
            (Refusal::ContentType, Some(Source::SparkPost)) => StatusCode::BAD_REQUEST,
            (Refusal::ContentType | Refusal::ContentEncoding, _) => {
                StatusCode::UNSUPPORTED_MEDIA_TYPE
            }
            (Refusal::RelayMessage(_) | Refusal::Adapter(_), _) => StatusCode::BAD_REQUEST,
        }
    }

    /// What whoever made the request is told: less than the log is.
    pub fn message(&self) -> &'static str {
        match self {
            Refusal::NotFound => "Not found",
            Refusal::Method => "Method not allowed",
            Refusal::ContentType => "Unknown Content-Type in request headers",
            Refusal::ContentEncoding => "Unknown Content-Encoding in request headers",
            Refusal::WebhookToken => "Invalid X-MessageSystems-Webhook-Token in request headers",
            Refusal::Credentials => "Invalid credentials",
            Refusal::TooLarge(_) => "Request body is too large",
            Refusal::TooSlow(..) => "Request body came too slowly",
            Refusal::BrokenOff(_) => "Request body broke off",
            Refusal::RelayMessage(relay_message::Error::TooMany(_)) => {
                "Request body has too many items"
            }
            Refusal::RelayMessage(relay_message::Error::NotAnArray) => {
                "Request body is not a JSON array"
            }
            Refusal::RelayMessage(_) => "Invalid JSON in request body",
            Refusal::Adapter(_) => "Invalid request body",
            Refusal::Busy | Refusal::Spool(_) => "Try again later",
            Refusal::Fault(_) => "Internal server error",
        }
    }
}

/// How many octets all bodies that are being received may have together: so many times the longest
/// one. Where no token is asked for, anybody can send some.
const BODIES_AT_ONCE: usize = 4;

/// Who sends less than this in a second, after a while that is granted anyway, sends nothing of use.
const SLOWEST: usize = 1 << 10;

/// How much memory the bodies that are being received and worked on take.
#[derive(Debug, Clone, Default)]
pub struct Memory(Arc<AtomicUsize>);

/// A body, with its share of the memory.
pub struct Body {
    /// What was received.
    pub octets: Vec<u8>,
    #[allow(dead_code, reason = "gives the memory back")]
    share: Share,
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} octets)", self.octets.len())
    }
}

struct Share {
    memory: Memory,
    octets: usize,
}

impl Share {
    fn grow(&mut self, octets: usize, most: usize) -> Result<(), Refusal> {
        let before = self.memory.0.fetch_add(octets, Ordering::Relaxed);
        self.octets += octets;
        match before + octets <= most {
            true => Ok(()),
            false => Err(Refusal::Busy),
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.memory.0.fetch_sub(self.octets, Ordering::Relaxed);
    }
}

/// Receives a body. All of it has to come within a time, and each part of it not much later than
/// the slowest line there is would bring it.
///
/// # Errors
///
/// When it is too large, by what is said of it or by what comes; too slow; not whole; or when there
/// is no memory for it.
pub async fn body(
    payload: &mut Payload,
    said: Option<u64>,
    limits: &Limits,
    memory: &Memory,
) -> Result<Body, Refusal> {
    if said.is_some_and(|said| said > limits.body as u64) {
        return Err(Refusal::TooLarge(limits.body));
    }
    let begin = Instant::now();
    let mut stream = pin!(BodyStream::new(payload));
    let mut octets = Vec::with_capacity(first_capacity(said));
    let mut share = Share {
        memory: memory.clone(),
        octets: 0,
    };
    loop {
        let earned = Duration::from_secs((octets.len() / SLOWEST) as u64);
        let deadline = begin + limits.body_timeout.min(limits.header_timeout + earned);
        let next = timeout_at(
            deadline,
            poll_fn(|context| stream.as_mut().poll_next(context)),
        );
        let Ok(next) = next.await else {
            return Err(Refusal::TooSlow(octets.len(), begin.elapsed()));
        };
        let piece = match next {
            None => return Ok(Body { octets, share }),
            Some(piece) => piece.map_err(Refusal::BrokenOff)?,
        };
        if piece.len() > limits.body - octets.len() {
            return Err(Refusal::TooLarge(limits.body));
        }
        share.grow(piece.len(), limits.body.saturating_mul(BODIES_AT_ONCE))?;
        octets.extend_from_slice(&piece);
    }
}

/// What is only said to come takes no more memory than this.
fn first_capacity(said: Option<u64>) -> usize {
    const MOST: u64 = 256 << 10;
    said.map_or(0, |said| said.min(MOST) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_given_back_also_by_the_one_there_was_none_for() {
        let memory = Memory::default();
        let share = || Share {
            memory: memory.clone(),
            octets: 0,
        };
        let (mut one, mut other) = (share(), share());
        one.grow(60, 100).unwrap();
        assert!(matches!(other.grow(41, 100), Err(Refusal::Busy)));
        drop(other);
        let mut other = share();
        other.grow(40, 100).unwrap();
        drop((one, other));
        assert_eq!(memory.0.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn each_service_is_told_to_give_up_what_gets_no_better() {
        let (form, type_) = (
            Refusal::Adapter(adapters::Error::NoMessage("email")),
            Refusal::ContentType,
        );
        for (source, no_message, content_type) in [
            (Source::SparkPost, 400, 400),
            (Source::Raw, 400, 415),
            (Source::Mailgun, 406, 406),
            (Source::Postmark, 403, 403),
            (Source::SendGrid, 400, 415),
        ] {
            assert_eq!(form.status(Some(source)).as_u16(), no_message, "{source:?}");
            assert_eq!(
                type_.status(Some(source)).as_u16(),
                content_type,
                "{source:?}"
            );
        }
    }

    #[test]
    fn each_service_is_told_to_try_again_what_may_get_better() {
        let slow = Refusal::TooSlow(1, Duration::ZERO);
        for source in [
            Source::SparkPost,
            Source::Raw,
            Source::Mailgun,
            Source::Postmark,
        ] {
            assert_eq!(slow.status(Some(source)).as_u16(), 408);
        }
        assert_eq!(slow.status(Some(Source::SendGrid)).as_u16(), 503);
        let full = Refusal::Spool(PutError::Full(crate::inbound::spool::Depth::default()));
        assert_eq!(full.status(Some(Source::SendGrid)).as_u16(), 503);
    }
}
