//! What one writes the other reads, and nobody else.

use super::{Credential, RecipientInfo, RecipientInfos};
use crate::asn1::{oid, tag, tlv};
use crate::cms::Error;
use crate::crypto::{self, ContentCipher, ContentEncryptionKey, Encryptor, KeyTransport};
use crate::keys::testing::keys;
use crate::keys::{RecipientCertificate, Signer};

const CIPHER: ContentCipher = ContentCipher::Aes256Cbc;

fn content_key() -> ContentEncryptionKey {
    Encryptor::new(CIPHER).unwrap().1
}

fn signer(name: &str) -> Signer {
    let address = format!("{name}@example.com").parse().unwrap();
    keys().signer(&address).unwrap()
}

fn recipient(name: &str) -> RecipientCertificate {
    let address = format!("{name}@example.com").parse().unwrap();
    keys().recipient(&address).unwrap()
}

fn write(name: &str, key: &ContentEncryptionKey) -> Vec<u8> {
    let recipient = recipient(name);
    let info = RecipientInfo::new(&recipient, key, CIPHER, KeyTransport::Pkcs1v15).unwrap();
    info.der().to_vec()
}

fn read(infos: &[Vec<u8>]) -> RecipientInfos {
    RecipientInfos::from_der(&tlv::set_of(infos.to_vec())).unwrap()
}

fn with_certificate(signer: &Signer) -> Credential<'_> {
    Credential::PrivateKey {
        key: signer.private_key(),
        certificate: Some(signer.certificate()),
    }
}

fn without_certificate(signer: &Signer) -> Credential<'_> {
    Credential::PrivateKey {
        key: signer.private_key(),
        certificate: None,
    }
}

#[test]
fn the_certificate_finds_its_recipient_among_others() {
    let key = content_key();
    let infos = read(&[
        write("alice", &key),
        write("bob", &key),
        write("dave", &key),
        write("carol", &key),
    ]);
    for name in ["alice", "dave"] {
        let signer = signer(name);
        let found = infos.content_keys(&[with_certificate(&signer)], CIPHER);
        assert!(found.matched);
        assert_eq!(found.keys.len(), 1);
        assert_eq!(found.keys[0].expose(), key.expose());
        assert!(found.unsupported.is_none() && found.legacy.is_none());
    }
}

// A wrong key for PKCS#1 v1.5 gives a key that nobody knows; for key agreement it gives none.
#[test]
fn without_certificate_every_recipient_of_the_kind_is_tried() {
    let key = content_key();
    let infos = read(&[
        write("bob", &key),
        write("alice", &key),
        write("dave", &key),
    ]);
    let (alice, dave) = (signer("alice"), signer("dave"));
    let found = infos.content_keys(&[without_certificate(&alice)], CIPHER);
    assert!(!found.matched);
    assert_eq!(found.keys.len(), 2, "one of them is bob's, and random");
    assert!(found.keys.iter().any(|it| it.expose() == key.expose()));
    let found = infos.content_keys(&[without_certificate(&dave)], CIPHER);
    assert_eq!(found.keys.len(), 1);
    // With a certificate that is named only its recipient is tried, and no other key.
    let both = [without_certificate(&alice), with_certificate(&dave)];
    let found = infos.content_keys(&both, CIPHER);
    assert!(found.matched);
    assert_eq!(found.keys.len(), 1);
}

#[test]
fn a_renewed_certificate_opens_what_was_sent_to_the_old_one() {
    let key = content_key();
    let (alice, dave) = (signer("alice"), signer("dave"));
    let infos = read(&[write("alice", &key)]);
    let renewed = Credential::PrivateKey {
        key: alice.private_key(),
        certificate: Some(dave.certificate()),
    };
    let found = infos.content_keys(&[renewed], CIPHER);
    assert!(!found.matched);
    assert_eq!(found.keys[0].expose(), key.expose());
}

/// KeyTransRecipientInfo or RecipientEncryptedKey of the certificate, by subjectKeyIdentifier.
fn by_key_identifier(info: &[u8], signer: &Signer, identifier: &[u8]) -> Vec<u8> {
    let certificate = signer.certificate();
    let by_name = tlv::sequence(&[certificate.issuer_der(), certificate.serial_der()]);
    let at = info
        .windows(by_name.len())
        .position(|window| window == by_name)
        .unwrap();
    // Only KeyTransRecipientInfo, in which nothing but the outer length changes.
    let header = tlv::header_len(info.len() as u64 - 4);
    let inside = [
        &info[header..at],
        &tlv::element(tag::context_primitive(0), identifier),
        &info[at + by_name.len()..],
    ];
    tlv::element(tag::SEQUENCE, &inside.concat())
}

#[test]
fn a_subject_key_identifier_finds_the_certificate_too() {
    let key = content_key();
    let alice = signer("alice");
    let identifier = alice.certificate().subject_key_identifier().unwrap();
    let info = write("alice", &key);
    let right = by_key_identifier(&info, &alice, identifier);
    let mut other = identifier.to_vec();
    other[0] ^= 1;
    let wrong = by_key_identifier(&info, &alice, &other);
    for (info, matched) in [(right, true), (wrong, false)] {
        let found = read(&[info]).content_keys(&[with_certificate(&alice)], CIPHER);
        assert_eq!(found.matched, matched);
        assert_eq!(found.keys[0].expose(), key.expose());
    }
}

