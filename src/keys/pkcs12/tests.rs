//! The samples of `testdata/p12`, and files put together by hand where no program writes them.

use std::path::Path;

use hmac::{Hmac, KeyInit, Mac as _};
use sha1::Sha1;

use super::*;
use crate::asn1::tlv::{element, sequence};
use crate::keys::testing::secret_key;
use crate::x509::testing::TestCertificate;

const PASSWORD: &str = "correct horse battery staple";
const UNICODE_PASSWORD: &str = "pässwörd 🔑";

fn sample(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/p12");
    std::fs::read(folder.join(name).with_extension("p12")).unwrap()
}

fn secret(password: &str) -> Secret {
    Secret::from_string(password.to_owned())
}

fn opened(name: &str, password: &str, allow_legacy: bool) -> Result<Pkcs12, Error> {
    read(&sample(name), &secret(password), allow_legacy)
}

/// One private key, its certificate, and the intermediate.
#[track_caller]
fn whole(opened: Result<Pkcs12, Error>) {
    let opened = opened.unwrap();
    let [key] = &opened.keys[..] else {
        panic!("{opened:?}")
    };
    let [certificate, intermediate] = &opened.certificates[..] else {
        panic!("{opened:?}")
    };
    assert_eq!(certificate.public_key().unwrap(), *key.public_key());
    assert_eq!(intermediate.subject(), certificate.issuer());
    assert!(opened.unusable.is_empty());
}

#[test]
fn every_way_of_protection_is_opened_with_the_password_alone() {
    for (name, password) in [
        ("alice", PASSWORD),
        ("mac-sha1", PASSWORD),
        ("mac-sha224", PASSWORD),
        ("mac-sha384", PASSWORD),
        ("mac-sha512", PASSWORD),
        ("no-mac", PASSWORD),
        ("plain", PASSWORD),
        ("pbmac1", PASSWORD),
        ("unicode", UNICODE_PASSWORD),
        ("empty", ""),
    ] {
        println!("{name}");
        whole(opened(name, password, false));
        for wrong in [format!("{password}x"), "passwörd".to_owned()] {
            let error = opened(name, &wrong, true).unwrap_err();
            assert_eq!(error, Error::WrongPassword, "{name}");
        }
    }
}

#[test]
fn what_is_not_protected_opens_with_any_password() {
    for password in [PASSWORD, "guess", ""] {
        whole(opened("bare", password, false));
    }
}

#[test]
fn the_vector_of_rfc_9879_opens() {
    let opened = opened("rfc9879-a1", "1234", false).unwrap();
    assert_eq!((opened.keys.len(), opened.certificates.len()), (1, 1));
}

#[test]
fn old_encryption_is_opened_only_where_it_is_allowed() {
    for (name, algorithm) in [
        ("legacy", "pbeWithSHAAnd40BitRC2-CBC"),
        ("3des", "pbeWithSHAAnd3-KeyTripleDES-CBC"),
        ("2des", "pbeWithSHAAnd2-KeyTripleDES-CBC"),
        ("rc2-128", "pbeWithSHAAnd128BitRC2-CBC"),
        ("rc2-40", "pbeWithSHAAnd40BitRC2-CBC"),
    ] {
        whole(opened(name, PASSWORD, true));
        assert_eq!(
            opened(name, PASSWORD, true).unwrap().unusable.len(),
            0,
            "{name}"
        );
        // Whatever the password: nobody is asked for one in vain.
        for password in [PASSWORD, "guess"] {
            let error = opened(name, password, false).unwrap_err();
            assert_eq!(error, Error::Legacy { algorithm });
        }
        let error = opened(name, "guess", true).unwrap_err();
        assert_eq!(error, Error::WrongPassword);
    }
    whole(opened("unicode-legacy", UNICODE_PASSWORD, true));
}

#[test]
fn rc4_is_named_and_refused() {
    let error = opened("rc4-128", PASSWORD, true).unwrap_err();
    assert!(error.to_string().contains("RC4"), "{error}");
    assert!(matches!(error, Error::Unsupported { .. }));
}

