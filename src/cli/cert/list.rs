//! `mailseal cert list`: which certificates there are, and how long each will last.

use std::path::PathBuf;

use jiff::Timestamp;

use crate::cli::bundle::Reading;
use crate::cli::environment::key_directory;
use crate::cli::failure::{Code, Failure};
use crate::cli::private_keys::PasswordArguments;
use crate::cli::{Global, output};

use super::inventory::Inventory;
use super::listed::{self, Listed};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
A line has the days that are left, the last day, the addresses, what the certificate may do, whether \
its private key lies beside it, the subject, and who issued it. What expires first comes first.

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
    let mut listed: Vec<Listed> = inventory.listed(now);
    if let Some(days) = arguments.expires_within {
        listed.retain(|listed| listed.days_left <= i64::from(days));
    }
    match global.json {
        true => listed.iter().for_each(listed::json),
        false => listed::lines(&listed, global),
    }
    match arguments.expires_within {
        Some(_) if !listed.is_empty() => Ok(code.or_worse(Code::Negative)),
        _ => Ok(code),
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
