//! ML-KEM keys (FIPS 203), in the encodings of RFC 9935.

#[expect(deprecated, reason = "RFC 9935 allows expanded keys")]
use ml_kem::ExpandedKeyEncoding;
use ml_kem::kem::{Decapsulate, KeyExport};
use ml_kem::{
    DecapsulationKey512, DecapsulationKey768, DecapsulationKey1024, EncapsulationKey512,
    EncapsulationKey768, EncapsulationKey1024,
};
use rand::rngs::SysRng;
use zeroize::Zeroizing;

use super::seed_or_expanded::SeedOrExpanded;
use crate::asn1::oid::{self, ObjectIdentifier};
use crate::crypto::Error;

/// A parameter set of FIPS 203 section 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MlKemParameterSet {
    /// ML-KEM-512, as hard as AES-128.
    MlKem512,
    /// ML-KEM-768, as hard as AES-192.
    MlKem768,
    /// ML-KEM-1024, as hard as AES-256.
    MlKem1024,
}

impl MlKemParameterSet {
    /// All of them, the weakest first.
    pub const ALL: [MlKemParameterSet; 3] = [
        MlKemParameterSet::MlKem512,
        MlKemParameterSet::MlKem768,
        MlKemParameterSet::MlKem1024,
    ];

    /// The object identifier of keys and of the mechanism alike (RFC 9935 section 3).
    pub fn oid(self) -> ObjectIdentifier {
        match self {
            MlKemParameterSet::MlKem512 => oid::ID_ALG_ML_KEM_512,
            MlKemParameterSet::MlKem768 => oid::ID_ALG_ML_KEM_768,
            MlKemParameterSet::MlKem1024 => oid::ID_ALG_ML_KEM_1024,
        }
    }

    /// Its name: `ML-KEM-768`.
    pub fn name(self) -> &'static str {
        match self {
            MlKemParameterSet::MlKem512 => "ML-KEM-512",
            MlKemParameterSet::MlKem768 => "ML-KEM-768",
            MlKemParameterSet::MlKem1024 => "ML-KEM-1024",
        }
    }
}

/// An ML-KEM encapsulation key that has passed the check of FIPS 203 section 7.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MlKemPublicKey(EncapsulationKey);

#[derive(Clone, Debug, PartialEq, Eq)]
enum EncapsulationKey {
    MlKem512(EncapsulationKey512),
    MlKem768(EncapsulationKey768),
    MlKem1024(EncapsulationKey1024),
}

/// The three parameter sets have three types, and the same is done with each.
macro_rules! on_each_set {
    ($kind:ident, $value:expr, $key:ident => $result:expr) => {
        match $value {
            $kind::MlKem512($key) => $result,
            $kind::MlKem768($key) => $result,
            $kind::MlKem1024($key) => $result,
        }
    };
}

impl MlKemPublicKey {
    pub(super) fn from_octets(
        parameter_set: MlKemParameterSet,
        octets: &[u8],
    ) -> Result<Self, Error> {
        match parameter_set {
            MlKemParameterSet::MlKem512 => octets
                .try_into()
                .ok()
                .and_then(|octets| EncapsulationKey512::new(octets).ok())
                .map(EncapsulationKey::MlKem512),
            MlKemParameterSet::MlKem768 => octets
                .try_into()
                .ok()
                .and_then(|octets| EncapsulationKey768::new(octets).ok())
                .map(EncapsulationKey::MlKem768),
            MlKemParameterSet::MlKem1024 => octets
                .try_into()
                .ok()
                .and_then(|octets| EncapsulationKey1024::new(octets).ok())
                .map(EncapsulationKey::MlKem1024),
        }
        .map(MlKemPublicKey)
        .ok_or(Error::MalformedPublicKey {
            algorithm: parameter_set.name(),
        })
    }

    /// The parameter set.
    pub fn parameter_set(&self) -> MlKemParameterSet {
        match self.0 {
            EncapsulationKey::MlKem512(_) => MlKemParameterSet::MlKem512,
            EncapsulationKey::MlKem768(_) => MlKemParameterSet::MlKem768,
            EncapsulationKey::MlKem1024(_) => MlKemParameterSet::MlKem1024,
        }
    }

    /// The octets of FIPS 203 algorithm 19.
    pub fn to_octets(&self) -> Vec<u8> {
        on_each_set!(EncapsulationKey, &self.0, key => key.to_bytes().to_vec())
    }

