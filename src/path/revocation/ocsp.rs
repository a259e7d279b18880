//! What OCSP answers tell of a certificate: RFC 6960 3.2, its conditions by their numbers.

use jiff::SignedDuration;

use crate::asn1::oid::ObjectIdentifier;
use crate::crypto::PublicKey;
use crate::path::budget::Budget;
use crate::path::link::Link;
use crate::path::revocation::evidence::{Known, RevocationEvidence};
use crate::path::revocation::{
    Checker, Revocation, RevocationGap, Source, SourceKind, Target, Told, in_words,
};
use crate::path::signature::{Signed, public_key};
use crate::path::{Error, PolicyInputs, Purpose, TrustAnchors, Validation, build, profile};
use crate::x509::Certificate;
use crate::x509::ocsp::{CertStatus, OcspResponse, SingleResponse};

/// RFC 6960 4.2.2.2.1.
pub(super) const ID_PKIX_OCSP_NOCHECK: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.5");

/// How far the responder's clock may be ahead: an answer is made when it is asked for, and OpenSSL
/// allows as much.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// How long an answer without nextUpdate is good. RFC 6960 4.2.2.1 says no more of it than that
/// there is always something newer.
pub(super) const WITHOUT_NEXT_UPDATE: SignedDuration = SignedDuration::from_hours(24);

impl<'a> Checker<'a> {
    /// By the answers at hand.
    pub(super) fn by_answers(
        &mut self,
        target: &Target<'_, 'a>,
        budget: &mut Budget,
    ) -> Result<Told, Error> {
        let mut gap = RevocationGap::NoSource;
        for known in self.answers.clone() {
            match self.by_answer(&known, target, budget)? {
                Ok(sources) => return Ok(Ok(sources)),
                Err(found) => gap = gap.or_else_of(found),
            }
        }
        Ok(Err(gap))
    }

    /// By one answer.
    pub(super) fn by_answer(
        &self,
        known: &Known<OcspResponse>,
        target: &Target<'_, 'a>,
        budget: &mut Budget,
    ) -> Result<Told, Error> {
        let (certificate, answer) = (target.link.certificate(), &*known.it);
        let Some(issuer) = target.above.last() else {
            return Ok(Err(RevocationGap::NoSource));
        };
        // 1.
        let is_about_it =
            |single: &&SingleResponse| single.cert_id.is_for(certificate, issuer.0.certificate());
        let singles = answer.responses().iter().filter(is_about_it);
        let Some(single) = singles.max_by_key(|single| single.this_update) else {
            return Ok(Err(RevocationGap::NoSource));
        };
        let unusable = |why: String| {
            Ok(Err(RevocationGap::UnusableAnswer {
                responder: answer.responder_id().to_string(),
                why,
            }))
        };
        if let Some(why) = self.is_not_current(answer, single) {
            return unusable(why);
        }
        if let Some(extension) = answer.unknown_critical_extension() {
            let why = format!("has the critical extension {extension}, which is not known");
            return unusable(why);
        }
        if !self.is_answer_signed(answer, (issuer.0, issuer.1), budget)? {
            return unusable("is not signed by somebody who may answer for the issuer".to_owned());
        }
        let source = Source {
            kind: SourceKind::Ocsp {
                produced_at: answer.produced_at(),
            },
            by: answer.responder_id().to_string(),
            this_update: single.this_update,
            next_update: single.next_update,
            origin: known.origin.clone(),
        };
        match single.status {
            CertStatus::Good => Ok(Ok(vec![source])),
            CertStatus::Unknown => unusable("does not know the certificate".to_owned()),
            CertStatus::Revoked { date, reason } => Err(Error::Revoked {
                subject: certificate.subject().to_owned(),
                date,
                reason: in_words(reason),
                by: Box::new(source),
            }),
        }
    }

    /// 5. and 6.
    fn is_not_current(&self, answer: &OcspResponse, single: &SingleResponse) -> Option<String> {
        let at = self.validation.at;
        let latest = at.saturating_add(CLOCK_SKEW).unwrap_or(at);
        let this_update = single.this_update.max(answer.produced_at());
        if this_update > latest {
            return Some(format!("was made only on {this_update}"));
        }
        let end = single.this_update.saturating_add(WITHOUT_NEXT_UPDATE);
        match (single.next_update, end) {
            (Some(next_update), _) if next_update < at => Some(format!(
                "is too old: there should be a newer one since {next_update}"
            )),
            (None, Ok(end)) if end < at => Some(format!("is too old: it is of {this_update}")),
            _ => None,
        }
    }

    /// 2. to 4.: by the issuer of the certificate itself, or by whom it has delegated that to.
    fn is_answer_signed(
        &self,
        answer: &OcspResponse,
        (issuer, issuer_key): (&Link, &PublicKey),
        budget: &mut Budget,
    ) -> Result<bool, Error> {
        let responder = answer.responder_id();
        if responder.names(issuer.certificate())
            && self.has_signed_answer(answer, issuer.certificate(), issuer_key, budget)?
        {
            return Ok(true);
        }
        let delegates = answer.certificates().iter().chain(self.pool);
        for delegate in delegates.filter(|delegate| responder.names(delegate)) {
            if profile::ocsp_responder(delegate, self.validation).is_err() {
                continue;
            }
            let Ok(key) = public_key(delegate, self.validation.allow_legacy) else {
                continue;
            };
            if self.has_signed_answer(answer, delegate, &key, budget)?
                && self.is_delegate(delegate, issuer.certificate(), budget)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn has_signed_answer(
        &self,
        answer: &OcspResponse,
        signer: &Certificate,
        key: &PublicKey,
        budget: &mut Budget,
    ) -> Result<bool, Error> {
        budget.consume_signature(key)?;
        let signed = Signed {
            subject: signer.subject(),
            content: answer.tbs_der(),
            algorithms: [answer.signature_algorithm_der(); 2],
            signature: answer.signature(),
        };
        let allow_legacy = self.validation.allow_legacy;
        Ok(signed.verify(signer, key, allow_legacy).is_ok())
    }

    /// 4.2.2.2: the issuer of the certificate has issued that of the responder too, and has not taken
    /// it back as far as anybody at hand knows; with id-pkix-ocsp-nocheck (4.2.2.2.1) nobody is asked.
    fn is_delegate(
        &self,
        delegate: &Certificate,
        issuer: &Certificate,
        budget: &mut Budget,
    ) -> Result<bool, Error> {
        let anchors = TrustAnchors::from_certificates([issuer.clone()]);
        let evidence = RevocationEvidence::of(&self.lists, &[]);
        let validation = Validation {
            anchors: &anchors,
            purpose: Purpose::Any,
            partial_chain: true,
            policy: PolicyInputs::default(),
            revocation: match delegate.extension(ID_PKIX_OCSP_NOCHECK) {
                Some(_) => Revocation::Off,
                None => Revocation::Soft,
            },
            evidence: &evidence,
            retrieve: None,
            ..self.validation.clone()
        };
        match build::search(delegate, &[], &validation, budget, &self.visiting) {
            Ok(found) => Ok(found.path.len() == 2),
            Err(error @ Error::Budget { .. }) => Err(error),
            Err(_) => Ok(false),
        }
    }
}
