//! The audit log: a line for each decision, on disk before anybody is told of it.
//!
//! # Not supported
//!
//! Taking old lines away. Whoever renames the file, as logrotate does, gets a new one with the next line.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::FlockOperation;
use rustix::io::Errno;
use serde::de::IgnoredAny;

use crate::keys::directory::{Folder, WriteError};
use crate::store::group_commit::GroupCommit;

const NAME: &str = "audit.log";

/// How much is read at a time.
const PIECE: u64 = 64 << 10;

/// No decision is longer: the layers of a mail and their signers have budgets.
const MAX_LINE: usize = 4 << 20;

/// The log of a directory. Several processes may write to it.
pub(super) struct AuditLog {
    folder: Arc<Folder>,
    commits: GroupCommit<u8, WriteError>,
    file: Mutex<Option<File>>,
}

impl AuditLog {
    pub(super) fn new(folder: Arc<Folder>) -> AuditLog {
        AuditLog {
            folder,
            commits: GroupCommit::new(u64::MAX),
            file: Mutex::default(),
        }
    }

    /// Appends a line, and waits until it is on disk.
    pub(super) fn append(&self, line: &str) -> Result<(), WriteError> {
        let line = [line, "\n"].concat().into_bytes();
        let octets = line.len() as u64;
        self.commits.run(line, octets, |lines| self.write(lines))
    }

    /// The last lines, at most so many, the latest first. What is no object of JSON was torn by a crash.
    pub(super) fn last(&self, count: usize) -> Result<Vec<String>, WriteError> {
        match self.folder.file(NAME)? {
            Some(file) => last_lines(&file, count).map_err(self.folder.unreadable(NAME)),
            None => Ok(Vec::new()),
        }
    }

    fn write(&self, lines: &[u8]) -> Result<(), WriteError> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let unwritten = self.folder.unwritten(NAME);
        let is_current = match &*file {
            Some(file) => self.folder.is_at(NAME, file).map_err(&unwritten)?,
            None => false,
        };
        if !is_current {
            *file = Some(self.folder.log(NAME, 0o600)?);
        }
        let Some(file) = &*file else {
            return Ok(());
        };
        append(file, lines).map_err(&unwritten)?;
        file.sync_data().map_err(unwritten)
    }
}

/// Appends all of the lines or nothing, while no other process does.
fn append(mut file: &File, lines: &[u8]) -> io::Result<()> {
    lock(file, FlockOperation::LockExclusive)?;
    let appended = (|| {
        let length = file.metadata()?.len();
        let whole = match is_torn(file, length)? {
            true => &[b"\n", lines].concat(),
            false => lines,
        };
        file.write_all(whole).inspect_err(|_| {
            // If this fails too, the next one finds a torn line.
            let _ = file.set_len(length);
        })
    })();
    lock(file, FlockOperation::Unlock)?;
    appended
}

/// Whether somebody has not come to the end of the last line.
fn is_torn(file: &File, length: u64) -> io::Result<bool> {
    let mut last = [b'\n'];
    if length > 0 {
        file.read_exact_at(&mut last, length - 1)?;
    }
    Ok(last != [b'\n'])
}

fn lock(file: &File, operation: FlockOperation) -> io::Result<()> {
    loop {
        match rustix::fs::flock(file, operation) {
            Err(Errno::INTR) => {}
            // Without locks a line may be torn by another process, and is then passed over.
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::NOLCK) => return Ok(()),
            other => return Ok(other?),
        }
    }
}

fn last_lines(file: &File, count: usize) -> io::Result<Vec<String>> {
    let mut lines = Vec::new();
    let mut position = file.metadata()?.len();
    // From the beginning of a line that is not known yet.
    let mut rest: Vec<u8> = Vec::new();
    let mut has_end = false;
    while position > 0 && lines.len() < count {
        let length = PIECE.min(position);
        position -= length;
        let mut piece = vec![0; length as usize];
        match file.read_exact_at(&mut piece, position) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(error),
        }
        piece.append(&mut rest);
        while let Some(end) = memchr::memrchr(b'\n', &piece) {
            let line = piece.split_off(end + 1);
            piece.pop();
            if has_end && lines.len() < count {
                lines.extend(decision(line));
            }
            has_end = true;
        }
        rest = piece;
        if rest.len() > MAX_LINE {
            (rest, has_end) = (Vec::new(), false);
        }
    }
    if position == 0 && has_end && lines.len() < count {
        lines.extend(decision(rest));
    }
    Ok(lines)
}