    /// ML-KEM.Encaps (FIPS 203 section 7.2): a ciphertext, and the shared secret of 32 octets.
    pub(in crate::crypto) fn encapsulate(&self) -> Result<(Vec<u8>, Zeroizing<Vec<u8>>), Error> {
        on_each_set!(EncapsulationKey, &self.0, key => {
            let mut randomness = Zeroizing::new([0; 32]);
            rand::TryRng::try_fill_bytes(&mut SysRng, randomness.as_mut_slice())
                .map_err(Error::Random)?;
            let (ciphertext, secret) = key.encapsulate_deterministic(&(*randomness).into());
            Ok((ciphertext.to_vec(), Zeroizing::new(secret.to_vec())))
        })
    }
}

/// An ML-KEM decapsulation key, which wipes itself. Large, hence boxed.
pub(super) enum MlKemPrivateKey {
    MlKem512(Box<DecapsulationKey512>),
    MlKem768(Box<DecapsulationKey768>),
    MlKem1024(Box<DecapsulationKey1024>),
}

impl MlKemPrivateKey {
    /// Reads the privateKey of RFC 9935 section 6 in any of its three forms.
    pub(super) fn from_der(parameter_set: MlKemParameterSet, key: &[u8]) -> Result<Self, Error> {
        let key = SeedOrExpanded::from_der(key);
        let has_seed = key.is_some_and(|key| key.seed.is_some());
        match parameter_set {
            MlKemParameterSet::MlKem512 => key.and_then(read).map(MlKemPrivateKey::MlKem512),
            MlKemParameterSet::MlKem768 => key.and_then(read).map(MlKemPrivateKey::MlKem768),
            MlKemParameterSet::MlKem1024 => key.and_then(read).map(MlKemPrivateKey::MlKem1024),
        }
        .filter(|it| has_seed || it.opens_what_its_public_key_closes())
        .ok_or(Error::MalformedPrivateKey {
            algorithm: parameter_set.name(),
        })
    }

    /// The pair-wise consistency test of FIPS 203 section 7.1: a key that is expanded already
    /// brings its public half along, which may be another's.
    fn opens_what_its_public_key_closes(&self) -> bool {
        self.public_key()
            .encapsulate()
            .and_then(|(ciphertext, secret)| Ok(self.decapsulate(&ciphertext)? == secret))
            .unwrap_or(false)
    }

    pub(super) fn public_key(&self) -> MlKemPublicKey {
        MlKemPublicKey(match self {
            MlKemPrivateKey::MlKem512(key) => {
                EncapsulationKey::MlKem512(key.encapsulation_key().clone())
            }
            MlKemPrivateKey::MlKem768(key) => {
                EncapsulationKey::MlKem768(key.encapsulation_key().clone())
            }
            MlKemPrivateKey::MlKem1024(key) => {
                EncapsulationKey::MlKem1024(key.encapsulation_key().clone())
            }
        })
    }

    /// ML-KEM.Decaps (FIPS 203 section 7.3). A ciphertext of the right length always gives a
    /// secret: for one that was not made with this key, a secret that nobody knows.
    pub(super) fn decapsulate(&self, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        on_each_set!(MlKemPrivateKey, self, key => key
            .decapsulate_slice(ciphertext)
            .map(|secret| Zeroizing::new(secret.to_vec()))
            .map_err(|_| Error::DecryptionFailed))
    }
}

#[expect(deprecated, reason = "RFC 9935 allows expanded keys")]
fn read<K>(key: SeedOrExpanded<'_>) -> Option<Box<K>>
where
    K: ExpandedKeyEncoding + From<ml_kem::Seed> + PartialEq,
{
    let seed = key
        .seed
        .map(|seed| ml_kem::Seed::try_from(seed).map(K::from));
    let expanded = key
        .expanded
        .map(|expanded| K::from_expanded_bytes(expanded.try_into().ok()?).ok());
    match (seed, expanded) {
        (Some(Ok(key)), None) | (None, Some(Some(key))) => Some(Box::new(key)),
        // RFC 9935 section 8: a private key whose two forms disagree is to be rejected.
        (Some(Ok(key)), Some(Some(expanded))) if key == expanded => Some(Box::new(key)),
        _ => None,
    }
}
