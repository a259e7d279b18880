//! Whether the certificates of a path are revoked, by CRLs at hand (RFC 5280 6.3): complete, delta
//! and indirect ones, also where several divide the certificates or the reasons among them.
//!
//! A certificate whose status no CRL tells for every reason is not accepted.
//!
//! ```no_run
//! use mailseal::path::{RevocationLists, TrustAnchors, Validation};
//!
//! let anchors = TrustAnchors::from_files(&["ca.crt".into()])?;
//! let crls = RevocationLists::from_files(&["ca.crl".into()])?;
//! let validation = Validation {
//!     crls: Some(&crls),
//!     ..Validation::new(&anchors, "2026-11-21T12:00:00Z".parse()?)
//! };
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Not supported
//!
//! Fetching CRLs, and OCSP.

mod gap;
mod lists;
mod point;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::rc::Rc;

use crate::crypto::PublicKey;
use crate::path::budget::Budget;
use crate::path::link::Link;
use crate::path::revocation::point::Point;
use crate::path::signature::{Signed, public_key};
use crate::path::{Error, PolicyInputs, Purpose, TrustAnchors, Validation, build};
use crate::x509::crl::{CertificateList, REMOVE_FROM_CRL, RevokedCertificate};
use crate::x509::distribution_point::Reasons;
use crate::x509::{Certificate, KeyUsage};

pub use gap::RevocationGap;
pub use lists::{Error as ListError, RevocationLists};

/// A certificate whose status is looked for.
struct Target<'p, 'a> {
    link: &'a Link<'a>,
    /// The certificates above it, from the anchor down, each with its key.
    above: &'p [(&'a Link<'a>, &'p Rc<PublicKey>)],
    /// Whether its issuer has named it for the issuer of its own CRL.
    is_own_crl_issuer: bool,
}

/// CRLs, and the certificates that may have signed them.
pub(super) struct Revocation<'a> {
    validation: &'a Validation<'a>,
    lists: &'a [CertificateList],
    pool: &'a [Certificate],
    /// Every certificate at hand, trusted or not.
    links: Vec<&'a Link<'a>>,
    /// Certificates whose status is being looked for. What they have signed says nothing of it.
    visiting: Vec<&'a Certificate>,
    /// Whether a CRL is signed by a certificate's key, by its number and the certificate's DER.
    signatures: HashMap<(usize, &'a [u8]), bool>,
}

impl<'a> Revocation<'a> {
    pub(super) fn new(
        validation: &'a Validation<'a>,
        pool: &'a [Certificate],
        links: Vec<&'a Link<'a>>,
        visiting: &[&'a Certificate],
    ) -> Revocation<'a> {
        Revocation {
            validation,
            lists: validation.crls.map_or(&[][..], RevocationLists::as_slice),
            pool,
            links,
            visiting: visiting.to_vec(),
            signatures: HashMap::new(),
        }
    }

    /// Checks every certificate below the anchor, from there down, so that the keys that sign the
    /// CRLs have been checked before. `path` begins with the anchor; `keys` are those of all but
    /// the leaf.
    pub(super) fn check(
        &mut self,
        path: &[&'a Link<'a>],
        keys: &[Rc<PublicKey>],
        budget: &mut Budget,
    ) -> Result<(), Error> {
        if self.validation.crls.is_none() {
            return Ok(());
        }
        for (depth, link) in path.iter().enumerate().skip(1) {
            let above: Vec<_> = path[..depth].iter().copied().zip(keys).collect();
            self.visiting.push(link.certificate());
            let mut target = Target {
                link,
                above: &above,
                is_own_crl_issuer: false,
            };
            let status = self.status(&mut target, budget);
            self.visiting.pop();
            status?;
        }
        Ok(())
    }

