//! DKIM (RFC 6376): whether the domain of a message's author vouches for it.
//!
//! [`verify`](verify()) judges the signatures of a message, with keys that it asks a [`Resolver`] for, and makes
//! an [`AuthenticatedMessage`] if there is exactly one author and their domain has signed. Whether a
//! signature verifies (`verify`) and whether that is enough (`policy`) stand apart.
//!
//! ```
//! use mailseal::dkim::{Alignment, StaticRecords, Verdict, verify};
//! use mailseal::mime::{Message, RawMessage};
//!
//! let octets = std::fs::read("testdata/dkim/messages/signed.eml")?;
//! let message = Message::parse(RawMessage::from_bytes(octets))?;
//! let records = StaticRecords::from_json(&std::fs::read("testdata/dkim/messages/dns.json")?)?;
//! let authentication = verify(&message, &records, "2026-11-21T12:00:00Z".parse()?, Alignment::Strict)?;
//! assert_eq!(authentication.verdict(), Verdict::Pass);
//! let authenticated = authentication.authenticated().expect("an aligned pass");
//! assert_eq!(authenticated.from().to_string(), "alice@example.com");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is no pass
//!
//! | | clause |
//! |---|---|
//! | rsa-sha1, RSA keys of less than 1024 bits | RFC 8301 3 |
//! | `l=`, of whatever length | RFC 6376 8.2 |
//! | `x=` in the past, `t=` more than a day ahead | RFC 6376 3.5 |
//! | an empty `p=`; `t=y`; `i=` outside `d=`, or below it with `t=s` | RFC 6376 3.5, 3.6.1 |
//! | `d=` that is a public suffix; From that is not signed | RFC 6376 5.4, 6.1.1 |
//! | no From field, a second one, or one with anything but one mailbox | RFC 6376 5.3, 8.15 |
//!
//! # Limits
//!
//! Of a message's DKIM-Signature fields the first [`MAX_SIGNATURES`] are judged, and what the others
//! would have said is left open ([`Authentication::not_judged`]). Their keys are asked for all at once,
//! and DNS has [`MAX_TIME`] for all of them. The body is read once and never wholly in memory.
//!
//! # Not supported
//!
//! Making signatures: that is the mail server's. ARC, DMARC records, ADSP, authorised third parties
//! (RFC 6541), failure reports (RFC 6651), DNSSEC.

mod authentication;
mod candidate;
mod canonical;
mod domain;
pub mod key_record;
mod policy;
mod refusal;
pub mod resolver;
pub mod signature;
pub mod tag_list;
#[cfg(test)]
mod tests;
mod verify;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::Duration;

use jiff::Timestamp;

use self::candidate::Candidate;
use self::resolver::Answer;
use self::verify::Bodies;
use crate::address::Address;
use crate::mime::{Field, Message};

pub use authentication::{Authentication, Judgement, Verdict};
pub use policy::{AcceptedSignature, Alignment, AuthenticatedMessage, UnknownAlignment};
pub use refusal::{Refusal, SignatureResult};
pub use resolver::{DnsResolver, Resolver, StaticRecords};
pub use signature::{Algorithm, Canonicalization, Signature};

/// So many signatures of a message are judged; real mail has one to four.
pub const MAX_SIGNATURES: usize = 8;

/// DNS has so much time for all keys of a message.
pub const MAX_TIME: Duration = Duration::from_secs(5);

/// Why a message could not be judged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The temporary file that holds it fails.
    #[error("the message cannot be read again")]
    Read(#[source] io::Error),
}

/// Judges the DKIM signatures of a message at a time.
///
/// # Errors
///
/// The message cannot be read. What is wrong with its signatures is part of the answer, also that
/// DNS did not say.
pub fn verify(
    message: &Message,
    resolver: &dyn Resolver,
    at: Timestamp,
    alignment: Alignment,
) -> Result<Authentication, Error> {
    let from = message.from();
    let fields: Vec<&Field> = message.header().all("DKIM-Signature").collect();
    let not_judged = fields.len().saturating_sub(MAX_SIGNATURES);
    let fields = fields.into_iter().take(MAX_SIGNATURES);
    let candidates: Vec<Candidate<'_>> = fields.map(|field| Candidate::read(field, at)).collect();

    // Before DNS is asked: what was changed needs no key.
    let standing = candidates.iter().filter_map(Candidate::standing);
    let bodies = Bodies::of(message, standing).map_err(Error::Read)?;
    let candidates = candidates.into_iter().map(|it| it.compare_body(&bodies));
    let candidates: Vec<Candidate<'_>> = candidates.collect();

    let answers = ask(&candidates, resolver);
    let outcomes = candidates
        .into_iter()
        .map(|it| it.judge(message, &bodies, &answers));
    let author = from.as_ref().ok().map(Address::domain);
    let judgements: Vec<Judgement> = outcomes
        .map(|outcome| Judgement::new(outcome, author, alignment))
        .collect();
    let authenticated = policy::authenticate(message, &from, &judgements);
    Ok(Authentication {
        from,
        judgements,
        not_judged,
        authenticated,
    })
}

/// Asks for the keys of all signatures that still stand, each name once.
fn ask(candidates: &[Candidate<'_>], resolver: &dyn Resolver) -> BTreeMap<String, Answer> {
    let standing = candidates.iter().filter_map(Candidate::standing);
    let names: BTreeSet<String> = standing.map(Signature::key_name).collect();
    if names.is_empty() {
        return BTreeMap::new();
    }
    let names: Vec<String> = names.into_iter().collect();
    let answers = resolver.text_records(&names, MAX_TIME);
    names.into_iter().zip(answers).collect()
}
