//! Passwords of private keys, read from files.
//!
//! ```
//! let error = mailseal::keys::password_from_file("/nowhere/password".as_ref()).unwrap_err();
//! assert_eq!(error.to_string(), "cannot read the password file /nowhere/password");
//! ```
//!
//! # Not supported
//!
//! Several passwords in one file: OpenSSL takes the first line, this module the whole file.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::keys::file::{kind, read_all};
use crate::secret::Secret;

/// The most that is read of a password file, in bytes.
const MAX_PASSWORD_FILE: u64 = 4096;

/// Why there is no password to be had.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be opened or read.
    #[error("cannot read the password file {}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: Arc<io::Error>,
    },
    /// A directory in the place of the file.
    #[error("the password file {} is a {kind}", .path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// What is there.
        kind: &'static str,
    },
    /// Nobody types that.
    #[error("the password file {} is longer than {MAX_PASSWORD_FILE} bytes", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// There is nothing in it, or nothing but a line end.
    #[error("the password file {} is empty", .path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

/// Reads a password: the whole file without its last line end.
///
/// A FIFO will do, so that a shell's `<(pass show mail)` works.
///
/// # Errors
///
/// A file that cannot be read, is a directory, is empty or longer than 4 KiB.
pub fn password_from_file(path: &Path) -> Result<Secret, Error> {
    let unreadable = |source| Error::Unreadable {
        path: path.to_owned(),
        source: Arc::new(source),
    };
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(Error::NotAFile {
            path: path.to_owned(),
            kind: kind(metadata.file_type()),
        });
    }
    let bytes = read_all(&file, MAX_PASSWORD_FILE, MAX_PASSWORD_FILE)
        .map_err(unreadable)?
        .ok_or_else(|| Error::TooLarge {
            path: path.to_owned(),
        })?;
    let password = match bytes.strip_suffix(b"\n") {
        Some(line) => line.strip_suffix(b"\r").unwrap_or(line),
        None => &bytes,
    };
    if password.is_empty() {
        return Err(Error::Empty {
            path: path.to_owned(),
        });
    }
    Ok(Secret::new(password.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(content: &[u8]) -> Result<Secret, Error> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("password");
        std::fs::write(&path, content).unwrap();
        password_from_file(&path)
    }

    #[test]
    fn one_line_end_is_taken_off() {
        for (content, expected) in [
            (&b"secret\n"[..], &b"secret"[..]),
            (b"secret\r\n", b"secret"),
            (b"secret", b"secret"),
            (b"secret\r", b"secret\r"),
            (b"secret\n\n", b"secret\n"),
            (b" se cret ", b" se cret "),
        ] {
            assert_eq!(password(content).unwrap().expose(), expected);
        }
    }

    #[test]
    fn an_empty_password_is_refused() {
        for content in [&b""[..], b"\n", b"\r\n"] {
            assert!(matches!(password(content), Err(Error::Empty { .. })));
        }
        assert_eq!(password(b" ").unwrap().expose(), b" ");
    }

    #[test]
    fn an_endless_password_is_refused() {
        assert!(password(&[b'x'; 4096]).is_ok());
        let too_long = password(&[b'x'; 4097]);
        assert!(matches!(too_long, Err(Error::TooLarge { .. })));
        let endless = password_from_file(Path::new("/dev/zero"));
        assert!(matches!(endless, Err(Error::TooLarge { .. })));
    }

    #[test]
    fn a_directory_and_a_missing_file_are_told_apart() {
        let directory = password_from_file(Path::new("/")).unwrap_err();
        assert_eq!(directory.to_string(), "the password file / is a directory");
        let missing = password_from_file(Path::new("/nowhere/password"));
        assert!(matches!(missing, Err(Error::Unreadable { .. })));
    }
}
