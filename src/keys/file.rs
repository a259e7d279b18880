//! Opening key files without being led astray by what stands in their place.

use std::fs::{File, FileType, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use rustix::fs::OFlags;
use zeroize::Zeroizing;

use crate::keys::Error;

/// The most that is read of a key or certificate file, in bytes. A chain of RSA-4096 certificates
/// with long names takes about 20 KiB.
pub(super) const MAX_FILE: u64 = 1 << 20;

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
        let bytes = read_all(&file, metadata.len(), MAX_FILE)
            .map_err(unreadable(path))?
            .ok_or_else(|| Error::TooLarge {
                path: path.to_owned(),
                limit: MAX_FILE,
            })?;
        if bytes.is_empty() {
            return Err(Error::Empty {
                path: path.to_owned(),
            });
        }
        let mode = metadata.mode() & 0o7777;
        Ok(Some(KeyFile { bytes, mode }))
    }
}

/// Reads to the end, or finds that the end is beyond the limit. The buffer is made large enough at
/// once: growing would leave copies of a secret behind that nobody wipes.
pub(super) fn read_all(
    file: &File,
    expected: u64,
    limit: u64,
) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    // One byte more than expected shows that there is none.
    let capacity = usize::try_from(expected.min(limit) + 1).unwrap_or_default();
    let mut bytes = Zeroizing::new(Vec::with_capacity(capacity));
    file.take(limit + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::Unreadable {
        path: path.to_owned(),
        source: Arc::new(source),
    }
}

/// What stands in the place of a file.
pub(super) fn kind(file_type: FileType) -> &'static str {
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
