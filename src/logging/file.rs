//! The file that is turned over at midnight: `webapp.log` becomes `webapp.log.2018-12-14`, named by
//! the day of its lines, and of such the last ten are kept.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use jiff::{Timestamp, Zoned};
use rustix::fs::{CWD, OFlags, RenameFlags, renameat_with};
use rustix::io::Errno;

use crate::printable::sentence;

/// How many files are kept beside the one that is written, as the original keeps.
const KEPT: usize = 10;

/// The operator and the group read it: it says who writes to whom.
const MODE: u32 = 0o640;

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be opened for writing.
    #[error("cannot write the log {}", .path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Something else is there.
    #[error("the log {} is no regular file", .path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
}

/// An open log file.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    file: File,
    /// The local day of what is in it.
    day: Date,
    /// What was lost since the last write that went well, in octets.
    lost: u64,
    /// The last line that was written has no end.
    is_torn: bool,
}

impl LogFile {
    /// Goes on with the file that is there, which may be of another day, or makes one.
    pub(super) fn open(path: &Path, now: &Zoned) -> Result<LogFile, Error> {
        let unwritable = |source| Error::Unwritable {
            path: path.to_owned(),
            source,
        };
        let file = open(path).map_err(unwritable)?;
        let metadata = file.metadata().map_err(unwritable)?;
        if !metadata.is_file() {
            return Err(Error::NotAFile {
                path: path.to_owned(),
            });
        }
        let last_write = metadata.modified().map_err(unwritable)?;
        let day = match Timestamp::try_from(last_write) {
            Ok(last_write) if metadata.len() > 0 => now.time_zone().to_datetime(last_write).date(),
            _ => now.date(),
        };
        Ok(LogFile {
            path: path.to_owned(),
            file,
            day,
            lost: 0,
            is_torn: false,
        })
    }

