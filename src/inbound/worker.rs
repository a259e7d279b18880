//! Those who work off the spool: each takes a mail, decides about it, and tells of it.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::SignedDuration;

use crate::dkim::Resolver;
use crate::dkim::resolver::Answer;
use crate::inbound::decide::{Decision, Delivery, Error, Outcome};
use crate::inbound::metrics::Metrics;
use crate::inbound::narration;
use crate::inbound::policy::Policy;
use crate::inbound::reply::Desk;
use crate::inbound::spool::{ClaimError, Claimed, SpoolDirectory};
use crate::logging::{Level, Log};
use crate::mime::RawMessage;
use crate::printable::sentence;
use crate::store::CertificateStore;

/// A mail that nobody can say anything about now is looked at again after so long, and after twice
/// as long each time after that.
const FIRST_DELAY: Duration = Duration::from_secs(60);

/// But no longer than this.
const LONGEST_DELAY: Duration = Duration::from_secs(60 * 60);

/// After so long it is refused: a domain that is not to be found for so long has no key.
const PATIENCE: SignedDuration = SignedDuration::from_hours(24);

/// When something of ours does not work, as on a full disk, this is how long it may take to be
/// mended.
const OUR_DELAY: Duration = Duration::from_secs(30);

/// What all workers share.
#[derive(Debug, Clone)]
pub struct Workshop {
    /// Where mail waits.
    pub spool: SpoolDirectory,
    /// Where certificates go.
    pub store: Arc<dyn CertificateStore>,
    /// What mail is judged by.
    pub policy: Arc<Policy>,
    /// Where it is told.
    pub log: Log,
    /// Where it is counted.
    pub metrics: Arc<Metrics>,
    /// Who answers senders; none: nobody does.
    pub desk: Option<Arc<Desk>>,
}

impl Workshop {
    /// Works off what waits, and what comes, until the spool is closed.
    pub fn work(&self) {
        while let Some(claimed) = self.spool.claim() {
            match claimed {
                Ok(claimed) => self.attend_safely(claimed),
                Err(error @ ClaimError::PutAside(_)) => {
                    self.log.line(Level::Error, sentence(&error));
                }
                Err(error) => self.log.line(Level::Warning, sentence(&error)),
            }
        }
    }

    /// Whatever a stranger's mail does to one worker, the next mail is worked on. This one goes back to
    /// the spool.
    fn attend_safely(&self, claimed: Claimed) {
        let id = claimed.received().id.clone();
        let attended = panic::catch_unwind(AssertUnwindSafe(|| self.attend(claimed)));
        if attended.is_err() {
            let mut entry = self.log.entry(id.as_str());
            entry.line(
                Level::Error,
                "a fault of mailseal's kept this mail from being judged; it stays in the spool: please \
                 report it",
            );
        }
    }

    fn attend(&self, mut claimed: Claimed) {
        let mail = RawMessage::from_bytes(claimed.take_message());
        let received = claimed.received();
        let id = received.id.clone();
        let mut entry = self.log.entry(id.as_str());
        let (anchors, trouble) = self.policy.trust.anchors();
        if let Some(trouble) = trouble {
            let trouble = sentence(&trouble);
            let stays = "the trust anchors of before stay in force";
            self.log
                .line(Level::Warning, format_args!("{trouble}; {stays}"));
        }
        let deciding = self.policy.deciding(&anchors, &*self.store);
        let waited = deciding
            .collecting
            .validation
            .at
            .duration_since(received.received);
        let delivery = Delivery {
            id: Some(id.to_string()),
            source: received.source.name(),
            msg_from: received.msg_from.clone(),
            rcpt_to: received.rcpt_to.clone(),
            is_last_attempt: waited > PATIENCE,
        };
        let begin = Instant::now();
        let decided = deciding.decide(mail, &delivery);
        if let Ok(decision) = &decided {
            self.count(decision, begin.elapsed());
        }
        match &decided {
            Ok(decision) => {
                narration::decision(&mut entry, decision);
                if let Some(desk) = &self.desk {
                    let msg_from = delivery.msg_from.as_deref();
                    desk.answer(id.as_str(), decision, msg_from, &mut entry);
                }
            }
            Err(error) => entry.line(Level::Error, not_decided(error)),
        }
        let outcome = decided.as_ref().ok().map(Decision::outcome);
        let put_back = match delay(outcome, claimed.attempts()) {
            Some(delay) => claimed.defer(delay),
            None => claimed.done(),
        };
        if let Err(error) = put_back {
            entry.line(
                Level::Warning,
                format_args!("the spool cannot be written to: {}", sentence(&error)),
            );
        }
    }
}

impl Workshop {
    fn count(&self, decision: &Decision, took: Duration) {
        let report = decision.report();
        let outcome = decision.outcome();
        self.metrics
            .outcome(report.outcome, report.step, report.reason);
        self.metrics.decision(took);
        let depth = self.spool.depth();
        self.metrics.spool(depth.messages as u64, depth.octets);
        if let Some(path) = decision.findings().and_then(|findings| findings.path_took) {
            self.metrics.path(path);
        }
        if outcome == Outcome::Stored {
            self.metrics.store_grew();
        }
    }
}

/// A resolver whose answers are timed.
#[derive(Debug)]
pub struct TimedResolver {
    /// Who is asked.
    pub resolver: Arc<dyn Resolver + Send + Sync>,
    /// Where it is counted.
    pub metrics: Arc<Metrics>,
}

impl Resolver for TimedResolver {
    fn text_records(&self, names: &[String], within: Duration) -> Vec<Answer> {
        let begin = Instant::now();
        let answers = self.resolver.text_records(names, within);
        self.metrics.dns(begin.elapsed());
        answers
    }
}

fn not_decided(error: &Error) -> String {
    format!(
        "not decided, and tried again in {} s: {}",
        OUR_DELAY.as_secs(),
        sentence(error)
    )
}

/// After how long a mail is to be looked at again; none if it is done with. Without an outcome something
/// of ours does not work.
fn delay(outcome: Option<Outcome>, attempts: u32) -> Option<Duration> {
    match outcome {
        None => Some(OUR_DELAY),
        Some(Outcome::TryLater) => {
            let factor = 2_u32.saturating_pow(attempts);
            Some(FIRST_DELAY.saturating_mul(factor).min(LONGEST_DELAY))
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_said_now_is_asked_less_and_less_often() {
        let minutes = |attempts| {
            let delay = delay(Some(Outcome::TryLater), attempts).unwrap();
            delay.as_secs() / 60
        };
        let all = [0, 1, 2, 3, 4, 5, 6, 7, 100, u32::MAX].map(minutes);
        assert_eq!(all, [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
    }

    #[test]
    fn what_is_decided_is_done_with_and_what_is_not_stays() {
        for outcome in Outcome::ALL {
            let is_done_with = delay(Some(outcome), 0).is_none();
            assert_eq!(is_done_with, outcome != Outcome::TryLater, "{outcome:?}");
        }
        // However often: it is not the mail's fault.
        assert_eq!(delay(None, u32::MAX), Some(OUR_DELAY));
    }
}
