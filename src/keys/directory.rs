//! The key directory: from an address to the files that go by it.
//!
//! ```
//! use mailseal::address::Address;
//! use mailseal::keys::{Error, KeyDirectory, directory::Options};
//!
//! let keys = KeyDirectory::new("/nowhere", Options::at(jiff::Timestamp::UNIX_EPOCH));
//! let error = keys.recipient(&Address::parse("Bob@Example.com")?).unwrap_err();
//! let Error::CertificateNotFound { tried, .. } = error else { panic!() };
//! assert_eq!(tried[0].to_str(), Some("/nowhere/Bob@Example.com.crt"));
//! assert_eq!(tried[1].to_str(), Some("/nowhere/Bob@example.com.crt"));
//! assert_eq!(tried[2].to_str(), Some("/nowhere/bob@example.com.crt"));
//! # Ok::<(), mailseal::address::Error>(())
//! ```
//!
//! # Not supported
//!
//! Several certificates for one address: the first file that is there is the one, also when it
//! turns out to be unfit. `.p12` files.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::address::Address;
use crate::crypto::PrivateKey;
use crate::keys::file::KeyFile;
pub use crate::keys::options::{Options, PasswordSource};
use crate::keys::pinned::PinnedCertificate;
use crate::keys::private_key::FoundPrivateKey;
use crate::keys::{Error, RecipientCertificate, Signer, Use};
use crate::printable::is_deceptive;

/// A directory with `<address>.crt` and `<address>.pem` files.
///
/// Each answer, good or bad, is remembered for the life of the value and shared by all threads:
/// a thousand messages from one sender read, decrypt and ask for a password once. A file that
/// changes meanwhile is not seen.
///
/// Only names inside the directory are ever opened: an address that would lead elsewhere is
/// refused before a path is made of it. Symbolic links in the directory are followed; they are
/// the operator's own, and Kubernetes mounts secrets that way.
pub struct KeyDirectory {
    path: PathBuf,
    options: Options,
    recipients: Memory<String, RecipientCertificate>,
    signers: Memory<String, Signer>,
    private_keys: Memory<PathBuf, Arc<PrivateKey>>,
}

impl KeyDirectory {
    /// A directory to look in. It is not touched before the first question.
    pub fn new(path: impl Into<PathBuf>, options: Options) -> KeyDirectory {
        KeyDirectory {
            path: path.into(),
            options,
            recipients: Memory::new(),
            signers: Memory::new(),
            private_keys: Memory::new(),
        }
    }

    /// The certificate to encrypt to this address with.
    ///
    /// # Errors
    ///
    /// No file, with every path that was tried; a file that cannot be read or is no certificate;
    /// and a certificate that is not for this address, not valid now, not for mail (RFC 8550
    /// 4.4.4), not for receiving (4.4.2), or whose key is unknown or too short.
    pub fn recipient(&self, address: &Address) -> Result<RecipientCertificate, Error> {
        self.recipients.recall(written(address), || {
            let (path, file) = self.certificate_file(address)?;
            RecipientCertificate::pinned(&path, &file.bytes, address, self.options.now)
        })
    }

    /// The certificate, its intermediates and the private key to sign for this address with.
    ///
    /// # Errors
    ///
    /// As for [`KeyDirectory::recipient`], with signing in place of receiving; likewise for the
    /// private key's file, and that others can read it, that its password is missing or wrong,
    /// and that it does not belong to the certificate.
    pub fn signer(&self, address: &Address) -> Result<Signer, Error> {
        self.signers.recall(written(address), || {
            let (path, file) = self.certificate_file(address)?;
            let now = self.options.now;
            let pinned = PinnedCertificate::read(&path, &file.bytes, address, now, Use::Signing)?;
            let (key_path, private_key) = self.private_key(address)?;
            Signer::holding(pinned, &path, private_key, &key_path)
        })
    }

    /// The private key in a file that is named by its path, inside the directory or not.
    ///
    /// # Errors
    ///
    /// As for the private key of [`KeyDirectory::signer`].
    pub fn private_key_file(&self, path: &Path) -> Result<Arc<PrivateKey>, Error> {
        self.private_keys.recall(path.to_owned(), || {
            let file = KeyFile::read(path)?.ok_or_else(|| Error::FileNotFound {
                path: path.to_owned(),
            })?;
            self.decode_private_key(path, &file).map(Arc::new)
        })
    }

