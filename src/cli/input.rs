//! The messages named on the command line: files, or standard input.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use mailseal::mime::{Message, RawMessage};
use zeroize::Zeroizing;

use super::explain;
use super::failure::{Code, Failure, without_os_numbers};
use super::output;

/// Where a message comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input {
    Stdin,
    File(PathBuf),
}

impl Input {
    /// `-` or nothing is standard input. A file named twice is taken once: nothing is to be sent
    /// twice within one run.
    pub(super) fn from_arguments(paths: &[PathBuf]) -> (Vec<Input>, Vec<PathBuf>) {
        if paths.is_empty() {
            return (vec![Input::Stdin], Vec::new());
        }
        let mut seen = HashMap::new();
        let mut inputs = Vec::new();
        let mut repeated = Vec::new();
        for path in paths {
            let identity = match path.to_str() {
                Some("-") => Some((0, 0)),
                _ => path
                    .metadata()
                    .ok()
                    .map(|metadata| (metadata.dev(), metadata.ino())),
            };
            match identity {
                Some(identity) if seen.insert(identity, ()).is_some() => {
                    repeated.push(path.clone());
                }
                Some((0, 0)) => inputs.push(Input::Stdin),
                _ => inputs.push(Input::File(path.clone())),
            }
        }
        (inputs, repeated)
    }

    /// Reads and parses the message.
    pub(super) fn message(&self) -> Result<Message, Failure> {
        let raw = self.raw()?;
        Message::parse(raw).map_err(|error| explain::message(&error).about(self))
    }

    /// Reads the message, whatever it is.
    pub(super) fn raw(&self) -> Result<RawMessage, Failure> {
        match self {
            Input::Stdin => {
                if io::stdin().is_terminal() {
                    output::say("reading a message from the terminal, up to Ctrl-D");
                }
                read(&mut io::stdin().lock(), "standard input")
            }
            Input::File(path) => {
                let mut file = open(path)?;
                read(&mut file, path.display())
            }
        }
    }

    /// Reads certificates and keys, up to `limit` octets. Keys are secret: they are wiped, and
    /// never lie in a temporary file.
    pub(super) fn key_file(&self, limit: u64) -> Result<Zeroizing<Vec<u8>>, Failure> {
        const HINT: &str = "name a file with certificates, in PEM, DER, PKCS#7 or PKCS#12";
        let name_a_file = |failure: Failure| failure.hint(HINT);
        let (octets, name) = match self {
            Input::Stdin => {
                if io::stdin().is_terminal() {
                    output::say("reading certificates from the terminal, up to Ctrl-D");
                }
                (
                    up_to(limit, io::stdin().lock(), 0),
                    "standard input".to_owned(),
                )
            }
            Input::File(path) => {
                let file = open(path).map_err(name_a_file)?;
                let length = file.metadata().map_or(0, |metadata| metadata.len());
                (up_to(limit, file, length), path.display().to_string())
            }
        };
        let octets = octets.map_err(|error| {
            Failure::new(Code::Io, format!("cannot read {name}: {}", plain(&error)))
        })?;
        if octets.len() as u64 > limit {
            let message = format!("{name} has more than {} MiB", limit >> 20);
            return Err(name_a_file(Failure::new(Code::Data, message)));
        }
        Ok(octets)
    }

    /// What the message's copies are named after.
    pub(super) fn stem(&self) -> &str {
        match self {
            Input::Stdin => "message",
            Input::File(path) => path
                .file_stem()
                .and_then(|stem| stem.to_str())
                .unwrap_or("message"),
        }
    }

    /// Whether `path` is the very file that the message is read from.
    pub(super) fn is(&self, path: &Path) -> bool {
        let Input::File(own) = self else { return false };
        match (own.metadata(), path.metadata()) {
            (Ok(own), Ok(other)) => (own.dev(), own.ino()) == (other.dev(), other.ino()),
            _ => false,
        }
    }
}

impl std::fmt::Display for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Input::Stdin => f.write_str("standard input"),
            Input::File(path) => write!(f, "{}", path.display().to_string().escape_debug()),
        }
    }
}

fn open(path: &Path) -> Result<File, Failure> {
    let shown = path.display().to_string().escape_debug().to_string();
    let file = File::open(path).map_err(|error| cannot_open(&shown, &error))?;
    let kind = file
        .metadata()
        .map_err(|error| cannot_open(&shown, &error))?
        .file_type();
    if kind.is_dir() {
        return Err(
            Failure::new(Code::NoInput, format!("{shown} is a directory"))
                .hint(format!("name the messages in it, such as {shown}/*.eml")),
        );
    }
    if kind.is_block_device() {
        return Err(Failure::new(
            Code::NoInput,
            format!("{shown} is a block device"),
        ));
    }
    Ok(file)
}

fn cannot_open(shown: &str, error: &io::Error) -> Failure {
    let (code, hint) = match error.kind() {
        io::ErrorKind::PermissionDenied => (
            Code::NoPermission,
            "mailseal runs as a user who may not read it",
        ),
        _ => (
            Code::NoInput,
            "name a message that is there, or - for standard input",
        ),
    };
    Failure::new(
        code,
        format!("unable to open file {shown} - {}", plain(error)),
    )
    .hint(hint)
}

fn read(reader: &mut dyn Read, name: impl std::fmt::Display) -> Result<RawMessage, Failure> {
    RawMessage::read(reader).map_err(|error| {
        Failure::new(Code::Io, format!("cannot read {name}: {}", plain(&error))).hint(
            "messages over 1 MiB are kept in a temporary file: is there room in TMPDIR or /tmp?",
        )
    })
}

/// Reads `limit` octets and one more, if there are as many. The buffer is made large enough at once
/// where the length is known: growing would leave copies of a secret behind.
fn up_to(limit: u64, reader: impl Read, length: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    /// Standard input has no length; no private key is as long as this.
    const LEAST: u64 = 64 << 10;
    let capacity = length.clamp(LEAST, limit.max(LEAST)) + 1;
    let mut octets = Zeroizing::new(Vec::with_capacity(
        usize::try_from(capacity).unwrap_or_default(),
    ));
    reader.take(limit + 1).read_to_end(&mut octets)?;
    Ok(octets)
}

/// The system's words for what happened.
pub(super) fn plain(error: &io::Error) -> String {
    without_os_numbers(&error.to_string())
}
