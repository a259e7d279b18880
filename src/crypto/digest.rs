//! Message digests (RFC 5754 section 2, RFC 8702 section 3.1).
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
//! MD2 and MD5, which are refused by name; SHA3-224; SHA-512/224 and SHA-512/256.

use std::io;

use der::asn1::AnyRef;
use sha2::Digest as _;
use shake::{ExtendableOutput as _, Update as _};
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
    /// SHA-1, whose collisions have been found: for old mail (RFC 8551 appendix B).
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA3-256.
    Sha3_256,
    /// SHA3-384.
    Sha3_384,
    /// SHA3-512.
    Sha3_512,
    /// SHAKE128 with an output of 256 bits (RFC 8702 section 3.1).
    Shake128,
    /// SHAKE256 with an output of 512 bits.
    Shake256,
}

/// Evaluates an expression with the type of a digest, which implements `Digest` of RustCrypto;
/// `None` for the SHAKEs, whose types do not.
macro_rules! with_digest {
    ($algorithm:expr, $D:ident => $result:expr) => {{
        use $crate::crypto::DigestAlgorithm as Algorithm;
        macro_rules! with {
            ($type:ty) => {{
                type $D = $type;
                Some($result)
            }};
        }
        match $algorithm {
            Algorithm::Sha256 => with!(::sha2::Sha256),
            Algorithm::Sha384 => with!(::sha2::Sha384),
            Algorithm::Sha512 => with!(::sha2::Sha512),
            Algorithm::Sha1 => with!(::sha1::Sha1),
            Algorithm::Sha224 => with!(::sha2::Sha224),
            Algorithm::Sha3_256 => with!(::sha3::Sha3_256),
            Algorithm::Sha3_384 => with!(::sha3::Sha3_384),
            Algorithm::Sha3_512 => with!(::sha3::Sha3_512),
            Algorithm::Shake128 | Algorithm::Shake256 => None,
        }
    }};
}
pub(in crate::crypto) use with_digest;

impl DigestAlgorithm {
    /// All there are.
    pub const ALL: [DigestAlgorithm; 10] = [
        DigestAlgorithm::Sha256,
        DigestAlgorithm::Sha384,
        DigestAlgorithm::Sha512,
        DigestAlgorithm::Sha1,
        DigestAlgorithm::Sha224,
        DigestAlgorithm::Sha3_256,
        DigestAlgorithm::Sha3_384,
        DigestAlgorithm::Sha3_512,
        DigestAlgorithm::Shake128,
        DigestAlgorithm::Shake256,
    ];

    /// Those that signatures are made with: what other clients verify.
    pub const SIGNING: [DigestAlgorithm; 3] = [
        DigestAlgorithm::Sha256,
        DigestAlgorithm::Sha384,
        DigestAlgorithm::Sha512,
    ];

    /// The object identifier.
    pub fn oid(self) -> ObjectIdentifier {
        match self {
            DigestAlgorithm::Sha256 => oid::ID_SHA_256,
            DigestAlgorithm::Sha384 => oid::ID_SHA_384,
            DigestAlgorithm::Sha512 => oid::ID_SHA_512,
            DigestAlgorithm::Sha1 => oid::ID_SHA_1,
            DigestAlgorithm::Sha224 => oid::ID_SHA_224,
            DigestAlgorithm::Sha3_256 => oid::ID_SHA_3_256,
            DigestAlgorithm::Sha3_384 => oid::ID_SHA_3_384,
            DigestAlgorithm::Sha3_512 => oid::ID_SHA_3_512,
            DigestAlgorithm::Shake128 => oid::ID_SHAKE_128,
            DigestAlgorithm::Shake256 => oid::ID_SHAKE_256,
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
    ///
    /// [`Error::UnsupportedAlgorithm`] with the name of any other digest, MD5 among them.
    pub fn from_algorithm_identifier(algorithm: AlgorithmIdentifierRef<'_>) -> Result<Self, Error> {
        let digest = DigestAlgorithm::ALL
            .into_iter()
            .find(|digest| digest.oid() == algorithm.oid)
            .ok_or_else(|| Error::unsupported(&algorithm.oid))?;
        if algorithm.parameters.is_none_or(|it| it == AnyRef::NULL) {
            Ok(digest)
        } else {
            Err(Error::malformed_parameters(&algorithm.oid))
        }
    }

    /// Its name in errors and reports: `SHA-256`, `SHA3-256`.
    pub fn name(self) -> &'static str {
        match self {
            DigestAlgorithm::Sha256 => "SHA-256",
            DigestAlgorithm::Sha384 => "SHA-384",
            DigestAlgorithm::Sha512 => "SHA-512",
            DigestAlgorithm::Sha1 => "SHA-1",
            DigestAlgorithm::Sha224 => "SHA-224",
            DigestAlgorithm::Sha3_256 => "SHA3-256",
            DigestAlgorithm::Sha3_384 => "SHA3-384",
            DigestAlgorithm::Sha3_512 => "SHA3-512",
            DigestAlgorithm::Shake128 => "SHAKE128",
            DigestAlgorithm::Shake256 => "SHAKE256",
        }
    }

    /// The word for the `micalg` parameter of multipart/signed (RFC 8551 section 3.5.3.2), which
    /// has none for the younger digests.
    pub fn micalg(self) -> &'static str {
        match self {
            DigestAlgorithm::Sha256 => "sha-256",
            DigestAlgorithm::Sha384 => "sha-384",
            DigestAlgorithm::Sha512 => "sha-512",
            DigestAlgorithm::Sha1 => "sha-1",
            DigestAlgorithm::Sha224 => "sha-224",
            DigestAlgorithm::Sha3_256
            | DigestAlgorithm::Sha3_384
            | DigestAlgorithm::Sha3_512
            | DigestAlgorithm::Shake128
            | DigestAlgorithm::Shake256 => "unknown",
        }
    }

