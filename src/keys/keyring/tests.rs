use super::*;
use crate::keys::testing::{TestKeys, now, pkcs8_pem, secret_key};
use crate::secret::Secret;
use crate::x509::testing::TestCertificate;

fn certificate(key: u8, serial: u8) -> String {
    let mut certificate = TestCertificate::of("bob@example.com", &secret_key(key));
    certificate.serial_number = vec![serial];
    certificate.pem()
}

fn key(seed: u8) -> String {
    pkcs8_pem(&secret_key(seed))
}

fn sources(keys: &TestKeys, key_files: &[&str], certificate_files: &[&str]) -> KeySources {
    KeySources {
        keys: key_files.iter().map(|name| keys.path(name)).collect(),
        certificates: certificate_files
            .iter()
            .map(|name| keys.path(name))
            .collect(),
        directory: None,
    }
}

fn directory(keys: &TestKeys) -> KeySources {
    KeySources {
        directory: Some(keys.path("")),
        ..KeySources::default()
    }
}

fn read(sources: &KeySources) -> Result<Keyring, Error> {
    Keyring::read(sources, &Options::at(now()))
}

/// The file and the certificate's serial of each entry.
fn shown(keyring: &Keyring) -> Vec<String> {
    let shown = |entry: &KeyringEntry| {
        let serial = entry.certificate.as_ref().map(Certificate::serial_hex);
        let file = entry.source.file_name().unwrap().to_str().unwrap();
        format!("{file} {}", serial.unwrap_or_default())
    };
    keyring.entries().iter().map(shown).collect()
}

#[test]
fn keys_and_certificates_are_paired_by_their_public_key() {
    let keys = TestKeys::new();
    keys.write("one.pem", key(1) + &key(2));
    keys.write("three.pem", certificate(3, 0x33) + &key(3));
    keys.write(
        "many.crt",
        [
            certificate(2, 0x22),
            certificate(9, 0x99),
            certificate(2, 0x23),
        ]
        .concat(),
    );
    let keyring = read(&sources(&keys, &["one.pem", "three.pem"], &["many.crt"])).unwrap();
    assert_eq!(
        shown(&keyring),
        ["one.pem ", "one.pem 22", "one.pem 23", "three.pem 33"]
    );
    assert!(keyring.skipped().is_empty());
}

#[test]
fn a_key_or_certificate_that_is_given_twice_counts_once() {
    let keys = TestKeys::new();
    keys.write(
        "one.pem",
        certificate(1, 0x11) + &key(1) + &certificate(1, 0x11),
    );
    keys.write("two.pem", key(1) + &certificate(1, 0x11));
    let keyring = read(&KeySources {
        directory: Some(keys.path("")),
        ..sources(&keys, &["two.pem", "one.pem"], &["two.pem"])
    });
    assert_eq!(shown(&keyring.unwrap()), ["two.pem 11"]);
}

#[test]
fn a_certificate_whose_key_is_nowhere_is_an_error() {
    let keys = TestKeys::new();
    keys.write("one.pem", key(1));
    keys.write("two.crt", certificate(2, 0x22));
    let error = read(&sources(&keys, &["one.pem"], &["two.crt"])).unwrap_err();
    assert!(matches!(&error, Error::KeyNotGiven { path } if *path == keys.path("two.crt")));
    assert!(error.hint().unwrap().contains("--key"));
    // In a directory most certificates are other people's.
    assert_eq!(shown(&read(&directory(&keys)).unwrap()), ["one.pem "]);
    keys.write("two.pem", key(2));
    let keyring = read(&sources(&keys, &["two.pem"], &["two.crt"])).unwrap();
    assert_eq!(shown(&keyring), ["two.pem 22"]);
}

#[test]
fn a_named_file_that_has_not_what_it_was_named_for_is_an_error() {
    let keys = TestKeys::new();
    keys.write("key.pem", key(1));
    keys.write("bob.crt", certificate(1, 0x11));
    keys.write("text.pem", "nothing");
    let error = |key_files: &[&str], certificate_files: &[&str]| {
        read(&sources(&keys, key_files, certificate_files)).unwrap_err()
    };
    let found = error(&["bob.crt"], &[]);
    assert!(matches!(found, Error::PrivateKey { .. }), "{found:?}");
    let found = error(&["key.pem"], &["key.pem"]);
    assert!(matches!(found, Error::Certificate { .. }), "{found:?}");
    let found = error(&["text.pem"], &[]);
    assert!(matches!(found, Error::PrivateKey { .. }), "{found:?}");
    let found = error(&["none.pem"], &[]);
    assert!(matches!(found, Error::FileNotFound { .. }), "{found:?}");
    let found = read(&KeySources {
        directory: Some(keys.path("none")),
        ..KeySources::default()
    });
    assert!(
        matches!(found, Err(Error::FileNotFound { .. })),
        "{found:?}"
    );
}

