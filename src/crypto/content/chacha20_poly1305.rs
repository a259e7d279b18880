//! AEAD_CHACHA20_POLY1305 (RFC 8439 section 2.8), streamed.

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};
use ghash::universal_hash::UniversalHash;
use poly1305::Poly1305;
use poly1305::universal_hash::KeyInit;
use zeroize::Zeroizing;

use super::aead::{Aead, Counter, PIECE, apply_keystream};
use super::block_hash::Blocks;
use crate::crypto::Error;

/// RFC 8439 section 2.8: the block counter has 32 bits, and block 0 makes the key of Poly1305.
const LIMIT: u64 = ((1 << 32) - 1) * 64;

/// One content in the making, or on its way back.
pub(super) struct ChaCha20Poly1305 {
    keystream: ChaCha20,
    hash: Blocks<Poly1305>,
    counter: Counter,
    additional_length: u64,
}

impl ChaCha20Poly1305 {
    /// `key` has 32 octets, `nonce` 12.
    pub(super) fn new(key: &[u8], nonce: &[u8], additional_data: &[u8]) -> Self {
        let mut keystream =
            ChaCha20::new_from_slices(key, nonce).expect("key and nonce have the cipher's lengths");
        // RFC 8439 section 2.6: half of the first block is the one-time key, the rest is not used.
        let mut first = Zeroizing::new([0; 64]);
        keystream.apply_keystream(first.as_mut_slice());
        let one_time_key = first[..32].try_into().expect("32 octets");
        let mut hash = Blocks::new(Poly1305::new(one_time_key));
        hash.update(additional_data);
        hash.pad();
        ChaCha20Poly1305 {
            keystream,
            hash,
            counter: Counter::new("ChaCha20-Poly1305", LIMIT),
            additional_length: additional_data.len() as u64,
        }
    }
}

impl Aead for ChaCha20Poly1305 {
    fn encrypt(&mut self, content: &[u8], encrypted: &mut Vec<u8>) -> Result<(), Error> {
        self.counter.add(content)?;
        encrypted.reserve(content.len());
        for piece in content.chunks(PIECE) {
            let start = encrypted.len();
            if !apply_keystream(&mut self.keystream, piece, encrypted) {
                return Err(self.counter.too_long());
            }
            self.hash.update(&encrypted[start..]);
        }
        Ok(())
    }

    fn decrypt(&mut self, encrypted: &[u8], content: &mut Vec<u8>) -> Result<(), Error> {
        self.counter.add(encrypted)?;
        content.reserve(encrypted.len());
        for piece in encrypted.chunks(PIECE) {
            self.hash.update(piece);
            if !apply_keystream(&mut self.keystream, piece, content) {
                return Err(self.counter.too_long());
            }
        }
        Ok(())
    }

    /// Poly1305 over additional data and ciphertext, each padded to whole blocks, and their
    /// lengths in octets, little-endian.
    fn tag(mut self: Box<Self>) -> [u8; 16] {
        self.hash.pad();
        self.hash.update(&self.additional_length.to_le_bytes());
        self.hash.update(&self.counter.length().to_le_bytes());
        self.hash.into_hash().finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::testing::{hex, pieces};

    const PLAINTEXT: &[u8] =
        b"Ladies and Gentlemen of the class of '99: If I could offer you only \
        one tip for the future, sunscreen would be it.";
    const CIPHERTEXT: &str = "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6\
        3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36\
        92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc\
        3ff4def08e4b7a9de576d26586cec64b6116";

    fn example() -> ChaCha20Poly1305 {
        ChaCha20Poly1305::new(
            &hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"),
            &hex("070000004041424344454647"),
            &hex("50515253c0c1c2c3c4c5c6c7"),
        )
    }

    // RFC 8439 section 2.8.2.
    #[test]
    fn the_example_of_rfc_8439() {
        let (mut mode, mut encrypted) = (example(), Vec::new());
        for piece in pieces(PLAINTEXT) {
            mode.encrypt(piece, &mut encrypted).unwrap();
        }
        assert_eq!(encrypted, hex(CIPHERTEXT));
        let tag = hex("1ae10b594f09e26a7e902ecbd0600691");
        assert_eq!(Box::new(mode).tag(), *tag);

        let (mut mode, mut content) = (example(), Vec::new());
        for piece in pieces(&encrypted) {
            mode.decrypt(piece, &mut content).unwrap();
        }
        assert_eq!(content, PLAINTEXT);
        assert_eq!(Box::new(mode).tag(), *tag);
    }

    #[test]
    fn the_limit_is_kept() {
        let mut mode = example();
        mode.counter.skip(LIMIT - 5);
        let mut out = Vec::new();
        mode.encrypt(&[0; 5], &mut out).unwrap();
        assert_eq!(
            mode.encrypt(&[0], &mut out).unwrap_err().to_string(),
            "ChaCha20-Poly1305 encrypts at most 274877906880 octets in one message"
        );
        assert_eq!(out.len(), 5);
    }
}
