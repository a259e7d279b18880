//! Why a signature does not prove anything.

use std::io;

use crate::cms::attribute_set;
use crate::crypto;

/// Why a signature does not prove anything.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The message does not bring the certificate along, and nobody else had it.
    #[error("the signer's certificate is missing ({signer})")]
    CertificateMissing {
        /// How the signer is named.
        signer: String,
    },
    /// RFC 8551 3.5.3.1: content beside the signature and content inside it; a reader sees the one,
    /// and the signature may be over the other.
    #[error("there is content both inside the signature and beside it")]
    ContentTwice,
    /// RFC 5652 5.2: the content travels beside the signature, and is not there.
    #[error("the signed content is not there: it travels beside the signature")]
    ContentMissing,
    /// The content is not the one that was signed.
    #[error("the content is not what was signed: its {digest} digest differs")]
    DigestMismatch {
        /// The digest algorithm.
        digest: &'static str,
    },
    /// The signature is not one of this key over these attributes.
    #[error("the signature is wrong")]
    SignatureInvalid,
    /// An attribute that a signature needs is not signed (RFC 5652 5.3, 11.1, 11.2).
    #[error("the signed attribute {attribute} is missing")]
    AttributeMissing {
        /// Its name.
        attribute: &'static str,
    },
    /// The attributes cannot be relied on.
    #[error(transparent)]
    Attributes(#[from] attribute_set::Error),
    /// An attribute does not have the type it must have.
    #[error("the signed attribute {attribute} is malformed")]
    AttributeMalformed {
        /// Its name.
        attribute: &'static str,
    },
    /// RFC 5652 11.1: the attribute contentType is that of the content.
    #[error("the signature is over content of the type {signed}, and this is {found}")]
    ContentTypeMismatch {
        /// What was signed.
        signed: String,
        /// What is there.
        found: String,
    },
    /// RFC 5652 5.3: content of any type but id-data is signed with attributes. Without them the
    /// attributes of one signature could be passed off as the content of another.
    #[error("the content is a set of signed attributes, taken from another signature")]
    AttributesAsContent,
    /// The algorithms that the message names are not those that were signed.
    #[error("the algorithms disagree: {detail}")]
    AlgorithmMismatch {
        /// Which, and where.
        detail: &'static str,
    },
    /// RFC 5035 5.4: the signature is bound to another certificate than the one that it verifies
    /// with.
    #[error("the signature names another certificate as its own")]
    SigningCertificateMismatch,
    /// An algorithm or a key that was broken, or is about to be. Nothing else is wrong with the
    /// signature.
    #[error("{algorithm} is no longer safe")]
    Legacy {
        /// Which.
        algorithm: String,
    },
    /// RFC 8550 4.4.2: the certificate's key usage does not allow signing.
    #[error("the certificate is not for signing messages (its key usage says so)")]
    KeyUsage,
    /// The algorithm is not supported, or its parameters or the key are malformed.
    #[error(transparent)]
    Crypto(crypto::Error),
    /// The content cannot be read, or is too long for this kind of signature.
    #[error("the content cannot be read")]
    Io(#[from] io::Error),
}

impl Error {
    /// A stable word.
    pub fn reason(&self) -> &'static str {
        match self {
            Error::CertificateMissing { .. } => "signer-certificate-missing",
            Error::ContentTwice => "content-twice",
            Error::ContentMissing => "content-missing",
            Error::DigestMismatch { .. } => "content-changed",
            Error::SignatureInvalid => "bad-signature",
            Error::AttributeMissing { .. } => "attribute-missing",
            Error::Attributes(attribute_set::Error::Malformed(_))
            | Error::AttributeMalformed { .. } => "attribute-malformed",
            Error::Attributes(_) => "attribute-repeated",
            Error::ContentTypeMismatch { .. } => "content-type-mismatch",
            Error::AttributesAsContent => "attributes-as-content",
            Error::AlgorithmMismatch { .. } => "algorithm-mismatch",
            Error::SigningCertificateMismatch => "signing-certificate-mismatch",
            Error::Legacy { .. } => "legacy-algorithm",
            Error::KeyUsage => "key-usage",
            Error::Crypto(crypto::Error::UnsupportedAlgorithm { .. }) => "unsupported-algorithm",
            Error::Crypto(_) => "unusable-key",
            Error::Io(_) => "io",
        }
    }
}

impl From<crypto::Error> for Error {
    fn from(error: crypto::Error) -> Error {
        match error {
            crypto::Error::SignatureInvalid => Error::SignatureInvalid,
            other => Error::Crypto(other),
        }
    }
}
