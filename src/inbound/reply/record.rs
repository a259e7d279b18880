//! Who was answered when: a line of text for each, so that nobody is answered twice a day, also by a
//! process that was started anew.
//!
//! What is older than a day is left out when the file is read, and the file written anew without it.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use rustix::fs::OFlags;
use tempfile::NamedTempFile;

use crate::address::Address;

/// RFC 3834 2: an address gets no second answer for some days or, as here, for one.
const PAUSE: SignedDuration = SignedDuration::from_hours(24);

/// More people than this are not answered within a day.
const MAX_ANSWERED: usize = 100_000;

/// The most of a file that is read, in octets: far more than so many lines have.
const MAX_FILE: u64 = 64 << 20;

/// Why nobody can be answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The file cannot be read or written.
    #[error("cannot keep the record of replies {}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// There are too many within a day.
    #[error("{MAX_ANSWERED} addresses have been answered within a day")]
    Full,
}

/// The file, and what is in it.
#[derive(Debug)]
pub struct Record {
    path: PathBuf,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// Written at its end.
    file: File,
    /// By address in lower case: those whose mailboxes may be the same are one.
    answered: HashMap<String, Timestamp>,
}

impl Record {
    /// Reads the file, or makes one, and drops what is old.
    ///
    /// # Errors
    ///
    /// The file cannot be read or written; a symbolic link is not followed.
    pub fn open(path: &Path, now: Timestamp) -> Result<Record, RecordError> {
        let io = |source| RecordError::Io {
            path: path.to_owned(),
            source,
        };
        let answered = read(path, now).map_err(io)?;
        let file = rewrite(path, &answered).map_err(io)?;
        Ok(Record {
            path: path.to_owned(),
            inner: Mutex::new(Inner { file, answered }),
        })
    }

    /// Notes that an address is answered now, unless it was within the last day: then this is no.
    ///
    /// # Errors
    ///
    /// It cannot be noted, and so must not be done.
    pub fn answer(&self, address: &Address, now: Timestamp) -> Result<bool, RecordError> {
        let key = address.to_string().to_lowercase();
        let mut inner = self.lock();
        if inner
            .answered
            .get(&key)
            .is_some_and(|at| is_recent(*at, now))
        {
            return Ok(false);
        }
        if inner.answered.len() >= MAX_ANSWERED {
            inner.answered.retain(|_, at| is_recent(*at, now));
        }
        if inner.answered.len() >= MAX_ANSWERED {
            return Err(RecordError::Full);
        }
        let written = inner.file.write_all(line(&key, now).as_bytes());
        written.map_err(|source| RecordError::Io {
            path: self.path.clone(),
            source,
        })?;
        inner.answered.insert(key, now);
        Ok(true)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A time in the future is a clock's that went wrong, and does not silence anybody for ever.
fn is_recent(at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(at).abs() < PAUSE
}

fn line(address: &str, at: Timestamp) -> String {
    format!("{at} {address}\n")
}

fn read(path: &Path, now: Timestamp) -> io::Result<HashMap<String, Timestamp>> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = File::options()
        .read(true)
        .custom_flags(flags.bits() as i32)
        .open(path);
    let file = match file {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(HashMap::new()),
        Err(error) => return Err(error),
    };
    let mut octets = Vec::new();
    file.take(MAX_FILE).read_to_end(&mut octets)?;
    let mut answered = HashMap::new();
    // A line that a crash left unfinished says nothing.
    for line in String::from_utf8_lossy(&octets).lines() {
        let Some((at, address)) = line.split_once(' ') else {
            continue;
        };
        if let Ok(at) = at.parse::<Timestamp>()
            && is_recent(at, now)
        {
            answered.insert(address.to_owned(), at);
        }
    }
    Ok(answered)
}

/// Puts a file with these lines, that only we may read, into the place of the one that is there.
fn rewrite(path: &Path, answered: &HashMap<String, Timestamp>) -> io::Result<File> {
    let directory = match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        _ => Path::new("."),
    };
    let mut temporary = NamedTempFile::new_in(directory)?;
    let text: String = answered
        .iter()
        .map(|(address, at)| line(address, *at))
        .collect();
    temporary.write_all(text.as_bytes())?;
    temporary.as_file().sync_all()?;
    // What is written next goes behind it.
    Ok(temporary.persist(path)?)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn at(time: &str) -> Timestamp {
        format!("2026-11-{time}:00Z").parse().unwrap()
    }

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    fn open(directory: &tempfile::TempDir, now: &str) -> Record {
        Record::open(&directory.path().join("replies"), at(now)).unwrap()
    }

    #[test]
    fn an_address_is_answered_once_a_day() {
        let directory = tempfile::tempdir().unwrap();
        let record = open(&directory, "21T12:00");
        let answer = |text: &str, now: &str| record.answer(&address(text), at(now)).unwrap();
        assert!(answer("bob@example.com", "21T12:00"));
        assert!(!answer("bob@example.com", "22T11:59"));
        assert!(!answer("BOB@Example.com", "22T11:59"));
        assert!(answer("alice@example.com", "21T12:00"));
        assert!(answer("bob@example.com", "22T12:00"));
        assert!(!answer("bob@example.com", "22T12:01"));
    }

    #[test]
    fn another_process_remembers() {
        let directory = tempfile::tempdir().unwrap();
        let first = open(&directory, "21T12:00");
        first
            .answer(&address("bob@example.com"), at("21T12:00"))
            .unwrap();
        first
            .answer(&address("\"b o b\"@example.com"), at("21T13:00"))
            .unwrap();
        drop(first);
        let second = open(&directory, "22T12:30");
        assert!(
            second
                .answer(&address("bob@example.com"), at("22T12:30"))
                .unwrap()
        );
        assert!(
            !second
                .answer(&address("\"b o b\"@example.com"), at("22T12:30"))
                .unwrap()
        );
        drop(second);
        // What was old is gone from the file.
        let text = fs::read_to_string(directory.path().join("replies")).unwrap();
        assert_eq!(text.lines().count(), 2, "{text}");
    }

    #[test]
    fn lines_that_a_crash_tore_are_passed_over() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("replies");
        fs::write(
            &path,
            b"2026-11-21T12:00:00Z bob@example.com\n\xff\xfe\nsoon x\n2026-11-2",
        )
        .unwrap();
        let record = open(&directory, "21T13:00");
        assert!(
            !record
                .answer(&address("bob@example.com"), at("21T13:00"))
                .unwrap()
        );
        assert!(
            record
                .answer(&address("x@example.com"), at("21T13:00"))
                .unwrap()
        );
    }

    #[test]
    fn a_clock_that_was_wrong_silences_nobody_for_ever() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(
            directory.path().join("replies"),
            "2099-01-01T00:00:00Z bob@example.com\n",
        )
        .unwrap();
        let record = open(&directory, "21T12:00");
        assert!(
            record
                .answer(&address("bob@example.com"), at("21T12:00"))
                .unwrap()
        );
    }

    #[test]
    fn a_link_is_not_followed_and_others_do_not_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("replies");
        let elsewhere = directory.path().join("elsewhere");
        fs::write(&elsewhere, "kept").unwrap();
        symlink(&elsewhere, &path).unwrap();
        assert!(matches!(
            Record::open(&path, at("21T12:00")),
            Err(RecordError::Io { .. })
        ));
        assert_eq!(fs::read(&elsewhere).unwrap(), b"kept");
        fs::remove_file(&path).unwrap();
        let _record = open(&directory, "21T12:00");
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}
