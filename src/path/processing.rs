//! RFC 5280 6.1: a whole path, from the trust anchor down to the leaf.
//!
//! The search has looked at each certificate alone and at its signature
//! ([`profile`](super::profile), [`build`](super::build)). Here is what one certificate says about
//! those below it.

use const_oid::db::rfc5280::{
    ID_CE_INHIBIT_ANY_POLICY, ID_CE_NAME_CONSTRAINTS, ID_CE_POLICY_CONSTRAINTS,
};

use crate::path::link::Link;
use crate::path::{Error, Validation};
use crate::x509::Certificate;

/// What holds for a path besides that it is valid.
#[derive(Debug, Clone, Default)]
pub(super) struct Outcome {
    pub(super) unchecked: Vec<&'static str>,
}

/// Processes a path whose first certificate is the trust anchor and whose last is the leaf.
pub(super) fn process(path: &[&Link<'_>], validation: &Validation<'_>) -> Result<Outcome, Error> {
    let mut path_length = PathLength::unlimited();
    let Some((anchor, rest)) = path.split_first() else {
        return Ok(Outcome::default());
    };
    if validation.anchor_constraints {
        path_length.lower(anchor.certificate())?;
    }
    let Some((_leaf, intermediates)) = rest.split_last() else {
        return Ok(Outcome::default());
    };
    for ca in intermediates {
        // RFC 5280 6.1.4 (l)
        if !ca.is_self_issued() {
            path_length.consume()?;
        }
        // RFC 5280 6.1.4 (m)
        path_length.lower(ca.certificate())?;
    }
    Ok(Outcome {
        unchecked: unchecked(path),
    })
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

/// Limits that a certificate of the path sets and that nothing here has held the others to.
fn unchecked(path: &[&Link<'_>]) -> Vec<&'static str> {
    [
        (ID_CE_NAME_CONSTRAINTS, "name constraints"),
        (ID_CE_POLICY_CONSTRAINTS, "policy constraints"),
        (ID_CE_INHIBIT_ANY_POLICY, "policy constraints"),
    ]
    .into_iter()
    .filter(|(id, _)| {
        path.iter()
            .any(|link| link.certificate().extension(*id).is_some())
    })
    .map(|(_, what)| what)
    .collect()
}
