//! How the parts of a PKCS#12 file are encrypted: PBES2, and the schemes of RFC 7292 appendix C.

use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, InnerIvInit, KeyInit};
use des::{TdesEde2, TdesEde3};
use pkcs5::pbes2::PBES2_OID;
use rc2::Rc2;
use sha1::Sha1;
use zeroize::Zeroizing;

use super::key_derivation::{Purpose, derive};
use super::password::Password;
use super::{Error, identifiers};
use crate::asn1::oid::{self, ObjectIdentifier};
use crate::asn1::reader::{Reader, dotted};
use crate::asn1::{ber, tag};
use crate::keys::pkcs8::{Pbes2, iterations};
use crate::secret::Secret;

/// How many iterations all key derivations of one file may take together: four times what one
/// may. Real files take a few thousand for each of their two or three parts; Firefox takes
/// 600,000.
pub(super) const MAX_WORK: u64 = if cfg!(fuzzing) {
    // Every iteration is like the one before it.
    20_000
} else {
    4 * crate::keys::pkcs8::MAX_ITERATIONS
};

/// What is left of [`MAX_WORK`].
pub(super) struct Budget(u64);

impl Budget {
    pub(super) fn new() -> Budget {
        Budget(MAX_WORK)
    }

    pub(super) fn spend(&mut self, iterations: u64) -> Result<(), Error> {
        self.0 = self.0.checked_sub(iterations).ok_or(Error::TooMuchWork)?;
        Ok(())
    }
}

/// An algorithm and what is encrypted with it.
pub(super) struct Encrypted {
    scheme: Scheme,
    octets: Vec<u8>,
}

enum Scheme {
    Pbes2(Box<Pbes2>),
    Legacy {
        cipher: LegacyCipher,
        salt: Vec<u8>,
        iterations: u64,
    },
}

/// RFC 7292 appendix C, RC4 apart: too weak for anything new, and all that old files have.
#[derive(Clone, Copy)]
enum LegacyCipher {
    ThreeKeyTripleDes,
    TwoKeyTripleDes,
    Rc2With128Bits,
    Rc2With40Bits,
}

impl Encrypted {
    /// Reads the algorithm, and refuses what must not or cannot be computed.
    pub(super) fn new(
        algorithm: &[u8],
        octets: &[u8],
        allow_legacy: bool,
    ) -> Result<Encrypted, Error> {
        let scheme = Scheme::from_der(algorithm)?;
        match &scheme {
            Scheme::Legacy { cipher, .. } if !allow_legacy => Err(Error::Legacy {
                algorithm: cipher.name(),
            }),
            _ => Ok(Encrypted {
                scheme,
                octets: octets.to_vec(),
            }),
        }
    }

