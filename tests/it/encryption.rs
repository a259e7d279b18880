//! Every cipher and every kind of recipient, beside `openssl cms` in both directions where openssl
//! has it, and through our own `open` where it has not.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::openssl;
use crate::support::peer::peers;
use crate::support::{Keys, Mailseal, file_of, newsletter_to, tool, try_tool};

const ENTITY: &[u8] = b"Content-Type: text/plain\r\n\r\nwhat the letter says\r\n";
const SHARED_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// `mailseal seal` with these options, to this test address.
fn seal(keys: &Keys, options: &str, to: &str) -> Vec<u8> {
    let sealed = keys.mailseal(&format!("seal --encrypt {options}"));
    sealed.stdin(newsletter_to(to)).run().success()
}

/// Whether the newsletter is in what came out.
#[track_caller]
fn assert_newsletter(content: &[u8], how: &str) {
    let text = String::from_utf8_lossy(content);
    assert!(
        text.contains("Orchard river valley library."),
        "{how}: {text}"
    );
}

/// `mailseal open` with these options and files. Content that nobody signed is asked for.
fn open(keys: &Keys, options: &[&OsStr], sealed: &[u8]) -> Mailseal {
    keys.mailseal("open --allow-unauthenticated")
        .args(options)
        .stdin(sealed)
}

/// The private key and certificate of a test address, as options.
fn key(keys: &Keys, who: &str) -> Vec<PathBuf> {
    vec![
        "--key".into(),
        keys.file(&format!("{who}@example.com.pem")),
        "--cert".into(),
        keys.file(&format!("{who}@example.com.crt")),
    ]
}

fn as_options(paths: &[PathBuf]) -> Vec<&OsStr> {
    paths.iter().map(|path| path.as_os_str()).collect()
}

/// What `openssl cms -encrypt` makes of the entity. The words may name files of `directory`.
fn openssl_encrypt(words: &str, paths: &[&Path]) -> Vec<u8> {
    let (_directory, input) = file_of(ENTITY);
    let mut arguments = vec![
        OsStr::new("cms"),
        OsStr::new("-encrypt"),
        OsStr::new("-binary"),
    ];
    arguments.extend(words.split(' ').map(OsStr::new));
    arguments.extend([OsStr::new("-in"), input.as_os_str()]);
    arguments.extend(paths.iter().map(|path| path.as_os_str()));
    tool("openssl", &arguments, b"")
}

fn openssl_decrypt(words: &str, sealed: &[u8]) -> Option<Vec<u8>> {
    let (_directory, input) = file_of(sealed);
    let mut arguments = vec![
        OsStr::new("cms"),
        OsStr::new("-decrypt"),
        OsStr::new("-binary"),
    ];
    arguments.extend(words.split(' ').map(OsStr::new));
    arguments.extend([OsStr::new("-in"), input.as_os_str()]);
    let output = try_tool("openssl", &arguments, b"");
    output.status.success().then_some(output.stdout)
}

fn password_file(directory: &TempDir, password: &str) -> PathBuf {
    let path = directory.path().join("password");
    fs::write(&path, password).expect("our own directory");
    path
}

fn shared_key_file(directory: &TempDir) -> PathBuf {
    let path = directory.path().join("key");
    let octets: Vec<u8> = (0..32).collect();
    fs::write(&path, octets).expect("our own directory");
    path
}

#[test]
fn openssl_opens_every_cipher_it_knows() {
    if !peers(&["openssl"]) {
        return;
    }
    let keys = Keys::new();
    for cipher in [
        "aes128-cbc",
        "aes192-cbc",
        "aes256-cbc",
        "aes128-gcm",
        "aes192-gcm",
        "aes256-gcm",
    ] {
        for recipient in ["bob", "dave", "p384", "p521"] {
            let sealed = seal(&keys, &format!("--cipher {cipher}"), recipient);
            let how = format!("{cipher} to {recipient}");
            assert_newsletter(&openssl::decrypt(&keys, recipient, &sealed), &how);
        }
    }
    for transport in ["pkcs1", "oaep", "oaep-sha384", "oaep-sha512"] {
        let sealed = seal(&keys, &format!("--key-transport {transport}"), "bob");
        assert_newsletter(&openssl::decrypt(&keys, "bob", &sealed), transport);
    }
}

