//! What one writes the other reads, and nobody else.

use super::{Credential, RecipientInfo, RecipientInfos};
use crate::asn1::{oid, tag, tlv};
use crate::cms::Error;
use crate::crypto::{
    self, ContentCipher, ContentEncryptionKey, Encryptor, KeyTransport, MlKemParameterSet,
    PrivateKey,
};
use crate::keys::testing::keys;
use crate::keys::{RecipientCertificate, Signer};
use crate::secret::Secret;
use crate::x509::Certificate;
use crate::x509::testing::TestCertificate;

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
        write("pkcs1", &key),
        write("alice", &key),
        write("dave", &key),
    ]);
    let (alice, dave) = (signer("alice"), signer("dave"));
    let found = infos.content_keys(&[without_certificate(&alice)], CIPHER);
    assert!(!found.matched);
    // Bob's key is longer than Alice's, and so is what was encrypted to it.
    assert_eq!(found.keys.len(), 2, "one of them is another's, and random");
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

/// Every kind of key that receives, and a certificate for it.
fn receivers() -> Vec<(PrivateKey, Certificate)> {
    let testdata = |name: &str| {
        let path = format!("{}/testdata/crypto/{name}", env!("CARGO_MANIFEST_DIR"));
        PrivateKey::from_pkcs8_der(&Secret::new(std::fs::read(path).unwrap())).unwrap()
    };
    let ml_kem = MlKemParameterSet::ALL.map(|set| {
        let algorithm = tlv::element(tag::OBJECT_IDENTIFIER, set.oid().as_bytes());
        let seed = tlv::element(tag::context_primitive(0), &[7; 64]);
        let key = [
            &[tag::INTEGER, 1, 0][..],
            &tlv::sequence(&[&algorithm]),
            &tlv::element(tag::OCTET_STRING, &seed),
        ];
        PrivateKey::from_pkcs8_der(&Secret::new(tlv::sequence(&key))).unwrap()
    });
    ["rsa2048", "p256", "p384", "p521", "x25519"]
        .map(|name| testdata(&format!("{name}.pkcs8.der")))
        .into_iter()
        .chain(ml_kem)
        .enumerate()
        .map(|(number, key)| {
            let issuer = p256::SecretKey::from_slice(&[7; 32]).unwrap();
            let mut certificate = TestCertificate::of("bob@example.com", &issuer);
            certificate.serial_number = vec![u8::try_from(number).unwrap() + 1];
            certificate.subject_public_key_info = key.public_key().to_spki_der().unwrap();
            let certificate = Certificate::from_der(&certificate.der()).unwrap();
            (key, certificate)
        })
        .collect()
}

#[test]
fn every_kind_of_key_opens_its_own_recipient_with_every_cipher() {
    let receivers = receivers();
    for cipher in ContentCipher::MAKEABLE {
        let content_key = Encryptor::with_length(cipher, &[], 7).unwrap().1;
        let write = |(key, certificate): &(PrivateKey, Certificate)| {
            let (key, transport) = (key.public_key(), KeyTransport::Pkcs1v15);
            RecipientInfo::for_certificate(certificate, key, &content_key, cipher, transport)
                .unwrap()
                .der()
                .to_vec()
        };
        let infos: Vec<Vec<u8>> = receivers.iter().map(write).collect();
        let infos = read(&infos);
        for (key, certificate) in &receivers {
            let certificate = Some(certificate);
            let found = infos.content_keys(&[Credential::PrivateKey { key, certificate }], cipher);
            let kind = key.public_key().kind();
            assert!(found.matched, "{kind}");
            assert_eq!(found.keys.len(), 1, "{kind} {:?}", found.unsupported);
            assert_eq!(found.keys[0].expose(), content_key.expose());
        }
    }
}

#[test]
fn a_signing_key_is_no_recipient() {
    let (_, certificate) = &receivers()[0];
    let path = format!(
        "{}/testdata/crypto/ed25519.spki.der",
        env!("CARGO_MANIFEST_DIR")
    );
    let key = crypto::PublicKey::from_spki_der(&std::fs::read(path).unwrap()).unwrap();
    let transport = KeyTransport::Pkcs1v15;
    let result =
        RecipientInfo::for_certificate(certificate, &key, &content_key(), CIPHER, transport);
    assert!(matches!(
        result,
        Err(Error::Crypto(crypto::Error::KeyMismatch {
            key: "Ed25519",
            ..
        }))
    ));
}

