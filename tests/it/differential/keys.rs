//! The keys of all PKIs, made once, and what points to them.

use std::sync::LazyLock;

use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer;
use p256::pkcs8::EncodePublicKey;
use sha1::{Digest, Sha1};

use super::der::{oid, sequence};

/// So many keys there are; keys are known by their numbers.
pub const KEYS: usize = 16;

/// What an authority or subject key identifier holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyIdentifier {
    Absent,
    /// That of the key with this number.
    OfKey(usize),
    /// Of no key at all.
    Wrong,
}

impl KeyIdentifier {
    pub fn octets(self) -> Option<Vec<u8>> {
        match self {
            KeyIdentifier::Absent => None,
            KeyIdentifier::OfKey(key) => Some(POOL[key].identifier.clone()),
            KeyIdentifier::Wrong => Some(vec![0x77; 20]),
        }
    }
}

/// The SubjectPublicKeyInfo of the key with this number.
pub fn spki(key: usize) -> Vec<u8> {
    POOL[key].spki.clone()
}

pub fn ecdsa_with_sha256() -> Vec<u8> {
    sequence(&[oid("1.2.840.10045.4.3.2")])
}

/// A signature by the key with this number: ECDSA with SHA-256.
pub fn sign(key: usize, content: &[u8]) -> Vec<u8> {
    let signature: p256::ecdsa::DerSignature = POOL[key].key.sign(content);
    signature.as_bytes().to_vec()
}

struct Key {
    key: SigningKey,
    spki: Vec<u8>,
    identifier: Vec<u8>,
}

static POOL: LazyLock<Vec<Key>> = LazyLock::new(|| (1..=KEYS).map(Key::new).collect());

impl Key {
    fn new(number: usize) -> Key {
        let key = SigningKey::from_slice(&[number as u8; 32]).expect("a scalar of P-256");
        let spki = key.verifying_key().to_public_key_der();
        let spki = spki.expect("a key can be encoded").into_vec();
        let identifier = Sha1::digest(&spki).to_vec();
        Key {
            key,
            spki,
            identifier,
        }
    }
}
