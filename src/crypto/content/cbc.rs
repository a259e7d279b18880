//! Cipher block chaining (NIST SP 800-38A section 6.2) with the padding of RFC 5652 section 6.3:
//! AES both ways, triple DES and RC2 (RFC 3370 section 5) only back.

use aes::cipher::{
    Array, Block, BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt,
    BlockSizeUser, InnerIvInit, KeyInit, consts::U16,
};
use aes::{Aes128, Aes192, Aes256};
use des::TdesEde3;
use rc2::Rc2;
use subtle::{ConstantTimeEq, ConstantTimeGreater};
use zeroize::Zeroizing;

use super::ContentCipher;
use crate::crypto::Error;

/// The length of an AES block in octets.
const BLOCK: usize = 16;

/// One content in the making, whatever the cipher.
pub(super) trait ChainedEncryption: Send + Sync {
    /// Appends whole blocks to `encrypted`.
    fn update(&mut self, content: &[u8], encrypted: &mut Vec<u8>);

    /// The last block: what was left, and as many octets of padding as fill it, each of which
    /// says how many they are. 1 to 16, never none.
    fn finish(self: Box<Self>) -> Vec<u8>;
}

/// One content on its way back, whatever the cipher.
pub(super) trait ChainedDecryption: Send + Sync {
    /// Appends all whole blocks but the last to `content`.
    fn update(&mut self, encrypted: &[u8], content: &mut Vec<u8>);

    /// What the last block has before its padding.
    fn finish(self: Box<Self>) -> Result<Vec<u8>, Error>;
}

/// [`Error::ReadOnly`] for a legacy cipher. `key` and `iv` have the cipher's lengths.
pub(super) fn encryption(
    cipher: ContentCipher,
    key: &[u8],
    iv: &[u8],
) -> Result<Box<dyn ChainedEncryption>, Error> {
    Ok(match (cipher, cipher.key_length()) {
        (cipher, _) if !cipher.may_encrypt() => {
            return Err(Error::ReadOnly {
                algorithm: cipher.name(),
            });
        }
        (_, 16) => Box::new(Cbc::<Aes128>::new(key, iv)),
        (_, 24) => Box::new(Cbc::<Aes192>::new(key, iv)),
        (_, _) => Box::new(Cbc::<Aes256>::new(key, iv)),
    })
}

/// `key` and `iv` have the cipher's lengths.
pub(super) fn decryption(
    cipher: ContentCipher,
    key: &[u8],
    iv: &[u8],
) -> Box<dyn ChainedDecryption> {
    match (cipher, cipher.key_length()) {
        (ContentCipher::DesEde3Cbc, _) => Box::new(CbcDecryptor::<TdesEde3>::new(key, iv)),
        (ContentCipher::Rc2Cbc40 | ContentCipher::Rc2Cbc64 | ContentCipher::Rc2Cbc128, length) => {
            let rc2 = Rc2::new_with_eff_key_len(key, length * 8);
            Box::new(CbcDecryptor::with_cipher(rc2, iv))
        }
        (_, 16) => Box::new(CbcDecryptor::<Aes128>::new(key, iv)),
        (_, 24) => Box::new(CbcDecryptor::<Aes192>::new(key, iv)),
        (_, _) => Box::new(CbcDecryptor::<Aes256>::new(key, iv)),
    }
}

/// Encrypts whole blocks in place, without padding. [`Error::ReadOnly`] for a legacy cipher. `key`
/// and `iv` have the cipher's lengths.
pub(in crate::crypto) fn encrypt_blocks(
    cipher: ContentCipher,
    key: &[u8],
    iv: &[u8],
    blocks: &mut Vec<u8>,
) -> Result<(), Error> {
    let plain = Zeroizing::new(std::mem::take(blocks));
    // Without `finish` no padding follows the whole blocks.
    encryption(cipher, key, iv)?.update(&plain, blocks);
    Ok(())
}

/// Decrypts whole blocks in place. `key` and `iv` have the cipher's lengths.
pub(in crate::crypto) fn decrypt_blocks(
    cipher: ContentCipher,
    key: &[u8],
    iv: &[u8],
    blocks: &mut Vec<u8>,
) {
    let mut encrypted = Zeroizing::new(std::mem::take(blocks));
    // One more block, of anything, is the last one, which is kept back.
    let whole = encrypted.len();
    encrypted.resize(whole + iv.len(), 0);
    decryption(cipher, key, iv).update(&encrypted, blocks);
}

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
}

