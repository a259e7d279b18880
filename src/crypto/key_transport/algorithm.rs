//! The keyEncryptionAlgorithm of a KeyTransRecipientInfo, and the way back from its EncryptedKey.

use der::asn1::{Any, AnyRef};
use der::referenced::OwnedToRef;
use der::{Tag, Tagged};
use rsa::pkcs1::RsaOaepParams;
use rsa::{Oaep, Pkcs1v15Encrypt};
use sha2::digest::{Digest, FixedOutputReset};
use sha2::{Sha256, Sha384, Sha512};
use spki::AlgorithmIdentifierRef;
use subtle::{ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

use crate::asn1::oid;
use crate::crypto::{ContentCipher, ContentEncryptionKey, DigestAlgorithm, Error, PrivateKey};

/// A key transport as a message names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyTransportAlgorithm {
    /// RSAES-PKCS1-v1_5.
    Pkcs1v15,
    /// RSAES-OAEP.
    Oaep(OaepParameters),
}

/// RSAES-OAEP-params (RFC 4055 section 4.1), which the sender chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OaepParameters {
    hash: DigestAlgorithm,
    mask_generation: DigestAlgorithm,
    label: Vec<u8>,
}

impl KeyTransportAlgorithm {
    /// Reads a KeyEncryptionAlgorithmIdentifier.
    ///
    /// [`Error::UnsupportedAlgorithm`] names another algorithm, or what OAEP is asked to use;
    /// [`Error::MalformedParameters`] says that the parameters are not those of the algorithm.
    pub fn from_algorithm_identifier(algorithm: AlgorithmIdentifierRef<'_>) -> Result<Self, Error> {
        match algorithm.oid {
            // RFC 3370 section 4.2.1: the parameters MUST be NULL, which some leave out.
            oid::RSA_ENCRYPTION => {
                if algorithm.parameters.is_none_or(|it| it == AnyRef::NULL) {
                    Ok(KeyTransportAlgorithm::Pkcs1v15)
                } else {
                    Err(Error::malformed_parameters(&algorithm.oid))
                }
            }
            oid::ID_RSAES_OAEP => OaepParameters::from_parameters(algorithm.parameters)
                .map(KeyTransportAlgorithm::Oaep),
            other => Err(Error::unsupported(&other)),
        }
    }

    /// The content-encryption key for `cipher` in an EncryptedKey of a message.
    ///
    /// [`Error::KeyMismatch`] for a key that is not RSA. OAEP answers everything else that is
    /// wrong with [`Error::DecryptionFailed`]. PKCS #1 v1.5 never says that anything is wrong,
    /// not even to its caller: a padding that is broken, a key of another length, an encrypted
    /// key of another length than the modulus all give a key that nobody knows, after the same
    /// work (RFC 3218 section 2.3.2), and the content does not decrypt with it. It is the same
    /// key each time the same message comes, so that repeating one tells nothing either.
    pub fn decrypt(
        &self,
        recipient: &PrivateKey,
        encrypted_key: &[u8],
        cipher: ContentCipher,
    ) -> Result<ContentEncryptionKey, Error> {
        let key = match self {
            KeyTransportAlgorithm::Pkcs1v15 => pkcs1v15(recipient, encrypted_key, cipher)?,
            KeyTransportAlgorithm::Oaep(parameters) => {
                parameters.decrypt(recipient, encrypted_key)?
            }
        };
        ContentEncryptionKey::received(cipher, key)
    }

    /// Its name in errors and reports.
    pub fn name(&self) -> &'static str {
        match self {
            KeyTransportAlgorithm::Pkcs1v15 => "RSAES-PKCS1-v1_5",
            KeyTransportAlgorithm::Oaep(_) => "RSAES-OAEP",
        }
    }
}

