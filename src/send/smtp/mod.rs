//! SMTP submission (RFC 5321, 6409): one connection for many messages.
//!
//! Every recipient's answer is kept apart and in the server's words. What failed for now is tried
//! again, for the recipients still without an answer alone. What may have been accepted is never
//! sent twice: when the answer to a whole message is lost, that is [`Error::AfterData`], and that
//! is the end of it.
//!
//! ```no_run
//! use mailseal::send::{smtp, Sender};
//!
//! let mut options = smtp::Options::new("smtp.sparkpostmail.com");
//! options.port = 587;
//! let mut transport = smtp::Transport::new(options);
//! println!("{}", transport.open()?.expect("the first opening opens"));
//! # Ok::<(), mailseal::send::Error>(())
//! ```
//!
//! # Not supported
//! BDAT and BINARYMIME, AUTH by other mechanisms than PLAIN and LOGIN, MX lookup: the host is a
//! relay that takes our mail.

mod connection;
mod error;
mod extensions;
mod options;
mod reply;
mod session;
mod transaction;
mod transparency;

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{
    Backoff, Delivery, Opened, Outcome, Outgoing, Pause, Receipt, Sender, ThreadSleep, Warning,
};
use session::Session;
use transaction::{Answer, Transaction};

pub use error::{Error, Stage};
pub(crate) use options::is_loopback;
pub use options::{Credentials, Dsn, Notify, Options, ReturnContent, Timeouts, TlsMode};
pub use reply::Reply;
pub use session::{Security, SessionFacts};

/// A [`Sender`] by SMTP.
pub struct Transport {
    options: Options,
    pause: Box<dyn Pause + Send>,
    session: Option<Session>,
}

impl Transport {
    /// A transport that connects at its first use.
    pub fn new(options: Options) -> Self {
        Self::with_pause(options, ThreadSleep)
    }

    /// The same with another way of waiting between tries.
    pub fn with_pause(options: Options, pause: impl Pause + Send + 'static) -> Self {
        Self {
            options,
            pause: Box::new(pause),
            session: None,
        }
    }

    fn backoff(&self) -> Backoff {
        Backoff::new(Duration::from_millis(500), Duration::from_secs(30))
    }

    /// The session to use next: the one at hand while it is good, else a new one.
    fn session(&mut self, opened: &mut Vec<Opened>) -> Result<&mut Session, Error> {
        let is_spent = self.session.as_ref().is_some_and(|session| {
            session.is_over || session.transactions >= self.options.messages_per_connection
        });
        if is_spent {
            self.hang_up();
        }
        let session = match self.session.take() {
            Some(session) => session,
            None => {
                let session = Session::open(&self.options)?;
                opened.push(Opened::Smtp(session.facts().clone()));
                session
            }
        };
        Ok(self.session.insert(session))
    }

    fn hang_up(&mut self) {
        if let Some(mut session) = self.session.take() {
            session.quit();
        }
    }

    /// One try for the recipients still pending.
    fn attempt(&mut self, work: &mut Work<'_>) -> Result<Transaction, Error> {
        let pending = work.pending();
        loop {
            let options = self.options.clone();
            let session = self.session(&mut work.opened)?;
            let is_reused = session.transactions > 0;
            match session.transact(work.outgoing, work.survey, &pending, &options) {
                // A connection kept from an earlier message may have gone stale meanwhile: the
                // server closed it, or says so now. That is no failure of this message.
                Err(error) if is_reused && error.ends_session() && error.is_worth_retrying() => {
                    self.session = None;
                }
                result => return result,
            }
        }
    }
}

