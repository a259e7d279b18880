//! `mailseal cert show`: what is in files of certificates and keys.

use std::path::PathBuf;

use jiff::Timestamp;
use mailseal::asn1::reader::hexadecimal;
use mailseal::crypto::PublicKey;
use mailseal::x509::Certificate;
use serde::Serialize;

use crate::cli::bundle::{Bundle, Key, Reading};
use crate::cli::failure::{Code, Failure};
use crate::cli::input::Input;
use crate::cli::private_keys::PasswordArguments;
use crate::cli::{Global, output};

use super::details::{Details, no_longer_safe};
use super::{each, line};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Certificates to show, in PEM, DER, PKCS#7 or PKCS#12, or a signed message; - or none is
    /// standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Count the days that are left from this time on (RFC 3339)
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// Open PKCS#12 that is encrypted with RC2 or triple DES
    #[arg(long)]
    allow_legacy: bool,
    #[command(flatten)]
    password: PasswordArguments,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> Result<Code, Failure> {
    each(&arguments.files, global, |input| {
        show(input, arguments, global)
    })
}

fn show(input: &Input, arguments: &Arguments, global: &Global) -> Result<Code, Failure> {
    let reading = Reading {
        passwords: &arguments.password,
        allow_legacy: arguments.allow_legacy,
    };
    let now = arguments.at.unwrap_or_else(Timestamp::now);
    let bundle = Bundle::read(input, &reading).inspect_err(|failure| {
        if global.json {
            output::line(failure.to_json(input));
        }
    })?;
    for note in &bundle.notes {
        output::warn(format_args!("{input}: {note}"), global);
    }
    if global.json {
        json(&Report::of(input, &bundle, now));
    } else {
        people(input, arguments, &bundle, now);
    }
    Ok(Code::Done)
}

fn people(input: &Input, arguments: &Arguments, bundle: &Bundle, now: Timestamp) {
    let file = match arguments.files.len() {
        0 | 1 => String::new(),
        _ => format!("{input}: "),
    };
    let count = bundle.certificates.len();
    for (number, certificate) in (1..).zip(&bundle.certificates) {
        if number > 1 {
            line("");
        }
        match count {
            1 => line(format_args!("{file}certificate")),
            _ => line(format_args!("{file}certificate {number} of {count}")),
        }
        let details = Details::of(certificate, now);
        for (label, value) in details.lines(certificate) {
            line(format_args!("  {label:<20} {value}"));
        }
    }
    for (number, key) in (count + 1..).zip(&bundle.keys) {
        if number > 1 {
            line("");
        }
        line(format_args!("{file}private key"));
        let (kind, protection) = match &key.public_key {
            Some(key) => (
                format!(
                    "{}, {} bits{}",
                    key.kind(),
                    key.bits(),
                    no_longer_safe(key.is_legacy())
                ),
                "under a password",
            ),
            None => (
                "of a kind that is not known here".to_owned(),
                "under a password; --password-file FILE names it",
            ),
        };
        match (&key.public_key, key.is_encrypted) {
            (None, true) => {}
            _ => line(format_args!("  {:<20} {kind}", "key")),
        }
        if key.is_encrypted {
            line(format_args!("  {:<20} {protection}", "encrypted"));
        }
        if let Some(number) = position(key, &bundle.certificates) {
            line(format_args!(
                "  {:<20} that of certificate {}",
                "certificate",
                number + 1
            ));
        }
    }
}

/// The first certificate that a private key belongs to.
fn position(key: &Key, certificates: &[Certificate]) -> Option<usize> {
    let own = key.public_key.as_ref()?;
    let has_it = |certificate: &Certificate| certificate.public_key().is_ok_and(|key| key == *own);
    certificates.iter().position(has_it)
}

#[derive(Serialize)]
struct Report {
    version: u8,
    file: String,
    certificates: Vec<Details>,
    keys: Vec<KeyReport>,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct KeyReport {
    /// Null where nobody can tell: without the password, or for keys that are not supported.
    kind: Option<&'static str>,
    bits: Option<usize>,
    /// Whether it takes a password to get at it.
    encrypted: bool,
    /// The SHA-256 fingerprint of the certificate in the same file that it belongs to.
    certificate: Option<String>,
}

impl Report {
    fn of(input: &Input, bundle: &Bundle, now: Timestamp) -> Report {
        let certificates = &bundle.certificates;
        let keys = bundle.keys.iter().map(|key| KeyReport {
            kind: key.public_key.as_ref().map(PublicKey::kind),
            bits: key.public_key.as_ref().map(PublicKey::bits),
            encrypted: key.is_encrypted,
            certificate: position(key, certificates)
                .map(|position| hexadecimal(&certificates[position].sha256_fingerprint())),
        });
        Report {
            version: 1,
            file: input.to_string(),
            keys: keys.collect(),
            certificates: certificates
                .iter()
                .map(|certificate| Details::of(certificate, now))
                .collect(),
            notes: bundle.notes.clone(),
        }
    }
}

fn json(report: &Report) {
    match serde_json::to_string(report) {
        Ok(text) => output::line(text),
        Err(error) => output::say(error),
    }
}
