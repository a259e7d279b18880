//! A rule, and the certificate that is held to it.

use std::collections::HashSet;
use std::fmt;

use jiff::Timestamp;

use super::Departure;
use super::alternative_name::mailbox;
use super::profile::{Generation, Profile};
use crate::address::Address;
use crate::asn1::oid::ObjectIdentifier;
use crate::x509::Certificate;
use crate::x509::general_name::GeneralName;
use crate::x509::name::Name;

/// How much a departure weighs (1.6.4, RFC 2119).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// SHOULD or SHOULD NOT: there may be reasons to depart from it.
    Should,
    /// SHALL or SHALL NOT.
    Must,
}

/// `must`, `should`.
impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Should => "should",
            Severity::Must => "must",
        })
    }
}

/// What a check finds wrong: the end of the sentence that the rule begins.
pub(super) type Finding = Option<String>;

/// One line of a table.
pub(super) struct Rule {
    pub(super) clause: &'static str,
    pub(super) name: &'static str,
    pub(super) severity: Severity,
    /// What has to be, in words.
    pub(super) says: &'static str,
    pub(super) check: fn(&Examined<'_>) -> Finding,
    /// Certificates that were issued before are not held to it.
    pub(super) since: Timestamp,
}

/// A SHALL or SHALL NOT.
pub(super) const fn must(
    clause: &'static str,
    name: &'static str,
    says: &'static str,
    check: fn(&Examined<'_>) -> Finding,
) -> Rule {
    Rule {
        clause,
        name,
        severity: Severity::Must,
        says,
        check,
        since: Timestamp::MIN,
    }
}

/// A SHOULD or SHOULD NOT.
pub(super) const fn should(
    clause: &'static str,
    name: &'static str,
    says: &'static str,
    check: fn(&Examined<'_>) -> Finding,
) -> Rule {
    let mut rule = must(clause, name, says, check);
    rule.severity = Severity::Should;
    rule
}

impl Rule {
    pub(super) const fn since(mut self, date: Timestamp) -> Rule {
        self.since = date;
        self
    }

    pub(super) fn departure(&self, examined: &Examined<'_>) -> Option<Departure> {
        let certificate = examined.certificate;
        if certificate.not_before() < self.since {
            return None;
        }
        let found = (self.check)(examined)?;
        Some(Departure {
            clause: self.clause,
            rule: self.name,
            severity: self.severity,
            subject: certificate.subject().to_owned(),
            detail: format!("{}: {found}", self.says),
        })
    }
}

/// One certificate of a path, with those beside it.
pub(super) struct Examined<'a> {
    pub(super) certificate: &'a Certificate,
    /// The one that it was issued by, which may be itself; none if the path ends before.
    pub(super) issuer: Option<&'a Certificate>,
    /// The one of the path that it has issued.
    pub(super) issued: Option<&'a Certificate>,
    /// The profile that a leaf says it follows.
    pub(super) profile: Option<Profile>,
    /// Its subject, then the directoryNames of its subjectAltName.
    pub(super) names: Vec<Name<'a>>,
    /// The names of its subjectAltName.
    pub(super) alternative_names: Vec<GeneralName<'a>>,
    /// The mailboxes among them.
    pub(super) mailboxes: HashSet<Address>,
}

impl<'a> Examined<'a> {
    pub(super) fn new(path: &'a [Certificate], index: usize) -> Examined<'a> {
        let certificate = &path[index];
        let itself = certificate.is_self_signed().then_some(certificate);
        // What cannot be read is told by a rule of its own.
        let alternative_names = certificate.subject_alt_names().unwrap_or_default();
        let directory_names = alternative_names.iter().filter_map(|name| match name {
            GeneralName::Directory(der) => Name::from_der(der).ok(),
            _ => None,
        });
        let subject = Name::from_der(certificate.subject_der()).ok();
        let mailboxes = alternative_names.iter().filter_map(mailbox).collect();
        Examined {
            certificate,
            issuer: path.get(index + 1).or(itself),
            issued: index.checked_sub(1).map(|below| &path[below]),
            profile: Profile::of(certificate),
            names: subject.into_iter().chain(directory_names).collect(),
            alternative_names,
            mailboxes,
        }
    }

    /// The generation of its profile; of the loosest one if it has none.
    pub(super) fn generation(&self) -> Generation {
        self.profile
            .map_or(Generation::Legacy, |profile| profile.generation)
    }

    pub(super) fn lacks(&self, id: ObjectIdentifier) -> Finding {
        let extension = self.certificate.extension(id);
        extension.is_none().then(|| "it is missing".to_owned())
    }

    pub(super) fn has(&self, id: ObjectIdentifier) -> Finding {
        let extension = self.certificate.extension(id);
        extension.is_some().then(|| "it is present".to_owned())
    }

    /// The extension is there and critical.
    pub(super) fn is_critical(&self, id: ObjectIdentifier) -> Finding {
        let is_critical = matches!(self.certificate.extension(id), Some((_, true)));
        is_critical.then(|| "it is critical".to_owned())
    }

    /// The extension is there and not critical.
    pub(super) fn is_not_critical(&self, id: ObjectIdentifier) -> Finding {
        let is_not = matches!(self.certificate.extension(id), Some((_, false)));
        is_not.then(|| "it is not".to_owned())
    }
}

/// A finding about these things, the first of them by name; none if there are none.
pub(super) fn found(begin: &str, things: impl IntoIterator<Item = impl fmt::Display>) -> Finding {
    const NAMED: usize = 5;
    let mut things = things.into_iter();
    let named: Vec<String> = things
        .by_ref()
        .take(NAMED)
        .map(|thing| thing.to_string())
        .collect();
    let more = match things.count() {
        0 => String::new(),
        count => format!(" and {count} more"),
    };
    (!named.is_empty()).then(|| format!("{begin} {}{more}", named.join(", ")))
}

/// A text of the certificate's, escaped.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.escape_debug())
}
