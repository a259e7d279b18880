//! What a signer announces under the signature: which ciphers its mail program opens
//! (SMIMECapabilities, RFC 8551 2.5.2), and which certificate replies are to be encrypted to
//! (SMIMEEncryptionKeyPreference, 2.5.3).
//!
//! ```
//! use mailseal::cms::announcement::ciphers;
//! use mailseal::crypto::ContentCipher;
//!
//! // AES-128-CBC, and something that nobody here knows.
//! let capabilities = b"\x30\x15\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x02\x30\x06\x06\x02\x2a\x03\x05\x00";
//! assert_eq!(ciphers(capabilities), [ContentCipher::Aes128Cbc]);
//! ```
//!
//! # Not supported
//!
//! What else a signer may announce: signature algorithms, key transport, preferBinaryInside.

use crate::asn1::reader::{self, Reader};
use crate::asn1::tag;
use crate::cms::recipient::RecipientIdentifier;
use crate::crypto::ContentCipher;
use crate::x509::Certificate;

/// The ciphers of an SMIMECapabilities value, a whole DER element, in their order. What cannot be
/// read announces nothing, and neither does a cipher that is not made here.
pub fn ciphers(capabilities: &[u8]) -> Vec<ContentCipher> {
    let mut ciphers = Vec::new();
    for identifier in identifiers(capabilities).unwrap_or_default() {
        let known = ContentCipher::MAKEABLE
            .into_iter()
            .find(|cipher| cipher.oid().as_bytes() == identifier);
        ciphers.extend(known.filter(|cipher| !ciphers.contains(cipher)));
    }
    ciphers
}

/// `SMIMECapabilities ::= SEQUENCE OF SEQUENCE { capabilityID, parameters OPTIONAL }`
fn identifiers(capabilities: &[u8]) -> Result<Vec<&[u8]>, reader::Error> {
    let mut outer = Reader::new(capabilities);
    let sequence = outer.expect(tag::SEQUENCE)?;
    let mut list = outer.inside(&sequence);
    let mut identifiers = Vec::new();
    while !list.is_empty() {
        let capability = list.expect(tag::SEQUENCE)?;
        let mut inside = list.inside(&capability);
        let identifier = inside.expect(tag::OBJECT_IDENTIFIER)?;
        identifiers.push(inside.value(&identifier));
    }
    Ok(identifiers)
}

/// Those of these certificates that an SMIMEEncryptionKeyPreference, a whole DER element, names:
/// the certificate that the signer wants mail encrypted to. A renewed one may have the key
/// identifier of its forerunner.
pub fn preferred<'a>(preference: &[u8], certificates: &'a [Certificate]) -> Vec<&'a Certificate> {
    let Ok(identifier) = identifier(preference) else {
        return Vec::new();
    };
    certificates
        .iter()
        .filter(|certificate| identifier.identifies(certificate))
        .collect()
}

/// `CHOICE { issuerAndSerialNumber [0], receipentKeyId [1] RecipientKeyIdentifier,
/// subjectAltKeyIdentifier [2] SubjectKeyIdentifier }`, all IMPLICIT.
fn identifier(preference: &[u8]) -> Result<RecipientIdentifier, reader::Error> {
    let mut reader = Reader::new(preference);
    let choice = reader.read()?;
    reader.finish()?;
    let mut inside = reader.inside(&choice);
    match choice.tag() {
        0xa0 => {
            let issuer = inside.expect(tag::SEQUENCE)?;
            let serial_number = inside.expect(tag::INTEGER)?;
            inside.finish()?;
            Ok(RecipientIdentifier::IssuerAndSerialNumber {
                issuer: inside.bytes(&issuer).to_vec(),
                serial_number: inside.bytes(&serial_number).to_vec(),
            })
        }
        0xa1 => {
            let identifier = inside.expect(tag::OCTET_STRING)?;
            let octets = inside.value(&identifier).to_vec();
            Ok(RecipientIdentifier::SubjectKeyIdentifier(octets))
        }
        0x82 => {
            let octets = reader.value(&choice).to_vec();
            Ok(RecipientIdentifier::SubjectKeyIdentifier(octets))
        }
        _ => Err(reader::Error::Value(choice.whole().start)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::tlv::{element, sequence};
    use crate::x509::testing::TestCertificate;

    fn certificate(serial_number: u8) -> Certificate {
        let key = p256::SecretKey::from_slice(&[7; 32]).unwrap();
        let mut certificate = TestCertificate::of("bob@example.com", &key);
        certificate.serial_number = vec![serial_number];
        Certificate::from_der(&certificate.der()).unwrap()
    }

    #[test]
    fn ciphers_come_in_the_signers_order_and_once() {
        let capability = |cipher: ContentCipher| {
            sequence(&[&element(tag::OBJECT_IDENTIFIER, cipher.oid().as_bytes())])
        };
        let [gcm, cbc] = [ContentCipher::Aes256Gcm, ContentCipher::Aes128Cbc];
        let all = [capability(gcm), capability(cbc), capability(gcm)];
        let parts: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
        assert_eq!(ciphers(&sequence(&parts)), [gcm, cbc]);
        // RC2 and triple DES are announced by many; nobody makes them any more.
        assert!(ciphers(&sequence(&[&capability(ContentCipher::LEGACY[0])])).is_empty());
        for wrong in [&b""[..], b"\x30\x80", b"\x30\x02\x05\x00", b"\x04\x00"] {
            assert!(ciphers(wrong).is_empty());
        }
    }

    #[test]
    fn a_preference_names_one_certificate_of_several() {
        let all = [certificate(1), certificate(2)];
        let named = |preference: &[u8]| {
            let found = preferred(preference, &all);
            found.iter().map(|it| it.serial_hex()).collect::<Vec<_>>()
        };
        let by_serial = |certificate: &Certificate| {
            let fields = [certificate.issuer_der(), certificate.serial_der()].concat();
            element(0xa0, &fields)
        };
        assert_eq!(named(&by_serial(&all[1])), ["02"]);
        assert!(named(&by_serial(&certificate(3))).is_empty());
        // Both have one key and no identifier of their own: it is that of the key.
        let spki = Reader::new(all[0].spki_der());
        let mut reader = spki.clone();
        let whole = reader.expect(tag::SEQUENCE).unwrap();
        let mut fields = reader.inside(&whole);
        fields.expect(tag::SEQUENCE).unwrap();
        let key = fields.expect(tag::BIT_STRING).unwrap();
        let hash = crate::crypto::DigestAlgorithm::Sha1.digest(&spki.value(&key)[1..]);
        assert_eq!(named(&element(0x82, &hash)).len(), 2);
        let recipient = element(0xa1, &element(tag::OCTET_STRING, &hash));
        assert_eq!(named(&recipient).len(), 2);
        assert!(named(&element(0x82, &hash[1..])).is_empty());
        for wrong in [&b""[..], b"\xa0\x00", b"\x30\x00", b"\x82\x05"] {
            assert!(named(wrong).is_empty());
        }
    }
}
