//! Galois/Counter Mode (NIST SP 800-38D sections 7.1 and 7.2), streamed, with 128-bit tags.

use aes::cipher::{Array, BlockCipherEncrypt, BlockSizeUser, InnerIvInit, KeyInit, consts::U16};
use ctr::{Ctr32BE, CtrCore};
use ghash::GHash;
use ghash::universal_hash::UniversalHash;
use zeroize::{Zeroize, Zeroizing};

use super::aead::{Aead, Counter, PIECE, apply_keystream};
use super::block_hash::{BLOCK, Blocks};
use crate::crypto::Error;

/// NIST SP 800-38D section 5.2.1.1: a plaintext has at most 2^39 - 256 bits. Past that the
/// 32-bit counter would come round to the block that masks the tag.
const LIMIT: u64 = (1 << 36) - 32;

/// One content in the making, or on its way back.
pub(super) struct Gcm<C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>> {
    keystream: Ctr32BE<C>,
    hash: Blocks<GHash>,
    counter: Counter,
    /// CIPH_K(J_0), which masks the tag.
    mask: Zeroizing<[u8; BLOCK]>,
    additional_length: u64,
}

impl<C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + KeyInit> Gcm<C> {
    /// `key` has the length of the cipher's key, `nonce` at least one octet.
    pub(super) fn new(key: &[u8], nonce: &[u8], additional_data: &[u8]) -> Self {
        let cipher = C::new_from_slice(key).expect("the key has the cipher's length");

        let mut hash_key = Array::default();
        cipher.encrypt_block(&mut hash_key);
        let mut hash = Blocks::new(GHash::new(&hash_key));
        let mut counter = first_counter(nonce, &hash_key);
        hash_key.zeroize();
        hash.update(additional_data);
        hash.pad();

        let mut mask = counter;
        cipher.encrypt_block(&mut mask);
        increment(&mut counter);

        Gcm {
            keystream: Ctr32BE::from_core(CtrCore::inner_iv_init(cipher, &counter)),
            hash,
            counter: Counter::new("AES-GCM", LIMIT),
            mask: Zeroizing::new(mask.into()),
            additional_length: additional_data.len() as u64,
        }
    }
}

impl<C> Aead for Gcm<C>
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + Send + Sync,
{
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

    /// The ciphertext is hashed before it is decrypted.
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

    /// GHASH over additional data, ciphertext and both their lengths in bits.
    fn tag(mut self: Box<Self>) -> [u8; BLOCK] {
        self.hash.pad();
        self.hash
            .update(&(self.additional_length * 8).to_be_bytes());
        self.hash.update(&(self.counter.length() * 8).to_be_bytes());
        let mut tag: [u8; BLOCK] = self.hash.into_hash().finalize().into();
        for (octet, mask) in tag.iter_mut().zip(self.mask.iter()) {
            *octet ^= mask;
        }
        tag
    }
}

/// J_0 of NIST SP 800-38D section 7.1: nonce || 1 if the nonce has 12 octets, else its GHASH.
fn first_counter(nonce: &[u8], hash_key: &Array<u8, U16>) -> Array<u8, U16> {
    let mut counter = Array::<u8, U16>::default();
    if nonce.len() == 12 {
        counter[..12].copy_from_slice(nonce);
        counter[15] = 1;
        return counter;
    }
    let mut hash = GHash::new(hash_key);
    hash.update_padded(nonce);
    counter[8..].copy_from_slice(&(nonce.len() as u64 * 8).to_be_bytes());
    hash.update(&[counter]);
    hash.finalize()
}

/// inc_32 of NIST SP 800-38D section 6.2: only the last 32 bits count, and they wrap.
fn increment(counter: &mut Array<u8, U16>) {
    for octet in counter[12..].iter_mut().rev() {
        *octet = octet.wrapping_add(1);
        if *octet != 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ContentCipher, Encryptor};
    use super::*;
    use crate::crypto::testing::{hex, pieces, random};
    use aes::{Aes128, Aes256};
    use aes_gcm::aead::consts::{U1, U8, U60};
    use aes_gcm::aead::{Aead as _, Payload};
    use aes_gcm::{Aes128Gcm, Aes256Gcm, AesGcm};

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
        let encryptor = Encryptor::keyed(cipher, key, nonce.to_vec(), additional_data, None);
        let mut encryptor = encryptor.unwrap();
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
        for update in [Gcm::<Aes128>::encrypt, Gcm::<Aes128>::decrypt] {
            let mut gcm = Gcm::new(&[0; 16], &[0; 12], &[]);
            gcm.counter.skip(LIMIT - 5);
            let mut out = Vec::new();
            update(&mut gcm, &[0; 5], &mut out).unwrap();
            let error = update(&mut gcm, &[0], &mut out).unwrap_err();
            assert_eq!(out.len(), 5);
            assert_eq!(
                error.to_string(),
                "AES-GCM encrypts at most 68719476704 octets in one message"
            );
        }
    }

    // McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 5 and 6: a shorter and
    // a longer nonce than 12 octets.
    #[test]
    fn published_test_cases_of_other_nonces() {
        for (nonce, ciphertext, tag) in [
            (
                "cafebabefacedbad",
                "61353b4c2806934a777ff51fa22a4755699b2a714fcdc6f83766e5f97b6c7423\
                 73806900e49f24b22b097544d4896b424989b5e1ebac0f07c23f4598",
                "3612d2e79e3b0785561be14aaca2fccb",
            ),
            (
                "9313225df88406e555909c5aff5269aa6a7a9538534f7da1e4c303d2a318a728\
                 c3c0c95156809539fcf0e2429a6b525416aedbf5a0de6a57a637b39b",
                "8ce24998625615b603a033aca13fb894be9112a5c3a211a8ba262a3cca7e2ca7\
                 01e4a9a4fba43c90ccdcb281d48c7c6fd62875d2aca417034c34aee5",
                "619cc5aefffe0bfa462af43c1699d050",
            ),
        ] {
            let mut gcm = Gcm::<Aes128>::new(&hex(KEY), &hex(nonce), &hex(ADDITIONAL));
            let mut content = Vec::new();
            gcm.decrypt(&hex(ciphertext), &mut content).unwrap();
            assert_eq!(content, hex(PLAINTEXT));
            assert_eq!(Box::new(gcm).tag().to_vec(), hex(tag));
        }
    }

    #[test]
    fn nonces_of_other_lengths_are_what_aes_gcm_makes_of_them() {
        fn compare<N: aes_gcm::aead::array::ArraySize>() {
            for _ in 0..20 {
                let (key, nonce, content) = (random(32), random(N::USIZE), random(100));
                let theirs = AesGcm::<Aes256, N>::new_from_slice(&key)
                    .unwrap()
                    .encrypt(nonce.as_slice().try_into().unwrap(), content.as_slice())
                    .unwrap();
                let mut gcm = Gcm::<Aes256>::new(&key, &nonce, &[]);
                let mut ours = Vec::new();
                gcm.encrypt(&content, &mut ours).unwrap();
                ours.extend_from_slice(&Box::new(gcm).tag());
                assert_eq!(ours, theirs);
            }
        }
        compare::<U1>();
        compare::<U8>();
        compare::<U60>();
    }

    #[test]
    fn the_counter_wraps_within_its_32_bits() {
        let mut counter = Array([0xff; 16]);
        increment(&mut counter);
        assert_eq!(counter[..12], [0xff; 12]);
        assert_eq!(counter[12..], [0; 4]);
        increment(&mut counter);
        assert_eq!(counter[12..], [0, 0, 0, 1]);
    }
}