impl Sender for Transport {
    fn open(&mut self) -> Result<Option<Opened>, super::Error> {
        let (mut opened, mut backoff) = (Vec::new(), self.backoff());
        let mut left = self.options.retries;
        loop {
            match self.session(&mut opened) {
                Ok(_) => return Ok(opened.pop()),
                Err(error) if left > 0 && error.is_worth_retrying() => {
                    left -= 1;
                    self.pause.pause(backoff.next_wait());
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn send(&mut self, outgoing: &Outgoing) -> Result<Receipt, super::Error> {
        let started = Instant::now();
        let mut work = Work::new(outgoing)?;
        let mut backoff = self.backoff();
        loop {
            let result = self.attempt(&mut work);
            let again = work.note(result);
            if !again || work.attempts > self.options.retries {
                break;
            }
            self.pause.pause(backoff.next_wait());
        }
        work.into_receipt(started.elapsed())
    }

    fn close(&mut self) {
        self.hang_up();
    }
}

impl Drop for Transport {
    fn drop(&mut self) {
        self.hang_up();
    }
}

/// A message being sent: who has an answer, and who has none yet.
struct Work<'a> {
    outgoing: &'a Outgoing,
    survey: super::outgoing::Survey,
    fates: Vec<Fate>,
    attempts: u32,
    warnings: Vec<Warning>,
    opened: Vec<Opened>,
}

enum Fate {
    /// Without an answer that stands; the last that was temporary.
    Pending(Option<Outcome>),
    Settled(Outcome),
}

impl<'a> Work<'a> {
    fn new(outgoing: &'a Outgoing) -> Result<Self, Error> {
        let fates = outgoing
            .envelope()
            .recipients()
            .iter()
            .map(|_| Fate::Pending(None))
            .collect();
        Ok(Self {
            outgoing,
            survey: outgoing.survey().map_err(Error::Read)?,
            fates,
            attempts: 0,
            warnings: Vec::new(),
            opened: Vec::new(),
        })
    }

    fn pending(&self) -> Vec<usize> {
        let is_pending =
            |(index, fate): (usize, &Fate)| matches!(fate, Fate::Pending(_)).then_some(index);
        self.fates
            .iter()
            .enumerate()
            .filter_map(is_pending)
            .collect()
    }

    /// Notes what a try came to; whether another may better it.
    fn note(&mut self, result: Result<Transaction, Error>) -> bool {
        self.attempts += 1;
        let pending = self.pending();
        match result {
            Err(error) => {
                let error = Shared::new(error);
                pending
                    .iter()
                    .for_each(|&index| self.fates[index] = error.fate());
            }
            Ok(Transaction {
                answers,
                message,
                warnings,
            }) => {
                self.warnings = warnings;
                let message = message.map(|message| message.map_err(Shared::new));
                for (index, answer) in pending.into_iter().zip(answers) {
                    self.fates[index] = match (answer, &message) {
                        (Answer::Accepted, Some(Ok(reply))) => {
                            Fate::Settled(Outcome::Accepted(reply.to_string()))
                        }
                        (Answer::Accepted, Some(Err(error))) => error.fate(),
                        // Not sent, for nobody was accepted; so this does not occur.
                        (Answer::Accepted, None) => Fate::Pending(None),
                        (Answer::Refused(reply), _) if reply.is_temporary() => {
                            Fate::Pending(Some(Outcome::Refused(reply)))
                        }
                        (Answer::Refused(reply), _) => Fate::Settled(Outcome::Refused(reply)),
                        (Answer::Unsendable(error), _) => Shared::new(error).fate(),
                    };
                }
            }
        }
        self.fates
            .iter()
            .any(|fate| matches!(fate, Fate::Pending(_)))
    }

    fn into_receipt(self, elapsed: Duration) -> Result<Receipt, super::Error> {
        let recipients = self.outgoing.envelope().recipients().iter().cloned();
        let mut deliveries: Vec<Delivery> = recipients
            .zip(self.fates)
            .filter_map(|(recipient, fate)| {
                let (Fate::Settled(outcome) | Fate::Pending(Some(outcome))) = fate else {
                    return None;
                };
                Some(Delivery { recipient, outcome })
            })
            .collect();
        if let Some(error) = the_one_error(&mut deliveries) {
            return Err(error);
        }
        Ok(Receipt {
            deliveries,
            id: None,
            warnings: self.warnings,
            opened: self.opened,
            attempts: self.attempts,
            elapsed,
        })
    }
}

/// The error that befell all recipients alike, if one did.
fn the_one_error(deliveries: &mut Vec<Delivery>) -> Option<super::Error> {
    let Outcome::Failed(first) = &deliveries.first()?.outcome else {
        return None;
    };
    let first = Arc::clone(first);
    let is_the_same = |delivery: &Delivery| match &delivery.outcome {
        Outcome::Failed(error) => Arc::ptr_eq(error, &first),
        _ => false,
    };
    if !deliveries.iter().all(is_the_same) {
        return None;
    }
    deliveries.clear();
    Arc::into_inner(first)
}

/// An error that several recipients share.
struct Shared {
    error: Arc<super::Error>,
    is_worth_retrying: bool,
}

impl Shared {
    fn new(error: Error) -> Self {
        let is_worth_retrying = error.is_worth_retrying();
        Self {
            error: Arc::new(error.into()),
            is_worth_retrying,
        }
    }

    fn fate(&self) -> Fate {
        let outcome = Outcome::Failed(Arc::clone(&self.error));
        match self.is_worth_retrying {
            true => Fate::Pending(Some(outcome)),
            false => Fate::Settled(outcome),
        }
    }
}

#[cfg(test)]
mod tests;
