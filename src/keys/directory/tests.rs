use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::keys::password;
use crate::keys::testing::{TestKeys, address, now};
use crate::secret::Secret;

const BOB: &str = "bob@example.com";
const ENCRYPTED: &str = "encrypted@example.com";
const PASSWORD: &str = "correct horse battery staple";

fn names(text: &str) -> Vec<String> {
    file_names(&address(text), "crt").unwrap()
}

#[test]
fn as_written_comes_first_then_the_domain_then_all_in_lower_case() {
    assert_eq!(
        names("Bob@Example.COM"),
        [
            "Bob@Example.COM.crt",
            "Bob@example.com.crt",
            "bob@example.com.crt"
        ]
    );
    assert_eq!(names(BOB), ["bob@example.com.crt"]);
    assert_eq!(
        names("Bob@Bücher.example"),
        [
            "Bob@Bücher.example.crt",
            "Bob@xn--bcher-kva.example.crt",
            "Bob@bücher.example.crt",
            "bob@xn--bcher-kva.example.crt",
            "bob@bücher.example.crt"
        ]
    );
    assert_eq!(
        names("bob@xn--bcher-kva.example"),
        ["bob@xn--bcher-kva.example.crt", "bob@bücher.example.crt"]
    );
    assert_eq!(names("\"a b\"@example.com"), ["a b@example.com.crt"]);
    assert_eq!(names("\"a..b\"@example.com"), ["a..b@example.com.crt"]);
}

#[test]
fn each_spelling_finds_its_file_and_the_first_one_wins() {
    let keys = TestKeys::new();
    for name in [BOB, "Bob@example.com", "Bob@Example.COM"] {
        keys.certificate(name, |c| c.serial_number = name.as_bytes().to_vec());
        let found = keys.open().recipient(&address("Bob@Example.COM")).unwrap();
        assert!(found.certificate().serial_der().ends_with(name.as_bytes()));
    }
    let other = keys.open().recipient(&address("BOB@example.com")).unwrap();
    assert!(other.certificate().serial_der().ends_with(BOB.as_bytes()));
}

#[test]
fn a_miss_lists_every_path_tried() {
    let keys = TestKeys::new();
    let error = keys
        .open()
        .recipient(&address("Bob@Example.COM"))
        .unwrap_err();
    let message = error.to_string();
    for name in names("Bob@Example.COM") {
        assert!(
            message.contains(keys.path(&name).to_str().unwrap()),
            "{message}"
        );
    }
    assert!(error.is_not_found());
    assert!(
        error
            .hint()
            .unwrap()
            .starts_with("put bob@example.com.crt in /")
    );
    keys.certificate(BOB, |_| {});
    let error = keys.open().signer(&address(BOB)).unwrap_err();
    assert!(matches!(&error, Error::PrivateKeyNotFound { tried, .. }
        if *tried == ["bob@example.com.pem", "bob@example.com.p12"].map(|n| keys.path(n))));
}

#[test]
fn no_address_leaves_the_directory() {
    let keys = TestKeys::new();
    std::fs::create_dir(keys.path("sub")).unwrap();
    let directory = KeyDirectory::new(keys.path("sub"), Options::at(now()));
    keys.certificate("x@example.com", |_| {});
    for text in [
        "../x@example.com",
        "../../x@example.com",
        "/etc/x@example.com",
        "sub/x@example.com",
        "\"..\\\\x\"@example.com",
        ".x@example.com",
        "\"..\"@example.com",
        "a\u{202e}b@example.com",
    ] {
        let error = directory.recipient(&address(text)).unwrap_err();
        assert!(
            matches!(error, Error::UnsafeName { .. }),
            "{text}: {error:?}"
        );
    }
    // 251 octets and the extension are the 255 of NAME_MAX.
    let long = |length: usize| {
        let text = format!("{}@example.com", "x".repeat(length - "@example.com".len()));
        directory.recipient(&address(&text)).unwrap_err()
    };
    assert!(long(251).is_not_found());
    assert!(matches!(long(252), Error::UnsafeName { .. }));
    assert!(Address::parse("x\0@example.com").is_err());
}

