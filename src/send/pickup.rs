//! PowerMTA's pickup directory: a file with the envelope and the message.
//!
//! PowerMTA takes every file it finds there, so a message is written beside the directory, in a
//! file that only its owner can read, and moved in when it is whole. Nothing stays behind when
//! that fails.
//!
//! ```
//! use mailseal::send::pickup::{Options, Pickup};
//!
//! let mut options = Options::new("/var/spool/pmta/pickup");
//! options.job = Some("invoices".into());
//! let pickup = Pickup::new(options)?;
//! # Ok::<(), mailseal::send::pickup::Error>(())
//! ```
//!
//! # Not supported
//! Other servers' pickup formats; mailmerge headers.

use std::fs::{self, File, Permissions};
use std::io::{self, BufRead, BufWriter, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::time::Instant;

use tempfile::NamedTempFile;

use super::{Delivery, Kind, Opened, Outcome, Outgoing, Receipt, Sender};

/// Where messages go and what is told beside the envelope.
#[derive(Debug, Clone)]
pub struct Options {
    /// The pickup directory.
    pub directory: PathBuf,
    /// Where files are written before they are moved in, on the same filesystem; `None` is the
    /// directory that holds the pickup directory.
    pub staging: Option<PathBuf>,
    /// `x-virtual-mta`: the VirtualMTA to send from.
    pub virtual_mta: Option<String>,
    /// `x-job`: the job it belongs to.
    pub job: Option<String>,
    /// `x-envid`: the envelope id.
    pub envelope_id: Option<String>,
    /// The file's permissions once it is whole: 0640. Its group becomes the directory's.
    pub mode: u32,
}

impl Options {
    /// The defaults for a directory.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            staging: None,
            virtual_mta: None,
            job: None,
            envelope_id: None,
            mode: 0o640,
        }
    }
}

/// A [`Sender`] into a pickup directory.
#[derive(Debug)]
pub struct Pickup {
    options: Options,
    /// The lines that every message has alike.
    common: Vec<u8>,
}

impl Pickup {
    /// Takes the options, if each fits on a line of its own.
    pub fn new(options: Options) -> Result<Self, Error> {
        let mut common = Vec::new();
        for (name, value) in [
            ("x-virtual-mta", &options.virtual_mta),
            ("x-job", &options.job),
            ("x-envid", &options.envelope_id),
        ] {
            let Some(value) = value else { continue };
            if value.is_empty() || value.chars().any(char::is_control) {
                return Err(Error::Value {
                    name,
                    value: value.clone(),
                });
            }
            common.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        Ok(Self { options, common })
    }

    fn deliver(&self, outgoing: &Outgoing) -> Result<PathBuf, Error> {
        let directory = &self.options.directory;
        let held = fs::metadata(directory)
            .and_then(|held| match held.is_dir() {
                true => Ok(held),
                false => Err(io::ErrorKind::NotADirectory.into()),
            })
            .map_err(|source| Error::Directory {
                path: directory.clone(),
                source,
            })?;
        refuse_commands(outgoing)?;
        let staging = self.staging()?;
        let unwritten = |source| Error::Write {
            path: staging.clone(),
            source,
        };
        // Created with mode 0600.
        let mut file = tempfile::Builder::new()
            .prefix(".mailseal-")
            .tempfile_in(&staging)
            .map_err(unwritten)?;
        self.write(outgoing, &mut file, &staging)?;
        file.as_file()
            .sync_all()
            .and_then(|()| hand_over(file.as_file(), held.gid(), self.options.mode))
            .map_err(unwritten)?;
        let path = move_in(file, directory)?;
        // The name is safe on disk when the directory is. The message is whole and moved anyway.
        let _not_everywhere_possible = File::open(directory).and_then(|held| held.sync_all());
        Ok(path)
    }

    fn staging(&self) -> Result<PathBuf, Error> {
        if let Some(staging) = &self.options.staging {
            return Ok(staging.clone());
        }
        let directory = &self.options.directory;
        let resolved = fs::canonicalize(directory).map_err(|source| Error::Directory {
            path: directory.clone(),
            source,
        })?;
        Ok(resolved.parent().unwrap_or(Path::new("/")).to_owned())
    }

    fn write(
        &self,
        outgoing: &Outgoing,
        file: &mut NamedTempFile,
        staging: &Path,
    ) -> Result<(), Error> {
        let unwritten = |source| Error::Write {
            path: staging.to_owned(),
            source,
        };
        let mut out = BufWriter::new(file);
        self.envelope(outgoing, &mut out).map_err(unwritten)?;
        let mut reader = outgoing.reader();
        let mut last = b'\n';
        loop {
            let block = match reader.fill_buf() {
                Ok([]) => break,
                Ok(block) => block,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Error::Read(error)),
            };
            out.write_all(block).map_err(unwritten)?;
            last = block.last().copied().unwrap_or(last);
            let length = block.len();
            reader.consume(length);
        }
        // A last line without an end gets one, as SMTP gives it.
        if last != b'\n' {
            out.write_all(b"\r\n").map_err(unwritten)?;
        }
        out.flush().map_err(unwritten)
    }

