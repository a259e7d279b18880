//! RFC 5280 6.1: a whole path, from the trust anchor down to the leaf.
//!
//! The search has looked at each certificate alone and at its signature
//! ([`profile`](super::profile), [`build`](super::build)). Here is what one certificate says about
//! those below it.

use std::collections::BTreeSet;

use crate::asn1::oid::ObjectIdentifier;
use crate::path::budget::Budget;
use crate::path::link::Link;
use crate::path::name_constraints::NameConstraintsState;
use crate::path::policy::PolicyState;
use crate::path::revocation::Standing;
use crate::path::{Error, Validation};
use crate::x509::Certificate;

/// What holds for a path besides that it is valid.
#[derive(Debug, Clone, Default)]
pub(super) struct Outcome {
    pub(super) policies: BTreeSet<ObjectIdentifier>,
    /// What is known of revocation, the leaf first; empty where nobody looked.
    pub(super) revocation: Vec<Standing>,
}

/// Processes a path that begins below the anchor and ends with the leaf.
pub(super) fn process(
    anchor: &Link,
    path: &[&Link],
    validation: &Validation<'_>,
    budget: &mut Budget,
) -> Result<Outcome, Error> {
    budget.consume_path()?;
    let mut state = State::initial(anchor, path.len(), validation, budget)?;
    let Some((leaf, intermediates)) = path.split_last() else {
        return Ok(Outcome::default());
    };
    for ca in intermediates {
        state.process(ca, false, budget)?;
        state.prepare_for_next(ca, budget)?;
    }
    state.process(leaf, true, budget)?;
    Ok(Outcome {
        policies: state.policies.wrap_up(leaf.certificate())?,
        revocation: Vec::new(),
    })
}

/// The variables of RFC 5280 6.1.2. Those about the issuer's name and key are the search's.
struct State<'a> {
    path_length: PathLength<'a>,
    names: NameConstraintsState,
    policies: PolicyState<'a>,
}

impl<'a> State<'a> {
    /// RFC 5280 6.1.2 and, where the anchor's own limits bind, RFC 5937 3.1.
    fn initial(
        anchor: &'a Link,
        length: usize,
        validation: &'a Validation<'_>,
        budget: &mut Budget,
    ) -> Result<State<'a>, Error> {
        let mut state = State {
            path_length: PathLength::unlimited(),
            names: NameConstraintsState::default(),
            policies: PolicyState::initial(&validation.policy, length),
        };
        if validation.anchor_constraints {
            state.path_length.lower(anchor.certificate())?;
            state.names.add(anchor.certificate(), budget)?;
            state.policies.lower(anchor.certificate())?;
        }
        Ok(state)
    }

    /// RFC 5280 6.1.3
    fn process(&mut self, link: &Link, is_leaf: bool, budget: &mut Budget) -> Result<(), Error> {
        self.names.check(link, is_leaf, budget)?;
        self.policies.process(link, is_leaf, budget)
    }

    /// RFC 5280 6.1.4
    fn prepare_for_next(&mut self, ca: &'a Link, budget: &mut Budget) -> Result<(), Error> {
        self.policies.prepare_for_next(ca, budget)?;
        self.names.add(ca.certificate(), budget)?;
        // (l)
        if !ca.is_self_issued() {
            self.path_length.consume()?;
        }
        // (m)
        self.path_length.lower(ca.certificate())
    }
}

/// max_path_length of RFC 5280 6.1.2 (k), and who set it.
struct PathLength<'a> {
    left: u32,
    set_by: Option<(&'a Certificate, u32)>,
}

impl<'a> PathLength<'a> {
    fn unlimited() -> PathLength<'a> {
        PathLength {
            left: u32::MAX,
            set_by: None,
        }
    }

    fn consume(&mut self) -> Result<(), Error> {
        match self.left.checked_sub(1) {
            Some(left) => self.left = left,
            None => {
                let (certificate, limit) = self.set_by.ok_or(Error::PathTooLong { limit: 0 })?;
                return Err(Error::PathLength {
                    subject: certificate.subject().to_owned(),
                    limit,
                });
            }
        }
        Ok(())
    }

    fn lower(&mut self, certificate: &'a Certificate) -> Result<(), Error> {
        let constraints = certificate
            .basic_constraints()
            .map_err(Error::malformed(certificate, "basicConstraints"))?;
        if let Some(limit) = constraints.and_then(|constraints| constraints.path_length)
            && limit < self.left
        {
            self.left = limit;
            self.set_by = Some((certificate, limit));
        }
        Ok(())
    }
}
