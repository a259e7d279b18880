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

#[cfg(test)]
mod tests {
    use super::super::{ContentCipher, Encryptor};
    use super::*;
    use crate::crypto::testing::{hex, pieces, random};
    use aes_gcm::aead::{Aead, Payload};
    use aes_gcm::{Aes128Gcm, Aes256Gcm};

    const KEY: &str = "feffe9928665731c6d6a8f9467308308";
    const NONCE: &str = "cafebabefacedbaddecaf888";
    const PLAINTEXT: &str = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
                             1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";
    const ADDITIONAL: &str = "feedfacedeadbeeffeedfacedeadbeefabaddad2";

    /// The ciphertext and tag of a content in random pieces.
    fn encrypt(
        cipher: ContentCipher,
        key: &[u8],
        nonce: &[u8],
        additional_data: &[u8],
        content: &[u8],
    ) -> (Vec<u8>, [u8; BLOCK]) {
        let mut encryptor = Encryptor::keyed(cipher, key, nonce.to_vec(), additional_data);
        let mut encrypted = Vec::new();
        for piece in pieces(content) {
            encryptor.update(piece, &mut encrypted).unwrap();
        }
        let end = encryptor.finish();
        assert!(end.last.is_empty());
        (encrypted, end.authentication_tag.unwrap())
    }

    // McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 1, 2, 4, 13 and 16,
    // which NIST took over.
    #[test]
    fn published_test_cases() {
        let (aes128, aes256) = (ContentCipher::Aes128Gcm, ContentCipher::Aes256Gcm);
        let zeros = "00".repeat(32);
        for (cipher, key, nonce, additional, plaintext, ciphertext, tag) in [
            (
                aes128,
                &zeros[..32],
                &zeros[..24],
                "",
                "",
                "",
                "58e2fccefa7e3061367f1d57a4e7455a",
            ),
            (
                aes128,
                &zeros[..32],
                &zeros[..24],
                "",
                &zeros[..32],
                "0388dace60b6a392f328c2b971b2fe78",
                "ab6e47d42cec13bdf53a67b21257bddf",
            ),
            (
                aes128,
                KEY,
                NONCE,
                ADDITIONAL,
                PLAINTEXT,
                "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e\
                 21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
                "5bc94fbc3221a5db94fae95ae7121a47",
            ),
            (
                aes256,
                &zeros,
                &zeros[..24],
                "",
                "",
                "",
                "530f8afbc74536b9a963b4f1c4cb738b",
            ),
            (
                aes256,
                &KEY.repeat(2),
                NONCE,
                ADDITIONAL,
                PLAINTEXT,
                "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
                 8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
                "76fc6ece0f4e1768cddf8853bb2d551b",
            ),
        ] {
            let (key, nonce, plaintext) = (hex(key), hex(nonce), hex(plaintext));
            let result = encrypt(cipher, &key, &nonce, &hex(additional), &plaintext);
            assert_eq!(result.0, hex(ciphertext));
            assert_eq!(result.1.to_vec(), hex(tag));
        }
    }

    #[test]
    fn any_length_in_any_pieces_is_what_aes_gcm_makes() {
        for length in (0..=50).chain([1000, PIECE - 1, PIECE, PIECE + 1, 100_003]) {
            let content = random(length);
            for cipher in [ContentCipher::Aes128Gcm, ContentCipher::Aes256Gcm] {
                let (key, nonce) = (random(cipher.key_length()), random(12));
                let additional = random(length % 37);
                let (mut ours, tag) = encrypt(cipher, &key, &nonce, &additional, &content);
                ours.extend_from_slice(&tag);

                let payload = Payload {
                    msg: &content,
                    aad: &additional,
                };
                let nonce = nonce.as_slice().try_into().unwrap();
                let theirs = match cipher {
                    ContentCipher::Aes128Gcm => Aes128Gcm::new_from_slice(&key)
                        .unwrap()
                        .encrypt(nonce, payload),
                    _ => Aes256Gcm::new_from_slice(&key)
                        .unwrap()
                        .encrypt(nonce, payload),
                };
                assert_eq!(ours, theirs.unwrap());
            }
        }
    }

    #[test]
    fn the_limit_is_kept() {
        let mut gcm = Gcm::<aes::Aes128>::new(&[0; 16], &[0; 12], &[]);
        gcm.length = LIMIT - 5;
        let mut encrypted = Vec::new();
        gcm.update(&[0; 5], &mut encrypted).unwrap();
        let error = gcm.update(&[0], &mut encrypted).unwrap_err();
        assert_eq!(encrypted.len(), 5);
        assert_eq!(
            error.to_string(),
            "AES-GCM encrypts at most 68719476704 octets in one message"
        );
    }
}
