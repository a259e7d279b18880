//! Counter with CBC-MAC (RFC 3610, NIST SP 800-38C), streamed: the length of the content has to
//! be known first, because it is the first thing that is authenticated.

use aes::cipher::{
    Array, BlockCipherEncrypt, BlockModeEncrypt, BlockSizeUser, InnerIvInit, KeyInit, StreamCipher,
    consts::U16,
};
use ctr::{Ctr128BE, CtrCore};
use zeroize::Zeroizing;

use super::aead::{Aead, Counter, PIECE, Parameters, apply_keystream};
use super::block_hash::{BLOCK, BlockHash, Blocks};
use crate::crypto::Error;

/// Its name in errors.
const NAME: &str = "AES-CCM with this nonce and length";

/// One content in the making, or on its way back.
pub(super) struct Ccm<C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>> {
    keystream: Ctr128BE<C>,
    mac: Blocks<CbcMac<C>>,
    counter: Counter,
    /// S_0 of RFC 3610 section 2.3, which masks the tag.
    mask: Zeroizing<[u8; BLOCK]>,
}

/// How many octets a content may have beside a nonce of 7 to 13 octets: what fits into the rest of
/// the counter block (RFC 3610 section 2).
fn limit(nonce_length: usize) -> u64 {
    match 15 - nonce_length {
        length_octets @ ..8 => (1 << (8 * length_octets)) - 1,
        _ => u64::MAX,
    }
}

/// The length of the nonce for a content of this length: the 12 octets that other AEAD ciphers
/// have, if they leave room, which is the case up to 16 MiB, else as many as do.
pub(super) fn nonce_length(content_length: u64) -> usize {
    (7..=12)
        .rev()
        .find(|length| content_length <= limit(*length))
        .unwrap_or(7)
}

impl<C> Ccm<C>
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + KeyInit,
{
    /// [`Error::ContentTooLong`] when the nonce leaves too little room for so much content.
    pub(super) fn new(parameters: &Parameters<'_>, content_length: u64) -> Result<Self, Error> {
        let nonce = parameters.nonce;
        if content_length > limit(nonce.len()) {
            return Err(Counter::new(NAME, limit(nonce.len())).too_long());
        }
        let cipher = || C::new_from_slice(parameters.key).expect("the key has the cipher's length");
        let mut mac = Blocks::new(CbcMac::new(cipher()));
        mac.update(&first_block(parameters, content_length));
        mac.update(&encoded_length(parameters.additional_data.len() as u64));
        mac.update(parameters.additional_data);
        mac.pad();

        // RFC 3610 section 2.3: A_i is flags, nonce and i. The counter cannot run into the nonce,
        // because the content ends before.
        let mut counter_block = Array::<u8, U16>::default();
        counter_block[0] = flag_of_length_octets(nonce);
        counter_block[1..=nonce.len()].copy_from_slice(nonce);
        let mut keystream = Ctr128BE::from_core(CtrCore::inner_iv_init(cipher(), &counter_block));
        let mut mask = Zeroizing::new([0; BLOCK]);
        keystream.apply_keystream(mask.as_mut_slice());
        Ok(Ccm {
            keystream,
            mac,
            counter: Counter::new(NAME, content_length),
            mask,
        })
    }
}

/// L' of RFC 3610 section 2.2: the octets of the length field, less one.
fn flag_of_length_octets(nonce: &[u8]) -> u8 {
    u8::try_from(14 - nonce.len()).expect("a nonce has 7 to 13 octets")
}

/// B_0 of RFC 3610 section 2.2: flags, nonce, length of the content.
fn first_block(parameters: &Parameters<'_>, content_length: u64) -> [u8; BLOCK] {
    let (nonce, mut block) = (parameters.nonce, [0; BLOCK]);
    let tag = u8::try_from((parameters.tag_length - 2) / 2).expect("a tag has up to 16 octets");
    let has_additional_data = u8::from(!parameters.additional_data.is_empty());
    block[8..].copy_from_slice(&content_length.to_be_bytes());
    block[0] = has_additional_data << 6 | tag << 3 | flag_of_length_octets(nonce);
    // The length fits behind the nonce: the octets that this overwrites are zero.
    block[1..=nonce.len()].copy_from_slice(nonce);
    block
}

