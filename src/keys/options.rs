//! How key files are read, and the one way from what lies in them to a private key.

use std::path::Path;

use jiff::Timestamp;

use crate::crypto::PrivateKey;
use crate::keys::private_key::{self, FoundPrivateKey, PlainPrivateKey};
use crate::keys::{Error, password, pkcs8};
use crate::secret::Secret;

/// Asked for the password of the private key in this file. `None`: there is none to be had.
pub type PasswordSource = dyn Fn(&Path) -> Result<Option<Secret>, password::Error> + Send + Sync;

/// How key files are read.
pub struct Options {
    /// The time at which certificates have to be valid.
    pub now: Timestamp,
    /// Take private keys that others can read, too.
    pub allow_insecure_keys: bool,
    /// Take what is not safe any more, too: PKCS#12 files encrypted with RC2 or triple DES, and
    /// in a [`Keyring`](crate::keys::Keyring) short RSA keys.
    pub allow_legacy: bool,
    /// Called when an encrypted private key is met, at most once a file.
    pub password: Box<PasswordSource>,
}

impl Options {
    /// The careful defaults, for this time: no private key that others can read, no password,
    /// nothing unsafe.
    pub fn at(now: Timestamp) -> Options {
        Options {
            now,
            allow_insecure_keys: false,
            allow_legacy: false,
            password: Box::new(|_| Ok(None)),
        }
    }

    /// As OpenSSH does: no bit for group or others, not even to write.
    pub(super) fn check_permissions(&self, path: &Path, mode: u32) -> Result<(), Error> {
        if mode & 0o077 != 0 && !self.allow_insecure_keys {
            return Err(Error::InsecurePermissions {
                path: path.to_owned(),
                mode,
            });
        }
        Ok(())
    }

    /// The one password of a file, fetched when it is first needed.
    pub(super) fn password_of<'a>(&'a self, path: &'a Path) -> Password<'a> {
        Password {
            options: self,
            path,
            answer: None,
        }
    }
}

/// The password of one file.
pub(super) struct Password<'a> {
    options: &'a Options,
    path: &'a Path,
    answer: Option<Result<Secret, Error>>,
}

impl Password<'_> {
    pub(super) fn fetch(&mut self) -> Result<Secret, Error> {
        let ask = || {
            let path = || self.path.to_owned();
            (self.options.password)(self.path)
                .map_err(|source| Error::Password {
                    path: path(),
                    source,
                })?
                .ok_or_else(|| Error::PasswordMissing { path: path() })
        };
        self.answer.get_or_insert_with(ask).clone()
    }

    /// The private key, decrypted if need be.
    pub(super) fn unlock(&mut self, found: FoundPrivateKey) -> Result<PrivateKey, Error> {
        let path = self.path;
        let in_file = |source| Error::PrivateKey {
            path: path.to_owned(),
            source,
        };
        let plain = match found {
            FoundPrivateKey::Plain(plain) => plain,
            FoundPrivateKey::Encrypted(encrypted) => {
                PlainPrivateKey::decrypted(&encrypted, &self.fetch()?).map_err(
                    |error| match error {
                        private_key::Error::Encrypted(pkcs8::Error::WrongPassword) => {
                            Error::PasswordWrong {
                                path: path.to_owned(),
                            }
                        }
                        source => in_file(source),
                    },
                )?
            }
        };
        plain.decode().map_err(in_file)
    }
}
