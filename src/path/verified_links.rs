//! Signatures on certificates that have been verified before.
//!
//! A server sees the certificates of the same few authorities all day, and each mail brings its own
//! again. Whether a signature is that of a key does not change, so it needs to be found out once.
//!
//! ```
//! use mailseal::path::{TrustAnchors, Validation, VerifiedLinks};
//!
//! let anchors = TrustAnchors::from_files(&["testdata/pki/root.crt".into()])?;
//! let links = VerifiedLinks::default();
//! let validation = Validation {
//!     links: Some(&links),
//!     ..Validation::new(&anchors, "2026-11-21T12:00:00Z".parse()?)
//! };
//! # assert!(validation.links.is_some());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Not supported
//!
//! Remembering anything else: validity, usages, constraints and revocation are judged each time.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::crypto::{Digest, DigestAlgorithm};
use crate::path::signature::Signed;
use crate::x509::Certificate;

/// So many are remembered, in less than a megabyte; then all are forgotten. A stranger can fill it up,
/// and then it is as if there were none.
const MAX_LINKS: usize = 10_000;

/// Which key has signed which certificate. Any number of threads may use it.
#[derive(Default)]
pub struct VerifiedLinks(Mutex<HashSet<[u8; 32]>>);

/// A certificate, its signature, and the key that may have made it: all that the answer depends on.
pub(super) struct Link([u8; 32]);

impl Link {
    pub(super) fn new(signed: &Signed<'_>, issuer: &Certificate) -> Link {
        let mut digest = Digest::new(DigestAlgorithm::Sha256);
        let [algorithm, _] = signed.algorithms;
        for part in [
            issuer.spki_der(),
            algorithm,
            signed.content,
            signed.signature,
        ] {
            // The lengths keep the parts apart.
            digest.update(&(part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        let octets = digest.finalize();
        Link(octets.try_into().expect("a SHA-256 digest has 32 octets"))
    }
}

impl VerifiedLinks {
    pub(super) fn contains(&self, link: &Link) -> bool {
        let links = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        links.contains(&link.0)
    }

    /// Only who has verified the signature may say so.
    pub(super) fn insert(&self, link: &Link) {
        let mut links = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if links.len() >= MAX_LINKS {
            links.clear();
        }
        links.insert(link.0);
    }
}

impl fmt::Debug for VerifiedLinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let links = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        write!(f, "VerifiedLinks({})", links.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::pem;
    use crate::path::{Error, TrustAnchors, Validation, validate};

    fn certificates(file: &str) -> Vec<Certificate> {
        pem::certificates(&std::fs::read(file).unwrap()).unwrap()
    }

    #[test]
    fn what_is_remembered_is_this_signature_by_this_key_and_nothing_else() {
        let anchors = TrustAnchors::from_files(&["testdata/pki/root.crt".into()]).unwrap();
        let alice = certificates("testdata/keys/alice@example.com.crt");
        let links = VerifiedLinks::default();
        let at = "2026-11-21T12:00:00Z".parse().unwrap();
        let validation = Validation {
            links: Some(&links),
            ..Validation::new(&anchors, at)
        };
        for _ in 0..2 {
            validate(&alice[0], &alice, &validation).unwrap();
            assert_eq!(format!("{links:?}"), "VerifiedLinks(2)");
        }
        // One bit of the signature is another: it is verified, and refused, each time.
        let mut der = alice[0].der().to_vec();
        *der.last_mut().unwrap() ^= 1;
        let changed = Certificate::from_der(&der).unwrap();
        for _ in 0..2 {
            let refused = validate(&changed, &alice, &validation).unwrap_err();
            assert!(matches!(refused, Error::BadSignature { .. }), "{refused}");
            assert_eq!(format!("{links:?}"), "VerifiedLinks(2)");
        }
        // All else is judged each time.
        let later = Validation {
            at: "2200-06-01T00:00:00Z".parse().unwrap(),
            ..validation
        };
        let refused = validate(&alice[0], &alice, &later).unwrap_err();
        assert!(matches!(refused, Error::Expired { .. }), "{refused}");
    }

    #[test]
    fn no_more_than_so_many_are_remembered() {
        let links = VerifiedLinks::default();
        for number in 0..=MAX_LINKS {
            let mut octets = [0; 32];
            octets[..8].copy_from_slice(&(number as u64).to_be_bytes());
            links.insert(&Link(octets));
        }
        assert_eq!(format!("{links:?}"), "VerifiedLinks(1)");
    }
}
