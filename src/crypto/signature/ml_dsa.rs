//! ML-DSA keys (FIPS 204), in the encodings of RFC 9881.
//!
//! Signatures are pure, with an empty context, as RFC 9882 section 3 has them in CMS.

use ml_dsa::signature::{Signer, Verifier};
use ml_dsa::{EncodedVerifyingKey, ExpandedSigningKey, MlDsaParams, Signature, VerifyingKey};
use ml_dsa::{MlDsa44, MlDsa65, MlDsa87};
use rand::rngs::SysRng;
use zeroize::Zeroizing;

use super::seed_or_expanded::SeedOrExpanded;
use crate::asn1::oid::{self, ObjectIdentifier};
use crate::crypto::Error;

/// A parameter set of FIPS 204 section 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MlDsaParameterSet {
    /// ML-DSA-44, as hard as a collision of SHA-256.
    MlDsa44,
    /// ML-DSA-65, as hard as AES-192.
    MlDsa65,
    /// ML-DSA-87, as hard as AES-256.
    MlDsa87,
}

impl MlDsaParameterSet {
    pub(super) const ALL: [MlDsaParameterSet; 3] = [
        MlDsaParameterSet::MlDsa44,
        MlDsaParameterSet::MlDsa65,
        MlDsaParameterSet::MlDsa87,
    ];

    /// The object identifier of keys and signatures alike (RFC 9881 section 2).
    pub fn oid(self) -> ObjectIdentifier {
        match self {
            MlDsaParameterSet::MlDsa44 => oid::ID_ML_DSA_44,
            MlDsaParameterSet::MlDsa65 => oid::ID_ML_DSA_65,
            MlDsaParameterSet::MlDsa87 => oid::ID_ML_DSA_87,
        }
    }

    /// Its name: `ML-DSA-65`.
    pub fn name(self) -> &'static str {
        match self {
            MlDsaParameterSet::MlDsa44 => "ML-DSA-44",
            MlDsaParameterSet::MlDsa65 => "ML-DSA-65",
            MlDsaParameterSet::MlDsa87 => "ML-DSA-87",
        }
    }

    /// FIPS 204 table 2: the octets of a public key.
    fn public_key_length(self) -> usize {
        match self {
            MlDsaParameterSet::MlDsa44 => 1312,
            MlDsaParameterSet::MlDsa65 => 1952,
            MlDsaParameterSet::MlDsa87 => 2592,
        }
    }
}

/// An ML-DSA public key. Each octet string of the right length is one (FIPS 204 algorithm 23).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MlDsaPublicKey {
    parameter_set: MlDsaParameterSet,
    octets: Vec<u8>,
}

impl MlDsaPublicKey {
    pub(super) fn from_octets(
        parameter_set: MlDsaParameterSet,
        octets: &[u8],
    ) -> Result<Self, Error> {
        if octets.len() != parameter_set.public_key_length() {
            return Err(Error::MalformedPublicKey {
                algorithm: parameter_set.name(),
            });
        }
        Ok(MlDsaPublicKey {
            parameter_set,
            octets: octets.to_vec(),
        })
    }

    /// The parameter set.
    pub fn parameter_set(&self) -> MlDsaParameterSet {
        self.parameter_set
    }

    /// The octets of FIPS 204 algorithm 22.
    pub fn as_octets(&self) -> &[u8] {
        &self.octets
    }

    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        match self.parameter_set {
            MlDsaParameterSet::MlDsa44 => verify::<MlDsa44>(&self.octets, message, signature),
            MlDsaParameterSet::MlDsa65 => verify::<MlDsa65>(&self.octets, message, signature),
            MlDsaParameterSet::MlDsa87 => verify::<MlDsa87>(&self.octets, message, signature),
        }
        .ok_or(Error::SignatureInvalid)
    }
}

fn verify<P: MlDsaParams>(key: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
    let key = VerifyingKey::<P>::decode(&EncodedVerifyingKey::<P>::try_from(key).ok()?);
    let signature = Signature::<P>::try_from(signature).ok()?;
    key.verify(message, &signature).ok()
}

/// An ML-DSA private key in its expanded form, which wipes itself. Large, hence boxed.
pub(super) enum MlDsaPrivateKey {
    MlDsa44(Box<ExpandedSigningKey<MlDsa44>>),
    MlDsa65(Box<ExpandedSigningKey<MlDsa65>>),
    MlDsa87(Box<ExpandedSigningKey<MlDsa87>>),
}

