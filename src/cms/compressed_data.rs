//! CompressedData (RFC 3274): the content of one, inflated within limits.
//!
//! A few octets can say what fills a disk. So neither more than [`MAX_CONTENT`] is written, nor
//! more than [`MAX_RATIO`] times the octets that came, and all of it goes to a spool.
//!
//! ```
//! use mailseal::cms::compressed_data::decompress;
//! use mailseal::spool::Spool;
//!
//! // id-alg-zlibCompress, and "hello" in a stored block (RFC 1951 3.2.4)
//! let algorithm = b"\x30\x0d\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x03\x08";
//! let zlib = b"\x78\x01\x01\x05\x00\xfa\xffhello\x06\x2c\x02\x15";
//! let content = decompress(algorithm, &Spool::from_bytes(zlib.to_vec()))?;
//! assert_eq!(content.len(), 5);
//! # Ok::<(), mailseal::cms::compressed_data::Error>(())
//! ```
//!
//! # Not supported
//!
//! Writing it: no mailer asks for it, and content compressed together with a secret tells its
//! length. Preset dictionaries (RFC 1950 2.2), which mail has no way to agree on.

use std::io::{self, BufRead, Write};

use der::Decode;
use der::asn1::AnyRef;
use flate2::{Decompress, FlushDecompress, Status};
use spki::AlgorithmIdentifierRef;

use crate::asn1::oid::{self, ObjectIdentifier};
use crate::spool::{Spool, SpoolWriter};

/// The content may have this many octets when it is no longer compressed: more than the 40 MiB
/// that mail services carry.
pub const MAX_CONTENT: u64 = 64 << 20;

/// The content may be this many times as long as it was when compressed. Text compresses 3 to 10
/// times; zlib goes to 1032.
pub const MAX_RATIO: u64 = 100;

/// The ratio is not looked at up to here: a page of blank lines is no attack, and even a hundred
/// nested layers of it are none.
const HARMLESS: u64 = 64 << 10;

/// id-alg-zlibCompress (RFC 3274 2).
const ID_ALG_ZLIB_COMPRESS: ObjectIdentifier = const_oid::db::rfc6268::ID_ALG_ZLIB_COMPRESS;

/// How much is inflated at a time.
const BUFFER: usize = 64 << 10;

