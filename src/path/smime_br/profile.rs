//! Which of the twelve profiles a leaf follows: its type and its generation (1.2, 7.1.6.1).

use super::policies::policies;
use crate::asn1::oid::ObjectIdentifier;
use crate::x509::Certificate;

/// What was validated of the subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CertificateType {
    /// Its mailboxes alone.
    Mailbox,
    /// An organization.
    Organization,
    /// A person, and the organization that answers for them.
    Sponsor,
    /// A person.
    Individual,
}

/// How much is allowed, the most first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Generation {
    Legacy,
    Multipurpose,
    Strict,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Profile {
    pub(super) kind: CertificateType,
    pub(super) generation: Generation,
}

impl Profile {
    /// That of the certificate's reserved policy; none unless it has exactly one.
    pub(super) fn of(certificate: &Certificate) -> Option<Profile> {
        let policies = policies(certificate);
        let mut profiles = policies.iter().filter_map(Profile::of_policy);
        let profile = profiles.next()?;
        profiles.next().is_none().then_some(profile)
    }

    /// 7.1.6.1: `{ ca-browser-forum certificate-policies(1) smime-baseline(5) type generation }`.
    pub(super) fn of_policy(policy: &ObjectIdentifier) -> Option<Profile> {
        let arcs: Vec<u64> = policy.arcs().map(Into::into).collect();
        let [2, 23, 140, 1, 5, kind, generation] = arcs[..] else {
            return None;
        };
        Some(Profile {
            kind: match kind {
                1 => CertificateType::Mailbox,
                2 => CertificateType::Organization,
                3 => CertificateType::Sponsor,
                4 => CertificateType::Individual,
                _ => return None,
            },
            generation: match generation {
                1 => Generation::Legacy,
                2 => Generation::Multipurpose,
                3 => Generation::Strict,
                _ => return None,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_names_type_and_generation() {
        let profile = |policy: &str| Profile::of_policy(&policy.parse().unwrap());
        let sponsor = Profile {
            kind: CertificateType::Sponsor,
            generation: Generation::Strict,
        };
        assert_eq!(profile("2.23.140.1.5.3.3"), Some(sponsor));
        let mailbox = profile("2.23.140.1.5.1.1").unwrap();
        assert_eq!(mailbox.kind, CertificateType::Mailbox);
        assert_eq!(mailbox.generation, Generation::Legacy);
        for other in [
            "2.23.140.1.5.5.1",
            "2.23.140.1.5.1.4",
            "2.23.140.1.5.1",
            "2.23.140.1.5.1.1.1",
            "2.23.140.1.2.1.1",
        ] {
            assert_eq!(profile(other), None, "{other}");
        }
    }
}
