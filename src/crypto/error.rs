//! The one error of the module.

use crate::asn1::oid::{self, ObjectIdentifier};

/// Why a cryptographic operation was refused. No variant carries key material.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The key or the structure names an algorithm that is not implemented.
    #[error("{algorithm} is not supported")]
    UnsupportedAlgorithm {
        /// Its name in the RFCs, or its object identifier in dotted numbers.
        algorithm: String,
    },

    /// The parameters of an AlgorithmIdentifier are missing where they are required, or are not
    /// what the standard of the algorithm says.
    #[error("the parameters of {algorithm} are missing or malformed")]
    MalformedParameters {
        /// The name of the algorithm in the RFCs.
        algorithm: String,
    },

    /// A public key that does not follow its standard (RFC 5480, RFC 8017).
    #[error("the {algorithm} public key is malformed")]
    MalformedPublicKey {
        /// The kind of key: `RSA`, `P-256`.
        algorithm: &'static str,
    },

    /// A private key that does not follow its standard (RFC 5958, RFC 8017, RFC 5915), or whose
    /// numbers do not belong together.
    #[error("the {algorithm} private key is malformed or inconsistent")]
    MalformedPrivateKey {
        /// The kind of key: `RSA`, `P-256`, or `PKCS#8` when the wrapping itself is broken.
        algorithm: &'static str,
    },

    /// The public key is not a point of its curve other than the point at infinity
    /// (SEC 1 section 3.2.2.1).
    #[error("the public key is not a point on the curve {curve}")]
    PointNotOnCurve {
        /// The curve.
        curve: &'static str,
    },

    /// RFC 8551 section 4: the modulus is too short to be safe, or too long to be affordable.
    #[error("an RSA key of {bits} bits cannot be used here: {minimum} to {maximum} bits are")]
    RsaKeySize {
        /// The length of the modulus in bits.
        bits: usize,
        /// The shortest modulus allowed for this use.
        minimum: usize,
        /// The longest.
        maximum: usize,
    },

    /// The public exponent is even, less than 3, or so large that it only costs time.
    #[error("the RSA public exponent ({bits} bits) is not an odd number from 3 to 2^33")]
    RsaPublicExponent {
        /// The length of the exponent in bits.
        bits: usize,
    },

    /// The key is of another kind than the algorithm needs.
    #[error("{algorithm} cannot be used with a {key} key")]
    KeyMismatch {
        /// The algorithm that was asked for.
        algorithm: &'static str,
        /// The kind of key that was given.
        key: &'static str,
    },

    /// A key of a kind that makes no signatures, or none any more.
    #[error("a {key} key makes no signatures")]
    NoSignature {
        /// The kind of key.
        key: &'static str,
    },

    /// Signatures of this kind are verified for the sake of those who made them, and not made.
    #[error("{algorithm} signatures with {digest} are verified, but not made with this key")]
    VerifiedOnly {
        /// The signature algorithm.
        algorithm: &'static str,
        /// Its digest.
        digest: &'static str,
    },

    /// RFC 3279 section 2.3.2: the certificate leaves the parameters of its DSA key to that of its
    /// issuer, which is not at hand or has none.
    #[error("the DSA key has the parameters of its issuer's key, which are not known")]
    InheritedParameters,

    /// The signature does not belong to this key and message.
    #[error("the signature is wrong")]
    SignatureInvalid,

    /// The signing operation failed its own check with the public key: a fault of the processor
    /// or of the memory, or a key whose numbers are not what they claim to be.
    #[error("the signature could not be made with this key")]
    SigningFailed,

    /// The signature implementation that was asked for by name cannot run on this processor, or
    /// with this key.
    #[error("the graviola backend cannot be used on this processor or with this key")]
    BackendUnavailable,

    /// RSA encryption of a content key failed: the key is longer than the padding allows.
    #[error("the content key cannot be encrypted with this RSA key and padding")]
    KeyTransportFailed,

    /// The wrapping key has another length than RFC 3565 prescribes for the
    /// algorithm, or the key to be wrapped is not a whole number of 64-bit blocks.
    #[error("a key of {octets} octets cannot be used with {algorithm}")]
    KeyLength {
        /// The algorithm.
        algorithm: &'static str,
        /// The length of the key in octets.
        octets: usize,
    },

    /// The one answer to every failed decryption, of a key or of the content: which step failed
    /// would help an attacker (RFC 3218).
    #[error("the content cannot be decrypted with this key")]
    DecryptionFailed,

    /// More content than the counter of the mode can tell apart: 2^36 - 32 octets for GCM (NIST
    /// SP 800-38D section 5.2.1.1), what the nonce leaves room for with CCM (RFC 3610 section 2),
    /// 2^38 - 64 with ChaCha20 (RFC 8439 section 2.8). Or, with CCM, more than was announced.
    #[error("{mode} encrypts at most {limit} octets in one message")]
    ContentTooLong {
        /// The mode.
        mode: &'static str,
        /// The limit in octets.
        limit: u64,
    },

    /// The cipher does not authenticate, so it has no place for additional data.
    #[error("{cipher} takes no additional authenticated data")]
    NotAuthenticated {
        /// The cipher.
        cipher: &'static str,
    },

    /// CCM authenticates the length of the content before the content itself (RFC 3610 section
    /// 2.2).
    #[error("{cipher} needs to know the length of the content first")]
    LengthRequired {
        /// The cipher.
        cipher: &'static str,
    },

    /// A password's key that would take a stranger's word for how long to work.
    #[error("{iterations} iterations are too many: at most {maximum} are made")]
    TooManyIterations {
        /// How many the message asks for.
        iterations: u64,
        /// The limit.
        maximum: u32,
    },

    /// An algorithm that old messages are read with and no new ones made.
    #[error("{algorithm} is too weak to be used for anything new")]
    ReadOnly {
        /// The algorithm.
        algorithm: &'static str,
    },

    /// The operating system gave no random numbers.
    #[error("the operating system gave no random numbers")]
    Random(#[source] getrandom::Error),
}

impl Error {
    pub(super) fn unsupported(algorithm: &ObjectIdentifier) -> Error {
        Error::UnsupportedAlgorithm {
            algorithm: oid::name(algorithm),
        }
    }

    pub(super) fn malformed_parameters(algorithm: &ObjectIdentifier) -> Error {
        Error::MalformedParameters {
            algorithm: oid::name(algorithm),
        }
    }
}
