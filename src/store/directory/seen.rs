//! Which mails have been decided on: the SHA-256 digests of the last of them, in the file `seen`.
//!
//! A relay that has heard no answer sends a mail again, minutes or hours later. It need not be judged
//! again. That is all this is for: a mail that is forgotten is judged again and changes nothing, so
//! the file is never waited for.

use std::collections::{HashSet, VecDeque};
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::keys::directory::{DirectoryWriter, Folder, WriteError};

/// As many are remembered: of a relay that keeps trying for a day, all that come at more than one a
/// second. In memory they take 8 MiB.
pub(super) const CAPACITY: usize = 100_000;

/// The file is written anew when it has as many.
const MAX_RECORDS: u64 = 2 * CAPACITY as u64;

/// A digest. Blocks of disks are multiples of it, so a full disk leaves no half.
const RECORD: usize = 32;

/// How much is read at a time.
const PIECE: usize = 64 << 10;

const NAME: &str = "seen";

/// What has been seen, by all processes that work on the directory.
pub(super) struct Seen {
    path: PathBuf,
    folder: Arc<Folder>,
    memory: Mutex<Memory>,
}

/// The file as it was when it was last looked at.
#[derive(Default)]
struct Memory {
    file: Option<File>,
    /// How far it has been read, in octets.
    read: u64,
    order: VecDeque<[u8; RECORD]>,
    known: HashSet<[u8; RECORD]>,
}

impl Seen {
    /// Of the directory at this path, which is open.
    pub(super) fn new(path: PathBuf, folder: Arc<Folder>) -> Seen {
        Seen {
            path,
            folder,
            memory: Mutex::default(),
        }
    }

    /// Whether it is remembered.
    pub(super) fn contains(&self, digest: &[u8; RECORD]) -> Result<bool, WriteError> {
        let mut memory = self.memory();
        self.catch_up(&mut memory)?;
        Ok(memory.known.contains(digest))
    }

    /// Remembers one more, on disk if that can be had.
    pub(super) fn insert(&self, digest: &[u8; RECORD]) {
        let mut memory = self.memory();
        memory.insert(*digest);
        // The disk may be full. Then a mail that comes again is judged again, once we are started
        // anew, and nothing else is lost.
        let _ = self.append(&mut memory, digest);
    }

    fn append(&self, memory: &mut Memory, digest: &[u8; RECORD]) -> Result<(), WriteError> {
        self.catch_up(memory)?;
        let mut file = match memory.file.take() {
            Some(file) => file,
            None => self.folder.log(NAME, 0o600)?,
        };
        let length = file
            .write_all(digest)
            .and_then(|()| Ok(file.metadata()?.len()));
        memory.file = Some(file);
        let length = length.map_err(self.folder.unwritten(NAME))?;
        if length >= MAX_RECORDS * RECORD as u64 || length % RECORD as u64 != 0 {
            self.compact(memory)?;
        }
        Ok(())
    }

    /// Writes the file anew, with no more than is remembered. Of several processes one does it, and
    /// what another one appends to the old file meanwhile is forgotten.
    fn compact(&self, memory: &mut Memory) -> Result<(), WriteError> {
        let writer = DirectoryWriter::open(&self.path)?;
        self.catch_up(memory)?;
        let records: Vec<u8> = memory.order.iter().flatten().copied().collect();
        if memory.read as usize != records.len() || memory.is_torn() {
            writer.replace(NAME, &records, 0o600)?;
        }
        Ok(())
    }

    /// Reads what has been appended since, by whomever; from the beginning if it is another file.
    fn catch_up(&self, memory: &mut Memory) -> Result<(), WriteError> {
        let unreadable = self.folder.unreadable(NAME);
        let is_same = match &memory.file {
            Some(file) => self.folder.is_at(NAME, file).map_err(&unreadable)?,
            None => false,
        };
        if !is_same {
            let had_file = memory.file.is_some();
            match self.folder.existing_log(NAME)? {
                Some(file) => memory.begin(file),
                None if had_file => *memory = Memory::default(),
                None => return Ok(()),
            }
        }
        memory.read_on().map_err(unreadable)
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // Whoever panicked has left out or read twice a digest at most.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    fn begin(&mut self, file: File) {
        self.order.clear();
        self.known.clear();
        (self.file, self.read) = (Some(file), 0);
    }

