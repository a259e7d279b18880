//! What a stranger's certificates may cost.
//!
//! The first three numbers are those of rustls-webpki (`verify_cert.rs`, `Budget`), the first less one;
//! they come from what real paths need, many times over, and the others follow the same rule.

use crate::crypto::PublicKey;
use crate::crypto::signature::Curve;
use crate::path::Error;
use crate::x509::Certificate;

/// Signatures checked for one leaf; [slow ones](cost) count for several. A hundred, and the last of
/// them is one too many: so many CAs of one name nobody has.
const SIGNATURES: u32 = 99;
/// Steps of the search for one leaf.
const BUILD_CALLS: u32 = 200_000;

/// Names read and compared with name constraints.
const NAMES: u32 = 250_000;
/// Names that a leaf is for: as many as can be compared with twenty-five constraints.
const ALTERNATIVE_NAMES: u32 = 10_000;
/// Whole paths processed for one leaf, each of which may be the last.
const PATHS: u32 = 100;
/// Policies, mappings and nodes of the policy graph: enough for six CAs that map sixty policies, each
/// to each.
const POLICIES: u32 = 30_000;
/// Requests over the network: an OCSP answer, a CRL and an issuer for each certificate of the
/// longest path, of which there are honest ones with half as many.
const RETRIEVALS: u32 = 16;

/// What is left of it, for one call of [`validate`](crate::path::validate).
#[derive(Debug)]
pub(super) struct Budget {
    signatures: u32,
    build_calls: u32,
    names: u32,
    paths: u32,
    policies: u32,
    retrievals: u32,
}

impl Budget {
    pub(super) fn full() -> Budget {
        Budget {
            signatures: SIGNATURES,
            build_calls: BUILD_CALLS,
            names: NAMES,
            paths: PATHS,
            policies: POLICIES,
            retrievals: RETRIEVALS,
        }
    }

    pub(super) fn consume_signature(&mut self, key: &PublicKey) -> Result<(), Error> {
        consume(
            &mut self.signatures,
            cost(key),
            SIGNATURES,
            "signature checks",
        )
    }

    pub(super) fn consume_names(&mut self, count: usize) -> Result<(), Error> {
        consume(
            &mut self.names,
            count,
            NAMES,
            "names and constraints on them",
        )
    }

    /// Looks at the names of a leaf before anybody else does. Those of a CA are read only below
    /// name constraints, where each counts.
    pub(super) fn bound_names(leaf: &Certificate) -> Result<(), Error> {
        // What cannot be read is for those to judge who have to read it.
        let names = leaf.subject_alt_names().unwrap_or_default();
        let mut allowed = ALTERNATIVE_NAMES;
        let what = "names of the certificate";
        consume(&mut allowed, names.len(), ALTERNATIVE_NAMES, what)
    }

    pub(super) fn consume_path(&mut self) -> Result<(), Error> {
        consume(&mut self.paths, 1, PATHS, "whole paths")
    }

    pub(super) fn consume_policies(&mut self, count: usize) -> Result<(), Error> {
        consume(&mut self.policies, count, POLICIES, "certificate policies")
    }

    pub(super) fn consume_retrieval(&mut self) -> Result<(), Error> {
        consume(&mut self.retrievals, 1, RETRIEVALS, "retrievals")
    }

    pub(super) fn consume_build_call(&mut self) -> Result<(), Error> {
        consume(&mut self.build_calls, 1, BUILD_CALLS, "steps of the search")
    }
}

/// How many times as long a signature takes to check as one of RSA-4096: a hundred of the slowest
/// would take seconds.
fn cost(key: &PublicKey) -> usize {
    match key {
        PublicKey::Rsa(key) if key.bits() > 4096 => 8,
        PublicKey::Ec(key) if key.curve() != Curve::P256 => 6,
        PublicKey::Dsa(_) => 4,
        _ => 1,
    }
}

fn consume(left: &mut u32, count: usize, limit: u32, what: &'static str) -> Result<(), Error> {
    *left = u32::try_from(count)
        .ok()
        .and_then(|count| left.checked_sub(count))
        .ok_or(Error::Budget { what, limit })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_one_is_allowed_and_no_more() {
        let mut budget = Budget::full();
        budget.consume_names(250_000).unwrap();
        assert!(matches!(
            budget.consume_names(1),
            Err(Error::Budget { limit: 250_000, .. })
        ));
        assert!(budget.consume_policies(usize::MAX).is_err());
        let spki = std::fs::read("testdata/crypto/p256.spki.der").unwrap();
        let key = PublicKey::from_spki_der(&spki).unwrap();
        for _ in 0..SIGNATURES {
            budget.consume_signature(&key).unwrap();
        }
        assert!(budget.consume_signature(&key).is_err());
        budget.consume_build_call().unwrap();
        for _ in 0..RETRIEVALS {
            budget.consume_retrieval().unwrap();
        }
        assert!(matches!(
            budget.consume_retrieval(),
            Err(Error::Budget { limit: 16, .. })
        ));
    }
}