    /// RFC 5280 6.3.3
    fn status(&mut self, target: &mut Target<'_, 'a>, budget: &mut Budget) -> Result<(), Error> {
        let link = target.link;
        let certificate = link.certificate();
        let constraints = certificate
            .basic_constraints()
            .map_err(Error::malformed(certificate, "basicConstraints"))?;
        let is_ca = constraints.is_some_and(|constraints| constraints.is_ca);
        let points = Point::of(link)?;
        budget.consume_names(points.len().saturating_mul(self.lists.len()))?;
        let (mut covered, mut gap) = (Reasons::NONE, RevocationGap::NoList);
        for point in &points {
            target.is_own_crl_issuer = point.names_crl_issuer(link.subject());
            for (number, list) in self.lists.iter().enumerate() {
                // A delta CRL says nothing without the complete one.
                if list.base_crl_number().is_some() {
                    continue;
                }
                // (b) to (e)
                let reasons = point.covered_by(list, link, is_ca);
                let Some(reasons) = reasons.filter(|reasons| !reasons.is_within(covered)) else {
                    continue;
                };
                if let Err(found) = self.usable(number, target, budget)? {
                    gap = found;
                    continue;
                }
                if let Some(revoked) = self.entry(number, target, budget)? {
                    return Err(Error::Revoked {
                        subject: certificate.subject().to_owned(),
                        date: revoked.date,
                        reason: in_words(revoked.reason),
                    });
                }
                covered = covered.or(reasons); // (l)
            }
        }
        if covered == Reasons::ALL {
            return Ok(());
        }
        if covered != Reasons::NONE && matches!(gap, RevocationGap::NoList) {
            gap = RevocationGap::SomeReasons;
        }
        Err(Error::RevocationUnknown {
            subject: certificate.subject().to_owned(),
            gap,
        })
    }

    /// (i) to (k): what the delta CRL says, and else the complete one.
    fn entry(
        &mut self,
        number: usize,
        target: &Target<'_, 'a>,
        budget: &mut Budget,
    ) -> Result<Option<RevokedCertificate>, Error> {
        let link = target.link;
        let serial_number = link.certificate().serial_der();
        let find = |list: &CertificateList| list.find(link.issuer(), serial_number);
        if let Some(delta) = self.delta(number, target, budget)?
            && let Some(changed) = find(&self.lists[delta])
        {
            return Ok(Some(changed).filter(|entry| entry.reason != Some(REMOVE_FROM_CRL)));
        }
        Ok(find(&self.lists[number]))
    }

    /// (c) and 5.2.4: the latest delta CRL that goes with a complete one.
    fn delta(
        &mut self,
        number: usize,
        target: &Target<'_, 'a>,
        budget: &mut Budget,
    ) -> Result<Option<usize>, Error> {
        let complete = &self.lists[number];
        let goes_with = |delta: &CertificateList| {
            let numbers = (
                delta.base_crl_number(),
                complete.crl_number(),
                delta.crl_number(),
            );
            matches!(numbers, (Some(base), Some(complete), Some(delta))
                if base <= complete && complete < delta)
                && delta.has_scope_of(complete)
        };
        let mut deltas: Vec<usize> = (0..self.lists.len())
            .filter(|delta| goes_with(&self.lists[*delta]))
            .collect();
        deltas.sort_by_key(|delta| std::cmp::Reverse(self.lists[*delta].crl_number()));
        for delta in deltas {
            if self.usable(delta, target, budget)?.is_ok() {
                return Ok(Some(delta));
            }
        }
        Ok(None)
    }

    /// Whether a CRL is current, can be understood, and is signed by somebody who may. The outer
    /// error ends the search.
    fn usable(
        &mut self,
        number: usize,
        target: &Target<'_, 'a>,
        budget: &mut Budget,
    ) -> Result<Result<(), RevocationGap>, Error> {
        let (list, at) = (&self.lists[number], self.validation.at);
        let issuer = || list.issuer().to_owned();
        if let Some(extension) = list.unknown_critical_extension() {
            return Ok(Err(RevocationGap::UnknownCriticalExtension {
                issuer: issuer(),
                extension: extension.to_owned(),
            }));
        }
        if list.this_update() > at {
            return Ok(Err(RevocationGap::NotYet {
                issuer: issuer(),
                this_update: list.this_update(),
            }));
        }
        match list.next_update() {
            Some(next_update) if next_update < at => Ok(Err(RevocationGap::Stale {
                issuer: issuer(),
                next_update,
            })),
            _ if self.is_signed(number, target, budget)? => Ok(Ok(())),
            _ => Ok(Err(RevocationGap::Unsigned { issuer: issuer() })),
        }
    }