fn decision(line: Vec<u8>) -> Option<String> {
    let line = String::from_utf8(line).ok()?;
    let is_object = line.starts_with('{') && serde_json::from_str::<IgnoredAny>(&line).is_ok();
    is_object.then_some(line)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;
    use std::thread;

    use super::*;

    fn log(directory: &Path) -> AuditLog {
        AuditLog::new(Arc::new(Folder::open(directory).unwrap()))
    }

    fn line(number: usize) -> String {
        format!("{{\"number\":{number}}}")
    }

    #[test]
    fn the_last_lines_come_first() {
        let directory = tempfile::tempdir().unwrap();
        let log = log(directory.path());
        assert_eq!(log.last(5).unwrap(), [""; 0]);
        (0..3).for_each(|number| log.append(&line(number)).unwrap());
        assert_eq!(log.last(2).unwrap(), [line(2), line(1)]);
        assert_eq!(log.last(5).unwrap(), [line(2), line(1), line(0)]);
        assert_eq!(log.last(0).unwrap(), [""; 0]);
        let file = fs::metadata(directory.path().join(NAME)).unwrap();
        assert_eq!(file.permissions().mode() & 0o7777, 0o600);
    }

    #[test]
    fn a_long_log_is_read_from_its_end_only() {
        let directory = tempfile::tempdir().unwrap();
        let long = format!("{{\"text\":\"{}\"}}", "x".repeat(3 * PIECE as usize));
        let all = [line(0), long.clone(), line(1), line(2)];
        let text = "damaged\n".repeat(100_000) + &all.join("\n") + "\n";
        fs::write(directory.path().join(NAME), text).unwrap();
        let log = log(directory.path());
        assert_eq!(log.last(3).unwrap(), [line(2), line(1), long]);
    }

    #[test]
    fn a_torn_line_is_ended_and_passed_over() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(NAME);
        fs::write(&file, format!("{}\n{{\"numb", line(1))).unwrap();
        let log = log(directory.path());
        assert_eq!(log.last(5).unwrap(), [line(1)]);
        log.append(&line(2)).unwrap();
        assert_eq!(log.last(5).unwrap(), [line(2), line(1)]);
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(text.lines().count(), 3);
        log.append(&line(3)).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), 4);
    }

    #[test]
    fn a_log_that_was_moved_away_is_begun_anew() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(NAME);
        let log = log(directory.path());
        log.append(&line(1)).unwrap();
        fs::rename(&file, directory.path().join("audit.log.1")).unwrap();
        log.append(&line(2)).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), line(2) + "\n");
    }

    #[test]
    fn no_line_of_many_threads_and_logs_is_lost_or_glued() {
        let directory = tempfile::tempdir().unwrap();
        let logs = [log(directory.path()), log(directory.path())];
        thread::scope(|scope| {
            for thread in 0..16 {
                let log = &logs[thread % 2];
                scope.spawn(move || {
                    for number in 0..50 {
                        log.append(&line(thread * 50 + number)).unwrap();
                    }
                });
            }
        });
        let text = fs::read_to_string(directory.path().join(NAME)).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        let mut expected: Vec<String> = (0..800).map(line).collect();
        expected.sort_unstable();
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_link_or_a_directory_in_its_place_is_an_error_and_nobody_waits() {
        let directory = tempfile::tempdir().unwrap();
        let elsewhere = directory.path().join("elsewhere");
        fs::write(&elsewhere, "").unwrap();
        symlink(&elsewhere, directory.path().join(NAME)).unwrap();
        let log = log(directory.path());
        assert!(matches!(log.append("{}"), Err(WriteError::Link { .. })));
        assert!(matches!(log.last(1), Err(WriteError::Link { .. })));
        assert_eq!(fs::read(&elsewhere).unwrap(), b"");
        fs::remove_file(directory.path().join(NAME)).unwrap();
        fs::create_dir(directory.path().join(NAME)).unwrap();
        assert!(log.append("{}").is_err());
        fs::remove_dir(directory.path().join(NAME)).unwrap();
        log.append("{}").unwrap();
    }
}
