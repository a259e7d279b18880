//! `mailseal cert check`: whether a certificate leads to a trusted one.

use std::path::PathBuf;

use mailseal::path::revocation::Standing;
use mailseal::path::{self, ValidatedCertificate};
use mailseal::report::{CertificateReport, StandingReport, standing_sentence};
use mailseal::x509::Certificate;
use mailseal::x509::policies::ANY_POLICY;
use serde::Serialize;

use crate::cli::bundle::{Bundle, Reading};
use crate::cli::failure::{Code, Failure, causes};
use crate::cli::input::Input;
use crate::cli::private_keys::PasswordArguments;
use crate::cli::trust::{Judge, TrustArguments};
use crate::cli::{Global, output};

use super::profile::{DepartureReport, Departures, Profile};
use super::{each, line};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Certificate to judge, and others that it may need, in PEM, DER, PKCS#7 or PKCS#12; - or
    /// none is standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    password: PasswordArguments,
    /// Hold a valid path against a profile too, and tell of each departure
    #[arg(long, value_enum, value_name = "PROFILE")]
    profile: Option<Profile>,
    #[command(flatten)]
    trust: TrustArguments,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> Result<Code, Failure> {
    let judge = arguments.trust.resolve(global)?;
    each(&arguments.files, global, |input| {
        check(input, arguments, &judge, global)
    })
    .inspect(|_| judge.tell_if_nobody_is_trusted(global))
}

fn check(
    input: &Input,
    arguments: &Arguments,
    judge: &Judge,
    global: &Global,
) -> Result<Code, Failure> {
    let reading = Reading {
        passwords: &arguments.password,
        allow_legacy: judge.allows_legacy(),
    };
    let (leaf, others) = Bundle::read(input, &reading)
        .and_then(|bundle| certificates(bundle, input, global))
        .map_err(|failure| unread(failure, input, global))?;
    let pool = [&others, judge.intermediates()].concat();
    let outcome = path::validate(&leaf, &pool, &judge.validation());
    let judgement = Judgement::of(outcome, arguments.profile);
    if global.json {
        json(&Report::of(input, &leaf, &judgement));
    } else if !global.quiet {
        people(input, arguments, &judgement, global);
    }
    Ok(match judgement.refusal {
        None => Code::Done,
        Some(_) => Code::Negative,
    })
}

fn certificates(
    bundle: Bundle,
    input: &Input,
    global: &Global,
) -> Result<(Certificate, Vec<Certificate>), Failure> {
    for note in &bundle.notes {
        output::detail(format_args!("{input}: {note}"), global);
    }
    bundle.into_leaf_and_others().ok_or_else(|| {
        Failure::new(
            Code::Data,
            "there is a private key in it and no certificate",
        )
        .hint("name the file with the certificate of the key")
        .about(input)
    })
}

/// What is said of a certificate in the end.
struct Judgement {
    /// The word and the sentence of what speaks against it.
    refusal: Option<(&'static str, String)>,
    /// From the leaf to the anchor; empty if there is no path that holds.
    path: Vec<Certificate>,
    policies: Vec<String>,
    /// What is known of revocation, the leaf first.
    standings: Vec<Standing>,
    /// The one that is revoked, or of which it is not known.
    revoked: Option<StandingReport>,
    /// From the profile that it was to be held to.
    departures: Option<Departures>,
}

impl Judgement {
    fn of(
        outcome: Result<ValidatedCertificate, path::Error>,
        profile: Option<Profile>,
    ) -> Judgement {
        match outcome {
            Ok(validated) => {
                let departures = profile.map(|profile| profile.departures(&validated));
                Judgement {
                    refusal: departures.as_ref().and_then(Departures::refusal),
                    path: validated.path().to_vec(),
                    policies: validated
                        .policies()
                        .iter()
                        .map(ToString::to_string)
                        .collect(),
                    standings: validated.revocation().to_vec(),
                    revoked: None,
                    departures,
                }
            }
            Err(error) => Judgement {
                refusal: Some((error.reason(), causes(&error))),
                path: Vec::new(),
                policies: Vec::new(),
                standings: Vec::new(),
                revoked: StandingReport::of_refusal(&error),
                departures: None,
            },
        }
    }