/// What stands before additional data (RFC 3610 section 2.2): nothing where there is none.
fn encoded_length(length: u64) -> Vec<u8> {
    let octets = length.to_be_bytes();
    match length {
        0 => Vec::new(),
        1..0xff00 => octets[6..].to_vec(),
        0xff00..=0xffff_ffff => [&[0xff, 0xfe], &octets[4..]].concat(),
        _ => [&[0xff, 0xff], octets.as_slice()].concat(),
    }
}

impl<C> Aead for Ccm<C>
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + Send + Sync,
{
    fn encrypt(&mut self, content: &[u8], encrypted: &mut Vec<u8>) -> Result<(), Error> {
        self.counter.add(content)?;
        encrypted.reserve(content.len());
        for piece in content.chunks(PIECE) {
            self.mac.update(piece);
            if !apply_keystream(&mut self.keystream, piece, encrypted) {
                return Err(self.counter.too_long());
            }
        }
        Ok(())
    }

    /// CCM authenticates the plaintext: it is decrypted first.
    fn decrypt(&mut self, encrypted: &[u8], content: &mut Vec<u8>) -> Result<(), Error> {
        self.counter.add(encrypted)?;
        content.reserve(encrypted.len());
        for piece in encrypted.chunks(PIECE) {
            let start = content.len();
            if !apply_keystream(&mut self.keystream, piece, content) {
                return Err(self.counter.too_long());
            }
            self.mac.update(&content[start..]);
        }
        Ok(())
    }

    fn tag(self: Box<Self>) -> [u8; BLOCK] {
        let mut tag: [u8; BLOCK] = self.mac.into_hash().last.into();
        for (octet, mask) in tag.iter_mut().zip(self.mask.iter()) {
            *octet ^= mask;
        }
        tag
    }
}

/// The X_i of RFC 3610 section 2.2: the last block of a CBC encryption with an IV of zeros.
struct CbcMac<C: BlockCipherEncrypt> {
    chain: ::cbc::Encryptor<C>,
    encrypted: Vec<Array<u8, U16>>,
    last: Array<u8, U16>,
}

impl<C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>> CbcMac<C> {
    fn new(cipher: C) -> Self {
        CbcMac {
            chain: ::cbc::Encryptor::inner_iv_init(cipher, &Array::default()),
            encrypted: Vec::new(),
            last: Array::default(),
        }
    }
}

