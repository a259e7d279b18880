//! Everything a key file holds, whatever its format.

use std::path::Path;
use std::sync::Arc;

use crate::crypto::PrivateKey;
use crate::keys::file::KeyFile;
use crate::keys::options::Options;
use crate::keys::pkcs12::{self, Unusable};
use crate::keys::private_key::{self, FoundPrivateKey};
use crate::keys::{Error, pem};
use crate::secret::Secret;
use crate::x509::Certificate;

/// The private keys and certificates of one file, in its order.
#[derive(Default)]
pub(super) struct Material {
    pub(super) keys: Vec<Arc<PrivateKey>>,
    /// Why some of what is in it is not among them.
    pub(super) unusable: Vec<Error>,
    pub(super) certificates: Vec<Certificate>,
    /// What it has where there is no private key, and where there is no certificate.
    instead_of_key: Vec<String>,
    instead_of_certificate: Vec<String>,
}

impl Material {
    /// Reads a file by looking at what is in it. A private key that cannot be used does not hide
    /// the rest.
    pub(super) fn read(path: &Path, file: &KeyFile, options: &Options) -> Result<Material, Error> {
        if pkcs12::is_pkcs12(&file.bytes) {
            return Material::read_pkcs12(path, file, options);
        }
        let mut material = Material::default();
        let found = match FoundPrivateKey::find_all(&file.bytes) {
            Ok(found) => found,
            Err(private_key::Error::NotFound { found }) => {
                material.instead_of_key = found;
                Vec::new()
            }
            Err(source) => {
                return Err(Error::PrivateKey {
                    path: path.to_owned(),
                    source,
                });
            }
        };
        let is_der_key = !found.is_empty() && pem::der_elements(&file.bytes).is_some();
        if !is_der_key {
            material.read_certificates(path, &file.bytes)?;
        }
        if !found.is_empty() {
            match options.check_permissions(path, file.mode) {
                Ok(()) => material.unlock(path, found, options),
                Err(error) => material.unusable.push(error),
            }
        }
        Ok(material)
    }

    fn read_pkcs12(path: &Path, file: &KeyFile, options: &Options) -> Result<Material, Error> {
        options.check_permissions(path, file.mode)?;
        let open = |password: &Secret| {
            pkcs12::read(&file.bytes, password, options.allow_legacy).map_err(|error| match error {
                pkcs12::Error::WrongPassword => Error::PasswordWrong {
                    path: path.to_owned(),
                },
                source => Error::Pkcs12 {
                    path: path.to_owned(),
                    source,
                },
            })
        };
        // Many files have no password: nobody is asked for it then.
        let opened = match open(&Secret::new(Vec::new())) {
            Err(Error::PasswordWrong { .. }) => open(&options.password_of(path).fetch()?)?,
            opened => opened?,
        };
        let mut material = Material {
            certificates: opened.certificates,
            ..Material::default()
        };
        for key in opened.keys {
            match safe(key, path, options) {
                Ok(key) => material.keys.push(key),
                Err(error) => material.unusable.push(error),
            }
        }
        let part = |unusable| match unusable {
            Unusable::Key(source) => Error::PrivateKey {
                path: path.to_owned(),
                source: private_key::Error::Key(source),
            },
            Unusable::Locked => Error::PasswordWrong {
                path: path.to_owned(),
            },
            source => Error::Pkcs12Part {
                path: path.to_owned(),
                source,
            },
        };
        material
            .unusable
            .extend(opened.unusable.into_iter().map(part));
        Ok(material)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.certificates.is_empty() && self.unusable.is_empty()
    }

    fn unlock(
        &mut self,
        path: &Path,
        found: Vec<Result<FoundPrivateKey, private_key::Error>>,
        options: &Options,
    ) {
        let mut password = options.password_of(path);
        for found in found {
            let key = found
                .map_err(|source| Error::PrivateKey {
                    path: path.to_owned(),
                    source,
                })
                .and_then(|found| password.unlock(found))
                .and_then(|key| safe(key, path, options));
            match key {
                Ok(key) => self.keys.push(key),
                Err(error) => self.unusable.push(error),
            }
        }
    }

    fn read_certificates(&mut self, path: &Path, bytes: &[u8]) -> Result<(), Error> {
        match pem::certificates(bytes) {
            Ok(certificates) => self.certificates = certificates,
            Err(pem::Error::NoCertificate { found }) => self.instead_of_certificate = found,
            Err(source) => {
                return Err(Error::Certificate {
                    path: path.to_owned(),
                    source,
                });
            }
        }
        Ok(())
    }

    /// Why a file without a private key is of no use.
    pub(super) fn no_key(&self, path: &Path) -> Error {
        let about_keys = |error: &&Error| !matches!(error, Error::Pkcs12Part { .. });
        let first = self.unusable.iter().find(about_keys).cloned();
        first.unwrap_or_else(|| Error::PrivateKey {
            path: path.to_owned(),
            source: private_key::Error::NotFound {
                found: self.instead_of_key.clone(),
            },
        })
    }

    /// Why a file without a certificate is of no use.
    pub(super) fn no_certificate(&self, path: &Path) -> Error {
        Error::Certificate {
            path: path.to_owned(),
            source: pem::Error::NoCertificate {
                found: self.instead_of_certificate.clone(),
            },
        }
    }
}

fn safe(key: PrivateKey, path: &Path, options: &Options) -> Result<Arc<PrivateKey>, Error> {
    let public_key = key.public_key();
    if public_key.is_legacy() && !options.allow_legacy {
        return Err(Error::LegacyKey {
            path: path.to_owned(),
            key: format!("{} with {} bits", public_key.kind(), public_key.bits()),
        });
    }
    Ok(Arc::new(key))
}
