//! Bytes that are read more than once: in memory while they are few, else in a private temporary
//! file that has no name.
//!
//! A message is looked at once to learn its structure and once more for each output, and it may
//! come from a pipe. Keeping it here holds memory flat whatever its size, and what was analysed
//! cannot change before it is signed.
//!
//! ```
//! use std::io::{Read, Write};
//! use mailseal::spool::{Spool, SpoolWriter};
//!
//! let mut writer = SpoolWriter::new();
//! writer.write_all(b"Subject: hello\r\n").unwrap();
//! let spool = writer.finish().unwrap();
//! let mut name = String::new();
//! spool.range(0..7).read_to_string(&mut name).unwrap();
//! assert_eq!(name, "Subject");
//! assert_eq!(spool.slice(9..14).len(), 5);
//! ```
//!
//! # Not supported
//!
//! Encryption of the temporary file: it has no name and only this user can read it, but its octets
//! reach the disk unless `TMPDIR` is in memory. Systems other than Unix.

use std::fs::File;
use std::io::{self, BufRead, Read, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// Up to this many octets stay in memory.
const IN_MEMORY: usize = 1 << 20;

/// How much of a file is read at a time.
const BUFFER: usize = 64 << 10;

/// Bytes that are complete and no longer change.
///
/// A clone and a [`slice`](Spool::slice) share the memory or the file, which goes with the last of
/// them.
#[derive(Debug, Clone)]
pub struct Spool {
    storage: Arc<Storage>,
    /// Where in the storage it begins; `start + length` lies within the storage.
    start: u64,
    length: u64,
}

#[derive(Debug)]
enum Storage {
    Memory(Vec<u8>),
    /// Made with O_TMPFILE or unlinked at once, mode 0600, in `TMPDIR` or `/tmp`.
    File(File),
}

impl Spool {
    /// Keeps bytes that are in memory already.
    pub fn from_bytes(bytes: Vec<u8>) -> Spool {
        Spool::whole(bytes.len() as u64, Storage::Memory(bytes))
    }

    fn whole(length: u64, storage: Storage) -> Spool {
        Spool {
            storage: Arc::new(storage),
            start: 0,
            length,
        }
    }

    /// Reads everything that `reader` has to give.
    pub fn read_from(reader: &mut dyn Read) -> io::Result<Spool> {
        let mut writer = SpoolWriter::new();
        let mut buffer = vec![0; BUFFER];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return writer.finish(),
                Ok(n) => writer.write_all(&buffer[..n])?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The length in octets.
    pub fn len(&self) -> u64 {
        self.length
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Reads from the beginning.
    pub fn reader(&self) -> SpoolReader<'_> {
        self.range(0..self.length)
    }

    /// A range of octets as a spool of its own, in which positions count from the beginning of
    /// the range; what lies past the end is not there. Copies nothing.
    pub fn slice(&self, range: Range<u64>) -> Spool {
        let range = self.within_storage(range);
        Spool {
            storage: Arc::clone(&self.storage),
            start: range.start,
            length: range.end - range.start,
        }
    }

    /// Reads one range of octets; what lies past the end is not there.
    pub fn range(&self, range: Range<u64>) -> SpoolReader<'_> {
        let Range { start, end } = self.within_storage(range);
        match &*self.storage {
            // In memory, so both offsets fit in usize.
            Storage::Memory(bytes) => {
                SpoolReader(Source::Memory(&bytes[start as usize..end as usize]))
            }
            Storage::File(file) => SpoolReader(Source::File {
                file,
                next: start,
                end,
                buffer: Vec::new(),
                consumed: 0,
            }),
        }
    }

    /// Where the storage has a range of this spool, cut at its end.
    fn within_storage(&self, range: Range<u64>) -> Range<u64> {
        let end = range.end.min(self.length);
        let start = range.start.min(end);
        self.start + start..self.start + end
    }
}

/// Collects bytes for a [`Spool`].
#[derive(Debug)]
pub struct SpoolWriter {
    storage: Storage,
    length: u64,
}

impl SpoolWriter {
    /// An empty one; nothing is put on disk before it outgrows memory.
    pub fn new() -> SpoolWriter {
        SpoolWriter {
            storage: Storage::Memory(Vec::new()),
            length: 0,
        }
    }

    /// How many octets it has taken.
    pub fn written(&self) -> u64 {
        self.length
    }

    /// No more will come.
    pub fn finish(self) -> io::Result<Spool> {
        Ok(Spool::whole(self.length, self.storage))
    }

    fn move_to_file(&mut self) -> io::Result<()> {
        if let Storage::Memory(bytes) = &self.storage {
            let mut file = tempfile::tempfile()?;
            file.write_all(bytes)?;
            self.storage = Storage::File(file);
        }
        Ok(())
    }
}

impl Default for SpoolWriter {
    fn default() -> SpoolWriter {
        SpoolWriter::new()
    }
}

impl Write for SpoolWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.length as usize + bytes.len() > IN_MEMORY {
            self.move_to_file()?;
        }
        let written = match &mut self.storage {
            Storage::Memory(memory) => memory.write(bytes)?,
            Storage::File(file) => file.write(bytes)?,
        };
        self.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads a range of a [`Spool`]. Several readers of one spool do not disturb each other.
#[derive(Debug)]
pub struct SpoolReader<'a>(Source<'a>);

