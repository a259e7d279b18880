//! The body of an answer to a request whose own body was not read to its end.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::web::{Bytes, Payload};

/// Holds what was not read until the answer is sent.
///
/// actix-web reads on, for as long as it comes, what remains of a chunked body that nobody holds any
/// more. Of one that is held it takes no more than what comes in a moment, and ends the connection.
pub(super) struct Unread {
    answer: Option<Bytes>,
    #[allow(dead_code, reason = "held, as told above")]
    payload: Payload,
}

impl Unread {
    pub(super) fn new(answer: Vec<u8>, payload: Payload) -> Unread {
        Unread {
            answer: Some(answer.into()),
            payload,
        }
    }
}

impl MessageBody for Unread {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.answer.as_ref().map_or(0, |answer| answer.len() as u64))
    }

    fn poll_next(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        Poll::Ready(self.get_mut().answer.take().map(Ok))
    }
}