#[test]
fn a_password_opens_and_another_does_not() {
    let key = content_key();
    let password = Secret::from_string("right".into());
    let info = RecipientInfo::for_password(&password, &key).unwrap();
    let infos = read(&[info.der().to_vec(), write("alice", &key)]);
    let found = infos.content_keys(&[Credential::Password(&password)], CIPHER);
    assert_eq!(found.keys.len(), 1);
    assert_eq!(found.keys[0].expose(), key.expose());
    let wrong = Secret::from_string("wrong".into());
    let found = infos.content_keys(&[Credential::Password(&wrong)], CIPHER);
    assert!(found.keys.is_empty() && found.unsupported.is_none());
    let described = infos.describe();
    let described = described.iter().find(|it| it.kind == "pwri").unwrap();
    assert_eq!(described.to_string(), "pwri (PWRI-KEK with aes256-cbc)");
}

#[test]
fn the_iterations_of_all_passwords_are_counted_together() {
    let key = content_key();
    let password = Secret::from_string("right".into());
    let info = RecipientInfo::for_password(&password, &key).unwrap();
    // 210,000 iterations each: 48 times as many are too many, and none is made.
    let infos = read(&vec![info.der().to_vec(); 48]);
    let found = infos.content_keys(&[Credential::Password(&password)], CIPHER);
    assert!(found.keys.is_empty());
    assert!(matches!(
        found.unsupported,
        Some(crypto::Error::TooManyIterations { .. })
    ));
}

#[test]
fn a_shared_key_is_found_by_its_name() {
    let key = content_key();
    let (one, other) = (Secret::new(vec![1; 32]), Secret::new(vec![2; 32]));
    let infos = read(&[
        RecipientInfo::for_shared_key(b"one", &one, &key)
            .unwrap()
            .der()
            .to_vec(),
        RecipientInfo::for_shared_key(b"other", &other, &key)
            .unwrap()
            .der()
            .to_vec(),
    ]);
    for (id, secret, keys, matched) in [
        (Some(&b"one"[..]), &one, 1, true),
        (None, &other, 1, false),
        (Some(b"one"), &other, 0, true),
        (Some(b"none"), &one, 0, false),
    ] {
        let credential = Credential::KeyEncryptionKey { id, key: secret };
        let found = infos.content_keys(&[credential], CIPHER);
        assert_eq!((found.keys.len(), found.matched), (keys, matched));
        assert!(found.keys.iter().all(|it| it.expose() == key.expose()));
    }
    assert_eq!(
        infos.describe()[0].to_string(),
        "kekri keyid=6f6e65 (aes256-wrap)"
    );
    let short = RecipientInfo::for_shared_key(b"one", &Secret::new(vec![1; 16]), &key);
    assert!(matches!(
        short,
        Err(Error::Crypto(crypto::Error::KeyLength { .. }))
    ));
}

// RFC 5652 6.1.
#[test]
fn the_version_of_the_structure_around_it_follows_the_kind() {
    let key = content_key();
    let version = |(private, certificate): &(PrivateKey, Certificate)| {
        let (public, transport) = (private.public_key(), KeyTransport::Pkcs1v15);
        let info = RecipientInfo::for_certificate(certificate, public, &key, CIPHER, transport);
        info.unwrap().enveloped_data_version()
    };
    let versions: Vec<u8> = receivers().iter().map(version).collect();
    assert_eq!(versions, [0, 2, 2, 2, 2, 3, 3, 3]);
    let secret = Secret::new(vec![1; 32]);
    let password = RecipientInfo::for_password(&secret, &key).unwrap();
    assert_eq!(password.enveloped_data_version(), 3);
    let shared = RecipientInfo::for_shared_key(b"id", &secret, &key).unwrap();
    assert_eq!(shared.enveloped_data_version(), 2);
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
