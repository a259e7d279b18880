//! AES key wrap (RFC 3394, RFC 3565): encrypts a content-encryption key with the key-encryption
//! key of a key agreement, of a key encapsulation, or one that both sides have, and decrypts it
//! again. Triple DES key wrap (RFC 3217) is only unwrapped.
//!
//! # Not supported
//! Key wrap with padding (RFC 5649), and RC2 key wrap.

use std::fmt;

use aes::cipher::KeyInit;
use aes_kw::{KwAes128, KwAes192, KwAes256};
use der::asn1::AnyRef;
use sha1::{Digest, Sha1};
use spki::{AlgorithmIdentifierOwned, AlgorithmIdentifierRef};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::content::cbc;
use super::{ContentCipher, ContentEncryptionKey, Error};
use crate::asn1::oid::{self, ObjectIdentifier};
use crate::secret::Secret;

/// A key wrap algorithm. It wraps content-encryption keys of its own length (RFC 8551 section
/// 2.3; [`ContentCipher::key_wrap`](super::ContentCipher::key_wrap) tells which).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyWrap {
    /// id-aes128-wrap.
    Aes128,
    /// id-aes192-wrap.
    Aes192,
    /// id-aes256-wrap.
    Aes256,
    /// id-alg-CMS3DESwrap (RFC 3370 section 4.3.1), for the triple DES keys of old mail.
    DesEde3,
}

impl KeyWrap {
    /// The object identifier.
    pub fn oid(self) -> ObjectIdentifier {
        match self {
            KeyWrap::Aes128 => oid::ID_AES_128_WRAP,
            KeyWrap::Aes192 => oid::ID_AES_192_WRAP,
            KeyWrap::Aes256 => oid::ID_AES_256_WRAP,
            KeyWrap::DesEde3 => oid::ID_ALG_CMS_3_DES_WRAP,
        }
    }

    /// The wrap for a key-encryption key of so many octets.
    ///
    /// [`Error::KeyLength`] unless there are 16, 24 or 32.
    pub fn for_key_length(octets: usize) -> Result<Self, Error> {
        match octets {
            16 => Ok(KeyWrap::Aes128),
            24 => Ok(KeyWrap::Aes192),
            32 => Ok(KeyWrap::Aes256),
            octets => Err(Error::KeyLength {
                algorithm: "AES key wrap",
                octets,
            }),
        }
    }

    /// Whether it is only for reading what was wrapped long ago.
    pub fn is_legacy(self) -> bool {
        self == KeyWrap::DesEde3
    }

    /// The KeyWrapAlgorithm: RFC 3565 says that the parameters MUST be absent.
    pub fn algorithm_identifier(self) -> AlgorithmIdentifierOwned {
        AlgorithmIdentifierOwned {
            oid: self.oid(),
            parameters: None,
        }
    }

    /// Reads the KeyWrapAlgorithm of a message. NULL parameters, which Bouncy Castle has written
    /// and Windows 10 expects, are taken for absent ones; those of triple DES are NULL.
    pub fn from_algorithm_identifier(algorithm: AlgorithmIdentifierRef<'_>) -> Result<Self, Error> {
        let wrap = match algorithm.oid {
            oid::ID_AES_128_WRAP => KeyWrap::Aes128,
            oid::ID_AES_192_WRAP => KeyWrap::Aes192,
            oid::ID_AES_256_WRAP => KeyWrap::Aes256,
            oid::ID_ALG_CMS_3_DES_WRAP => KeyWrap::DesEde3,
            other => return Err(Error::unsupported(&other)),
        };
        if algorithm.parameters.is_none_or(|it| it == AnyRef::NULL) {
            Ok(wrap)
        } else {
            Err(Error::malformed_parameters(&algorithm.oid))
        }
    }

    /// The length of the key-encryption key in octets.
    pub fn key_length(self) -> usize {
        match self {
            KeyWrap::Aes128 => 16,
            KeyWrap::Aes192 | KeyWrap::DesEde3 => 24,
            KeyWrap::Aes256 => 32,
        }
    }

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            KeyWrap::Aes128 => "aes128-wrap",
            KeyWrap::Aes192 => "aes192-wrap",
            KeyWrap::Aes256 => "aes256-wrap",
            KeyWrap::DesEde3 => "3des-wrap",
        }
    }
}