    /// Writes some whole lines. What the operator should be told of it comes back, once for each
    /// trouble and not for each line.
    pub(super) fn append(&mut self, lines: &[u8], now: &Zoned) -> Option<String> {
        let complaint = self.turn_over(now.date());
        match self.write(lines) {
            Ok(()) if self.lost > 0 => {
                let (path, lost) = (self.path.display(), self.lost);
                self.lost = 0;
                Some(format!(
                    "the log {path} is written again; {lost} octets are lost"
                ))
            }
            Ok(()) => complaint,
            Err(error) => {
                let is_new = self.lost == 0;
                self.lost += lines.len() as u64;
                let (path, error) = (self.path.display(), sentence(&error));
                is_new.then(|| {
                    format!("the log {path} cannot be written, the service goes on: {error}")
                })
            }
        }
    }

    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        if self.is_torn {
            self.file.write_all(b"\n")?;
            self.is_torn = false;
        }
        let mut rest = lines;
        while !rest.is_empty() {
            match self.file.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.is_torn = rest[written - 1] != b'\n';
                    rest = &rest[written..];
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Puts the file aside if a new day has begun. If that does not go, the old one is gone on
    /// with until the next midnight.
    fn turn_over(&mut self, today: Date) -> Option<String> {
        // A clock that was set back does not make a new day.
        if today <= self.day {
            return None;
        }
        let aside = with_suffix(&self.path, &self.day.to_string());
        self.day = today;
        let turned = put_aside(&self.path, &aside).and_then(|()| open(&self.path));
        match turned {
            Ok(file) => {
                self.file = file;
                self.is_torn = false;
                // Old files that stay do no harm.
                let _ = remove_oldest(&self.path);
                None
            }
            Err(error) => {
                let (path, error) = (self.path.display(), sentence(&error));
                Some(format!("the log {path} cannot be turned over: {error}"))
            }
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    // Without NONBLOCK, opening a FIFO that nobody reads would never return.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    File::options()
        .append(true)
        .create(true)
        .mode(MODE)
        .custom_flags(flags.bits() as i32)
        .open(path)
}

/// Renames, but not in the place of something.
fn put_aside(path: &Path, aside: &Path) -> io::Result<()> {
    match renameat_with(CWD, path, CWD, aside, RenameFlags::NOREPLACE) {
        // NFS, among others, cannot promise that.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP)
            if fs::symlink_metadata(aside).is_err() =>
        {
            fs::rename(path, aside)
        }
        renamed => Ok(renamed?),
    }
}

fn remove_oldest(path: &Path) -> io::Result<()> {
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
        return Ok(());
    };
    let directory = match directory.as_os_str().is_empty() {
        true => Path::new("."),
        false => directory,
    };
    let prefix = format!("{}.", name.to_string_lossy());
    let mut days = Vec::new();
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        let day = name.to_str().and_then(|name| name.strip_prefix(&prefix));
        // Only what is named as we name it: `webapp.log.2018-12-14`.
        let day = day.and_then(|day| day.parse::<Date>().ok().filter(|it| it.to_string() == day));
        days.extend(day);
    }
    days.sort_unstable();
    for day in days.iter().rev().skip(KEPT) {
        fs::remove_file(with_suffix(path, &day.to_string()))?;
    }
    Ok(())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::time::{Duration, SystemTime};

    use jiff::tz::TimeZone;
    use tempfile::TempDir;

    use super::*;

    fn at(time: &str) -> Zoned {
        time.parse::<Timestamp>().unwrap().to_zoned(TimeZone::UTC)
    }

    fn directory() -> (TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("webapp.log");
        (directory, path)
    }

    fn names(directory: &TempDir) -> Vec<String> {
        let entries = fs::read_dir(directory.path()).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn date_of(path: &Path, time: &str) {
        let seconds = time.parse::<Timestamp>().unwrap().as_second();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.unsigned_abs());
        File::options()
            .append(true)
            .open(path)
            .unwrap()
            .set_modified(time)
            .unwrap();
    }

    #[test]
    fn at_midnight_the_file_is_put_aside_by_the_day_of_its_lines() {
        let (directory, path) = directory();
        let mut log = LogFile::open(&path, &at("2018-12-14T12:00:00Z")).unwrap();
        assert_eq!(log.append(b"one\n", &at("2018-12-14T23:59:59Z")), None);
        assert_eq!(names(&directory), ["webapp.log"]);
        assert_eq!(log.append(b"two\n", &at("2018-12-15T00:00:00Z")), None);
        assert_eq!(names(&directory), ["webapp.log", "webapp.log.2018-12-14"]);
        assert_eq!(
            fs::read(with_suffix(&path, "2018-12-14")).unwrap(),
            b"one\n"
        );
        assert_eq!(fs::read(&path).unwrap(), b"two\n");
        // A clock that is set back turns nothing over.
        log.append(b"three\n", &at("2018-12-14T12:00:00Z"));
        assert_eq!(fs::read(&path).unwrap(), b"two\nthree\n");
    }

    #[test]
    fn midnight_is_where_the_operator_is() {
        let (directory, path) = directory();
        let zone = TimeZone::get("Asia/Tokyo").unwrap();
        let local = |time: &str| time.parse::<Timestamp>().unwrap().to_zoned(zone.clone());
        let mut log = LogFile::open(&path, &local("2018-12-14T12:00:00Z")).unwrap();
        log.append(b"one\n", &local("2018-12-14T14:59:59Z"));
        assert_eq!(names(&directory).len(), 1);
        log.append(b"two\n", &local("2018-12-14T15:00:00Z"));
        assert_eq!(names(&directory).len(), 2);
    }

    #[test]
    fn a_midnight_that_nobody_saw_is_made_up_for() {
        let (directory, path) = directory();
        fs::write(&path, "old\n").unwrap();
        date_of(&path, "2018-12-10T09:00:00Z");
        let mut log = LogFile::open(&path, &at("2018-12-14T12:00:00Z")).unwrap();
        log.append(b"new\n", &at("2018-12-14T12:00:00Z"));
        assert_eq!(names(&directory), ["webapp.log", "webapp.log.2018-12-10"]);
        assert_eq!(fs::read(&path).unwrap(), b"new\n");
    }

    #[test]
    fn the_file_of_today_is_gone_on_with() {
        let (directory, path) = directory();
        fs::write(&path, "old\n").unwrap();
        date_of(&path, "2018-12-14T09:00:00Z");
        let mut log = LogFile::open(&path, &at("2018-12-14T12:00:00Z")).unwrap();
        log.append(b"new\n", &at("2018-12-14T12:00:00Z"));
        assert_eq!(names(&directory), ["webapp.log"]);
        assert_eq!(fs::read(&path).unwrap(), b"old\nnew\n");
    }

    #[test]
    fn ten_are_kept_and_nothing_else_is_taken_away() {
        let (directory, path) = directory();
        for other in [
            "webapp.log.bak",
            "webapp.log.2018-1-1",
            "other.log.2018-11-01",
        ] {
            fs::write(directory.path().join(other), "").unwrap();
        }
        let mut log = LogFile::open(&path, &at("2018-12-01T12:00:00Z")).unwrap();
        for day in 1..=13 {
            log.append(b"line\n", &at(&format!("2018-12-{day:02}T12:00:00Z")));
        }
        let names = names(&directory);
        let kept = names
            .iter()
            .filter(|name| name.starts_with("webapp.log.2018-12"));
        assert_eq!(kept.count(), KEPT);
        assert!(names.contains(&"webapp.log.2018-12-03".to_owned()));
        assert!(!names.contains(&"webapp.log.2018-12-02".to_owned()));
        assert_eq!(names.len(), KEPT + 4);
    }

    #[test]
    fn nothing_is_put_in_the_place_of_a_file_that_was_put_aside() {
        let (_directory, path) = directory();
        fs::write(with_suffix(&path, "2018-12-14"), "kept").unwrap();
        let mut log = LogFile::open(&path, &at("2018-12-14T12:00:00Z")).unwrap();
        log.append(b"one\n", &at("2018-12-14T12:00:00Z"));
        let complaint = log.append(b"two\n", &at("2018-12-15T12:00:00Z")).unwrap();
        assert!(
            complaint.ends_with("cannot be turned over: File exists"),
            "{complaint}"
        );
        assert_eq!(log.append(b"three\n", &at("2018-12-15T13:00:00Z")), None);
        assert_eq!(fs::read(with_suffix(&path, "2018-12-14")).unwrap(), b"kept");
        assert_eq!(fs::read(&path).unwrap(), b"one\ntwo\nthree\n");
    }

    #[test]
    fn a_full_disk_is_told_once_and_so_is_its_end() {
        let (_directory, path) = directory();
        let now = at("2018-12-14T12:00:00Z");
        let mut log = LogFile::open(&path, &now).unwrap();
        let good = std::mem::replace(
            &mut log.file,
            File::options().write(true).open("/dev/full").unwrap(),
        );
        let complaint = log.append(b"one\n", &now).unwrap();
        assert!(
            complaint.ends_with("the service goes on: No space left on device"),
            "{complaint}"
        );
        assert_eq!(log.append(b"two\n", &now), None);
        log.file = good;
        let relief = log.append(b"three\n", &now).unwrap();
        assert!(
            relief.ends_with("is written again; 8 octets are lost"),
            "{relief}"
        );
        assert_eq!(log.append(b"four\n", &now), None);
        assert_eq!(fs::read(&path).unwrap(), b"three\nfour\n");
    }

    #[test]
    fn a_line_that_was_torn_gets_an_end_before_the_next() {
        let (_directory, path) = directory();
        let now = at("2018-12-14T12:00:00Z");
        let mut log = LogFile::open(&path, &now).unwrap();
        log.append(b"half a li", &now);
        log.append(b"whole\n", &now);
        assert_eq!(fs::read(&path).unwrap(), b"half a li\nwhole\n");
    }

    #[test]
    fn links_are_not_followed_and_other_things_not_written_to() {
        let (directory, path) = directory();
        let now = at("2018-12-14T12:00:00Z");
        let elsewhere = directory.path().join("elsewhere");
        symlink(&elsewhere, &path).unwrap();
        assert!(matches!(
            LogFile::open(&path, &now),
            Err(Error::Unwritable { .. })
        ));
        assert!(!elsewhere.exists());
        let null = LogFile::open(Path::new("/dev/null"), &now).unwrap_err();
        assert_eq!(null.to_string(), "the log /dev/null is no regular file");
        let directory = LogFile::open(directory.path(), &now).unwrap_err();
        assert!(matches!(directory, Error::Unwritable { .. }));
    }

    #[test]
    fn others_do_not_read_it() {
        let (_directory, path) = directory();
        let _log = LogFile::open(&path, &at("2018-12-14T12:00:00Z")).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777 & !MODE, 0);
    }
}