#[test]
fn a_changed_octet_is_seen_before_anything_is_decrypted() {
    for name in ["alice", "pbmac1"] {
        let mut file = sample(name);
        // In the ciphertext of the certificates.
        file[600] ^= 1;
        let error = read(&file, &secret(PASSWORD), false).unwrap_err();
        assert_eq!(error, Error::WrongPassword);
    }
}

#[test]
fn pkcs12_is_known_by_its_first_octets() {
    for name in ["alice", "legacy", "plain"] {
        assert!(is_pkcs12(&sample(name)));
    }
    assert!(is_pkcs12(b"\x30\x80\x02\x01\x03\x30\x80"));
    assert!(is_pkcs12(b"\x30\x10\x02\x01\x03\x30"));
    for other in [
        &b""[..],
        b"\x30",
        b"\x30\x84\x02\x01",
        b"\x30\x10\x02\x01\x01\x30",
        b"\x30\x10\x02\x01\x03\x04",
        b"-----BEGIN",
    ] {
        assert!(!is_pkcs12(other));
    }
}

// What follows is put together by hand.

fn identifier(oid: ObjectIdentifier) -> Vec<u8> {
    element(tag::OBJECT_IDENTIFIER, oid.as_bytes())
}

fn octets(octets: &[u8]) -> Vec<u8> {
    element(tag::OCTET_STRING, octets)
}

fn explicit(content: &[u8]) -> Vec<u8> {
    element(tag::context_constructed(0), content)
}

fn integer(octets: &[u8]) -> Vec<u8> {
    element(tag::INTEGER, octets)
}

fn data(content: &[u8]) -> Vec<u8> {
    sequence(&[
        &identifier(identifiers::ID_DATA),
        &explicit(&octets(content)),
    ])
}

/// A file of these ContentInfos, without a MAC.
fn file(safes: &[&[u8]]) -> Vec<u8> {
    file_with(safes, &[])
}

fn file_with(safes: &[&[u8]], mac_data: &[u8]) -> Vec<u8> {
    sequence(&[&integer(&[3]), &data(&sequence(safes)), mac_data])
}

fn bag(oid: ObjectIdentifier, value: &[u8]) -> Vec<u8> {
    sequence(&[&identifier(oid), &explicit(value)])
}

fn key_bag(seed: u8) -> Vec<u8> {
    use p256::pkcs8::EncodePrivateKey;
    let key = secret_key(seed).to_pkcs8_der().unwrap();
    bag(identifiers::KEY_BAG, key.as_bytes())
}

fn cert_bag(certificate: &[u8]) -> Vec<u8> {
    let value = sequence(&[
        &identifier(identifiers::X_509_CERTIFICATE),
        &explicit(&octets(certificate)),
    ]);
    bag(identifiers::CERT_BAG, &value)
}

fn certificate() -> Vec<u8> {
    TestCertificate::of("bob@example.com", &secret_key(1)).der()
}

/// A safe of these bags, not encrypted.
fn safe(bags: &[&[u8]]) -> Vec<u8> {
    data(&sequence(bags))
}

fn legacy_algorithm(iterations: &[u8]) -> Vec<u8> {
    sequence(&[
        &identifier(identifiers::PBE_WITH_SHA_AND_3_KEY_TRIPLE_DES_CBC),
        &sequence(&[&octets(b"saltsalt"), &integer(iterations)]),
    ])
}

fn encrypted_safe(algorithm: &[u8]) -> Vec<u8> {
    let info = sequence(&[
        &identifier(identifiers::ID_DATA),
        algorithm,
        &element(tag::context_primitive(0), &[0; 16]),
    ]);
    let encrypted_data = sequence(&[&integer(&[0]), &info]);
    sequence(&[
        &identifier(identifiers::ID_ENCRYPTED_DATA),
        &explicit(&encrypted_data),
    ])
}

fn mac_data(bmp: &[u8], content: &[u8], iterations: &[u8]) -> Vec<u8> {
    let key = key_derivation::derive::<Sha1>(
        key_derivation::Purpose::Mac,
        bmp,
        b"salt",
        u64::from(iterations[0]),
        20,
    );
    let mac = Hmac::<Sha1>::new_from_slice(&key)
        .unwrap()
        .chain_update(content)
        .finalize();
    let sha1 = sequence(&[&identifier(identifiers::ID_SHA_1)]);
    sequence(&[
        &sequence(&[&sha1, &octets(&mac.into_bytes())]),
        &octets(b"salt"),
        &integer(iterations),
    ])
}

