//! Content-encryption keys under a password (RFC 5652 section 6.2.4, RFC 3211): PBKDF2 (RFC 8018
//! section 5.2) makes a key of the password, and PWRI-KEK encrypts the content-encryption key with
//! it, twice over, so that no octet of it can be tried alone.
//!
//! ```
//! use mailseal::crypto::{ContentCipher, Encryptor, KeyDerivation, PasswordKeyEncryption};
//! use mailseal::secret::Secret;
//!
//! let (_encryptor, content_encryption_key) = Encryptor::new(ContentCipher::Aes256Cbc)?;
//! let password = Secret::from_string("correct horse battery staple".into());
//! let derivation = KeyDerivation::generate()?;
//! let encryption = PasswordKeyEncryption::generate(ContentCipher::Aes256Cbc)?;
//! let encrypted_key = encryption.encrypt(&derivation, &password, &content_encryption_key)?;
//!
//! let cipher = ContentCipher::Aes256Cbc;
//! let decrypted = encryption.decrypt(&derivation, &password, &encrypted_key, cipher)?;
//! assert_eq!(decrypted.expose(), content_encryption_key.expose());
//! # Ok::<(), mailseal::crypto::Error>(())
//! ```
//!
//! # Not supported
//! Key derivation other than PBKDF2, PBKDF2 with a salt from elsewhere; passwords that are keys
//! themselves (no keyDerivationAlgorithm); PWRI-KEK with RC2.

use der::asn1::{AnyRef, Null};
use der::{Any, Tag, Tagged};
use pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use spki::{AlgorithmIdentifierOwned, AlgorithmIdentifierRef};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::content::cbc;
use super::{ContentCipher, ContentEncryptionKey, Error};
use crate::asn1::oid::{self, ObjectIdentifier};
use crate::asn1::reader::{self, Reader};
use crate::asn1::{tag, tlv};
use crate::secret::Secret;

/// PBKDF2 with its parameters (RFC 8018 appendix A.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyDerivation {
    salt: Vec<u8>,
    iterations: u32,
    /// Octets of the key, when the message tells.
    key_length: Option<u32>,
    pseudo_random_function: PseudoRandomFunction,
}

/// HMAC with one of these digests. SHA-1 is PBKDF2's default, and no weakness of it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PseudoRandomFunction {
    HmacSha1,
    HmacSha224,
    HmacSha256,
    HmacSha384,
    HmacSha512,
}

impl PseudoRandomFunction {
    const ALL: [PseudoRandomFunction; 5] = [
        PseudoRandomFunction::HmacSha1,
        PseudoRandomFunction::HmacSha224,
        PseudoRandomFunction::HmacSha256,
        PseudoRandomFunction::HmacSha384,
        PseudoRandomFunction::HmacSha512,
    ];

    fn oid(self) -> ObjectIdentifier {
        match self {
            PseudoRandomFunction::HmacSha1 => oid::ID_HMAC_WITH_SHA_1,
            PseudoRandomFunction::HmacSha224 => oid::ID_HMAC_WITH_SHA_224,
            PseudoRandomFunction::HmacSha256 => oid::ID_HMAC_WITH_SHA_256,
            PseudoRandomFunction::HmacSha384 => oid::ID_HMAC_WITH_SHA_384,
            PseudoRandomFunction::HmacSha512 => oid::ID_HMAC_WITH_SHA_512,
        }
    }

    fn from_algorithm_identifier(algorithm: AlgorithmIdentifierRef<'_>) -> Result<Self, Error> {
        let function = PseudoRandomFunction::ALL
            .into_iter()
            .find(|function| function.oid() == algorithm.oid)
            .ok_or_else(|| Error::unsupported(&algorithm.oid))?;
        // RFC 8018 appendix B.1.2: NULL.
        if algorithm.parameters.is_none_or(|it| it == AnyRef::NULL) {
            Ok(function)
        } else {
            Err(Error::malformed_parameters(&algorithm.oid))
        }
    }
}

impl KeyDerivation {
    /// As many iterations as a stranger may ask for: some ten seconds of work.
    pub const MAXIMUM_ITERATIONS: u32 = 10_000_000;

