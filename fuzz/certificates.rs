//! Certificates for the targets that need signatures which hold: whatever is in them, by a key of
//! testdata.

use mailseal::asn1::tag;
use mailseal::asn1::tlv::{element, sequence};
use mailseal::crypto::{DigestAlgorithm, PrivateKey, SignatureAlgorithm};
use mailseal::secret::Secret;

const KEYS: [&[u8]; 2] = [
    include_bytes!("../testdata/crypto/p256.pkcs8.der"),
    include_bytes!("../testdata/crypto/p256-other.pkcs8.der"),
];
const ECDSA_WITH_SHA_256: &[u8] = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02";
const VALIDITY: &[u8] = b"\x30\x1e\x17\x0d260101000000Z\x17\x0d261231235959Z";

/// The middle of the certificates' year.
pub const NOW: &str = "2026-07-01T12:00:00Z";

pub fn key(number: usize) -> PrivateKey {
    PrivateKey::from_pkcs8_der(&Secret::new(KEYS[number % KEYS.len()].to_vec())).unwrap()
}

/// A name of one common name of one letter.
pub fn name(letter: u8) -> Vec<u8> {
    let letter = b'A' + letter % 26;
    let attribute = sequence(&[b"\x06\x03\x55\x04\x03", &[tag::UTF8_STRING, 1, letter]]);
    sequence(&[&element(tag::SET, &attribute)])
}

/// An extension, by the last octet of its identifier under id-ce.
pub fn extension(id: u8, is_critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if is_critical { b"\x01\x01\xff" } else { b"" };
    let value = element(tag::OCTET_STRING, value);
    sequence(&[&[0x06, 0x03, 0x55, 0x1d, id], critical, &value])
}

pub struct Parts<'a> {
    pub serial_number: u8,
    pub subject: &'a [u8],
    pub issuer: &'a [u8],
    pub key: &'a PrivateKey,
    pub extensions: &'a [u8],
}

impl Parts<'_> {
    pub fn signed_by(&self, issuer_key: &PrivateKey) -> Vec<u8> {
        let extensions = element(0xa3, &element(tag::SEQUENCE, self.extensions));
        let tbs = sequence(&[
            b"\xa0\x03\x02\x01\x02",
            &[tag::INTEGER, 1, self.serial_number],
            ECDSA_WITH_SHA_256,
            self.issuer,
            VALIDITY,
            self.subject,
            &self.key.public_key().to_spki_der().unwrap(),
            &extensions,
        ]);
        let algorithm = SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256);
        let signature = issuer_key.sign(algorithm, &tbs).unwrap();
        let bits = element(tag::BIT_STRING, &[&[0], signature.as_slice()].concat());
        sequence(&[&tbs, ECDSA_WITH_SHA_256, &bits])
    }
}
