//! The content of a signature: its octets, and their digests.

use std::io::{self, Write};

use super::{Error, digest_algorithm};
use crate::cms::signer_info::SignerInfo;
use crate::crypto::{Digest, DigestAlgorithm};
use crate::mime::canonical_lines;
use crate::spool::{Spool, SpoolReader};

/// A content without signed attributes under a signature that is not over its digest has to be
/// held in memory, up to so many octets.
const MAX_UNDIGESTED: u64 = 64 << 20;

/// As much of a content is looked at to tell what it begins like.
const HEAD: u64 = 64;

/// The content of a signature, digested once for all its signers.
#[derive(Debug)]
pub struct DigestedContent<'a> {
    content: &'a Spool,
    ends: LineEnds,
    digests: Vec<(DigestAlgorithm, Vec<u8>)>,
}

/// Which octets of a content were signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnds {
    /// Those that are there.
    AsTheyAre,
    /// Those that are there once each line ends with CRLF (RFC 8551 3.1.1): a file on disk has LF.
    Canonical,
}

impl<'a> DigestedContent<'a> {
    /// Reads the content once, for every digest that one of the signers uses and that is
    /// supported.
    pub fn new(
        content: &'a Spool,
        ends: LineEnds,
        signer_infos: &[SignerInfo],
    ) -> io::Result<DigestedContent<'a>> {
        let mut digests: Vec<(DigestAlgorithm, Digest)> = Vec::new();
        for info in signer_infos {
            if let Ok(algorithm) = digest_algorithm(&info.digest_algorithm)
                && digests.iter().all(|(known, _)| *known != algorithm)
            {
                digests.push((algorithm, Digest::new(algorithm)));
            }
        }
        let mut all = Fan(&mut digests);
        write(content.reader(), ends, &mut all)?;
        let digests = digests
            .into_iter()
            .map(|(algorithm, digest)| (algorithm, digest.finalize()))
            .collect();
        Ok(DigestedContent {
            content,
            ends,
            digests,
        })
    }

    pub(super) fn digest(&self, algorithm: DigestAlgorithm) -> Result<&[u8], Error> {
        let found = self.digests.iter().find(|(known, _)| *known == algorithm);
        match found {
            Some((_, digest)) => Ok(digest),
            None => Err(io::Error::other("the content was digested for other signers").into()),
        }
    }

    /// The first octets, in the form that is signed.
    pub(super) fn start(&self) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        write(self.content.range(0..HEAD), self.ends, &mut head)?;
        Ok(head)
    }

    /// All of it, for signatures over the content itself.
    pub(super) fn to_vec(&self) -> io::Result<Vec<u8>> {
        if self.content.len() > MAX_UNDIGESTED {
            return Err(io::Error::other(
                "it is too long for a signature without attributes",
            ));
        }
        let mut octets = Vec::new();
        write(self.content.reader(), self.ends, &mut octets)?;
        Ok(octets)
    }
}

fn write(content: SpoolReader<'_>, ends: LineEnds, out: &mut dyn Write) -> io::Result<()> {
    match ends {
        LineEnds::AsTheyAre => content.write_to(out),
        LineEnds::Canonical => canonical_lines(content, out),
    }
}

/// Gives the same octets to several digests.
struct Fan<'a>(&'a mut [(DigestAlgorithm, Digest)]);

impl Write for Fan<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        for (_, digest) in self.0.iter_mut() {
            digest.update(octets);
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