/// Why compressed content stays closed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The compressed octets cannot be read, or the content not be kept.
    #[error("the compressed content cannot be read")]
    Io(#[from] io::Error),
    /// The AlgorithmIdentifier is none.
    #[error("the compression algorithm cannot be decoded")]
    Encoding(#[from] der::Error),
    /// RFC 3274 2 names zlib and nothing else.
    #[error("compression by {algorithm} is not supported")]
    UnsupportedAlgorithm {
        /// Its name, or its object identifier in dotted numbers.
        algorithm: String,
    },
    /// It has parameters, which zlib has none of.
    #[error("the compression algorithm has parameters")]
    Parameters,
    /// What comes is no zlib stream (RFC 1950), or its checksum is wrong.
    #[error("the compressed content is malformed")]
    Malformed,
    /// The zlib stream stops before its end.
    #[error("the compressed content is cut off")]
    Truncated,
    /// Octets behind the end of the zlib stream: some readers would look at them.
    #[error("something follows the compressed content")]
    Trailing,
    /// More than [`MAX_CONTENT`].
    #[error("the content exceeds {MAX_CONTENT} octets when decompressed")]
    TooLarge,
    /// More than [`MAX_RATIO`] times what came.
    #[error("the content is more than {MAX_RATIO} times as long when decompressed")]
    RatioTooHigh,
}

/// Inflates the content of CompressedData: `algorithm` is the DER of its AlgorithmIdentifier,
/// `content` are the octets of its eContent.
///
/// # Errors
///
/// Another algorithm, malformed content, and content past a limit; nothing of it is returned then.
pub fn decompress(algorithm: &[u8], content: &Spool) -> Result<Spool, Error> {
    require_zlib(AlgorithmIdentifierRef::from_der(algorithm)?)?;
    inflate(content, MAX_CONTENT)
}

fn inflate(content: &Spool, longest: u64) -> Result<Spool, Error> {
    let limit = content.len().saturating_mul(MAX_RATIO).max(HARMLESS);
    let mut reader = content.reader();
    let mut writer = SpoolWriter::new();
    let mut inflate = Decompress::new(true);
    let mut buffer = vec![0; BUFFER];
    loop {
        let input = reader.fill_buf()?;
        let at_end = input.is_empty();
        let (taken, made) = (inflate.total_in(), inflate.total_out());
        let status = inflate
            .decompress(input, &mut buffer, FlushDecompress::None)
            .map_err(|_| Error::Malformed)?;
        let taken = (inflate.total_in() - taken) as usize;
        let made = (inflate.total_out() - made) as usize;
        reader.consume(taken);
        if inflate.total_out() > longest {
            return Err(Error::TooLarge);
        }
        if inflate.total_out() > limit {
            return Err(Error::RatioTooHigh);
        }
        writer.write_all(&buffer[..made])?;
        match status {
            Status::StreamEnd => break,
            // Neither takes nor gives: with nothing left to take, it waits for ever.
            _ if taken == 0 && made == 0 && at_end => return Err(Error::Truncated),
            _ if taken == 0 && made == 0 => return Err(Error::Malformed),
            _ => {}
        }
    }
    match reader.fill_buf()?.is_empty() {
        true => Ok(writer.finish()?),
        false => Err(Error::Trailing),
    }
}

/// RFC 3274 2: the one algorithm, without parameters; NULL says the same.
fn require_zlib(algorithm: AlgorithmIdentifierRef<'_>) -> Result<(), Error> {
    if algorithm.oid != ID_ALG_ZLIB_COMPRESS {
        let algorithm = oid::name(&algorithm.oid);
        return Err(Error::UnsupportedAlgorithm { algorithm });
    }
    match algorithm.parameters.is_none_or(|it| it == AnyRef::NULL) {
        true => Ok(()),
        false => Err(Error::Parameters),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use super::*;

    const ZLIB: &[u8] = b"\x30\x0d\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x03\x08";

    /// A text part with "hello" three times, by the zlib of CPython 3.
    const CPYTHON: &[u8] = b"\x78\xda\x73\xce\xcf\x2b\x49\xcd\x2b\xd1\x0d\xa9\x2c\x48\xb5\x52\x28\
        \x49\xad\x28\xd1\x2f\xc8\x49\xcc\xcc\xe3\xe5\xe2\xe5\xca\x48\xcd\xc9\xc9\x47\xa7\x00\xa4\
        \x02\x0f\xbc";

    fn compressed(content: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn decompressed(octets: &[u8]) -> Result<Vec<u8>, Error> {
        let content = decompress(ZLIB, &Spool::from_bytes(octets.to_vec()))?;
        let mut octets = Vec::new();
        content.reader().read_to_end(&mut octets)?;
        Ok(octets)
    }

    /// Octets that do not compress.
    fn noise(length: usize) -> Vec<u8> {
        let mut state = 1_u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as u8
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn content_comes_back() {
        let text = b"Content-Type: text/plain\r\n\r\nhello\r\nhello\r\nhello\r\n";
        assert_eq!(decompressed(CPYTHON).unwrap(), text);
        for length in [0, 1, BUFFER - 1, BUFFER, BUFFER + 1, 3 << 20] {
            let content = noise(length);
            assert!(
                decompressed(&compressed(&content)).unwrap() == content,
                "{length}"
            );
        }
    }

    #[test]
    fn every_changed_or_missing_octet_is_noticed() {
        for at in 0..CPYTHON.len() {
            let cut = decompressed(&CPYTHON[..at]);
            assert!(matches!(cut, Err(Error::Truncated)), "{at}: {cut:?}");
            let mut changed = CPYTHON.to_vec();
            changed[at] ^= 0x10;
            let changed = decompressed(&changed);
            assert!(
                matches!(
                    changed,
                    Err(Error::Malformed | Error::Truncated | Error::Trailing)
                ),
                "{at}: {changed:?}"
            );
        }
        let longer = [CPYTHON, b"\0"].concat();
        assert!(matches!(decompressed(&longer), Err(Error::Trailing)));
    }

    #[test]
    fn preset_dictionary_is_refused() {
        // RFC 1950 2.2: FDICT, a header checksum that fits, and the identifier of a dictionary.
        let octets = [&b"\x78\xf9\0\0\0\x01"[..], &CPYTHON[2..]].concat();
        assert!(matches!(decompressed(&octets), Err(Error::Malformed)));
    }

    /// Attack 30.
    #[test]
    fn bombs_are_refused() {
        let bomb = compressed(&vec![0; 10 << 20]);
        assert!(matches!(decompressed(&bomb), Err(Error::RatioTooHigh)));
        // Up to the ratio, and a little more.
        let packed = |zeros: usize| compressed(&[noise(2_000), vec![0; zeros]].concat());
        let most = |zeros: usize| packed(zeros).len() * MAX_RATIO as usize - 2_000;
        let zeros = most(most(most(100_000)));
        assert!(decompressed(&packed(zeros)).is_ok());
        assert!(matches!(
            decompressed(&packed(zeros + 2_000)),
            Err(Error::RatioTooHigh)
        ));
        // A page of nothing is no bomb.
        assert!(decompressed(&compressed(&vec![0; HARMLESS as usize])).is_ok());
        let over = compressed(&vec![0; HARMLESS as usize + 1]);
        assert!(matches!(decompressed(&over), Err(Error::RatioTooHigh)));
    }

    #[test]
    fn content_past_the_limit_is_refused() {
        let content = Spool::from_bytes(compressed(&noise(100_000)));
        assert_eq!(inflate(&content, 100_000).unwrap().len(), 100_000);
        assert!(matches!(inflate(&content, 99_999), Err(Error::TooLarge)));
    }

    #[test]
    fn other_algorithms_are_named() {
        let spool = Spool::from_bytes(CPYTHON.to_vec());
        let null = b"\x30\x0f\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x03\x08\x05\x00";
        assert!(decompress(null, &spool).is_ok());
        let parameters = b"\x30\x0f\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x03\x08\x04\x00";
        assert!(matches!(
            decompress(parameters, &spool),
            Err(Error::Parameters)
        ));
        let other = b"\x30\x0d\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x03\x09";
        let error = decompress(other, &spool).unwrap_err().to_string();
        assert!(
            error.contains("1.2.840.113549.1.9.16.3.9") || error.contains("id-alg"),
            "{error}"
        );
        assert!(matches!(
            decompress(b"\x30", &spool),
            Err(Error::Encoding(_))
        ));
    }
}
