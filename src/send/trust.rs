//! Whom a TLS connection trusts: the platform's certification authorities, or a file's alone.
//!
//! The file replaces the platform's roots. It is for a server of one's own, and then no public
//! authority should be able to vouch for it.
//!
//! # Not supported
//! Client certificates, DANE and MTA-STS.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, pem};
use rustls::{ClientConfig, RootCertStore};

use crate::crypto::tls_provider;

/// Where the roots come from. They are read at the first TLS connection and kept.
pub struct Trust {
    file: Option<PathBuf>,
    roots: OnceLock<Roots>,
    client: OnceLock<Arc<ClientConfig>>,
}

impl Trust {
    /// The platform's roots, or Mozilla's as compiled in where the platform has none.
    pub fn platform() -> Self {
        Self {
            file: None,
            roots: OnceLock::new(),
            client: OnceLock::new(),
        }
    }

    /// The certificates of a PEM file, and no others.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self {
            file: Some(path.into()),
            ..Self::platform()
        }
    }

    /// Whether the roots were named by a file.
    pub fn is_file(&self) -> bool {
        self.file.is_some()
    }

    pub(super) fn roots(&self) -> Result<&Roots, Error> {
        if let Some(roots) = self.roots.get() {
            return Ok(roots);
        }
        let roots = match &self.file {
            Some(path) => Roots::Certificates(read(path)?),
            // Platform stores hold a stray certificate that no parser takes; the rest still serve.
            None => match rustls_native_certs::load_native_certs().certs {
                none if none.is_empty() => Roots::CompiledIn,
                certificates => Roots::Certificates(certificates),
            },
        };
        Ok(self.roots.get_or_init(|| roots))
    }

    /// The TLS client configuration over these roots.
    pub(super) fn client(&self) -> Result<Arc<ClientConfig>, Error> {
        if let Some(client) = self.client.get() {
            return Ok(Arc::clone(client));
        }
        let mut store = RootCertStore::empty();
        match self.roots()? {
            Roots::CompiledIn => store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Roots::Certificates(certificates) => {
                store.add_parsable_certificates(certificates.iter().cloned());
            }
        }
        if let (true, Some(path)) = (store.is_empty(), &self.file) {
            return Err(Error::NoCertificate(path.clone()));
        }
        let client = ClientConfig::builder_with_provider(tls_provider::provider())
            .with_safe_default_protocol_versions()
            .map_err(Error::Versions)?
            .with_root_certificates(store)
            .with_no_client_auth();
        Ok(Arc::clone(self.client.get_or_init(|| Arc::new(client))))
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Trust")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

/// Names whose roots they are, for an error's reader.
impl fmt::Display for Trust {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.roots.get()) {
            (Some(path), _) => write!(formatter, "the certificates in {}", path.display()),
            (None, Some(Roots::CompiledIn)) => formatter.write_str("the compiled-in Mozilla roots"),
            (None, _) => formatter.write_str("the platform's roots"),
        }
    }
}

/// The roots as they were found.
#[derive(Debug)]
pub(super) enum Roots {
    /// The platform's or a file's.
    Certificates(Vec<CertificateDer<'static>>),
    /// Mozilla's, as compiled in.
    CompiledIn,
}

fn read(path: &PathBuf) -> Result<Vec<CertificateDer<'static>>, Error> {
    let unreadable = |source| Error::Unreadable {
        path: path.clone(),
        source,
    };
    let certificates: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(unreadable)?;
    match certificates.is_empty() {
        true => Err(Error::NoCertificate(path.clone())),
        false => Ok(certificates),
    }
}

/// Why there is nobody to trust.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file could not be read as PEM.
    #[error("cannot read certificates from {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: pem::Error,
    },
    /// The file holds no certificate that can be a root.
    #[error("{} holds no certificate to trust", .0.display())]
    NoCertificate(PathBuf),
    /// The cryptography offers no TLS version.
    #[error("TLS cannot be set up")]
    Versions(#[source] rustls::Error),
}
