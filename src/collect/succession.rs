//! Whether a collected certificate takes the place of the one that is stored for its address.
//!
//! ```
//! use mailseal::collect::succession::Replacement;
//!
//! assert_eq!("same-issuer".parse(), Ok(Replacement::SameIssuer));
//! ```

use std::str::FromStr;

use jiff::Timestamp;

use super::CollectedCertificate;
use crate::x509::Certificate;
use crate::x509::name::Name;

/// What becomes of a certificate with another key or another issuer than the one that is stored.
/// One of the same key and issuer is a renewal, and always takes its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Replacement {
    /// It takes its place: whoever signs mail at the address owns it.
    #[default]
    Always,
    /// It takes its place if the same authority has issued it, and else waits for the operator.
    SameIssuer,
    /// It waits for the operator.
    Manual,
}

/// None of the three words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("replacement is always, same-issuer or manual")]
pub struct UnknownReplacement;

impl FromStr for Replacement {
    type Err = UnknownReplacement;

    fn from_str(word: &str) -> Result<Replacement, UnknownReplacement> {
        match word {
            "always" => Ok(Replacement::Always),
            "same-issuer" => Ok(Replacement::SameIssuer),
            "manual" => Ok(Replacement::Manual),
            _ => Err(UnknownReplacement),
        }
    }
}

/// What is stored for an address.
#[derive(Debug, Clone)]
pub struct Predecessor {
    /// The certificate.
    pub certificate: Certificate,
    /// When the mail that it came with says to have been signed, if that is known.
    pub signing_time: Option<Timestamp>,
}

/// What becomes of a collected certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Succession {
    /// It is the first of its address.
    First,
    /// It is stored already.
    AlreadyStored,
    /// It takes the place of the stored one.
    Replaces,
    /// It waits until the operator accepts it, because it has another key or another issuer.
    Waits,
    /// It is older than the stored one, which stays: somebody may be replaying an old mail.
    Older,
}

impl Succession {
    /// A word for it that does not change.
    pub fn name(self) -> &'static str {
        match self {
            Succession::First => "stored",
            Succession::AlreadyStored => "already-stored",
            Succession::Replaces => "replaced",
            Succession::Waits => "pending",
            Succession::Older => "older",
        }
    }
}

/// Decides. Whoever stores it has to ask while nobody else can store another one.
pub fn succession(
    collected: &CollectedCertificate,
    predecessor: Option<&Predecessor>,
    replacement: Replacement,
) -> Succession {
    match predecessor {
        None => Succession::First,
        Some(predecessor) => decide(
            (collected.certificate(), collected.signing_time()),
            (&predecessor.certificate, predecessor.signing_time),
            replacement,
            collected.at(),
        ),
    }
}

type Dated<'a> = (&'a Certificate, Option<Timestamp>);

fn decide(
    new: Dated<'_>,
    stored: Dated<'_>,
    replacement: Replacement,
    at: Timestamp,
) -> Succession {
    if new.0 == stored.0 {
        return Succession::AlreadyStored;
    }
    if is_older(new, stored, at) {
        return Succession::Older;
    }
    let is_same_key = new.0.spki_der() == stored.0.spki_der();
    let is_same_issuer = has_issuer_of(new.0, stored.0);
    match replacement {
        Replacement::Always => Succession::Replaces,
        _ if is_same_key && is_same_issuer => Succession::Replaces,
        Replacement::SameIssuer if is_same_issuer => Succession::Replaces,
        Replacement::SameIssuer | Replacement::Manual => Succession::Waits,
    }
}

/// By when they were signed with, and where that says nothing, by when they begin: unless the stored
/// one has expired, and keeps nobody's place any more.
fn is_older((new, new_time): Dated<'_>, (stored, stored_time): Dated<'_>, at: Timestamp) -> bool {
    match (new_time, stored_time) {
        (Some(new_time), Some(stored_time)) if new_time != stored_time => new_time < stored_time,
        _ if at > stored.not_after() => false,
        _ => new.not_before() < stored.not_before(),
    }
}

fn has_issuer_of(one: &Certificate, other: &Certificate) -> bool {
    let comparable = |certificate: &Certificate| {
        let name = Name::from_der(certificate.issuer_der());
        name.map(|name| name.comparable()).ok()
    };
    comparable(one) == comparable(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::testing::{TestCertificate, name, utc_time};

    fn certificate(key: u8, issuer: &str, year: &str) -> Certificate {
        let key = p256::SecretKey::from_slice(&[key; 32]).unwrap();
        let mut certificate = TestCertificate::of("bob@example.com", &key);
        certificate.issuer = name(issuer);
        certificate.not_before = utc_time(&format!("{year}0101000000Z"));
        Certificate::from_der(&certificate.der()).unwrap()
    }

    fn at(day: u8) -> Option<Timestamp> {
        Some(format!("2026-07-{day:02}T00:00:00Z").parse().unwrap())
    }

    fn now() -> Timestamp {
        "2026-07-03T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_renewal_replaces_and_another_key_or_issuer_as_the_operator_wants() {
        use Replacement::{Always, Manual, SameIssuer};
        use Succession::{Replaces, Waits};
        let stored = certificate(1, "CA", "25");
        let decided = |key, issuer| {
            let new = certificate(key, issuer, "26");
            let (new, stored) = ((&new, at(2)), (&stored, at(1)));
            [Always, SameIssuer, Manual].map(|how| decide(new, stored, how, now()))
        };
        assert_eq!(decided(1, "CA"), [Replaces, Replaces, Replaces]);
        assert_eq!(decided(2, "CA"), [Replaces, Replaces, Waits]);
        assert_eq!(decided(1, "Other CA"), [Replaces, Waits, Waits]);
        assert_eq!(decided(2, "Other CA"), [Replaces, Waits, Waits]);
        assert_eq!(decided(1, "ca"), [Replaces, Replaces, Replaces]);
    }

    #[test]
    fn what_is_older_never_replaces() {
        let (old, new) = (certificate(1, "CA", "25"), certificate(1, "CA", "26"));
        let decided = |new, stored| decide(new, stored, Replacement::Always, now());
        // Attack 34.
        assert_eq!(decided((&old, at(1)), (&new, at(2))), Succession::Older);
        assert_eq!(decided((&old, at(2)), (&new, at(1))), Succession::Replaces);
        for (one, other) in [(at(1), at(1)), (None, at(1)), (at(1), None), (None, None)] {
            assert_eq!(decided((&old, one), (&new, other)), Succession::Older);
            assert_eq!(decided((&new, one), (&old, other)), Succession::Replaces);
        }
        assert_eq!(
            decided((&new, at(2)), (&new, at(1))),
            Succession::AlreadyStored
        );
    }

    #[test]
    fn an_expired_one_keeps_out_no_valid_one_that_began_earlier() {
        let (old, new) = (certificate(1, "CA", "25"), certificate(2, "CA", "26"));
        let decided = |old_time, new_time, at: &str| {
            let at = at.parse().unwrap();
            decide((&old, old_time), (&new, new_time), Replacement::Always, at)
        };
        let (last, after) = ("2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z");
        assert_eq!(decided(None, at(1), last), Succession::Older);
        assert_eq!(decided(None, at(1), after), Succession::Replaces);
        // A mail that was signed before is an old one all the same.
        assert_eq!(decided(at(1), at(2), after), Succession::Older);
        assert_eq!(decided(at(2), at(1), last), Succession::Replaces);
    }
}