    /// Whether signatures with it are good for reading old mail alone.
    pub fn is_legacy(self) -> bool {
        self == DigestAlgorithm::Sha1
    }

    /// The length of the digest in octets.
    pub fn length(self) -> usize {
        match self {
            DigestAlgorithm::Sha1 => 20,
            DigestAlgorithm::Sha224 => 28,
            DigestAlgorithm::Sha256 | DigestAlgorithm::Sha3_256 | DigestAlgorithm::Shake128 => 32,
            DigestAlgorithm::Sha384 | DigestAlgorithm::Sha3_384 => 48,
            DigestAlgorithm::Sha512 | DigestAlgorithm::Sha3_512 | DigestAlgorithm::Shake256 => 64,
        }
    }

    /// The digest of a message that is in memory.
    pub fn digest(self, message: &[u8]) -> Vec<u8> {
        let mut digest = Digest::new(self);
        digest.update(message);
        digest.finalize()
    }
}

/// A digest of a message that arrives in pieces: write them, then [`finalize`](Digest::finalize).
#[derive(Clone)]
pub struct Digest(State);

#[derive(Clone)]
enum State {
    Sha256(sha2::Sha256),
    Sha384(sha2::Sha384),
    Sha512(sha2::Sha512),
    Sha1(sha1::Sha1),
    Sha224(sha2::Sha224),
    Sha3_256(sha3::Sha3_256),
    Sha3_384(sha3::Sha3_384),
    Sha3_512(sha3::Sha3_512),
    Shake128(shake::Shake128),
    Shake256(shake::Shake256),
}

impl Digest {
    /// The digest of nothing yet.
    pub fn new(algorithm: DigestAlgorithm) -> Self {
        Digest(match algorithm {
            DigestAlgorithm::Sha256 => State::Sha256(sha2::Sha256::new()),
            DigestAlgorithm::Sha384 => State::Sha384(sha2::Sha384::new()),
            DigestAlgorithm::Sha512 => State::Sha512(sha2::Sha512::new()),
            DigestAlgorithm::Sha1 => State::Sha1(sha1::Sha1::new()),
            DigestAlgorithm::Sha224 => State::Sha224(sha2::Sha224::new()),
            DigestAlgorithm::Sha3_256 => State::Sha3_256(sha3::Sha3_256::new()),
            DigestAlgorithm::Sha3_384 => State::Sha3_384(sha3::Sha3_384::new()),
            DigestAlgorithm::Sha3_512 => State::Sha3_512(sha3::Sha3_512::new()),
            DigestAlgorithm::Shake128 => State::Shake128(shake::Shake128::default()),
            DigestAlgorithm::Shake256 => State::Shake256(shake::Shake256::default()),
        })
    }

    /// Adds a piece of the message.
    pub fn update(&mut self, piece: &[u8]) {
        match &mut self.0 {
            State::Sha256(state) => sha2::Digest::update(state, piece),
            State::Sha384(state) => sha2::Digest::update(state, piece),
            State::Sha512(state) => sha2::Digest::update(state, piece),
            State::Sha1(state) => sha2::Digest::update(state, piece),
            State::Sha224(state) => sha2::Digest::update(state, piece),
            State::Sha3_256(state) => sha2::Digest::update(state, piece),
            State::Sha3_384(state) => sha2::Digest::update(state, piece),
            State::Sha3_512(state) => sha2::Digest::update(state, piece),
            State::Shake128(state) => state.update(piece),
            State::Shake256(state) => state.update(piece),
        }
    }