#[test]
fn a_private_key_is_its_owners_alone() {
    let keys = TestKeys::with(BOB);
    let signer = || keys.open().signer(&address(BOB));
    for mode in [0o600, 0o400, 0o700] {
        keys.chmod("bob@example.com.pem", mode);
        assert!(signer().is_ok(), "{mode:o}");
    }
    for mode in [0o640, 0o604, 0o620, 0o601] {
        keys.chmod("bob@example.com.pem", mode);
        let error = signer().unwrap_err();
        assert!(matches!(&error, Error::InsecurePermissions { mode: m, .. } if *m == mode));
        let path = keys.path("bob@example.com.pem");
        assert_eq!(
            error.hint().unwrap(),
            format!("chmod 600 {}", path.display())
        );
    }
    let options = Options {
        allow_insecure_keys: true,
        ..Options::at(now())
    };
    let directory = KeyDirectory::new(keys.path(""), options);
    assert!(directory.signer(&address(BOB)).is_ok());
    keys.chmod("bob@example.com.crt", 0o666);
    assert!(keys.open().recipient(&address(BOB)).is_ok());
}

#[test]
fn an_open_file_without_a_key_is_no_scandal() {
    let keys = TestKeys::with(BOB);
    keys.write("bob@example.com.pem", "nothing");
    keys.chmod("bob@example.com.pem", 0o644);
    let error = keys.open().signer(&address(BOB)).unwrap_err();
    assert!(matches!(error, Error::PrivateKey { .. }));
}

#[test]
fn links_inside_the_directory_are_followed() {
    let keys = TestKeys::new();
    keys.certificate(BOB, |_| {});
    std::fs::rename(keys.path("bob@example.com.crt"), keys.path("data")).unwrap();
    symlink("data", keys.path("bob@example.com.crt")).unwrap();
    assert!(keys.open().recipient(&address(BOB)).is_ok());
    std::fs::remove_file(keys.path("data")).unwrap();
    assert!(
        keys.open()
            .recipient(&address(BOB))
            .unwrap_err()
            .is_not_found()
    );
    symlink("loop@example.com.crt", keys.path("loop@example.com.crt")).unwrap();
    let error = keys.open().recipient(&address("loop@example.com"));
    assert!(matches!(error, Err(Error::Unreadable { .. })));
}

fn answering(answer: Option<&'static str>, asked: &Arc<AtomicUsize>) -> Options {
    let asked = Arc::clone(asked);
    Options {
        password: Box::new(move |_| {
            asked.fetch_add(1, Ordering::Relaxed);
            Ok(answer.map(|text| Secret::from_string(text.to_owned())))
        }),
        ..Options::at(now())
    }
}

