//! `mailseal dkim`: whether the domain of a message's author vouches for it.

use std::path::PathBuf;

use jiff::Timestamp;
use mailseal::dkim::{self, Alignment, Authentication, Judgement, Signature, Verdict};
use mailseal::printable::printable;
use mailseal::report::AuthenticationReport;
use serde::Serialize;

use super::dns::DnsArguments;
use super::failure::{Code, Failure, causes};
use super::input::Input;
use super::{Global, output};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Message to judge; - or none is standard input
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    dns: DnsArguments,
    /// How near the signing domain has to be to that of From: strict (the same) or relaxed (of the
    /// same organisation)
    #[arg(long, value_name = "HOW", default_value = "strict")]
    alignment: Alignment,
    /// Judge as if it were this time (RFC 3339)
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> Result<Code, Failure> {
    let resolver = arguments.dns.resolve()?;
    let (inputs, _) = Input::from_arguments(arguments.file.as_slice());
    let at = arguments.at.unwrap_or_else(Timestamp::now);
    let mut code = Code::Done;
    for input in inputs {
        let message = input
            .message()
            .map_err(|failure| unread(failure, &input, global))?;
        let authentication = dkim::verify(&message, &*resolver, at, arguments.alignment)
            .map_err(|error| Failure::new(Code::Io, causes(&error)).about(&input))?;
        present(&input, &authentication, global);
        code = match authentication.verdict() {
            _ if authentication.is_aligned() => Code::Done,
            Verdict::TempError => Code::TempFail,
            _ => Code::Negative,
        };
    }
    Ok(code)
}

fn present(input: &Input, authentication: &Authentication, global: &Global) {
    if global.json {
        json(input, &AuthenticationReport::of(authentication));
    } else if !global.quiet {
        people(authentication, global);
    }
}

fn people(authentication: &Authentication, global: &Global) {
    let verdict = authentication.verdict().name();
    match (authentication.authenticated(), authentication.shortcoming()) {
        (Some(authenticated), _) => {
            let (domain, from) = (authenticated.domain(), authenticated.from());
            line(format_args!("{verdict}: {domain} vouches for {from}"));
        }
        (None, Some((reason, detail))) => line(format_args!("{verdict}: {detail} ({reason})")),
        (None, None) => line(verdict),
    }
    let is_authors =
        |judgement: &Judgement| authentication.from().is_err() || judgement.is_aligned();
    for judgement in authentication.signatures() {
        let stranger = match is_authors(judgement) {
            true => "",
            false => ", not of the author's domain",
        };
        line(format_args!("  {}", summary(judgement, stranger)));
        if let Some(signature) = judgement.signature().filter(|_| global.verbose) {
            explain(signature);
        }
    }
    if authentication.not_judged() > 0 {
        line(format_args!(
            "  {} more were not judged",
            authentication.not_judged()
        ));
    }
}

/// A signature in one line: `pass d=example.com s=lab a=rsa-sha256, 2048 bits`.
fn summary(judgement: &Judgement, stranger: &str) -> String {
    let mut text = judgement.result().name().to_owned();
    if let Some(signature) = judgement.signature() {
        let Signature {
            domain,
            selector,
            algorithm,
            ..
        } = signature;
        text += &format!(" d={domain} s={selector} a={}", algorithm.name());
        if let Some(bits) = judgement.key_bits() {
            text += &format!(", {bits} bits");
        }
        text += stranger;
    }
    if let Some(refusal) = judgement.refusal() {
        text += &format!(": {} ({})", causes(refusal), refusal.reason());
    }
    text
}

fn explain(signature: &Signature) {
    line(format_args!("    for {}", signature.identity));
    line(format_args!(
        "    header {}, body {}",
        signature.header_canonicalization.name(),
        signature.body_canonicalization.name()
    ));
    let fields = signature.signed_headers.join(", ");
    line(format_args!("    signs {fields}"));
    if let Some(time) = signature.timestamp {
        line(format_args!("    made on {time}"));
    }
    if let Some(time) = signature.expiration {
        line(format_args!("    expires on {time}"));
    }
}

/// One line for people. Whoever wrote the message does not steer their terminal.
fn line(text: impl std::fmt::Display) {
    output::line(printable(&text.to_string()));
}

/// Tells scripts of a file that is no message.
fn unread(failure: Failure, input: &Input, global: &Global) -> Failure {
    if global.json && failure.code == Code::Data {
        let report = AuthenticationReport::unreadable(failure.message.clone());
        json(input, &report);
    }
    failure
}

/// One object a line.
#[derive(Serialize)]
struct Report<'a> {
    version: u8,
    file: String,
    #[serde(flatten)]
    authentication: &'a AuthenticationReport,
}

fn json(input: &Input, authentication: &AuthenticationReport) {
    let report = Report {
        version: 1,
        file: input.to_string(),
        authentication,
    };
    match serde_json::to_string(&report) {
        Ok(text) => output::line(text),
        Err(error) => output::say(error),
    }
}
