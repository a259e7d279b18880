//! The directory where messages wait between the answer to whoever handed them over and the
//! judgement. What is answered is on the disk, so neither a crash nor a restart loses it; and what
//! waits takes no memory but for its name.
//!
//! ```
//! use mailseal::inbound::spool::{Depth, Id, Received, Source, SpoolDirectory};
//!
//! let directory = tempfile::tempdir()?;
//! let most = Depth { messages: 1000, octets: 1 << 30 };
//! let (spool, taken_up) = SpoolDirectory::open(directory.path(), most)?;
//! assert_eq!(taken_up.messages, 0);
//!
//! let now = "2026-11-28T12:00:00Z".parse()?;
//! spool.put(&[Received {
//!     id: Id::new(now),
//!     received: now,
//!     source: Source::Raw,
//!     peer: "192.0.2.7".into(),
//!     msg_from: None,
//!     rcpt_to: None,
//!     message: b"From: bob@example.com\r\n\r\nhello\r\n".to_vec(),
//! }])?;
//! assert_eq!(spool.depth().messages, 1);
//!
//! let claimed = spool.claim().unwrap()?;
//! assert!(claimed.received().message.starts_with(b"From: bob"));
//! claimed.done()?;
//! assert_eq!(spool.depth().messages, 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A file has one line of JSON, which tells how the message came, and then the message. Its name
//! says what changes: how often it was tried, and when it is due again. Files are written under a
//! name of their own, and get theirs when all of them is on the disk.
//!
//! # Not supported
//!
//! Encryption. Messages are as private as the directory: mode 0700, files 0600. Two processes in
//! one directory: the second one is refused. A file system without `flock`.

mod held;
mod queue;
mod received;
mod recovery;
mod shared_sync;
mod spares;
#[cfg(test)]
mod tests;

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use held::{HeldDirectory, Lock, NotLocked};
use queue::{Queue, Waiting, now};
use shared_sync::SharedSync;
use spares::Spares;

pub use queue::Depth;
pub use received::{Damage, Id, NotAnId, Received, Source};
pub use recovery::{PutAside, TakenUp};

/// What begins like this is not on the disk yet, or was not when the process ended.
const TEMPORARY: &str = "new-";

/// For more messages than this at a time, one call that waits for all there is to be written is
/// sooner done than one for each: ten thousand take seconds, and not most of a minute.
const MANY: usize = 16;

/// After so long a message is tried again whose worker was lost, or whose file cannot be read.
const TRY_AGAIN: Duration = Duration::from_secs(60);

/// Why a spool cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The directory cannot be made, opened, read or written to.
    #[error("the spool {} cannot be used", .path.display())]
    Io {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process works in it.
    #[error("the spool {} is in use by another process{}", .path.display(), number(*.process))]
    InUse {
        /// The directory.
        path: PathBuf,
        /// Its process id, if it says.
        process: Option<u32>,
    },
}

fn number(process: Option<u32>) -> String {
    process.map_or_else(String::new, |process| format!(", number {process}"))
}

/// Why messages were not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PutError {
    /// So much waits already that these would be too much.
    #[error("the spool is full: {} messages of {} octets wait", .0.messages, .0.octets)]
    Full(Depth),
    /// The disk is full, or broken.
    #[error("the spool cannot be written to")]
    Io(#[from] io::Error),
}

/// Why a message that waits could not be handed out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimError {
    /// It is no longer what it was when it was written, and waits no more.
    #[error(transparent)]
    PutAside(PutAside),
    /// It cannot be read for now, and is tried again.
    #[error("{name} in the spool cannot be read")]
    Read {
        /// The file.
        name: String,
        /// Why.
        source: io::Error,
    },
}

/// The messages that wait. A clone is the same spool.
#[derive(Debug, Clone)]
pub struct SpoolDirectory(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    directory: HeldDirectory,
    queue: Queue,
    names: SharedSync,
    spares: Spares,
    #[allow(dead_code, reason = "held as long as the spool is used")]
    lock: Lock,
}