    /// What OWASP's Password Storage Cheat Sheet asks of PBKDF2 with HMAC-SHA-512 since 2023.
    const ITERATIONS: u32 = 210_000;

    /// HMAC-SHA-512, 210,000 iterations and a fresh salt.
    pub fn generate() -> Result<Self, Error> {
        // RFC 8018 section 4.1: at least 8 octets.
        let mut salt = vec![0; 16];
        getrandom::fill(&mut salt).map_err(Error::Random)?;
        Ok(KeyDerivation {
            salt,
            iterations: Self::ITERATIONS,
            key_length: None,
            pseudo_random_function: PseudoRandomFunction::HmacSha512,
        })
    }

    /// Reads a KeyDerivationAlgorithmIdentifier.
    ///
    /// [`Error::UnsupportedAlgorithm`] names another derivation or pseudo-random function,
    /// [`Error::MalformedParameters`] says that PBKDF2-params are not right,
    /// [`Error::TooManyIterations`] that they ask for too much work.
    pub fn from_algorithm_identifier(algorithm: AlgorithmIdentifierRef<'_>) -> Result<Self, Error> {
        if algorithm.oid != oid::ID_PBKDF_2 {
            return Err(Error::unsupported(&algorithm.oid));
        }
        let malformed = || Error::malformed_parameters(&algorithm.oid);
        let parameters = algorithm
            .parameters
            .filter(|parameters| parameters.tag() == Tag::Sequence)
            .ok_or_else(malformed)?;
        let fields = Pbkdf2Params::read(parameters.value()).map_err(|_| malformed())?;
        let pseudo_random_function = match fields.prf {
            Some(prf) => {
                let prf = der::Decode::from_der(prf).map_err(|_| malformed())?;
                PseudoRandomFunction::from_algorithm_identifier(prf)?
            }
            // RFC 8018 appendix A.2: DEFAULT algid-hmacWithSHA1.
            None => PseudoRandomFunction::HmacSha1,
        };
        let iterations = unsigned(fields.iterations).ok_or_else(malformed)?;
        if iterations == 0 || fields.salt.is_empty() {
            return Err(malformed());
        }
        if iterations > u64::from(Self::MAXIMUM_ITERATIONS) {
            return Err(Error::TooManyIterations {
                iterations,
                maximum: Self::MAXIMUM_ITERATIONS,
            });
        }
        let key_length = match fields.key_length {
            Some(length) => {
                let length = unsigned(length).and_then(|length| u32::try_from(length).ok());
                Some(length.ok_or_else(malformed)?)
            }
            None => None,
        };
        Ok(KeyDerivation {
            salt: fields.salt.to_vec(),
            iterations: u32::try_from(iterations).map_err(|_| malformed())?,
            key_length,
            pseudo_random_function,
        })
    }

    /// The KeyDerivationAlgorithmIdentifier.
    pub fn algorithm_identifier(&self) -> AlgorithmIdentifierOwned {
        let salt = tlv::element(tag::OCTET_STRING, &self.salt);
        let iterations = der::Encode::to_der(&self.iterations);
        let function = AlgorithmIdentifierOwned {
            oid: self.pseudo_random_function.oid(),
            parameters: Some(Null.into()),
        };
        let function = der::Encode::to_der(&function);
        let encoded = "a number and an object identifier";
        let parameters = [salt, iterations.expect(encoded), function.expect(encoded)].concat();
        AlgorithmIdentifierOwned {
            oid: oid::ID_PBKDF_2,
            parameters: Some(Any::new(Tag::Sequence, parameters).expect(encoded)),
        }
    }

    /// How much work it is.
    pub fn iterations(&self) -> u32 {
        self.iterations
    }

