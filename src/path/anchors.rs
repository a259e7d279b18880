//! Whom a path may end at: the certificates that the caller trusts, and where they were found.
//!
//! ```
//! use mailseal::path::TrustAnchors;
//!
//! let anchors = TrustAnchors::from_files(&["testdata/pki/root.crt".into()])?;
//! assert_eq!(anchors.len(), 1);
//! # Ok::<(), mailseal::path::anchors::Error>(())
//! ```
//!
//! # Not supported
//!
//! PKCS#7 bundles; what a platform says about a certificate beside it (OpenSSL's TRUSTED
//! CERTIFICATE, p11-kit): who is in the bundle is trusted for everything.

use std::borrow::Cow;
use std::env;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::keys::pem;
use crate::path::link::Link;
use crate::x509::Certificate;

/// The most that is read of one file, in bytes. The largest public bundle has 0.5 MiB.
const MAX_FILE: u64 = 16 << 20;

/// Bundles of authorities trusted for mail, where a platform keeps them apart (p11-kit's
/// `trust extract` with the purpose email: Fedora, RHEL, SUSE, Arch).
const EMAIL_BUNDLES: [&str; 3] = [
    "/etc/pki/ca-trust/extracted/pem/email-ca-bundle.pem",
    "/etc/ca-certificates/extracted/email-ca-bundle.pem",
    "/var/lib/ca-certificates/pem/email-ca-bundle.pem",
];

/// Bundles of authorities trusted for anything: Debian and Alpine, RHEL, SUSE, BSD and macOS.
const GENERAL_BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
];

/// The certificates a path may end at.
///
/// Only name, key and the certificate's own limits count; an anchor's signature is not looked at.
#[derive(Debug, Clone, Default)]
pub struct TrustAnchors {
    links: Vec<Link<'static>>,
    sources: Vec<PathBuf>,
    unreadable: usize,
}

impl TrustAnchors {
    /// These certificates, each once.
    pub fn from_certificates(certificates: impl IntoIterator<Item = Certificate>) -> TrustAnchors {
        let mut anchors = TrustAnchors::default();
        anchors.extend(certificates);
        anchors
    }

    /// The certificates of files, PEM or DER, found by looking; of a directory, those of the files
    /// in it that hold any, whatever their names.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, has no certificate or a malformed one; a directory without any
    /// certificate.
    pub fn from_files(paths: &[PathBuf]) -> Result<TrustAnchors, Error> {
        let mut anchors = TrustAnchors::default();
        for path in paths {
            if path.is_dir() {
                anchors.extend(directory(path)?);
            } else {
                anchors.extend(certificates(path, &read(path)?)?);
            }
            anchors.sources.push(path.clone());
        }
        Ok(anchors)
    }

    /// The platform's bundle: the one that `SSL_CERT_FILE` names, else the one for mail, else the
    /// general one. Certificates in it that nobody can read are left out, and
    /// [counted](TrustAnchors::unreadable).
    ///
    /// # Errors
    ///
    /// None of the known files is there, or the one that is cannot be read.
    pub fn platform() -> Result<TrustAnchors, Error> {
        let named = env::var_os("SSL_CERT_FILE").filter(|name| !name.is_empty());
        let known = EMAIL_BUNDLES
            .iter()
            .chain(&GENERAL_BUNDLES)
            .map(PathBuf::from);
        let path = match named {
            Some(named) => PathBuf::from(named),
            None => known
                .into_iter()
                .find(|path| path.is_file())
                .ok_or(Error::NoPlatformBundle)?,
        };
        let mut anchors = TrustAnchors::default();
        for der in encodings(&path, &read(&path)?)? {
            match Certificate::from_der(&der) {
                Ok(certificate) => anchors.extend([certificate]),
                Err(_) => anchors.unreadable += 1,
            }
        }
        if anchors.is_empty() {
            return Err(Error::NoCertificate { path });
        }
        anchors.sources.push(path);
        Ok(anchors)
    }

    /// The files and directories they came from, in order.
    pub fn sources(&self) -> &[PathBuf] {
        &self.sources
    }

    /// How many certificates of the platform's bundle could not be read.
    pub fn unreadable(&self) -> usize {
        self.unreadable
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.links.len()
    }

    /// Whether there is nobody to trust.
    pub fn is_empty(&self) -> bool {
        self.links.is_empty()
    }