    fn read_on(&mut self) -> io::Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let length = file.metadata()?.size();
        let whole = length - length % RECORD as u64;
        if whole == self.read {
            return Ok(());
        }
        if whole < self.read {
            self.order.clear();
            self.known.clear();
            self.read = 0;
        }
        // What is before would be forgotten at once.
        let first = whole.saturating_sub((CAPACITY * RECORD) as u64);
        let mut position = self.read.max(first);
        let mut piece = vec![0; PIECE.min((whole - position) as usize)];
        let mut found: Vec<[u8; RECORD]> = Vec::new();
        while position < whole {
            let wanted = piece.len().min((whole - position) as usize);
            match file.read_exact_at(&mut piece[..wanted], position) {
                Ok(()) => {}
                // It has become shorter since; the next one to ask sees that.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => break,
                Err(error) => return Err(error),
            }
            found.extend(piece[..wanted].as_chunks().0);
            position += wanted as u64;
        }
        self.read = position;
        found.into_iter().for_each(|digest| self.insert(digest));
        Ok(())
    }

    fn is_torn(&self) -> bool {
        let length = self.file.as_ref().and_then(|file| file.metadata().ok());
        length.is_some_and(|metadata| metadata.size() % RECORD as u64 != 0)
    }

    fn insert(&mut self, digest: [u8; RECORD]) {
        if !self.known.insert(digest) {
            return;
        }
        self.order.push_back(digest);
        if self.order.len() > CAPACITY
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::*;

    fn seen(directory: &Path) -> Seen {
        let folder = Arc::new(Folder::open(directory).unwrap());
        Seen::new(directory.to_owned(), folder)
    }

    fn digest(number: usize) -> [u8; RECORD] {
        let mut digest = [7; RECORD];
        digest[..8].copy_from_slice(&(number as u64).to_be_bytes());
        digest
    }

    #[test]
    fn what_one_has_seen_all_have() {
        let directory = tempfile::tempdir().unwrap();
        let (one, other) = (seen(directory.path()), seen(directory.path()));
        assert!(!one.contains(&digest(1)).unwrap());
        assert!(!other.contains(&digest(1)).unwrap());
        for number in [1, 2, 1] {
            one.insert(&digest(number));
            assert!(one.contains(&digest(number)).unwrap());
            assert!(other.contains(&digest(number)).unwrap());
        }
        other.insert(&digest(3));
        assert!(one.contains(&digest(3)).unwrap());
        assert!(!one.contains(&digest(4)).unwrap());
        assert!(seen(directory.path()).contains(&digest(2)).unwrap());
    }

    #[test]
    fn a_file_that_shrinks_goes_or_is_another_is_read_anew() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(NAME);
        let seen = seen(directory.path());
        (1..=3).for_each(|number| seen.insert(&digest(number)));
        fs::write(&file, digest(2)).unwrap();
        let known = |number| seen.contains(&digest(number)).unwrap();
        assert_eq!([1, 2, 3].map(known), [false, true, false]);
        fs::write(directory.path().join("other"), digest(9)).unwrap();
        fs::rename(directory.path().join("other"), &file).unwrap();
        assert_eq!([2, 9].map(known), [false, true]);
        fs::remove_file(&file).unwrap();
        assert!(!known(9));
        seen.insert(&digest(5));
        assert!(known(5) && file.exists());
    }

    #[test]
    fn a_torn_record_is_nothing_and_does_not_stay() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(NAME);
        fs::write(&file, [&digest(1)[..], &digest(2)[..31]].concat()).unwrap();
        let seen = seen(directory.path());
        assert!(seen.contains(&digest(1)).unwrap());
        assert!(!seen.contains(&digest(2)).unwrap());
        seen.insert(&digest(3));
        assert_eq!(fs::metadata(&file).unwrap().len() % RECORD as u64, 0);
        for number in [1, 3] {
            assert!(seen.contains(&digest(number)).unwrap(), "{number}");
        }
    }

    #[test]
    fn the_oldest_are_forgotten_and_the_file_stays_short() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(NAME);
        let records = 2 * CAPACITY - 1;
        let all: Vec<u8> = (0..records).flat_map(digest).collect();
        fs::write(&file, all).unwrap();
        let seen = seen(directory.path());
        let oldest = records - CAPACITY;
        assert!(seen.contains(&digest(oldest)).unwrap());
        assert!(!seen.contains(&digest(oldest - 1)).unwrap());
        seen.insert(&digest(records));
        assert_eq!(
            fs::metadata(&file).unwrap().len(),
            (CAPACITY * RECORD) as u64
        );
        assert!(!seen.contains(&digest(oldest)).unwrap());
        assert!(seen.contains(&digest(oldest + 1)).unwrap());
        assert!(seen.contains(&digest(records)).unwrap());
        assert_eq!(seen.memory().order.len(), CAPACITY);
    }

    #[test]
    fn a_link_or_a_directory_in_its_place_is_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let elsewhere = directory.path().join("elsewhere");
        symlink(&elsewhere, directory.path().join(NAME)).unwrap();
        let seen = seen(directory.path());
        assert!(matches!(
            seen.contains(&digest(1)),
            Err(WriteError::Link { .. })
        ));
        seen.insert(&digest(1));
        assert!(!elsewhere.exists());
        fs::remove_file(directory.path().join(NAME)).unwrap();
        fs::create_dir(directory.path().join(NAME)).unwrap();
        assert!(seen.contains(&digest(1)).is_err());
    }
}
