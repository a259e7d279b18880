//! Whether the certificates of a path are revoked: by CRLs (RFC 5280 6.3), complete, delta and
//! indirect ones, also where several divide the certificates or the reasons among them; and by OCSP
//! answers (RFC 6960). Those at hand are looked at first; if they do not tell, and the caller allows
//! it, those that the certificate points to are [retrieved](crate::path::retrieval).
//!
//! ```no_run
//! use mailseal::path::{Revocation, RevocationEvidence, TrustAnchors, Validation};
//!
//! let anchors = TrustAnchors::from_files(&["ca.crt".into()])?;
//! let mut evidence = RevocationEvidence::default();
//! evidence.add_list_file("ca.crl".as_ref())?;
//! let validation = Validation {
//!     revocation: Revocation::Hard,
//!     evidence: &evidence,
//!     ..Validation::new(&anchors, "2026-11-21T12:00:00Z".parse()?)
//! };
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Whatever tells that a certificate is revoked ends the matter, also where something else says
//! that it is not.
//!
//! # Not supported
//!
//! Retrieving delta CRLs (freshestCRL); responders that the caller trusts for everything (RFC 6960
//! 2.2, "Trusted Responder"); OCSP answers for several certificates in one request.

mod crl;
mod evidence;
mod gap;
mod ocsp;
mod point;
mod retrieving;
mod standing;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::str::FromStr;

use crate::crypto::PublicKey;
use crate::path::budget::Budget;
use crate::path::link::Link;
use crate::path::{Error, Validation};
use crate::x509::Certificate;
use crate::x509::crl::CertificateList;
use crate::x509::ocsp::OcspResponse;
use evidence::Known;

pub use evidence::{Error as EvidenceError, RevocationEvidence};
pub use gap::RevocationGap;
pub use standing::{Origin, Source, SourceKind, Standing};

/// How much has to be known of the revocation of each certificate of a path, but the anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    /// Nothing: it is not looked at.
    Off,
    /// What is known to be revoked is refused; what nobody can tell of is not.
    Soft,
    /// It must be known not to be revoked.
    Hard,
}

/// A word that is none of the three.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("revocation is checked off, soft or hard")]
pub struct UnknownRevocation;

impl FromStr for Revocation {
    type Err = UnknownRevocation;

    fn from_str(word: &str) -> Result<Revocation, UnknownRevocation> {
        match word {
            "off" => Ok(Revocation::Off),
            "soft" => Ok(Revocation::Soft),
            "hard" => Ok(Revocation::Hard),
            _ => Err(UnknownRevocation),
        }
    }
}

/// A certificate whose standing is looked for.
struct Target<'p, 'a> {
    link: &'a Link,
    /// The certificates above it, from the anchor down, each with its key.
    above: &'p [(&'a Link, &'p Rc<PublicKey>)],
    /// Whether its issuer has named it for the issuer of its own CRL.
    is_own_crl_issuer: bool,
}

/// What some evidence tells of a certificate that it does not show to be revoked: by which of it the
/// certificate stands, or why it does not tell.
type Told = Result<Vec<Source>, RevocationGap>;

/// The evidence, and the certificates that may have signed it.
pub(super) struct Checker<'a> {
    validation: &'a Validation<'a>,
    lists: Vec<Known<CertificateList>>,
    answers: Vec<Known<OcspResponse>>,
    pool: &'a [Certificate],
    /// Every certificate at hand, trusted or not.
    links: Vec<&'a Link>,
    /// Certificates whose standing is being looked for. What they have signed says nothing of it.
    visiting: Vec<&'a Certificate>,
    /// Whether a CRL is signed by a certificate's key, by its number and the certificate's DER.
    signatures: HashMap<(usize, &'a [u8]), bool>,
    /// The places that have been asked for CRLs.
    asked: HashSet<String>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(
        validation: &'a Validation<'a>,
        pool: &'a [Certificate],
        links: Vec<&'a Link>,
        visiting: &[&'a Certificate],
    ) -> Checker<'a> {
        Checker {
            validation,
            lists: validation.evidence.lists().to_vec(),
            answers: validation.evidence.answers().to_vec(),
            pool,
            links,
            visiting: visiting.to_vec(),
            signatures: HashMap::new(),
            asked: HashSet::new(),
        }
    }

    /// Checks every certificate below the anchor, from there down, so that the keys that sign the
    /// CRLs have been checked before. `path` begins with the anchor; `keys` are those of all but
    /// the leaf. Tells of the leaf first.
    pub(super) fn check(
        &mut self,
        path: &[&'a Link],
        keys: &[Rc<PublicKey>],
        budget: &mut Budget,
    ) -> Result<Vec<Standing>, Error> {
        let mut standings = Vec::new();
        if self.validation.revocation == Revocation::Off {
            return Ok(standings);
        }
        for (depth, link) in path.iter().enumerate().skip(1) {
            let above: Vec<_> = path[..depth].iter().copied().zip(keys).collect();
            let mut target = Target {
                link,
                above: &above,
                is_own_crl_issuer: false,
            };
            self.visiting.push(link.certificate());
            let told = self.told(&mut target, budget);
            self.visiting.pop();
            standings.push(self.standing(link.certificate(), told?)?);
        }
        standings.reverse();
        Ok(standings)
    }

    fn standing(&self, certificate: &Certificate, told: Told) -> Result<Standing, Error> {
        let subject = certificate.subject().to_owned();
        match told {
            Ok(sources) => Ok(Standing {
                subject,
                gap: None,
                sources,
            }),
            Err(gap) if self.validation.revocation == Revocation::Hard => {
                Err(Error::RevocationUnknown { subject, gap })
            }
            Err(gap) => Ok(Standing {
                subject,
                gap: Some(gap),
                sources: Vec::new(),
            }),
        }
    }

    /// By what is at hand, and by what can be had.
    fn told(&mut self, target: &mut Target<'_, 'a>, budget: &mut Budget) -> Result<Told, Error> {
        let at_hand = match (
            self.by_answers(target, budget)?,
            self.by_lists(target, budget)?,
        ) {
            (Ok(answers), Ok(lists)) => Ok([answers, lists].concat()),
            (Ok(sources), Err(_)) | (Err(_), Ok(sources)) => Ok(sources),
            (Err(answers), Err(lists)) => Err(lists.or_else_of(answers)),
        };
        match (at_hand, self.validation.retrieve) {
            (Err(gap), Some(retrieve)) => self.by_retrieving(retrieve, target, gap, budget),
            (at_hand, _) => Ok(at_hand),
        }
    }
}

/// `CRLReason`, RFC 5280 5.3.1, in words.
fn in_words(reason: Option<u8>) -> &'static str {
    match reason {
        Some(1) => "the key has been compromised",
        Some(2) => "the CA has been compromised",
        Some(3) => "the affiliation has changed",
        Some(4) => "it has been superseded",
        Some(5) => "it is no longer needed",
        Some(6) => "it is on hold",
        Some(9) => "a privilege has been withdrawn",
        Some(10) => "the attribute authority has been compromised",
        _ => "no reason is given",
    }
}
