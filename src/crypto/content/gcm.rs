//! Galois/Counter Mode (NIST SP 800-38D section 7.1), streamed, with 96-bit nonces and 128-bit
//! tags.

use aes::cipher::{
    Array, BlockCipherEncrypt, BlockSizeUser, InnerIvInit, KeyInit, StreamCipher, consts::U16,
};
use ctr::{Ctr32BE, CtrCore};
use ghash::GHash;
use ghash::universal_hash::UniversalHash;
use zeroize::{Zeroize, Zeroizing};

use crate::crypto::Error;

/// NIST SP 800-38D section 5.2.1.1: a plaintext has at most 2^39 - 256 bits. Past that the
/// 32-bit counter would come round to the block that masks the tag.
const LIMIT: u64 = (1 << 36) - 32;

/// The length of a block in octets.
const BLOCK: usize = 16;

/// Encrypted and then hashed at a time, so that the second pass still finds it in the cache.
const PIECE: usize = 16 * 1024;

/// One content in the making.
pub(super) struct Gcm<C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>> {
    keystream: Ctr32BE<C>,
    hash: GHash,
    /// CIPH_K(J_0), which masks the tag.
    mask: Zeroizing<[u8; BLOCK]>,
    /// Ciphertext that does not fill a block of the hash yet.
    pending: [u8; BLOCK],
    filled: usize,
    additional_length: u64,
    length: u64,
}

impl<C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + KeyInit> Gcm<C> {
    /// `key` has the length of the cipher's key, `nonce` 12 octets.
    pub(super) fn new(key: &[u8], nonce: &[u8], additional_data: &[u8]) -> Self {
        let cipher = C::new_from_slice(key).expect("the key has the cipher's length");

        let mut hash_key = Array::default();
        cipher.encrypt_block(&mut hash_key);
        let mut hash = GHash::new(&hash_key);
        hash_key.zeroize();
        hash.update_padded(additional_data);

        // J_0 = nonce || 1; the content starts at inc32(J_0).
        let mut counter = Array::<u8, U16>::default();
        counter[..12].copy_from_slice(nonce);
        counter[15] = 1;
        let mut mask = counter;
        cipher.encrypt_block(&mut mask);
        counter[15] = 2;

        Gcm {
            keystream: Ctr32BE::from_core(CtrCore::inner_iv_init(cipher, &counter)),
            hash,
            mask: Zeroizing::new(mask.into()),
            pending: [0; BLOCK],
            filled: 0,
            additional_length: additional_data.len() as u64,
            length: 0,
        }
    }

    /// Nothing is encrypted when the content would pass the limit.
    pub(super) fn update(&mut self, content: &[u8], encrypted: &mut Vec<u8>) -> Result<(), Error> {
        self.length = self
            .length
            .checked_add(content.len() as u64)
            .filter(|length| *length <= LIMIT)
            .ok_or(Error::ContentTooLong { limit: LIMIT })?;
        encrypted.reserve(content.len());
        for piece in content.chunks(PIECE) {
            let start = encrypted.len();
            encrypted.extend_from_slice(piece);
            let piece = &mut encrypted[start..];
            self.keystream
                .try_apply_keystream(piece)
                .map_err(|_| Error::ContentTooLong { limit: LIMIT })?;
            self.authenticate(piece);
        }
        Ok(())
    }

    /// The tag: GHASH over additional data, ciphertext and both their lengths in bits.
    pub(super) fn finish(mut self) -> [u8; BLOCK] {
        self.hash.update_padded(&self.pending[..self.filled]);
        let mut lengths = Array::<u8, U16>::default();
        lengths[..8].copy_from_slice(&(self.additional_length * 8).to_be_bytes());
        lengths[8..].copy_from_slice(&(self.length * 8).to_be_bytes());
        self.hash.update(&[lengths]);
        let mut tag: [u8; BLOCK] = self.hash.finalize().into();
        for (octet, mask) in tag.iter_mut().zip(self.mask.iter()) {
            *octet ^= mask;
        }
        tag
    }

    /// Adds ciphertext to the hash, block by block.
    fn authenticate(&mut self, mut ciphertext: &[u8]) {
        if self.filled > 0 {
            let (head, rest) = ciphertext.split_at(ciphertext.len().min(BLOCK - self.filled));
            self.keep(head);
            ciphertext = rest;
            if self.filled < BLOCK {
                return;
            }
            self.hash.update(&[self.pending.into()]);
            self.filled = 0;
        }
        let (blocks, tail) = Array::slice_as_chunks(ciphertext);
        self.hash.update(blocks);
        self.keep(tail);
    }

    /// Keeps octets for the next block; there are fewer of them than it lacks, or as many.
    fn keep(&mut self, octets: &[u8]) {
        self.pending[self.filled..][..octets.len()].copy_from_slice(octets);
        self.filled += octets.len();
    }
}
