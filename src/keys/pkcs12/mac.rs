//! The password's proof that a PKCS#12 file is whole: the MAC of RFC 7292 section 4 and appendix
//! B.4, and PBMAC1 (RFC 8018 7.1) as RFC 9879 places it there.

use hmac::{Hmac, KeyInit, Mac as _};
use pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

use super::encryption::Budget;
use super::key_derivation::{Purpose, derive};
use super::password::Password;
use super::{Error, identifiers};
use crate::asn1::oid::{self, ObjectIdentifier};
use crate::asn1::reader::{Reader, dotted};
use crate::asn1::tag;
use crate::keys::pkcs8::iterations;

/// `MacData`, read.
pub(super) struct Mac {
    derivation: Derivation,
    hash: Hash,
    value: Vec<u8>,
}

enum Derivation {
    Pkcs12 {
        salt: Vec<u8>,
        iterations: u64,
    },
    Pbkdf2 {
        prf: Hash,
        salt: Vec<u8>,
        iterations: u64,
        key_length: usize,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Hash {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Mac {
    /// `MacData ::= SEQUENCE { mac DigestInfo, macSalt OCTET STRING, iterations INTEGER DEFAULT 1 }`
    pub(super) fn read(mut mac_data: Reader<'_>) -> Result<Mac, Error> {
        let digest_info = mac_data.expect(tag::SEQUENCE)?;
        let mut digest_info = mac_data.inside(&digest_info);
        let (identifier, parameters) = algorithm(&mut digest_info)?;
        let value = digest_info.expect(tag::OCTET_STRING)?;
        let value = digest_info.value(&value).to_vec();
        digest_info.finish()?;
        let salt = mac_data.expect(tag::OCTET_STRING)?;
        let salt = mac_data.value(&salt).to_vec();
        // RFC 9879: with PBMAC1 both fields stand there for nothing.
        if identifier == identifiers::ID_PBMAC_1 {
            let (derivation, hash) = pbmac1(parameters)?;
            return Ok(Mac {
                derivation,
                hash,
                value,
            });
        }
        let iterations = if mac_data.is_empty() {
            1
        } else {
            iterations(&mut mac_data)?
        };
        mac_data.finish()?;
        Ok(Mac {
            derivation: Derivation::Pkcs12 { salt, iterations },
            hash: Hash::of_digest(identifier)?,
            value,
        })
    }

    /// Keeps those of the passwords with which the MAC is right.
    pub(super) fn verified_by(
        &self,
        content: &[u8],
        passwords: Vec<Password>,
        budget: &mut Budget,
    ) -> Result<Vec<Password>, Error> {
        let mut right = Vec::new();
        for password in passwords {
            budget.spend(self.cost())?;
            if self
                .hash
                .verifies(&self.key(&password), content, &self.value)
            {
                right.push(password);
            }
        }
        if right.is_empty() {
            return Err(Error::WrongPassword);
        }
        Ok(right)
    }

    fn cost(&self) -> u64 {
        match self.derivation {
            Derivation::Pkcs12 { iterations, .. } => iterations,
            Derivation::Pbkdf2 {
                prf,
                iterations,
                key_length,
                ..
            } => iterations * key_length.div_ceil(prf.length()) as u64,
        }
    }

    fn key(&self, password: &Password) -> Zeroizing<Vec<u8>> {
        match &self.derivation {
            Derivation::Pkcs12 { salt, iterations } => {
                let (password, iterations) = (&password.bmp, *iterations);
                let length = self.hash.length();
                match self.hash {
                    Hash::Sha1 => derive::<Sha1>(Purpose::Mac, password, salt, iterations, length),
                    Hash::Sha224 => {
                        derive::<Sha224>(Purpose::Mac, password, salt, iterations, length)
                    }
                    Hash::Sha256 => {
                        derive::<Sha256>(Purpose::Mac, password, salt, iterations, length)
                    }
                    Hash::Sha384 => {
                        derive::<Sha384>(Purpose::Mac, password, salt, iterations, length)
                    }
                    Hash::Sha512 => {
                        derive::<Sha512>(Purpose::Mac, password, salt, iterations, length)
                    }
                }
            }
            Derivation::Pbkdf2 {
                prf,
                salt,
                iterations,
                key_length,
            } => {
                let mut key = Zeroizing::new(vec![0; *key_length]);
                // The cap is far below 2^32.
                let rounds = u32::try_from(*iterations).unwrap_or(u32::MAX);
                let password = &password.octets;
                match prf {
                    Hash::Sha1 => pbkdf2_hmac::<Sha1>(password, salt, rounds, &mut key),
                    Hash::Sha224 => pbkdf2_hmac::<Sha224>(password, salt, rounds, &mut key),
                    Hash::Sha256 => pbkdf2_hmac::<Sha256>(password, salt, rounds, &mut key),
                    Hash::Sha384 => pbkdf2_hmac::<Sha384>(password, salt, rounds, &mut key),
                    Hash::Sha512 => pbkdf2_hmac::<Sha512>(password, salt, rounds, &mut key),
                }
                key
            }
        }
    }
}

/// `PBMAC1-params ::= SEQUENCE { keyDerivationFunc, messageAuthScheme }` (RFC 8018 A.5)
fn pbmac1(parameters: Option<Reader<'_>>) -> Result<(Derivation, Hash), Error> {
    /// OpenSSL refuses shorter keys: RFC 2104 3 has less than the digest's length discouraged,
    /// and the shortest digest here has 20 octets.
    const MIN_KEY: u64 = 20;
    /// The longest digest.
    const MAX_KEY: u64 = 64;
    let malformed = || Error::Parameters {
        algorithm: "PBMAC1".to_owned(),
    };
    let mut parameters = parameters.ok_or_else(malformed)?;
    let (function, derivation) = algorithm(&mut parameters)?;
    if function != identifiers::ID_PBKDF_2 {
        return Err(unsupported(function));
    }
    let mut derivation = derivation.ok_or_else(malformed)?;
    let salt = derivation.expect(tag::OCTET_STRING)?;
    let salt = derivation.value(&salt).to_vec();
    let iterations = iterations(&mut derivation)?;
    // Optional in RFC 8018 A.2, and required by RFC 9879: the length of an HMAC key does not
    // follow from the algorithm.
    let key_length = derivation
        .optional(tag::INTEGER)?
        .ok_or_else(malformed)
        .map(|length| derivation.value(&length))?;
    let key_length = match key_length {
        [length] if (MIN_KEY..=MAX_KEY).contains(&u64::from(*length)) => usize::from(*length),
        _ => return Err(malformed()),
    };
    let prf = if derivation.is_empty() {
        Hash::Sha1
    } else {
        Hash::of_hmac(algorithm(&mut derivation)?.0)?
    };
    derivation.finish()?;
    let (scheme, _) = algorithm(&mut parameters)?;
    parameters.finish()?;
    let derivation = Derivation::Pbkdf2 {
        prf,
        salt,
        iterations,
        key_length,
    };
    Ok((derivation, Hash::of_hmac(scheme)?))
}

/// An AlgorithmIdentifier; its parameters if they are a SEQUENCE.
fn algorithm<'a>(reader: &mut Reader<'a>) -> Result<(ObjectIdentifier, Option<Reader<'a>>), Error> {
    let sequence = reader.expect(tag::SEQUENCE)?;
    let mut inside = reader.inside(&sequence);
    let identifier = inside.expect(tag::OBJECT_IDENTIFIER)?;
    let octets = inside.value(&identifier);
    let identifier = ObjectIdentifier::from_bytes(octets).map_err(|_| Error::Unsupported {
        algorithm: dotted(octets),
    })?;
    // RFC 7292 says nothing of NULL against absent; both occur.
    let parameters = match inside.optional(tag::SEQUENCE)? {
        Some(parameters) => Some(inside.inside(&parameters)),
        None => {
            inside.optional(tag::NULL)?;
            None
        }
    };
    inside.finish()?;
    Ok((identifier, parameters))
}

fn unsupported(identifier: ObjectIdentifier) -> Error {
    Error::Unsupported {
        algorithm: oid::name(&identifier),
    }
}

impl Hash {
    fn of_digest(identifier: ObjectIdentifier) -> Result<Hash, Error> {
        Ok(match identifier {
            identifiers::ID_SHA_1 => Hash::Sha1,
            identifiers::ID_SHA_224 => Hash::Sha224,
            identifiers::ID_SHA_256 => Hash::Sha256,
            identifiers::ID_SHA_384 => Hash::Sha384,
            identifiers::ID_SHA_512 => Hash::Sha512,
            other => return Err(unsupported(other)),
        })
    }

    fn of_hmac(identifier: ObjectIdentifier) -> Result<Hash, Error> {
        Ok(match identifier {
            identifiers::ID_HMAC_WITH_SHA_1 => Hash::Sha1,
            identifiers::ID_HMAC_WITH_SHA_224 => Hash::Sha224,
            identifiers::ID_HMAC_WITH_SHA_256 => Hash::Sha256,
            identifiers::ID_HMAC_WITH_SHA_384 => Hash::Sha384,
            identifiers::ID_HMAC_WITH_SHA_512 => Hash::Sha512,
            other => return Err(unsupported(other)),
        })
    }

    /// Of the digest, in octets.
    fn length(self) -> usize {
        match self {
            Hash::Sha1 => 20,
            Hash::Sha224 => 28,
            Hash::Sha256 => 32,
            Hash::Sha384 => 48,
            Hash::Sha512 => 64,
        }
    }

    /// In constant time, and only with the whole value.
    fn verifies(self, key: &[u8], content: &[u8], value: &[u8]) -> bool {
        macro_rules! verified {
            ($hash:ty) => {
                Hmac::<$hash>::new_from_slice(key)
                    .is_ok_and(|mac| mac.chain_update(content).verify_slice(value).is_ok())
            };
        }
        match self {
            Hash::Sha1 => verified!(Sha1),
            Hash::Sha224 => verified!(Sha224),
            Hash::Sha256 => verified!(Sha256),
            Hash::Sha384 => verified!(Sha384),
            Hash::Sha512 => verified!(Sha512),
        }
    }
}
