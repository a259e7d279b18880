//! What is said of a message in the end, and of each of its signatures.

use super::MAX_SIGNATURES;
use super::policy::{AcceptedSignature, Alignment, AuthenticatedMessage};
use super::refusal::{Refusal, SignatureResult};
use super::signature::Signature;
use crate::address::Address;
use crate::mime;
use crate::printable::sentence;

/// What DKIM says of a message.
#[derive(Debug)]
pub struct Authentication {
    pub(super) from: Result<Address, mime::Error>,
    pub(super) judgements: Vec<Judgement>,
    pub(super) not_judged: usize,
    pub(super) authenticated: Option<AuthenticatedMessage>,
}

/// What is said of one signature.
#[derive(Debug)]
pub struct Judgement {
    outcome: Outcome,
    aligned: bool,
}

/// What became of a signature.
#[derive(Debug)]
pub(super) enum Outcome {
    Accepted(AcceptedSignature),
    Refused {
        refusal: Refusal,
        signature: Option<Signature>,
        key_bits: Option<usize>,
    },
}

/// What is said of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// A signature was accepted; of the author's domain only if it is [aligned](Authentication::is_aligned).
    Pass,
    /// It is signed, and no signature is accepted.
    Fail,
    /// It is not signed.
    None,
    /// It cannot be said now, because DNS does not answer.
    TempError,
    /// It is signed with nothing that can be verified.
    PermError,
}

impl Verdict {
    /// A word for it that does not change.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::None => "none",
            Verdict::TempError => "temperror",
            Verdict::PermError => "permerror",
        }
    }
}

impl Authentication {
    /// The verdict. Trying later can change [`Verdict::TempError`] alone.
    pub fn verdict(&self) -> Verdict {
        let any = |result| self.judgements.iter().any(|it| it.result() == result);
        let may_become_aligned =
            |it: &Judgement| it.aligned && it.result() == SignatureResult::TempError;
        match () {
            () if self.is_aligned() => Verdict::Pass,
            () if self.judgements.is_empty() => Verdict::None,
            () if self.from.is_err() => Verdict::Fail,
            () if self.judgements.iter().any(may_become_aligned) => Verdict::TempError,
            () if any(SignatureResult::Pass) => Verdict::Pass,
            () if any(SignatureResult::TempError) => Verdict::TempError,
            () if any(SignatureResult::Fail) || any(SignatureResult::Policy) => Verdict::Fail,
            () => Verdict::PermError,
        }
    }

    /// Whether the domain of the one author has signed: the verdict is then pass.
    pub fn is_aligned(&self) -> bool {
        self.authenticated.is_some()
    }

    /// The proof that it has, for those who ask for one.
    pub fn authenticated(&self) -> Option<&AuthenticatedMessage> {
        self.authenticated.as_ref()
    }

    /// The same, taken out.
    pub fn into_authenticated(self) -> Option<AuthenticatedMessage> {
        self.authenticated
    }

    /// The author.
    ///
    /// # Errors
    ///
    /// Those of [`Message::from`](mime::Message::from): anything but exactly one. Such a message is
    /// never authenticated.
    pub fn from(&self) -> Result<&Address, &mime::Error> {
        self.from.as_ref()
    }

    /// Each signature that was judged, in the order of their fields.
    pub fn signatures(&self) -> &[Judgement] {
        &self.judgements
    }

    /// How many DKIM-Signature fields were not looked at, because there are more than
    /// [`MAX_SIGNATURES`].
    pub fn not_judged(&self) -> usize {
        self.not_judged
    }

    /// What keeps the message from being authenticated: a word that does not change, and a sentence.
    pub fn shortcoming(&self) -> Option<(&'static str, String)> {
        if self.is_aligned() {
            return None;
        }
        if self.judgements.is_empty() {
            let detail = "the message has no DKIM-Signature field";
            return Some(("no-signature", detail.to_owned()));
        }
        if let Err(error) = &self.from {
            return Some(("from", sentence(error)));
        }
        let nearest = self.nearest()?;
        let Some(refusal) = nearest.refusal() else {
            return Some(("not-aligned", self.not_aligned(nearest)));
        };
        let is_temporary = refusal.result() == SignatureResult::TempError;
        if self.not_judged > 0 && !is_temporary {
            let all = self.judgements.len() + self.not_judged;
            let detail = format!(
                "of {all} DKIM-Signature fields the first {MAX_SIGNATURES} were judged, and none of \
                 them is accepted"
            );
            return Some(("too-many-signatures", detail));
        }
        Some((refusal.reason(), nearest.detail(refusal)))
    }

    /// The signature that tells most about the verdict.
    fn nearest(&self) -> Option<&Judgement> {
        let passed = self.verdict() == Verdict::Pass;
        let rank = |judgement: &&Judgement| match judgement.refusal() {
            None => (passed, judgement.aligned, 0),
            Some(refusal) => (false, judgement.aligned, refusal.rank()),
        };
        // Of several the first.
        self.judgements.iter().rev().max_by_key(rank)
    }

    fn not_aligned(&self, passed: &Judgement) -> String {
        let signing = passed.signature().map_or("", |it| &it.domain);
        let author = self.from.as_ref().map_or("", Address::domain);
        format!("{signing} has signed the message, and not {author}, the domain of its author")
    }
}

impl Judgement {
    pub(super) fn new(outcome: Outcome, author: Option<&str>, alignment: Alignment) -> Judgement {
        let mut judgement = Judgement {
            outcome,
            aligned: false,
        };
        let signature = judgement.signature();
        judgement.aligned = author
            .zip(signature)
            .is_some_and(|(author, signature)| alignment.holds(&signature.domain, author));
        judgement
    }

    /// The result.
    pub fn result(&self) -> SignatureResult {
        self.refusal()
            .map_or(SignatureResult::Pass, Refusal::result)
    }

    /// The signature, if it is accepted.
    pub fn accepted(&self) -> Option<&AcceptedSignature> {
        match &self.outcome {
            Outcome::Accepted(accepted) => Some(accepted),
            Outcome::Refused { .. } => None,
        }
    }

    /// Why it is not accepted.
    pub fn refusal(&self) -> Option<&Refusal> {
        match &self.outcome {
            Outcome::Accepted(_) => None,
            Outcome::Refused { refusal, .. } => Some(refusal),
        }
    }

    /// What the field says, if it can be read.
    pub fn signature(&self) -> Option<&Signature> {
        match &self.outcome {
            Outcome::Accepted(accepted) => Some(accepted.signature()),
            Outcome::Refused { signature, .. } => signature.as_ref(),
        }
    }

    /// The length of the key in bits, if there was one to look at.
    pub fn key_bits(&self) -> Option<usize> {
        match &self.outcome {
            Outcome::Accepted(accepted) => Some(accepted.key_bits()),
            Outcome::Refused { key_bits, .. } => *key_bits,
        }
    }

    /// Whether it is of the domain of the one author, accepted or not.
    pub fn is_aligned(&self) -> bool {
        self.aligned
    }

    /// Why it is not accepted, in a sentence that says which it is.
    fn detail(&self, refusal: &Refusal) -> String {
        let refusal = sentence(refusal);
        match self.signature() {
            Some(signature) => format!("the signature of {}: {refusal}", signature.domain),
            None => refusal,
        }
    }
}
