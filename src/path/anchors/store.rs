//! Trust anchors for a process that outlives their files.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Error, TrustAnchors, files, platform};

/// Where trust anchors come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustSource {
    /// The platform's bundle, as for [`TrustAnchors::platform`].
    Platform,
    /// Files and directories, as for [`TrustAnchors::from_files`].
    Files(Vec<PathBuf>),
}

/// Trust anchors that are loaded once, and again when their files have changed.
///
/// What is bad never takes the place of what was good: certificates that were trusted stay so until
/// there are others that can be read.
///
/// ```
/// use mailseal::path::anchors::{TrustSource, TrustStore};
///
/// let source = TrustSource::Files(vec!["testdata/pki/root.crt".into()]);
/// let mut store = TrustStore::load(source)?;
/// assert_eq!(store.anchors().len(), 1);
/// assert!(store.reloaded_if_changed()?.is_none());
/// # Ok::<(), mailseal::path::anchors::Error>(())
/// ```
///
/// # Not supported
///
/// A file that is written over in place with as many octets and within the same tick of the file
/// system's clock: it looks as if nothing had happened.
#[derive(Debug)]
pub struct TrustStore {
    source: TrustSource,
    anchors: Arc<TrustAnchors>,
    /// The files as they were before they were last read, whatever came of it.
    seen: Seen,
    trouble: Option<Error>,
}

impl TrustStore {
    /// Loads the anchors for the first time.
    ///
    /// # Errors
    ///
    /// Those of [`TrustAnchors::from_files`] and [`TrustAnchors::platform`].
    pub fn load(source: TrustSource) -> Result<TrustStore, Error> {
        // Looked at before the files are read: what changes in between is seen the next time.
        let seen = Seen::of(&source);
        Ok(TrustStore {
            anchors: Arc::new(anchors(&source)?),
            source,
            seen,
            trouble: None,
        })
    }

    /// The anchors in force.
    pub fn anchors(&self) -> &Arc<TrustAnchors> {
        &self.anchors
    }

    /// Why what lies there now is not in force.
    pub fn trouble(&self) -> Option<&Error> {
        self.trouble.as_ref()
    }

    /// Looks whether the files are still those that were read, and reads them if not. The new anchors
    /// are in force then; `None`: nothing has changed.
    ///
    /// # Errors
    ///
    /// What is there now cannot be read, or is gone. The old anchors stay in force. It is told once
    /// for each change, and stays in [`trouble`](TrustStore::trouble).
    pub fn reloaded_if_changed(&mut self) -> Result<Option<Arc<TrustAnchors>>, Error> {
        let seen = Seen::of(&self.source);
        if seen == self.seen {
            return Ok(None);
        }
        self.seen = seen;
        match anchors(&self.source) {
            Ok(anchors) => {
                self.anchors = Arc::new(anchors);
                self.trouble = None;
                Ok(Some(Arc::clone(&self.anchors)))
            }
            Err(error) => {
                self.trouble = Some(error.clone());
                Err(error)
            }
        }
    }
}

fn anchors(source: &TrustSource) -> Result<TrustAnchors, Error> {
    match source {
        TrustSource::Platform => TrustAnchors::platform(),
        TrustSource::Files(paths) => TrustAnchors::from_files(paths),
    }
}

/// Every file that counts, and what tells one version of it from another.
#[derive(Debug, PartialEq, Eq)]
struct Seen(Vec<(PathBuf, Option<Version>)>);

/// A file behind its name: links are followed, since Kubernetes changes what is mounted by changing
/// a link. What is renamed into its place has another inode, what is written over another time.
#[derive(Debug, PartialEq, Eq)]
struct Version {
    device_and_inode: (u64, u64),
    length: u64,
    modified: (i64, i64),
    /// Cannot be set back, as the other can (`cp -p`, `rsync -t`).
    changed: (i64, i64),
}

impl Seen {
    fn of(source: &TrustSource) -> Seen {
        let paths = match source {
            TrustSource::Platform => platform::bundle().into_iter().collect(),
            TrustSource::Files(paths) => paths.clone(),
        };
        let mut seen = Vec::new();
        for path in paths {
            // Of a directory that cannot be listed its own version has to do.
            let entries = match path.is_dir() {
                true => files::files(&path).unwrap_or_default(),
                false => Vec::new(),
            };
            for entry in [path].into_iter().chain(entries) {
                let version = Version::of(&entry);
                seen.push((entry, version));
            }
        }
        Seen(seen)
    }
}

