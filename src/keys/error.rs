//! What can be wrong with a key directory, file by file.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use crate::address::Address;
use crate::crypto;
use crate::keys::{password, pem, pkcs12, preferences, private_key};
use crate::x509::{ExtendedKeyUsage, KeyUsage};

/// What a key is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Signing messages.
    Signing,
    /// Receiving encrypted ones.
    Receiving,
}

impl Use {
    fn verb(self) -> &'static str {
        match self {
            Use::Signing => "sign",
            Use::Receiving => "receive encrypted mail",
        }
    }
}

/// Why there is no key or certificate to work with. Every variant names the file, or the files
/// that were looked for, and the fact.
///
/// Errors are cloned because the directory remembers them with its answers.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No file with the certificate of this address.
    #[error("no certificate for {address}: there is no {}", listed(.tried))]
    CertificateNotFound {
        /// Whose certificate was looked for.
        address: Address,
        /// Every path tried, in this order.
        tried: Vec<PathBuf>,
    },
    /// No file with the private key of this address.
    #[error("no private key for {address}: there is no {}", listed(.tried))]
    PrivateKeyNotFound {
        /// Whose key was looked for.
        address: Address,
        /// Every path tried, in this order.
        tried: Vec<PathBuf>,
    },
    /// A file that was named by its path is not there.
    #[error("there is no {}", .path.display())]
    FileNotFound {
        /// The path.
        path: PathBuf,
    },
    /// The address cannot be the name of a file inside the key directory.
    #[error("{address:?} cannot name a key file: {reason}")]
    UnsafeName {
        /// The address, escaped by its `Debug`.
        address: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The file is there but cannot be opened or read.
    #[error("cannot read {}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: Arc<io::Error>,
    },
    /// A directory, a FIFO, a socket or a device in the place of a file.
    #[error("{} is not a file but a {kind}", .path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// What is there.
        kind: &'static str,
    },
    /// The file is longer than any key or certificate chain.
    #[error("{} is longer than {limit} bytes", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// How much is read.
        limit: u64,
    },
    /// The file has nothing in it.
    #[error("{} is empty", .path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file does not hold a certificate that can be read.
    #[error("no certificate can be read from {}", .path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: pem::Error,
    },
    /// The file does not hold a private key that can be read.
    #[error("no private key can be read from {}", .path.display())]
    PrivateKey {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: private_key::Error,
    },
    /// A private key that is not safe any more.
    #[error("the private key {} is {key}, which is not safe any more", .path.display())]
    LegacyKey {
        /// The file with the key.
        path: PathBuf,
        /// Its kind and size.
        key: String,
    },
    /// Certificates were named whose private key is in no file that was named with them.
    #[error("none of the private keys belongs to a certificate of {}", .path.display())]
    KeyNotGiven {
        /// The file with the certificates.
        path: PathBuf,
    },
    /// A PKCS#12 file that cannot be opened.
    #[error("the PKCS#12 file {} cannot be opened", .path.display())]
    Pkcs12 {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: pkcs12::Error,
    },
    /// A PKCS#12 file of which not all is of use.
    #[error("not all that is in {} can be used", .path.display())]
    Pkcs12Part {
        /// The file.
        path: PathBuf,
        /// What it is.
        source: pkcs12::Unusable,
    },
    /// Others than the owner can get at the private key.
    #[error("the private key {} is open to others (mode {mode:04o})", .path.display())]
    InsecurePermissions {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The private key is encrypted and its password could not be fetched.
    #[error("the private key {} is encrypted, and its password cannot be had", .path.display())]
    Password {
        /// The file with the key.
        path: PathBuf,
        /// What is wrong with the password's file.
        source: password::Error,
    },
    /// The private key is encrypted and nobody gave a password.
    #[error("the private key {} is encrypted, and no password was given", .path.display())]
    PasswordMissing {
        /// The file with the key.
        path: PathBuf,
    },
    /// The password does not open the private key.
    #[error("the password does not open the private key {}", .path.display())]
    PasswordWrong {
        /// The file with the key.
        path: PathBuf,
    },
    /// The certificate is for other addresses.
    #[error("the certificate {} is not for {address}: {}", .path.display(), names(.certified, .unusable))]
    AddressNotCertified {
        /// The file.
        path: PathBuf,
        /// The address it was looked up by.
        address: Box<Address>,
        /// The addresses it is for.
        certified: Vec<Address>,
        /// What stands in the certificate in place of addresses and is none, escaped.
        unusable: Vec<String>,
    },
    /// The validity period has not begun.
    #[error("the certificate {} is not valid before {not_before} (it is {now:.0})", .path.display())]
    NotYetValid {
        /// The file.
        path: PathBuf,
        /// The first second of the validity period.
        not_before: Timestamp,
        /// The time that was asked about.
        now: Timestamp,
    },
    /// The validity period is over.
    #[error("the certificate {} expired at {not_after} (it is {now:.0})", .path.display())]
    Expired {
        /// The file.
        path: PathBuf,
        /// The last second of the validity period.
        not_after: Timestamp,
        /// The time that was asked about.
        now: Timestamp,
    },
    /// The extended key usage names purposes, and mail is none of them.
    #[error("the certificate {} is not for mail, but for {purposes}", .path.display())]
    NotForEmail {
        /// The file.
        path: PathBuf,
        /// What it is for.
        purposes: ExtendedKeyUsage,
    },
    /// The key usage does not allow what the key is wanted for.
    #[error("the certificate {} may not {}: its key usage is {key_usage}", .path.display(), .wanted.verb())]
    KeyUsage {
        /// The file.
        path: PathBuf,
        /// What it is wanted for.
        wanted: Use,
        /// What it allows.
        key_usage: KeyUsage,
    },
    /// A key of a kind that this program does not work with, or a malformed one.
    #[error("the public key of {} cannot be used", .path.display())]
    PublicKey {
        /// The file with the certificate.
        path: PathBuf,
        /// What is wrong with the key.
        source: Arc<crypto::Error>,
    },
    /// A key of a kind that has no such use: Ed25519 receives nothing, X25519 signs nothing.
    #[error("the {kind} key of {} cannot {}", .path.display(), .wanted.verb())]
    KeyKind {
        /// The file with the certificate.
        path: PathBuf,
        /// The kind of key.
        kind: &'static str,
        /// What it is wanted for.
        wanted: Use,
    },
    /// An RSA key too short to be used for anything new.
    #[error("the RSA key of {} has {bits} bits; less than {minimum} is not safe", .path.display())]
    KeyTooShort {
        /// The file with the certificate.
        path: PathBuf,
        /// The length of the modulus.
        bits: usize,
        /// The shortest allowed.
        minimum: usize,
    },
    /// The private key belongs to no certificate of the file.
    #[error("the private key {} does not belong to the certificate {}", .private_key.display(), .certificate.display())]
    KeyMismatch {
        /// The file with the private key.
        private_key: PathBuf,
        /// The file with the certificate.
        certificate: PathBuf,
    },
    /// The file beside the certificate does not say what its owner's mail client can do.
    #[error("the preferences in {} cannot be read", .path.display())]
    Preferences {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: preferences::Error,
    },
}

