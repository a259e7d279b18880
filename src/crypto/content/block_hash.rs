//! Universal hashes and CBC-MAC take whole blocks; content comes in pieces of any length.

use aes::cipher::{Array, consts::U16};
use ghash::GHash;
use ghash::universal_hash::UniversalHash;
use poly1305::Poly1305;
use zeroize::Zeroizing;

/// The length of a block in octets.
pub(super) const BLOCK: usize = 16;

/// What is fed with whole blocks.
pub(super) trait BlockHash {
    fn update_blocks(&mut self, blocks: &[Array<u8, U16>]);
}

impl BlockHash for GHash {
    fn update_blocks(&mut self, blocks: &[Array<u8, U16>]) {
        self.update(blocks);
    }
}

impl BlockHash for Poly1305 {
    fn update_blocks(&mut self, blocks: &[Array<u8, U16>]) {
        self.update(blocks);
    }
}

/// Makes blocks of what comes in pieces.
pub(super) struct Blocks<H> {
    hash: H,
    /// What does not fill a block yet.
    pending: Zeroizing<[u8; BLOCK]>,
    filled: usize,
}

impl<H: BlockHash> Blocks<H> {
    pub(super) fn new(hash: H) -> Self {
        Blocks {
            hash,
            pending: Zeroizing::new([0; BLOCK]),
            filled: 0,
        }
    }

    pub(super) fn update(&mut self, mut octets: &[u8]) {
        if self.filled > 0 {
            let (head, rest) = octets.split_at(octets.len().min(BLOCK - self.filled));
            self.keep(head);
            octets = rest;
            if self.filled < BLOCK {
                return;
            }
            self.flush();
        }
        let (blocks, tail) = Array::slice_as_chunks(octets);
        self.hash.update_blocks(blocks);
        self.keep(tail);
    }

    /// Fills up the last block with zeros, if one has begun.
    pub(super) fn pad(&mut self) {
        if self.filled > 0 {
            self.pending[self.filled..].fill(0);
            self.flush();
        }
    }

    /// The hash of everything, the last block filled up with zeros.
    pub(super) fn into_hash(mut self) -> H {
        self.pad();
        self.hash
    }

    fn flush(&mut self) {
        self.hash.update_blocks(&[(*self.pending).into()]);
        self.filled = 0;
    }

    /// Keeps octets for the next block; there are fewer of them than it lacks, or as many.
    fn keep(&mut self, octets: &[u8]) {
        self.pending[self.filled..][..octets.len()].copy_from_slice(octets);
        self.filled += octets.len();
    }
}
