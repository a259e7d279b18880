//! What CRLs tell of a certificate: RFC 5280 6.3.3, its steps by their letters.

use std::rc::Rc;
use std::sync::Arc;

use crate::crypto::PublicKey;
use crate::path::budget::Budget;
use crate::path::link::Link;
use crate::path::revocation::evidence::RevocationEvidence;
use crate::path::revocation::point::Point;
use crate::path::revocation::{Checker, RevocationGap, Source, SourceKind, Target, Told, in_words};
use crate::path::signature::{Signed, public_key};
use crate::path::{Error, PolicyInputs, Purpose, TrustAnchors, Validation, build};
use crate::x509::crl::{CertificateList, REMOVE_FROM_CRL, RevokedCertificate};
use crate::x509::distribution_point::Reasons;
use crate::x509::{Certificate, KeyUsage};

impl<'a> Checker<'a> {
    /// By the CRLs at hand.
    pub(super) fn by_lists(
        &mut self,
        target: &mut Target<'_, 'a>,
        budget: &mut Budget,
    ) -> Result<Told, Error> {
        let link = target.link;
        let (points, is_ca) = (Point::of(link)?, is_ca(link)?);
        budget.consume_names(points.len().saturating_mul(self.lists.len()))?;
        let (mut covered, mut gap) = (Reasons::NONE, RevocationGap::NoSource);
        let (mut sources, mut heard) = (Vec::new(), Vec::new());
        for point in &points {
            target.is_own_crl_issuer = point.names_crl_issuer(link.subject());
            for number in self.complete_lists() {
                let list = Arc::clone(&self.lists[number].it);
                // (b) to (e)
                let Some(reasons) = point.covered_by(&list, link, is_ca) else {
                    continue;
                };
                if reasons.is_within(covered) && !is_of_another_key(&list, &heard) {
                    continue;
                }
                if let Err(found) = self.usable_list(number, target, budget)? {
                    gap = found;
                    continue;
                }
                sources.extend(self.not_on(number, target, budget)?);
                covered = covered.or(reasons); // (l)
                heard.push(list);
            }
        }
        if covered == Reasons::ALL {
            return Ok(Ok(sources));
        }
        if covered != Reasons::NONE && matches!(gap, RevocationGap::NoSource) {
            gap = RevocationGap::SomeReasons;
        }
        Ok(Err(gap))
    }

    /// The complete CRLs, the latest first: one that is superseded (RFC 5280 5.2.3) may be within
    /// its time still, and knows less. A delta CRL says nothing without a complete one.
    fn complete_lists(&self) -> Vec<usize> {
        let list = |number: &usize| &self.lists[*number].it;
        let mut complete: Vec<usize> = (0..self.lists.len())
            .filter(|number| list(number).base_crl_number().is_none())
            .collect();
        complete.sort_by(|one, other| {
            let issued = |number| (list(number).this_update(), list(number).crl_number());
            issued(other).cmp(&issued(one))
        });
        complete
    }

    /// Whether a CRL tells of a certificate at all.
    pub(super) fn is_about(&self, number: usize, target: &Target<'_, 'a>) -> Result<bool, Error> {
        let (list, link) = (&self.lists[number].it, target.link);
        let (points, is_ca) = (Point::of(link)?, is_ca(link)?);
        let mut points = points.iter();
        Ok(points.any(|point| point.covered_by(list, link, is_ca).is_some()))
    }

