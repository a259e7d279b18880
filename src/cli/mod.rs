//! The command line: one file a command. Each resolves its arguments, calls the library, and
//! presents what came of it.

mod bundle;
mod cert;
mod collect;
mod delivery;
mod dkim;
mod dns;
mod environment;
mod explain;
mod failure;
mod file_format;
mod input;
mod man;
mod open;
mod opening;
mod output;
mod private_keys;
mod progress;
mod report;
mod route;
mod seal;
mod sealing;
mod send;
mod sender;
mod serve;
mod shared_key;
mod show;
mod trust;
mod verify;
mod whole_file;

use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

/// Seals mail with S/MIME and injects it; opens and verifies what others sealed.
#[derive(Debug, Parser)]
#[command(
    name = "mailseal",
    version,
    max_term_width = 100,
    arg_required_else_help = true
)]
#[command(
    after_help = "Exit codes: 0 done, valid, 1 the verdict is negative, 64 usage, 65 malformed message, 66 a file, key or \
    certificate is missing or unusable, 69 refused for good, 70 our bug, 74 input or output, \
    75 try again later, 77 permission or passphrase, 78 configuration."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    #[command(flatten)]
    global: Global,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Sign and/or encrypt messages; never touches the network
    Seal(Box<seal::Arguments>),
    /// Seal messages, then inject them; without --sign and --encrypt, as they are
    Send(Box<send::Arguments>),
    /// Decrypt and verify every layer of a message, and write what is inside
    Open(Box<open::Arguments>),
    /// Verify the signatures of a message
    Verify(Box<verify::Arguments>),
    /// Show a message's headers and MIME tree
    Show(show::Arguments),
    /// Take the certificate of a signed mail into the store, if the mail proves it
    Collect(Box<collect::Arguments>),
    /// Judge whether the domain of a message's author vouches for it (RFC 6376)
    Dkim(dkim::Arguments),
    /// Look at certificates, and judge the paths that lead to them
    #[command(subcommand)]
    Cert(cert::Command),
    /// Run the webhook that takes signed mail and gathers certificates
    Serve(Box<serve::Arguments>),
    /// Write completions for a shell
    Completions {
        /// The shell to complete for
        shell: clap_complete::Shell,
    },
    /// Write the manual page
    Man,
}

/// What every command understands.
#[derive(Debug, Clone, clap::Args)]
struct Global {
    /// Report in JSON, one object a line
    #[arg(long, global = true, display_order = 100)]
    json: bool,
    /// Say nothing but errors
    #[arg(
        short,
        long,
        global = true,
        conflicts_with = "verbose",
        display_order = 101
    )]
    quiet: bool,
    /// Say more
    #[arg(short, long, global = true, display_order = 102)]
    verbose: bool,
    /// When to use colour; NO_COLOR turns it off too
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        display_order = 103
    )]
    color: Color,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

/// Parses the arguments, runs the command, and turns what came of it into an exit code.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let global = cli.global;
    let result = match cli.command {
        Command::Seal(arguments) => seal::run(&arguments, &global),
        Command::Send(arguments) => send::run(&arguments, &global),
        Command::Open(arguments) => open::run(&arguments, &global),
        Command::Verify(arguments) => verify::run(&arguments, &global),
        Command::Show(arguments) => show::run(&arguments, &global),
        Command::Collect(arguments) => collect::run(&arguments, &global),
        Command::Dkim(arguments) => dkim::run(&arguments, &global),
        Command::Cert(command) => cert::run(&command, &global),
        Command::Serve(arguments) => serve::run(&arguments, &global),
        Command::Completions { shell } => man::completions(shell),
        Command::Man => man::page(),
    };
    match result {
        Ok(code) => code.into(),
        Err(failure) => {
            output::report(&failure, &global);
            failure.code.into()
        }
    }
}

/// Help and version are answers; everything else is exit code 64 instead of clap's 2.
fn usage(error: &clap::Error) -> ExitCode {
    let printed = error.print();
    match (error.use_stderr(), printed) {
        (false, Ok(())) => failure::Code::Done.into(),
        (false, Err(_)) => failure::Code::Io.into(),
        (true, _) => failure::Code::Usage.into(),
    }
}