impl SpoolDirectory {
    /// Takes over a directory, which is made if it is not there, and what waits in it.
    ///
    /// # Errors
    ///
    /// Another process has it, or it cannot be worked in.
    pub fn open(path: &Path, most: Depth) -> Result<(SpoolDirectory, TakenUp), OpenError> {
        let io = |source| OpenError::Io {
            path: path.to_owned(),
            source,
        };
        let directory = HeldDirectory::open(path).map_err(io)?;
        let lock = directory.lock().map_err(|refusal| match refusal {
            NotLocked::Io(source) => io(source),
            NotLocked::Held(process) => OpenError::InUse {
                path: path.to_owned(),
                process,
            },
        })?;
        let queue = Queue::new(most);
        let taken_up = recovery::take_up(&directory, &queue).map_err(io)?;
        let shared = Shared {
            directory,
            queue,
            names: SharedSync::default(),
            spares: Spares::default(),
            lock,
        };
        Ok((SpoolDirectory(Arc::new(shared)), taken_up))
    }

    /// Takes the messages of one request, all or none. They are on the disk when this returns.
    ///
    /// # Errors
    ///
    /// None of them was taken.
    pub fn put(&self, items: &[Received]) -> Result<(), PutError> {
        if items.is_empty() {
            return Ok(());
        }
        let headers: Vec<Vec<u8>> = items.iter().map(Received::header).collect();
        let length = |(item, header): (&Received, &Vec<u8>)| header.len() + item.message.len();
        let lengths = items.iter().zip(&headers).map(length);
        let room = Depth {
            messages: items.len(),
            octets: lengths.clone().map(|length| length as u64).sum(),
        };
        self.0.queue.reserve(room).map_err(PutError::Full)?;
        let due = now();
        let waiting: Vec<Waiting> = items
            .iter()
            .zip(lengths)
            .map(|(item, length)| Waiting {
                id: item.id.clone(),
                attempts: 0,
                due,
                octets: length as u64,
            })
            .collect();
        match self.0.write(items, &headers, &waiting) {
            Ok(()) => {
                self.0.queue.push(waiting);
                Ok(())
            }
            Err(error) => {
                self.0.withdraw(&waiting);
                self.0.queue.release(room);
                Err(error.into())
            }
        }
    }

    /// Waits for a message that is due and hands it out; none once the spool is [closed](Self::close).
    ///
    /// # Errors
    ///
    /// The file is damaged or cannot be read: the next call is for the next one.
    pub fn claim(&self) -> Option<Result<Claimed, ClaimError>> {
        let waiting = self.0.queue.pop()?;
        let name = waiting.name();
        let file = match self.0.read(&name) {
            Ok(file) => file,
            Err(source) => {
                let _only_this_process_knows = self.0.defer(waiting, TRY_AGAIN);
                return Some(Err(ClaimError::Read { name, source }));
            }
        };
        Some(match Received::parse(file) {
            Ok(received) => Ok(Claimed {
                spool: Arc::clone(&self.0),
                waiting: Some(waiting),
                received,
            }),
            Err(damage) => {
                self.0.queue.release(waiting.room());
                let aside = PutAside::put(&self.0.directory, name.into(), damage);
                Err(ClaimError::PutAside(aside))
            }
        })
    }

    /// Lets all who wait in [`claim`](Self::claim) go, and those who come. What waits stays on the
    /// disk.
    pub fn close(&self) {
        self.0.queue.close();
    }

    /// How much waits.
    pub fn depth(&self) -> Depth {
        self.0.queue.depth()
    }

    /// Whether there is room for nothing more.
    pub fn is_full(&self) -> bool {
        self.0.queue.is_full()
    }

    /// Whether a message waits that nobody has worked on yet.
    pub fn has_fresh(&self) -> bool {
        self.0.queue.has_fresh()
    }
}

impl Waiting {
    fn room(&self) -> Depth {
        Depth {
            messages: 1,
            octets: self.octets,
        }
    }