    /// (i) to (k): that the certificate is not on the complete CRL as its delta CRL changes it.
    fn not_on(
        &mut self,
        number: usize,
        target: &Target<'_, 'a>,
        budget: &mut Budget,
    ) -> Result<Vec<Source>, Error> {
        let link = target.link;
        let serial_number = link.certificate().serial_der();
        let find = |list: &CertificateList| list.find(link.issuer(), serial_number);
        let mut sources = vec![self.source(number)];
        let mut entry: Option<RevokedCertificate> = find(&self.lists[number].it);
        if let Some(delta) = self.delta(number, target, budget)? {
            sources.push(self.source(delta));
            if let Some(changed) = find(&self.lists[delta].it) {
                entry = Some(changed).filter(|entry| entry.reason != Some(REMOVE_FROM_CRL));
                sources.reverse();
            }
        }
        match entry {
            None => Ok(sources),
            Some(entry) => Err(Error::Revoked {
                subject: link.certificate().subject().to_owned(),
                date: entry.date,
                reason: in_words(entry.reason),
                by: Box::new(sources.swap_remove(0)),
            }),
        }
    }

    fn source(&self, number: usize) -> Source {
        let known = &self.lists[number];
        Source {
            kind: match known.it.base_crl_number() {
                None => SourceKind::Crl,
                Some(_) => SourceKind::DeltaCrl,
            },
            by: known.it.issuer().to_owned(),
            this_update: known.it.this_update(),
            next_update: known.it.next_update(),
            origin: known.origin.clone(),
        }
    }

    /// (c) and 5.2.4: the latest delta CRL that goes with a complete one.
    fn delta(
        &mut self,
        number: usize,
        target: &Target<'_, 'a>,
        budget: &mut Budget,
    ) -> Result<Option<usize>, Error> {
        let complete = &self.lists[number].it;
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
            .filter(|delta| goes_with(&self.lists[*delta].it))
            .collect();
        deltas.sort_by(|one, other| {
            let number = |delta: &usize| self.lists[*delta].it.crl_number();
            number(other).cmp(&number(one))
        });
        for delta in deltas {
            if self.usable_list(delta, target, budget)?.is_ok() {
                return Ok(Some(delta));
            }
        }
        Ok(None)
    }

    /// Whether a CRL is current, can be understood, and is signed by somebody who may. The outer
    /// error ends the search.
    pub(super) fn usable_list(
        &mut self,
        number: usize,
        target: &Target<'_, 'a>,
        budget: &mut Budget,
    ) -> Result<Result<(), RevocationGap>, Error> {
        let (list, at) = (Arc::clone(&self.lists[number].it), self.validation.at);
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
        let list = Arc::clone(&self.lists[number].it);
        let (issuer, above) = (list.issuer_name(), target.above);
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
        let others: Vec<&'a Link> = self
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
        link: &'a Link,
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
                Signed::from(&*self.lists[number].it)
                    .verify(certificate, &key, allow_legacy)
                    .is_ok()
            }
            _ => false,
        };
        self.signatures.insert(place, has_signed);
        Ok(has_signed)
    }

    /// (f): the path of a CRL's signer ends at the same anchor, and nothing in it is revoked, by the
    /// evidence that there is.
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
        let evidence = RevocationEvidence::of(&self.lists, &self.answers);
        let validation = Validation {
            anchors: &anchors,
            purpose: Purpose::Any,
            partial_chain: true,
            policy: PolicyInputs::default(),
            evidence: &evidence,
            ..self.validation.clone()
        };
        match build::search(signer, self.pool, &validation, budget, &self.visiting) {
            Ok(_) => Ok(true),
            Err(error @ Error::Budget { .. }) => Err(error),
            Err(_) => Ok(false),
        }
    }
}

/// RFC 5280 6.3.3 is content with one CRL. A CA with several keys (5.2.1) may keep one for each, of
/// what that key has signed; then none of those that cover the same can stand for the others.
fn is_of_another_key(list: &CertificateList, heard: &[Arc<CertificateList>]) -> bool {
    heard.iter().any(|other| other.covers_the_same_as(list))
        && !heard.iter().any(|other| other.has_scope_of(list))
}

fn is_ca(link: &Link) -> Result<bool, Error> {
    let certificate = link.certificate();
    let constraints = certificate
        .basic_constraints()
        .map_err(Error::malformed(certificate, "basicConstraints"))?;
    Ok(constraints.is_some_and(|constraints| constraints.is_ca))
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
