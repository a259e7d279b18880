//! Files that appear whole or not at all, also when the process is killed in the middle.
//!
//! The file has no name while it is written (`O_TMPFILE`) and gets one when it is complete. Where
//! the file system cannot do that, it is written under a temporary name, which a kill leaves.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, OFlags, linkat};

/// What any file is made with; the umask takes its part.
const MODE: u32 = 0o666;

/// Where Linux shows a process its open files.
const HELD_FILES: &str = "/proc/self/fd";

/// Lets `write` write, and puts the result in the place of what is at `path`.
///
/// What is there and no regular file, a FIFO or /dev/stdout, is written to directly.
pub(super) fn write(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let path = match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => {
            return fill(&mut File::options().write(true).open(path)?, write);
        }
        // The file itself and not a link to it is to be replaced.
        Ok(_) => fs::canonicalize(path)?,
        Err(_) => path.to_owned(),
    };
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // Asked here, so that no error is about a temporary file's name.
    fs::metadata(directory)?;
    match nameless(directory) {
        Ok(mut file) => {
            fill(&mut file, write)?;
            give_name(&file, directory, &path)
        }
        Err(_) => write_named(directory, &path, write),
    }
}

fn fill(file: &mut File, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(64 << 10, file);
    write(&mut out)?;
    out.flush()
}

fn nameless(directory: &Path) -> io::Result<File> {
    // Without /proc, as in a bare chroot, there is no way to name it later.
    fs::metadata(HELD_FILES)?;
    File::options()
        .read(true)
        .write(true)
        .mode(MODE)
        .custom_flags(OFlags::TMPFILE.bits().cast_signed())
        .open(directory)
}

fn give_name(file: &File, directory: &Path, path: &Path) -> io::Result<()> {
    // open(2): how a process without CAP_DAC_READ_SEARCH names what O_TMPFILE made.
    let held = Path::new(HELD_FILES).join(file.as_raw_fd().to_string());
    // linkat replaces nothing; rename does.
    let passing = directory.join(format!(".mailseal-{:032x}", rand::random::<u128>()));
    linkat(CWD, &held, CWD, &passing, AtFlags::SYMLINK_FOLLOW)?;
    fs::rename(&passing, path).inspect_err(|_| drop(fs::remove_file(&passing)))
}

fn write_named(
    directory: &Path,
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut temporary = tempfile::Builder::new()
        .prefix(".mailseal-")
        .permissions(Permissions::from_mode(MODE))
        .tempfile_in(directory)?;
    fill(temporary.as_file_mut(), write)?;
    temporary.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn nothing_is_there_before_all_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sealed.eml");
        for content in ["first", "second"] {
            write(&path, |out| {
                out.write_all(content.as_bytes())?;
                assert_ne!(fs::read_to_string(&path).unwrap_or_default(), content);
                assert!(
                    names(directory.path())
                        .iter()
                        .all(|name| name == "sealed.eml")
                );
                Ok(())
            })
            .unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
            assert_eq!(names(directory.path()), ["sealed.eml"]);
        }
    }

    #[test]
    fn a_failure_leaves_what_was_there() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sealed.eml");
        fs::write(&path, "before").unwrap();
        for write in [write, |path: &Path, fill| {
            write_named(path.parent().unwrap(), path, fill)
        }] {
            let fails = |out: &mut dyn Write| {
                out.write_all(b"half")?;
                Err(io::Error::other("the source broke"))
            };
            assert!(write(&path, fails).is_err());
            assert_eq!(fs::read_to_string(&path).unwrap(), "before");
            assert_eq!(names(directory.path()), ["sealed.eml"]);
        }
    }

    #[test]
    fn a_link_stays_a_link() {
        let directory = tempfile::tempdir().unwrap();
        let (path, link) = (directory.path().join("file"), directory.path().join("link"));
        fs::write(&path, "before").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        write(&link, |out| out.write_all(b"after")).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&path).unwrap(), "after");
    }
}
