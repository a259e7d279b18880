//! Encrypted PKCS#8 (RFC 5958 3), opened with a password: PBES2 of RFC 8018, the one scheme that
//! still protects anything.
//!
//! | part | read |
//! |---|---|
//! | key derivation | PBKDF2 with HMAC-SHA-1, -224, -256, -384, -512; scrypt (RFC 7914) |
//! | encryption | AES-128, -192, -256 in CBC mode; AES-128, -256 in GCM; three-key triple DES in CBC |
//!
//! ```
//! use mailseal::keys::pkcs8::{EncryptedPrivateKeyInfo, Error};
//!
//! let not_encrypted = EncryptedPrivateKeyInfo::from_der(b"\x30\x03\x02\x01\x00");
//! assert!(matches!(not_encrypted, Err(Error::Malformed(_))));
//! ```
//!
//! # Not supported
//!
//! PBES1 and the schemes of PKCS#12 (RC2, RC4, single DES); salts longer than 32 octets.

use std::fmt;

use der::ErrorKind;
use pkcs5::EncryptionScheme;
use pkcs5::pbes2::{DES_EDE3_CBC_OID, Kdf, PBES2_OID, PBKDF2_OID, Parameters, ScryptParams};
use zeroize::Zeroizing;

use crate::asn1::oid;
use crate::asn1::reader::{self, Reader, dotted};
use crate::asn1::tag;
use crate::secret::Secret;

/// RFC 8018 4.2 calls 10,000,000 iterations appropriate for very powerful systems; more only
/// keeps us busy.
pub const MAX_ITERATIONS: u64 = 10_000_000;

/// Twice the 128 MiB (N = 2^17, r = 8) that OWASP recommends for passwords, in bytes. OpenSSL
/// goes no further than 32 MiB.
pub const MAX_SCRYPT_MEMORY: u64 = 256 << 20;

/// How often that memory may be gone through: the cost is N · r · p.
const MAX_SCRYPT_PASSES: u64 = 16;

/// Why an encrypted private key cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The structure around the ciphertext is not that of RFC 5958 3.
    #[error("the encrypted private key is malformed")]
    Malformed(#[source] reader::Error),
    /// The parameters of its encryption are not those of RFC 8018 or RFC 7914.
    #[error("the parameters of the private key's encryption are malformed")]
    Parameters,
    /// An algorithm that is too weak, or not known.
    #[error("the private key is encrypted with {algorithm}, which is not supported")]
    Unsupported {
        /// Its name, or its dotted object identifier.
        algorithm: String,
    },
    /// More work than any honest key asks for.
    #[error(
        "the private key's encryption asks for {iterations} PBKDF2 iterations; {MAX_ITERATIONS} are allowed"
    )]
    TooManyIterations {
        /// How many it asks for.
        iterations: u64,
    },
    /// More memory or work than any honest key asks for.
    #[error(
        "the private key's encryption asks for scrypt with N={n}, r={r}, p={p}: too much memory or work"
    )]
    ScryptTooCostly {
        /// CPU and memory cost.
        n: u64,
        /// Block size.
        r: u16,
        /// Parallelization.
        p: u16,
    },
    /// The password is not the one.
    #[error("the password is wrong")]
    WrongPassword,
}

/// `EncryptedPrivateKeyInfo ::= SEQUENCE { encryptionAlgorithm, encryptedData OCTET STRING }`
#[derive(Clone)]
pub struct EncryptedPrivateKeyInfo {
    der: Vec<u8>,
    encryption: Pbes2,
    encrypted_data: Vec<u8>,
}

impl EncryptedPrivateKeyInfo {
    /// Reads the structure, and refuses what must not or cannot be computed, before anybody is
    /// asked for a password.
    pub fn from_der(der: &[u8]) -> Result<EncryptedPrivateKeyInfo, Error> {
        let mut outer = Reader::new(der);
        let sequence = outer.expect(tag::SEQUENCE).map_err(Error::Malformed)?;
        outer.finish().map_err(Error::Malformed)?;
        let mut inside = outer.inside(&sequence);
        let algorithm = inside.expect(tag::SEQUENCE).map_err(Error::Malformed)?;
        let data = inside.expect(tag::OCTET_STRING).map_err(Error::Malformed)?;
        inside.finish().map_err(Error::Malformed)?;
        Ok(EncryptedPrivateKeyInfo {
            der: der.to_vec(),
            encryption: Pbes2::from_der(&der[algorithm.whole()])?,
            encrypted_data: inside.value(&data).to_vec(),
        })
    }

