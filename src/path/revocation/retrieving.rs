//! Asking for what is not at hand: the responders and the CRLs that a certificate points to.

use std::sync::Arc;

use jiff::Timestamp;

use crate::crypto::DigestAlgorithm;
use crate::path::Error;
use crate::path::budget::Budget;
use crate::path::retrieval::{Request, Retrieve, http_location, in_vain};
use crate::path::revocation::evidence::Known;
use crate::path::revocation::ocsp::WITHOUT_NEXT_UPDATE;
use crate::path::revocation::{Checker, Origin, RevocationGap, Target, Told};
use crate::x509::Certificate;
use crate::x509::crl::CertificateList;
use crate::x509::distribution_point::DistributionPointName;
use crate::x509::information_access::ID_AD_OCSP;
use crate::x509::ocsp::{self, CertId, OcspResponse};

/// The places that are asked for one certificate; honest ones name one or two.
const MAX_LOCATIONS: usize = 4;

/// RFC 9654 2.1: a nonce has 32 octets.
const NONCE: usize = 32;

impl<'a> Checker<'a> {
    /// By what its responders answer, and else by the CRLs of its distribution points.
    pub(super) fn by_retrieving(
        &mut self,
        retrieve: &dyn Retrieve,
        target: &mut Target<'_, 'a>,
        mut gap: RevocationGap,
        budget: &mut Budget,
    ) -> Result<Told, Error> {
        let certificate = target.link.certificate();
        for location in responders(certificate) {
            match self.by_asking(retrieve, location, target, budget)? {
                Ok(sources) => return Ok(Ok(sources)),
                Err(found) => gap = gap.or_else_of(found),
            }
        }
        for location in lists(certificate) {
            if !self.asked.insert(location.to_owned()) {
                continue;
            }
            match self.by_list_from(retrieve, location, target, budget)? {
                Ok(sources) => return Ok(Ok(sources)),
                Err(found) => gap = gap.or_else_of(found),
            }
        }
        Ok(Err(gap))
    }

    /// By the answer of one responder: the one that is remembered, and else a new one.
    fn by_asking(
        &self,
        retrieve: &dyn Retrieve,
        location: &str,
        target: &Target<'_, 'a>,
        budget: &mut Budget,
    ) -> Result<Told, Error> {
        let Some((issuer, _)) = target.above.last() else {
            return Ok(Err(RevocationGap::NoSource));
        };
        // RFC 5019 2.1.1: responders know certificates by SHA-1. It is an index here and no more.
        let certificate = target.link.certificate();
        let cert_id = CertId::of(certificate, issuer.certificate(), DigestAlgorithm::Sha1);
        let mut nonce = [0; NONCE];
        let nonce = getrandom::fill(&mut nonce).is_ok().then_some(&nonce[..]);
        let request = Request::Ocsp {
            location,
            cert_id: cert_id.der(),
            request: &ocsp::request(&cert_id, nonce),
        };
        if let Some(kept) = retrieve.kept(&request)
            && let Ok(answer) = OcspResponse::from_der(&kept.octets)
        {
            let it = Arc::new(answer);
            let origin = Origin::Kept(location.to_owned());
            if let Ok(sources) = self.by_answer(&Known { it, origin }, target, budget)? {
                return Ok(Ok(sources));
            }
        }
        budget.consume_retrieval()?;
        let retrieved = match retrieve.retrieve(&request) {
            Ok(retrieved) => retrieved,
            Err(error) => return Ok(not_retrieved(location, &*error)),
        };
        let answer = match OcspResponse::from_der(&retrieved.octets) {
            Ok(answer) => answer,
            Err(error) => return Ok(not_retrieved(location, &error)),
        };
        // RFC 9654 2.1: who does not do nonces leaves it out; another one is an old answer.
        if answer.nonce().is_some_and(|other| Some(other) != nonce) {
            return Ok(not_retrieved(location, &OtherNonce));
        }
        let until = good_until(&answer);
        let it = Arc::new(answer);
        let origin = Origin::Location(location.to_owned());
        let told = self.by_answer(&Known { it, origin }, target, budget);
        if matches!(told, Ok(Ok(_)) | Err(Error::Revoked { .. })) {
            retrieve.keep(&request, &retrieved.octets, until);
        }
        told
    }

    /// By all CRLs at hand and the one from this place: as it is remembered, and else as it is now.
    fn by_list_from(
        &mut self,
        retrieve: &dyn Retrieve,
        location: &str,
        target: &mut Target<'_, 'a>,
        budget: &mut Budget,
    ) -> Result<Told, Error> {
        let request = Request::Crl { location };
        if let Some(kept) = retrieve.kept(&request)
            && let Ok(list) = CertificateList::from_der(&kept.octets)
            && list
                .next_update()
                .is_some_and(|next_update| next_update >= self.validation.at)
        {
            self.lists.push(Known {
                it: Arc::new(list),
                origin: Origin::Kept(location.to_owned()),
            });
            if let Ok(sources) = self.by_lists(target, budget)? {
                return Ok(Ok(sources));
            }
        }
        budget.consume_retrieval()?;
        let retrieved = match retrieve.retrieve(&request) {
            Ok(retrieved) => retrieved,
            Err(error) => return Ok(not_retrieved(location, &*error)),
        };
        let list = match CertificateList::from_der(&retrieved.octets) {
            Ok(list) => list,
            Err(error) => return Ok(not_retrieved(location, &error)),
        };
        let (number, until) = (self.lists.len(), list.next_update());
        self.lists.push(Known {
            it: Arc::new(list),
            origin: Origin::Location(location.to_owned()),
        });
        let told = self.by_lists(target, budget);
        if let Some(until) = until
            && self.is_about(number, target)?
            && self.usable_list(number, target, budget)?.is_ok()
        {
            retrieve.keep(&request, &retrieved.octets, until);
        }
        told
    }
}

/// Until when all of an answer can be relied on.
fn good_until(answer: &OcspResponse) -> Timestamp {
    let ends = answer.responses().iter().map(|single| {
        let end = single.this_update.saturating_add(WITHOUT_NEXT_UPDATE);
        single.next_update.or(end.ok())
    });
    ends.flatten().min().unwrap_or(answer.produced_at())
}

fn responders(certificate: &Certificate) -> Vec<&str> {
    let descriptions = certificate.authority_information_access();
    let descriptions = descriptions.unwrap_or_default();
    let locations = descriptions
        .iter()
        .filter(|description| description.method == ID_AD_OCSP.as_bytes())
        .filter_map(|description| http_location(&description.location));
    locations.take(MAX_LOCATIONS).collect()
}

fn lists(certificate: &Certificate) -> Vec<&str> {
    let points = certificate.distribution_points().unwrap_or_default();
    let names = points.iter().flat_map(|point| match &point.name {
        Some(DistributionPointName::Full(names)) => names.as_slice(),
        _ => &[],
    });
    names
        .filter_map(http_location)
        .take(MAX_LOCATIONS)
        .collect()
}

fn not_retrieved(location: &str, why: &dyn std::error::Error) -> Told {
    Err(RevocationGap::NotRetrieved(in_vain(location, why)))
}

/// An answer to another request than this one.
#[derive(Debug, thiserror::Error)]
#[error("it answers another request, with another nonce")]
struct OtherNonce;
