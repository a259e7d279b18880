//! RSASSA-PSS (RFC 8017 section 8.1) with whatever its parameters allow (RFC 4055 section 3.1).
//!
//! Verification is written out here, because `rsa` has no mask generation with another digest than
//! the message's, as RFC 4055 allows, and none with SHAKE, as RFC 8702 has it.

use der::asn1::AnyRef;
use der::referenced::OwnedToRef;
use der::{Any, Sequence};
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, hazmat};
use spki::{AlgorithmIdentifierOwned, AlgorithmIdentifierRef};

use crate::asn1::oid;
use crate::crypto::digest::{shake128, shake256};
use crate::crypto::{DigestAlgorithm, Error};

/// The digest, the mask generation and the length of the salt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PssParameters {
    hash: DigestAlgorithm,
    mask_generation: MaskGeneration,
    salt_length: usize,
}

/// How a mask is made of a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MaskGeneration {
    /// MGF1 (RFC 8017 appendix B.2.1) with a digest.
    Mgf1(DigestAlgorithm),
    /// The output of SHAKE128 (RFC 8702 section 3.2.1).
    Shake128,
    /// The output of SHAKE256.
    Shake256,
}

/// `RSASSA-PSS-params` (RFC 4055 section 3.1), whose defaults are SHA-1 and a salt of 20.
#[derive(Sequence)]
struct RsassaPssParams {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    hash_algorithm: Option<AlgorithmIdentifierOwned>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    mask_gen_algorithm: Option<AlgorithmIdentifierOwned>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", optional = "true")]
    salt_length: Option<u32>,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", optional = "true")]
    trailer_field: Option<u8>,
}

impl PssParameters {
    /// A digest, also in MGF1, and a salt as long as the digest: what RFC 4056 section 3
    /// recommends, and gpgsm demands.
    pub fn for_digest(digest: DigestAlgorithm) -> Self {
        PssParameters {
            hash: digest,
            mask_generation: match digest {
                // RFC 8702 section 3.2.1: a SHAKE makes its own masks.
                DigestAlgorithm::Shake128 => MaskGeneration::Shake128,
                DigestAlgorithm::Shake256 => MaskGeneration::Shake256,
                digest => MaskGeneration::Mgf1(digest),
            },
            salt_length: digest.length(),
        }
    }

    /// The same with another length of the salt, in octets.
    pub fn with_salt_length(self, salt_length: usize) -> Self {
        PssParameters {
            salt_length,
            ..self
        }
    }

    /// The same with another mask generation.
    pub fn with_mask_generation(self, mask_generation: MaskGeneration) -> Self {
        PssParameters {
            mask_generation,
            ..self
        }
    }

    /// The digest of the message.
    pub fn digest(&self) -> DigestAlgorithm {
        self.hash
    }

    /// How masks are made.
    pub fn mask_generation(&self) -> MaskGeneration {
        self.mask_generation
    }

    /// The length of the salt in octets.
    pub fn salt_length(&self) -> usize {
        self.salt_length
    }

    /// Reads RSASSA-PSS-params.
    ///
    /// [`Error::UnsupportedAlgorithm`] names a digest or a mask generation that is not
    /// implemented; anything else that is wrong is [`Error::MalformedParameters`].
    pub(super) fn from_parameters(parameters: Option<AnyRef<'_>>) -> Result<Self, Error> {
        let malformed = || Error::malformed_parameters(&oid::ID_RSASSA_PSS);
        let parameters: RsassaPssParams = parameters
            .ok_or_else(malformed)?
            .decode_as()
            .map_err(|_| malformed())?;
        // RFC 4055 section 3.1: trailerFieldBC is the only trailer there is.
        if parameters.trailer_field.is_some_and(|trailer| trailer != 1) {
            return Err(malformed());
        }
        let hash = match &parameters.hash_algorithm {
            Some(hash) => DigestAlgorithm::from_algorithm_identifier(hash.owned_to_ref())?,
            None => DigestAlgorithm::Sha1,
        };
        let mask_generation = match &parameters.mask_gen_algorithm {
            Some(mask_generation) => mask_generation.owned_to_ref().try_into()?,
            None => MaskGeneration::Mgf1(DigestAlgorithm::Sha1),
        };
        let salt_length = parameters.salt_length.unwrap_or(20);
        Ok(PssParameters {
            hash,
            mask_generation,
            salt_length: usize::try_from(salt_length).map_err(|_| malformed())?,
        })
    }

    /// RSASSA-PSS-params with hash, mask generation and salt length explicit. The digests carry
    /// NULL, as the identifiers of RFC 4055 section 2.1 and OpenSSL's signatures do.
    pub(super) fn to_parameters(self) -> Any {
        let with_null = |digest: DigestAlgorithm| AlgorithmIdentifierOwned {
            oid: digest.oid(),
            parameters: Some(Any::null()),
        };
        let mask_generation = match self.mask_generation {
            MaskGeneration::Mgf1(digest) => AlgorithmIdentifierOwned {
                oid: oid::ID_MGF_1,
                parameters: Any::encode_from(&with_null(digest)).ok(),
            },
            MaskGeneration::Shake128 => DigestAlgorithm::Shake128.algorithm_identifier(),
            MaskGeneration::Shake256 => DigestAlgorithm::Shake256.algorithm_identifier(),
        };
        let parameters = RsassaPssParams {
            hash_algorithm: Some(with_null(self.hash)),
            mask_gen_algorithm: Some(mask_generation),
            salt_length: u32::try_from(self.salt_length).ok(),
            trailer_field: None,
        };
        Any::encode_from(&parameters).expect("a fixed structure of fewer than 100 octets")
    }

