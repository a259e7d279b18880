//! All the keys that a message may be opened with, and the certificates that belong to them.
//!
//! ```no_run
//! use mailseal::keys::{KeySources, Keyring, directory::Options};
//!
//! let sources = KeySources {
//!     keys: vec!["old.pem".into(), "new.pem".into()],
//!     certificates: vec!["both.crt".into()],
//!     directory: None,
//! };
//! let keyring = Keyring::read(&sources, &Options::at(jiff::Timestamp::now()))?;
//! for entry in keyring.entries() {
//!     println!("{}: {:?}", entry.source.display(), entry.key);
//! }
//! # Ok::<(), mailseal::keys::Error>(())
//! ```
//!
//! # Not supported
//!
//! Judging the certificates: mail that was sealed while one was valid must stay readable when it
//! is not, so neither its dates nor its key usage are looked at. Directories inside the directory.

#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::crypto::{PrivateKey, PublicKey};
use crate::keys::Error;
use crate::keys::directory::Options;
use crate::keys::file::KeyFile;
use crate::keys::material::Material;
use crate::x509::Certificate;

/// The extensions of files in a directory that may hold something for a [`Keyring`].
const EXTENSIONS: [&str; 4] = ["pem", "crt", "p12", "pfx"];

/// Where a [`Keyring`] gets its keys and certificates from.
#[derive(Debug, Clone, Default)]
pub struct KeySources {
    /// Files of which each has at least one private key that can be used. Certificates in them
    /// are taken, too.
    pub keys: Vec<PathBuf>,
    /// Files of which each has at least one certificate that one of the private keys belongs to.
    /// Private keys in them are taken, too.
    pub certificates: Vec<PathBuf>,
    /// A directory of which every file that can be used is taken: `*.pem`, `*.crt`, `*.p12` and
    /// `*.pfx`.
    pub directory: Option<PathBuf>,
}

/// Private keys, each with the certificates that belong to it.
#[derive(Debug, Default)]
pub struct Keyring {
    entries: Vec<KeyringEntry>,
    skipped: Vec<Skipped>,
}

/// A private key with a certificate that belongs to it, or without any.
#[derive(Debug, Clone)]
pub struct KeyringEntry {
    /// The private key.
    pub key: Arc<PrivateKey>,
    /// The certificate of the same public key. A key with several has as many entries; `None`
    /// stands in the one entry of a key that has none.
    pub certificate: Option<Certificate>,
    /// The file with the private key.
    pub source: PathBuf,
}

/// A file, or a private key in it, that is not in the [`Keyring`].
#[derive(Debug, Clone)]
pub struct Skipped {
    /// The file.
    pub path: PathBuf,
    /// Why it could not be used.
    pub reason: Error,
}

impl Keyring {
    /// Reads every file, and finds by their public keys what belongs together. The keys of the
    /// named files come first, in the order of their names; then those of the directory, by
    /// file name.
    ///
    /// # Errors
    ///
    /// A named file that is not there, cannot be read, or does not have what it was named for;
    /// a password that is missing or wrong and a key that is open to others
    /// ([`Error::InsecurePermissions`]) or not safe any more ([`Error::LegacyKey`]), if that
    /// leaves the named file without a key; a directory that cannot be read. Whatever else cannot
    /// be used is [skipped](Keyring::skipped).
    pub fn read(sources: &KeySources, options: &Options) -> Result<Keyring, Error> {
        let mut gathered = Gathered::default();
        for path in &sources.keys {
            let material = named(path, options)?;
            gathered.take_keys(path, material)?;
        }
        for path in &sources.certificates {
            let material = named(path, options)?;
            gathered.take_certificates(path, material)?;
        }
        if let Some(directory) = &sources.directory {
            for path in files(directory)? {
                gathered.take_what_there_is(&path, named(&path, options));
            }
        }
        gathered.paired()
    }

    /// Every pair of a private key and a certificate, and every private key without one.
    pub fn entries(&self) -> &[KeyringEntry] {
        &self.entries
    }

    /// What could not be used, without being an error: files of the directory, and private keys
    /// of a named file that has others.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Every reason names the file.
        self.reason.fmt(f)
    }
}