fn without_password(file: &[u8]) -> Result<Pkcs12, Error> {
    read(file, &secret(""), true)
}

#[test]
fn bags_of_all_kinds_are_taken_or_named() {
    let crl = bag(identifiers::CRL_BAG, &sequence(&[]));
    let secret = bag(identifiers::SECRET_BAG, &sequence(&[]));
    let unknown = bag("1.2.3.4".parse().unwrap(), &sequence(&[]));
    let broken = cert_bag(b"\x30\x00");
    let sdsi = bag(
        identifiers::CERT_BAG,
        &sequence(&[
            &identifier("1.2.840.113549.1.9.22.2".parse().unwrap()),
            &explicit(&octets(b"")),
        ]),
    );
    let nested = bag(
        identifiers::SAFE_CONTENTS_BAG,
        &sequence(&[&key_bag(2), &cert_bag(&certificate())]),
    );
    let bags: [&[u8]; 7] = [
        &key_bag(1),
        &crl,
        &secret,
        &unknown,
        &broken,
        &sdsi,
        &nested,
    ];
    let opened = without_password(&file(&[&safe(&bags)])).unwrap();
    assert_eq!((opened.keys.len(), opened.certificates.len()), (2, 1));
    let unusable: Vec<String> = opened.unusable.iter().map(ToString::to_string).collect();
    assert_eq!(
        unusable,
        [
            "there is a CRL in it, which is not used",
            "there is a secret in it, which is not used",
            "there is a bag of type 1.2.3.4 in it, which is not used",
            "a certificate in it cannot be read",
            "there is a certificate that is not X.509 in it, which is not used",
        ]
    );
}

#[test]
fn a_key_of_an_unknown_kind_does_not_hide_the_certificate() {
    let mut key = key_bag(1);
    let curve = key.windows(2).position(|w| w == [1, 7]).unwrap();
    key[curve + 1] = 6;
    let opened = without_password(&file(&[&safe(&[&key, &cert_bag(&certificate())])])).unwrap();
    assert!(opened.keys.is_empty());
    assert_eq!(opened.certificates.len(), 1);
    assert!(matches!(&opened.unusable[..], [Unusable::Key(_)]));
}

#[test]
fn a_key_under_another_password_does_not_hide_the_certificate() {
    let shrouded = sequence(&[&legacy_algorithm(&[1]), &octets(&[0; 16])]);
    let locked = bag(identifiers::PKCS_8_SHROUDED_KEY_BAG, &shrouded);
    let contents = safe(&[&locked, &cert_bag(&certificate())]);
    let mac = mac_data(b"\0\0", &sequence(&[&contents]), &[1]);
    let opened = without_password(&file_with(&[&contents], &mac)).unwrap();
    assert_eq!(opened.certificates.len(), 1);
    assert!(matches!(&opened.unusable[..], [Unusable::Locked]));
    // Without a MAC nobody knows whose password it is.
    let error = without_password(&file(&[&contents])).unwrap_err();
    assert_eq!(error, Error::WrongPassword);
}

#[test]
fn no_password_and_the_empty_one_are_both_tried() {
    let contents = safe(&[&key_bag(1)]);
    let content = sequence(&[&contents]);
    for bmp in [&b"\0\0"[..], b""] {
        let file = file_with(&[&contents], &mac_data(bmp, &content, &[2]));
        assert_eq!(without_password(&file).unwrap().keys.len(), 1);
        assert_eq!(
            read(&file, &secret("x"), true).unwrap_err(),
            Error::WrongPassword
        );
    }
}

#[test]
fn openssls_old_passwords_of_single_octets_are_tried_too() {
    let contents = safe(&[&key_bag(1)]);
    let content = sequence(&[&contents]);
    let file = file_with(&[&contents], &mac_data(b"\0\xc3\0\xa4\0\0", &content, &[2]));
    assert!(read(&file, &secret("ä"), true).is_ok());
    assert!(read(&file, &secret("a"), true).is_err());
}

