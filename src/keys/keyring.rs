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
const EXTENSIONS: [&str; 2] = ["pem", "crt"];

/// Where a [`Keyring`] gets its keys and certificates from.
#[derive(Debug, Clone, Default)]
pub struct KeySources {
    /// Files of which each has at least one private key that can be used. Certificates in them
    /// are taken, too.
    pub keys: Vec<PathBuf>,
    /// Files of which each has at least one certificate that one of the private keys belongs to.
    /// Private keys in them are taken, too.
    pub certificates: Vec<PathBuf>,
    /// A directory of which every file that can be used is taken: `*.pem` and `*.crt`.
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
                    material.unusable_keys.push(reason);
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
                self.keys.push((Arc::new(key), path.to_owned()));
            }
        }
        for certificate in material.certificates.drain(..) {
            if !self.certificates.iter().any(|(c, _)| *c == certificate) {
                let public_key = certificate.public_key().ok();
                self.certificates.push((certificate, public_key));
            }
        }
        for reason in material.unusable_keys.drain(..) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::testing::{TestKeys, now, pkcs8_pem, secret_key};
    use crate::secret::Secret;
    use crate::x509::testing::TestCertificate;

    fn certificate(key: u8, serial: u8) -> String {
        let mut certificate = TestCertificate::of("bob@example.com", &secret_key(key));
        certificate.serial_number = vec![serial];
        certificate.pem()
    }

    fn key(seed: u8) -> String {
        pkcs8_pem(&secret_key(seed))
    }

    fn sources(keys: &TestKeys, key_files: &[&str], certificate_files: &[&str]) -> KeySources {
        KeySources {
            keys: key_files.iter().map(|name| keys.path(name)).collect(),
            certificates: certificate_files
                .iter()
                .map(|name| keys.path(name))
                .collect(),
            directory: None,
        }
    }

    fn directory(keys: &TestKeys) -> KeySources {
        KeySources {
            directory: Some(keys.path("")),
            ..KeySources::default()
        }
    }

    fn read(sources: &KeySources) -> Result<Keyring, Error> {
        Keyring::read(sources, &Options::at(now()))
    }

    /// The file and the certificate's serial of each entry.
    fn shown(keyring: &Keyring) -> Vec<String> {
        let shown = |entry: &KeyringEntry| {
            let serial = entry.certificate.as_ref().map(Certificate::serial_hex);
            let file = entry.source.file_name().unwrap().to_str().unwrap();
            format!("{file} {}", serial.unwrap_or_default())
        };
        keyring.entries().iter().map(shown).collect()
    }

    #[test]
    fn keys_and_certificates_are_paired_by_their_public_key() {
        let keys = TestKeys::new();
        keys.write("one.pem", key(1) + &key(2));
        keys.write("three.pem", certificate(3, 0x33) + &key(3));
        keys.write(
            "many.crt",
            [
                certificate(2, 0x22),
                certificate(9, 0x99),
                certificate(2, 0x23),
            ]
            .concat(),
        );
        let keyring = read(&sources(&keys, &["one.pem", "three.pem"], &["many.crt"])).unwrap();
        assert_eq!(
            shown(&keyring),
            ["one.pem ", "one.pem 22", "one.pem 23", "three.pem 33"]
        );
        assert!(keyring.skipped().is_empty());
    }

    #[test]
    fn a_key_or_certificate_that_is_given_twice_counts_once() {
        let keys = TestKeys::new();
        keys.write(
            "one.pem",
            certificate(1, 0x11) + &key(1) + &certificate(1, 0x11),
        );
        keys.write("two.pem", key(1) + &certificate(1, 0x11));
        let keyring = read(&KeySources {
            directory: Some(keys.path("")),
            ..sources(&keys, &["two.pem", "one.pem"], &["two.pem"])
        });
        assert_eq!(shown(&keyring.unwrap()), ["two.pem 11"]);
    }

    #[test]
    fn a_certificate_whose_key_is_nowhere_is_an_error() {
        let keys = TestKeys::new();
        keys.write("one.pem", key(1));
        keys.write("two.crt", certificate(2, 0x22));
        let error = read(&sources(&keys, &["one.pem"], &["two.crt"])).unwrap_err();
        assert!(matches!(&error, Error::KeyNotGiven { path } if *path == keys.path("two.crt")));
        assert!(error.hint().unwrap().contains("--key"));
        // In a directory most certificates are other people's.
        assert_eq!(shown(&read(&directory(&keys)).unwrap()), ["one.pem "]);
        keys.write("two.pem", key(2));
        let keyring = read(&sources(&keys, &["two.pem"], &["two.crt"])).unwrap();
        assert_eq!(shown(&keyring), ["two.pem 22"]);
    }

    #[test]
    fn a_named_file_that_has_not_what_it_was_named_for_is_an_error() {
        let keys = TestKeys::new();
        keys.write("key.pem", key(1));
        keys.write("bob.crt", certificate(1, 0x11));
        keys.write("text.pem", "nothing");
        let error = |key_files: &[&str], certificate_files: &[&str]| {
            read(&sources(&keys, key_files, certificate_files)).unwrap_err()
        };
        let found = error(&["bob.crt"], &[]);
        assert!(matches!(found, Error::PrivateKey { .. }), "{found:?}");
        let found = error(&["key.pem"], &["key.pem"]);
        assert!(matches!(found, Error::Certificate { .. }), "{found:?}");
        let found = error(&["text.pem"], &[]);
        assert!(matches!(found, Error::PrivateKey { .. }), "{found:?}");
        let found = error(&["none.pem"], &[]);
        assert!(matches!(found, Error::FileNotFound { .. }), "{found:?}");
        let found = read(&KeySources {
            directory: Some(keys.path("none")),
            ..KeySources::default()
        });
        assert!(
            matches!(found, Err(Error::FileNotFound { .. })),
            "{found:?}"
        );
    }

    #[test]
    fn what_is_unusable_in_a_directory_is_skipped_and_named() {
        let keys = TestKeys::testdata();
        let keyring = read(&directory(&keys)).unwrap();
        let reason = |name: &str| {
            let path = keys.path(name);
            let skipped = keyring
                .skipped()
                .iter()
                .find(|skipped| skipped.path == path);
            skipped.map(|skipped| {
                assert!(skipped.to_string().contains(name), "{skipped}");
                &skipped.reason
            })
        };
        for encrypted in ["encrypted@example.com.pem", "scrypt@example.com.pem"] {
            let reason = reason(encrypted);
            assert!(
                matches!(reason, Some(Error::PasswordMissing { .. })),
                "{reason:?}"
            );
        }
        let short = reason("rsa1024@example.com.pem");
        assert!(matches!(short, Some(Error::LegacyKey { .. })), "{short:?}");
        let curve = reason("secp256k1@example.com.pem");
        assert!(matches!(curve, Some(Error::PrivateKey { .. })), "{curve:?}");
        let garbage = reason("garbage@example.com.crt");
        assert!(
            matches!(garbage, Some(Error::Certificate { .. })),
            "{garbage:?}"
        );
        assert!(reason("alice@example.com.pem").is_none());
        // An expired certificate still opens what was sealed for it.
        let entries = shown(&keyring);
        for (name, serial) in [("alice", "1001"), ("expired", "2001"), ("mismatch", "")] {
            let entry = format!("{name}@example.com.pem {serial}");
            assert!(entries.contains(&entry), "{entry}: {entries:?}");
        }
    }

    #[test]
    fn a_directory_gives_its_encrypted_keys_to_who_has_the_password() {
        let keys = TestKeys::testdata();
        let options = |password: &'static str| Options {
            password: Box::new(move |_| Ok(Some(Secret::from_string(password.to_owned())))),
            allow_legacy: true,
            ..Options::at(now())
        };
        let read = |password| Keyring::read(&directory(&keys), &options(password)).unwrap();
        let entries = shown(&read("correct horse battery staple"));
        for entry in [
            "encrypted@example.com.pem 1012",
            "scrypt@example.com.pem 1013",
            "rsa1024@example.com.pem 2008",
        ] {
            assert!(entries.iter().any(|e| e == entry), "{entry}: {entries:?}");
        }
        let keyring = read("guess");
        let wrong = |skipped: &&Skipped| matches!(skipped.reason, Error::PasswordWrong { .. });
        assert_eq!(keyring.skipped().iter().filter(wrong).count(), 2);
    }

    #[test]
    fn an_unusable_key_beside_a_good_one_is_skipped_in_a_named_file_too() {
        let keys = TestKeys::testdata();
        let text = |name: &str| std::fs::read_to_string(keys.path(name)).unwrap();
        let (good, bad) = (
            text("alice@example.com.pem"),
            text("secp256k1@example.com.pem"),
        );
        keys.write("both.pem", format!("{bad}{good}"));
        let keyring = read(&sources(&keys, &["both.pem"], &["alice@example.com.crt"])).unwrap();
        assert_eq!(shown(&keyring), ["both.pem 1001"]);
        assert_eq!(keyring.skipped().len(), 1);
        keys.write("bad.pem", bad);
        let error = read(&sources(&keys, &["bad.pem"], &[])).unwrap_err();
        assert!(matches!(error, Error::PrivateKey { .. }), "{error:?}");
    }

    #[test]
    fn a_named_key_is_refused_when_it_is_open_to_others_or_short_or_locked() {
        let keys = TestKeys::testdata();
        let refused = |name: &str| read(&sources(&keys, &[name], &[])).unwrap_err();
        let error = refused("rsa1024@example.com.pem");
        assert!(error.to_string().contains("RSA with 1024 bits"), "{error}");
        assert!(error.hint().unwrap().contains("--allow-legacy"));
        let error = refused("encrypted@example.com.pem");
        assert!(matches!(error, Error::PasswordMissing { .. }), "{error:?}");
        keys.chmod("alice@example.com.pem", 0o640);
        let error = refused("alice@example.com.pem");
        assert!(
            matches!(error, Error::InsecurePermissions { .. }),
            "{error:?}"
        );
    }

    #[test]
    fn der_is_read_as_well() {
        use p256::pkcs8::EncodePrivateKey;
        let keys = TestKeys::new();
        keys.write("key.pem", secret_key(1).to_pkcs8_der().unwrap().as_bytes());
        let certificate = TestCertificate::of("bob@example.com", &secret_key(1));
        keys.write("bob.crt", certificate.der());
        let named = read(&sources(&keys, &["key.pem"], &["bob.crt"])).unwrap();
        assert_eq!(shown(&named), ["key.pem 01"]);
        assert_eq!(shown(&read(&directory(&keys)).unwrap()), ["key.pem 01"]);
    }
}
