//! Why a signature is not accepted: a word for programs, a sentence for people.

use jiff::Timestamp;

use super::{key_record, signature};

/// Why a signature counts for nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The field cannot be read.
    #[error("its DKIM-Signature field is malformed")]
    Malformed(#[source] signature::Error),
    /// RFC 8301 3.1: rsa-sha1 MUST NOT be used.
    #[error("it was made with SHA-1, which anybody can forge")]
    RsaSha1,
    /// RFC 6376 5.4: From MUST be signed.
    #[error("it does not cover the From field")]
    FromNotSigned,
    /// RFC 6376 3.5: the domain of i= MUST be that of d= or below it, and that of d= itself where the
    /// key says so with `t=s`.
    #[error("its i={identity} is not of the domain {domain}")]
    Identity {
        /// `i=`.
        identity: String,
        /// `d=`.
        domain: String,
    },
    /// Others register their names below `d=`.
    #[error("{0} is a registry, under whose name others register theirs")]
    PublicSuffix(String),
    /// RFC 6376 8.2: whoever relays such a message can add to its body.
    #[error("it covers the first {0} octets of the body alone: anybody can have added to them")]
    BodyLength(u64),
    /// `t=` lies ahead.
    #[error("it says to have been made on {0}, which is yet to come")]
    Future(Timestamp),
    /// `x=` has passed.
    #[error("it expired on {0}")]
    Expired(Timestamp),
    /// The body is not the one that was signed.
    #[error("the body was changed after it was signed")]
    BodyHash,
    /// DNS says that there is no key.
    #[error("there is no key at {0}")]
    NoKey(String),
    /// The key record is of no use.
    #[error("the key record at {name} is of no use")]
    KeyRecord {
        /// Where it is.
        name: String,
        /// Why.
        #[source]
        source: key_record::Error,
    },
    /// The key is not of the type that the algorithm needs.
    #[error("the key is not of the type that its a= speaks of")]
    KeyType,
    /// RFC 8301 3.2: verifiers MUST NOT consider signatures with less than 1024 bits valid.
    #[error("its RSA key has {0} bits, which is too few")]
    WeakKey(usize),
    /// The header is not the one that was signed, or somebody else has signed it.
    #[error("the header was changed after it was signed, or the key is not the signer's")]
    Signature,
    /// RFC 6376 3.6.1: `t=y` messages MUST NOT be treated differently from unsigned ones.
    #[error("the domain is only testing DKIM, and asks to take the message for unsigned")]
    Testing,
    /// DNS would not say.
    #[error("the key at {name} cannot be looked up now: {detail}")]
    Unanswered {
        /// The name that was asked for.
        name: String,
        /// What kept it from being answered.
        detail: String,
    },
}

/// What is said of a signature (RFC 8601 2.7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignatureResult {
    /// It verifies and is accepted.
    Pass,
    /// It does not verify.
    Fail,
    /// There is something about it that is not accepted, whether it verifies or not.
    Policy,
    /// DNS would not say.
    TempError,
    /// It cannot be verified, now or later.
    PermError,
}

impl SignatureResult {
    /// The word of RFC 8601.
    pub fn name(self) -> &'static str {
        match self {
            SignatureResult::Pass => "pass",
            SignatureResult::Fail => "fail",
            SignatureResult::Policy => "policy",
            SignatureResult::TempError => "temperror",
            SignatureResult::PermError => "permerror",
        }
    }
}

impl Refusal {
    /// What follows of it for the signature.
    pub fn result(&self) -> SignatureResult {
        self.facts().0
    }

    /// A word for it that does not change.
    pub fn reason(&self) -> &'static str {
        self.facts().1
    }

    /// How near the signature came to being accepted: of several refusals the highest is told.
    pub(super) fn rank(&self) -> u8 {
        self.facts().2
    }

    fn facts(&self) -> (SignatureResult, &'static str, u8) {
        use SignatureResult::{Fail, PermError, Policy, TempError};
        match self {
            Refusal::Malformed(_) => (PermError, "malformed", 0),
            Refusal::RsaSha1 => (PermError, "rsa-sha1", 1),
            Refusal::FromNotSigned => (PermError, "from-not-signed", 2),
            Refusal::Identity { .. } => (PermError, "identity", 2),
            Refusal::PublicSuffix(_) => (Policy, "public-suffix", 2),
            Refusal::BodyLength(_) => (Policy, "body-length", 3),
            Refusal::Future(_) => (Policy, "future", 3),
            Refusal::Expired(_) => (Policy, "expired", 3),
            Refusal::BodyHash => (Fail, "body-hash", 6),
            Refusal::NoKey(_) => (PermError, "no-key", 4),
            Refusal::KeyRecord { source, .. } => match source {
                key_record::Error::Revoked => (PermError, "key-revoked", 4),
                _ => (PermError, "key-record", 4),
            },
            Refusal::KeyType => (PermError, "key-type", 5),
            Refusal::WeakKey(_) => (PermError, "weak-key", 5),
            Refusal::Signature => (Fail, "signature", 7),
            Refusal::Testing => (Policy, "testing", 8),
            Refusal::Unanswered { .. } => (TempError, "dns", 9),
        }
    }
}