    /// Whether a key that is restricted to these parameters allows signatures with others:
    /// RFC 4055 section 3.3 has the digests equal and the salt no shorter.
    pub(super) fn allow(&self, signature: &PssParameters) -> bool {
        self.hash == signature.hash
            && self.mask_generation == signature.mask_generation
            && self.salt_length <= signature.salt_length
    }

    /// RSASSA-PSS-VERIFY (RFC 8017 section 8.1.2), for the digest of the message.
    pub(super) fn verify(
        &self,
        key: &rsa::RsaPublicKey,
        digest: &[u8],
        signature: &[u8],
    ) -> Result<(), Error> {
        // EMSA-PSS has one bit fewer than the modulus, so it may have one octet fewer.
        let bits = key.n().bits() as usize - 1;
        let encoded = recovered(key, signature, bits.div_ceil(8)).ok_or(Error::SignatureInvalid)?;
        match self.is_encoding(&encoded, bits, digest) {
            Some(true) => Ok(()),
            _ => Err(Error::SignatureInvalid),
        }
    }

    /// EMSA-PSS-VERIFY (RFC 8017 section 9.1.2), by its steps.
    fn is_encoding(&self, encoded: &[u8], bits: usize, digest: &[u8]) -> Option<bool> {
        // Steps 3 and 4.
        let masked_length = encoded.len().checked_sub(self.hash.length() + 1)?;
        let padding_length = masked_length.checked_sub(self.salt_length.checked_add(1)?)?;
        let (encoded, trailer) = encoded.split_at_checked(encoded.len() - 1)?;
        if trailer != [0xbc] || digest.len() != self.hash.length() {
            return Some(false);
        }
        // Steps 5 and 6: the bits beyond the encoding are zero.
        let (masked, hash) = encoded.split_at_checked(masked_length)?;
        let used = 0xff_u8 >> (8 * masked.len() + 8 * hash.len() + 8 - bits);
        if masked.first()? & !used != 0 {
            return Some(false);
        }
        // Steps 7 to 9.
        let mask = self.mask_generation.mask(hash, masked_length);
        let mut block: Vec<u8> = masked.iter().zip(mask).map(|(a, b)| a ^ b).collect();
        *block.first_mut()? &= used;
        // Steps 10 and 11.
        let (padding, rest) = block.split_at_checked(padding_length)?;
        let (one, salt) = rest.split_first()?;
        if padding.iter().any(|octet| *octet != 0) || *one != 1 {
            return Some(false);
        }
        // Steps 12 to 14.
        let message = [&[0; 8], digest, salt].concat();
        Some(self.hash.digest(&message) == hash)
    }
}

/// RSAVP1 (RFC 8017 section 5.2.2), as an encoding of so many octets.
fn recovered(key: &rsa::RsaPublicKey, signature: &[u8], length: usize) -> Option<Vec<u8>> {
    if signature.len() != key.size() {
        return None;
    }
    let signature = BoxedUint::from_be_slice(signature, key.n_bits_precision()).ok()?;
    if signature >= **key.n() {
        return None;
    }
    let encoded = hazmat::rsa_encrypt(key, &signature).ok()?;
    let octets = encoded.to_be_bytes();
    let (beyond, encoded) = octets.split_at_checked(octets.len().checked_sub(length)?)?;
    beyond
        .iter()
        .all(|octet| *octet == 0)
        .then(|| encoded.to_vec())
}

impl MaskGeneration {
    fn mask(self, seed: &[u8], length: usize) -> Vec<u8> {
        match self {
            MaskGeneration::Mgf1(digest) => (0_u32..)
                .flat_map(|counter| digest.digest(&[seed, &counter.to_be_bytes()].concat()))
                .take(length)
                .collect(),
            MaskGeneration::Shake128 => shake128(seed, length),
            MaskGeneration::Shake256 => shake256(seed, length),
        }
    }
}

impl TryFrom<AlgorithmIdentifierRef<'_>> for MaskGeneration {
    type Error = Error;

    fn try_from(algorithm: AlgorithmIdentifierRef<'_>) -> Result<Self, Error> {
        let malformed = || Error::malformed_parameters(&algorithm.oid);
        match (algorithm.oid, algorithm.parameters) {
            (oid::ID_MGF_1, Some(digest)) => {
                let digest = digest.decode_as().map_err(|_| malformed())?;
                DigestAlgorithm::from_algorithm_identifier(digest).map(MaskGeneration::Mgf1)
            }
            (oid::ID_SHAKE_128, None) => Ok(MaskGeneration::Shake128),
            (oid::ID_SHAKE_256, None) => Ok(MaskGeneration::Shake256),
            (oid::ID_MGF_1 | oid::ID_SHAKE_128 | oid::ID_SHAKE_256, _) => Err(malformed()),
            (other, _) => Err(Error::unsupported(&other)),
        }
    }
}
