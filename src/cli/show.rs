//! `mailseal show`: headers and MIME tree.

use std::path::PathBuf;

use super::failure::{Code, Failure};
use super::input::Input;
use super::output::Destination;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Message to show; - or none is standard input
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Code, Failure> {
    let (inputs, _) = Input::from_arguments(arguments.file.as_slice());
    for input in inputs {
        let raw = input.raw()?;
        Destination::Stdout.write(|out| mailseal::mime::tree::write(&raw, out))?;
    }
    Ok(Code::Done)
}
