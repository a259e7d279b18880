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
//! A process that lives long keeps them in a [`TrustStore`], which sees when the files change.
//!
//! # Not supported
//!
//! What a platform says about a certificate beside it (OpenSSL's TRUSTED CERTIFICATE, p11-kit): who is
//! in the bundle is trusted for everything.

mod error;
mod files;
mod platform;
mod store;

use std::collections::HashSet;
use std::path::PathBuf;

pub use self::error::Error;
pub use self::store::{TrustSource, TrustStore};
use crate::path::link::Link;
use crate::x509::Certificate;

/// The certificates a path may end at.
///
/// Only name, key and the certificate's own limits count; an anchor's signature is not looked at.
#[derive(Debug, Clone, Default)]
pub struct TrustAnchors {
    links: Vec<Link>,
    sources: Vec<PathBuf>,
    skipped: Vec<Error>,
}

impl TrustAnchors {
    /// These certificates, each once.
    pub fn from_certificates(certificates: impl IntoIterator<Item = Certificate>) -> TrustAnchors {
        let mut seen = HashSet::new();
        let links = certificates
            .into_iter()
            .filter(|certificate| seen.insert(certificate.sha256_fingerprint()))
            .map(Link::new)
            .collect();
        TrustAnchors {
            links,
            ..TrustAnchors::default()
        }
    }

    /// The certificates of files, PEM, DER or PKCS#7, found by looking; of a directory, those of the
    /// files in it that hold any, whatever their names.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, has no certificate or a malformed one; a directory without any
    /// certificate. What else is in a directory is [skipped](TrustAnchors::skipped).
    pub fn from_files(paths: &[PathBuf]) -> Result<TrustAnchors, Error> {
        let mut found = files::Found::default();
        for path in paths {
            match path.is_dir() {
                true => found.take_directory(path)?,
                false => found.take_file(path)?,
            }
        }
        Ok(TrustAnchors::found(found, paths.to_vec()))
    }

    /// The platform's bundle: the one that `SSL_CERT_FILE` names, else the one for mail, else the
    /// general one. Certificates in it that nobody can read are [skipped](TrustAnchors::skipped).
    ///
    /// # Errors
    ///
    /// None of the known files is there, or the one that is cannot be read or holds no certificate.
    pub fn platform() -> Result<TrustAnchors, Error> {
        let path = platform::bundle()?;
        let mut found = files::Found::default();
        found.take_what_there_is(&path)?;
        if found.certificates.is_empty() {
            return Err(Error::NoCertificate { path });
        }
        Ok(TrustAnchors::found(found, vec![path]))
    }

    /// The files and directories they came from, in order.
    pub fn sources(&self) -> &[PathBuf] {
        &self.sources
    }

    /// What is not among them without being an error, and why: files of a directory without a
    /// certificate, and what could not be read of a directory or of the platform's bundle.
    pub fn skipped(&self) -> &[Error] {
        &self.skipped
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

    pub(super) fn links(&self) -> &[Link] {
        &self.links
    }

    fn found(found: files::Found, sources: Vec<PathBuf>) -> TrustAnchors {
        TrustAnchors {
            sources,
            skipped: found.skipped,
            ..TrustAnchors::from_certificates(found.certificates)
        }
    }
}