    fn verdict(&self) -> &'static str {
        match self.refusal {
            None => "valid",
            Some(_) => "invalid",
        }
    }
}

fn people(input: &Input, arguments: &Arguments, judgement: &Judgement, global: &Global) {
    let file = match arguments.files.len() {
        0 | 1 => String::new(),
        _ => format!("{input}: "),
    };
    let verdict = judgement.verdict();
    match (&judgement.refusal, judgement.path.last()) {
        (Some((reason, detail)), _) => line(format_args!("{file}{verdict}: {detail} ({reason})")),
        (None, Some(anchor)) => {
            let anchor = anchor.subject();
            line(format_args!("{file}{verdict}, up to {anchor}"));
        }
        (None, None) => line(format_args!("{file}{verdict}")),
    }
    for certificate in &judgement.path {
        line(format_args!("  {}", certificate.subject()));
        if global.verbose {
            let report = CertificateReport::of(certificate);
            let (begin, end) = (report.not_before, report.not_after);
            line(format_args!("    valid from {begin} to {end}"));
            line(format_args!("    SHA-256 {}", report.sha256));
        }
    }
    let any = ANY_POLICY.to_string();
    let policies: Vec<&str> = judgement
        .policies
        .iter()
        .map(|policy| if *policy == any { "any" } else { policy })
        .collect();
    if !policies.is_empty() {
        line(format_args!("  policies: {}", policies.join(", ")));
    }
    for standing in &judgement.standings {
        line(format_args!("  {}", standing_sentence(standing)));
    }
    if let Some(departures) = &judgement.departures {
        departures.tell(global.verbose);
    }
}

#[derive(Serialize)]
struct Report {
    version: u8,
    file: String,
    verdict: &'static str,
    reason: Option<String>,
    detail: Option<String>,
    /// The certificate that was judged, also where there is no path.
    certificate: Option<CertificateReport>,
    path: Vec<CertificateReport>,
    policies: Vec<String>,
    revocation: Vec<StandingReport>,
    departures: Vec<DepartureReport>,
}

impl Report {
    fn of(input: &Input, leaf: &Certificate, judgement: &Judgement) -> Report {
        let refusal = judgement.refusal.clone();
        let (reason, detail) = refusal
            .map(|(reason, detail)| (reason.to_owned(), detail))
            .unzip();
        Report {
            version: 1,
            file: input.to_string(),
            verdict: judgement.verdict(),
            reason,
            detail,
            certificate: Some(CertificateReport::of(leaf)),
            path: judgement.path.iter().map(CertificateReport::of).collect(),
            policies: judgement.policies.clone(),
            revocation: judgement
                .standings
                .iter()
                .map(StandingReport::of)
                .chain(judgement.revoked.clone())
                .collect(),
            departures: judgement
                .departures
                .as_ref()
                .map(Departures::report)
                .unwrap_or_default(),
        }
    }
}

/// Tells scripts of a file in which there is no certificate to judge.
fn unread(failure: Failure, input: &Input, global: &Global) -> Failure {
    if global.json && failure.code == Code::Data {
        json(&Report {
            version: 1,
            file: input.to_string(),
            verdict: "invalid",
            reason: Some("malformed".to_owned()),
            detail: Some(failure.message.clone()),
            certificate: None,
            path: Vec::new(),
            policies: Vec::new(),
            revocation: Vec::new(),
            departures: Vec::new(),
        });
    }
    failure
}

fn json(report: &Report) {
    match serde_json::to_string(report) {
        Ok(text) => output::line(text),
        Err(error) => output::say(error),
    }
}