    /// The structure as it was read.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Decrypts the PrivateKeyInfo: DER, wiped when dropped.
    ///
    /// # Errors
    ///
    /// [`Error::WrongPassword`] when the padding, the authentication tag or the structure inside
    /// shows it. CBC has no integrity: a ciphertext that was damaged looks the same.
    pub fn decrypt(&self, password: &Secret) -> Result<Secret, Error> {
        let decrypted = self
            .encryption
            .decrypt(&self.encrypted_data, password.expose())?;
        // One wrong password in 256 leaves a good padding; none leaves a good structure.
        let mut reader = Reader::new(decrypted.expose());
        let is_private_key_info = reader.expect(tag::SEQUENCE).is_ok() && reader.is_empty();
        if !is_private_key_info {
            return Err(Error::WrongPassword);
        }
        Ok(decrypted)
    }
}

impl fmt::Debug for EncryptedPrivateKeyInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptedPrivateKeyInfo")
            .field("parameters", &self.encryption.0)
            .finish_non_exhaustive()
    }
}

/// PBES2 (RFC 8018 6.2) with parameters that can be computed and are worth it.
#[derive(Clone)]
pub(super) struct Pbes2(Parameters);

impl Pbes2 {
    /// Reads an AlgorithmIdentifier.
    pub(super) fn from_der(algorithm: &[u8]) -> Result<Pbes2, Error> {
        let mut reader = Reader::new(algorithm);
        let inside = nested(&mut reader)?;
        reader.finish().map_err(Error::Malformed)?;
        let parameters = pbes2_parameters(inside, algorithm)?;
        if let Kdf::Scrypt(kdf) = &parameters.kdf {
            affordable(kdf)?;
        }
        Ok(Pbes2(parameters))
    }

    /// How much work the key derivation is, in iterations of PBKDF2 or what takes about as long.
    pub(super) fn cost(&self) -> u64 {
        /// Of the memory that scrypt fills; measured with SHA-256.
        const OCTETS_AN_ITERATION: u64 = 512;
        match &self.0.kdf {
            Kdf::Scrypt(kdf) => {
                let memory = kdf.cost_parameter * 128 * u64::from(kdf.block_size);
                memory * u64::from(kdf.parallelization) / OCTETS_AN_ITERATION
            }
            kdf => kdf.pbkdf2().map_or(0, |kdf| u64::from(kdf.iteration_count)),
        }
    }

    /// Decrypts. What comes out is as long as the padding or tag says, and may still be wrong.
    pub(super) fn decrypt(&self, encrypted: &[u8], password: &[u8]) -> Result<Secret, Error> {
        let mut buffer = Zeroizing::new(encrypted.to_vec());
        let length = self
            .0
            .decrypt_in_place(password, &mut buffer)
            .map_err(|error| match error {
                pkcs5::Error::AlgorithmParametersInvalid { .. } => Error::Parameters,
                pkcs5::Error::UnsupportedAlgorithm { oid } => Error::Unsupported {
                    algorithm: oid::name(&oid),
                },
                _ => Error::WrongPassword,
            })?
            .len();
        buffer.truncate(length);
        Ok(Secret::new(std::mem::take(&mut *buffer)))
    }
}

/// `AlgorithmIdentifier { id-PBES2, PBES2-params }`
fn pbes2_parameters(mut reader: Reader<'_>, whole: &[u8]) -> Result<Parameters, Error> {
    let algorithm = (reader.expect(tag::OBJECT_IDENTIFIER)).map_err(Error::Malformed)?;
    if reader.value(&algorithm) != PBES2_OID.as_bytes() {
        return Err(Error::Unsupported {
            algorithm: named(reader.value(&algorithm)),
        });
    }
    let mut parameters = nested(&mut reader)?;
    let mut derivation = nested(&mut parameters)?;
    let function = (derivation.expect(tag::OBJECT_IDENTIFIER)).map_err(Error::Malformed)?;
    if derivation.value(&function) == PBKDF2_OID.as_bytes() {
        let mut derivation = nested(&mut derivation)?;
        let _salt = derivation.read().map_err(Error::Malformed)?;
        iterations(&mut derivation)?;
    }
    let mut encryption = nested(&mut parameters)?;
    let cipher = (encryption.expect(tag::OBJECT_IDENTIFIER)).map_err(Error::Malformed)?;
    let iv = encryption.read().map_err(Error::Malformed)?;
    // pkcs5 0.8 slices this initialization vector without looking at its length, and panics.
    if encryption.value(&cipher) == DES_EDE3_CBC_OID.as_bytes() && iv.value().len() != 8 {
        return Err(Error::Parameters);
    }
    match EncryptionScheme::try_from(whole) {
        Ok(EncryptionScheme::Pbes2(parameters)) => Ok(parameters),
        Err(error) => Err(match error.kind() {
            ErrorKind::OidUnknown { oid } => Error::Unsupported {
                algorithm: oid::name(&oid),
            },
            _ => Error::Parameters,
        }),
        Ok(_) => Err(Error::Parameters),
    }
}

