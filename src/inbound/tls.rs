//! HTTPS: a certificate that can be exchanged while the server runs.
//!
//! ```no_run
//! use mailseal::inbound::settings::TlsFiles;
//! use mailseal::inbound::tls::ServerCertificate;
//!
//! let certificate = ServerCertificate::load(TlsFiles {
//!     certificate: "/etc/mailseal/tls.crt".into(),
//!     key: "/etc/mailseal/tls.key".into(),
//! })?;
//! let configuration = certificate.configuration()?;
//! // Later, when there are new files:
//! if let Err(error) = certificate.reload() {
//!     eprintln!("the certificate stays as it was: {error}");
//! }
//! # Ok::<(), mailseal::inbound::tls::Error>(())
//! ```
//!
//! # Not supported
//!
//! Encrypted private keys; several certificates by server name; certificates of clients; HTTP/2.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use zeroize::Zeroizing;

use super::settings::TlsFiles;
use crate::crypto::tls_provider;

/// Why there can be no HTTPS.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file cannot be read.
    #[error("{} cannot be read", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file has no certificate, or no key, in PEM.
    #[error("{} has no {what} in PEM", .path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What it should have.
        what: &'static str,
        /// Why.
        source: pem::Error,
    },
    /// The key is encrypted, of an unknown kind, or not the certificate's.
    #[error("the key in {} does not serve for the certificate in {}", .files.key.display(), .files.certificate.display())]
    Key {
        /// Both files.
        files: TlsFiles,
        /// Why.
        source: rustls::Error,
    },
    /// The cryptography has no version of TLS.
    #[error("TLS cannot be set up")]
    Versions(#[source] rustls::Error),
}

/// The certificate that is shown, and where it comes from. A clone is the same one.
#[derive(Clone)]
pub struct ServerCertificate(Arc<Shown>);

struct Shown {
    files: TlsFiles,
    current: RwLock<Arc<CertifiedKey>>,
}

impl ServerCertificate {
    /// Reads the files.
    ///
    /// # Errors
    ///
    /// What is not in order with them.
    pub fn load(files: TlsFiles) -> Result<ServerCertificate, Error> {
        let current = RwLock::new(Arc::new(read(&files)?));
        Ok(ServerCertificate(Arc::new(Shown { files, current })))
    }

    /// Reads the files again. Connections that there are keep what they have.
    ///
    /// # Errors
    ///
    /// What is not in order with them: the certificate of before is shown still.
    pub fn reload(&self) -> Result<(), Error> {
        let new = Arc::new(read(&self.0.files)?);
        *self
            .0
            .current
            .write()
            .unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    /// TLS 1.3 and 1.2 with this certificate, whichever it is at the time of a connection.
    ///
    /// # Errors
    ///
    /// When the cryptography is not up to it.
    pub fn configuration(&self) -> Result<ServerConfig, Error> {
        let configuration = ServerConfig::builder_with_provider(tls_provider::provider())
            .with_safe_default_protocol_versions()
            .map_err(Error::Versions)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&self.0) as Arc<dyn ResolvesServerCert>);
        Ok(configuration)
    }
}

impl fmt::Debug for ServerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ServerCertificate")
            .field(&self.0.files)
            .finish()
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shown").field(&self.files).finish()
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&current))
    }
}

fn read(files: &TlsFiles) -> Result<CertifiedKey, Error> {
    let chain = certificates(&files.certificate)?;
    let key = private_key(&files.key)?;
    // Compares the key with that of the certificate.
    CertifiedKey::from_der(chain, key, &tls_provider::provider()).map_err(|source| Error::Key {
        files: files.clone(),
        source,
    })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let octets = octets(path)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&octets).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) => Err(no_pem(path, "certificate", pem::Error::NoItemsFound)),
        Err(source) => Err(no_pem(path, "certificate", source)),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    PrivateKeyDer::from_pem_slice(&octets(path)?)
        .map_err(|source| no_pem(path, "private key", source))
}

fn no_pem(path: &Path, what: &'static str, source: pem::Error) -> Error {
    Error::Pem {
        path: path.to_owned(),
        what,
        source,
    }
}

/// A file that is longer is no such file.
const LONGEST_FILE: u64 = 1 << 20;

fn octets(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let read = || {
        let mut octets = Zeroizing::new(Vec::with_capacity(16 << 10));
        File::open(path)?
            .take(LONGEST_FILE)
            .read_to_end(&mut octets)?;
        Ok(octets)
    };
    read().map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })
}