    fn temporary_name(&self) -> String {
        format!("{TEMPORARY}{}", self.name())
    }
}

impl Shared {
    fn write(
        &self,
        items: &[Received],
        headers: &[Vec<u8>],
        waiting: &[Waiting],
    ) -> io::Result<()> {
        let are_many = cfg!(target_os = "linux") && items.len() > MANY;
        for ((item, header), waiting) in items.iter().zip(headers).zip(waiting) {
            let name = waiting.temporary_name();
            let file = match self.spares.give(&self.directory, &name) {
                true => self.directory.write_again(&name, header, &item.message)?,
                false => self.directory.write(&name, header, &item.message)?,
            };
            if !are_many {
                // Besides the octets the length has to be on the disk; the times do not.
                file.sync_data()?;
            }
        }
        #[cfg(target_os = "linux")]
        if are_many {
            self.directory.sync_file_system()?;
        }
        for waiting in waiting {
            self.directory
                .rename(&waiting.temporary_name(), &waiting.name())?;
        }
        self.names.run(|| self.directory.sync())
    }

    /// Whatever of them was written already. What cannot be removed comes to light at the next
    /// start, and is judged once more than its sender expects.
    fn withdraw(&self, waiting: &[Waiting]) {
        for waiting in waiting {
            let _not_there = self.directory.remove(&waiting.temporary_name());
            let _not_there = self.directory.remove(&waiting.name());
        }
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let mut file = self.directory.read(name)?;
        let mut octets = Vec::with_capacity(usize::try_from(file.metadata()?.len()).unwrap_or(0));
        file.read_to_end(&mut octets)?;
        Ok(octets)
    }

    /// Once more in vain. If the file cannot be renamed, only this process knows of it.
    fn defer(&self, waiting: Waiting, delay: Duration) -> io::Result<()> {
        let delay = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        let later = Waiting {
            attempts: waiting.attempts.saturating_add(1),
            due: now().saturating_add(delay),
            ..waiting.clone()
        };
        let renamed = self.directory.rename(&waiting.name(), &later.name());
        let due = later.due;
        self.queue
            .defer(if renamed.is_ok() { later } else { waiting }, due);
        renamed
    }
}

/// A message that one worker has. Let go of otherwise, as by a panic, it is tried again later.
#[derive(Debug)]
pub struct Claimed {
    spool: Arc<Shared>,
    /// None once it is decided what becomes of it.
    waiting: Option<Waiting>,
    received: Received,
}

impl Claimed {
    /// The message, and how it came.
    pub fn received(&self) -> &Received {
        &self.received
    }

    /// Takes the message out, for who needs to own it; on the disk it stays.
    pub fn take_message(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.received.message)
    }

    /// How many times it was worked on before, in vain.
    pub fn attempts(&self) -> u32 {
        self.waiting.as_ref().map_or(0, |waiting| waiting.attempts)
    }

    /// It is decided on: what was decided is on the disk elsewhere.
    ///
    /// # Errors
    ///
    /// The file stays, and the message is worked on again after the next start.
    pub fn done(mut self) -> io::Result<()> {
        let Some(waiting) = self.waiting.take() else {
            return Ok(());
        };
        self.spool.queue.release(waiting.room());
        let directory = &self.spool.directory;
        self.spool.spares.keep(directory, &waiting.name())
    }

    /// It is to be worked on again after a while: by the system's clock, whatever time mail is
    /// judged for. A restart in between makes no difference.
    ///
    /// # Errors
    ///
    /// The file could not be renamed: a restart would make a difference.
    pub fn defer(mut self, delay: Duration) -> io::Result<()> {
        match self.waiting.take() {
            Some(waiting) => self.spool.defer(waiting, delay),
            None => Ok(()),
        }
    }
}

impl Drop for Claimed {
    fn drop(&mut self) {
        if let Some(waiting) = self.waiting.take() {
            let _only_this_process_knows = self.spool.defer(waiting, TRY_AGAIN);
        }
    }
}
