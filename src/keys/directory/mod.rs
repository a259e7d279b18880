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
//! assert_eq!(tried[3].to_str(), Some("/nowhere/Bob@Example.com.p12"));
//! # Ok::<(), mailseal::address::Error>(())
//! ```
//!
//! # Not supported
//!
//! Certificates for one address in several files: the first file that is there is the one, also
//! when nothing in it turns out to be fit.

pub(crate) mod file_names;
#[cfg(test)]
mod tests;
mod writer;

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use self::file_names::{file_names, written};
pub use self::writer::WriteError;
pub(crate) use self::writer::{Change, DirectoryWriter, Existing, Folder, HISTORY, Listing, Place};
use crate::address::Address;
use crate::crypto::PrivateKey;
use crate::keys::file::KeyFile;
use crate::keys::material::Material;
pub use crate::keys::options::{Options, PasswordSource};
use crate::keys::pinned::{PinnedCertificate, Wish};
use crate::keys::preferences::Preferences;
use crate::keys::private_key::FoundPrivateKey;
use crate::keys::{Error, RecipientCertificate, Signer, Use, pem, pkcs12};
use crate::x509::Certificate;

/// A directory with `<address>.crt` and `<address>.pem` files, or with `<address>.p12` where one of
/// the two is missing; and with `<address>.json` where something is known of the recipient's
/// mail client.
///
/// A file may have several certificates for its address. Of those that are valid now and fit for
/// the use at hand, a recipient's is the one that `<address>.json` calls preferred, a signer's the
/// one that the private key belongs to, and else the first.
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
    private_keys: Memory<PathBuf, PrivateKeys>,
    containers: Memory<PathBuf, Arc<Material>>,
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
            containers: Memory::new(),
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
            let (path, certificates) = self.certificates(address)?;
            let preferences = self.preferences(address)?.about(&certificates);
            let wish = Wish {
                preferred: preferences.preferred,
                ..self.wish(address, Use::Receiving)
            };
            let pinned = PinnedCertificate::choose(&path, certificates, &wish)?;
            Ok(RecipientCertificate::pinned(
                pinned,
                preferences.capabilities,
            ))
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
            let (path, certificates) = self.certificates(address)?;
            let wish = self.wish(address, Use::Signing);
            // Before anybody is asked for a password in vain.
            PinnedCertificate::choose(&path, certificates.clone(), &wish)?;
            let (key_path, keys) = self.private_keys(address)?;
            let mut unfit = None;
            for key in keys {
                let of_key =
                    PinnedCertificate::of_key(&path, certificates.clone(), &wish, key.public_key());
                match of_key {
                    Some(Ok(pinned)) => {
                        if let Some(signer) = Signer::holding(pinned, key, address) {
                            return Ok(signer);
                        }
                    }
                    // Another key may have a better one: many people have one key to sign with
                    // and one to receive.
                    Some(Err(error)) => {
                        unfit.get_or_insert(error);
                    }
                    None => {}
                }
            }
            Err(unfit.unwrap_or(Error::KeyMismatch {
                private_key: key_path,
                certificate: path,
            }))
        })
    }

    /// The first private key in a file that is named by its path, inside the directory or not.
    ///
    /// # Errors
    ///
    /// As for the private key of [`KeyDirectory::signer`].
    pub fn private_key_file(&self, path: &Path) -> Result<Arc<PrivateKey>, Error> {
        let keys = self.private_keys.recall(path.to_owned(), || {
            let file = KeyFile::read(path)?.ok_or_else(|| Error::FileNotFound {
                path: path.to_owned(),
            })?;
            self.decode_private_keys(path, &file)
        })?;
        Ok(Arc::clone(&keys[0]))
    }

    /// The certificates of `<address>.crt`, else those of `<address>.p12`.
    fn certificates(&self, address: &Address) -> Result<(PathBuf, Vec<Certificate>), Error> {
        let mut tried = match self.find(address, "crt")? {
            Ok((path, file)) => {
                return match pem::certificates(&file.bytes) {
                    Ok(certificates) => Ok((path, certificates)),
                    Err(source) => Err(Error::Certificate { path, source }),
                };
            }
            Err(tried) => tried,
        };
        match self.find(address, "p12")? {
            Ok((path, file)) => {
                let material = self.container(&path, &file)?;
                if material.certificates.is_empty() {
                    return Err(material.no_certificate(&path));
                }
                Ok((path, material.certificates.clone()))
            }
            Err(more) => {
                tried.extend(more);
                Err(Error::CertificateNotFound {
                    address: address.clone(),
                    tried,
                })
            }
        }
    }

    /// The private keys of `<address>.pem`, else those of `<address>.p12`.
    fn private_keys(&self, address: &Address) -> Result<(PathBuf, PrivateKeys), Error> {
        let mut tried = Vec::new();
        for extension in ["pem", "p12"] {
            match self.find(address, extension)? {
                Ok((path, file)) => {
                    // By path: two spellings of an address may share a file, and its password
                    // is asked for once.
                    let keys = self
                        .private_keys
                        .recall(path.clone(), || self.decode_private_keys(&path, &file))?;
                    return Ok((path, keys));
                }
                Err(more) => tried.extend(more),
            }
        }
        Err(Error::PrivateKeyNotFound {
            address: address.clone(),
            tried,
        })
    }

    /// A PKCS#12 file, opened once.
    fn container(&self, path: &Path, file: &KeyFile) -> Result<Arc<Material>, Error> {
        self.containers.recall(path.to_owned(), || {
            Material::read(path, file, &self.options).map(Arc::new)
        })
    }

    /// What `<address>.json` says, if it is there.
    fn preferences(&self, address: &Address) -> Result<Preferences, Error> {
        let found = match self.find(address, "json") {
            // One octet longer than the name of the certificate.
            Err(Error::UnsafeName { .. }) => return Ok(Preferences::default()),
            found => found?,
        };
        match found {
            Ok((path, file)) => Preferences::from_json(&file.bytes)
                .map_err(|source| Error::Preferences { path, source }),
            Err(_) => Ok(Preferences::default()),
        }
    }

    fn wish<'a>(&self, address: &'a Address, wanted: Use) -> Wish<'a> {
        Wish {
            address,
            now: self.options.now,
            wanted,
            preferred: None,
        }
    }

    /// Every private key of a file that can be used; at least one.
    fn decode_private_keys(&self, path: &Path, file: &KeyFile) -> Result<PrivateKeys, Error> {
        if pkcs12::is_pkcs12(&file.bytes) {
            let material = self.container(path, file)?;
            if material.keys.is_empty() {
                return Err(material.no_key(path));
            }
            return Ok(material.keys.clone());
        }
        let in_file = |source| Error::PrivateKey {
            path: path.to_owned(),
            source,
        };
        let found = FoundPrivateKey::find_all(&file.bytes).map_err(in_file)?;
        self.options.check_permissions(path, file.mode)?;
        let mut password = self.options.password_of(path);
        let (mut keys, mut unusable) = (Vec::new(), None);
        for found in found {
            match found
                .map_err(in_file)
                .and_then(|found| password.unlock(found))
            {
                Ok(key) => keys.push(Arc::new(key)),
                Err(error) => {
                    unusable.get_or_insert(error);
                }
            }
        }
        match unusable {
            Some(error) if keys.is_empty() => Err(error),
            _ => Ok(keys),
        }
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

/// Of one file; at least one.
type PrivateKeys = Vec<Arc<PrivateKey>>;

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
