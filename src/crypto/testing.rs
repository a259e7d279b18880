//! What the tests of this module share.

use std::path::Path;

use cms::authenveloped_data::AuthEnvelopedData;
use cms::content_info::ContentInfo;
use cms::enveloped_data::{EncryptedContentInfo, EnvelopedData, RecipientInfo, RecipientInfos};
use der::referenced::OwnedToRef;
use der::{Decode, Encode};

use super::{
    ContentCipher, ContentEncryptionAlgorithm, ContentEncryptionKey, Curve, Decryptor, Error,
    MlDsaParameterSet, MlKemParameterSet, PrivateKey,
};
use crate::asn1::oid::{self, ObjectIdentifier};
use crate::asn1::{tag, tlv};
use crate::secret::Secret;

/// The octets of a hexadecimal text.
pub(super) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    assert_eq!(digits.len() % 2, 0);
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// Random octets.
pub(super) fn random(length: usize) -> Vec<u8> {
    let mut octets = vec![0; length];
    getrandom::fill(&mut octets).unwrap();
    octets
}

/// The content cut in pieces of random lengths: empty, short, a block, many blocks.
pub(super) fn pieces(mut content: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    while !content.is_empty() {
        let random = random(3);
        let length = match random[0] % 4 {
            0 => usize::from(random[1] % 3),
            1 => 16,
            2 => usize::from(random[1]),
            _ => usize::from(random[1]) * 256 + usize::from(random[2]),
        };
        let (piece, rest) = content.split_at(length.min(content.len()));
        pieces.push(piece);
        content = rest;
    }
    pieces
}

/// A file of `testdata/crypto`, which `make.sh` there made with OpenSSL.
pub(super) fn testdata(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata/crypto")
        .join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A private key of `testdata/crypto`.
pub(super) fn private_key(name: &str) -> PrivateKey {
    PrivateKey::from_pkcs8_der(&private_key_der(name)).unwrap()
}

/// The PKCS#8 of a private key of `testdata/crypto`; OpenSSL 3.0 has no post-quantum ones, so they are made of
/// a seed.
pub(crate) fn private_key_der(name: &str) -> Secret {
    let ml_dsa = |set: MlDsaParameterSet| (set.name(), set.oid(), 32);
    let ml_kem = |set: MlKemParameterSet| (set.name(), set.oid(), 64);
    let post_quantum = [
        ml_dsa(MlDsaParameterSet::MlDsa44),
        ml_dsa(MlDsaParameterSet::MlDsa65),
        ml_dsa(MlDsaParameterSet::MlDsa87),
        ml_kem(MlKemParameterSet::MlKem512),
        ml_kem(MlKemParameterSet::MlKem768),
        ml_kem(MlKemParameterSet::MlKem1024),
    ];
    let key = match post_quantum
        .iter()
        .find(|(it, ..)| it.eq_ignore_ascii_case(name))
    {
        // RFC 9881 section 6 and RFC 9935 section 6: seed [0].
        Some((_, oid, length)) => pkcs8(*oid, &tlv::element(0x80, &vec![7; *length])),
        None => testdata(&format!("{name}.pkcs8.der")),
    };
    Secret::new(key)
}

/// OneAsymmetricKey (RFC 5958 section 2) of an algorithm without parameters.
pub(super) fn pkcs8(algorithm: ObjectIdentifier, key: &[u8]) -> Vec<u8> {
    let algorithm = tlv::sequence(&[&algorithm.to_der().unwrap()]);
    let key = tlv::element(tag::OCTET_STRING, key);
    tlv::sequence(&[&[2, 1, 0], &algorithm, &key])
}

/// An ML-KEM private key, made of a seed of this octet.
pub(super) fn ml_kem_key(set: MlKemParameterSet, seed: u8) -> PrivateKey {
    let seed = tlv::element(tag::context_primitive(0), &[seed; 64]);
    PrivateKey::from_pkcs8_der(&Secret::new(pkcs8(set.oid(), &seed))).unwrap()
}

/// A private key on a curve, from the scalar's octets, of which there may be too few or too many.
pub(super) fn ec_private_key(curve: Curve, scalar: &[u8]) -> PrivateKey {
    let length = curve.bits().div_ceil(8);
    let start = scalar.iter().position(|octet| *octet != 0).unwrap_or(0);
    let mut padded = vec![0; length - (scalar.len() - start)];
    padded.extend_from_slice(&scalar[start..]);
    let sec1 = tlv::sequence(&[
        &[tag::INTEGER, 1, 1],
        &tlv::element(tag::OCTET_STRING, &padded),
        &tlv::element(tag::context_constructed(0), &curve.oid().to_der().unwrap()),
    ]);
    PrivateKey::from_sec1_der(&Secret::new(sec1)).unwrap()
}

/// A CMS file of `testdata/crypto`, taken apart.
pub(super) struct Enveloped {
    pub(super) recipient: RecipientInfo,
    content: EncryptedContentInfo,
    tag: Option<Vec<u8>>,
}

impl Enveloped {
    pub(super) fn of(name: &str) -> Self {
        let content_info = ContentInfo::from_der(&testdata(name)).unwrap();
        let only = |recipients: RecipientInfos| recipients.0.get(0).unwrap().clone();
        if content_info.content_type == oid::ID_ENVELOPED_DATA {
            let enveloped: EnvelopedData = content_info.content.decode_as().unwrap();
            Enveloped {
                recipient: only(enveloped.recip_infos),
                content: enveloped.encrypted_content,
                tag: None,
            }
        } else {
            let enveloped: AuthEnvelopedData = content_info.content.decode_as().unwrap();
            Enveloped {
                recipient: only(enveloped.recip_infos),
                content: enveloped.auth_encrypted_content_info,
                tag: Some(enveloped.mac.as_bytes().to_vec()),
            }
        }
    }

    fn algorithm(&self) -> ContentEncryptionAlgorithm {
        let algorithm = self.content.content_enc_alg.owned_to_ref();
        ContentEncryptionAlgorithm::from_algorithm_identifier(algorithm).unwrap()
    }

    pub(super) fn cipher(&self) -> ContentCipher {
        self.algorithm().cipher()
    }

    pub(super) fn decrypt(&self, key: &ContentEncryptionKey) -> Result<Vec<u8>, Error> {
        let mut decryptor = Decryptor::new(&self.algorithm(), key)?;
        let encrypted = self.content.encrypted_content.as_ref().unwrap();
        let mut content = Vec::new();
        decryptor.update(encrypted.as_bytes(), &mut content)?;
        content.extend_from_slice(&decryptor.finish(self.tag.as_deref())?);
        Ok(content)
    }
}
