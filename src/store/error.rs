//! Why nothing was put into the key directory, and what can be wrong with what is there.

use std::fmt;
use std::path::PathBuf;

use crate::address::Address;
use crate::asn1::reader::hexadecimal;
use crate::keys::directory::WriteError;
use crate::keys::pem;
use crate::store::{MAX_ADDRESSES, MAX_CERTIFICATES, Unfit};
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
    /// The directory cannot be read or written to.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// It is not a certificate for the key directory.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// No certificate is stored for the address.
    #[error("no certificate is stored for {address}")]
    NotStored {
        /// The address.
        address: Address,
    },
    /// No certificate waits for the operator, or another one.
    #[error("no certificate {} waits for {address}", hexadecimal(.fingerprint))]
    NotPending {
        /// The address.
        address: Address,
        /// The certificate that was named, by its SHA-256 fingerprint.
        fingerprint: [u8; 32],
    },
    /// The audit log has a decision a line.
    #[error("a line of the audit log has no line end inside")]
    NotALine,
}

/// What is wrong with a file in which a certificate should be.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Unusable {
    /// It cannot be read, or is no file.
    #[error(transparent)]
    Unread(#[from] WriteError),
    /// There is no certificate in it that can be read.
    #[error(transparent)]
    Malformed(#[from] pem::Error),
    /// Its certificates are for others.
    #[error("none of its certificates is for {address}")]
    OtherAddress {
        /// Whose certificate should be in it.
        address: Address,
    },
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