    /// The digest of everything that was added.
    pub fn finalize(self) -> Vec<u8> {
        match self.0 {
            State::Sha256(state) => state.finalize().to_vec(),
            State::Sha384(state) => state.finalize().to_vec(),
            State::Sha512(state) => state.finalize().to_vec(),
            State::Sha1(state) => state.finalize().to_vec(),
            State::Sha224(state) => state.finalize().to_vec(),
            State::Sha3_256(state) => state.finalize().to_vec(),
            State::Sha3_384(state) => state.finalize().to_vec(),
            State::Sha3_512(state) => state.finalize().to_vec(),
            State::Shake128(state) => squeezed(state.finalize_xof(), 32),
            State::Shake256(state) => squeezed(state.finalize_xof(), 64),
        }
    }
}

/// Output of a SHAKE.
fn squeezed(mut reader: impl shake::XofReader, length: usize) -> Vec<u8> {
    let mut output = vec![0; length];
    reader.read(&mut output);
    output
}

/// SHAKE128 or SHAKE256 of a seed, with as much output as is wanted: the mask generation of
/// RFC 8702 section 3.2.1.
pub(super) fn shake128(seed: &[u8], length: usize) -> Vec<u8> {
    let mut state = shake::Shake128::default();
    state.update(seed);
    squeezed(state.finalize_xof(), length)
}

/// The same with SHAKE256.
pub(super) fn shake256(seed: &[u8], length: usize) -> Vec<u8> {
    let mut state = shake::Shake256::default();
    state.update(seed);
    squeezed(state.finalize_xof(), length)
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
        for (algorithm, expected) in DigestAlgorithm::SIGNING.into_iter().zip(expected) {
            assert_eq!(algorithm.digest(b"abc"), hex(expected));
            assert_eq!(algorithm.length(), hex(expected).len());
        }
    }

    // FIPS 180-4 and FIPS 202, "Examples with Intermediate Values": "abc" with SHA-1 and SHA-224,
    // nothing with the others.
    #[test]
    fn nist_examples_of_the_others() {
        for (algorithm, message, expected) in [
            (
                DigestAlgorithm::Sha1,
                &b"abc"[..],
                "a9993e364706816aba3e25717850c26c9cd0d89d",
            ),
            (
                DigestAlgorithm::Sha224,
                b"abc",
                "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
            ),
            (
                DigestAlgorithm::Sha3_256,
                b"",
                "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a",
            ),
            (
                DigestAlgorithm::Sha3_384,
                b"",
                "0c63a75b845e4f7d01107d852e4c2485c51a50aaaa94fc61995e71bbee983a2a\
                 c3713831264adb47fb6bd1e058d5f004",
            ),
            (
                DigestAlgorithm::Sha3_512,
                b"",
                "a69f73cca23a9ac5c8b567dc185a756e97c982164fe25859e0d1dcc1475c80a6\
                 15b2123af1f5f94c11e3e9402c3ac558f500199d95b6d3e301758586281dcd26",
            ),
            (
                DigestAlgorithm::Shake128,
                b"",
                "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26",
            ),
            (
                DigestAlgorithm::Shake256,
                b"",
                "46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f\
                 d75dc4ddd8c0f200cb05019d67b592f6fc821c49479ab48640292eacb3b7c4be",
            ),
        ] {
            assert_eq!(algorithm.digest(message), hex(expected), "{algorithm:?}");
        }
    }

    #[test]
    fn pieces_and_the_whole_agree() {
        let message: Vec<u8> = (0..1000u32).map(|i| i.to_be_bytes()[3]).collect();
        for algorithm in DigestAlgorithm::ALL {
            let mut digest = Digest::new(algorithm);
            for piece in message.chunks(77) {
                io::Write::write_all(&mut digest, piece).unwrap();
            }
            assert_eq!(digest.finalize(), algorithm.digest(&message));
            assert_eq!(algorithm.digest(b"").len(), algorithm.length());
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
        for algorithm in DigestAlgorithm::ALL {
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
        for (oid, name) in [
            ("1.2.840.113549.2.5", "id-md5"),
            ("1.2.840.113549.2.2", "id-md2"),
            ("2.16.840.1.101.3.4.2.7", "id-sha3-224"),
        ] {
            let identifier = AlgorithmIdentifierRef {
                oid: oid.parse().unwrap(),
                parameters: None,
            };
            let error = DigestAlgorithm::from_algorithm_identifier(identifier).unwrap_err();
            assert_eq!(error.to_string(), format!("{name} is not supported"));
        }
    }
}
