//! What can be wrong with a PKCS#12 file.

use std::sync::Arc;

use super::encryption::MAX_WORK;
use super::{MAX_BAGS, MAX_NESTING};
use crate::asn1::{ber, reader};
use crate::crypto;
use crate::keys::pkcs8;
use crate::x509;

/// Why a PKCS#12 file cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file, or something inside it, is not BER.
    #[error("the PKCS#12 structure is not BER")]
    Ber(#[from] ber::Error),
    /// The structure is not that of RFC 7292.
    #[error("the PKCS#12 structure is malformed")]
    Malformed(#[from] reader::Error),
    /// RFC 7292 4: the version is 3.
    #[error("the PKCS#12 structure is not of version 3")]
    Version,
    /// A ContentInfo without a content.
    #[error("the PKCS#12 structure has a content without content")]
    Empty,
    /// The parameters of an algorithm are not what its RFC says.
    #[error("the parameters of {algorithm} are malformed")]
    Parameters {
        /// Its name.
        algorithm: String,
    },
    /// An algorithm, or a way to protect the file, that is not known or too weak for anything.
    #[error("the PKCS#12 file is protected with {algorithm}, which is not supported")]
    Unsupported {
        /// Its name, or its dotted object identifier.
        algorithm: String,
    },
    /// Encryption that is not safe any more, and was not allowed.
    #[error("the PKCS#12 file is encrypted with {algorithm}, which is not safe any more")]
    Legacy {
        /// Its name.
        algorithm: &'static str,
    },
    /// More work than any honest file asks for.
    #[error(
        "the PKCS#12 file asks for {iterations} iterations; {} are allowed",
        pkcs8::MAX_ITERATIONS
    )]
    TooManyIterations {
        /// How many one key derivation asks for.
        iterations: u64,
    },
    /// Each key derivation is bearable, but there are too many of them.
    #[error("all key derivations of the PKCS#12 file take more than {MAX_WORK} iterations")]
    TooMuchWork,
    /// More memory or work than any honest file asks for.
    #[error("the PKCS#12 file asks for scrypt with too much memory or work")]
    ScryptTooCostly,
    /// More bags than any honest file has.
    #[error("there are more than {MAX_BAGS} bags in the PKCS#12 file")]
    TooManyBags,
    /// Bags in bags in bags.
    #[error("there are more than {MAX_NESTING} bags inside one another in the PKCS#12 file")]
    TooDeep,
    /// The password is not the one, or the file was changed.
    #[error("the password is wrong, or the file was changed")]
    WrongPassword,
}

impl From<pkcs8::Error> for Error {
    fn from(error: pkcs8::Error) -> Error {
        match error {
            pkcs8::Error::Malformed(source) => Error::Malformed(source),
            pkcs8::Error::Parameters => Error::Parameters {
                algorithm: "the encryption".to_owned(),
            },
            pkcs8::Error::Unsupported { algorithm } => Error::Unsupported { algorithm },
            pkcs8::Error::TooManyIterations { iterations } => {
                Error::TooManyIterations { iterations }
            }
            pkcs8::Error::ScryptTooCostly { .. } => Error::ScryptTooCostly,
            pkcs8::Error::WrongPassword => Error::WrongPassword,
        }
    }
}

/// Something in a PKCS#12 file that is of no use, while the rest is.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Unusable {
    /// A private key that is malformed or of a kind that is not supported.
    #[error("a private key in it cannot be used")]
    Key(#[source] Arc<crypto::Error>),
    /// A private key that is encrypted under another password than the file's.
    #[error("a private key in it does not open with the password of the file")]
    Locked,
    /// A certificate that cannot be read.
    #[error("a certificate in it cannot be read")]
    Certificate(#[source] x509::Error),
    /// Something else than private keys and certificates.
    #[error("there is {what} in it, which is not used")]
    Other {
        /// What it is.
        what: String,
    },
}
