//! A directory whose files are read: each of them a regular one, none of them through a link.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::io::Errno;

use super::WriteError;
use super::held::HeldDirectory;
use crate::keys::file::{MAX_FILE, kind};
use crate::secret::Secret;

/// A directory, and what people call it.
pub(crate) struct Folder {
    path: PathBuf,
    pub(super) directory: HeldDirectory,
}

/// What is there already.
#[derive(Debug)]
pub(crate) struct Existing {
    pub(crate) content: Secret,
    pub(super) mode: u32,
    /// Device and inode.
    pub(super) identity: (u64, u64),
}

impl Folder {
    /// Opens the operator's own path: links in it are followed.
    pub(crate) fn open(path: &Path) -> Result<Folder, WriteError> {
        Ok(Folder {
            directory: HeldDirectory::open(path).map_err(unopened(path))?,
            path: path.to_owned(),
        })
    }

    /// Waits until nobody else holds the lock; it is free again when the value goes.
    pub(super) fn lock(&self) -> Result<(), WriteError> {
        self.directory.lock().map_err(unopened(&self.path))
    }

    /// A directory inside, if it is there.
    pub(crate) fn inside(&self, name: &str) -> Result<Option<Folder>, WriteError> {
        let path = self.path(name);
        match self.directory.existing_inside(name) {
            Ok(directory) => Ok(Some(Folder { path, directory })),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unopened(&path)(error)),
        }
    }

    /// A directory inside, made if it is not there.
    pub(crate) fn made_inside(&self, name: &str) -> Result<Folder, WriteError> {
        let directory = self.directory.inside(name);
        let directory = directory.map_err(self.unwritten(name))?;
        Ok(Folder {
            path: self.path(name),
            directory,
        })
    }

    /// The path of a file of this name, for people.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        match self.path == Path::new(".") {
            true => PathBuf::from(name),
            false => self.path.join(name),
        }
    }

    /// The names of all that is there, those apart that are not UTF-8: no address has such.
    pub(crate) fn names(&self) -> Result<Vec<String>, WriteError> {
        let names = self.directory.names().map_err(unopened(&self.path))?;
        let names = names.into_iter();
        Ok(names.filter_map(|name| name.into_string().ok()).collect())
    }

    /// What is in a file, if it is there.
    pub(crate) fn read(&self, name: &str) -> Result<Option<Existing>, WriteError> {
        let Some(file) = self.file(name)? else {
            return Ok(None);
        };
        let metadata = file.metadata().map_err(self.unreadable(name))?;
        // It may be a private key, and growing would leave copies behind.
        let length = usize::try_from(metadata.len().min(MAX_FILE)).unwrap_or_default();
        let mut content = Vec::with_capacity(length + 1);
        let read = file.take(MAX_FILE + 1).read_to_end(&mut content);
        let content = Secret::new(content);
        if read.map_err(self.unreadable(name))? as u64 > MAX_FILE {
            return Err(self.unreadable(name)(ErrorKind::FileTooLarge.into()));
        }
        Ok(Some(Existing {
            content,
            mode: metadata.mode() & 0o7777,
            identity: (metadata.dev(), metadata.ino()),
        }))
    }

    /// A file to be read, if it is there.
    pub(crate) fn file(&self, name: &str) -> Result<Option<File>, WriteError> {
        match self.directory.file(name) {
            Ok(file) => self.regular(name, file).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.unreadable(name)(error)),
        }
    }

    /// A file to be appended to and read, made if it is not there.
    pub(crate) fn log(&self, name: &str, mode: u32) -> Result<File, WriteError> {
        let log = self.directory.log(name, mode);
        let log = log.map_err(|error| match is_link(&error) {
            true => self.unreadable(name)(error),
            false => self.unwritten(name)(error),
        })?;
        self.regular(name, log)
    }

    /// The same if it is there.
    pub(crate) fn existing_log(&self, name: &str) -> Result<Option<File>, WriteError> {
        match self.directory.existing_log(name) {
            Ok(file) => self.regular(name, file).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.unreadable(name)(error)),
        }
    }

    /// Whether this is the file that goes by the name.
    pub(crate) fn is_at(&self, name: &str, file: &File) -> io::Result<bool> {
        let metadata = file.metadata()?;
        match self.directory.identity(name) {
            Ok(identity) => Ok(identity == (metadata.dev(), metadata.ino())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn regular(&self, name: &str, file: File) -> Result<File, WriteError> {
        let metadata = file.metadata().map_err(self.unreadable(name))?;
        match metadata.is_file() {
            true => Ok(file),
            false => Err(WriteError::NotAFile {
                path: self.path(name),
                kind: kind(metadata.file_type()),
            }),
        }
    }

    pub(crate) fn unreadable(&self, name: &str) -> impl Fn(io::Error) -> WriteError {
        move |source| {
            let path = self.path(name);
            match is_link(&source) {
                true => WriteError::Link { path },
                false => WriteError::Read {
                    path,
                    source: Arc::new(source),
                },
            }
        }
    }

    pub(crate) fn unwritten(&self, name: &str) -> impl Fn(io::Error) -> WriteError {
        move |source| WriteError::Write {
            path: self.path(name),
            source: Arc::new(source),
        }
    }
}

fn unopened(path: &Path) -> impl Fn(io::Error) -> WriteError {
    move |source| WriteError::Directory {
        path: path.to_owned(),
        source: Arc::new(source),
    }
}

/// What O_NOFOLLOW says of a symbolic link.
fn is_link(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::LOOP.raw_os_error())
}
