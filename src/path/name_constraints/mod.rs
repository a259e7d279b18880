//! Name constraints (RFC 5280 4.2.1.10 and 6.1): whether the names of a certificate are among
//! those that the CAs above it may issue for.
//!
//! What cannot be compared is refused: a form of name that is not known here, when it is both
//! constrained and there; a name that is not what its form says; a constraint that is none.

mod host;
mod subtree;
#[cfg(test)]
mod tests;

use crate::path::Error;
use crate::path::budget::Budget;
use crate::path::link::Link;
use crate::path::name_constraints::subtree::{Name, Side, Subtree};
use crate::x509::Certificate;
use crate::x509::general_name::GeneralName;
use crate::x509::name::Name as DistinguishedName;

/// permitted_subtrees and excluded_subtrees of RFC 5280 6.1.2 (b) and (c): every CA's, each to be
/// kept. What all of them permit is their intersection.
#[derive(Debug, Default)]
pub(super) struct NameConstraintsState(Vec<Constraints>);

#[derive(Debug)]
struct Constraints {
    ca: String,
    permitted: Vec<Subtree>,
    excluded: Vec<Subtree>,
}

impl NameConstraintsState {
    /// RFC 5280 6.1.4 (g)
    pub(super) fn add(&mut self, ca: &Certificate, budget: &mut Budget) -> Result<(), Error> {
        let malformed = |source| Error::malformed(ca, "nameConstraints")(source);
        let Some(constraints) = ca.name_constraints().map_err(malformed)? else {
            return Ok(());
        };
        budget.consume_names(constraints.permitted.len() + constraints.excluded.len())?;
        let read = |bases: &[GeneralName<'_>]| bases.iter().map(Subtree::read).collect();
        self.0.push(Constraints {
            ca: ca.subject().to_owned(),
            permitted: read(&constraints.permitted),
            excluded: read(&constraints.excluded),
        });
        Ok(())
    }

    /// RFC 5280 6.1.3 (b) and (c)
    pub(super) fn check(
        &self,
        link: &Link,
        is_leaf: bool,
        budget: &mut Budget,
    ) -> Result<(), Error> {
        if self.0.is_empty() || (link.is_self_issued() && !is_leaf) {
            return Ok(());
        }
        let names = names(link, budget)?;
        for constraints in &self.0 {
            for name in &names {
                let comparisons = constraints.permitted.len() + constraints.excluded.len();
                budget.consume_names(comparisons)?;
                if !constraints.allow(name) {
                    return Err(Error::NameConstraints {
                        subject: link.certificate().subject().to_owned(),
                        ca: constraints.ca.clone(),
                        name: name.to_string(),
                    });
                }
            }
        }
        Ok(())
    }
}

impl Constraints {
    /// Whether the name is in no excluded subtree and, where its form is constrained at all, in a
    /// permitted one. To be excluded, a name need only perhaps be in the subtree.
    fn allow(&self, name: &Name<'_>) -> bool {
        let of_its_form = |subtree: &&Subtree| subtree.form() == name.form();
        let is_excluded = self
            .excluded
            .iter()
            .filter(of_its_form)
            .any(|subtree| subtree.contains(name, Side::Excluded) != Some(false));
        let mut permitted = self.permitted.iter().filter(of_its_form).peekable();
        let is_permitted = permitted.peek().is_none()
            || permitted.any(|subtree| subtree.contains(name, Side::Permitted) == Some(true));
        is_permitted && !is_excluded
    }
}

/// Every name a certificate is for: its subject, and the subjectAltName's.
///
/// The mailboxes are those of [`Certificate::emails`], among them the emailAddress attributes of the
/// subject: RFC 5280 4.2.1.10 asks for those where there is no subjectAltName, and we take them for
/// addresses beside one too. SmtpUTF8Mailboxes are held against the constraints of rfc822Names
/// (RFC 9598 6).
fn names<'a>(link: &'a Link, budget: &mut Budget) -> Result<Vec<Name<'a>>, Error> {
    let certificate = link.certificate();
    let alternative = certificate
        .subject_alt_names()
        .map_err(Error::malformed(certificate, "subjectAltName"))?;
    let (emails, unusable) = (certificate.emails(), certificate.unusable_emails());
    budget.consume_names(alternative.len() + emails.len() + unusable.len())?;
    let mut names = Vec::new();
    if !link.subject().is_empty() {
        names.push(Name::Directory(
            link.subject().clone(),
            certificate.subject().to_owned(),
        ));
    }
    names.extend(emails.iter().map(Name::Mailbox));
    names.extend(unusable.iter().map(|text| Name::NoMailbox(text)));
    for name in alternative {
        match name {
            GeneralName::Rfc822(_) => {} // among the mailboxes
            GeneralName::Directory(der) => {
                let name = DistinguishedName::from_der(der)
                    .map_err(Error::malformed(certificate, "subjectAltName"))?;
                names.push(Name::Directory(name.comparable(), name.to_string()));
            }
            name => names.push(Name::Alternative(name)),
        }
    }
    Ok(names)
}