impl Error {
    /// Whether there simply is no such file, which a caller may have an answer to.
    pub fn is_not_found(&self) -> bool {
        matches!(
            self,
            Error::CertificateNotFound { .. } | Error::PrivateKeyNotFound { .. }
        )
    }

    /// What the reader of the message can do, where there is one thing to do.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Error::CertificateNotFound { tried, .. } | Error::PrivateKeyNotFound { tried, .. } => {
                // The plainest of them; who has a PKCS#12 file knows what to do with it.
                let is_plain = |path: &&PathBuf| path.extension().is_none_or(|e| e != "p12");
                let path = tried.iter().rev().find(is_plain)?;
                let file = path.file_name()?.display();
                format!("put {file} in {}", path.parent()?.display())
            }
            Error::InsecurePermissions { path, .. } => format!("chmod 600 {}", quoted(path)),
            Error::LegacyKey { .. }
            | Error::Pkcs12 {
                source: pkcs12::Error::Legacy { .. },
                ..
            } => "give --allow-legacy to use it all the same".to_owned(),
            Error::KeyNotGiven { .. } => "name its private key with --key".to_owned(),
            Error::PrivateKey { path, source } => source.hint(&quoted(path))?,
            Error::PasswordMissing { .. } => {
                "give --password-file FILE, or MAILSEAL_PASSWORD_FILE in the environment".to_owned()
            }
            _ => return None,
        })
    }
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+@:,=%".contains(c);
    if path.chars().all(is_plain) && !path.starts_with('-') {
        path
    } else {
        format!("'{}'", path.replace('\'', "'\\''"))
    }
}

fn listed(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    paths.join(", no ")
}

fn names(addresses: &[Address], unusable: &[String]) -> String {
    /// A certificate may name thousands; the first few say whose it is.
    const SHOWN: usize = 10;
    let count = addresses.len() + unusable.len();
    let unusable = unusable
        .iter()
        .map(|name| format!("\"{name}\", which is no address"));
    let all = addresses.iter().map(Address::to_string).chain(unusable);
    let shown: Vec<String> = all.take(SHOWN).collect();
    match (shown.as_slice(), count.saturating_sub(SHOWN)) {
        ([], _) => "it names no address".to_owned(),
        (shown, 0) => format!("it is for {}", shown.join(", ")),
        (shown, more) => format!("it is for {} and {more} more", shown.join(", ")),
    }
}