#[test]
fn a_password_is_asked_for_once_a_file_and_only_if_needed() {
    let keys = TestKeys::testdata();
    let asked = Arc::new(AtomicUsize::new(0));
    let directory = KeyDirectory::new(keys.path(""), answering(Some(PASSWORD), &asked));
    assert!(directory.signer(&address("alice@example.com")).is_ok());
    assert!(directory.recipient(&address(ENCRYPTED)).is_ok());
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    std::thread::scope(|scope| {
        for text in [ENCRYPTED, ENCRYPTED, "Encrypted@Example.com"] {
            let directory = &directory;
            scope.spawn(move || directory.signer(&address(text)).unwrap());
        }
    });
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[test]
fn wrong_and_missing_passwords_are_told_apart_and_remembered() {
    let keys = TestKeys::testdata();
    let asked = Arc::new(AtomicUsize::new(0));
    let directory = KeyDirectory::new(keys.path(""), answering(Some("guess"), &asked));
    for _ in 0..2 {
        let error = directory.signer(&address(ENCRYPTED)).unwrap_err();
        assert!(matches!(error, Error::PasswordWrong { .. }));
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    let directory = KeyDirectory::new(keys.path(""), answering(None, &asked));
    let error = directory.signer(&address(ENCRYPTED)).unwrap_err();
    assert!(matches!(error, Error::PasswordMissing { .. }));
    let options = Options {
        password: Box::new(|_| password::password_from_file(Path::new("/nowhere")).map(Some)),
        ..Options::at(now())
    };
    let error = KeyDirectory::new(keys.path(""), options).signer(&address(ENCRYPTED));
    assert!(matches!(error, Err(Error::Password { .. })));
}

/// With one of the samples of `testdata/p12` by this name, and the files of nobody else.
fn with_pkcs12(sample: &str, name: &str) -> TestKeys {
    let keys = TestKeys::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/p12");
    keys.write(name, std::fs::read(folder.join(sample)).unwrap());
    keys
}

#[test]
fn one_pkcs12_file_is_as_good_as_the_two_others_and_opened_once() {
    let keys = with_pkcs12("alice.p12", "alice@example.com.p12");
    let asked = Arc::new(AtomicUsize::new(0));
    let directory = KeyDirectory::new(keys.path(""), answering(Some(PASSWORD), &asked));
    let alice = address("alice@example.com");
    let signer = directory.signer(&alice).unwrap();
    assert_eq!(signer.certificate().serial_hex(), "1001");
    assert_eq!(signer.intermediates().len(), 1);
    let recipient = directory.recipient(&alice).unwrap();
    assert_eq!(recipient.certificate(), signer.certificate());
    let path = keys.path("alice@example.com.p12");
    assert!(directory.private_key_file(&path).is_ok());
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    let directory = KeyDirectory::new(keys.path(""), answering(Some("guess"), &asked));
    let error = directory.signer(&alice).unwrap_err();
    assert!(matches!(error, Error::PasswordWrong { .. }), "{error:?}");
    let directory = KeyDirectory::new(keys.path(""), answering(None, &asked));
    let error = directory.signer(&alice).unwrap_err();
    assert!(matches!(error, Error::PasswordMissing { .. }), "{error:?}");
}

#[test]
fn plain_files_come_before_pkcs12() {
    let keys = with_pkcs12("alice.p12", "bob@example.com.p12");
    keys.certificate(BOB, |_| {});
    let asked = Arc::new(AtomicUsize::new(0));
    let directory = KeyDirectory::new(keys.path(""), answering(Some(PASSWORD), &asked));
    assert!(directory.recipient(&address(BOB)).is_ok());
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    // The certificate from one file, the private key from the other: these do not match.
    let error = directory.signer(&address(BOB)).unwrap_err();
    assert!(matches!(error, Error::KeyMismatch { .. }), "{error:?}");
    let keys = with_pkcs12("empty.p12", "dave@example.com.p12");
    std::fs::copy(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/keys/dave@example.com.crt"),
        keys.path("dave@example.com.crt"),
    )
    .unwrap();
    assert!(keys.open().signer(&address("dave@example.com")).is_ok());
}

#[test]
fn old_pkcs12_and_open_pkcs12_are_refused() {
    let keys = with_pkcs12("legacy.p12", "alice@example.com.p12");
    let alice = address("alice@example.com");
    let error = keys.open().signer(&alice).unwrap_err();
    assert!(matches!(error, Error::Pkcs12 { .. }), "{error:?}");
    let asked = Arc::new(AtomicUsize::new(0));
    let allowed = Options {
        allow_legacy: true,
        ..answering(Some(PASSWORD), &asked)
    };
    assert!(
        KeyDirectory::new(keys.path(""), allowed)
            .signer(&alice)
            .is_ok()
    );
    keys.chmod("alice@example.com.p12", 0o640);
    let error = keys.open().signer(&alice).unwrap_err();
    assert!(
        matches!(error, Error::InsecurePermissions { .. }),
        "{error:?}"
    );
}

#[test]
fn preferences_for_another_certificate_are_none() {
    use sha2::Digest as _;

    let keys = TestKeys::with(BOB);
    let pem = std::fs::read(keys.path("bob@example.com.crt")).unwrap();
    let own = sha2::Sha256::digest(pem::blocks(&pem).unwrap()[0].content());
    let capabilities = |certificate: &[u8]| {
        let certificate = crate::asn1::reader::hexadecimal(certificate);
        let json = format!(
            r#"{{"version":1,"capabilities":["aes256-gcm"],"certificate":"{certificate}"}}"#
        );
        keys.write("bob@example.com.json", json);
        let bob = keys.open().recipient(&address(BOB)).unwrap();
        bob.capabilities().len()
    };
    assert_eq!(capabilities(&own), 1);
    let mut other = own;
    other[31] ^= 1;
    assert_eq!(capabilities(&other), 0);
}