    // No address holds a control character, so none can end its line.
    fn envelope(&self, outgoing: &Outgoing, out: &mut impl Write) -> io::Result<()> {
        let envelope = outgoing.envelope();
        match envelope.from() {
            Some(from) => write!(out, "x-sender: {from}\r\n")?,
            None => out.write_all(b"x-sender: <>\r\n")?,
        }
        for recipient in envelope.recipients() {
            write!(out, "x-receiver: {recipient}\r\n")?;
        }
        out.write_all(&self.common)
    }
}

impl Sender for Pickup {
    fn open(&mut self) -> Result<Option<Opened>, super::Error> {
        Ok(None)
    }

    fn send(&mut self, outgoing: &Outgoing) -> Result<Receipt, super::Error> {
        let started = Instant::now();
        let path = self.deliver(outgoing)?;
        let words = format!("written to {}", path.display());
        let accepted = |recipient: &crate::address::Address| Delivery {
            recipient: recipient.clone(),
            outcome: Outcome::Accepted(words.clone()),
        };
        Ok(Receipt {
            deliveries: outgoing
                .envelope()
                .recipients()
                .iter()
                .map(accepted)
                .collect(),
            id: path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned()),
            warnings: Vec::new(),
            opened: Vec::new(),
            attempts: 1,
            elapsed: started.elapsed(),
        })
    }
}

/// What PowerMTA reads as the envelope stands in front of the header with nothing between: fields
/// of the message with such names, which come from other servers' pickup and drop directories,
/// would add recipients.
fn refuse_commands(outgoing: &Outgoing) -> Result<(), Error> {
    // x-virtual-mta and x-job choose a route, in a message as well as here, and nobody's mail.
    const COMMANDS: [&str; 2] = ["x-sender", "x-receiver"];
    let (header, _) = outgoing.divided().map_err(Error::Read)?;
    match COMMANDS.iter().find(|name| header.first(name).is_some()) {
        Some(name) => Err(Error::Command(name)),
        None => Ok(()),
    }
}

// PowerMTA runs as a user of its own, who shares the directory's group with us at best.
// Asked of the open file: its name stands in a directory where others may write, too.
fn hand_over(file: &File, group: u32, mode: u32) -> io::Result<()> {
    let _only_members_may = fchown(file, None, Some(group));
    file.set_permissions(Permissions::from_mode(mode))
}

/// Renames the file into the directory, under a name that nothing there has.
fn move_in(mut file: NamedTempFile, directory: &Path) -> Result<PathBuf, Error> {
    loop {
        let path = directory.join(format!("mailseal-{:032x}.eml", rand::random::<u128>()));
        let Err(refused) = file.persist_noclobber(&path) else {
            return Ok(path);
        };
        match refused.error.kind() {
            io::ErrorKind::AlreadyExists => file = refused.file,
            io::ErrorKind::CrossesDevices => {
                return Err(Error::OtherFilesystem {
                    path: directory.to_owned(),
                });
            }
            _ => {
                let path = directory.to_owned();
                return Err(Error::Write {
                    path,
                    source: refused.error,
                });
            }
        }
    }
}

