//! Why nothing was put into the key directory.

use std::fmt;
use std::path::PathBuf;

use crate::address::Address;
use crate::keys::directory::WriteError;
use crate::store::{MAX_ADDRESSES, MAX_CERTIFICATES};
use crate::x509::Certificate;

/// Why nothing was put into the key directory.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Other certificates or keys are there, and nobody has said that they are to be replaced.
    #[error("{}", listed(.0))]
    Occupied(Vec<Occupied>),
    /// Nobody has said which of them are wanted.
    #[error(
        "the certificate is for {count} addresses, and more than {MAX_ADDRESSES} get no files unnamed"
    )]
    TooManyAddresses {
        /// How many it is for.
        count: usize,
    },
    /// A file of them all would be longer than any that is read.
    #[error(
        "there are {count} certificates for {address}, and {MAX_CERTIFICATES} have room in its file"
    )]
    TooManyCertificates {
        /// Whose they are.
        address: Address,
        /// How many there are.
        count: usize,
    },
    /// The directory cannot be written to.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// A file that is there and holds something else.
#[derive(Debug, Clone)]
pub struct Occupied {
    /// The file.
    pub path: PathBuf,
    /// The certificate in it; none for a private key, and where no certificate can be read.
    pub certificate: Option<Box<Certificate>>,
    /// Whether it is for private keys.
    pub is_private_key: bool,
}

impl fmt::Display for Occupied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.path.display())?;
        match (&self.certificate, self.is_private_key) {
            (Some(certificate), _) => write!(
                f,
                "holds another certificate, of {}, issued by {}, valid to {}",
                certificate.subject(),
                certificate.issuer(),
                certificate.not_after()
            ),
            // Under a password nobody can tell which key it is.
            (None, true) => f.write_str("holds another private key, or one under a password"),
            (None, false) => f.write_str("is there and holds no certificate that can be read"),
        }
    }
}

fn listed(occupied: &[Occupied]) -> String {
    let sentences = occupied.iter().map(ToString::to_string);
    sentences.collect::<Vec<_>>().join("; ")
}