/// RFC 8018 A.2: INTEGER (1..MAX).
pub(super) fn iterations(reader: &mut Reader<'_>) -> Result<u64, Error> {
    let count = reader.expect(tag::INTEGER).map_err(Error::Malformed)?;
    let octets = reader.value(&count);
    if octets.first().is_none_or(|first| first & 0x80 != 0) {
        return Err(Error::Parameters);
    }
    let add = |sum: u64, octet: &u8| sum.saturating_mul(256).saturating_add(u64::from(*octet));
    match octets.iter().fold(0, add) {
        0 => Err(Error::Parameters),
        iterations if iterations > MAX_ITERATIONS => Err(Error::TooManyIterations { iterations }),
        iterations => Ok(iterations),
    }
}

fn nested<'a>(reader: &mut Reader<'a>) -> Result<Reader<'a>, Error> {
    let sequence = reader.expect(tag::SEQUENCE).map_err(Error::Malformed)?;
    Ok(reader.inside(&sequence))
}

/// RFC 7914 2: N is a power of two larger than 1; scrypt takes 128 · N · r octets.
fn affordable(kdf: &ScryptParams) -> Result<(), Error> {
    let (n, r, p) = (kdf.cost_parameter, kdf.block_size, kdf.parallelization);
    if n < 2 || !n.is_power_of_two() || r == 0 || p == 0 {
        return Err(Error::Parameters);
    }
    let memory = n.saturating_mul(128).saturating_mul(u64::from(r));
    let work = memory.saturating_mul(u64::from(p));
    if memory > MAX_SCRYPT_MEMORY || work > MAX_SCRYPT_MEMORY * MAX_SCRYPT_PASSES {
        return Err(Error::ScryptTooCostly { n, r, p });
    }
    Ok(())
}

/// The name of an algorithm by the value octets of its identifier.
fn named(identifier: &[u8]) -> String {
    oid::ObjectIdentifier::from_bytes(identifier)
        .map_or_else(|_| dotted(identifier), |identifier| oid::name(&identifier))
}

#[cfg(test)]
mod tests {
    use p256::pkcs8::EncodePrivateKey;

    use super::*;
    use crate::asn1::tlv::{element, sequence};
    use crate::keys::testing::secret_key;

    fn identifier(dotted: &str) -> Vec<u8> {
        let oid: oid::ObjectIdentifier = dotted.parse().unwrap();
        element(tag::OBJECT_IDENTIFIER, oid.as_bytes())
    }

    fn integer(value: u64) -> Vec<u8> {
        let octets = value.to_be_bytes();
        let zeros = octets.iter().take_while(|o| **o == 0).count().min(7);
        let sign: &[u8] = if octets[zeros] & 0x80 == 0 { &[] } else { &[0] };
        element(tag::INTEGER, &[sign, &octets[zeros..]].concat())
    }

    fn octets(octets: &[u8]) -> Vec<u8> {
        element(tag::OCTET_STRING, octets)
    }

    fn pbkdf2(iterations: u64) -> Vec<u8> {
        let prf = sequence(&[&identifier("1.2.840.113549.2.9"), &[5, 0]]);
        let parameters = sequence(&[&octets(b"saltsalt"), &integer(iterations), &prf]);
        sequence(&[&identifier("1.2.840.113549.1.5.12"), &parameters])
    }

    fn scrypt(n: u64, r: u64, p: u64) -> Vec<u8> {
        let parameters = sequence(&[&octets(b"salt"), &integer(n), &integer(r), &integer(p)]);
        sequence(&[&identifier("1.3.6.1.4.1.11591.4.11"), &parameters])
    }

    fn aes(iv: &[u8]) -> Vec<u8> {
        sequence(&[&identifier("2.16.840.1.101.3.4.1.42"), &octets(iv)])
    }

    fn triple_des(iv: &[u8]) -> Vec<u8> {
        sequence(&[&identifier("1.2.840.113549.3.7"), &octets(iv)])
    }

    fn read(kdf: &[u8], encryption: &[u8]) -> Result<EncryptedPrivateKeyInfo, Error> {
        encrypted(kdf, encryption, &[0; 32])
    }

