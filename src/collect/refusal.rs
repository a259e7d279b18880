//! Why a certificate is not collected: at which step, and for what reason.

use std::fmt;

use crate::dkim::{Authentication, Verdict};
use crate::mime;
use crate::path;
use crate::printable::sentence;
use crate::smime::open::{self, Opened};
use crate::smime::verify::{AddressJudgement, Chain, Signer};

/// The steps of the policy, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// It is a message whose header all readers read alike.
    Message,
    /// It has exactly one author.
    Author,
    /// The author's domain vouches for it.
    Dkim,
    /// The signature is valid, over the whole message.
    Signature,
    /// The signer's certificate leads to somebody trusted, and is for mail.
    Path,
    /// It is for the author's address.
    Address,
    /// It may be encrypted to, or the signer names another one that may.
    Receiving,
    /// It was not signed in the future.
    Time,
}

impl Step {
    /// A word for it that does not change.
    pub fn name(self) -> &'static str {
        match self {
            Step::Message => "message",
            Step::Author => "author",
            Step::Dkim => "dkim",
            Step::Signature => "signature",
            Step::Path => "path",
            Step::Address => "address",
            Step::Receiving => "receiving",
            Step::Time => "time",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a mail does not prove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The step it does not take.
    pub step: Step,
    /// Why, in a word that does not change.
    pub reason: &'static str,
    /// The same in a sentence.
    pub detail: String,
    /// Whether trying later can change it: DNS did not answer.
    pub is_temporary: bool,
}

impl Refusal {
    pub(super) fn new(step: Step, reason: &'static str, detail: impl fmt::Display) -> Refusal {
        Refusal {
            step,
            reason,
            detail: detail.to_string(),
            is_temporary: false,
        }
    }

    pub(super) fn message(error: &mime::Error) -> Refusal {
        Refusal::new(Step::Message, "malformed", sentence(error))
    }

    pub(super) fn author(error: &mime::Error) -> Refusal {
        let reason = match error {
            mime::Error::NoFrom => "no-author",
            mime::Error::SeveralFrom { .. } | mime::Error::FromNotOneMailbox { .. } => {
                "several-authors"
            }
            mime::Error::FromGroup { .. } => "group",
            _ => "malformed-author",
        };
        Refusal::new(Step::Author, reason, sentence(error))
    }

    pub(super) fn not_authenticated(authentication: &Authentication) -> Refusal {
        let (reason, detail) = authentication
            .shortcoming()
            .unwrap_or_else(|| ("not-aligned", "nobody vouches for its author".to_owned()));
        Refusal {
            is_temporary: authentication.verdict() == Verdict::TempError,
            ..Refusal::new(Step::Dkim, reason, detail)
        }
    }

    pub(super) fn unreadable(error: &open::Error) -> Refusal {
        Refusal::new(Step::Signature, "malformed", sentence(error))
    }

    /// Of a message that was opened and whose verdict is not valid.
    pub(super) fn not_signed(opened: &Opened) -> Refusal {
        let (reason, detail) = opened
            .reason()
            .unwrap_or(("no-signature", "the message is not signed".to_owned()));
        let layers = opened.layers().iter();
        let failing = layers
            .flat_map(|layer| &layer.signers)
            .find(|signer| signer.reason() == Some(reason));
        Refusal::new(failing.map_or(Step::Signature, step_of), reason, detail)
    }

    pub(super) fn path(step: Step, error: &path::Error) -> Refusal {
        Refusal::new(step, error.reason(), sentence(error))
    }
}

/// The judgement of a signer that does not hold.
fn step_of(signer: &Signer) -> Step {
    match (&signer.signature, &signer.chain, signer.address) {
        (Err(_), ..) => Step::Signature,
        (Ok(_), Chain::Invalid(_), _) => Step::Path,
        (Ok(_), _, AddressJudgement::Mismatch) => Step::Address,
        (Ok(_), Chain::Unchecked(_), _) => Step::Path,
        (Ok(_), Chain::Valid(_), _) => Step::Address,
    }
}