#[test]
fn ber_is_read_at_every_depth() {
    // SafeContents, AuthenticatedSafe and PFX of indefinite length, the strings in chunks.
    let indefinite =
        |tag: u8, parts: &[&[u8]]| [&[tag, 0x80], &parts.concat()[..], &[0, 0]].concat();
    let chunked = |content: &[u8]| {
        let (one, two) = content.split_at(content.len() / 2);
        indefinite(0x24, &[&octets(one), &octets(two)])
    };
    let data = |content: &[u8]| {
        let explicit = indefinite(0xa0, &[&chunked(content)]);
        indefinite(0x30, &[&identifier(identifiers::ID_DATA), &explicit])
    };
    let contents = indefinite(0x30, &[&key_bag(1), &cert_bag(&certificate())]);
    let authenticated_safe = indefinite(0x30, &[&data(&contents)]);
    let mac = mac_data(b"\0x\0\0", &authenticated_safe, &[3]);
    let file = indefinite(0x30, &[&integer(&[3]), &data(&authenticated_safe), &mac]);
    assert!(is_pkcs12(&file));
    let opened = read(&file, &secret("x"), false).unwrap();
    assert_eq!((opened.keys.len(), opened.certificates.len()), (1, 1));
}

// Attack 31 of the list in the issue: PKCS#12 bombs.
#[test]
fn a_content_without_content_is_an_error() {
    let empty = sequence(&[&identifier(identifiers::ID_DATA)]);
    let outer = sequence(&[&integer(&[3]), &empty]);
    assert_eq!(without_password(&outer).unwrap_err(), Error::Empty);
    let hollow = sequence(&[&integer(&[3]), &data(&[])]);
    assert_eq!(without_password(&hollow).unwrap_err(), Error::Empty);
    assert_eq!(
        without_password(&file(&[&empty])).unwrap_err(),
        Error::Empty
    );
    let encrypted = sequence(&[&identifier(identifiers::ID_ENCRYPTED_DATA)]);
    assert_eq!(
        without_password(&file(&[&encrypted])).unwrap_err(),
        Error::Empty
    );
    // Nothing at all is nothing, and no error.
    assert!(without_password(&file(&[])).unwrap().keys.is_empty());
    assert!(without_password(&file(&[&safe(&[])])).is_ok());
}

#[test]
fn iterations_are_bounded_wherever_they_are_asked_for() {
    let two_to_the_31 = [0, 0x80, 0, 0, 0];
    let too_many = Error::TooManyIterations {
        iterations: 1 << 31,
    };
    let bomb = encrypted_safe(&legacy_algorithm(&two_to_the_31));
    assert_eq!(without_password(&file(&[&bomb])).unwrap_err(), too_many);
    let shrouded = sequence(&[&legacy_algorithm(&two_to_the_31), &octets(&[0; 16])]);
    let bomb = safe(&[&bag(identifiers::PKCS_8_SHROUDED_KEY_BAG, &shrouded)]);
    assert_eq!(without_password(&file(&[&bomb])).unwrap_err(), too_many);
    let mac = |iterations: &[u8]| {
        let mut mac = mac_data(b"\0\0", b"", &[1]);
        let end = mac.len() - 3;
        mac.truncate(end);
        mac.extend(integer(iterations));
        mac[1] = u8::try_from(mac.len() - 2).unwrap();
        file_with(&[], &mac)
    };
    assert_eq!(
        without_password(&mac(&two_to_the_31)).unwrap_err(),
        too_many
    );
    let endless = Error::TooManyIterations {
        iterations: u64::MAX,
    };
    assert_eq!(without_password(&mac(&[0x7f; 30])).unwrap_err(), endless);
    for none in [&[0][..], &[0xff], &[]] {
        assert!(matches!(
            without_password(&mac(none)).unwrap_err(),
            Error::Parameters { .. }
        ));
    }
    // 10,000,000 is allowed, and refused only because it would be spent too often.
    let most = encrypted_safe(&legacy_algorithm(&[0x00, 0x98, 0x96, 0x80]));
    let one_more = encrypted_safe(&legacy_algorithm(&[0x00, 0x98, 0x96, 0x81]));
    assert!(matches!(
        without_password(&file(&[&one_more])).unwrap_err(),
        Error::TooManyIterations { .. }
    ));
    let mut budget = Budget::new();
    assert!(budget.spend(encryption::MAX_WORK).is_ok());
    assert_eq!(budget.spend(1), Err(Error::TooMuchWork));
    assert!(
        Shelves {
            allow_legacy: true,
            bags: 0
        }
        .safes(&sequence(&[&most]))
        .is_ok()
    );
}

