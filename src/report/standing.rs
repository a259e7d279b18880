//! What is known of the revocation of the certificates of a path, as every report has it.

use crate::path;
use crate::path::revocation::{Origin, Source, SourceKind, Standing};
use serde::Serialize;

use crate::printable::sentence;

/// One certificate, and by what it stands or falls.
#[derive(Debug, Clone, Serialize)]
pub struct StandingReport {
    subject: String,
    /// good, revoked or unknown
    status: &'static str,
    /// Why it is unknown.
    detail: Option<String>,
    sources: Vec<SourceReport>,
}

#[derive(Debug, Clone, Serialize)]
struct SourceReport {
    kind: &'static str,
    by: String,
    this_update: String,
    next_update: Option<String>,
    /// Of an OCSP answer.
    produced_at: Option<String>,
    /// A file, "message", or where it was retrieved.
    from: String,
    /// Whether it was retrieved at an earlier time.
    cached: bool,
}

impl StandingReport {
    /// Of a path that holds.
    pub fn of(standing: &Standing) -> StandingReport {
        StandingReport {
            subject: standing.subject.clone(),
            status: match standing.gap {
                None => "good",
                Some(_) => "unknown",
            },
            detail: standing.gap.as_ref().map(|gap| sentence(gap)),
            sources: standing.sources.iter().map(SourceReport::of).collect(),
        }
    }

    /// Of the certificate for which a path was refused, if it was refused for its revocation.
    pub fn of_refusal(error: &path::Error) -> Option<StandingReport> {
        match error {
            path::Error::Revoked { subject, by, .. } => Some(StandingReport {
                subject: subject.clone(),
                status: "revoked",
                detail: Some(sentence(error)),
                sources: vec![SourceReport::of(by)],
            }),
            path::Error::RevocationUnknown { subject, gap } => Some(StandingReport {
                subject: subject.clone(),
                status: "unknown",
                detail: Some(sentence(gap)),
                sources: Vec::new(),
            }),
            _ => None,
        }
    }
}

impl SourceReport {
    fn of(source: &Source) -> SourceReport {
        let (kind, produced_at) = match source.kind {
            SourceKind::Crl => ("crl", None),
            SourceKind::DeltaCrl => ("delta-crl", None),
            SourceKind::Ocsp { produced_at } => ("ocsp", Some(produced_at.to_string())),
        };
        let (from, cached) = match &source.origin {
            Origin::Caller => ("caller".to_owned(), false),
            Origin::File(path) => (path.display().to_string(), false),
            Origin::Message => ("message".to_owned(), false),
            Origin::Location(location) => (location.clone(), false),
            Origin::Kept(location) => (location.clone(), true),
        };
        SourceReport {
            kind,
            by: source.by.clone(),
            this_update: source.this_update.to_string(),
            next_update: source.next_update.map(|time| time.to_string()),
            produced_at,
            from,
            cached,
        }
    }
}

/// The same for people, in one line.
pub fn standing_sentence(standing: &Standing) -> String {
    let subject = &standing.subject;
    match &standing.gap {
        Some(gap) => format!("revocation of {subject} is unknown: {}", sentence(gap)),
        None => {
            let sources: Vec<String> = standing.sources.iter().map(ToString::to_string).collect();
            format!("{subject} is not revoked, by {}", sources.join(" and "))
        }
    }
}
