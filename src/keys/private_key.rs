//! Private keys as they are found in files, by looking at what is there: PKCS#8 (RFC 5958),
//! encrypted or not, PKCS#1 (RFC 8017 A.1.2) and SEC1 (RFC 5915), in PEM or bare DER.
//!
//! ```
//! use mailseal::keys::private_key::{Error, FoundPrivateKey};
//!
//! let legacy = b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\
//!     DEK-Info: DES-EDE3-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
//! let error = FoundPrivateKey::find(legacy).err().unwrap();
//! assert!(matches!(error, Error::TraditionalEncryption));
//! assert!(error.hint("bob.pem").unwrap().starts_with("openssl pkcs8 -topk8"));
//! ```
//!
//! # Not supported
//!
//! OpenSSL's traditional encryption (one MD5 pass over the password), DSA, OpenSSH's own format,
//! PKCS#12. Each is recognised and named. Of several private keys in a file the first is taken.

use std::sync::Arc;

use crate::asn1::reader::{Reader, tag};
use crate::crypto::{self, PrivateKey};
use crate::keys::pem::{self, Block, der_elements, instead};
use crate::keys::pkcs8::{self, EncryptedPrivateKeyInfo};
use crate::secret::Secret;

/// Why a file holds no private key that can be used.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text around the key is not PEM.
    #[error(transparent)]
    Pem(#[from] pem::Error),
    /// There is none.
    #[error("there is no private key in it{}", instead(.found))]
    NotFound {
        /// What there is.
        found: Vec<String>,
    },
    /// The key is encrypted in the way of OpenSSL before PKCS#8.
    #[error("its private key is encrypted in OpenSSL's traditional way, which is not safe")]
    TraditionalEncryption,
    /// A private key in a format that is not read here.
    #[error("its private key is in the format {format}, which is not supported")]
    Format {
        /// The format's name.
        format: &'static str,
        /// The command that turns it into PKCS#8, up to the file's name.
        command: Option<&'static str>,
    },
    /// It is encrypted and cannot be opened.
    #[error(transparent)]
    Encrypted(#[from] pkcs8::Error),
    /// The key itself is malformed or of a kind that is not supported.
    #[error("its private key cannot be used")]
    Key(#[source] Arc<crypto::Error>),
}

impl Error {
    /// The command that mends it, for the file of this name.
    pub fn hint(&self, path: &str) -> Option<String> {
        match self {
            Error::TraditionalEncryption | Error::Encrypted(pkcs8::Error::Unsupported { .. }) => {
                Some(format!(
                    "openssl pkcs8 -topk8 -v2 aes-256-cbc -in {path} -out NEW"
                ))
            }
            Error::Format { command, .. } => Some(format!("{} {path}", (*command)?)),
            _ => None,
        }
    }
}

/// A private key that was found in a file.
pub enum FoundPrivateKey {
    /// It is there for the taking.
    Plain(PlainPrivateKey),
    /// It needs a password.
    Encrypted(EncryptedPrivateKeyInfo),
}

impl FoundPrivateKey {
    /// Looks for the first private key of a file's content.
    pub fn find(bytes: &[u8]) -> Result<FoundPrivateKey, Error> {
        if let Some(elements) = der_elements(bytes) {
            return Format::of(elements[0])?.found(Secret::new(elements[0].to_vec()));
        }
        let mut found = Vec::new();
        for block in pem::blocks(bytes)? {
            match Format::named(&block)? {
                Some(format) => return format.found(block.into_content()),
                None => found.push(block.label().to_owned()),
            }
        }
        Err(Error::NotFound { found })
    }
}

/// A private key's encoding, in the clear; wiped on drop.
pub struct PlainPrivateKey {
    der: Secret,
    format: Format,
}

impl PlainPrivateKey {
    /// Opens an encrypted one.
    pub fn decrypted(
        encrypted: &EncryptedPrivateKeyInfo,
        password: &Secret,
    ) -> Result<PlainPrivateKey, Error> {
        Ok(PlainPrivateKey {
            der: encrypted.decrypt(password)?,
            format: Format::Pkcs8,
        })
    }

    /// Makes the key of it.
    pub fn decode(&self) -> Result<PrivateKey, Error> {
        let decoded = match self.format {
            Format::Pkcs1 => PrivateKey::from_pkcs1_der(&self.der),
            Format::Sec1 => PrivateKey::from_sec1_der(&self.der),
            Format::Pkcs8 | Format::EncryptedPkcs8 => PrivateKey::from_pkcs8_der(&self.der),
        };
        decoded.map_err(|error| Error::Key(Arc::new(error)))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Pkcs8,
    EncryptedPkcs8,
    Pkcs1,
    Sec1,
}

impl Format {
    /// By the label of a PEM block; none if it is no private key. `EC PARAMETERS` before a SEC1
    /// key says nothing that the key does not say itself.
    fn named(block: &Block) -> Result<Option<Format>, Error> {
        let unsupported = |format, command| Err(Error::Format { format, command });
        match block.label() {
            "PRIVATE KEY" => Ok(Some(Format::Pkcs8)),
            "ENCRYPTED PRIVATE KEY" => Ok(Some(Format::EncryptedPkcs8)),
            "RSA PRIVATE KEY" | "EC PRIVATE KEY" if block.is_encrypted() => {
                Err(Error::TraditionalEncryption)
            }
            "RSA PRIVATE KEY" => Ok(Some(Format::Pkcs1)),
            "EC PRIVATE KEY" => Ok(Some(Format::Sec1)),
            "DSA PRIVATE KEY" => unsupported("DSA", None),
            "OPENSSH PRIVATE KEY" => unsupported("OpenSSH", Some("ssh-keygen -p -m PKCS8 -f")),
            _ => Ok(None),
        }
    }

    /// By the first two elements of bare DER.
    fn of(der: &[u8]) -> Result<Format, Error> {
        let not_found = || Error::NotFound { found: Vec::new() };
        let mut outer = Reader::new(der);
        let sequence = outer.read().map_err(|_| not_found())?;
        let mut inside = outer.inside(&sequence);
        let first = inside.read().map_err(|_| not_found())?;
        let second = inside.read().map_err(|_| not_found())?;
        match (first.tag(), inside.value(&first), second.tag()) {
            (tag::SEQUENCE, _, tag::OCTET_STRING) => Ok(Format::EncryptedPkcs8),
            (tag::INTEGER, [0 | 1], tag::SEQUENCE) => Ok(Format::Pkcs8),
            (tag::INTEGER, [0 | 1], tag::INTEGER) => Ok(Format::Pkcs1),
            (tag::INTEGER, [1], tag::OCTET_STRING) => Ok(Format::Sec1),
            // RFC 7292 4: PFX has version 3.
            (tag::INTEGER, [3], tag::SEQUENCE) => Err(Error::Format {
                format: "PKCS#12",
                command: Some("openssl pkcs12 -out NEW -in"),
            }),
            _ => Err(not_found()),
        }
    }

    fn found(self, der: Secret) -> Result<FoundPrivateKey, Error> {
        Ok(match self {
            Format::EncryptedPkcs8 => {
                FoundPrivateKey::Encrypted(EncryptedPrivateKeyInfo::from_der(der.expose())?)
            }
            format => FoundPrivateKey::Plain(PlainPrivateKey { der, format }),
        })
    }
}