#[test]
fn every_cipher_comes_back_for_every_kind_of_key() {
    let keys = Keys::new();
    for cipher in [
        "aes128-ccm",
        "aes192-ccm",
        "aes256-ccm",
        "chacha20-poly1305",
        "aes192-gcm",
    ] {
        for recipient in ["bob", "dave", "x25519"] {
            let sealed = seal(&keys, &format!("--cipher {cipher}"), recipient);
            let options = key(&keys, recipient);
            let opened = open(&keys, &as_options(&options), &sealed).run().success();
            assert_newsletter(&opened, &format!("{cipher} to {recipient}"));
        }
    }
}

#[test]
fn openssl_opens_what_a_password_or_a_shared_key_opens() {
    if !peers(&["openssl"]) {
        return;
    }
    let (keys, directory) = (Keys::new(), TempDir::new().expect("a temporary directory"));
    let password = password_file(&directory, "correct horse\n");
    let shared = shared_key_file(&directory);
    let sealed = keys
        .mailseal("seal --encrypt --secret-key-id 0a0b --to nobody@example.com")
        .arg("--recipient-password-file")
        .arg(&password)
        .arg("--secret-key")
        .arg(&shared)
        .stdin(newsletter_to("nobody"))
        .run()
        .success();
    let opened = openssl_decrypt("-pwri_password correct\u{a0}horse", &sealed);
    assert!(opened.is_none(), "another password");
    let (_directory, input) = file_of(&sealed);
    let arguments = [
        "cms",
        "-decrypt",
        "-binary",
        "-pwri_password",
        "correct horse",
        "-in",
    ];
    let mut arguments = arguments.map(OsStr::new).to_vec();
    arguments.push(input.as_os_str());
    assert_newsletter(&tool("openssl", &arguments, b""), "password");
    let shared_key = format!("-secretkey {SHARED_KEY} -secretkeyid 0A0B");
    let opened = openssl_decrypt(&shared_key, &sealed).expect("the shared key opens");
    assert_newsletter(&opened, "shared key");

    // And we ourselves, with either; not with another.
    let with = |option: &str, path: &Path| {
        open(&keys, &[OsStr::new(option), path.as_os_str()], &sealed).run()
    };
    assert_newsletter(&with("--password-file", &password).success(), "password");
    assert_newsletter(&with("--secret-key", &shared).success(), "shared key");
    let wrong = password_file(&directory, "correct house");
    assert_ne!(with("--password-file", &wrong).status, Some(0));
}

#[test]
fn what_openssl_encrypts_to_a_password_or_a_shared_key_is_opened() {
    if !peers(&["openssl"]) {
        return;
    }
    let (keys, directory) = (Keys::new(), TempDir::new().expect("a temporary directory"));
    let password = password_file(&directory, "hunter2");
    let shared = shared_key_file(&directory);
    for cipher in ["-aes128", "-aes-192-cbc", "-aes256"] {
        let sealed = openssl_encrypt(&format!("{cipher} -pwri_password hunter2"), &[]);
        let options = [OsStr::new("--password-file"), password.as_os_str()];
        let opened = open(&keys, &options, &sealed).run().success();
        assert!(opened.ends_with(ENTITY), "{cipher}");
    }
    for cipher in ["-aes256", "-aes-256-gcm"] {
        let words = format!("{cipher} -secretkey {SHARED_KEY} -secretkeyid 01");
        let sealed = openssl_encrypt(&words, &[]);
        let options = [OsStr::new("--secret-key"), shared.as_os_str()];
        let opened = open(&keys, &options, &sealed).run().success();
        assert!(opened.ends_with(ENTITY), "{cipher}");
        let named = [&options[..], &["--secret-key-id", "01"].map(OsStr::new)].concat();
        open(&keys, &named, &sealed).run().success();
        let misnamed = [&options[..], &["--secret-key-id", "02"].map(OsStr::new)].concat();
        assert_ne!(open(&keys, &misnamed, &sealed).run().status, Some(0));
    }
}

