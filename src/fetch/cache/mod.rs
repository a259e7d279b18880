//! Answers on disk: one file each, so that several processes share them and none waits.
//!
//! ```
//! use mailseal::fetch::cache::Cache;
//! use mailseal::path::retrieval::Request;
//!
//! let directory = tempfile::tempdir()?;
//! let cache = Cache::new(directory.path().join("answers"), 1 << 20);
//! let request = Request::Crl { location: "http://crl.example.com/root.crl" };
//! assert_eq!(cache.find(&request), None);
//! cache.keep(&request, b"a CRL", "2026-12-01T00:00:00Z".parse()?)?;
//! assert_eq!(cache.find(&request).as_deref(), Some(&b"a CRL"[..]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A file is named by a digest of what was asked, so that nothing of a URI becomes a path. It
//! appears whole or not at all. What is damaged, cut short, or somebody else's, is as if it were
//! not there; links are not followed. Nothing in a file has to be trusted: whoever asks checks the
//! signature in it, and its dates.
//!
//! The directory has a bound. Nobody looks at a clock to keep it: a file's time of modification is
//! set to when its answer is of no use any more (or to thirty days from now, if that is sooner),
//! and what is of no use soonest goes first. Until then what is too old stays, for whoever looks at
//! old mail as of its day.
//!
//! # Not supported
//!
//! Keeping failures; surviving a loss of power: a file that it has damaged is asked for again.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};

use crate::asn1::reader::hexadecimal;
use crate::crypto::{Digest, DigestAlgorithm};
use crate::path::retrieval::Request;
use crate::printable::printable;

/// What the directory may hold.
const MOST_FILES: usize = 10_000;
const MOST_OCTETS: u64 = 256 << 20;

/// Bounds are looked after at the first file that is kept and at every so many after it: reading
/// a full directory takes some milliseconds.
const FILES_BETWEEN_LOOKS: usize = 64;

const TEMPORARY: &str = ".mailseal-";

/// A directory of answers.
#[derive(Debug)]
pub struct Cache {
    directory: PathBuf,
    longest_answer: usize,
    most_files: usize,
    most_octets: u64,
    kept: AtomicUsize,
}

impl Cache {
    /// In this directory, which is made when the first answer is kept; with answers of at most so
    /// many octets.
    pub fn new(directory: impl Into<PathBuf>, longest_answer: usize) -> Cache {
        Cache {
            directory: directory.into(),
            longest_answer,
            most_files: MOST_FILES,
            most_octets: MOST_OCTETS,
            kept: AtomicUsize::new(0),
        }
    }

    /// The answer that was kept, however old it is.
    pub fn find(&self, request: &Request<'_>) -> Option<Vec<u8>> {
        let key = Key::of(request);
        // A FIFO in the place of the file must not make us wait for its other end.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let file = File::options()
            .read(true)
            .custom_flags(flags.bits().cast_signed())
            .open(self.directory.join(key.name()))
            .ok()?;
        if !file.metadata().ok()?.is_file() {
            return None;
        }
        let longest = LONGEST_HEADER.saturating_add(self.longest_answer) as u64;
        let mut bytes = Vec::new();
        file.take(longest.saturating_add(1))
            .read_to_end(&mut bytes)
            .ok()?;
        if bytes.len() as u64 > longest {
            return None;
        }
        let entry = Entry::parse(request, &bytes)?;
        Some(entry.octets.to_vec())
    }

    /// Keeps an answer in the place of an earlier one.
    ///
    /// # Errors
    ///
    /// When the directory cannot be made or written to.
    pub fn keep(&self, request: &Request<'_>, octets: &[u8], until: Timestamp) -> io::Result<()> {
        if octets.len() > self.longest_answer {
            return Ok(());
        }
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.directory)?;
        let entry = Entry { until, octets };
        // Made with mode 0600.
        let mut file = tempfile::Builder::new()
            .prefix(TEMPORARY)
            .tempfile_in(&self.directory)?;
        file.write_all(&entry.to_bytes(request))?;
        let written = file.as_file().metadata()?.modified()?;
        file.as_file()
            .set_modified(time_of_no_use(written, until))?;
        file.persist(self.directory.join(Key::of(request).name()))?;
        match self.kept.fetch_add(1, Ordering::Relaxed) % FILES_BETWEEN_LOOKS {
            0 => self.keep_within_bounds(),
            _ => Ok(()),
        }
    }

    fn keep_within_bounds(&self) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            // What somebody else has put here stays.
            if !entry.file_name().to_str().is_some_and(is_name_of_ours) {
                continue;
            }
            // Another process may have been quicker.
            if let Ok(metadata) = entry.metadata() {
                files.push((metadata.modified()?, metadata.len(), entry.path()));
            }
        }
        files.sort();
        let (mut count, mut octets) = (files.len(), files.iter().map(|file| file.1).sum::<u64>());
        for (_, length, path) in &files {
            if count <= self.most_files && octets <= self.most_octets {
                break;
            }
            let _may_be_gone = fs::remove_file(path);
            count -= 1;
            octets -= length;
        }
        Ok(())
    }
}