impl Version {
    fn of(path: &Path) -> Option<Version> {
        let metadata = fs::metadata(path).ok()?;
        Some(Version {
            device_and_inode: (metadata.dev(), metadata.ino()),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::Certificate;
    use crate::x509::testing::{TestCertificate, name};

    fn pem(common_name: &str) -> String {
        let key = p256::SecretKey::from_slice(&[7; 32]).unwrap();
        let mut certificate = TestCertificate::of("ca@example.com", &key);
        certificate.subject = name(common_name);
        certificate.pem()
    }

    fn store(path: &Path) -> TrustStore {
        TrustStore::load(TrustSource::Files(vec![path.to_owned()])).unwrap()
    }

    fn subjects(store: &TrustStore) -> Vec<&str> {
        let certificates = store.anchors().certificates();
        certificates.map(Certificate::subject).collect()
    }

    /// Puts a file in the place of another, as every careful program does.
    fn renamed_into(path: &Path, content: &str) {
        let new = path.with_extension("new");
        fs::write(&new, content).unwrap();
        fs::rename(&new, path).unwrap();
    }

    #[test]
    fn what_has_not_changed_is_not_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ca.pem");
        fs::write(&path, pem("A")).unwrap();
        for place in [path.as_path(), directory.path()] {
            let mut store = store(place);
            for _ in 0..3 {
                assert!(store.reloaded_if_changed().unwrap().is_none());
            }
            assert_eq!(subjects(&store), ["CN=A"]);
        }
    }

    #[test]
    fn a_change_is_in_force_at_once_and_told_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ca.pem");
        fs::write(&path, pem("A")).unwrap();
        let mut store = store(&path);
        let old = Arc::clone(store.anchors());
        // Of the same length: the inode tells.
        renamed_into(&path, &pem("B"));
        let new = store.reloaded_if_changed().unwrap().unwrap();
        assert_eq!(subjects(&store), ["CN=B"]);
        assert!(Arc::ptr_eq(&new, store.anchors()));
        assert_eq!(old.certificates().next().unwrap().subject(), "CN=A");
        assert!(store.reloaded_if_changed().unwrap().is_none());
        // In place: the length tells.
        fs::write(&path, [pem("B"), pem("C")].concat()).unwrap();
        assert!(store.reloaded_if_changed().unwrap().is_some());
        assert_eq!(subjects(&store), ["CN=B", "CN=C"]);
    }

    #[test]
    fn what_is_bad_or_gone_leaves_the_old_in_force() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ca.pem");
        fs::write(&path, pem("A")).unwrap();
        let mut store = store(&path);
        renamed_into(&path, "garbage");
        let garbage = store.reloaded_if_changed().unwrap_err();
        assert!(matches!(garbage, Error::Malformed { .. }), "{garbage}");
        assert!(store.reloaded_if_changed().unwrap().is_none(), "told twice");
        assert!(matches!(store.trouble(), Some(Error::Malformed { .. })));
        assert_eq!(subjects(&store), ["CN=A"]);

        fs::remove_file(&path).unwrap();
        let gone = store.reloaded_if_changed().unwrap_err();
        assert!(matches!(gone, Error::Unreadable { .. }), "{gone}");
        assert_eq!(subjects(&store), ["CN=A"]);

        fs::write(&path, pem("B")).unwrap();
        assert!(store.reloaded_if_changed().unwrap().is_some());
        assert!(store.trouble().is_none());
        assert_eq!(subjects(&store), ["CN=B"]);
    }

    #[test]
    fn a_directory_changes_with_its_files() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::write(path("a.pem"), pem("A")).unwrap();
        let mut store = store(directory.path());
        fs::write(path("b.pem"), pem("B")).unwrap();
        assert!(store.reloaded_if_changed().unwrap().is_some());
        assert_eq!(subjects(&store), ["CN=A", "CN=B"]);
        fs::write(path("a.pem"), "garbage, longer or shorter").unwrap();
        let reloaded = store.reloaded_if_changed().unwrap().unwrap();
        assert_eq!(subjects(&store), ["CN=B"]);
        assert_eq!(reloaded.skipped().len(), 1);
        fs::remove_file(path("b.pem")).unwrap();
        assert!(store.reloaded_if_changed().is_err());
        assert_eq!(subjects(&store), ["CN=B"], "the last that was good");
    }

    #[test]
    fn a_link_that_leads_elsewhere_is_a_change() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        for version in ["A", "B"] {
            fs::create_dir(path(version)).unwrap();
            fs::write(path(version).join("ca.pem"), pem(version)).unwrap();
        }
        // As Kubernetes mounts a ConfigMap.
        std::os::unix::fs::symlink("A", path("..data")).unwrap();
        std::os::unix::fs::symlink("..data/ca.pem", path("ca.pem")).unwrap();
        let mut store = store(&path("ca.pem"));
        assert_eq!(subjects(&store), ["CN=A"]);
        std::os::unix::fs::symlink("B", path("..new")).unwrap();
        fs::rename(path("..new"), path("..data")).unwrap();
        assert!(store.reloaded_if_changed().unwrap().is_some());
        assert_eq!(subjects(&store), ["CN=B"]);
    }
}