#[test]
fn what_openssl_encrypts_to_a_certificate_is_opened() {
    if !peers(&["openssl"]) {
        return;
    }
    let keys = Keys::new();
    for (recipient, words, options) in [
        ("bob", "-aes-192-cbc", ""),
        ("bob", "-aes-192-gcm", ""),
        ("bob", "-aes256 -keyid", ""),
        ("bob", "-aes256", "rsa_padding_mode:oaep"),
        ("bob", "-aes256", "rsa_padding_mode:oaep rsa_oaep_md:sha224"),
        (
            "bob",
            "-aes256",
            "rsa_padding_mode:oaep rsa_oaep_md:sha256 rsa_mgf1_md:sha512",
        ),
        (
            "bob",
            "-aes256",
            "rsa_padding_mode:oaep rsa_oaep_md:sha384 rsa_oaep_label:6c6162656c",
        ),
        ("dave", "-aes256", ""),
        ("dave", "-aes128 -keyid", "ecdh_kdf_md:sha256"),
        ("p384", "-aes-256-gcm", "ecdh_kdf_md:sha384"),
        ("p521", "-aes-192-cbc", "ecdh_kdf_md:sha512"),
        ("p521", "-aes256", "ecdh_kdf_md:sha224"),
        ("no-ski", "-aes256", ""),
    ] {
        let certificate = keys.file(&format!("{recipient}@example.com.crt"));
        let mut paths = vec![Path::new("-recip"), &certificate];
        for option in options.split(' ').filter(|option| !option.is_empty()) {
            paths.extend([Path::new("-keyopt"), Path::new(option)]);
        }
        let sealed = openssl_encrypt(words, &paths);
        let key = key(&keys, recipient);
        let opened = open(&keys, &as_options(&key), &sealed).run().success();
        assert!(opened.ends_with(ENTITY), "{recipient} {words} {options}");
    }
}

#[test]
fn triple_des_and_rc2_are_opened_when_that_is_allowed() {
    if !peers(&["openssl"]) {
        return;
    }
    let keys = Keys::new();
    for (recipient, cipher) in [
        ("bob", "-des3"),
        ("bob", "-rc2-40"),
        ("bob", "-rc2-64"),
        ("bob", "-rc2-128"),
        ("dave", "-des3"),
    ] {
        let certificate = keys.file(&format!("{recipient}@example.com.crt"));
        let words = format!("{cipher} -provider legacy -provider default");
        let sealed = openssl_encrypt(&words, &[Path::new("-recip"), &certificate]);
        let key = key(&keys, recipient);
        let mut options = as_options(&key);
        let refused = open(&keys, &options, &sealed).run();
        assert_ne!(refused.status, Some(0), "{cipher}");
        assert!(refused.stdout.is_empty());
        options.push(OsStr::new("--allow-legacy"));
        let opened = open(&keys, &options, &sealed).run().success();
        assert!(opened.ends_with(ENTITY), "{recipient} {cipher}");
    }
    for weak in ["des-cbc", "des3", "rc2"] {
        let refused = keys.mailseal(&format!("seal --encrypt --cipher {weak}"));
        let refused = refused.stdin(newsletter_to("bob")).run();
        assert_eq!(refused.status, Some(64));
        assert!(refused.stderr.contains("chacha20-poly1305"));
    }
}

#[test]
fn a_shared_key_that_does_not_fit_is_refused_before_anything_is_sealed() {
    let (keys, directory) = (Keys::new(), TempDir::new().expect("a temporary directory"));
    let path = directory.path().join("key");
    let run = |octets: usize, cipher: &str, id: &str| {
        fs::write(&path, vec![7; octets]).expect("our own directory");
        keys.mailseal(&format!(
            "seal --encrypt --cipher {cipher} --secret-key-id {id}"
        ))
        .arg("--secret-key")
        .arg(&path)
        .stdin(newsletter_to("bob"))
        .run()
    };
    run(17, "auto", "01").refused(66, &["17 octets"]);
    run(16, "auto", "01").refused(64, &["16 octets", "aes256-cbc"]);
    run(16, "aes128-gcm", "01").success();
    run(32, "auto", "0x").refused(64, &["hexadecimal"]);
    let without = keys.mailseal("seal --encrypt --secret-key-id 01");
    let without = without.stdin(newsletter_to("bob")).run();
    assert_eq!(without.status, Some(64));
    assert!(without.stderr.contains("--secret-key <FILE>"));
}