/// Decrypts with `rsa`, which answers a wrong padding with a message made up from the private key
/// and the ciphertext (draft-irtf-cfrg-rsa-guidance section 7.2). The length of that message is
/// made up too; the draft lets it be known, because nobody can tell it from a real one.
fn pkcs1v15(
    recipient: &PrivateKey,
    encrypted_key: &[u8],
    cipher: ContentCipher,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let rejection = recipient.rejection_secret(encrypted_key)?;
    // An error is about the ciphertext alone, which anyone can see is too short or too large, or
    // a fault in the arithmetic: an empty message goes the way of all others.
    let message = recipient
        .decrypt_rsa(Pkcs1v15Encrypt, encrypted_key)
        .unwrap_or_default();
    let mut key = Zeroizing::new(rejection[..cipher.key_length()].to_vec());
    let right_length = message.len().ct_eq(&cipher.key_length());
    for (octet, received) in key.iter_mut().zip(message.iter()) {
        octet.conditional_assign(received, right_length);
    }
    Ok(key)
}

impl OaepParameters {
    fn from_parameters(parameters: Option<AnyRef<'_>>) -> Result<Self, Error> {
        let malformed = || Error::malformed_parameters(&oid::ID_RSAES_OAEP);
        // RFC 4055 section 4.1: whatever is left out is SHA-1, MGF1 with SHA-1 or the empty
        // label. The parameters MUST be there; without them everything is left out.
        let parameters: RsaOaepParams<Any> = match parameters {
            Some(parameters) => parameters.decode_as().map_err(|_| malformed())?,
            None => RsaOaepParams::default(),
        };
        let mask_generation = parameters.mask_gen;
        if mask_generation.oid != oid::ID_MGF_1 {
            return Err(unsupported(&oid::name(&mask_generation.oid), "RSAES-OAEP"));
        }
        let label = parameters.p_source;
        if label.oid != oid::ID_P_SPECIFIED {
            return Err(unsupported(&oid::name(&label.oid), "RSAES-OAEP"));
        }
        Ok(OaepParameters {
            hash: digest(parameters.hash.owned_to_ref(), "RSAES-OAEP")?,
            mask_generation: digest(
                mask_generation
                    .parameters
                    .ok_or_else(malformed)?
                    .owned_to_ref(),
                "the MGF1 of RSAES-OAEP",
            )?,
            label: label
                .parameters
                .filter(|label| label.tag() == Tag::OctetString)
                .ok_or_else(malformed)?
                .value()
                .to_vec(),
        })
    }

    fn decrypt(&self, key: &PrivateKey, encrypted: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        match self.hash {
            DigestAlgorithm::Sha256 => self.decrypt_hashed::<Sha256>(key, encrypted),
            DigestAlgorithm::Sha384 => self.decrypt_hashed::<Sha384>(key, encrypted),
            DigestAlgorithm::Sha512 => self.decrypt_hashed::<Sha512>(key, encrypted),
        }
    }

    fn decrypt_hashed<D: Digest + FixedOutputReset>(
        &self,
        key: &PrivateKey,
        encrypted: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        match self.mask_generation {
            DigestAlgorithm::Sha256 => key.decrypt_rsa(self.scheme::<D, Sha256>(), encrypted),
            DigestAlgorithm::Sha384 => key.decrypt_rsa(self.scheme::<D, Sha384>(), encrypted),
            DigestAlgorithm::Sha512 => key.decrypt_rsa(self.scheme::<D, Sha512>(), encrypted),
        }
    }

    fn scheme<D, M>(&self) -> Oaep<D, M>
    where
        D: Digest + FixedOutputReset,
        M: Digest + FixedOutputReset,
    {
        Oaep::new_with_mgf_hash_and_label(self.label.as_slice())
    }
}

/// A digest, or an error that says where it was to be used.
fn digest(algorithm: AlgorithmIdentifierRef<'_>, place: &str) -> Result<DigestAlgorithm, Error> {
    DigestAlgorithm::from_algorithm_identifier(algorithm).map_err(|error| match error {
        Error::UnsupportedAlgorithm { algorithm } => unsupported(&algorithm, place),
        other => other,
    })
}

fn unsupported(algorithm: &str, place: &str) -> Error {
    Error::UnsupportedAlgorithm {
        algorithm: format!("{algorithm} in {place}"),
    }
}
