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
use pkcs5::pbes2::{DES_EDE3_CBC_OID, Kdf, PBES2_OID, Parameters, ScryptParams};
use zeroize::Zeroizing;

use crate::asn1::oid;
use crate::asn1::reader::{self, Reader, dotted, tag};
use crate::secret::Secret;

/// RFC 8018 4.2 calls 10,000,000 iterations appropriate for very powerful systems; more only
/// keeps us busy.
pub const MAX_ITERATIONS: u32 = 10_000_000;

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
        iterations: u32,
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
    parameters: Parameters,
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
        let parameters = pbes2_parameters(inside.inside(&algorithm), &der[algorithm.whole()])?;
        match parameters.kdf {
            Kdf::Pbkdf2(kdf) if kdf.iteration_count > MAX_ITERATIONS => {
                return Err(Error::TooManyIterations {
                    iterations: kdf.iteration_count,
                });
            }
            // RFC 8018 A.2: INTEGER (1..MAX).
            Kdf::Pbkdf2(kdf) if kdf.iteration_count == 0 => return Err(Error::Parameters),
            Kdf::Scrypt(kdf) => affordable(&kdf)?,
            _ => {}
        }
        Ok(EncryptedPrivateKeyInfo {
            parameters,
            encrypted_data: inside.value(&data).to_vec(),
        })
    }

    /// Decrypts the PrivateKeyInfo: DER, wiped when dropped.
    ///
    /// # Errors
    ///
    /// [`Error::WrongPassword`] when the padding, the authentication tag or the structure inside
    /// shows it. CBC has no integrity: a ciphertext that was damaged looks the same.
    pub fn decrypt(&self, password: &Secret) -> Result<Secret, Error> {
        let mut buffer = Zeroizing::new(self.encrypted_data.clone());
        let length = self
            .parameters
            .decrypt_in_place(password.expose(), &mut buffer)
            .map_err(|error| match error {
                pkcs5::Error::AlgorithmParametersInvalid { .. } => Error::Parameters,
                pkcs5::Error::UnsupportedAlgorithm { oid } => Error::Unsupported {
                    algorithm: oid::name(&oid),
                },
                _ => Error::WrongPassword,
            })?
            .len();
        buffer.truncate(length);
        // One wrong password in 256 leaves a good padding; none leaves a good structure.
        let mut reader = Reader::new(&buffer);
        let is_private_key_info = reader.expect(tag::SEQUENCE).is_ok() && reader.is_empty();
        if !is_private_key_info {
            return Err(Error::WrongPassword);
        }
        Ok(Secret::new(std::mem::take(&mut *buffer)))
    }
}

impl fmt::Debug for EncryptedPrivateKeyInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptedPrivateKeyInfo")
            .field("parameters", &self.parameters)
            .finish_non_exhaustive()
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
    let _key_derivation = parameters.expect(tag::SEQUENCE).map_err(Error::Malformed)?;
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