#[test]
fn what_is_unusable_in_a_directory_is_skipped_and_named() {
    let keys = TestKeys::testdata();
    let keyring = read(&directory(&keys)).unwrap();
    let reason = |name: &str| {
        let path = keys.path(name);
        let skipped = keyring
            .skipped()
            .iter()
            .find(|skipped| skipped.path == path);
        skipped.map(|skipped| {
            assert!(skipped.to_string().contains(name), "{skipped}");
            &skipped.reason
        })
    };
    for encrypted in ["encrypted@example.com.pem", "scrypt@example.com.pem"] {
        let reason = reason(encrypted);
        assert!(
            matches!(reason, Some(Error::PasswordMissing { .. })),
            "{reason:?}"
        );
    }
    let short = reason("rsa1024@example.com.pem");
    assert!(matches!(short, Some(Error::LegacyKey { .. })), "{short:?}");
    let curve = reason("secp256k1@example.com.pem");
    assert!(matches!(curve, Some(Error::PrivateKey { .. })), "{curve:?}");
    let garbage = reason("garbage@example.com.crt");
    assert!(
        matches!(garbage, Some(Error::Certificate { .. })),
        "{garbage:?}"
    );
    assert!(reason("alice@example.com.pem").is_none());
    // An expired certificate still opens what was sealed for it.
    let entries = shown(&keyring);
    for (name, serial) in [("alice", "1001"), ("expired", "2001"), ("mismatch", "")] {
        let entry = format!("{name}@example.com.pem {serial}");
        assert!(entries.contains(&entry), "{entry}: {entries:?}");
    }
}

#[test]
fn a_directory_gives_its_encrypted_keys_to_who_has_the_password() {
    let keys = TestKeys::testdata();
    let options = |password: &'static str| Options {
        password: Box::new(move |_| Ok(Some(Secret::from_string(password.to_owned())))),
        allow_legacy: true,
        ..Options::at(now())
    };
    let read = |password| Keyring::read(&directory(&keys), &options(password)).unwrap();
    let entries = shown(&read("correct horse battery staple"));
    for entry in [
        "encrypted@example.com.pem 1012",
        "scrypt@example.com.pem 1013",
        "rsa1024@example.com.pem 2008",
        "container@example.com.p12 1035",
        "x25519@example.com.pem 1022",
        "several@example.com.pem 1031",
        "several@example.com.pem 1034",
    ] {
        assert!(entries.iter().any(|e| e == entry), "{entry}: {entries:?}");
    }
    let keyring = read("guess");
    let wrong = |skipped: &&Skipped| matches!(skipped.reason, Error::PasswordWrong { .. });
    assert_eq!(keyring.skipped().iter().filter(wrong).count(), 3);
}

#[test]
fn an_unusable_key_beside_a_good_one_is_skipped_in_a_named_file_too() {
    let keys = TestKeys::testdata();
    let text = |name: &str| std::fs::read_to_string(keys.path(name)).unwrap();
    let (good, bad) = (
        text("alice@example.com.pem"),
        text("secp256k1@example.com.pem"),
    );
    keys.write("both.pem", format!("{bad}{good}"));
    let keyring = read(&sources(&keys, &["both.pem"], &["alice@example.com.crt"])).unwrap();
    assert_eq!(shown(&keyring), ["both.pem 1001"]);
    assert_eq!(keyring.skipped().len(), 1);
    keys.write("bad.pem", bad);
    let error = read(&sources(&keys, &["bad.pem"], &[])).unwrap_err();
    assert!(matches!(error, Error::PrivateKey { .. }), "{error:?}");
}

