//! What is written where: messages to standard output or files, and what is said of them.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::PathBuf;

use mailseal::printable::printable;

use super::failure::{Code, Failure};
use super::input::plain;
use super::{Color, Global, whole_file};

/// Where one message goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Destination {
    Stdout,
    File(PathBuf),
}

impl Destination {
    /// Lets `write` write, and makes the result appear at once when it is complete.
    pub(super) fn write(
        &self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        match self {
            Destination::Stdout => {
                let mut out = BufWriter::with_capacity(64 << 10, io::stdout().lock());
                write(&mut out)
                    .and_then(|()| out.flush())
                    .map_err(|error| failed("standard output", &error))
            }
            Destination::File(path) => {
                whole_file::write(path, write).map_err(|error| failed(path.display(), &error))
            }
        }
    }
}

impl std::fmt::Display for Destination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Destination::Stdout => f.write_str("standard output"),
            Destination::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// An output that could not be written.
pub(super) fn failed(name: impl std::fmt::Display, error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::new(
            Code::Io,
            format!("{name} was closed before everything had been written"),
        )
        .hint("the reader of the pipe ended early; what it got is not a whole message"),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Failure::new(Code::Io, format!("cannot write {name}: {}", plain(error)))
                .hint("make room or name another place; nothing was left behind")
        }
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            Failure::new(Code::Io, format!("cannot write {name}: {}", plain(error)))
                .hint("make its directory first")
        }
        io::ErrorKind::PermissionDenied => Failure::new(
            Code::NoPermission,
            format!("cannot write {name}: permission denied"),
        )
        .hint("mailseal runs as a user who may not write there"),
        _ => Failure::new(Code::Io, format!("cannot write {name}: {}", plain(error))),
    }
}

/// One line on standard output for people or scripts. A reader who has gone does not keep mail
/// from being sent.
pub(super) fn line(text: impl std::fmt::Display) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// Tells a failure on standard error.
pub(super) fn report(failure: &Failure, global: &Global) {
    let (red, yellow, reset) = match is_coloured(global) {
        true => ("\u{1b}[1;31m", "\u{1b}[33m", "\u{1b}[0m"),
        false => ("", "", ""),
    };
    let mut err = io::stderr().lock();
    // There is nobody left to tell when standard error fails.
    let _ = writeln!(err, "{red}mailseal:{reset} {}", printable(&failure.message));
    if let Some(hint) = &failure.hint {
        let _ = writeln!(err, "{yellow}hint:{reset} {}", printable(hint));
    }
}

/// Tells something on standard error that did not keep the work from being done.
pub(super) fn warn(message: impl std::fmt::Display, global: &Global) {
    if !global.quiet {
        say(format_args!("warning: {message}"));
    }
}

/// Tells of flags that do nothing, each with the one it needs.
pub(super) fn warn_of_idle(flags: &[(&str, &str)], global: &Global) {
    for (flag, needed) in flags {
        warn(format!("{flag} does nothing without {needed}"), global);
    }
}

/// Tells something on standard error to those who asked for more.
pub(super) fn detail(message: impl std::fmt::Display, global: &Global) {
    if global.verbose {
        say(message);
    }
}

/// Tells something on standard error. Whose words a message repeats is not known here, so nothing
/// in it may steer the terminal; nor does it matter that nobody listens.
pub(super) fn say(message: impl std::fmt::Display) {
    let message = message.to_string();
    let _ = writeln!(io::stderr().lock(), "mailseal: {}", printable(&message));
}

fn is_coloured(global: &Global) -> bool {
    match global.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            // https://no-color.org: set and not empty.
            let forbidden = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            !forbidden && io::stderr().is_terminal()
        }
    }
}