fn named(path: &Path, options: &Options) -> Result<Material, Error> {
    let file = KeyFile::read(path)?.ok_or_else(|| Error::FileNotFound {
        path: path.to_owned(),
    })?;
    Material::read(path, &file, options)
}

/// The files of a directory that may hold something, by name: what is found does not depend on
/// the order in which a file system lists them.
fn files(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Error::FileNotFound {
            path: directory.to_owned(),
        },
        _ => Error::Unreadable {
            path: directory.to_owned(),
            source: Arc::new(error),
        },
    };
    let mut files = Vec::new();
    for entry in directory.read_dir().map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if extension.is_some_and(|extension| EXTENSIONS.contains(&extension)) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// What the files held, before it is known what belongs together.
#[derive(Default)]
struct Gathered {
    keys: Vec<(Arc<PrivateKey>, PathBuf)>,
    /// A certificate whose public key cannot be read belongs to no private key.
    certificates: Vec<(Certificate, Option<PublicKey>)>,
    /// The files that were named for their certificates, and these.
    wanted: Vec<(PathBuf, Vec<Certificate>)>,
    skipped: Vec<Skipped>,
}

impl Gathered {
    fn take_keys(&mut self, path: &Path, mut material: Material) -> Result<(), Error> {
        if material.keys.is_empty() {
            return Err(material.no_key(path));
        }
        self.take(path, &mut material);
        Ok(())
    }

    fn take_certificates(&mut self, path: &Path, mut material: Material) -> Result<(), Error> {
        if material.certificates.is_empty() {
            return Err(material.no_certificate(path));
        }
        let certificates = material.certificates.clone();
        self.take(path, &mut material);
        self.wanted.push((path.to_owned(), certificates));
        Ok(())
    }

    fn take_what_there_is(&mut self, path: &Path, material: Result<Material, Error>) {
        match material {
            Ok(mut material) => {
                if material.is_empty() {
                    let reason = material.no_key(path);
                    material.unusable.push(reason);
                }
                self.take(path, &mut material);
            }
            Err(reason) => self.skip(path, reason),
        }
    }

    fn take(&mut self, path: &Path, material: &mut Material) {
        for key in material.keys.drain(..) {
            let known =
                |(other, _): &(Arc<PrivateKey>, PathBuf)| other.public_key() == key.public_key();
            if !self.keys.iter().any(known) {
                self.keys.push((key, path.to_owned()));
            }
        }
        for certificate in material.certificates.drain(..) {
            if !self.certificates.iter().any(|(c, _)| *c == certificate) {
                let public_key = certificate.public_key().ok();
                self.certificates.push((certificate, public_key));
            }
        }
        for reason in material.unusable.drain(..) {
            self.skip(path, reason);
        }
    }

    fn skip(&mut self, path: &Path, reason: Error) {
        self.skipped.push(Skipped {
            path: path.to_owned(),
            reason,
        });
    }

    fn paired(self) -> Result<Keyring, Error> {
        let mut entries = Vec::new();
        for (key, source) in self.keys {
            let entry = |certificate| KeyringEntry {
                key: Arc::clone(&key),
                certificate,
                source: source.clone(),
            };
            let before = entries.len();
            let own = self
                .certificates
                .iter()
                .filter(|(_, public_key)| public_key.as_ref() == Some(key.public_key()));
            entries.extend(own.map(|(certificate, _)| entry(Some(certificate.clone()))));
            if entries.len() == before {
                entries.push(entry(None));
            }
        }
        let has_key = |certificate: &Certificate| {
            let mut owned = entries
                .iter()
                .filter_map(|entry| entry.certificate.as_ref());
            owned.any(|owned| owned == certificate)
        };
        // The others of such a file are intermediates.
        let orphan = |(_, certificates): &&(_, Vec<_>)| !certificates.iter().any(has_key);
        if let Some((path, _)) = self.wanted.iter().find(orphan) {
            return Err(Error::KeyNotGiven { path: path.clone() });
        }
        Ok(Keyring {
            entries,
            skipped: self.skipped,
        })
    }
}