#[test]
fn bags_are_counted_and_nested_only_so_deep() {
    let keys = key_bag(1);
    let many = |count: usize| {
        let bags: Vec<&[u8]> = std::iter::repeat_n(&keys[..], count).collect();
        without_password(&file(&[&safe(&bags)]))
    };
    // The safe counts, too.
    assert_eq!(many(MAX_BAGS - 1).unwrap().keys.len(), MAX_BAGS - 1);
    assert_eq!(many(MAX_BAGS).unwrap_err(), Error::TooManyBags);
    let nested = |depth: usize| {
        let mut inside = key_bag(1);
        for _ in 0..depth {
            inside = bag(identifiers::SAFE_CONTENTS_BAG, &sequence(&[&inside]));
        }
        without_password(&file(&[&safe(&[&inside])]))
    };
    assert_eq!(nested(MAX_NESTING).unwrap().keys.len(), 1);
    assert_eq!(nested(MAX_NESTING + 1).unwrap_err(), Error::TooDeep);
}

#[test]
fn other_structures_are_refused() {
    let version_2 = sequence(&[&integer(&[2]), &data(&sequence(&[]))]);
    assert_eq!(without_password(&version_2).unwrap_err(), Error::Version);
    let signed = sequence(&[
        &identifier("1.2.840.113549.1.7.2".parse().unwrap()),
        &explicit(&sequence(&[])),
    ]);
    let public_key_integrity = sequence(&[&integer(&[3]), &signed]);
    let error = without_password(&public_key_integrity).unwrap_err();
    assert!(error.to_string().contains("public-key integrity"));
    let error = without_password(&file(&[&signed])).unwrap_err();
    assert!(error.to_string().contains("public-key privacy"));
    let padded = [&file(&[])[..], &[0]].concat();
    assert!(matches!(without_password(&padded), Err(Error::Ber(_))));
}

#[test]
fn a_pbmac1_without_the_length_of_its_key_is_refused() {
    let file = sample("pbmac1");
    // INTEGER 32 after INTEGER 2048.
    let at = file
        .windows(7)
        .position(|w| w == [2, 2, 8, 0, 2, 1, 32])
        .unwrap();
    let length = |octets: u8| {
        let mut changed = file.clone();
        changed[at + 6] = octets;
        read(&changed, &secret(PASSWORD), false).unwrap_err()
    };
    for refused in [0, 19, 65, 0xff] {
        assert!(matches!(length(refused), Error::Parameters { .. }));
    }
    for tried in [20, 31, 33, 64] {
        assert_eq!(length(tried), Error::WrongPassword);
    }
    // Another type in its place is as good as none.
    let mut changed = file.clone();
    changed[at + 4] = tag::BOOLEAN;
    let error = read(&changed, &secret(PASSWORD), false).unwrap_err();
    assert!(matches!(error, Error::Parameters { .. }));
}

#[test]
fn any_changed_octet_is_read_or_refused_without_panic() {
    let encrypted = encrypted_safe(&legacy_algorithm(&[1]));
    let contents = safe(&[&key_bag(1), &cert_bag(&certificate())]);
    let content = sequence(&[&contents]);
    let mac = mac_data(b"\0\0", &content, &[1]);
    for file in [
        file_with(&[&contents], &mac),
        file(&[&contents, &encrypted]),
    ] {
        for at in 0..file.len() {
            for flip in [0x01, 0x20, 0x80, 0xff] {
                let mut changed = file.clone();
                changed[at] ^= flip;
                let _ = without_password(&changed);
            }
            let _ = without_password(&file[..at]);
        }
    }
}
