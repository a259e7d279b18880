//! Certification paths (RFC 5280 section 6): whether a certificate leads to somebody trusted.
//!
//! [`validate`] takes a leaf, a pool of certificates in no order, and what the caller trusts, and
//! makes a [`ValidatedCertificate`] or tells why not. It looks for a path from the leaf upwards
//! (`build`), holds each certificate against the profile (`profile`), and processes a path that
//! has reached a trust anchor from there down (`processing`). Whether a certificate of it is revoked
//! is looked up as far as the caller wants it ([`revocation`]), and what the message left out is
//! asked for where its certificates say, if the caller brings somebody to ask ([`retrieval`]).
//!
//! ```
//! use mailseal::keys::pem;
//! use mailseal::path::{Purpose, TrustAnchors, Validation, validate};
//!
//! let read = |name| pem::certificates(&std::fs::read(format!("testdata/pki/{name}.crt")).unwrap()).unwrap();
//! let anchors = TrustAnchors::from_certificates(read("root"));
//! let validation = Validation {
//!     purpose: Purpose::Server,
//!     ..Validation::new(&anchors, "2026-11-21T12:00:00Z".parse()?)
//! };
//! let validated = validate(&read("server")[0], &read("intermediate"), &validation)?;
//! assert_eq!(validated.path(), [read("server"), read("root")].concat());
//!
//! let refused = validate(&read("server-stranger")[0], &[], &validation).unwrap_err();
//! assert_eq!(refused.reason(), "no-trusted-issuer");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Versions
//!
//! A leaf may be of version 1, or have no extensions: it is then for every purpose. An intermediate
//! certificate is of version 3 with basicConstraints (RFC 5280 6.1.4 (k)). A trust anchor may be of
//! version 1; of version 3, it needs basicConstraints too, unless it is itself the leaf.
//!
//! # Not supported
//!
//! The issuerUniqueID. Name constraints on x400Address,
//! ediPartyName, registeredID and otherName, and on dNSNames that begin with a period: a certificate
//! with a name of such a form is refused below them.

pub mod anchors;
mod budget;
mod build;
mod error;
mod issuers;
mod link;
mod name_constraints;
mod policy;
mod processing;
mod profile;
mod purpose;
pub mod retrieval;
pub mod revocation;
mod signature;
pub mod smime_br;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod verified_links;

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::asn1::oid::ObjectIdentifier;
use crate::path::processing::Outcome;
use crate::path::retrieval::Retrieve;
use crate::path::revocation::Standing;
use crate::x509::Certificate;

pub use anchors::TrustAnchors;
pub use error::Error;
pub use policy::PolicyInputs;
pub use purpose::{Purpose, UnknownPurpose};
pub use revocation::{Revocation, RevocationEvidence, RevocationGap};
pub use verified_links::VerifiedLinks;

/// What a path is held against.
#[derive(Debug, Clone)]
pub struct Validation<'a> {
    /// Whom it may end at.
    pub anchors: &'a TrustAnchors,
    /// The time for which every certificate of it must be valid.
    pub at: Timestamp,
    /// What the leaf is to be used for.
    pub purpose: Purpose,
    /// Whether RSA keys under 2048 bits, SHA-1 and DSA will do. MD5 never does.
    pub allow_legacy: bool,
    /// Whether an anchor may be a certificate that somebody else has issued. Without it such a
    /// certificate among the anchors is one of the pool.
    pub partial_chain: bool,
    /// Whether the limits in an anchor's certificate bind (RFC 5937): its validity, usages, path
    /// length. Without it only its name and key count, as RFC 5280 6.1.1 (d) has it.
    pub anchor_constraints: bool,
    /// Which certificate policies will do.
    pub policy: PolicyInputs,
    /// How much has to be known of the revocation of the certificates below the anchor.
    pub revocation: Revocation,
    /// The CRLs and OCSP answers at hand.
    pub evidence: &'a RevocationEvidence,
    /// Who gets the issuers, CRLs and OCSP answers that are not at hand; none: nobody asks.
    pub retrieve: Option<&'a dyn Retrieve>,
    /// The signatures on certificates that have been verified before; none: each is verified.
    pub links: Option<&'a VerifiedLinks>,
}

static NO_EVIDENCE: &RevocationEvidence = &RevocationEvidence::NONE;

impl<'a> Validation<'a> {
    /// For mail, by these anchors and at this time: no legacy, whole chains, with the anchors' own
    /// limits, without a look at revocation.
    pub fn new(anchors: &'a TrustAnchors, at: Timestamp) -> Validation<'a> {
        Validation {
            anchors,
            at,
            purpose: Purpose::Email,
            allow_legacy: false,
            partial_chain: false,
            anchor_constraints: true,
            policy: PolicyInputs::default(),
            revocation: Revocation::Off,
            evidence: NO_EVIDENCE,
            retrieve: None,
            links: None,
        }
    }
}

/// A certificate with a path to a trust anchor that holds. Only [`validate`] makes one.
///
/// ```compile_fail,E0451
/// # fn forged(certificate: mailseal::x509::Certificate) {
/// mailseal::path::ValidatedCertificate { path: vec![certificate], ..todo!() };
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ValidatedCertificate {
    /// Never empty.
    path: Vec<Certificate>,
    outcome: Outcome,
}

impl ValidatedCertificate {
    /// The certificate that was validated.
    pub fn certificate(&self) -> &Certificate {
        &self.path[0]
    }

    /// From the certificate to the trust anchor, both included. A certificate that is itself a
    /// trust anchor stands there once.
    pub fn path(&self) -> &[Certificate] {
        &self.path
    }

    /// The certificate policies that hold for the whole path, in the words of the anchor's domain
    /// (the user-constrained-policy-set of RFC 5280 6.1.5 (g)); anyPolicy when all do.
    pub fn policies(&self) -> &BTreeSet<ObjectIdentifier> {
        &self.outcome.policies
    }

    /// What is known of the revocation of each certificate below the anchor, in the order of the
    /// path; empty where nobody looked.
    pub fn revocation(&self) -> &[Standing] {
        &self.outcome.revocation
    }
}

/// Looks for a path from `leaf` over certificates of `pool`, which has no order and may hold
/// anything, to a trust anchor, and validates it (RFC 5280 section 6).
///
/// # Errors
///
/// There is no such path, or none that holds; of many reasons the most useful one. The work is
/// bounded: what is made to take long ends with [`Error::Budget`].
pub fn validate(
    leaf: &Certificate,
    pool: &[Certificate],
    validation: &Validation<'_>,
) -> Result<ValidatedCertificate, Error> {
    let found = build::find(leaf, pool, validation)?;
    Ok(ValidatedCertificate {
        path: found.path,
        outcome: found.outcome,
    })
}