    fn certificate_file(&self, address: &Address) -> Result<(PathBuf, KeyFile), Error> {
        self.find(address, "crt")?
            .map_err(|tried| Error::CertificateNotFound {
                address: address.clone(),
                tried,
            })
    }

    fn private_key(&self, address: &Address) -> Result<(PathBuf, Arc<PrivateKey>), Error> {
        let (path, file) =
            self.find(address, "pem")?
                .map_err(|tried| Error::PrivateKeyNotFound {
                    address: address.clone(),
                    tried,
                })?;
        // By path: two spellings of an address may share a file, and its password is asked for
        // once.
        let key = self.private_keys.recall(path.clone(), || {
            self.decode_private_key(&path, &file).map(Arc::new)
        })?;
        Ok((path, key))
    }

    fn decode_private_key(&self, path: &Path, file: &KeyFile) -> Result<PrivateKey, Error> {
        let found = FoundPrivateKey::find(&file.bytes).map_err(|source| Error::PrivateKey {
            path: path.to_owned(),
            source,
        })?;
        self.options.check_permissions(path, file.mode)?;
        self.options.password_of(path).unlock(found)
    }

    /// The first of the files that the address may go by, or all their paths when none is there.
    #[allow(
        clippy::type_complexity,
        reason = "the miss is an answer, not a failure"
    )]
    fn find(
        &self,
        address: &Address,
        extension: &str,
    ) -> Result<Result<(PathBuf, KeyFile), Vec<PathBuf>>, Error> {
        let mut tried = Vec::new();
        for name in file_names(address, extension)? {
            let path = self.path.join(name);
            if let Some(file) = KeyFile::read(&path)? {
                return Ok(Ok((path, file)));
            }
            tried.push(path);
        }
        Ok(Err(tried))
    }
}

impl fmt::Debug for KeyDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyDirectory").field(&self.path).finish()
    }
}

/// The address with its domain as it was written, and the local part without quotes.
fn written(address: &Address) -> String {
    format!("{}@{}", address.local(), address.written_domain())
}

/// The names to look for, each once: the address as written; with its domain in lower case;
/// wholly in lower case. An internationalised domain is looked for in A-labels and in U-labels.
fn file_names(address: &Address, extension: &str) -> Result<Vec<String>, Error> {
    let (u_labels, _) = idna::domain_to_unicode(address.domain());
    let domains = [address.domain(), &u_labels];
    let lower_case = address.local().to_lowercase();
    let mut names = vec![written(address)];
    for local in [address.local(), &lower_case] {
        names.extend(domains.map(|domain| format!("{local}@{domain}")));
    }
    let mut unique: Vec<String> = Vec::new();
    for name in names {
        let name = file_name(address, &format!("{name}.{extension}"))?;
        if !unique.contains(&name) {
            unique.push(name);
        }
    }
    Ok(unique)
}

/// A name that stays inside the directory, is no hidden file there, and looks like what it is.
///
/// Doubled dots inside are harmless without a separator, and mailboxes with them exist.
fn file_name(address: &Address, name: &str) -> Result<String, Error> {
    /// NAME_MAX of every file system in use.
    const MAX_NAME: usize = 255;
    let reason = if name.contains(['/', '\\']) {
        "it contains a path separator"
    } else if name.starts_with('.') {
        "it begins with a dot"
    } else if name.chars().any(is_deceptive) {
        "it contains a control character"
    } else if name.len() > MAX_NAME {
        "it is too long"
    } else {
        return Ok(name.to_owned());
    };
    Err(Error::UnsafeName {
        address: address.to_string(),
        reason,
    })
}

/// What was answered before. The first to ask a question works on it, others who ask the same
/// wait for the answer, and nobody else is held up.
struct Memory<K, V>(Mutex<HashMap<K, Answer<V>>>);

type Answer<V> = Arc<OnceLock<Result<V, Error>>>;

impl<K: Hash + Eq, V: Clone> Memory<K, V> {
    fn new() -> Memory<K, V> {
        Memory(Mutex::new(HashMap::new()))
    }