impl<C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>> BlockHash for CbcMac<C> {
    fn update_blocks(&mut self, blocks: &[Array<u8, U16>]) {
        self.encrypted.clear();
        self.encrypted.extend_from_slice(blocks);
        self.chain.encrypt_blocks(&mut self.encrypted);
        if let Some(last) = self.encrypted.last() {
            self.last = *last;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ContentCipher, aead};
    use super::*;
    use crate::crypto::testing::{hex, pieces, random};
    use ::ccm::aead::consts::{U7, U12, U13, U14};
    use ::ccm::aead::{Aead as _, Payload};
    use aes::Aes128;

    /// Ciphertext and tag of a content in random pieces, from which it comes back.
    fn encrypt(
        cipher: ContentCipher,
        parameters: &Parameters<'_>,
        content: &[u8],
    ) -> (Vec<u8>, Vec<u8>) {
        let mut mode = aead::mode(cipher, parameters).unwrap();
        let mut encrypted = Vec::new();
        for piece in pieces(content) {
            mode.encrypt(piece, &mut encrypted).unwrap();
        }
        let tag = mode.tag();
        let mut mode = aead::mode(cipher, parameters).unwrap();
        let mut decrypted = Vec::new();
        for piece in pieces(&encrypted) {
            mode.decrypt(piece, &mut decrypted).unwrap();
        }
        assert_eq!(decrypted, content);
        assert_eq!(mode.tag(), tag);
        (encrypted, tag[..parameters.tag_length].to_vec())
    }

    // NIST SP 800-38C appendix C, example 3. Its tag is shorter than RFC 5084 messages may have.
    #[test]
    fn the_example_of_nist_sp_800_38c() {
        let parameters = Parameters {
            key: &hex("404142434445464748494a4b4c4d4e4f"),
            nonce: &hex("101112131415161718191a1b"),
            tag_length: 8,
            additional_data: &hex("000102030405060708090a0b0c0d0e0f10111213"),
            content_length: Some(24),
        };
        let content = hex("202122232425262728292a2b2c2d2e2f3031323334353637");
        let (encrypted, tag) = encrypt(ContentCipher::Aes128Ccm, &parameters, &content);
        assert_eq!(
            encrypted,
            hex("e3b201a9f5b71a7a9b1ceaeccd97e70b6176aad9a4428aa5")
        );
        assert_eq!(tag, hex("484392fbc1b09951"));
    }

    #[test]
    fn any_length_in_any_pieces_is_what_the_ccm_crate_makes() {
        for length in (0..=40).chain([1000, PIECE - 1, PIECE, PIECE + 1, 60_003]) {
            for additional in [0, [1, 14, 15, 300, 0xff00][length % 5]] {
                let (key, content, additional) = (random(16), random(length), random(additional));
                let payload = || Payload {
                    msg: &content,
                    aad: &additional,
                };
                let ours = |nonce: &[u8], tag_length| {
                    let parameters = Parameters {
                        key: &key,
                        nonce,
                        tag_length,
                        additional_data: &additional,
                        content_length: Some(length as u64),
                    };
                    let (mut encrypted, tag) =
                        encrypt(ContentCipher::Aes128Ccm, &parameters, &content);
                    encrypted.extend_from_slice(&tag);
                    encrypted
                };
                let nonce = random(13);
                let theirs = ::ccm::Ccm::<Aes128, U14, U13>::new_from_slice(&key)
                    .unwrap()
                    .encrypt(nonce.as_slice().try_into().unwrap(), payload());
                assert_eq!(ours(&nonce, 14), theirs.unwrap());
                let theirs = ::ccm::Ccm::<Aes128, U16, U7>::new_from_slice(&key)
                    .unwrap()
                    .encrypt(nonce[..7].try_into().unwrap(), payload());
                assert_eq!(ours(&nonce[..7], 16), theirs.unwrap());
                let theirs = ::ccm::Ccm::<Aes128, U12, U12>::new_from_slice(&key)
                    .unwrap()
                    .encrypt(nonce[..12].try_into().unwrap(), payload());
                assert_eq!(ours(&nonce[..12], 12), theirs.unwrap());
            }
        }
    }

    #[test]
    fn more_than_was_announced_or_than_the_nonce_allows_is_refused() {
        let parameters = |nonce, content_length| Parameters {
            key: &[0; 16],
            nonce,
            tag_length: 16,
            additional_data: &[],
            content_length,
        };
        let mode =
            |parameters: &Parameters<'_>| aead::mode(ContentCipher::Aes128Ccm, parameters).err();
        assert!(mode(&parameters(&[0; 13], Some(0xffff))).is_none());
        assert!(matches!(
            mode(&parameters(&[0; 13], Some(0x1_0000))),
            Some(Error::ContentTooLong { limit: 0xffff, .. })
        ));
        assert!(mode(&parameters(&[0; 7], Some(u64::MAX))).is_none());
        assert!(matches!(
            mode(&parameters(&[0; 7], None)),
            Some(Error::LengthRequired { .. })
        ));

        let mut ccm = Ccm::<Aes128>::new(&parameters(&[0; 12], None), 5).unwrap();
        let mut out = Vec::new();
        ccm.encrypt(&[0; 5], &mut out).unwrap();
        assert!(ccm.encrypt(&[0], &mut out).is_err());
        assert_eq!(out.len(), 5);
    }

    #[test]
    fn the_nonce_is_as_long_as_the_content_allows() {
        for (length, expected) in [
            (0, 12),
            ((1 << 24) - 1, 12),
            (1 << 24, 11),
            (1 << 32, 10),
            (1 << 56, 7),
            (u64::MAX, 7),
        ] {
            assert_eq!(nonce_length(length), expected);
        }
    }
}