    pub(super) fn derive(
        &self,
        password: &Secret,
        length: usize,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        // A key of another length than the cipher's cannot have been used with it.
        if self
            .key_length
            .is_some_and(|said| usize::try_from(said) != Ok(length))
        {
            return Err(Error::malformed_parameters(&oid::ID_PBKDF_2));
        }
        let mut key = Zeroizing::new(vec![0; length]);
        let derive = match self.pseudo_random_function {
            PseudoRandomFunction::HmacSha1 => pbkdf2_hmac::<Sha1>,
            PseudoRandomFunction::HmacSha224 => pbkdf2_hmac::<Sha224>,
            PseudoRandomFunction::HmacSha256 => pbkdf2_hmac::<Sha256>,
            PseudoRandomFunction::HmacSha384 => pbkdf2_hmac::<Sha384>,
            PseudoRandomFunction::HmacSha512 => pbkdf2_hmac::<Sha512>,
        };
        derive(password.expose(), &self.salt, self.iterations, &mut key);
        Ok(key)
    }
}

/// PBKDF2-params ::= SEQUENCE { salt CHOICE { specified OCTET STRING, otherSource
/// AlgorithmIdentifier }, iterationCount INTEGER, keyLength INTEGER OPTIONAL, prf
/// AlgorithmIdentifier DEFAULT algid-hmacWithSHA1 }.
struct Pbkdf2Params<'a> {
    salt: &'a [u8],
    iterations: &'a [u8],
    key_length: Option<&'a [u8]>,
    prf: Option<&'a [u8]>,
}

impl<'a> Pbkdf2Params<'a> {
    fn read(parameters: &'a [u8]) -> Result<Self, reader::Error> {
        let mut reader = Reader::new(parameters);
        let salt = reader.expect(tag::OCTET_STRING)?;
        let iterations = reader.expect(tag::INTEGER)?;
        let key_length = reader.optional(tag::INTEGER)?;
        let prf = reader.optional(tag::SEQUENCE)?;
        reader.finish()?;
        Ok(Pbkdf2Params {
            salt: reader.value(&salt),
            iterations: reader.value(&iterations),
            key_length: key_length.map(|length| reader.value(&length)),
            prf: prf.map(|prf| &parameters[prf.whole()]),
        })
    }
}

/// The value of an INTEGER that is not negative; `None` past 64 bits.
fn unsigned(integer: &[u8]) -> Option<u64> {
    match integer {
        [] | [0x80..=0xff, ..] => None,
        [0, rest @ ..] | rest if rest.len() <= 8 => Some(
            rest.iter()
                .fold(0, |sum, octet| sum << 8 | u64::from(*octet)),
        ),
        _ => None,
    }
}

/// id-alg-PWRI-KEK (RFC 3211 section 2.3) with a block cipher in CBC mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordKeyEncryption {
    cipher: ContentCipher,
    iv: Vec<u8>,
}

impl PasswordKeyEncryption {
    /// AES-CBC with a key as long as that of the content, and a fresh IV.
    pub fn generate(content: ContentCipher) -> Result<Self, Error> {
        let cipher = match content.key_length() {
            16 => ContentCipher::Aes128Cbc,
            24 => ContentCipher::Aes192Cbc,
            _ => ContentCipher::Aes256Cbc,
        };
        let mut iv = vec![0; 16];
        getrandom::fill(&mut iv).map_err(Error::Random)?;
        Ok(PasswordKeyEncryption { cipher, iv })
    }

    /// Reads a KeyEncryptionAlgorithmIdentifier.
    ///
    /// [`Error::UnsupportedAlgorithm`] names another algorithm or block cipher,
    /// [`Error::MalformedParameters`] says that there is none, or one with a wrong IV.
    pub fn from_algorithm_identifier(algorithm: AlgorithmIdentifierRef<'_>) -> Result<Self, Error> {
        if algorithm.oid != oid::ID_ALG_PWRI_KEK {
            return Err(Error::unsupported(&algorithm.oid));
        }
        let malformed = || Error::malformed_parameters(&algorithm.oid);
        let inner: AlgorithmIdentifierRef<'_> = algorithm
            .parameters
            .and_then(|parameters| parameters.decode_as().ok())
            .ok_or_else(malformed)?;
        let cipher = [
            ContentCipher::Aes128Cbc,
            ContentCipher::Aes192Cbc,
            ContentCipher::Aes256Cbc,
            ContentCipher::DesEde3Cbc,
        ]
        .into_iter()
        .find(|cipher| cipher.oid() == inner.oid)
        .ok_or_else(|| Error::unsupported(&inner.oid))?;
        let iv = inner
            .parameters
            .filter(|iv| iv.tag() == Tag::OctetString)
            .filter(|iv| Some(iv.value().len()) == cipher.block_length())
            .ok_or_else(malformed)?;
        Ok(PasswordKeyEncryption {
            cipher,
            iv: iv.value().to_vec(),
        })
    }

