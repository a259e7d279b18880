//! Opening key files without being led astray by what stands in their place.

use std::fs::{File, FileType, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use rustix::fs::OFlags;
use zeroize::Zeroizing;

use crate::keys::Error;
use crate::secret::Secret;

/// The most that is read of a key or certificate file, in bytes. A chain of RSA-4096 certificates
/// with long names takes about 20 KiB.
pub(super) const MAX_FILE: u64 = 1 << 20;

/// The most that is read of a password file, in bytes.
const MAX_PASSWORD_FILE: u64 = 4096;

/// A key file's content and permission bits, from one open file description: what is judged is
/// what was read, whatever happens to the path meanwhile.
pub(super) struct KeyFile {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    pub(super) mode: u32,
}

impl KeyFile {
    /// Reads a file, or finds that there is none.
    ///
    /// Symbolic links are followed: the directory belongs to the operator, and Kubernetes mounts
    /// each secret as a link. A FIFO does not block and a device is not read, since only regular
    /// files are.
    pub(super) fn read(path: &Path) -> Result<Option<KeyFile>, Error> {
        let file = match OpenOptions::new()
            .read(true)
            .custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed())
            .open(path)
        {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(path)(error)),
        };
        let metadata = file.metadata().map_err(unreadable(path))?;
        if !metadata.is_file() {
            return Err(Error::NotAFile {
                path: path.to_owned(),
                kind: kind(metadata.file_type()),
            });
        }
        let bytes = read_all(&file, path, metadata.len(), MAX_FILE)?;
        if bytes.is_empty() {
            return Err(Error::Empty {
                path: path.to_owned(),
            });
        }
        let mode = metadata.mode() & 0o7777;
        Ok(Some(KeyFile { bytes, mode }))
    }
}

/// Reads a password: the whole file without its last line end.
///
/// A FIFO will do, so that a shell's `<(pass show mail)` works.
///
/// # Errors
///
/// A file that cannot be read, is a directory, is empty or longer than 4 KiB.
pub fn password_from_file(path: &Path) -> Result<Secret, Error> {
    let file = File::open(path).map_err(unreadable(path))?;
    let metadata = file.metadata().map_err(unreadable(path))?;
    if metadata.is_dir() {
        return Err(Error::NotAFile {
            path: path.to_owned(),
            kind: kind(metadata.file_type()),
        });
    }
    let bytes = read_all(&file, path, MAX_PASSWORD_FILE, MAX_PASSWORD_FILE)?;
    let password = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    let password = password.strip_suffix(b"\r").unwrap_or(password);
    if password.is_empty() {
        return Err(Error::Empty {
            path: path.to_owned(),
        });
    }
    Ok(Secret::new(password.to_vec()))
}

/// Reads to the end. The buffer is made large enough at once: growing would leave copies of a
/// secret behind that nobody wipes.
fn read_all(
    file: &File,
    path: &Path,
    expected: u64,
    limit: u64,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let too_large = || Error::TooLarge {
        path: path.to_owned(),
        limit,
    };
    if expected > limit {
        return Err(too_large());
    }
    let capacity = usize::try_from(expected + 1).map_err(|_| too_large())?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(capacity));
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable(path))?;
    if bytes.len() as u64 > limit {
        return Err(too_large());
    }
    Ok(bytes)
}

fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::Unreadable {
        path: path.to_owned(),
        source: Arc::new(source),
    }
}

fn kind(file_type: FileType) -> &'static str {
    if file_type.is_dir() {
        "directory"
    } else if file_type.is_fifo() {
        "FIFO"
    } else if file_type.is_socket() {
        "socket"
    } else {
        "device"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn password(content: &[u8]) -> Result<Secret, Error> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("password");
        fs::write(&path, content).unwrap();
        password_from_file(&path)
    }

    #[test]
    fn one_line_end_is_taken_off_a_password() {
        for (content, expected) in [
            (&b"secret\n"[..], &b"secret"[..]),
            (b"secret\r\n", b"secret"),
            (b"secret", b"secret"),
            (b"secret\n\n", b"secret\n"),
            (b" se cret ", b" se cret "),
        ] {
            assert_eq!(password(content).unwrap().expose(), expected);
        }
    }

    #[test]
    fn empty_and_endless_passwords_are_refused() {
        assert!(matches!(password(b""), Err(Error::Empty { .. })));
        assert!(matches!(password(b"\n"), Err(Error::Empty { .. })));
        assert!(password(&[b'x'; 4096]).is_ok());
        assert!(matches!(
            password(&[b'x'; 4097]),
            Err(Error::TooLarge { .. })
        ));
        let endless = password_from_file(Path::new("/dev/zero"));
        assert!(matches!(endless, Err(Error::TooLarge { .. })));
        let directory = password_from_file(Path::new("/"));
        assert!(matches!(directory, Err(Error::NotAFile { .. })));
        let missing = password_from_file(Path::new("/nowhere/password"));
        assert!(matches!(missing, Err(Error::Unreadable { .. })));
    }

    #[test]
    fn what_is_no_file_is_named_without_waiting_for_it() {
        let directory = tempfile::tempdir().unwrap();
        let fifo = directory.path().join("fifo");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &fifo,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .unwrap();
        let found = |path: &Path| KeyFile::read(path).err().unwrap().to_string();
        assert!(found(&fifo).ends_with("is not a file but a FIFO"));
        assert!(found(directory.path()).ends_with("is not a file but a directory"));
        assert!(found(Path::new("/dev/null")).ends_with("is not a file but a device"));
        assert!(
            KeyFile::read(&directory.path().join("none"))
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn a_file_is_read_up_to_the_limit_and_not_beyond() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, vec![b'x'; 1 << 20]).unwrap();
        assert_eq!(KeyFile::read(&path).unwrap().unwrap().bytes.len(), 1 << 20);
        fs::write(&path, vec![b'x'; (1 << 20) + 1]).unwrap();
        assert!(matches!(KeyFile::read(&path), Err(Error::TooLarge { .. })));
        fs::write(&path, b"").unwrap();
        assert!(matches!(KeyFile::read(&path), Err(Error::Empty { .. })));
    }
}