    /// (f) and (g): by a key of the path, or by another one of the CRL's issuer that leads to the
    /// same anchor, each for signing CRLs if it has a keyUsage.
    fn is_signed(
        &mut self,
        number: usize,
        target: &Target<'_, 'a>,
        budget: &mut Budget,
    ) -> Result<bool, Error> {
        let (issuer, above) = (self.lists[number].issuer_name(), target.above);
        for (link, key) in above.iter().rev() {
            if link.subject() == issuer && self.has_signed(number, link, Some(key), budget)? {
                return Ok(true);
            }
        }
        // RFC 5280 has nothing against a CRL that speaks of the certificate of its own signer. It
        // is worth no more than that certificate, which is why the CA above must have wanted it.
        if target.is_own_crl_issuer && target.link.subject() == issuer {
            return self.has_signed(number, target.link, None, budget);
        }
        let Some((anchor, _)) = above.first() else {
            return Ok(false);
        };
        let others: Vec<&'a Link<'a>> = self
            .links
            .iter()
            .copied()
            .filter(|link| link.subject() == issuer)
            .collect();
        for link in others {
            let certificate = link.certificate();
            let is_known = above
                .iter()
                .any(|(above, _)| above.certificate() == certificate);
            if is_known || self.visiting.contains(&certificate) {
                continue;
            }
            if self.has_signed(number, link, None, budget)?
                && self.leads_to(certificate, anchor.certificate(), budget)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn has_signed(
        &mut self,
        number: usize,
        link: &'a Link<'a>,
        key: Option<&Rc<PublicKey>>,
        budget: &mut Budget,
    ) -> Result<bool, Error> {
        let certificate = link.certificate();
        let place = (number, certificate.der());
        if let Some(known) = self.signatures.get(&place) {
            return Ok(*known);
        }
        let allow_legacy = self.validation.allow_legacy;
        let own_key = || public_key(certificate, allow_legacy).ok().map(Rc::new);
        let has_signed = match key.cloned().or_else(own_key) {
            Some(key) if certificate.key_usage().is_none_or(KeyUsage::crl_sign) => {
                budget.consume_signature(&key)?;
                Signed::from(&self.lists[number])
                    .verify(certificate, &key, allow_legacy)
                    .is_ok()
            }
            _ => false,
        };
        self.signatures.insert(place, has_signed);
        Ok(has_signed)
    }

    /// (f): the path of a CRL's signer ends at the same anchor, and nothing in it is revoked.
    fn leads_to(
        &self,
        signer: &Certificate,
        anchor: &Certificate,
        budget: &mut Budget,
    ) -> Result<bool, Error> {
        if signer == anchor {
            return Ok(true);
        }
        let anchors = TrustAnchors::from_certificates([anchor.clone()]);
        let validation = Validation {
            anchors: &anchors,
            purpose: Purpose::Any,
            partial_chain: true,
            policy: PolicyInputs::default(),
            ..self.validation.clone()
        };
        match build::search(signer, self.pool, &validation, budget, &self.visiting) {
            Ok(_) => Ok(true),
            Err(error @ Error::Budget { .. }) => Err(error),
            Err(_) => Ok(false),
        }
    }
}

impl<'a> From<&'a CertificateList> for Signed<'a> {
    fn from(list: &'a CertificateList) -> Signed<'a> {
        Signed {
            subject: list.issuer(),
            content: list.tbs_der(),
            algorithms: list.signature_algorithms_der(),
            signature: list.signature(),
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