    /// The KeyEncryptionAlgorithmIdentifier.
    pub fn algorithm_identifier(&self) -> AlgorithmIdentifierOwned {
        let encoded = "an object identifier and 16 octets";
        let cipher = AlgorithmIdentifierOwned {
            oid: self.cipher.oid(),
            parameters: Some(Any::new(Tag::OctetString, self.iv.as_slice()).expect(encoded)),
        };
        AlgorithmIdentifierOwned {
            oid: oid::ID_ALG_PWRI_KEK,
            parameters: Some(Any::encode_from(&cipher).expect(encoded)),
        }
    }

    /// Whether it uses triple DES, with which nothing new is encrypted.
    pub fn is_legacy(&self) -> bool {
        self.cipher.is_legacy()
    }

    /// Its name in reports.
    pub fn name(&self) -> String {
        format!("PWRI-KEK with {}", self.cipher)
    }

    /// The EncryptedKey of a PasswordRecipientInfo.
    ///
    /// [`Error::ReadOnly`] for triple DES.
    pub fn encrypt(
        &self,
        derivation: &KeyDerivation,
        password: &Secret,
        key: &ContentEncryptionKey,
    ) -> Result<Vec<u8>, Error> {
        let key_encryption_key = derivation.derive(password, self.cipher.key_length())?;
        let mut padding = [0; 32];
        getrandom::fill(&mut padding).map_err(Error::Random)?;
        self.wrap(&key_encryption_key, key.expose(), &padding)
    }

    /// The content-encryption key for `cipher` in an EncryptedKey.
    ///
    /// [`Error::DecryptionFailed`] for another password, but for one in some 2^24, with which a
    /// key comes out that decrypts nothing.
    pub fn decrypt(
        &self,
        derivation: &KeyDerivation,
        password: &Secret,
        encrypted_key: &[u8],
        cipher: ContentCipher,
    ) -> Result<ContentEncryptionKey, Error> {
        let key_encryption_key = derivation.derive(password, self.cipher.key_length())?;
        let key = self.unwrap(&key_encryption_key, encrypted_key)?;
        ContentEncryptionKey::received(cipher, key)
    }

    /// RFC 3211 section 2.3.1: the length of the key, the complement of its first three octets,
    /// the key, and random octets up to a whole number of blocks, two at least; encrypted in CBC
    /// mode, and once more with the last block of that as IV.
    fn wrap(&self, kek: &[u8], key: &[u8], padding: &[u8; 32]) -> Result<Vec<u8>, Error> {
        let block = self.iv.len();
        let length = u8::try_from(key.len()).expect("a key has at most 32 octets");
        let mut wrapped = vec![length, !key[0], !key[1], !key[2]];
        wrapped.extend_from_slice(key);
        let whole = wrapped.len().next_multiple_of(block).max(2 * block);
        let missing = whole - wrapped.len();
        wrapped.extend_from_slice(&padding[..missing]);
        cbc::encrypt_blocks(self.cipher, kek, &self.iv, &mut wrapped)?;
        let iv = wrapped[whole - block..].to_vec();
        cbc::encrypt_blocks(self.cipher, kek, &iv, &mut wrapped)?;
        Ok(wrapped)
    }

