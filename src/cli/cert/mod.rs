//! `mailseal cert`: looks at certificates, judges the paths that lead to them, and keeps the key
//! directory.

mod accept;
mod check;
mod details;
mod history;
mod import;
mod import_report;
mod inventory;
mod list;
mod listed;
mod material;
mod profile;
mod remove;
mod show;
mod stored;

use std::path::PathBuf;

use clap::Subcommand;
use mailseal::printable::printable;

use super::failure::{Code, Failure};
use super::input::Input;
use super::{Global, output};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show what certificates and private keys say; nothing is verified
    Show(show::Arguments),
    /// Judge whether a certificate leads to a trusted one (RFC 5280)
    Check(Box<check::Arguments>),
    /// List certificates, those of the key directory for one, with the days that are left
    List(list::Arguments),
    /// Put certificates and private keys into the key directory
    Import(Box<import::Arguments>),
    /// Show what is stored for an address, what waits, and what was stored before
    History(history::Arguments),
    /// Accept a certificate that waits because it has another key or another issuer
    Accept(accept::Arguments),
    /// Take the certificate of an address out of use, into the history
    Remove(remove::Arguments),
}

pub(super) fn run(command: &Command, global: &Global) -> Result<Code, Failure> {
    match command {
        Command::Show(arguments) => show::run(arguments, global),
        Command::Check(arguments) => check::run(arguments, global),
        Command::List(arguments) => list::run(arguments, global),
        Command::Import(arguments) => import::run(arguments, global),
        Command::History(arguments) => history::run(arguments, global),
        Command::Accept(arguments) => accept::run(arguments, global),
        Command::Remove(arguments) => remove::run(arguments, global),
    }
}

/// Each file on its own: of several, one that fails does not keep the others from being read, and
/// the worst that came of them counts.
fn each(
    files: &[PathBuf],
    global: &Global,
    mut one: impl FnMut(&Input) -> Result<Code, Failure>,
) -> Result<Code, Failure> {
    let (inputs, _) = Input::from_arguments(files);
    let mut worst = Code::Done;
    for input in &inputs {
        let code = match one(input) {
            Ok(code) => code,
            Err(failure) if inputs.len() == 1 => return Err(failure),
            Err(failure) => {
                output::report(&failure, global);
                failure.code
            }
        };
        worst = worst.or_worse(code);
    }
    Ok(worst)
}

/// One line for people. Whoever wrote the certificate does not steer their terminal.
fn line(text: impl std::fmt::Display) {
    output::line(printable(&text.to_string()));
}