    fn encrypted(
        kdf: &[u8],
        encryption: &[u8],
        data: &[u8],
    ) -> Result<EncryptedPrivateKeyInfo, Error> {
        let parameters = sequence(&[kdf, encryption]);
        let algorithm = sequence(&[&identifier("1.2.840.113549.1.5.13"), &parameters]);
        EncryptedPrivateKeyInfo::from_der(&sequence(&[&algorithm, &octets(data)]))
    }

    #[test]
    fn iterations_are_bounded() {
        assert!(read(&pbkdf2(10_000_000), &aes(&[0; 16])).is_ok());
        assert_eq!(
            read(&pbkdf2(10_000_001), &aes(&[0; 16])).unwrap_err(),
            Error::TooManyIterations {
                iterations: 10_000_001
            }
        );
        for iterations in [1 << 31, 1 << 40, u64::MAX] {
            assert_eq!(
                read(&pbkdf2(iterations), &aes(&[0; 16])).unwrap_err(),
                Error::TooManyIterations { iterations }
            );
        }
        assert_eq!(
            read(&pbkdf2(0), &aes(&[0; 16])).unwrap_err(),
            Error::Parameters
        );
    }

    #[test]
    fn scrypt_memory_and_work_are_bounded() {
        assert!(read(&scrypt(1 << 18, 8, 1), &aes(&[0; 16])).is_ok());
        assert!(read(&scrypt(1 << 14, 8, 256), &aes(&[0; 16])).is_ok());
        for (n, r, p) in [
            (1 << 19, 8, 1),
            (1 << 18, 9, 1),
            (1 << 14, 8, 257),
            (1 << 63, 65535, 65535),
        ] {
            assert!(matches!(
                read(&scrypt(n, r, p), &aes(&[0; 16])),
                Err(Error::ScryptTooCostly { .. })
            ));
        }
        for (n, r, p) in [(0, 8, 1), (1, 8, 1), (3, 8, 1), (4, 0, 1), (4, 8, 0)] {
            assert_eq!(
                read(&scrypt(n, r, p), &aes(&[0; 16])).unwrap_err(),
                Error::Parameters
            );
        }
    }

    #[test]
    fn initialization_vectors_have_their_length() {
        assert!(read(&pbkdf2(1), &triple_des(&[0; 8])).is_ok());
        for length in [0, 7, 9] {
            assert_eq!(
                read(&pbkdf2(1), &triple_des(&vec![0; length])).unwrap_err(),
                Error::Parameters
            );
        }
        assert_eq!(
            read(&pbkdf2(1), &aes(&[0; 15])).unwrap_err(),
            Error::Parameters
        );
    }

    #[test]
    fn other_algorithms_are_named() {
        let rc2 = sequence(&[&identifier("1.2.840.113549.3.2"), &octets(&[0; 8])]);
        assert!(matches!(
            read(&pbkdf2(1), &rc2),
            Err(Error::Unsupported { .. })
        ));
        let pbes1 = sequence(&[&identifier("1.2.840.113549.1.12.1.3"), &sequence(&[])]);
        let pkcs12 = EncryptedPrivateKeyInfo::from_der(&sequence(&[&pbes1, &octets(&[0; 8])]));
        let Err(Error::Unsupported { algorithm }) = pkcs12 else {
            panic!("{pkcs12:?}");
        };
        assert!(algorithm.contains("SHA"), "{algorithm}");
    }

    #[test]
    fn every_broken_ciphertext_is_a_wrong_password() {
        let password = Secret::from_string("x".into());
        for length in [0, 1, 15, 16, 17, 160] {
            let info = encrypted(&pbkdf2(1), &aes(&[0; 16]), &vec![0; length]).unwrap();
            assert_eq!(info.decrypt(&password).unwrap_err(), Error::WrongPassword);
        }
    }

    #[test]
    fn triple_des_and_gcm_are_opened_too() {
        let key = secret_key(1).to_pkcs8_der().unwrap();
        let password = Secret::from_string("x".into());
        let gcm = sequence(&[&identifier("2.16.840.1.101.3.4.1.46"), &octets(&[0; 12])]);
        for encryption in [triple_des(&[1; 8]), gcm, aes(&[2; 16])] {
            let info = read(&pbkdf2(2), &encryption).unwrap();
            let data = info.encryption.0.encrypt(b"x", key.as_bytes()).unwrap();
            let info = encrypted(&pbkdf2(2), &encryption, &data).unwrap();
            assert_eq!(info.decrypt(&password).unwrap().expose(), key.as_bytes());
            let empty = Secret::from_string(String::new());
            assert_eq!(info.decrypt(&empty).unwrap_err(), Error::WrongPassword);
        }
    }
}