    /// RFC 3211 section 2.3.2: the last block, decrypted with the one before it as IV, is the last
    /// of the inner encryption, and so the IV of the outer one.
    fn unwrap(&self, kek: &[u8], encrypted: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let block = self.iv.len();
        // The length is one octet, so that 256 + 3 octets are the most there can be.
        let whole = encrypted.len().is_multiple_of(block);
        if !whole || !(2 * block..=512).contains(&encrypted.len()) {
            return Err(Error::DecryptionFailed);
        }
        let last = encrypted.len() - block;
        let mut iv = encrypted[last..].to_vec();
        cbc::decrypt_blocks(self.cipher, kek, &encrypted[last - block..last], &mut iv);
        let mut key = Zeroizing::new(encrypted.to_vec());
        cbc::decrypt_blocks(self.cipher, kek, &iv, &mut key);
        cbc::decrypt_blocks(self.cipher, kek, &self.iv, &mut key);

        let length = usize::from(key[0]);
        let complement = [!key[4], !key[5], !key[6]];
        let right = complement.ct_eq(&key[1..4]);
        if bool::from(right) && (3..=key.len() - 4).contains(&length) {
            key.truncate(4 + length);
            key.drain(..4);
            Ok(key)
        } else {
            Err(Error::DecryptionFailed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::reader::hexadecimal;
    use crate::crypto::testing::{hex, random};
    use der::Decode;
    use der::referenced::OwnedToRef;

    fn password(text: &str) -> Secret {
        Secret::from_string(text.into())
    }

    /// As [`KeyDerivation::generate`], in less time.
    fn quick() -> KeyDerivation {
        KeyDerivation {
            iterations: 1000,
            ..KeyDerivation::generate().unwrap()
        }
    }

    fn read(parameters: &str) -> Result<KeyDerivation, Error> {
        let parameters = hex(parameters);
        KeyDerivation::from_algorithm_identifier(AlgorithmIdentifierRef {
            oid: oid::ID_PBKDF_2,
            parameters: Some(AnyRef::from_der(&parameters).unwrap()),
        })
    }

    // RFC 6070 (HMAC-SHA-1); RFC 7914 section 11 (HMAC-SHA-256).
    #[test]
    fn pbkdf2_vectors() {
        for (pseudo_random_function, text, salt, iterations, expected) in [
            (
                PseudoRandomFunction::HmacSha1,
                "password",
                "salt",
                4096,
                "4b007901b765489abead49d926f721d065a429c1",
            ),
            (
                PseudoRandomFunction::HmacSha256,
                "passwd",
                "salt",
                1,
                "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc\
                 a49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783",
            ),
        ] {
            let derivation = KeyDerivation {
                salt: salt.into(),
                iterations,
                key_length: None,
                pseudo_random_function,
            };
            let expected = hex(&expected[..expected.len() / 2 * 2]);
            let expected = &expected[..expected.len().min(32)];
            let key = derivation.derive(&password(text), expected.len()).unwrap();
            assert_eq!(*key, expected);
        }
    }

    // RFC 3211 section 3: triple DES.
    #[test]
    fn the_examples_of_rfc_3211() {
        let derivation = KeyDerivation {
            salt: hex("1234567878563412"),
            iterations: 500,
            key_length: None,
            pseudo_random_function: PseudoRandomFunction::HmacSha1,
        };
        let phrase = password(
            "All n-entities must communicate with other n-entities via n-1 entiteeheehees",
        );
        let key = derivation.derive(&phrase, 24).unwrap();
        assert_eq!(
            *key,
            hex("6a8970bf68c92caea84a8df28510858607126380cc47ab2d")
        );
        let encryption = PasswordKeyEncryption {
            cipher: ContentCipher::DesEde3Cbc,
            iv: hex("baf1ca7931213c4e"),
        };
        let encrypted =
            hex("c03c514abdb9e2c5aac038572b5e24553876b377aafb82eca5a9d73f8ab143d9ec74e6cad7db260c");
        let unwrapped = encryption.unwrap(&key, &encrypted).unwrap();
        assert_eq!(
            *unwrapped,
            hex("8c637d887223a2f965b566eb014b0fa5d52300a3f7ea40fffc577203c71baf3b")
        );
    }

    #[test]
    fn what_is_encrypted_comes_back_with_the_password_alone() {
        let derivation = quick();
        for cipher in ContentCipher::MAKEABLE {
            let key = ContentEncryptionKey::generate(cipher).unwrap();
            let encryption = PasswordKeyEncryption::generate(cipher).unwrap();
            let encrypted = encryption
                .encrypt(&derivation, &password("right"), &key)
                .unwrap();
            let decrypt = |text: &str, encrypted: &[u8]| {
                encryption.decrypt(&derivation, &password(text), encrypted, cipher)
            };
            assert_eq!(decrypt("right", &encrypted).unwrap().expose(), key.expose());
            for (text, encrypted) in [
                ("wrong", &encrypted[..]),
                ("right", &encrypted[16..]),
                ("right", &encrypted[1..]),
                ("right", &[]),
            ] {
                assert!(matches!(
                    decrypt(text, encrypted),
                    Err(Error::DecryptionFailed)
                ));
            }
        }
    }

    #[test]
    fn no_encrypted_key_makes_a_panic() {
        let encryption = PasswordKeyEncryption::generate(ContentCipher::Aes128Cbc).unwrap();
        let key = random(16);
        for length in 0..600 {
            let _ = encryption.unwrap(&key, &random(length));
        }
    }

    #[test]
    fn identifiers_are_read_back() {
        let derivation = quick();
        let identifier = derivation.algorithm_identifier();
        let read = KeyDerivation::from_algorithm_identifier(identifier.owned_to_ref()).unwrap();
        assert_eq!(read, derivation);
        for cipher in ContentCipher::MAKEABLE {
            let encryption = PasswordKeyEncryption::generate(cipher).unwrap();
            let identifier = encryption.algorithm_identifier();
            let read = PasswordKeyEncryption::from_algorithm_identifier(identifier.owned_to_ref());
            assert_eq!(read.unwrap(), encryption);
            assert!(!encryption.is_legacy());
        }
    }

    #[test]
    fn pbkdf2_has_a_salt_and_a_bearable_number_of_iterations() {
        let default = read("300804021234020207d0").unwrap();
        assert_eq!(default.iterations(), 2000);
        assert_eq!(
            default.pseudo_random_function,
            PseudoRandomFunction::HmacSha1
        );
        let with = |salt: &[u8], iterations: &[u8]| {
            let salt = tlv::element(tag::OCTET_STRING, salt);
            let iterations = tlv::element(tag::INTEGER, iterations);
            read(&hexadecimal(&tlv::sequence(&[&salt, &iterations])))
        };
        let most = with(b"salt", &[0, 0x98, 0x96, 0x80]).unwrap();
        assert_eq!(most.iterations(), KeyDerivation::MAXIMUM_ITERATIONS);
        for iterations in [&[0, 0x98, 0x96, 0x81][..], &[0x7f; 4], &[0x7f; 8]] {
            let error = with(b"salt", iterations).unwrap_err();
            assert!(matches!(error, Error::TooManyIterations { .. }));
        }
        for (salt, iterations) in [
            (&b"salt"[..], &[][..]),
            (b"salt", &[0]),
            (b"salt", &[0xff]),
            (b"salt", &[0x7f; 9]),
            (b"", &[1]),
        ] {
            let error = with(salt, iterations).unwrap_err();
            assert!(matches!(error, Error::MalformedParameters { .. }));
        }
        for parameters in ["0500", "3000", "300404021234", "3003020101"] {
            let error = read(parameters).unwrap_err();
            assert!(matches!(error, Error::MalformedParameters { .. }));
        }
        // A key of another length than the cipher's.
        let derivation = read("300b04021234020207d0020110").unwrap();
        assert!(derivation.derive(&password("p"), 16).is_ok());
        assert!(derivation.derive(&password("p"), 32).is_err());
    }

    #[test]
    fn other_algorithms_are_named() {
        let scrypt = AlgorithmIdentifierRef {
            oid: "1.3.6.1.4.1.11591.4.11".parse().unwrap(),
            parameters: None,
        };
        assert!(matches!(
            KeyDerivation::from_algorithm_identifier(scrypt),
            Err(Error::UnsupportedAlgorithm { .. })
        ));
        let error = read("301404021234020207d0300a06082a864886f70d020d").unwrap_err();
        assert_eq!(error.to_string(), "hmacWithSHA512-256 is not supported");
    }
}
