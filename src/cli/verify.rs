//! `mailseal verify`: the verdict alone.

use std::path::PathBuf;

use mailseal::smime::open::{self, Verdict};

use super::failure::{Code, Failure};
use super::input::Input;
use super::opening::{KeyArguments, Opener, SignedArguments};
use super::trust::TrustArguments;
use super::{Global, explain, report};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Message or CMS object to verify; - or none is standard input
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    signed: SignedArguments,
    #[command(flatten)]
    trust: TrustArguments,
    #[command(flatten)]
    keys: KeyArguments,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> Result<Code, Failure> {
    let opener = Opener::resolve(
        &arguments.trust,
        &arguments.signed,
        &arguments.keys,
        None,
        global,
    )?;
    let (inputs, _) = Input::from_arguments(arguments.file.as_slice());
    let mut code = Code::Done;
    for input in inputs {
        let opened = open::open(input.raw()?, &opener.opening())
            .map_err(|error| report::failed(explain::opening(&error).about(&input), global))?;
        report::write(&opened, None, global);
        opener.tell_if_nobody_is_trusted(&opened, global);
        if opened.verdict() != Verdict::Valid {
            code = Code::Negative;
        }
    }
    Ok(code)
}
