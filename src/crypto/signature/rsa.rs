//! RSA keys: the public numbers and what they may be.

use rsa::pkcs1::{EncodeRsaPublicKey, RsaPublicKeyRef};
use rsa::traits::PublicKeyParts;

use crate::crypto::Error;

/// An RSA public key: 1024 to 8192 bits, the exponent odd, from 3 to 2^33.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RsaPublicKey(rsa::RsaPublicKey);

impl RsaPublicKey {
    /// The least modulus that can be read: RFC 8551 section 4.3 asks verifiers for 2048 bits
    /// and more; old mail has 1024, and what that is worth is for the caller to say.
    pub const MINIMUM_BITS: usize = 1024;
    /// The least modulus that makes signatures or encrypts: RFC 8551 sections 4.2 and 4.4.
    pub const MINIMUM_BITS_FOR_GENERATION: usize = 2048;
    /// The largest modulus: past this a stranger's key would only cost time.
    pub const MAXIMUM_BITS: usize = 8192;

    pub(super) fn from_pkcs1(key: &RsaPublicKeyRef<'_>) -> Result<Self, Error> {
        check_rsa_numbers(key.modulus.as_bytes(), key.public_exponent.as_bytes())?;
        rsa::RsaPublicKey::try_from(*key)
            .map(RsaPublicKey)
            .map_err(|_| Error::MalformedPublicKey { algorithm: "RSA" })
    }

    pub(super) fn new(key: rsa::RsaPublicKey) -> Self {
        RsaPublicKey(key)
    }

    /// RSAPublicKey (RFC 8017 appendix A.1.1) in DER.
    pub(super) fn to_pkcs1(&self) -> Result<Vec<u8>, Error> {
        self.0
            .to_pkcs1_der()
            .map(der::Document::into_vec)
            .map_err(|_| Error::MalformedPublicKey { algorithm: "RSA" })
    }

    /// The length of the modulus in bits.
    pub fn bits(&self) -> usize {
        bit_length(&self.0.n_bytes())
    }

    /// RFC 8551 sections 4.2 and 4.4: signatures and encryption with a key of fewer than 2048
    /// bits MUST NOT be generated.
    pub(in crate::crypto) fn require_size_for_generation(&self) -> Result<(), Error> {
        require_size(self.bits(), Self::MINIMUM_BITS_FOR_GENERATION)
    }

    pub(in crate::crypto) fn inner(&self) -> &rsa::RsaPublicKey {
        &self.0
    }
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
