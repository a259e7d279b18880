//! What a stranger's certificates may cost. Every number is the one of rustls-webpki
//! (`verify_cert.rs`, `Budget`), which took them from what real paths need, many times over.

use crate::path::Error;

/// Signatures checked for one leaf.
const SIGNATURES: u32 = 100;
/// Steps of the search for one leaf.
const BUILD_CALLS: u32 = 200_000;

/// What is left of it, for one call of [`validate`](crate::path::validate).
#[derive(Debug)]
pub(super) struct Budget {
    signatures: u32,
    build_calls: u32,
}

impl Budget {
    pub(super) fn full() -> Budget {
        Budget {
            signatures: SIGNATURES,
            build_calls: BUILD_CALLS,
        }
    }

    pub(super) fn consume_signature(&mut self) -> Result<(), Error> {
        consume(&mut self.signatures, SIGNATURES, "signature checks")
    }

    pub(super) fn consume_build_call(&mut self) -> Result<(), Error> {
        consume(&mut self.build_calls, BUILD_CALLS, "steps of the search")
    }
}

fn consume(left: &mut u32, limit: u32, what: &'static str) -> Result<(), Error> {
    *left = left.checked_sub(1).ok_or(Error::Budget { what, limit })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_one_is_allowed_and_no_more() {
        let mut budget = Budget::full();
        for _ in 0..SIGNATURES {
            budget.consume_signature().unwrap();
        }
        assert!(matches!(
            budget.consume_signature(),
            Err(Error::Budget { limit: 100, .. })
        ));
        budget.consume_build_call().unwrap();
    }
}