#[test]
fn a_report_names_recipients_as_the_message_does() {
    let key = content_key();
    let infos = read(&[write("alice", &key), write("dave", &key)]);
    let described = infos.describe();
    let kinds: Vec<&str> = described.iter().map(|it| it.kind).collect();
    assert_eq!(kinds, ["ktri", "kari"]);
    let alice = signer("alice");
    let certificate = alice.certificate();
    let expected = format!(
        "issuer={}, serial={}",
        certificate.issuer(),
        certificate.serial_hex()
    );
    assert_eq!(described[0].identifier, expected);
    assert_eq!(described[0].algorithm, "RSAES-PKCS1-v1_5");
    assert_eq!(
        described[1].algorithm,
        "dhSinglePass-stdDH-sha256kdf-scheme with aes256-wrap"
    );
}

/// The AlgorithmIdentifier without its parameters, wherever it stands in the structure.
fn without_parameters(info: &[u8], identifier: oid::ObjectIdentifier) -> Vec<u8> {
    fn rewrite(der: &[u8], identifier: &[u8]) -> Vec<u8> {
        let mut reader = crate::asn1::reader::Reader::new(der);
        let mut out = Vec::new();
        while !reader.is_empty() {
            let element = reader.read().unwrap();
            let value = &der[element.value()];
            if element.tag() & 0x20 == 0 {
                out.extend_from_slice(&der[element.whole()]);
            } else if value.starts_with(identifier) {
                out.extend(tlv::element(element.tag(), identifier));
            } else {
                out.extend(tlv::element(element.tag(), &rewrite(value, identifier)));
            }
        }
        out
    }
    rewrite(
        info,
        &tlv::element(tag::OBJECT_IDENTIFIER, identifier.as_bytes()),
    )
}

// What is OPTIONAL in ASN.1 is not there.
#[test]
fn key_agreement_without_parameters_is_an_error_and_no_panic() {
    let key = content_key();
    let scheme = oid::DH_SINGLE_PASS_STD_DH_SHA_256_KDF_SCHEME;
    let infos = read(&[without_parameters(&write("dave", &key), scheme)]);
    let dave = signer("dave");
    let found = infos.content_keys(&[with_certificate(&dave)], CIPHER);
    assert!(found.matched && found.keys.is_empty());
    assert!(matches!(
        found.unsupported,
        Some(crypto::Error::MalformedParameters { .. })
    ));
    assert_eq!(infos.describe()[0].kind, "kari");
}

#[test]
fn key_transport_without_its_null_is_read_all_the_same() {
    let key = content_key();
    let infos = read(&[without_parameters(
        &write("alice", &key),
        oid::RSA_ENCRYPTION,
    )]);
    let found = infos.content_keys(&[with_certificate(&signer("alice"))], CIPHER);
    assert_eq!(found.keys[0].expose(), key.expose());
}

// RFC 3218: with a broken key the same comes out as with a right one, a key.
#[test]
fn a_broken_pkcs1_key_gives_a_key_that_nobody_knows() {
    let key = content_key();
    let info = write("alice", &key);
    let alice = signer("alice");
    let mut seen = vec![key.expose().to_vec()];
    for change in 1..=8 {
        let mut broken = info.clone();
        *broken.last_mut().unwrap() ^= change;
        let found = read(&[broken]).content_keys(&[with_certificate(&alice)], CIPHER);
        assert!(found.matched && found.unsupported.is_none());
        let [wrong] = &found.keys[..] else {
            panic!("one key, whatever is wrong");
        };
        assert!(!seen.contains(&wrong.expose().to_vec()));
        seen.push(wrong.expose().to_vec());
    }
}

#[test]
fn other_kinds_are_kept_and_named() {
    let key = content_key();
    let unknown = tlv::element(tag::context_constructed(4), &{
        let oid = tlv::element(tag::OBJECT_IDENTIFIER, oid::ID_DATA.as_bytes());
        [oid, vec![5, 0]].concat()
    });
    let later = tlv::element(tag::context_constructed(9), &[5, 0]);
    let infos = read(&[unknown, later, write("alice", &key)]);
    let described = infos.describe();
    assert_eq!(described[1].to_string(), "other (id-data)");
    assert_eq!(described[2].to_string(), "other (unknown)");
    let found = infos.content_keys(&[with_certificate(&signer("alice"))], CIPHER);
    assert_eq!(found.keys.len(), 1);
}

#[test]
fn more_than_a_thousand_recipients_are_refused() {
    let one = tlv::element(tag::context_constructed(9), &[5, 0]);
    assert!(RecipientInfos::from_der(&tlv::set_of(vec![one.clone(); 1000])).is_ok());
    assert!(matches!(
        RecipientInfos::from_der(&tlv::set_of(vec![one; 1001])),
        Err(Error::TooMany { limit: 1000, .. })
    ));
}

#[test]
fn what_is_malformed_is_an_error_and_no_panic() {
    let key = content_key();
    for name in ["alice", "dave"] {
        let info = write(name, &key);
        let credential = signer(name);
        for position in 0..info.len() {
            for octet in [0, 1, 0x30, 0x7f, 0x80, 0xff, info[position] ^ 0x20] {
                let mut changed = info.clone();
                changed[position] = octet;
                let set = tlv::element(tag::SET, &changed);
                if let Ok(infos) = RecipientInfos::from_der(&set) {
                    infos.describe();
                    // Private operations are slow: where the identifier stands and what is before
                    // is enough.
                    if position < 60 || position % 16 == 0 {
                        infos.content_keys(&[with_certificate(&credential)], CIPHER);
                    }
                }
            }
        }
    }
    for rubbish in [&b""[..], b"\x31\x00\x00", b"\x30\x00", b"\x31\x01\x30"] {
        assert!(RecipientInfos::from_der(rubbish).is_err());
    }
    let empty = RecipientInfos::from_der(b"\x31\x00").unwrap();
    assert!(empty.describe().is_empty());
}
