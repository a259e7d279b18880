//! The CA/Browser Forum's Baseline Requirements for S/MIME certificates, version 1.0.12 of 13 October
//! 2025: where a path departs from them. Of the later versions, up to 1.0.16, the rules for the keys of
//! CAs (SMC017v2) and for extKeyUsage (SMC018) that begin in 2026 and 2027.
//!
//! They say what a certificate for mail from a publicly trusted CA looks like. A path can be valid
//! (RFC 5280) and depart from them, as every path of a private PKI does. Each rule is a line of a
//! table: its clause, its name, what it says, and the check. `every` has those for all certificates;
//! `leaf`, `alternative_name` and `subject` those for subscribers; `ca` those for roots and
//! subordinate CAs.
//!
//! ```
//! use mailseal::keys::pem;
//! use mailseal::path::smime_br::{Severity, departures};
//! use mailseal::path::{TrustAnchors, Validation, validate};
//!
//! let read = |name| pem::certificates(&std::fs::read(format!("testdata/{name}.crt")).unwrap()).unwrap();
//! let anchors = TrustAnchors::from_certificates(read("pki/root"));
//! let bob = read("keys/bob@example.com");
//! let validated = validate(&bob[0], &bob[1..], &Validation::new(&anchors, "2026-11-21T12:00:00Z".parse()?))?;
//! let departures = departures(&validated);
//! let policy = departures.iter().find(|departure| departure.rule == "policies-present").unwrap();
//! assert_eq!((policy.clause, policy.severity), ("7.1.2.3 (a)", Severity::Must));
//! assert_eq!(policy.subject, "CN=bob,O=mailseal tests");
//! assert_eq!(policy.detail, "certificatePolicies must be present: it is missing");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Dates
//!
//! A certificate is judged by the rules of the day it was issued on, its notBefore. The requirements
//! are in force from 2023-09-01: an older CA owes them nothing, unless it has issued the leaf after the
//! transition of appendix B, which ended on 2024-09-15. A leaf is held to them however old it is, for
//! whoever asks wants to know whether it is one of theirs. What began later has its date in the table;
//! where a later version asks for less than an earlier one, that is enough.
//!
//! # Not supported
//!
//! Whatever cannot be seen in the certificates: how names and mailboxes were validated (3.2), whether
//! they are the subject's, CAA, linting; whether a CA documents the policies and extensions that the
//! requirements do not name, and whether those mean anything in the public Internet (7.1.2.4); whether a
//! subordinate CA is an affiliate's, and may have anyPolicy (7.1.6.3), or signs OCSP answers. And:
//!
//! - A CA without extKeyUsage that has not issued the leaf may be a Cross Certificate, which need not
//!   have it (7.1.2.2 (g)); it passes for one. What version 1.0.16 says of these is not here.
//! - Whether a CA is meant to be Technically Constrained (7.1.5): of one that has permitted mailbox names
//!   it is looked at that these are domains.
//! - How a subjectKeyIdentifier was derived from the key (7.1.2.3 (n)), and whether a personal name in the
//!   commonName is that of givenName and surname (7.1.4.2.2 (a)).
//! - CRLs and OCSP answers (7.2, 7.3).

mod alternative_name;
mod attribute;
mod ca;
mod country;
mod every;
mod key_identifier;
mod key_usage;
mod leaf;
mod organization_identifier;
mod places;
mod policies;
mod profile;
mod rule;
mod subject;
#[cfg(test)]
mod tests;

use jiff::Timestamp;

use crate::path::ValidatedCertificate;
use crate::x509::Certificate;

pub use rule::Severity;
use rule::{Examined, Rule};

/// The version of the requirements that these rules are, but for the few of later ones.
pub const VERSION: &str = "1.0.12";

/// 1.2.1: 2023-09-01, from when CAs have to meet them.
const IN_FORCE: Timestamp = Timestamp::constant(1_693_526_400, 0);

/// Appendix B: 2024-09-15, from when leaves have to be issued by CAs that meet them too.
const TRANSITION_END: Timestamp = Timestamp::constant(1_726_358_400, 0);

/// One thing in which one certificate of a path is not as the requirements have it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Departure {
    /// The clause, `7.1.2.3 (e)`.
    pub clause: &'static str,
    /// The rule, by a word that does not change.
    pub rule: &'static str,
    /// Whether it must not be so, or should not.
    pub severity: Severity,
    /// Whose certificate it is: its subject in RFC 4514 form, control characters escaped.
    pub subject: String,
    /// What the rule says and what was found, as a sentence. It may repeat what the certificate
    /// says: escape it before it is shown.
    pub detail: String,
}

/// Every departure of a validated path, from the leaf upwards, for each certificate in the order of
/// the tables.
pub fn departures(validated: &ValidatedCertificate) -> Vec<Departure> {
    of_path(validated.path())
}

fn of_path(path: &[Certificate]) -> Vec<Departure> {
    let mut departures = Vec::new();
    for index in 0..path.len() {
        let examined = Examined::new(path, index);
        let rules = tables(path, index).iter().copied().flatten();
        departures.extend(rules.filter_map(|rule| rule.departure(&examined)));
    }
    departures
}

/// The tables that a certificate of the path is held to.
fn tables(path: &[Certificate], index: usize) -> &'static [&'static [Rule]] {
    let certificate = &path[index];
    let is_new = certificate.not_before() >= IN_FORCE;
    let is_root = index + 1 == path.len() && certificate.is_self_signed();
    match index {
        0 => &[
            every::RULES,
            leaf::RULES,
            alternative_name::RULES,
            subject::RULES,
        ],
        _ if is_root && is_new => &[every::RULES, ca::ROOT],
        _ if is_root => &[],
        1 if is_new || path[0].not_before() >= TRANSITION_END => {
            &[every::RULES, ca::SUBORDINATE, ca::ISSUING]
        }
        _ if is_new => &[every::RULES, ca::SUBORDINATE],
        _ => &[],
    }
}