#[derive(Debug)]
enum Source<'a> {
    Memory(&'a [u8]),
    File {
        file: &'a File,
        next: u64,
        end: u64,
        buffer: Vec<u8>,
        consumed: usize,
    },
}

impl<'a> SpoolReader<'a> {
    /// All that has not been read, where it is in memory: it can be looked at as it lies there.
    pub fn in_memory(&self) -> Option<&'a [u8]> {
        match self.0 {
            Source::Memory(bytes) => Some(bytes),
            Source::File { .. } => None,
        }
    }

    /// Writes all that has not been read, without a copy of it in between, and a piece at a time:
    /// coders work better on less than a spool in memory has.
    pub fn write_to(mut self, out: &mut dyn Write) -> io::Result<()> {
        loop {
            let there = self.fill_buf()?;
            if there.is_empty() {
                return Ok(());
            }
            let piece = &there[..there.len().min(BUFFER)];
            out.write_all(piece)?;
            let taken = piece.len();
            self.consume(taken);
        }
    }
}

impl Read for SpoolReader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let n = available.len().min(out.len());
        out[..n].copy_from_slice(&available[..n]);
        self.consume(n);
        Ok(n)
    }
}

impl BufRead for SpoolReader<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match &mut self.0 {
            Source::Memory(bytes) => Ok(bytes),
            Source::File {
                file,
                next,
                end,
                buffer,
                consumed,
            } => {
                if *consumed == buffer.len() {
                    let wanted = (*end - *next).min(BUFFER as u64) as usize;
                    buffer.resize(wanted, 0);
                    file.read_exact_at(buffer, *next)?;
                    *next += wanted as u64;
                    *consumed = 0;
                }
                Ok(&buffer[*consumed..])
            }
        }
    }

    fn consume(&mut self, n: usize) {
        match &mut self.0 {
            Source::Memory(bytes) => *bytes = &bytes[n..],
            Source::File { consumed, .. } => *consumed += n,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(length: usize) -> Vec<u8> {
        (0..length).map(|i| (i * 31 % 251) as u8).collect()
    }

    #[test]
    fn small_and_large_spools_read_back_the_same() {
        for length in [0, 1, IN_MEMORY, IN_MEMORY + 1, 3 * IN_MEMORY + 7] {
            let bytes = pattern(length);
            let spool = Spool::read_from(&mut &bytes[..]).unwrap();
            assert_eq!(spool.len(), length as u64);
            assert_eq!(
                matches!(*spool.storage, Storage::File(_)),
                length > IN_MEMORY
            );
            let mut read = Vec::new();
            spool.reader().read_to_end(&mut read).unwrap();
            assert!(read == bytes, "{length} octets came back changed");
            let mut written = Vec::new();
            spool.reader().write_to(&mut written).unwrap();
            assert!(written == bytes, "{length} octets were written changed");
        }
    }

    #[test]
    fn ranges_are_cut_at_the_end() {
        let bytes = pattern(2 * IN_MEMORY);
        let spool = Spool::read_from(&mut &bytes[..]).unwrap();
        let mut read = Vec::new();
        spool
            .range(BUFFER as u64 - 3..BUFFER as u64 + 5)
            .read_to_end(&mut read)
            .unwrap();
        assert_eq!(read, bytes[BUFFER - 3..BUFFER + 5]);
        read.clear();
        spool
            .range(spool.len() - 2..u64::MAX)
            .read_to_end(&mut read)
            .unwrap();
        assert_eq!(read, bytes[bytes.len() - 2..]);
        assert!(
            spool
                .range(u64::MAX - 1..u64::MAX)
                .fill_buf()
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn slices_count_from_their_own_beginning() {
        for length in [IN_MEMORY, IN_MEMORY + 1, 3 * IN_MEMORY + 7] {
            let bytes = pattern(length);
            let whole = Spool::from_bytes(bytes.clone());
            let on_disk = Spool::read_from(&mut &bytes[..]).unwrap();
            for spool in [whole, on_disk] {
                let slice = spool.slice(5..length as u64 - 5);
                drop(spool);
                assert_eq!(slice.len(), length as u64 - 10);
                let mut read = Vec::new();
                slice.reader().read_to_end(&mut read).unwrap();
                assert!(read == bytes[5..length - 5]);

                let inner = slice.slice(10..20);
                read.clear();
                inner.range(2..u64::MAX).read_to_end(&mut read).unwrap();
                assert_eq!(read, bytes[17..25]);
            }
        }
    }

    #[test]
    fn slice_never_reaches_out_of_its_spool() {
        let spool = Spool::from_bytes(b"0123456789".to_vec()).slice(2..5);
        for (start, end, expected) in [
            (0, 3, "234"),
            (0, 4, "234"),
            (1, u64::MAX, "34"),
            (3, 9, ""),
            (u64::MAX, u64::MAX, ""),
            (u64::MAX - 1, 2, ""),
        ] {
            let slice = spool.slice(start..end);
            let mut read = String::new();
            slice.reader().read_to_string(&mut read).unwrap();
            assert_eq!(read, expected, "{start}..{end}");
            assert_eq!(slice.len(), expected.len() as u64);
        }
    }
}
