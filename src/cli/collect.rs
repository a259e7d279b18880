//! `mailseal collect`: what the webhook does with a mail, from the command line.

use std::path::PathBuf;

use clap::Args;
use mailseal::collect::Collecting;
use mailseal::collect::succession::Replacement;
use mailseal::dkim::Alignment;
use mailseal::inbound::decide::{Deciding, Decision, Delivery, Error, Outcome};
use mailseal::printable::printable;
use mailseal::report::DecisionReport;
use mailseal::store::StoreDirectory;
use serde::Serialize;

use super::dns::DnsArguments;
use super::environment::key_directory;
use super::failure::{Code, Failure, causes};
use super::input::Input;
use super::trust::TrustArguments;
use super::{Global, explain, output};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Signed mails, as they came in; - or none is standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Directory that certificates are stored in [env: MAILSEAL_KEYS] [default: .]
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
    /// What becomes of a certificate with another key or issuer than the stored one: always (it
    /// takes its place), same-issuer (if that is the same), or manual (it waits for `cert accept`)
    #[arg(long, value_name = "HOW", default_value = "always")]
    replacement: Replacement,
    #[command(flatten)]
    dns: DnsArguments,
    /// How near the signing domain of DKIM has to be to that of From: strict (the same) or relaxed
    /// (of the same organisation)
    #[arg(long, value_name = "HOW", default_value = "strict")]
    alignment: Alignment,
    #[command(flatten)]
    trust: TrustArguments,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> Result<Code, Failure> {
    if arguments.trust.names_purpose() {
        return Err(Failure::new(
            Code::Usage,
            "--purpose is not for collect: the certificate must be for mail",
        ));
    }
    let resolver = arguments.dns.resolve()?;
    let judge = arguments.trust.resolve(global)?;
    let keys = key_directory(arguments.keys.as_deref())?;
    let store = StoreDirectory::open(keys).map_err(|error| explain::store(&error))?;
    let deciding = Deciding {
        collecting: Collecting {
            resolver: &*resolver,
            alignment: arguments.alignment,
            validation: judge.validation(),
            intermediates: judge.intermediates().to_vec(),
        },
        store: &store,
        replacement: arguments.replacement,
    };
    let (inputs, repeated) = Input::from_arguments(&arguments.files);
    for file in repeated {
        output::warn(format_args!("{} is named twice", file.display()), global);
    }
    let mut code = Code::Done;
    let several = inputs.len() > 1;
    for input in inputs {
        let outcome = decide(&input, &deciding);
        code = code.or_worse(match &outcome {
            Ok(decision) => code_of(decision),
            Err(failure) => failure.code,
        });
        match outcome {
            Ok(decision) => {
                present(&input, several, &decision, global);
                let is_path = decision.report().step == Some("path");
                if is_path {
                    judge.tell_if_nobody_is_trusted(global);
                }
            }
            Err(failure) if several => output::report(&failure, global),
            Err(failure) => return Err(failure),
        }
    }
    Ok(code)
}

fn decide(input: &Input, deciding: &Deciding<'_>) -> Result<Decision, Failure> {
    let delivery = Delivery::by("command-line");
    deciding
        .decide(input.raw()?, &delivery)
        .map_err(|error| match &error {
            Error::Store(error) => explain::store(error),
            error => Failure::new(Code::Io, causes(error)).about(input),
        })
}

/// A mail that was seen before, or whose certificate waits, is done with as far as we go.
fn code_of(decision: &Decision) -> Code {
    match decision.outcome() {
        Outcome::Refused if decision.report().step == Some("message") => Code::Data,
        Outcome::Refused | Outcome::Older => Code::Negative,
        Outcome::TryLater => Code::TempFail,
        _ => Code::Done,
    }
}

fn present(input: &Input, several: bool, decision: &Decision, global: &Global) {
    let report = decision.report();
    if global.json {
        json(input, report);
    } else if !global.quiet {
        let about = match several {
            true => format!("{input}: "),
            false => String::new(),
        };
        output::line(printable(&format!("{about}{}", sentence(decision))));
    }
}

/// What became of the mail, in one line for people.
fn sentence(decision: &Decision) -> String {
    let report = decision.report();
    let outcome = report.outcome;
    let detail = report.detail.as_deref().unwrap_or_default();
    match (report.step, report.reason) {
        (Some(step), Some(reason)) => format!("{outcome} ({step}): {detail} ({reason})"),
        _ => match (decision.stored(), &report.certificate) {
            (Some(stored), Some(certificate)) => format!(
                "{outcome}: {}, of {}, issued by {}, valid to {}",
                stored
                    .path
                    .as_ref()
                    .map_or_else(String::new, |path| path.display().to_string()),
                certificate.subject,
                certificate.issuer,
                certificate.not_after
            ),
            _ => format!("{outcome}: {detail}"),
        },
    }
}

/// One object a line: the line of the audit log, and which file it is about.
#[derive(Serialize)]
struct Line<'a> {
    input: String,
    #[serde(flatten)]
    report: &'a DecisionReport,
}

fn json(input: &Input, report: &DecisionReport) {
    let input = input.to_string();
    match serde_json::to_string(&Line { input, report }) {
        Ok(text) => output::line(text),
        Err(error) => output::say(error),
    }
}