/// Why a message was not put there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The pickup directory is none.
    #[error("cannot use the pickup directory {}", path.display())]
    Directory {
        /// As it was given.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The file could not be written beside the directory or moved into it.
    #[error("cannot write a message in {}", path.display())]
    Write {
        /// Where.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// Renaming works within a filesystem only.
    #[error(
        "what is beside {} is on another filesystem; name a staging directory on the same",
        path.display()
    )]
    OtherFilesystem {
        /// The pickup directory.
        path: PathBuf,
    },
    /// An option would not stay on its line.
    #[error("{name} cannot be \"{}\"", .value.escape_debug())]
    Value {
        /// The line's name.
        name: &'static str,
        /// The value.
        value: String,
    },
    /// The message has a field that PowerMTA would read as part of the envelope.
    #[error("PowerMTA would take the message's own field {0} for the envelope's")]
    Command(&'static str),
    /// The message could not be read on this side.
    #[error("cannot read the message")]
    Read(#[source] io::Error),
}

impl Error {
    /// What the caller can do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Directory { .. } | Self::OtherFilesystem { .. } | Self::Value { .. } => {
                Kind::Configuration
            }
            Self::Command(_) => Kind::Message,
            Self::Write { .. } | Self::Read(_) => Kind::Io,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::send::{Envelope, Error as SendError};
    use crate::spool::Spool;

    fn outgoing() -> Outgoing {
        carrying(b"Subject: x\r\n\r\n.hello\r\n")
    }

    fn carrying(message: &[u8]) -> Outgoing {
        let recipients = ["bob@example.org", "\"c d\"@example.org"];
        let recipients = recipients.map(|text| text.parse().unwrap()).to_vec();
        let from = Some("alice@example.com".parse().unwrap());
        Outgoing::new(
            Envelope::new(from, recipients).unwrap(),
            Arc::new(Spool::from_bytes(message.to_vec())),
        )
    }

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn the_file_has_the_envelope_and_then_the_message() {
        let beside = tempfile::tempdir().unwrap();
        let directory = beside.path().join("pickup");
        fs::create_dir(&directory).unwrap();
        let mut options = Options::new(&directory);
        options.virtual_mta = Some("vmta1".into());
        options.job = Some("invoices".into());
        options.envelope_id = Some("42".into());
        let receipt = Pickup::new(options).unwrap().send(&outgoing()).unwrap();
        assert!(receipt.worst().is_none());
        let path = directory.join(receipt.id.unwrap());
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "x-sender: alice@example.com\r\n\
             x-receiver: bob@example.org\r\n\
             x-receiver: \"c d\"@example.org\r\n\
             x-virtual-mta: vmta1\r\nx-job: invoices\r\nx-envid: 42\r\n\
             Subject: x\r\n\r\n.hello\r\n"
        );
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o640);
        assert_eq!(names(beside.path()), ["pickup"], "nothing stays beside");
    }

    #[test]
    fn what_is_no_directory_is_told_and_nothing_stays() {
        let beside = tempfile::tempdir().unwrap();
        let directory = beside.path().join("pickup");
        for prepare in [None, Some("a file")] {
            if let Some(content) = prepare {
                fs::write(&directory, content).unwrap();
            }
            let error = Pickup::new(Options::new(&directory))
                .unwrap()
                .send(&outgoing())
                .unwrap_err();
            assert!(matches!(error, SendError::Pickup(Error::Directory { .. })));
            assert!(names(beside.path()).len() <= 1);
        }
    }

    #[test]
    fn a_message_adds_nobody_to_its_envelope() {
        let beside = tempfile::tempdir().unwrap();
        let directory = beside.path().join("pickup");
        fs::create_dir(&directory).unwrap();
        let mut pickup = Pickup::new(Options::new(&directory)).unwrap();
        let error = pickup
            .send(&carrying(b"X-Receiver: eve@example.net\r\nX: y\r\n\r\n"))
            .unwrap_err();
        assert_eq!(error.kind(), Kind::Message);
        assert!(names(&directory).is_empty());
        let body = carrying(b"X: y\r\n\r\nx-receiver: eve@example.net");
        let path = directory.join(pickup.send(&body).unwrap().id.unwrap());
        assert!(fs::read(path).unwrap().ends_with(b"@example.net\r\n"));
    }

    #[test]
    fn an_option_cannot_bring_a_line_of_its_own() {
        let mut options = Options::new("/tmp");
        options.job = Some("a\r\nx-receiver: eve@example.com".into());
        assert!(matches!(
            Pickup::new(options),
            Err(Error::Value { name: "x-job", .. })
        ));
    }
}
