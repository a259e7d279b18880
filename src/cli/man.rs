//! `mailseal completions` and `mailseal man`.

use std::io::Write;

use clap::CommandFactory;

use super::failure::{Code, Failure};
use super::{Cli, output};

pub(super) fn completions(shell: clap_complete::Shell) -> Result<Code, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "mailseal", &mut text);
    print(&text)
}

/// One page for the program and all its commands.
pub(super) fn page() -> Result<Code, Failure> {
    let mut command = Cli::command();
    command.build();
    let mut text = Vec::new();
    render(&command, &mut text).map_err(|error| output::failed("standard output", &error))?;
    print(&text)
}

fn render(command: &clap::Command, text: &mut Vec<u8>) -> std::io::Result<()> {
    let page = clap_mangen::Man::new(command.clone());
    page.render(text)?;
    for subcommand in command
        .get_subcommands()
        .filter(|sub| sub.get_name() != "help")
    {
        writeln!(
            text,
            ".SH {}",
            format!("mailseal {}", subcommand.get_name()).to_uppercase()
        )?;
        let page = clap_mangen::Man::new(subcommand.clone());
        page.render_description_section(text)?;
        page.render_options_section(text)?;
    }
    Ok(())
}

fn print(text: &[u8]) -> Result<Code, Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text)
        .and_then(|()| out.flush())
        .map_err(|error| output::failed("standard output", &error))?;
    Ok(Code::Done)
}
