//! A signature on its way through the checks: it stands until one of them refuses it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::authentication::Outcome;
use super::key_record::KeyRecord;
use super::policy::{self, AcceptedSignature};
use super::refusal::Refusal;
use super::resolver::{Answer, ResolveError};
use super::signature::Signature;
use super::verify::{Bodies, VerifiedSignature};
use crate::mime::{Field, Message};

/// So many records at the name of a key are tried. RFC 6376 3.6.2.2: there is to be one.
const MAX_RECORDS: usize = 4;

/// A DKIM-Signature field, and what is known of it so far.
#[derive(Debug)]
pub(super) struct Candidate<'a> {
    field: &'a Field,
    state: State,
}

#[derive(Debug)]
enum State {
    Standing(Signature),
    Refused(Option<Signature>, Refusal),
}

impl<'a> Candidate<'a> {
    /// Reads a field, and holds what it says of itself against the policy.
    pub(super) fn read(field: &'a Field, at: Timestamp) -> Candidate<'a> {
        let state = match Signature::parse(field) {
            Err(error) => State::Refused(None, Refusal::Malformed(error)),
            Ok(signature) => State::Standing(signature)
                .unless_refused(|signature| policy::admissible(signature, at)),
        };
        Candidate { field, state }
    }

    /// The same, its body held against the one that was signed.
    pub(super) fn compare_body(self, bodies: &Bodies) -> Candidate<'a> {
        let Candidate { field, state } = self;
        let state = state.unless_refused(|signature| bodies.compare(signature));
        Candidate { field, state }
    }

    /// What it says, if nothing has been said against it.
    pub(super) fn standing(&self) -> Option<&Signature> {
        match &self.state {
            State::Standing(signature) => Some(signature),
            State::Refused(..) => None,
        }
    }

    /// Comes to an end with the key that DNS has.
    pub(super) fn judge(
        self,
        message: &Message,
        bodies: &Bodies,
        answers: &BTreeMap<String, Answer>,
    ) -> Outcome {
        let (signature, refusal, key_bits) = match self.state {
            State::Refused(signature, refusal) => (signature, refusal, None),
            State::Standing(signature) => {
                let answer = answers.get(&signature.key_name());
                let case = Case {
                    signature: &signature,
                    field: self.field,
                    message,
                    bodies,
                };
                match case.try_keys(answer) {
                    Ok(accepted) => return Outcome::Accepted(accepted),
                    Err((refusal, key_bits)) => (Some(signature), refusal, key_bits),
                }
            }
        };
        Outcome::Refused {
            refusal,
            signature,
            key_bits,
        }
    }
}

impl State {
    fn unless_refused(self, check: impl FnOnce(&Signature) -> Result<(), Refusal>) -> State {
        match self {
            State::Standing(signature) => match check(&signature) {
                Ok(()) => State::Standing(signature),
                Err(refusal) => State::Refused(Some(signature), refusal),
            },
            refused @ State::Refused(..) => refused,
        }
    }
}

/// A signature that needs but its key.
#[derive(Clone, Copy)]
struct Case<'a> {
    signature: &'a Signature,
    field: &'a Field,
    message: &'a Message,
    bodies: &'a Bodies,
}

impl Case<'_> {
    /// Tries the records one after the other; of several refusals the one that came furthest is told,
    /// with the length of its key.
    fn try_keys(
        self,
        answer: Option<&Answer>,
    ) -> Result<AcceptedSignature, (Refusal, Option<usize>)> {
        let name = self.signature.key_name();
        let no_key = || (Refusal::NoKey(name.clone()), None);
        let records = match answer {
            Some(Ok(records)) => records,
            Some(Err(ResolveError::NoRecord)) => return Err(no_key()),
            Some(Err(error)) => return Err((unanswered(&name, error), None)),
            None => return Err((unanswered(&name, &ResolveError::TimedOut), None)),
        };
        let mut furthest: Option<(Refusal, Option<usize>)> = None;
        for record in records.iter().take(MAX_RECORDS) {
            let (refusal, bits) = match KeyRecord::parse(record) {
                Err(source) => {
                    let name = name.clone();
                    (Refusal::KeyRecord { name, source }, None)
                }
                Ok(key) => {
                    let bits = key.bits();
                    match self.try_key(key) {
                        Ok(accepted) => return Ok(accepted),
                        Err(refusal) => (refusal, Some(bits)),
                    }
                }
            };
            let is_further = |(known, _): &(Refusal, _)| refusal.rank() > known.rank();
            if furthest.as_ref().is_none_or(is_further) {
                furthest = Some((refusal, bits));
            }
        }
        Err(furthest.unwrap_or_else(no_key))
    }

    fn try_key(self, key: KeyRecord) -> Result<AcceptedSignature, Refusal> {
        policy::may_use(&key, self.signature)?;
        let verified =
            VerifiedSignature::verify(self.signature, self.field, self.message, self.bodies, key)?;
        policy::accept(&verified)
    }
}

fn unanswered(name: &str, error: &ResolveError) -> Refusal {
    Refusal::Unanswered {
        name: name.to_owned(),
        detail: error.to_string(),
    }
}