impl<C> ChainedEncryption for Cbc<C>
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + Send + Sync,
{
    fn update(&mut self, mut content: &[u8], encrypted: &mut Vec<u8>) {
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

    fn finish(mut self: Box<Self>) -> Vec<u8> {
        let padding = BLOCK - self.filled;
        let mut block = self.pending.clone();
        block[self.filled..].fill(u8::try_from(padding).expect("at most the length of a block"));
        let mut last = Vec::with_capacity(BLOCK);
        self.encrypt(block.as_slice(), &mut last);
        last
    }
}

impl<C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>> Cbc<C> {
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

/// One content on its way back.
pub(super) struct CbcDecryptor<C: BlockCipherDecrypt> {
    chain: ::cbc::Decryptor<C>,
    /// Ciphertext that may be the last block, whose padding must not come out: once anything
    /// has arrived, 1 octet to a whole block.
    pending: Block<C>,
    filled: usize,
}

impl<C: BlockCipherDecrypt + KeyInit> CbcDecryptor<C> {
    /// `key` has the length of the cipher's key, `iv` that of a block.
    pub(super) fn new(key: &[u8], iv: &[u8]) -> Self {
        let cipher = C::new_from_slice(key).expect("the key has the cipher's length");
        CbcDecryptor::with_cipher(cipher, iv)
    }
}

impl<C: BlockCipherDecrypt> CbcDecryptor<C> {
    /// `iv` has the length of a block.
    fn with_cipher(cipher: C, iv: &[u8]) -> Self {
        let chain = ::cbc::Decryptor::inner_iv_slice_init(cipher, iv)
            .expect("the IV has the length of a block");
        CbcDecryptor {
            chain,
            pending: Block::<C>::default(),
            filled: 0,
        }
    }

    /// Keeps octets of the next block; there are fewer of them than it lacks, or as many.
    fn keep(&mut self, octets: &[u8]) {
        self.pending[self.filled..][..octets.len()].copy_from_slice(octets);
        self.filled += octets.len();
    }

    /// Decrypts whole blocks, in the place where they are needed.
    fn decrypt(&mut self, whole: &[u8], content: &mut Vec<u8>) {
        let start = content.len();
        content.extend_from_slice(whole);
        let (blocks, _) = Array::slice_as_chunks_mut(&mut content[start..]);
        self.chain.decrypt_blocks(blocks);
    }
}

impl<C: BlockCipherDecrypt + Send + Sync> ChainedDecryption for CbcDecryptor<C> {
    fn update(&mut self, encrypted: &[u8], content: &mut Vec<u8>) {
        let block = self.pending.len();
        let (head, rest) = encrypted.split_at(encrypted.len().min(block - self.filled));
        self.keep(head);
        if rest.is_empty() {
            return;
        }
        let pending = self.pending.clone();
        self.decrypt(&pending, content);
        self.filled = 0;
        let kept = (rest.len() - 1) % block + 1;
        let (whole, tail) = rest.split_at(rest.len() - kept);
        self.decrypt(whole, content);
        self.keep(tail);
    }

    /// RFC 5652 section 6.3: each octet of the padding says how many they are. All of the block
    /// is looked at whatever it has, so that a wrong padding takes as long as a right one.
    fn finish(mut self: Box<Self>) -> Result<Vec<u8>, Error> {
        let block = self.pending.len();
        if self.filled < block {
            return Err(Error::DecryptionFailed);
        }
        let mut last = Zeroizing::new(Vec::with_capacity(block));
        let pending = self.pending.clone();
        self.decrypt(&pending, &mut last);
        let block = u8::try_from(block).expect("8 or 16");
        let padding = *last.last().expect("a block");
        let mut right = !padding.ct_eq(&0) & !padding.ct_gt(&block);
        for (octet, to_the_end) in last.iter().zip((1..=block).rev()) {
            right &= to_the_end.ct_gt(&padding) | octet.ct_eq(&padding);
        }
        if right.into() {
            last.truncate(usize::from(block - padding));
            Ok(last.to_vec())
        } else {
            Err(Error::DecryptionFailed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Encryptor;
    use super::*;
    use crate::crypto::testing::{hex, pieces, random};
    use aes::cipher::{KeyIvInit, block_padding::Pkcs7};

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
        let last = Box::new(cbc).finish();
        assert_eq!(last.len(), BLOCK);

        let mut cbc =
            CbcDecryptor::<Aes128>::new(&hex("2b7e151628aed2a6abf7158809cf4f3c"), &hex(IV));
        let mut content = Vec::new();
        cbc.update(&encrypted, &mut content);
        assert_eq!(
            content,
            hex(PLAINTEXT)[..48],
            "the last block may be the padding"
        );
        cbc.update(&last, &mut content);
        assert_eq!(content, hex(PLAINTEXT));
        assert!(Box::new(cbc).finish().unwrap().is_empty());
    }

    /// What comes out of one block that was this before it was encrypted.
    fn last_block(block: [u8; BLOCK]) -> Result<Vec<u8>, Error> {
        let (key, iv) = (random(16), random(BLOCK));
        let mut encrypted = Vec::new();
        Cbc::<Aes128>::new(&key, &iv).update(&block, &mut encrypted);
        let mut cbc = CbcDecryptor::<Aes128>::new(&key, &iv);
        let mut content = Vec::new();
        cbc.update(&encrypted, &mut content);
        assert!(content.is_empty());
        Box::new(cbc).finish()
    }

    #[test]
    fn every_octet_of_the_padding_counts() {
        for padding in 1..=16_u8 {
            let content = BLOCK - usize::from(padding);
            let mut block = [0xaa; BLOCK];
            block[content..].fill(padding);
            assert_eq!(last_block(block).unwrap(), vec![0xaa; content]);
            for position in content..BLOCK - 1 {
                let mut bad = block;
                bad[position] ^= 1;
                assert!(matches!(last_block(bad), Err(Error::DecryptionFailed)));
            }
        }
        for padding in [0, 17, 18, 32, 0x80, 0xff] {
            assert!(matches!(
                last_block([padding; BLOCK]),
                Err(Error::DecryptionFailed)
            ));
        }
    }

    #[test]
    fn content_that_is_no_whole_number_of_blocks_is_refused() {
        for length in (0..=48).filter(|length| *length == 0 || length % BLOCK != 0) {
            let mut cbc = CbcDecryptor::<Aes256>::new(&random(32), &random(BLOCK));
            cbc.update(&random(length), &mut Vec::new());
            assert!(matches!(
                Box::new(cbc).finish(),
                Err(Error::DecryptionFailed)
            ));
        }
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
                let mut encryptor = Encryptor::keyed(cipher, &key, iv.clone(), &[], None).unwrap();
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