    /// All of them, in the order they were found.
    pub fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        self.links.iter().map(Link::certificate)
    }

    pub(super) fn links(&self) -> &[Link<'static>] {
        &self.links
    }

    fn extend(&mut self, certificates: impl IntoIterator<Item = Certificate>) {
        for certificate in certificates {
            if !self.certificates().any(|known| *known == certificate) {
                self.links.push(Link::new(Cow::Owned(certificate)));
            }
        }
    }
}

/// Why there is nobody to trust.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file or directory could not be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file or directory.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// The file is larger than a bundle of certificates ever is.
    #[error("{} has more than {} MiB", path.display(), MAX_FILE >> 20)]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The file has no certificate that can be read.
    #[error("cannot read certificates from {}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: pem::Error,
    },
    /// There is no certificate in the bundle or the directory.
    #[error("{} holds no certificate to trust", path.display())]
    NoCertificate {
        /// The file or directory.
        path: PathBuf,
    },
    /// The platform has no bundle where one is looked for.
    #[error("the platform has no bundle of trusted certificates in any of the known places")]
    NoPlatformBundle,
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let unreadable = |source| Error::Unreadable {
        path: path.to_owned(),
        source,
    };
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(unreadable)?;
    file.take(MAX_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(Error::TooLarge {
            path: path.to_owned(),
        });
    }
    Ok(bytes)
}

fn certificates(path: &Path, bytes: &[u8]) -> Result<Vec<Certificate>, Error> {
    pem::certificates(bytes).map_err(|source| Error::Malformed {
        path: path.to_owned(),
        source,
    })
}

/// The certificates of a bundle, not read yet.
fn encodings(path: &Path, bytes: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    let blocks = pem::blocks(bytes).map_err(|source| Error::Malformed {
        path: path.to_owned(),
        source,
    })?;
    let certificates = blocks.iter().filter(|block| block.label() == "CERTIFICATE");
    Ok(certificates.map(|block| block.content().to_vec()).collect())
}

/// What a directory holds: `c_rehash` puts links with other names beside the files, distributions
/// put bundles and READMEs there.
fn directory(path: &Path) -> Result<Vec<Certificate>, Error> {
    let unreadable = |source| Error::Unreadable {
        path: path.to_owned(),
        source,
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        files.push(entry.map_err(unreadable)?.path());
    }
    files.sort();
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.is_file()) {
        match certificates(file, &read(file)?) {
            Ok(certificates) => found.extend(certificates),
            Err(Error::Malformed {
                source: pem::Error::NoCertificate { .. },
                ..
            }) => {}
            Err(error) => return Err(error),
        }
    }
    if found.is_empty() {
        return Err(Error::NoCertificate {
            path: path.to_owned(),
        });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::testing::{TestCertificate, name};

    fn certificate(common_name: &str) -> TestCertificate {
        let key = p256::SecretKey::from_slice(&[7; 32]).unwrap();
        let mut certificate = TestCertificate::of("ca@example.com", &key);
        certificate.subject = name(common_name);
        certificate
    }

    #[test]
    fn files_and_directories_are_read_whatever_is_in_them() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let bundle = [certificate("A").pem(), certificate("B").pem()].concat();
        fs::write(path("bundle.pem"), &bundle).unwrap();
        fs::write(path("c.der"), certificate("C").der()).unwrap();
        fs::write(path("README"), "nothing here").unwrap();
        fs::create_dir(path("nested")).unwrap();
        let both = [path("bundle.pem"), path("c.der"), path("bundle.pem")];
        let anchors = TrustAnchors::from_files(&both).unwrap();
        assert_eq!((anchors.len(), anchors.sources().len()), (3, 3));
        let whole = [directory.path().to_owned()];
        let subjects: Vec<String> = TrustAnchors::from_files(&whole)
            .unwrap()
            .certificates()
            .map(|certificate| certificate.subject().to_owned())
            .collect();
        assert_eq!(subjects, ["CN=A", "CN=B", "CN=C"]);
    }

    #[test]
    fn what_is_not_there_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let error = |path: PathBuf| TrustAnchors::from_files(&[path]).unwrap_err();
        assert!(matches!(
            error(directory.path().to_owned()),
            Error::NoCertificate { .. }
        ));
        let missing = directory.path().join("missing");
        assert!(matches!(error(missing), Error::Unreadable { .. }));
        let text = directory.path().join("text");
        fs::write(&text, "no certificate").unwrap();
        assert!(matches!(error(text), Error::Malformed { .. }));
    }
}