/// An answer of somebody who dates it for a thousand years would otherwise outlive all others.
fn time_of_no_use(now: SystemTime, until: Timestamp) -> SystemTime {
    const LONGEST_USE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
    let until = SystemTime::from(until.max(Timestamp::UNIX_EPOCH));
    until.min(now + LONGEST_USE)
}

/// An answer's file, or one that a process has not come to rename.
fn is_name_of_ours(name: &str) -> bool {
    let is_digest = name.len() == 64 && name.bytes().all(|octet| octet.is_ascii_hexdigit());
    is_digest || name.starts_with(TEMPORARY)
}

/// What an answer is an answer to.
struct Key(Vec<u8>);

impl Key {
    fn of(request: &Request<'_>) -> Key {
        let (kind, cert_id): (u8, &[u8]) = match request {
            Request::Issuers { .. } => (0, b""),
            Request::Crl { .. } => (1, b""),
            // What is sent is another one each time: it may have a nonce.
            Request::Ocsp { cert_id, .. } => (2, cert_id),
        };
        let location = request.location().as_bytes();
        let mut digest = Digest::new(DigestAlgorithm::Sha256);
        digest.update(&[kind]);
        digest.update(&(location.len() as u64).to_be_bytes());
        digest.update(location);
        digest.update(cert_id);
        Key(digest.finalize())
    }

    fn name(&self) -> String {
        hexadecimal(&self.0)
    }
}

const VERSION: u8 = 1;

/// More than the header of any location that is fetched from.
const LONGEST_HEADER: usize = 16 << 10;

/// The first line of a file: JSON.
#[derive(Serialize, Deserialize)]
struct Header {
    version: u8,
    /// For people.
    location: String,
    until: String,
    /// SHA-256 of what was asked, the date and the answer.
    digest: String,
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// When the answer is of no use any more.
    pub until: Timestamp,
    /// The answer.
    pub octets: &'a [u8],
}

impl<'a> Entry<'a> {
    /// Reads a file, if it is whole and the answer to this.
    pub fn parse(request: &Request<'_>, bytes: &'a [u8]) -> Option<Entry<'a>> {
        let (header, octets) = divide_first_line(bytes)?;
        let header: Header = serde_json::from_slice(header).ok()?;
        let until = header.until.parse().ok()?;
        let entry = Entry { until, octets };
        let is_whole = header.version == VERSION && header.digest == entry.digest(request);
        is_whole.then_some(entry)
    }

    /// Writes one.
    pub fn to_bytes(&self, request: &Request<'_>) -> Vec<u8> {
        let header = Header {
            version: VERSION,
            location: printable(request.location()),
            until: self.until.to_string(),
            digest: self.digest(request),
        };
        let mut bytes = serde_json::to_vec(&header).expect("strings and a number are JSON");
        bytes.push(b'\n');
        bytes.extend_from_slice(self.octets);
        bytes
    }

    fn digest(&self, request: &Request<'_>) -> String {
        let mut digest = Digest::new(DigestAlgorithm::Sha256);
        digest.update(&Key::of(request).0);
        digest.update(&self.until.as_nanosecond().to_be_bytes());
        digest.update(self.octets);
        hexadecimal(&digest.finalize())
    }
}

fn divide_first_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let head = &bytes[..bytes.len().min(LONGEST_HEADER)];
    let end = memchr::memchr(b'\n', head)?;
    Some((&bytes[..end], &bytes[end + 1..]))
}

#[cfg(test)]
mod tests;