    /// Decrypts one element of BER with the first password that gives one.
    pub(super) fn decrypt(
        &self,
        passwords: &[Password],
        budget: &mut Budget,
    ) -> Result<Secret, Error> {
        for password in passwords {
            // RFC 8018 recommends UTF-8; NSS gave PBES2 the BMPString, too, until 2016.
            let encodings: &[&[u8]] = match &self.scheme {
                Scheme::Pbes2(_) => &[&password.octets, &password.bmp],
                Scheme::Legacy { .. } => &[&password.bmp],
            };
            for encoding in encodings {
                budget.spend(self.scheme.cost())?;
                match self.scheme.decrypt(&self.octets, encoding) {
                    // One wrong password in 256 leaves a good padding, none a good structure.
                    Ok(octets) if is_element(octets.expose()) => return Ok(octets),
                    Ok(_) | Err(Error::WrongPassword) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Err(Error::WrongPassword)
    }
}

fn is_element(octets: &[u8]) -> bool {
    octets.first() == Some(&tag::SEQUENCE) && ber::to_der(octets).is_ok()
}

impl Scheme {
    fn from_der(algorithm: &[u8]) -> Result<Scheme, Error> {
        let mut reader = Reader::new(algorithm);
        let sequence = reader.expect(tag::SEQUENCE)?;
        let mut inside = reader.inside(&sequence);
        let identifier = inside.expect(tag::OBJECT_IDENTIFIER)?;
        let octets = inside.value(&identifier);
        if octets == PBES2_OID.as_bytes() {
            return Ok(Scheme::Pbes2(Box::new(Pbes2::from_der(algorithm)?)));
        }
        let identifier = ObjectIdentifier::from_bytes(octets);
        let name =
            || identifier.map_or_else(|_| dotted(octets), |identifier| oid::name(&identifier));
        let cipher = (identifier.ok().and_then(LegacyCipher::of))
            .ok_or_else(|| Error::Unsupported { algorithm: name() })?;
        // pkcs-12PbeParams ::= SEQUENCE { salt OCTET STRING, iterations INTEGER }
        let parameters = inside.expect(tag::SEQUENCE)?;
        inside.finish()?;
        let mut parameters = inside.inside(&parameters);
        let salt = parameters.expect(tag::OCTET_STRING)?;
        let salt = parameters.value(&salt).to_vec();
        let iterations = iterations(&mut parameters)?;
        parameters.finish()?;
        Ok(Scheme::Legacy {
            cipher,
            salt,
            iterations,
        })
    }

    fn cost(&self) -> u64 {
        match self {
            Scheme::Pbes2(pbes2) => pbes2.cost(),
            // For 24 octets of key, SHA-1 has to run twice, and once for the vector.
            Scheme::Legacy { iterations, .. } => 3 * iterations,
        }
    }

    fn decrypt(&self, encrypted: &[u8], password: &[u8]) -> Result<Secret, Error> {
        match self {
            Scheme::Pbes2(pbes2) => Ok(pbes2.decrypt(encrypted, password)?),
            Scheme::Legacy {
                cipher,
                salt,
                iterations,
            } => {
                let derived =
                    |purpose, length| derive::<Sha1>(purpose, password, salt, *iterations, length);
                let key = derived(Purpose::Key, cipher.key_length());
                let iv = derived(Purpose::InitializationVector, 8);
                cipher.decrypt(&key, &iv, encrypted)
            }
        }
    }
}

impl LegacyCipher {
    fn of(identifier: ObjectIdentifier) -> Option<LegacyCipher> {
        Some(match identifier {
            identifiers::PBE_WITH_SHA_AND_3_KEY_TRIPLE_DES_CBC => LegacyCipher::ThreeKeyTripleDes,
            identifiers::PBE_WITH_SHA_AND_2_KEY_TRIPLE_DES_CBC => LegacyCipher::TwoKeyTripleDes,
            identifiers::PBE_WITH_SHA_AND_128_BIT_RC_2_CBC => LegacyCipher::Rc2With128Bits,
            identifiers::PBEWITH_SHA_AND_40_BIT_RC_2_CBC => LegacyCipher::Rc2With40Bits,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            LegacyCipher::ThreeKeyTripleDes => "pbeWithSHAAnd3-KeyTripleDES-CBC",
            LegacyCipher::TwoKeyTripleDes => "pbeWithSHAAnd2-KeyTripleDES-CBC",
            LegacyCipher::Rc2With128Bits => "pbeWithSHAAnd128BitRC2-CBC",
            LegacyCipher::Rc2With40Bits => "pbeWithSHAAnd40BitRC2-CBC",
        }
    }

    fn key_length(self) -> usize {
        match self {
            LegacyCipher::ThreeKeyTripleDes => 24,
            LegacyCipher::TwoKeyTripleDes | LegacyCipher::Rc2With128Bits => 16,
            LegacyCipher::Rc2With40Bits => 5,
        }
    }

    fn decrypt(self, key: &[u8], iv: &[u8], encrypted: &[u8]) -> Result<Secret, Error> {
        match self {
            LegacyCipher::ThreeKeyTripleDes => {
                cbc(TdesEde3::new_from_slice(key).ok(), iv, encrypted)
            }
            LegacyCipher::TwoKeyTripleDes => cbc(TdesEde2::new_from_slice(key).ok(), iv, encrypted),
            LegacyCipher::Rc2With128Bits => {
                cbc(Some(Rc2::new_with_eff_key_len(key, 128)), iv, encrypted)
            }
            LegacyCipher::Rc2With40Bits => {
                cbc(Some(Rc2::new_with_eff_key_len(key, 40)), iv, encrypted)
            }
        }
    }
}

fn cbc<C: BlockCipherDecrypt>(
    cipher: Option<C>,
    iv: &[u8],
    encrypted: &[u8],
) -> Result<Secret, Error> {
    let decryptor = cipher.and_then(|cipher| Decryptor::inner_iv_slice_init(cipher, iv).ok());
    let mut buffer = Zeroizing::new(encrypted.to_vec());
    let length = decryptor
        .and_then(|decryptor| {
            decryptor
                .decrypt_padded::<Pkcs7>(&mut buffer)
                .ok()
                .map(<[u8]>::len)
        })
        .ok_or(Error::WrongPassword)?;
    buffer.truncate(length);
    Ok(Secret::new(std::mem::take(&mut *buffer)))
}
