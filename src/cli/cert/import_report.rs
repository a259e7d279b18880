//! What `cert import` has done or refused, in lines for people and in JSON for scripts.

use mailseal::report::CertificateReport;
use mailseal::store::{ImportedFile, Occupied, Outcome};
use serde::Serialize;

use crate::cli::failure::{Code, Failure};
use crate::cli::{Global, output};

use super::import::Refusal;
use super::line;

/// Tells of every file what has become of it, or would.
pub(super) fn files(files: &[ImportedFile], dry_run: bool, loses_password: bool, global: &Global) {
    for file in files {
        if global.json {
            json(&Report::of(file, dry_run));
        } else if !global.quiet {
            line(sentence(file, dry_run));
        }
        warn(file, loses_password && !dry_run, global);
    }
}

fn sentence(file: &ImportedFile, dry_run: bool) -> String {
    let path = file.path().display();
    let done = match (file.outcome(), dry_run) {
        (Outcome::Created, false) => "imported",
        (Outcome::Created, true) => "would be imported",
        (Outcome::AlreadyThere, _) => "already there",
        (Outcome::Replaced, false) => "replaced",
        (Outcome::Replaced, true) => "would be replaced",
    };
    let what = match file.certificates() {
        [] => "private key".to_owned(),
        [certificate, others @ ..] => {
            let others = match others.len() {
                0 => String::new(),
                1 => ", with 1 more certificate".to_owned(),
                many => format!(", with {many} more certificates"),
            };
            let (subject, end) = (certificate.subject(), certificate.not_after());
            format!("{subject}, valid to {end}{others}")
        }
    };
    let old = match file.history() {
        Some(history) => format!("; the old one is {}", history.display()),
        None => String::new(),
    };
    format!("{path}: {done}: {what}{old}")
}

/// What an operator should look at.
fn warn(file: &ImportedFile, loses_password: bool, global: &Global) {
    let path = file.path().display();
    if file.is_private_key() && loses_password && file.outcome() != Outcome::AlreadyThere {
        output::warn(
            format_args!(
                "{path} is not encrypted any more; its owner alone can read it (mode 0600)"
            ),
            global,
        );
    }
    if let Some(key) = file.key_of_another() {
        let key = key.display();
        output::warn(
            format_args!(
                "{key} is the private key of another certificate: import the new one with it"
            ),
            global,
        );
    }
    if let (Some(previous), [new, ..]) = (file.previous(), file.certificates())
        && previous.not_before() > new.not_before()
    {
        let begin = previous.not_before();
        output::warn(
            format_args!("{path}: the certificate that was replaced is newer, of {begin}"),
            global,
        );
    }
}

/// Tells of a certificate that is not for the key directory.
pub(super) fn refused(refusal: &Refusal, global: &Global) {
    if global.json {
        json(&RefusalReport {
            version: 1,
            outcome: "refused",
            file: refusal.input.to_string(),
            reason: refusal.reason,
            detail: &refusal.detail,
            certificate: Some(CertificateReport::of(&refusal.certificate)),
        });
    }
    let (detail, reason) = (&refusal.detail, refusal.reason);
    let failure = Failure::new(Code::Negative, format!("{detail} ({reason})"));
    let failure = failure.hint(remedy(reason)).about(&refusal.input);
    output::report(&failure, global);
}

fn remedy(reason: &str) -> &'static str {
    match reason {
        "no-trusted-issuer" => {
            "name its root with --trust FILE, what is missing in between with --intermediates FILE, \
             or take it at your own word with --pin"
        }
        "expired" => "get a new certificate",
        "not-yet-valid" => "is the clock right? --at TIME sets another time",
        "no-address" => {
            "certificates are found by the mail address in them; those of authorities are named with \
             --trust and --intermediates"
        }
        "extended-key-usage" | "key-usage" => "have a certificate issued that is for mail",
        "legacy-algorithm" | "weak-key" => "--allow-legacy takes it all the same",
        "revoked" => "get a new certificate; this one has been taken back",
        _ => "`mailseal cert check -v` says more; --pin takes it at your own word",
    }
}

/// Tells of files that hold something else, and were to be left alone.
pub(super) fn occupied(occupied: &[Occupied], global: &Global) {
    for occupied in occupied {
        if global.json {
            json(&RefusalReport {
                version: 1,
                outcome: "refused",
                file: occupied.path.display().to_string(),
                reason: "occupied",
                detail: &occupied.to_string(),
                certificate: occupied.certificate.as_deref().map(CertificateReport::of),
            });
        }
    }
    let sentences: Vec<String> = occupied.iter().map(ToString::to_string).collect();
    let failure = Failure::new(Code::Negative, sentences.join("; "));
    let failure = failure.hint(
        "--replace puts the new one in its place and keeps the old one in history/; to have both in \
         one file, import them together",
    );
    output::report(&failure, global);
}

#[derive(Serialize)]
struct Report {
    version: u8,
    outcome: &'static str,
    dry_run: bool,
    file: String,
    address: String,
    kind: &'static str,
    /// The leaf; null for a private key.
    certificate: Option<CertificateReport>,
    /// What follows it in the file.
    others: Vec<CertificateReport>,
    /// Where that is kept which was replaced.
    history: Option<String>,
    /// The certificate that was replaced.
    previous: Option<CertificateReport>,
}

impl Report {
    fn of(file: &ImportedFile, dry_run: bool) -> Report {
        let mut certificates = file.certificates().iter().map(CertificateReport::of);
        Report {
            version: 1,
            outcome: match file.outcome() {
                Outcome::Created => "imported",
                Outcome::AlreadyThere => "already-there",
                Outcome::Replaced => "replaced",
            },
            dry_run,
            file: file.path().display().to_string(),
            address: file.address().to_string(),
            kind: match file.is_private_key() {
                true => "private-key",
                false => "certificate",
            },
            certificate: certificates.next(),
            others: certificates.collect(),
            history: file.history().map(|path| path.display().to_string()),
            previous: file.previous().map(CertificateReport::of),
        }
    }
}

#[derive(Serialize)]
struct RefusalReport<'a> {
    version: u8,
    outcome: &'static str,
    /// The file that it is in; for `occupied` the one of the key directory.
    file: String,
    reason: &'static str,
    detail: &'a str,
    /// The one that is refused; for `occupied` the one that is there.
    certificate: Option<CertificateReport>,
}

fn json(report: &impl Serialize) {
    match serde_json::to_string(report) {
        Ok(text) => output::line(text),
        Err(error) => output::say(error),
    }
}
