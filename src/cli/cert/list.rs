//! `mailseal cert list`: which certificates there are, and how long each will last.

use std::collections::HashMap;
use std::path::PathBuf;

use jiff::Timestamp;
use mailseal::asn1::reader::hexadecimal;
use mailseal::store::{CertificateStore, Provenance};

use crate::cli::bundle::Reading;
use crate::cli::environment::key_directory;
use crate::cli::explain;
use crate::cli::failure::{Code, Failure};
use crate::cli::private_keys::PasswordArguments;
use crate::cli::{Global, output};

use super::inventory::Inventory;
use super::listed::{self, Listed};
use super::stored::{self, Shown};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
A line has the days that are left, the last day, the addresses, what the certificate may do, whether \
its private key lies beside it, the subject, and who issued it. What expires first comes first. \
Of the key directory what waits for `cert accept` follows; -v says which mail a certificate came with.

Exit codes: 0 done; with --expires-within 1, if any certificate is listed; 65, 66, 74 or 77 if a \
file could not be read. For cron:

  mailseal cert list --keys /etc/mailseal/keys --expires-within 30")]
pub(in crate::cli) struct Arguments {
    /// Certificates to list, in PEM, DER, PKCS#7 or PKCS#12, or directories of such files, but not
    /// the directories inside them [default: the key directory]
    #[arg(value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    /// The key directory [env: MAILSEAL_KEYS] [default: .]
    #[arg(long, value_name = "DIR", conflicts_with = "paths")]
    keys: Option<PathBuf>,
    /// List those alone that have expired or will within so many days, and exit with 1 if there is
    /// any
    #[arg(long, value_name = "DAYS")]
    expires_within: Option<u32>,
    /// Count the days from this time on (RFC 3339)
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// Open PKCS#12 that is encrypted with RC2 or triple DES
    #[arg(long)]
    allow_legacy: bool,
    #[command(flatten)]
    password: PasswordArguments,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> Result<Code, Failure> {
    let now = arguments.at.unwrap_or_else(Timestamp::now);
    let paths = match &arguments.paths[..] {
        [] => vec![key_directory(arguments.keys.as_deref())?],
        paths => paths.to_vec(),
    };
    let reading = Reading {
        passwords: &arguments.password,
        allow_legacy: arguments.allow_legacy,
    };
    let inventory = Inventory::of(&paths, &reading)?;
    let code = tell_what_is_not_listed(&inventory, &paths, global);
    let kept = match arguments.paths.is_empty() {
        true => Kept::read(arguments, global)?,
        false => Kept::default(),
    };
    let listed = inventory.listed(now).into_iter();
    let mut listed: Vec<Listed> = listed.map(|it| it.collected(&kept.provenances)).collect();
    if let Some(days) = arguments.expires_within {
        listed.retain(|listed| listed.days_left <= i64::from(days));
    }
    match global.json {
        true => listed.iter().for_each(listed::json),
        false => listed::lines(&listed, global),
    }
    kept.pending.iter().for_each(|it| it.tell(global));
    match arguments.expires_within {
        Some(_) if !listed.is_empty() => Ok(code.or_worse(Code::Negative)),
        _ => Ok(code),
    }
}

/// What else the key directory holds.
#[derive(Default)]
struct Kept {
    /// By the fingerprints of the certificates.
    provenances: HashMap<String, Provenance>,
    pending: Vec<Shown>,
}

impl Kept {
    /// As far as it will be shown.
    fn read(arguments: &Arguments, global: &Global) -> Result<Kept, Failure> {
        let store = stored::open(arguments.keys.as_deref())?;
        let mut kept = Kept::default();
        let failed = |error| explain::store(&error);
        if global.json || global.verbose {
            let read = store.each_entry(&mut |entry| {
                let provenance = entry.provenance.into_iter();
                let provenance = provenance.map(|it| (hexadecimal(&it.certificate), it));
                kept.provenances.extend(provenance);
            });
            read.map_err(failed)?;
        }
        if arguments.expires_within.is_none() {
            let pending = store.pending().map_err(failed)?;
            kept.pending = pending.iter().map(Shown::pending).collect();
        }
        Ok(kept)
    }
}

/// The files that could not be read are worth their exit code; those that take a password are
/// mentioned.
fn tell_what_is_not_listed(inventory: &Inventory, paths: &[PathBuf], global: &Global) -> Code {
    for note in &inventory.notes {
        output::detail(note, global);
    }
    for locked in &inventory.locked {
        if global.json {
            listed::json_locked(locked);
        }
        output::warn(locked, global);
    }
    let mut code = Code::Done;
    for (input, failure) in &inventory.failures {
        if global.json {
            output::line(failure.to_json(input));
        }
        output::report(failure, global);
        code = code.or_worse(failure.code);
    }
    if inventory.is_empty() && !global.quiet {
        let places: Vec<String> = paths.iter().map(|it| it.display().to_string()).collect();
        output::say(format_args!(
            "there is no certificate in {}",
            places.join(", ")
        ));
    }
    code
}
