//! Why there is nobody to trust.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::files::MAX_FILE;
use crate::keys::bundle::{self, MalformedCertificate};

/// Why there is nobody to trust, or why some of what lies in a directory is not trusted. Every
/// variant names the file, or the files that were looked for.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file or directory could not be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file or directory.
        path: PathBuf,
        /// What went wrong.
        source: Arc<io::Error>,
    },
    /// The file is larger than a bundle of certificates ever is.
    #[error("{} has more than {} MiB", path.display(), MAX_FILE >> 20)]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The file has no certificates that can be read.
    #[error("cannot read certificates from {}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: bundle::Error,
    },
    /// One certificate of several cannot be read.
    #[error("not all that is in {} can be trusted", path.display())]
    MalformedCertificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: MalformedCertificate,
    },
    /// There is no certificate in the file or the directory.
    #[error("{} holds no certificate to trust", path.display())]
    NoCertificate {
        /// The file or directory.
        path: PathBuf,
    },
    /// The platform has no bundle where one is looked for.
    #[error("the platform has no bundle of trusted certificates: there is no {}", listed(.looked_at))]
    NoPlatformBundle {
        /// Every place that was looked at, in this order.
        looked_at: Vec<PathBuf>,
    },
}

impl Error {
    /// Whether it says of a file that it is none with certificates, and nothing worse.
    pub fn is_no_certificate(&self) -> bool {
        matches!(self, Error::NoCertificate { .. })
    }
}

fn listed(paths: &[PathBuf]) -> String {
    let paths = paths.iter().map(|path| path.display().to_string());
    paths.collect::<Vec<_>>().join(", no ")
}
