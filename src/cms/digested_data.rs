//! DigestedData (RFC 5652 7): content beside its digest. It tells damage, and nothing of who made
//! it: whoever changes the content changes the digest too.
//!
//! ```
//! use mailseal::cms::digested_data::check;
//! use mailseal::crypto::DigestAlgorithm;
//! use mailseal::spool::Spool;
//! use der::Encode;
//!
//! let algorithm = DigestAlgorithm::Sha256.algorithm_identifier().to_der()?;
//! let content = Spool::from_bytes(b"hello".to_vec());
//! let digest = DigestAlgorithm::Sha256.digest(b"hello");
//! assert_eq!(check(&algorithm, &content, &digest)?, DigestAlgorithm::Sha256);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Not supported
//!
//! Writing it.

use std::io;

use der::Decode;
use spki::AlgorithmIdentifierRef;

use crate::crypto::{self, Digest, DigestAlgorithm};
use crate::spool::Spool;

/// Why the content is not what was digested.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The content cannot be read.
    #[error("the content cannot be read")]
    Io(#[from] io::Error),
    /// The AlgorithmIdentifier is none.
    #[error("the digest algorithm cannot be decoded")]
    Encoding(#[from] der::Error),
    /// The algorithm is unknown, refused, or has parameters it must not have.
    #[error(transparent)]
    Crypto(#[from] crypto::Error),
    /// The digest is another.
    #[error("the content does not have the digest that came with it")]
    Mismatch,
}

/// Compares the digest that came with that of the content, and tells the algorithm: whether it is
/// still good for anything is for the caller to judge. `algorithm` is the DER of the
/// AlgorithmIdentifier, `content` are the octets of the eContent (RFC 5652 7: without tag and
/// length).
///
/// # Errors
///
/// [`Error::Mismatch`], an algorithm that is not supported, and those of reading the spool.
pub fn check(algorithm: &[u8], content: &Spool, digest: &[u8]) -> Result<DigestAlgorithm, Error> {
    let algorithm = AlgorithmIdentifierRef::from_der(algorithm)?;
    let algorithm = DigestAlgorithm::from_algorithm_identifier(algorithm)?;
    let mut state = Digest::new(algorithm);
    content.reader().write_to(&mut state)?;
    match state.finalize() == digest {
        true => Ok(algorithm),
        false => Err(Error::Mismatch),
    }
}

#[cfg(test)]
mod tests {
    use der::Encode;

    use super::*;

    #[test]
    fn digest_is_of_all_the_content() {
        let content = vec![7; 3 << 20];
        let spool = Spool::read_from(&mut &content[..]).unwrap();
        for algorithm in [DigestAlgorithm::Sha256, DigestAlgorithm::Sha512] {
            let identifier = algorithm.algorithm_identifier().to_der().unwrap();
            let mut digest = algorithm.digest(&content);
            assert_eq!(check(&identifier, &spool, &digest).unwrap(), algorithm);
            for short in [
                &spool.slice(0..spool.len() - 1),
                &spool.slice(1..spool.len()),
            ] {
                let found = check(&identifier, short, &digest);
                assert!(matches!(found, Err(Error::Mismatch)));
            }
            let cut = check(&identifier, &spool, &digest[1..]);
            assert!(matches!(cut, Err(Error::Mismatch)));
            digest[0] ^= 1;
            let changed = check(&identifier, &spool, &digest);
            assert!(matches!(changed, Err(Error::Mismatch)));
        }
    }

    #[test]
    fn unknown_algorithms_are_refused() {
        let spool = Spool::from_bytes(Vec::new());
        // MD5, with the digest of nothing.
        let md5 = b"\x30\x0a\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x05";
        let digest = b"\xd4\x1d\x8c\xd9\x8f\x00\xb2\x04\xe9\x80\x09\x98\xec\xf8\x42\x7e";
        assert!(matches!(check(md5, &spool, digest), Err(Error::Crypto(_))));
        assert!(matches!(
            check(b"\x05\x00", &spool, b""),
            Err(Error::Encoding(_))
        ));
    }
}