/// The key that wraps a content-encryption key. Wiped on drop, never printed; made by a key
/// agreement or key encapsulation, or known to both sides.
pub struct KeyEncryptionKey {
    algorithm: KeyWrap,
    key: Zeroizing<Vec<u8>>,
}

impl KeyEncryptionKey {
    /// `key` has the algorithm's length.
    pub(super) fn new(algorithm: KeyWrap, key: Zeroizing<Vec<u8>>) -> Self {
        debug_assert_eq!(key.len(), algorithm.key_length());
        KeyEncryptionKey { algorithm, key }
    }

    /// A key that both sides have (KEKRecipientInfo, RFC 5652 section 6.2.3).
    ///
    /// [`Error::KeyLength`] when the algorithm takes keys of another length.
    pub fn shared(algorithm: KeyWrap, key: &Secret) -> Result<Self, Error> {
        if key.expose().len() != algorithm.key_length() {
            return Err(Error::KeyLength {
                algorithm: algorithm.name(),
                octets: key.expose().len(),
            });
        }
        let key = Zeroizing::new(key.expose().to_vec());
        Ok(KeyEncryptionKey::new(algorithm, key))
    }

    /// The algorithm it is for.
    pub fn algorithm(&self) -> KeyWrap {
        self.algorithm
    }

    /// The EncryptedKey of a recipient: 8 octets longer than the key in it.
    ///
    /// [`Error::KeyLength`] when the content-encryption key is longer than this key, which would
    /// make it easier to find; [`Error::ReadOnly`] for triple DES.
    pub fn wrap(&self, key: &ContentEncryptionKey) -> Result<Vec<u8>, Error> {
        if key.expose().len() > self.algorithm.key_length() {
            return Err(self.key_length(key.expose()));
        }
        self.wrap_octets(key.expose())
    }

    /// The content-encryption key for `cipher` in an EncryptedKey of a message. It need not be as
    /// long as this key: RFC 8551 section 2.3 binds the sender.
    ///
    /// [`Error::DecryptionFailed`] when the check value of RFC 3394 section 2.2.3 or the length
    /// is wrong.
    pub fn unwrap(
        &self,
        encrypted_key: &[u8],
        cipher: ContentCipher,
    ) -> Result<ContentEncryptionKey, Error> {
        ContentEncryptionKey::received(cipher, self.unwrap_octets(encrypted_key)?)
    }

    fn wrap_octets(&self, key: &[u8]) -> Result<Vec<u8>, Error> {
        let mut wrapped = vec![0; key.len() + aes_kw::IV_LEN];
        match self.algorithm {
            KeyWrap::Aes128 => KwAes128::new_from_slice(&self.key)
                .map_err(|_| self.key_length(&self.key))?
                .wrap_key(key, &mut wrapped)
                .map(|_| ()),
            KeyWrap::Aes192 => KwAes192::new_from_slice(&self.key)
                .map_err(|_| self.key_length(&self.key))?
                .wrap_key(key, &mut wrapped)
                .map(|_| ()),
            KeyWrap::Aes256 => KwAes256::new_from_slice(&self.key)
                .map_err(|_| self.key_length(&self.key))?
                .wrap_key(key, &mut wrapped)
                .map(|_| ()),
            KeyWrap::DesEde3 => {
                return Err(Error::ReadOnly {
                    algorithm: self.algorithm.name(),
                });
            }
        }
        .map_err(|_| self.key_length(key))?;
        Ok(wrapped)
    }

    fn unwrap_octets(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        // RFC 3394 section 2.2.2: two blocks of 64 bits at least, and the check value.
        if wrapped.len() < 3 * aes_kw::IV_LEN {
            return Err(Error::DecryptionFailed);
        }
        let mut key = Zeroizing::new(vec![0; wrapped.len() - aes_kw::IV_LEN]);
        match self.algorithm {
            KeyWrap::Aes128 => KwAes128::new_from_slice(&self.key)
                .map_err(|_| self.key_length(&self.key))?
                .unwrap_key(wrapped, &mut key)
                .map(|_| ()),
            KeyWrap::Aes192 => KwAes192::new_from_slice(&self.key)
                .map_err(|_| self.key_length(&self.key))?
                .unwrap_key(wrapped, &mut key)
                .map(|_| ()),
            KeyWrap::Aes256 => KwAes256::new_from_slice(&self.key)
                .map_err(|_| self.key_length(&self.key))?
                .unwrap_key(wrapped, &mut key)
                .map(|_| ()),
            KeyWrap::DesEde3 => return self.unwrap_des_ede3(wrapped),
        }
        .map_err(|_| Error::DecryptionFailed)?;
        Ok(key)
    }

