//! Whom a TLS connection trusts: the platform's certification authorities, or a file's alone.
//!
//! The file replaces the platform's roots. It is for a server of one's own, and then no public
//! authority should be able to vouch for it.
//!
//! ```
//! use mailseal::trust::Trust;
//!
//! let trust = Trust::file("internal-ca.crt");
//! assert_eq!(trust.to_string(), "the certificates in internal-ca.crt");
//! ```
//!
//! # Not supported
//! Client certificates, DANE and MTA-STS.

mod pinned;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, pem as pki_pem};
use rustls::{ClientConfig, RootCertStore};
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

use crate::crypto::tls_provider;

use pinned::PinnedOrSigned;

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

    /// The certificates of a file, in PEM or one in DER, and no others.
    ///
    /// They are authorities, or the server's own certificate, whoever signed that.
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

    fn roots(&self) -> Result<&Roots, Error> {
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
    pub(crate) fn client(&self) -> Result<Arc<ClientConfig>, Error> {
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
        let provider = tls_provider::provider();
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(Error::Versions)?;
        let client = match (&self.file, self.roots()?) {
            (Some(path), Roots::Certificates(certificates)) => {
                let signed = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider)
                    .build()
                    .map_err(|_| Error::NoCertificate(path.clone()))?;
                let pinned = certificates.clone();
                builder
                    .dangerous()
                    .with_custom_certificate_verifier(Arc::new(PinnedOrSigned { pinned, signed }))
                    .with_no_client_auth()
            }
            _ => builder.with_root_certificates(store).with_no_client_auth(),
        };
        Ok(Arc::clone(self.client.get_or_init(|| Arc::new(client))))
    }

    /// The same for ureq, which builds its configuration itself.
    pub(crate) fn ureq_client(&self) -> Result<TlsConfig, Error> {
        let roots = match self.roots()? {
            Roots::CompiledIn => RootCerts::WebPki,
            Roots::Certificates(certificates) => certificates
                .iter()
                .map(|certificate| Certificate::from_der(certificate).to_owned())
                .collect::<Vec<_>>()
                .into(),
        };
        Ok(TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .unversioned_rustls_crypto_provider(tls_provider::provider())
            .root_certs(roots)
            .build())
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
enum Roots {
    /// The platform's or a file's.
    Certificates(Vec<CertificateDer<'static>>),
    /// Mozilla's, as compiled in.
    CompiledIn,
}

/// Reads PEM with any text around it, or one certificate in DER.
fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let content = std::fs::read(path).map_err(|source| Error::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&content)
        .collect::<Result<_, _>>()
        .map_err(|source| Error::Malformed {
            path: path.to_owned(),
            source,
        })?;
    // A certificate in DER is a SEQUENCE.
    match (certificates.is_empty(), content.first()) {
        (false, _) => Ok(certificates),
        (true, Some(0x30)) => Ok(vec![CertificateDer::from(content)]),
        (true, _) => Err(Error::NoCertificate(path.to_owned())),
    }
}

/// Why there is nobody to trust.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file could not be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// The file's PEM is broken.
    #[error("cannot read certificates from {}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: pki_pem::Error,
    },
    /// The file holds no certificate that can be a root.
    #[error("{} holds no certificate to trust", .0.display())]
    NoCertificate(PathBuf),
    /// The cryptography offers no TLS version.
    #[error("TLS cannot be set up")]
    Versions(#[source] rustls::Error),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::tls_provider::tests::Authority;

    fn trust(content: &[u8]) -> Result<Arc<ClientConfig>, Error> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        Trust::file(file.path()).client()
    }

    #[test]
    fn roots_are_read_as_pem_and_der() {
        let root = Authority::EcP256.root();
        assert!(trust(&root).is_ok());
        let pem = pem::encode(&pem::Pem::new("CERTIFICATE", root.to_vec()));
        assert!(trust(format!("some text\n{pem}").as_bytes()).is_ok());
    }

    #[test]
    fn a_file_without_a_root_is_told() {
        assert!(matches!(trust(b""), Err(Error::NoCertificate(_))));
        assert!(matches!(
            trust(b"no certificate"),
            Err(Error::NoCertificate(_))
        ));
        assert!(matches!(trust(b"\x30\x00"), Err(Error::NoCertificate(_))));
        let missing = Trust::file("/nonexistent/ca.pem").client();
        assert!(matches!(missing, Err(Error::Unreadable { .. })));
    }
}
