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
//! spool.put(vec![Received {
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
//! Each message has a line of JSON before it, which tells how it came. Messages of one request, and
//! of others that come while a file is on its way to the disk, share the next file and its fsync; a
//! message that is decided on is marked in its line. A message that has to be tried again gets a file
//! of its own, whose name says how often it was tried, and when it is due. Files are written under
//! another name, and get theirs when all that is in them is on the disk.
//!
//! # Not supported
//!
//! Encryption. Messages are as private as the directory: mode 0700, files 0600. Two processes in
//! one directory: the second one is refused. A file system without `flock`.

mod disk;
mod file;
mod held;
mod queue;
mod received;
mod recovery;
mod spares;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use disk::Disk;
use file::{FileName, SpoolFile};
use held::{HeldDirectory, Lock, NotLocked};
use queue::{Queue, Waiting, now};
use received::Entry;

use crate::store::group_commit::GroupCommit;

pub use queue::Depth;
pub use received::{Damage, Id, NotAnId, Received, Source};
pub use recovery::{PutAside, TakenUp};

/// A file has no more octets than this, unless one message alone has more.
const LARGEST_FILE: u64 = 4 << 20;

/// Messages that are worked on at the same time have no more octets than this together, unless one
/// alone has more: they are in memory.
const MOST_IN_WORK: u64 = 64 << 20;

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
    Io(#[from] Arc<io::Error>),
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
    disk: Disk,
    queue: Queue,
    commits: GroupCommit<Entry, Arc<io::Error>>,
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
        let queue = Queue::new(most, MOST_IN_WORK);
        let taken_up = recovery::take_up(&directory, &queue).map_err(io)?;
        let shared = Shared {
            disk: Disk::new(directory),
            queue,
            commits: GroupCommit::new(LARGEST_FILE),
            lock,
        };
        Ok((SpoolDirectory(Arc::new(shared)), taken_up))
    }

    /// Takes the messages of one request, all or none. They are on the disk when this returns.
    ///
    /// # Errors
    ///
    /// None of them was taken.
    pub fn put(&self, messages: Vec<Received>) -> Result<(), PutError> {
        if messages.is_empty() {
            return Ok(());
        }
        let entries: Vec<Entry> = messages.into_iter().map(Entry::new).collect();
        let room = Depth {
            messages: entries.len(),
            octets: entries.iter().map(Entry::octets).sum(),
        };
        let shared = &self.0;
        shared.queue.reserve(room).map_err(PutError::Full)?;
        let commit = |entries: &[Entry]| shared.commit(entries).map_err(Arc::new);
        let committed = shared.commits.run(entries, room.octets, commit);
        committed.inspect_err(|_| shared.queue.release(room))?;
        Ok(())
    }

    /// Waits for a message that is due and hands it out; none once the spool is [closed](Self::close).
    /// Those that are handed out and not done with have at most 64 MiB together, or are one alone.
    ///
    /// # Errors
    ///
    /// The file is damaged or cannot be read: the next call is for the next one.
    pub fn claim(&self) -> Option<Result<Claimed, ClaimError>> {
        let waiting = self.0.queue.pop()?;
        let (file, entry) = match self.0.disk.read(&waiting) {
            Ok(read) => read,
            Err(source) => {
                let name = waiting.file.name().to_owned();
                self.0.queue.defer(waiting, later(TRY_AGAIN));
                return Some(Err(ClaimError::Read { name, source }));
            }
        };
        Some(match Received::parse(entry) {
            Ok(received) => Ok(Claimed {
                spool: Arc::clone(&self.0),
                waiting: Some(waiting),
                file,
                received,
            }),
            Err(damage) => Err(ClaimError::PutAside(self.0.put_aside(&waiting, damage))),
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

/// By the system's clock.
fn later(delay: Duration) -> u64 {
    now().saturating_add(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX))
}

impl Shared {
    /// Writes messages of one or more requests. All of them wait when it returns, or none.
    fn commit(&self, entries: &[Entry]) -> io::Result<()> {
        let due = now();
        let files: Vec<_> = entries_by_file(entries)
            .into_iter()
            .map(|entries| {
                let name = FileName {
                    id: entries[0].id.clone(),
                    attempts: 0,
                    due,
                };
                let count = entries.len();
                (Arc::new(SpoolFile::new(&name, count, count)), entries)
            })
            .collect();
        let contents = files
            .iter()
            .map(|(file, entries)| (&**file, pieces(entries)));
        self.disk.write(&contents.collect::<Vec<_>>())?;
        for (file, entries) in files {
            let mut start = 0;
            self.queue.push(entries.iter().map(|entry| {
                let waiting = Waiting {
                    id: entry.id.clone(),
                    attempts: 0,
                    due,
                    file: Arc::clone(&file),
                    start,
                    octets: entry.octets(),
                };
                start += entry.octets();
                waiting
            }));
        }
        Ok(())
    }

    /// Once more in vain. If this cannot be written, only this process knows of it.
    fn defer(&self, waiting: Waiting, file: &File, delay: Duration) -> io::Result<()> {
        let due = later(delay);
        let (waiting, written) = match self.deferred(&waiting, file, due) {
            Ok(deferred) => (deferred, Ok(())),
            Err(error) => (waiting, Err(error)),
        };
        self.queue.defer(waiting, due);
        written
    }

    /// In a file of its own, whose name says when it is due.
    fn deferred(&self, waiting: &Waiting, file: &File, due: u64) -> io::Result<Waiting> {
        let name = FileName {
            id: waiting.id.clone(),
            attempts: waiting.attempts.saturating_add(1),
            due,
        };
        let own = SpoolFile::new(&name, 1, 1);
        match waiting.file.is_of_one() {
            true => self.disk.rename(&waiting.file, &own)?,
            false => self.disk.move_out(waiting, file, &own)?,
        }
        Ok(Waiting {
            id: name.id,
            attempts: name.attempts,
            due,
            file: Arc::new(own),
            start: 0,
            octets: waiting.octets,
        })
    }

    /// A message that is damaged waits no more.
    fn put_aside(&self, waiting: &Waiting, damage: Damage) -> PutAside {
        self.queue.done(waiting);
        self.disk.put_aside(waiting, damage)
    }
}

/// Divides messages into files that are not too large.
fn entries_by_file(entries: &[Entry]) -> Vec<&[Entry]> {
    let (mut files, mut first, mut octets) = (Vec::new(), 0, 0);
    for (place, entry) in entries.iter().enumerate() {
        if place > first && octets + entry.octets() > LARGEST_FILE {
            files.push(&entries[first..place]);
            (first, octets) = (place, 0);
        }
        octets += entry.octets();
    }
    files.push(&entries[first..]);
    files
}

/// What is written of messages, in its order.
fn pieces(entries: &[Entry]) -> Vec<&[u8]> {
    let mut pieces = Vec::with_capacity(2 * entries.len());
    for entry in entries {
        pieces.extend([&entry.header[..], &entry.message[..]]);
    }
    pieces
}

/// A message that one worker has. Let go of otherwise, as by a panic, it is tried again later.
#[derive(Debug)]
pub struct Claimed {
    spool: Arc<Shared>,
    /// None once it is decided what becomes of it.
    waiting: Option<Waiting>,
    file: File,
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
    /// The message is still in its file, and is worked on again after the next start.
    pub fn done(mut self) -> io::Result<()> {
        let Some(waiting) = self.waiting.take() else {
            return Ok(());
        };
        self.spool.queue.done(&waiting);
        self.spool.disk.leave(&waiting, &self.file)
    }

    /// It is to be worked on again after a while: by the system's clock, whatever time mail is
    /// judged for. A restart in between makes no difference.
    ///
    /// # Errors
    ///
    /// This could not be written down: a restart would make a difference.
    pub fn defer(mut self, delay: Duration) -> io::Result<()> {
        match self.waiting.take() {
            Some(waiting) => self.spool.defer(waiting, &self.file, delay),
            None => Ok(()),
        }
    }
}

impl Drop for Claimed {
    fn drop(&mut self) {
        if let Some(waiting) = self.waiting.take() {
            let _only_this_process_knows = self.spool.defer(waiting, &self.file, TRY_AGAIN);
        }
    }
}
