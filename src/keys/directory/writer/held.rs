//! A directory that is worked in by its descriptor: what happens to the path meanwhile leads nobody
//! elsewhere, and no symbolic link inside it is followed.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Dir, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

/// How the names of temporary files begin.
const PASSING: &str = ".mailseal-key-";

/// A file that is appended to. A FIFO does not block.
const LOG: OFlags = OFlags::RDWR
    .union(OFlags::APPEND)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::CLOEXEC);

/// A directory, open.
pub(super) struct HeldDirectory(OwnedFd);

impl HeldDirectory {
    /// The operator's own path: links in it are followed.
    pub(super) fn open(path: &Path) -> io::Result<HeldDirectory> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = rustix::fs::openat(CWD, path, flags, Mode::empty())?;
        Ok(HeldDirectory(directory))
    }

    /// Waits until nobody else holds the lock, and holds it until the value goes. Those who do not
    /// ask for it are not kept out.
    pub(super) fn lock(&self) -> io::Result<()> {
        loop {
            match rustix::fs::flock(&self.0, FlockOperation::LockExclusive) {
                Err(Errno::INTR) => {}
                // NFS makes a lock on a range of octets of it (flock(2)), and a directory has none.
                Err(Errno::BADF | Errno::OPNOTSUPP | Errno::NOSYS | Errno::NOLCK) => return Ok(()),
                other => return Ok(other?),
            }
        }
    }

    pub(super) fn names(&self) -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.0)? {
            names.push(OsString::from_vec(entry?.file_name().to_bytes().to_vec()));
        }
        Ok(names)
    }

    /// A directory inside this one, made if it is not there.
    pub(super) fn inside(&self, name: &str) -> io::Result<HeldDirectory> {
        match rustix::fs::mkdirat(&self.0, name, Mode::from_raw_mode(0o777)) {
            Ok(()) => self.sync()?,
            Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        self.existing_inside(name)
    }

    /// A directory inside this one.
    pub(super) fn existing_inside(&self, name: &str) -> io::Result<HeldDirectory> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let directory = rustix::fs::openat(&self.0, name, flags, Mode::empty())?;
        Ok(HeldDirectory(directory))
    }

    /// When an entry of this directory was last made or taken away; seconds and nanoseconds.
    pub(super) fn changed(&self) -> io::Result<(i64, i64)> {
        let stat = rustix::fs::fstat(&self.0)?;
        #[allow(
            clippy::useless_conversion,
            reason = "the types differ between platforms"
        )]
        let nanoseconds = i64::try_from(stat.st_ctime_nsec).unwrap_or_default();
        Ok((stat.st_ctime, nanoseconds))
    }

    /// Opens a file to be appended to and read, made if it is not there; then its name is on disk.
    pub(super) fn log(&self, name: &str, mode: u32) -> io::Result<File> {
        match self.existing_log(name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => return other,
        }
        let flags = LOG | OFlags::CREATE;
        let file = rustix::fs::openat(&self.0, name, flags, Mode::from_raw_mode(mode))?;
        self.sync()?;
        Ok(File::from(file))
    }

    /// The same for a file that is there.
    pub(super) fn existing_log(&self, name: &str) -> io::Result<File> {
        let file = rustix::fs::openat(&self.0, name, LOG, Mode::empty())?;
        Ok(File::from(file))
    }

    /// Opens a file to be read. A FIFO does not block.
    pub(super) fn file(&self, name: &str) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.0, name, flags, Mode::empty())?;
        Ok(File::from(file))
    }

    /// Device and inode of what is at a name; a link is itself.
    pub(super) fn identity(&self, name: &str) -> io::Result<(u64, u64)> {
        let stat = rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW)?;
        #[allow(
            clippy::useless_conversion,
            reason = "the types differ between platforms"
        )]
        let device = u64::try_from(stat.st_dev).unwrap_or_default();
        Ok((device, stat.st_ino))
    }

    /// A file that is complete and on disk, under a name that nobody looks for.
    pub(super) fn temporary(&self, content: &[u8], mode: u32) -> io::Result<Temporary<'_>> {
        let name = format!("{PASSING}{:032x}", rand::random::<u128>());
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
        let mode = Mode::from_raw_mode(mode);
        let file = rustix::fs::openat(&self.0, &name, flags | OFlags::CLOEXEC, mode)?;
        let temporary = Temporary {
            directory: self,
            name,
        };
        let mut file = File::from(file);
        file.write_all(content)?;
        file.sync_all()?;
        Ok(temporary)
    }

    /// Gives a file another name, unless something is there already.
    pub(super) fn link(&self, name: &str, other: &HeldDirectory, new: &str) -> io::Result<()> {
        Ok(rustix::fs::linkat(
            &self.0,
            name,
            &other.0,
            new,
            AtFlags::empty(),
        )?)
    }

    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.0, name, AtFlags::empty())?)
    }

    /// A name is safe on disk when its directory is.
    pub(super) fn sync(&self) -> io::Result<()> {
        match rustix::fs::fsync(&self.0) {
            // Not everywhere is there such a thing.
            Err(Errno::INVAL | Errno::BADF | Errno::OPNOTSUPP) => Ok(()),
            other => Ok(other?),
        }
    }
}

/// A file under a passing name; gone with the value.
pub(super) struct Temporary<'a> {
    directory: &'a HeldDirectory,
    name: String,
}

impl Temporary<'_> {
    /// Puts it in the place of what is at `name`.
    pub(super) fn replace(self, name: &str) -> io::Result<()> {
        let directory = &self.directory.0;
        Ok(rustix::fs::renameat(
            directory, &self.name, directory, name,
        )?)
    }

    /// Gives it the name, unless something is there already, be it a link that leads nowhere.
    pub(super) fn become_new(self, name: &str) -> io::Result<()> {
        match self.directory.link(&self.name, self.directory, name) {
            Err(error) if has_no_links(&error) => match self.directory.identity(name) {
                Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
                Err(_) => self.replace(name),
            },
            other => other,
        }
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        // Renamed, it is not there any more; otherwise nobody is left to be told.
        let _ = self.directory.remove(&self.name);
    }
}

/// Whether a file of this name is a temporary one, of us or of somebody who could not take it away.
pub(super) fn is_leftover(name: &str) -> bool {
    name.strip_prefix(PASSING)
        .is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|it| it.is_ascii_hexdigit()))
}

/// Whether a file system has no hard links: FAT, and some that a network or a program provides.
pub(super) fn has_no_links(error: &io::Error) -> bool {
    let number = error.raw_os_error();
    [Errno::PERM, Errno::OPNOTSUPP, Errno::NOSYS, Errno::MLINK]
        .iter()
        .any(|errno| number == Some(errno.raw_os_error()))
}