    fn recall(&self, question: K, answer: impl FnOnce() -> Result<V, Error>) -> Result<V, Error> {
        // A panic while the lock is held would leave the map whole.
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let remembered = Arc::clone(map.entry(question).or_default());
        drop(map);
        remembered.get_or_init(answer).clone()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::keys::password;
    use crate::keys::testing::{TestKeys, address, now};
    use crate::secret::Secret;

    const BOB: &str = "bob@example.com";
    const ENCRYPTED: &str = "encrypted@example.com";
    const PASSWORD: &str = "correct horse battery staple";

    fn names(text: &str) -> Vec<String> {
        file_names(&address(text), "crt").unwrap()
    }

    #[test]
    fn as_written_comes_first_then_the_domain_then_all_in_lower_case() {
        assert_eq!(
            names("Bob@Example.COM"),
            [
                "Bob@Example.COM.crt",
                "Bob@example.com.crt",
                "bob@example.com.crt"
            ]
        );
        assert_eq!(names(BOB), ["bob@example.com.crt"]);
        assert_eq!(
            names("Bob@Bücher.example"),
            [
                "Bob@Bücher.example.crt",
                "Bob@xn--bcher-kva.example.crt",
                "Bob@bücher.example.crt",
                "bob@xn--bcher-kva.example.crt",
                "bob@bücher.example.crt"
            ]
        );
        assert_eq!(
            names("bob@xn--bcher-kva.example"),
            ["bob@xn--bcher-kva.example.crt", "bob@bücher.example.crt"]
        );
        assert_eq!(names("\"a b\"@example.com"), ["a b@example.com.crt"]);
        assert_eq!(names("\"a..b\"@example.com"), ["a..b@example.com.crt"]);
    }

    #[test]
    fn each_spelling_finds_its_file_and_the_first_one_wins() {
        let keys = TestKeys::new();
        for name in [BOB, "Bob@example.com", "Bob@Example.COM"] {
            keys.certificate(name, |c| c.serial_number = name.as_bytes().to_vec());
            let found = keys.open().recipient(&address("Bob@Example.COM")).unwrap();
            assert!(found.certificate().serial_der().ends_with(name.as_bytes()));
        }
        let other = keys.open().recipient(&address("BOB@example.com")).unwrap();
        assert!(other.certificate().serial_der().ends_with(BOB.as_bytes()));
    }

    #[test]
    fn a_miss_lists_every_path_tried() {
        let keys = TestKeys::new();
        let error = keys
            .open()
            .recipient(&address("Bob@Example.COM"))
            .unwrap_err();
        let message = error.to_string();
        for name in names("Bob@Example.COM") {
            assert!(
                message.contains(keys.path(&name).to_str().unwrap()),
                "{message}"
            );
        }
        assert!(error.is_not_found());
        assert!(
            error
                .hint()
                .unwrap()
                .starts_with("put bob@example.com.crt in /")
        );
        keys.certificate(BOB, |_| {});
        let error = keys.open().signer(&address(BOB)).unwrap_err();
        assert!(matches!(&error, Error::PrivateKeyNotFound { tried, .. }
            if *tried == [keys.path("bob@example.com.pem")]));
    }

    #[test]
    fn no_address_leaves_the_directory() {
        let keys = TestKeys::new();
        std::fs::create_dir(keys.path("sub")).unwrap();
        let directory = KeyDirectory::new(keys.path("sub"), Options::at(now()));
        keys.certificate("x@example.com", |_| {});
        for text in [
            "../x@example.com",
            "../../x@example.com",
            "/etc/x@example.com",
            "sub/x@example.com",
            "\"..\\\\x\"@example.com",
            ".x@example.com",
            "\"..\"@example.com",
            "a\u{202e}b@example.com",
        ] {
            let error = directory.recipient(&address(text)).unwrap_err();
            assert!(
                matches!(error, Error::UnsafeName { .. }),
                "{text}: {error:?}"
            );
        }
        // 251 octets and the extension are the 255 of NAME_MAX.
        let long = |length: usize| {
            let text = format!("{}@example.com", "x".repeat(length - "@example.com".len()));
            directory.recipient(&address(&text)).unwrap_err()
        };
        assert!(long(251).is_not_found());
        assert!(matches!(long(252), Error::UnsafeName { .. }));
        assert!(Address::parse("x\0@example.com").is_err());
    }

    #[test]
    fn a_private_key_is_its_owners_alone() {
        let keys = TestKeys::with(BOB);
        let signer = || keys.open().signer(&address(BOB));
        for mode in [0o600, 0o400, 0o700] {
            keys.chmod("bob@example.com.pem", mode);
            assert!(signer().is_ok(), "{mode:o}");
        }
        for mode in [0o640, 0o604, 0o620, 0o601] {
            keys.chmod("bob@example.com.pem", mode);
            let error = signer().unwrap_err();
            assert!(matches!(&error, Error::InsecurePermissions { mode: m, .. } if *m == mode));
            let path = keys.path("bob@example.com.pem");
            assert_eq!(
                error.hint().unwrap(),
                format!("chmod 600 {}", path.display())
            );
        }
        let options = Options {
            allow_insecure_keys: true,
            ..Options::at(now())
        };
        let directory = KeyDirectory::new(keys.path(""), options);
        assert!(directory.signer(&address(BOB)).is_ok());
        keys.chmod("bob@example.com.crt", 0o666);
        assert!(keys.open().recipient(&address(BOB)).is_ok());
    }

    #[test]
    fn an_open_file_without_a_key_is_no_scandal() {
        let keys = TestKeys::with(BOB);
        keys.write("bob@example.com.pem", "nothing");
        keys.chmod("bob@example.com.pem", 0o644);
        let error = keys.open().signer(&address(BOB)).unwrap_err();
        assert!(matches!(error, Error::PrivateKey { .. }));
    }

    #[test]
    fn links_inside_the_directory_are_followed() {
        let keys = TestKeys::new();
        keys.certificate(BOB, |_| {});
        std::fs::rename(keys.path("bob@example.com.crt"), keys.path("data")).unwrap();
        symlink("data", keys.path("bob@example.com.crt")).unwrap();
        assert!(keys.open().recipient(&address(BOB)).is_ok());
        std::fs::remove_file(keys.path("data")).unwrap();
        assert!(
            keys.open()
                .recipient(&address(BOB))
                .unwrap_err()
                .is_not_found()
        );
        symlink("loop@example.com.crt", keys.path("loop@example.com.crt")).unwrap();
        let error = keys.open().recipient(&address("loop@example.com"));
        assert!(matches!(error, Err(Error::Unreadable { .. })));
    }

    fn answering(answer: Option<&'static str>, asked: &Arc<AtomicUsize>) -> Options {
        let asked = Arc::clone(asked);
        Options {
            password: Box::new(move |_| {
                asked.fetch_add(1, Ordering::Relaxed);
                Ok(answer.map(|text| Secret::from_string(text.to_owned())))
            }),
            ..Options::at(now())
        }
    }

    #[test]
    fn a_password_is_asked_for_once_a_file_and_only_if_needed() {
        let keys = TestKeys::testdata();
        let asked = Arc::new(AtomicUsize::new(0));
        let directory = KeyDirectory::new(keys.path(""), answering(Some(PASSWORD), &asked));
        assert!(directory.signer(&address("alice@example.com")).is_ok());
        assert!(directory.recipient(&address(ENCRYPTED)).is_ok());
        assert_eq!(asked.load(Ordering::Relaxed), 0);
        std::thread::scope(|scope| {
            for text in [ENCRYPTED, ENCRYPTED, "Encrypted@Example.com"] {
                let directory = &directory;
                scope.spawn(move || directory.signer(&address(text)).unwrap());
            }
        });
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn wrong_and_missing_passwords_are_told_apart_and_remembered() {
        let keys = TestKeys::testdata();
        let asked = Arc::new(AtomicUsize::new(0));
        let directory = KeyDirectory::new(keys.path(""), answering(Some("guess"), &asked));
        for _ in 0..2 {
            let error = directory.signer(&address(ENCRYPTED)).unwrap_err();
            assert!(matches!(error, Error::PasswordWrong { .. }));
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        let directory = KeyDirectory::new(keys.path(""), answering(None, &asked));
        let error = directory.signer(&address(ENCRYPTED)).unwrap_err();
        assert!(matches!(error, Error::PasswordMissing { .. }));
        let options = Options {
            password: Box::new(|_| password::password_from_file(Path::new("/nowhere")).map(Some)),
            ..Options::at(now())
        };
        let error = KeyDirectory::new(keys.path(""), options).signer(&address(ENCRYPTED));
        assert!(matches!(error, Err(Error::Password { .. })));
    }
}
