//! `--profile`: what a valid path is held to beyond RFC 5280.

use mailseal::path::ValidatedCertificate;
use mailseal::path::smime_br::{self, Departure, Severity};
use serde::Serialize;

use super::line;

/// What certificates of a kind of PKI have to be like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Profile {
    /// The CA/Browser Forum's S/MIME Baseline Requirements, for publicly trusted CAs
    SmimeBr,
}

/// The profile that was asked for, and how a path departs from it.
#[derive(Clone)]
pub(super) struct Departures {
    profile: Profile,
    departures: Vec<Departure>,
}

/// A departure for scripts.
#[derive(Serialize)]
pub(super) struct DepartureReport {
    profile: &'static str,
    clause: &'static str,
    rule: &'static str,
    /// `must` or `should`.
    severity: String,
    subject: String,
    detail: String,
}

impl Profile {
    pub(super) fn departures(self, validated: &ValidatedCertificate) -> Departures {
        let departures = match self {
            Profile::SmimeBr => smime_br::departures(validated),
        };
        Departures {
            profile: self,
            departures,
        }
    }

    /// The word of the command line.
    fn word(self) -> &'static str {
        match self {
            Profile::SmimeBr => "smime-br",
        }
    }
}

impl Departures {
    /// The word and the sentence of what speaks against the path: whatever must not be.
    pub(super) fn refusal(&self) -> Option<(&'static str, String)> {
        let is_must = |departure: &&Departure| departure.severity == Severity::Must;
        let first = self.departures.iter().find(is_must)?;
        let count = self.departures.iter().filter(is_must).count();
        let points = match count {
            1 => "in one point".to_owned(),
            count => format!("in {count} points, first"),
        };
        let requirements = match self.profile {
            Profile::SmimeBr => format!("the S/MIME Baseline Requirements {}", smime_br::VERSION),
        };
        let first = sentence(first);
        let sentence = format!("the path departs from {requirements} {points} {first}");
        Some(("profile", sentence))
    }

    /// For people, a line each; what merely should not be for those who asked for more.
    pub(super) fn tell(&self, verbose: bool) {
        let word = self.profile.word();
        for departure in &self.departures {
            if departure.severity == Severity::Must || verbose {
                line(format_args!("  {word} {}", sentence(departure)));
            }
        }
    }

    pub(super) fn report(&self) -> Vec<DepartureReport> {
        let report = |departure: &Departure| DepartureReport {
            profile: self.profile.word(),
            clause: departure.clause,
            rule: departure.rule,
            severity: departure.severity.to_string(),
            subject: departure.subject.clone(),
            detail: departure.detail.clone(),
        };
        self.departures.iter().map(report).collect()
    }
}

/// `7.1.2.3 (e), CN=Bob: keyUsage must be present: it is missing`
fn sentence(departure: &Departure) -> String {
    let subject = match departure.subject.as_str() {
        "" => "no subject",
        subject => subject,
    };
    format!("{}, {subject}: {}", departure.clause, departure.detail)
}
