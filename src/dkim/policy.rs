//! Which signatures are accepted, and what a message has to have for its author to be known.
//!
//! What can be said without the key is said first ([`admissible`]), so that no DNS server is asked
//! for a key that could not help; then what the key says ([`may_use`], [`accept`]).

use jiff::{SignedDuration, Timestamp};

use super::authentication::Judgement;
use super::domain;
use super::key_record::KeyRecord;
use super::refusal::Refusal;
use super::signature::{Algorithm, Signature};
use super::verify::VerifiedSignature;
use crate::address::Address;
use crate::mime::{self, Message};

/// Clocks differ by so much: some are hours ahead, set to the time of another zone. RFC 6376 3.5 lets
/// verifiers ignore signatures from the future.
const MAX_CLOCK_SKEW: SignedDuration = SignedDuration::from_hours(24);

/// RFC 8301 3.2.
const MIN_RSA_BITS: usize = 1024;

/// How near `d=` has to be to the domain of From.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Alignment {
    /// The same.
    #[default]
    Strict,
    /// Of the same organisation: both below the same domain that somebody registered (RFC 7489
    /// 3.1.1).
    Relaxed,
}

/// Neither of the two words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("alignment is strict or relaxed")]
pub struct UnknownAlignment;

impl std::str::FromStr for Alignment {
    type Err = UnknownAlignment;

    fn from_str(word: &str) -> Result<Alignment, UnknownAlignment> {
        match word {
            "strict" => Ok(Alignment::Strict),
            "relaxed" => Ok(Alignment::Relaxed),
            _ => Err(UnknownAlignment),
        }
    }
}

impl Alignment {
    /// Whether a signature by `signing` speaks for an author at `author`; both in lower case and
    /// A-labels.
    pub(super) fn holds(self, signing: &str, author: &str) -> bool {
        let organization = domain::organizational;
        match self {
            _ if signing == author => true,
            Alignment::Strict => false,
            Alignment::Relaxed => {
                organization(signing).is_some() && organization(signing) == organization(author)
            }
        }
    }
}

/// Refuses a signature for what it says of itself, whatever its key is.
pub(super) fn admissible(signature: &Signature, at: Timestamp) -> Result<(), Refusal> {
    let Signature {
        domain, identity, ..
    } = signature;
    if signature.algorithm == Algorithm::RsaSha1 {
        return Err(Refusal::RsaSha1);
    }
    if !signature.covers("From") {
        return Err(Refusal::FromNotSigned);
    }
    if !domain::is_within(&signature.identity_domain, domain) {
        return Err(other_identity(identity, domain));
    }
    if domain::is_public_suffix(domain) {
        return Err(Refusal::PublicSuffix(domain.clone()));
    }
    // Also where it is the whole length: what somebody appends is then not covered.
    if let Some(length) = signature.body_length {
        return Err(Refusal::BodyLength(length));
    }
    // A time that is beyond the calendar is never reached.
    let horizon = at.saturating_add(MAX_CLOCK_SKEW).unwrap_or(Timestamp::MAX);
    if let Some(made) = signature.timestamp.filter(|made| *made > horizon) {
        return Err(Refusal::Future(made));
    }
    match signature.expiration {
        Some(end) if end.as_second() < at.as_second() => Err(Refusal::Expired(end)),
        _ => Ok(()),
    }
}

/// Refuses a key for what its record says.
pub(super) fn may_use(key: &KeyRecord, signature: &Signature) -> Result<(), Refusal> {
    let Signature {
        domain, identity, ..
    } = signature;
    if !key.is_for(signature.algorithm) {
        return Err(Refusal::KeyType);
    }
    if signature.algorithm == Algorithm::RsaSha256 && key.bits() < MIN_RSA_BITS {
        return Err(Refusal::WeakKey(key.bits()));
    }
    match key.is_strict && signature.identity_domain != *domain {
        true => Err(other_identity(identity, domain)),
        false => Ok(()),
    }
}

/// A signature that verifies and whose domain stands by it. Only
/// [`verify`](super::verify()) makes one.
#[derive(Debug, Clone)]
pub struct AcceptedSignature {
    signature: Signature,
    key_bits: usize,
}

impl AcceptedSignature {
    /// What it says.
    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// The length of its key in bits.
    pub fn key_bits(&self) -> usize {
        self.key_bits
    }
}

/// Takes a signature that verifies, unless its domain asks not to.
pub(super) fn accept(verified: &VerifiedSignature<'_>) -> Result<AcceptedSignature, Refusal> {
    match verified.key().is_testing {
        true => Err(Refusal::Testing),
        false => Ok(AcceptedSignature {
            signature: verified.signature().clone(),
            key_bits: verified.key().bits(),
        }),
    }
}

fn other_identity(identity: &str, domain: &str) -> Refusal {
    Refusal::Identity {
        identity: identity.to_owned(),
        domain: domain.to_owned(),
    }
}

/// A message whose one author is vouched for by the domain of their address. Only
/// [`verify`](super::verify()) makes one.
///
/// ```compile_fail,E0451
/// # fn forged(message: mailseal::mime::Message, from: mailseal::address::Address) {
/// mailseal::dkim::AuthenticatedMessage { message, from, ..todo!() };
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct AuthenticatedMessage {
    message: Message,
    from: Address,
    signature: AcceptedSignature,
}

impl AuthenticatedMessage {
    /// The message that was signed.
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// The one mailbox of its one From field.
    pub fn from(&self) -> &Address {
        &self.from
    }

    /// Who vouches for it: the domain of From or, with [`Alignment::Relaxed`], one of the same
    /// organisation.
    pub fn domain(&self) -> &str {
        &self.signature.signature.domain
    }

    /// The signature that passed. What of the header it covers, it says itself: Content-Type is
    /// seldom among it, so that the MIME structure is anybody's.
    pub fn signature(&self) -> &AcceptedSignature {
        &self.signature
    }
}

/// Makes the proof of a message with exactly one author and a signature of theirs that was accepted.
pub(super) fn authenticate(
    message: &Message,
    from: &Result<Address, mime::Error>,
    judgements: &[Judgement],
) -> Option<AuthenticatedMessage> {
    let from = from.as_ref().ok()?;
    let mut aligned = judgements.iter().filter(|judgement| judgement.is_aligned());
    Some(AuthenticatedMessage {
        message: message.clone(),
        from: from.clone(),
        signature: aligned.find_map(Judgement::accepted)?.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alignment_is_strict_unless_asked_for() {
        let holds = |signing, author| {
            [Alignment::Strict, Alignment::Relaxed].map(|it| it.holds(signing, author))
        };
        assert_eq!(holds("example.com", "example.com"), [true, true]);
        // Attack 21.
        assert_eq!(holds("example.com", "sub.example.com"), [false, true]);
        assert_eq!(holds("a.example.com", "b.example.com"), [false, true]);
        assert_eq!(holds("example.org", "example.com"), [false, false]);
        assert_eq!(holds("badexample.com", "example.com"), [false, false]);
        assert_eq!(holds("a.co.uk", "b.co.uk"), [false, false]);
        assert_eq!(holds("co.uk", "a.co.uk"), [false, false]);
        assert_eq!(holds("a.github.io", "b.github.io"), [false, false]);
        assert_eq!(holds("[1.2.3.4]", "[1.2.3.4]"), [true, true]);
        assert_eq!("relaxed".parse(), Ok(Alignment::Relaxed));
        assert_eq!("lax".parse::<Alignment>(), Err(UnknownAlignment));
    }
}
