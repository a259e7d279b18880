//! Cipher block chaining (NIST SP 800-38A section 6.2) with the padding of RFC 5652 section 6.3.

use aes::cipher::{
    Array, BlockCipherEncrypt, BlockModeEncrypt, BlockSizeUser, InnerIvInit, KeyInit, consts::U16,
};
use zeroize::Zeroizing;

/// The length of an AES block in octets.
const BLOCK: usize = 16;

/// One content in the making.
pub(super) struct Cbc<C: BlockCipherEncrypt> {
    chain: ::cbc::Encryptor<C>,
    /// Plaintext that does not fill a block yet.
    pending: Zeroizing<[u8; BLOCK]>,
    filled: usize,
}

impl<C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + KeyInit> Cbc<C> {
    /// `key` has the length of the cipher's key, `iv` that of a block.
    pub(super) fn new(key: &[u8], iv: &[u8]) -> Self {
        let cipher = C::new_from_slice(key).expect("the key has the cipher's length");
        let chain = ::cbc::Encryptor::inner_iv_slice_init(cipher, iv)
            .expect("the IV has the length of a block");
        Cbc {
            chain,
            pending: Zeroizing::new([0; BLOCK]),
            filled: 0,
        }
    }

    pub(super) fn update(&mut self, mut content: &[u8], encrypted: &mut Vec<u8>) {
        if self.filled > 0 {
            let (head, rest) = content.split_at(content.len().min(BLOCK - self.filled));
            self.keep(head);
            content = rest;
            if self.filled < BLOCK {
                return;
            }
            let block = self.pending.clone();
            self.encrypt(block.as_slice(), encrypted);
            self.filled = 0;
        }
        let (whole, tail) = content.split_at(content.len() - content.len() % BLOCK);
        self.encrypt(whole, encrypted);
        self.keep(tail);
    }

    /// The last block: what was left, and as many octets of padding as fill it, each of which
    /// says how many they are. 1 to 16, never none.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let padding = BLOCK - self.filled;
        let mut block = self.pending.clone();
        block[self.filled..].fill(u8::try_from(padding).expect("at most the length of a block"));
        let mut last = Vec::with_capacity(BLOCK);
        self.encrypt(block.as_slice(), &mut last);
        last
    }

    /// Keeps octets for the next block; there are fewer of them than it lacks, or as many.
    fn keep(&mut self, octets: &[u8]) {
        self.pending[self.filled..][..octets.len()].copy_from_slice(octets);
        self.filled += octets.len();
    }

    /// Encrypts whole blocks, in the place where they are needed.
    fn encrypt(&mut self, whole: &[u8], encrypted: &mut Vec<u8>) {
        let start = encrypted.len();
        encrypted.extend_from_slice(whole);
        let (blocks, _) = Array::slice_as_chunks_mut(&mut encrypted[start..]);
        self.chain.encrypt_blocks(blocks);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ContentCipher, Encryptor};
    use super::*;
    use crate::crypto::testing::{hex, pieces, random};
    use aes::cipher::{BlockModeDecrypt, KeyIvInit, block_padding::Pkcs7};
    use aes::{Aes128, Aes256};

    const PLAINTEXT: &str = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51\
                             30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710";
    const IV: &str = "000102030405060708090a0b0c0d0e0f";

    // NIST SP 800-38A appendix F.2.1. Our padding follows the four blocks of the example.
    #[test]
    fn nist_sp_800_38a_aes128() {
        let mut cbc = Cbc::<Aes128>::new(&hex("2b7e151628aed2a6abf7158809cf4f3c"), &hex(IV));
        let mut encrypted = Vec::new();
        cbc.update(&hex(PLAINTEXT), &mut encrypted);
        assert_eq!(
            encrypted,
            hex(
                "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2\
                 73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7"
            )
        );
        assert_eq!(cbc.finish().len(), BLOCK);
    }

    // NIST SP 800-38A appendix F.2.5.
    #[test]
    fn nist_sp_800_38a_aes256() {
        let key = hex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
        let mut cbc = Cbc::<Aes256>::new(&key, &hex(IV));
        let mut encrypted = Vec::new();
        cbc.update(&hex(PLAINTEXT), &mut encrypted);
        assert_eq!(
            encrypted,
            hex(
                "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d\
                 39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b"
            )
        );
    }

    #[test]
    fn any_length_in_any_pieces_decrypts_to_the_content() {
        for length in (0..=50).chain([1000, 4096, 70_001]) {
            let content = random(length);
            for cipher in [ContentCipher::Aes128Cbc, ContentCipher::Aes256Cbc] {
                let (key, iv) = (random(cipher.key_length()), random(BLOCK));
                let mut encryptor = Encryptor::keyed(cipher, &key, iv.clone(), &[]);
                let mut encrypted = Vec::new();
                for piece in pieces(&content) {
                    encryptor.update(piece, &mut encrypted).unwrap();
                }
                let end = encryptor.finish();
                encrypted.extend_from_slice(&end.last);
                assert_eq!(end.authentication_tag, None);
                assert_eq!(
                    encrypted.len() as u64,
                    cipher.encrypted_length(length as u64)
                );
                let decrypted = match cipher {
                    ContentCipher::Aes128Cbc => decrypt::<Aes128>(&key, &iv, &encrypted),
                    _ => decrypt::<Aes256>(&key, &iv, &encrypted),
                };
                assert_eq!(decrypted, content);
            }
        }
    }

    fn decrypt<C>(key: &[u8], iv: &[u8], encrypted: &[u8]) -> Vec<u8>
    where
        ::cbc::Decryptor<C>: KeyIvInit + BlockModeDecrypt,
        C: aes::cipher::BlockCipherDecrypt,
    {
        ::cbc::Decryptor::<C>::new_from_slices(key, iv)
            .unwrap()
            .decrypt_padded_vec::<Pkcs7>(encrypted)
            .unwrap()
    }
}