impl MlDsaPrivateKey {
    /// Reads the privateKey of RFC 9881 section 6 in any of its three forms.
    pub(super) fn from_der(parameter_set: MlDsaParameterSet, key: &[u8]) -> Result<Self, Error> {
        let key = SeedOrExpanded::from_der(key);
        match parameter_set {
            MlDsaParameterSet::MlDsa44 => key.and_then(read).map(MlDsaPrivateKey::MlDsa44),
            MlDsaParameterSet::MlDsa65 => key.and_then(read).map(MlDsaPrivateKey::MlDsa65),
            MlDsaParameterSet::MlDsa87 => key.and_then(read).map(MlDsaPrivateKey::MlDsa87),
        }
        .ok_or(Error::MalformedPrivateKey {
            algorithm: parameter_set.name(),
        })
    }

    pub(super) fn public_key(&self) -> MlDsaPublicKey {
        let (parameter_set, octets) = match self {
            MlDsaPrivateKey::MlDsa44(key) => (
                MlDsaParameterSet::MlDsa44,
                key.verifying_key().encode().to_vec(),
            ),
            MlDsaPrivateKey::MlDsa65(key) => (
                MlDsaParameterSet::MlDsa65,
                key.verifying_key().encode().to_vec(),
            ),
            MlDsaPrivateKey::MlDsa87(key) => (
                MlDsaParameterSet::MlDsa87,
                key.verifying_key().encode().to_vec(),
            ),
        };
        MlDsaPublicKey {
            parameter_set,
            octets,
        }
    }

    /// The hedged variant, which FIPS 204 section 3.4 prefers.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        match self {
            MlDsaPrivateKey::MlDsa44(key) => sign(key, message),
            MlDsaPrivateKey::MlDsa65(key) => sign(key, message),
            MlDsaPrivateKey::MlDsa87(key) => sign(key, message),
        }
    }
}

fn sign<P: MlDsaParams>(key: &ExpandedSigningKey<P>, message: &[u8]) -> Result<Vec<u8>, Error> {
    key.sign_randomized(message, &[], &mut SysRng)
        .map(|signature| signature.encode().to_vec())
        .map_err(|_| Error::SigningFailed)
}

fn read<P: MlDsaParams>(key: SeedOrExpanded<'_>) -> Option<Box<ExpandedSigningKey<P>>> {
    match (key.seed, key.expanded) {
        (Some(seed), expanded) => {
            let seed = Zeroizing::new(ml_dsa::Seed::try_from(seed).ok()?);
            let key = Box::new(ExpandedSigningKey::<P>::from_seed(&seed));
            // RFC 9881 section 8.2: a private key whose two forms disagree is to be rejected.
            match expanded {
                Some(expanded) if *encode(&key) != *expanded => None,
                _ => Some(key),
            }
        }
        (None, Some(expanded)) => expand(expanded),
        (None, None) => None,
    }
}

#[expect(
    deprecated,
    reason = "seeds are preferred, but RFC 9881 allows expanded keys alone"
)]
fn encode<P: MlDsaParams>(key: &ExpandedSigningKey<P>) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(key.to_expanded().to_vec())
}

/// A key that comes in its expanded form alone.
#[expect(
    deprecated,
    reason = "seeds are preferred, but RFC 9881 allows expanded keys alone"
)]
fn expand<P: MlDsaParams>(expanded: &[u8]) -> Option<Box<ExpandedSigningKey<P>>> {
    let octets = Zeroizing::new(ml_dsa::ExpandedSigningKeyBytes::<P>::try_from(expanded).ok()?);
    if !has_short_vectors(expanded) {
        return None;
    }
    let key = Box::new(ExpandedSigningKey::<P>::from_expanded(&octets));
    // The parts of the key are redundant: only when they belong together does its public key
    // accept what it signs.
    let message = b"mailseal key check";
    let signature = key.try_sign(message).ok()?;
    key.verifying_key().verify(message, &signature).ok()?;
    Some(key)
}

/// FIPS 204 algorithm 25 trusts its input: coefficients of s1 and s2 beyond eta, which the packing
/// has room for, must be kept from it.
fn has_short_vectors(expanded: &[u8]) -> bool {
    // FIPS 204 table 1 and algorithm 24: rho, K and tr are 128 octets; then l + k polynomials of
    // 256 coefficients, in 3 bits up to 4 (eta = 2) or in 4 bits up to 8 (eta = 4).
    let (polynomials, bits, maximum) = match expanded.len() {
        2560 => (4 + 4, 3, 4),
        4032 => (5 + 6, 4, 8),
        4896 => (7 + 8, 3, 4),
        _ => return false,
    };
    let Some(packed) = expanded.get(128..128 + polynomials * 32 * bits) else {
        return false;
    };
    // Eight coefficients fill `bits` octets, the first in the least significant bits.
    packed.chunks(bits).all(|octets| {
        let packed = octets
            .iter()
            .rev()
            .fold(0_u32, |sum, octet| sum << 8 | u32::from(*octet));
        (0..8).all(|i| (packed >> (i * bits)) & ((1 << bits) - 1) <= maximum)
    })
}