    /// RFC 3217 section 3.2: the key and its checksum, encrypted, turned round behind the IV, and
    /// encrypted again.
    fn unwrap_des_ede3(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        const IV: [u8; 8] = [0x4a, 0xdd, 0xa2, 0x2c, 0x79, 0xe8, 0x21, 0x05];
        if wrapped.len() != 40 {
            return Err(Error::DecryptionFailed);
        }
        let cipher = ContentCipher::DesEde3Cbc;
        let mut key = Zeroizing::new(wrapped.to_vec());
        cbc::decrypt_blocks(cipher, &self.key, &IV, &mut key);
        key.reverse();
        let iv = key[..8].to_vec();
        key.drain(..8);
        cbc::decrypt_blocks(cipher, &self.key, &iv, &mut key);
        let checksum = Sha1::digest(&key[..24]);
        if checksum[..8].ct_eq(&key[24..]).into() {
            key.truncate(24);
            Ok(key)
        } else {
            Err(Error::DecryptionFailed)
        }
    }

    fn key_length(&self, key: &[u8]) -> Error {
        Error::KeyLength {
            algorithm: self.algorithm.name(),
            octets: key.len(),
        }
    }
}

impl fmt::Debug for KeyEncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyEncryptionKey({}, ****)", self.algorithm.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::testing::{hex, random};
    use der::Encode;

    // RFC 3394 sections 4.1, 4.2, 4.3 and 4.6.
    #[test]
    fn rfc_3394_vectors() {
        let key_encryption_key =
            hex("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F");
        let key = hex("00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F");
        for (algorithm, length, expected) in [
            (
                KeyWrap::Aes128,
                16,
                "1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5",
            ),
            (
                KeyWrap::Aes192,
                16,
                "96778B25AE6CA435F92B5B97C050AED2468AB8A17AD84E5D",
            ),
            (
                KeyWrap::Aes256,
                16,
                "64E8C3F9CE0F5BA263E9777905818A2A93C8191E7D6E8AE7",
            ),
            (
                KeyWrap::Aes256,
                32,
                "28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326\
                 CBC7F0E71A99F43BFB988B9B7A02DD21",
            ),
        ] {
            let wrapping = key_encryption_key[..algorithm.key_length()].to_vec();
            let wrapping = KeyEncryptionKey::new(algorithm, Zeroizing::new(wrapping));
            assert_eq!(wrapping.wrap_octets(&key[..length]).unwrap(), hex(expected));
            let unwrapped = wrapping.unwrap_octets(&hex(expected)).unwrap();
            assert_eq!(*unwrapped, key[..length]);
        }
    }

    // RFC 3217 section 4.1.
    #[test]
    fn the_example_of_rfc_3217() {
        let key = Secret::new(hex("255e0d1c07b646dfb3134cc843ba8aa71f025b7c0838251f"));
        let key = KeyEncryptionKey::shared(KeyWrap::DesEde3, &key).unwrap();
        let wrapped =
            hex("690107618ef092b3b48ca1796b234ae9fa33ebb4159604037db5d6a84eb3aac2768c632775a467d4");
        assert_eq!(
            *key.unwrap_octets(&wrapped).unwrap(),
            hex("2923bf85e06dd6ae529149f1f1bae9eab3a7da3d860d3e98")
        );
    }

    #[test]
    fn a_changed_bit_anywhere_is_noticed() {
        for algorithm in [KeyWrap::Aes128, KeyWrap::Aes192, KeyWrap::Aes256] {
            let wrapping = wrapping(algorithm);
            let wrapped = wrapping.wrap_octets(&[7; 32]).unwrap();
            for bit in 0..wrapped.len() * 8 {
                let mut bad = wrapped.clone();
                bad[bit / 8] ^= 1 << (bit % 8);
                assert!(matches!(
                    wrapping.unwrap(&bad, ContentCipher::Aes256Cbc),
                    Err(Error::DecryptionFailed)
                ));
            }
        }
    }

    #[test]
    fn a_wrapped_key_of_another_length_is_refused() {
        let wrapping = wrapping(KeyWrap::Aes256);
        for length in [16, 24, 32, 40] {
            let wrapped = wrapping.wrap_octets(&vec![7; length]).unwrap();
            for cipher in ContentCipher::MAKEABLE {
                let result = wrapping.unwrap(&wrapped, cipher);
                match result {
                    Ok(key) => assert_eq!(key.expose(), vec![7; cipher.key_length()]),
                    Err(error) => assert!(matches!(error, Error::DecryptionFailed)),
                }
                let unwrapped = wrapping.unwrap(&wrapped, cipher).is_ok();
                assert_eq!(unwrapped, length == cipher.key_length());
            }
        }
        let wrapping_des = KeyEncryptionKey::new(KeyWrap::DesEde3, Zeroizing::new(vec![7; 24]));
        for length in [0, 8, 32, 39, 40, 41, 48] {
            assert!(matches!(
                wrapping_des.unwrap(&vec![0xa6; length], ContentCipher::DesEde3Cbc),
                Err(Error::DecryptionFailed)
            ));
        }
        for length in (0..24).chain([25, 39, 41]) {
            assert!(matches!(
                wrapping.unwrap(&vec![0xa6; length], ContentCipher::Aes128Cbc),
                Err(Error::DecryptionFailed)
            ));
        }
    }

    fn wrapping(algorithm: KeyWrap) -> KeyEncryptionKey {
        KeyEncryptionKey::new(algorithm, Zeroizing::new(random(algorithm.key_length())))
    }

    #[test]
    fn a_key_of_another_length_is_refused() {
        let wrapping = KeyEncryptionKey::new(KeyWrap::Aes128, Zeroizing::new(vec![0; 16]));
        let key = ContentEncryptionKey::generate(ContentCipher::Aes256Cbc).unwrap();
        assert_eq!(
            wrapping.wrap(&key).unwrap_err().to_string(),
            "a key of 32 octets cannot be used with aes128-wrap"
        );
        let key = ContentEncryptionKey::generate(ContentCipher::Aes128Gcm).unwrap();
        assert_eq!(wrapping.wrap(&key).unwrap().len(), 24);
        let longer = KeyEncryptionKey::shared(KeyWrap::Aes256, &Secret::new(vec![0; 32])).unwrap();
        assert_eq!(longer.wrap(&key).unwrap().len(), 24, "a longer key may");
        let des = KeyEncryptionKey::shared(KeyWrap::DesEde3, &Secret::new(vec![0; 24])).unwrap();
        assert!(matches!(des.wrap(&key), Err(Error::ReadOnly { .. })));
        for (wrap, octets) in [(KeyWrap::Aes128, 15), (KeyWrap::Aes256, 16)] {
            let short = KeyEncryptionKey::shared(wrap, &Secret::new(vec![0; octets]));
            assert!(matches!(short, Err(Error::KeyLength { .. })));
            assert!(KeyWrap::for_key_length(octets).is_ok_and(|it| it != wrap) || octets == 15);
        }
        assert_eq!(
            format!("{wrapping:?}"),
            "KeyEncryptionKey(aes128-wrap, ****)"
        );
    }

    #[test]
    fn parameters_are_absent() {
        assert_eq!(
            KeyWrap::Aes256.algorithm_identifier().to_der().unwrap(),
            hex("300b060960864801650304012d")
        );
    }

    #[test]
    fn null_parameters_are_accepted_and_others_are_not() {
        let read = |oid, parameters| {
            KeyWrap::from_algorithm_identifier(AlgorithmIdentifierRef { oid, parameters })
        };
        for wrap in [KeyWrap::Aes128, KeyWrap::Aes192, KeyWrap::Aes256] {
            assert_eq!(read(wrap.oid(), None).unwrap(), wrap);
            assert_eq!(read(wrap.oid(), Some(AnyRef::NULL)).unwrap(), wrap);
            let other = AnyRef::from(&oid::ID_AES_128_WRAP);
            assert!(matches!(
                read(wrap.oid(), Some(other)),
                Err(Error::MalformedParameters { .. })
            ));
        }
        let error = read("2.16.840.1.101.3.4.1.28".parse().unwrap(), None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "2.16.840.1.101.3.4.1.28 is not supported"
        );
    }
}
