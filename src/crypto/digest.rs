//! Message digests (RFC 5754 section 2).
//!
//! ```
//! use mailseal::crypto::{Digest, DigestAlgorithm};
//! use std::io::Write;
//!
//! let mut digest = Digest::new(DigestAlgorithm::Sha256);
//! digest.write_all(b"ab")?;
//! digest.write_all(b"c")?;
//! assert_eq!(digest.finalize(), DigestAlgorithm::Sha256.digest(b"abc"));
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # Not supported
//! SHA-1, SHA-224, SHA-3 and SHAKE.

use std::io;

use der::asn1::AnyRef;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use spki::{AlgorithmIdentifierOwned, AlgorithmIdentifierRef};

use super::Error;
use crate::asn1::oid::{self, ObjectIdentifier};

/// A digest that signs, names a `micalg`, or drives a mask generation or key derivation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DigestAlgorithm {
    /// SHA-256, which every S/MIME 4.0 agent has (RFC 8551 section 2.1).
    #[default]
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512, which every S/MIME 4.0 agent has (RFC 8551 section 2.1).
    Sha512,
}

impl DigestAlgorithm {
    /// The object identifier.
    pub fn oid(self) -> ObjectIdentifier {
        match self {
            DigestAlgorithm::Sha256 => oid::ID_SHA_256,
            DigestAlgorithm::Sha384 => oid::ID_SHA_384,
            DigestAlgorithm::Sha512 => oid::ID_SHA_512,
        }
    }

    /// The AlgorithmIdentifier of DigestAlgorithmIdentifiers and SignerInfo: RFC 5754 section 2
    /// says that its parameters MUST be absent when it is written.
    pub fn algorithm_identifier(self) -> AlgorithmIdentifierOwned {
        AlgorithmIdentifierOwned {
            oid: self.oid(),
            parameters: None,
        }
    }

    /// Reads an AlgorithmIdentifier of a message: RFC 5754 section 2 says that NULL parameters
    /// MUST be accepted like absent ones.
    pub fn from_algorithm_identifier(algorithm: AlgorithmIdentifierRef<'_>) -> Result<Self, Error> {
        let digest = match algorithm.oid {
            oid::ID_SHA_256 => DigestAlgorithm::Sha256,
            oid::ID_SHA_384 => DigestAlgorithm::Sha384,
            oid::ID_SHA_512 => DigestAlgorithm::Sha512,
            other => return Err(Error::unsupported(&other)),
        };
        if algorithm.parameters.is_none_or(|it| it == AnyRef::NULL) {
            Ok(digest)
        } else {
            Err(Error::malformed_parameters(&algorithm.oid))
        }
    }

    /// The word for the `micalg` parameter of multipart/signed (RFC 8551 section 3.5.3.2).
    pub fn micalg(self) -> &'static str {
        match self {
            DigestAlgorithm::Sha256 => "sha-256",
            DigestAlgorithm::Sha384 => "sha-384",
            DigestAlgorithm::Sha512 => "sha-512",
        }
    }

    /// The length of the digest in octets.
    pub fn length(self) -> usize {
        match self {
            DigestAlgorithm::Sha256 => 32,
            DigestAlgorithm::Sha384 => 48,
            DigestAlgorithm::Sha512 => 64,
        }
    }

    /// The digest of a message that is in memory.
    pub fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            DigestAlgorithm::Sha256 => Sha256::digest(message).to_vec(),
            DigestAlgorithm::Sha384 => Sha384::digest(message).to_vec(),
            DigestAlgorithm::Sha512 => Sha512::digest(message).to_vec(),
        }
    }
}

/// A digest of a message that arrives in pieces: write them, then [`finalize`](Digest::finalize).
#[derive(Clone)]
pub struct Digest(State);

#[derive(Clone)]
enum State {
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
}

impl Digest {
    /// The digest of nothing yet.
    pub fn new(algorithm: DigestAlgorithm) -> Self {
        Digest(match algorithm {
            DigestAlgorithm::Sha256 => State::Sha256(Sha256::new()),
            DigestAlgorithm::Sha384 => State::Sha384(Sha384::new()),
            DigestAlgorithm::Sha512 => State::Sha512(Sha512::new()),
        })
    }

    /// Adds a piece of the message.
    pub fn update(&mut self, piece: &[u8]) {
        match &mut self.0 {
            State::Sha256(state) => state.update(piece),
            State::Sha384(state) => state.update(piece),
            State::Sha512(state) => state.update(piece),
        }
    }

    /// The digest of everything that was added.
    pub fn finalize(self) -> Vec<u8> {
        match self.0 {
            State::Sha256(state) => state.finalize().to_vec(),
            State::Sha384(state) => state.finalize().to_vec(),
            State::Sha512(state) => state.finalize().to_vec(),
        }
    }
}

/// Writing never fails and never takes less than it is given.
impl io::Write for Digest {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.update(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::testing::hex;
    use der::Encode;

    const ALL: [DigestAlgorithm; 3] = [
        DigestAlgorithm::Sha256,
        DigestAlgorithm::Sha384,
        DigestAlgorithm::Sha512,
    ];

    // FIPS 180-4's example "abc", from NIST's "Examples with Intermediate Values".
    #[test]
    fn fips_180_4_examples() {
        let expected = [
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed\
             8086072ba1e7cc2358baeca134c825a7",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
             2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ];
        for (algorithm, expected) in ALL.into_iter().zip(expected) {
            assert_eq!(algorithm.digest(b"abc"), hex(expected));
            assert_eq!(algorithm.length(), hex(expected).len());
        }
    }

    #[test]
    fn pieces_and_the_whole_agree() {
        let message: Vec<u8> = (0..1000u32).map(|i| i.to_be_bytes()[3]).collect();
        for algorithm in ALL {
            let mut digest = Digest::new(algorithm);
            for piece in message.chunks(77) {
                io::Write::write_all(&mut digest, piece).unwrap();
            }
            assert_eq!(digest.finalize(), algorithm.digest(&message));
        }
    }

    #[test]
    fn parameters_are_absent() {
        assert_eq!(
            DigestAlgorithm::Sha256
                .algorithm_identifier()
                .to_der()
                .unwrap(),
            hex("300b0609608648016503040201")
        );
    }

    #[test]
    fn null_parameters_are_accepted_and_others_are_not() {
        for algorithm in ALL {
            let read = |parameters| {
                DigestAlgorithm::from_algorithm_identifier(AlgorithmIdentifierRef {
                    oid: algorithm.oid(),
                    parameters,
                })
            };
            assert_eq!(read(None).unwrap(), algorithm);
            assert_eq!(read(Some(AnyRef::NULL)).unwrap(), algorithm);
            let other = AnyRef::from(&oid::ID_SHA_256);
            assert!(matches!(
                read(Some(other)),
                Err(Error::MalformedParameters { .. })
            ));
        }
    }

    #[test]
    fn another_digest_is_named() {
        let sha1 = AlgorithmIdentifierRef {
            oid: "1.3.14.3.2.26".parse().unwrap(),
            parameters: None,
        };
        let error = DigestAlgorithm::from_algorithm_identifier(sha1).unwrap_err();
        assert_eq!(error.to_string(), "id-sha1 is not supported");
    }
}