#[test]
fn a_named_key_is_refused_when_it_is_open_to_others_or_short_or_locked() {
    let keys = TestKeys::testdata();
    let refused = |name: &str| read(&sources(&keys, &[name], &[])).unwrap_err();
    let error = refused("rsa1024@example.com.pem");
    assert!(error.to_string().contains("RSA with 1024 bits"), "{error}");
    assert!(error.hint().unwrap().contains("--allow-legacy"));
    let error = refused("encrypted@example.com.pem");
    assert!(matches!(error, Error::PasswordMissing { .. }), "{error:?}");
    keys.chmod("alice@example.com.pem", 0o640);
    let error = refused("alice@example.com.pem");
    assert!(
        matches!(error, Error::InsecurePermissions { .. }),
        "{error:?}"
    );
}

#[test]
fn der_is_read_as_well() {
    use p256::pkcs8::EncodePrivateKey;
    let keys = TestKeys::new();
    keys.write("key.pem", secret_key(1).to_pkcs8_der().unwrap().as_bytes());
    let certificate = TestCertificate::of("bob@example.com", &secret_key(1));
    keys.write("bob.crt", certificate.der());
    let named = read(&sources(&keys, &["key.pem"], &["bob.crt"])).unwrap();
    assert_eq!(shown(&named), ["key.pem 01"]);
    assert_eq!(shown(&read(&directory(&keys)).unwrap()), ["key.pem 01"]);
}

/// A directory with some of the samples of `testdata/p12`.
fn samples(names: &[&str]) -> TestKeys {
    let keys = TestKeys::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/p12");
    for name in names {
        keys.write(name, std::fs::read(folder.join(name)).unwrap());
    }
    keys
}

fn asked(password: Option<&'static str>, allow_legacy: bool) -> Options {
    Options {
        password: Box::new(move |_| Ok(password.map(|p| Secret::from_string(p.to_owned())))),
        allow_legacy,
        ..Options::at(now())
    }
}

#[test]
fn pkcs12_is_taken_from_directories_and_named_files() {
    let keys = samples(&["alice.p12", "mac-sha1.p12"]);
    let options = asked(Some("correct horse battery staple"), false);
    let expected = ["alice.p12 1001", "mac-sha1.p12 1004"];
    let keyring = Keyring::read(&directory(&keys), &options).unwrap();
    assert_eq!(shown(&keyring), expected);
    // A .p12 may be named for its certificate, too.
    let sources = sources(&keys, &["alice.p12"], &["mac-sha1.p12"]);
    assert_eq!(shown(&Keyring::read(&sources, &options).unwrap()), expected);
    for (password, options) in [("missing", None), ("wrong", Some("guess"))] {
        let options = asked(options, false);
        let keyring = Keyring::read(&directory(&keys), &options).unwrap();
        assert!(keyring.entries().is_empty());
        assert_eq!(keyring.skipped().len(), 2, "{password}");
        let error = Keyring::read(&sources, &options).unwrap_err();
        let is_told = match password {
            "missing" => matches!(error, Error::PasswordMissing { .. }),
            _ => matches!(error, Error::PasswordWrong { .. }),
        };
        assert!(is_told, "{error:?}");
    }
}

#[test]
fn nobody_is_asked_for_an_empty_password() {
    let keys = samples(&["empty.p12"]);
    let options = Options {
        password: Box::new(|_| panic!("asked")),
        ..Options::at(now())
    };
    let keyring = Keyring::read(&directory(&keys), &options).unwrap();
    assert_eq!(shown(&keyring), ["empty.p12 1004"]);
}

#[test]
fn old_pkcs12_wants_the_flag_and_no_password_before_it() {
    let keys = samples(&["legacy.p12"]);
    let options = Options {
        password: Box::new(|_| panic!("asked")),
        ..Options::at(now())
    };
    let named = sources(&keys, &["legacy.p12"], &[]);
    let error = Keyring::read(&named, &options).unwrap_err();
    assert!(matches!(error, Error::Pkcs12 { .. }), "{error:?}");
    assert!(error.hint().unwrap().contains("--allow-legacy"));
    let options = asked(Some("correct horse battery staple"), true);
    let keyring = Keyring::read(&named, &options).unwrap();
    assert_eq!(shown(&keyring), ["legacy.p12 1001"]);
}

#[test]
fn a_pkcs12_file_that_others_can_read_is_refused() {
    let keys = samples(&["empty.p12"]);
    keys.chmod("empty.p12", 0o644);
    let error = read(&sources(&keys, &["empty.p12"], &[])).unwrap_err();
    assert!(
        matches!(error, Error::InsecurePermissions { .. }),
        "{error:?}"
    );
}
