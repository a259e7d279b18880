//! RSA keys: the public numbers and what they may be.

use std::sync::OnceLock;

use der::asn1::{AnyRef, UintRef};
use der::{Decode, Encode};
use rsa::pkcs1::RsaPublicKeyRef;
use rsa::traits::PublicKeyParts;

use super::PssParameters;
use crate::crypto::Error;

/// An RSA public key: 1024 to 8192 bits, the exponent odd, from 3 to 2^33.
///
/// Two keys are equal when their numbers are, whatever they are restricted to: the certificate may
/// say that a key is for PSS, and the file with the private key not.
#[derive(Clone, Debug)]
pub struct RsaPublicKey {
    /// Big-endian, without zeros in front.
    modulus: Box<[u8]>,
    /// Likewise.
    exponent: Box<[u8]>,
    /// Made when RustCrypto is to compute with it, since that prepares much for it: where graviola
    /// verifies, nobody needs it. None if RustCrypto does not take the numbers.
    key: OnceLock<Option<rsa::RsaPublicKey>>,
    restriction: Restriction,
}

/// RFC 4055 section 1.2: what the algorithm of a key says about its use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Restriction {
    /// rsaEncryption: any.
    None,
    /// id-RSASSA-PSS, and maybe with parameters.
    Pss(Option<PssParameters>),
}

impl Restriction {
    /// RFC 4055 section 3.1: the parameters of a key may be absent, and then any will do.
    pub(super) fn to_pss(parameters: Option<AnyRef<'_>>) -> Result<Self, Error> {
        match parameters {
            None => Ok(Restriction::Pss(None)),
            parameters => {
                PssParameters::from_parameters(parameters).map(|it| Restriction::Pss(Some(it)))
            }
        }
    }
}

impl PartialEq for RsaPublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.modulus == other.modulus && self.exponent == other.exponent
    }
}

impl Eq for RsaPublicKey {}

impl RsaPublicKey {
    /// The least modulus that can be read: RFC 8551 section 4.3 asks verifiers for 2048 bits
    /// and more; old mail has 1024, and what that is worth is for the caller to say.
    pub const MINIMUM_BITS: usize = 1024;
    /// The least modulus that makes signatures or encrypts: RFC 8551 sections 4.2 and 4.4.
    pub const MINIMUM_BITS_FOR_GENERATION: usize = 2048;
    /// The largest modulus: past this a stranger's key would only cost time.
    pub const MAXIMUM_BITS: usize = 8192;

    /// Reads an RSAPublicKey (RFC 8017 appendix A.1.1) in DER.
    pub(super) fn from_pkcs1(key: &[u8], restriction: Restriction) -> Result<Self, Error> {
        let malformed = || Error::MalformedPublicKey { algorithm: "RSA" };
        let key = RsaPublicKeyRef::from_der(key).map_err(|_| malformed())?;
        let (modulus, exponent) = (key.modulus.as_bytes(), key.public_exponent.as_bytes());
        check_rsa_numbers(modulus, exponent)?;
        // No product of two odd primes is even.
        if modulus.last().is_none_or(|octet| octet & 1 == 0) {
            return Err(malformed());
        }
        Ok(RsaPublicKey {
            modulus: modulus.into(),
            exponent: exponent.into(),
            key: OnceLock::new(),
            restriction,
        })
    }

    pub(super) fn new(key: rsa::RsaPublicKey, restriction: Restriction) -> Self {
        RsaPublicKey {
            modulus: without_zeros(&key.n_bytes()).into(),
            exponent: without_zeros(&key.e_bytes()).into(),
            key: OnceLock::from(Some(key)),
            restriction,
        }
    }

    /// Whether the key is only for RSASSA-PSS (RFC 4055 section 1.2).
    pub fn is_restricted_to_pss(&self) -> bool {
        self.restriction != Restriction::None
    }

    /// The parameters that the key is restricted to, if it is restricted to any.
    pub fn required_pss_parameters(&self) -> Option<PssParameters> {
        match self.restriction {
            Restriction::None | Restriction::Pss(None) => None,
            Restriction::Pss(parameters) => parameters,
        }
    }

    /// RFC 4055 section 1.2: whether signatures with these parameters can be this key's.
    pub(super) fn allows_pss(&self, parameters: &PssParameters) -> bool {
        self.required_pss_parameters()
            .is_none_or(|required| required.allow(parameters))
    }

    /// RSAPublicKey (RFC 8017 appendix A.1.1) in DER.
    pub(super) fn to_pkcs1(&self) -> Result<Vec<u8>, Error> {
        let malformed = |_| Error::MalformedPublicKey { algorithm: "RSA" };
        self.numbers()
            .and_then(|numbers| numbers.to_der())
            .map_err(malformed)
    }

    fn numbers(&self) -> der::Result<RsaPublicKeyRef<'_>> {
        Ok(RsaPublicKeyRef {
            modulus: UintRef::new(&self.modulus)?,
            public_exponent: UintRef::new(&self.exponent)?,
        })
    }

    /// The length of the modulus in bits.
    pub fn bits(&self) -> usize {
        bit_length(&self.modulus)
    }

    /// RFC 8551 sections 4.2 and 4.4: signatures and encryption with a key of fewer than 2048
    /// bits MUST NOT be generated.
    pub(in crate::crypto) fn require_size_for_generation(&self) -> Result<(), Error> {
        require_size(self.bits(), Self::MINIMUM_BITS_FOR_GENERATION)
    }

    /// The key for RustCrypto to compute with.
    pub(in crate::crypto) fn inner(&self) -> Result<&rsa::RsaPublicKey, Error> {
        let key = self.key.get_or_init(|| {
            let numbers = self.numbers().ok()?;
            rsa::RsaPublicKey::try_from(numbers).ok()
        });
        key.as_ref()
            .ok_or(Error::MalformedPublicKey { algorithm: "RSA" })
    }
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let first = number.iter().position(|octet| *octet != 0);
    &number[first.unwrap_or(number.len())..]
}

/// Judges the public numbers of a key before any arithmetic is done with them: a long modulus or
/// exponent would cost more than a stranger may ask for.
pub(super) fn check_rsa_numbers(modulus: &[u8], exponent: &[u8]) -> Result<(), Error> {
    require_size(bit_length(modulus), RsaPublicKey::MINIMUM_BITS)?;
    let bits = bit_length(exponent);
    let odd = exponent.last().is_some_and(|octet| octet & 1 == 1);
    if !(2..=33).contains(&bits) || !odd {
        return Err(Error::RsaPublicExponent { bits });
    }
    Ok(())
}

fn require_size(bits: usize, minimum: usize) -> Result<(), Error> {
    let maximum = RsaPublicKey::MAXIMUM_BITS;
    if (minimum..=maximum).contains(&bits) {
        Ok(())
    } else {
        Err(Error::RsaKeySize {
            bits,
            minimum,
            maximum,
        })
    }
}

/// The length in bits of an unsigned number in big-endian octets.
pub(super) fn bit_length(number: &[u8]) -> usize {
    match number.iter().position(|octet| *octet != 0) {
        Some(first) => (number.len() - first) * 8 - number[first].leading_zeros() as usize,
        None => 0,
    }
}
