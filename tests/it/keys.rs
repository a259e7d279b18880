//! The key directory: each wrong certificate or key is refused with the file and the fact, before anything
//! is written.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::openssl;
use crate::support::{Keys, Outcome, newsletter_from, newsletter_to};

fn sign_as(keys: &Keys, sender: &str) -> Outcome {
    keys.mailseal("seal --sign")
        .stdin(newsletter_from(sender))
        .run()
}

fn encrypt_to(keys: &Keys, recipient: &str) -> Outcome {
    keys.mailseal("seal --encrypt")
        .stdin(newsletter_to(recipient))
        .run()
}

#[test]
fn wrong_signers_are_refused() {
    let keys = Keys::new();
    for (sender, words) in [
        ("expired", ["expired@example.com.crt", "2020"]),
        ("future", ["future@example.com.crt", "2190"]),
        (
            "no-address",
            ["no-address@example.com.crt", "no-address@example.com"],
        ),
        (
            "other-address",
            ["other-address@example.com.crt", "somebody.else@example.com"],
        ),
        ("encrypt-only", ["encrypt-only@example.com.crt", "usage"]),
        ("server-only", ["server-only@example.com.crt", "serverAuth"]),
        (
            "mismatch",
            ["mismatch@example.com.pem", "mismatch@example.com.crt"],
        ),
        ("rsa1024", ["rsa1024@example.com", "1024"]),
        ("secp256k1", ["secp256k1@example.com", "secp256k1"]),
        ("garbage", ["garbage@example.com.crt", "certificate"]),
    ] {
        println!("{sender}");
        wrong_key(&sign_as(&keys, sender), &words);
    }
}

#[test]
fn wrong_recipients_are_refused() {
    let keys = Keys::new();
    for (recipient, words) in [
        ("expired", ["expired@example.com.crt", "2020"]),
        ("future", ["future@example.com.crt", "2190"]),
        (
            "other-address",
            ["other-address@example.com.crt", "somebody.else@example.com"],
        ),
        ("sign-only", ["sign-only@example.com.crt", "usage"]),
        ("server-only", ["server-only@example.com.crt", "serverAuth"]),
        ("rsa1024", ["rsa1024@example.com", "1024"]),
        ("ed25519", ["ed25519@example.com", "Ed25519"]),
        ("garbage", ["garbage@example.com.crt", "certificate"]),
    ] {
        println!("{recipient}");
        wrong_key(&encrypt_to(&keys, recipient), &words);
    }
}

/// A certificate that is not fit for this is as good as missing: 66.
#[track_caller]
fn wrong_key(run: &Outcome, words: &[&str]) {
    run.failed(66, words);
    assert!(run.stdout.is_empty(), "something was written");
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let keys = Keys::new();
    let path = keys.file("alice@example.com.pem");
    for mode in [0o640, 0o604, 0o644, 0o620] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("our own file");
        let run = sign_as(&keys, "alice");
        run.refused(77, &["alice@example.com.pem", "chmod 600"]);
        keys.mailseal("seal --sign --allow-insecure-keys")
            .stdin(newsletter_from("alice"))
            .run()
            .success();
    }
    for mode in [0o600, 0o400] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("our own file");
        sign_as(&keys, "alice").success();
    }
}

#[test]
fn an_encrypted_key_wants_its_password() {
    let keys = Keys::new();
    let run = sign_as(&keys, "encrypted");
    run.refused(77, &["encrypted@example.com.pem", "--password-file"]);

    let wrong = keys.file("wrong.password");
    fs::write(&wrong, "correct horse battery stapler\n").expect("our own directory");
    let run = keys
        .mailseal("seal --sign --password-file")
        .arg(&wrong)
        .stdin(newsletter_from("encrypted"))
        .run();
    run.refused(77, &["encrypted@example.com.pem", "password"]);

    let right = keys.file("encrypted@example.com.password");
    keys.mailseal("seal --sign")
        .env("MAILSEAL_PASSWORD_FILE", &right)
        .stdin(newsletter_from("encrypted"))
        .run()
        .success();
}

#[test]
fn no_password_is_asked_for_without_need() {
    let keys = Keys::new();
    let run = keys
        .mailseal("seal --sign --password-file /nonexistent")
        .stdin(newsletter_from("alice"))
        .run();
    // Whether the file is looked at early or late, it must not be silently half used.
    assert!(matches!(run.status, Some(0 | 66)), "{}", run.stderr);
}

#[test]
fn a_miss_lists_every_path_tried() {
    let keys = Keys::new();
    let message = newsletter_to("bob");
    let message = String::from_utf8(message)
        .expect("ASCII")
        .replace("bob@example.com", "No.Body@Example.COM");
    let run = keys.mailseal("seal --encrypt").stdin(message).run();
    run.refused(66, &["No.Body@example.com", "no.body@example.com.crt"]);
}

#[test]
fn one_refusal_names_all_without_a_certificate() {
    let keys = Keys::new();
    let to = "ann@example.com, bob@example.com, zoe@example.com";
    let message = String::from_utf8(newsletter_to("bob"))
        .expect("ASCII")
        .replace("bob@example.com", to);
    let run = keys.mailseal("seal --encrypt").stdin(message).run();
    run.refused(66, &["ann@example.com", "zoe@example.com"]);
}

#[test]
fn missing_skip_leaves_them_out() {
    let keys = Keys::new();
    let to = "ann@example.com, bob@example.com";
    let message = String::from_utf8(newsletter_to("bob"))
        .expect("ASCII")
        .replace("bob@example.com", to);
    let run = keys
        .mailseal("seal --encrypt --missing skip")
        .stdin(message)
        .run();
    assert!(run.stderr.contains("ann@example.com"), "{}", run.stderr);
    openssl::decrypt(&keys, "bob", &run.success());
}

#[test]
fn missing_skip_of_everyone_is_refused() {
    let keys = Keys::new();
    let run = keys
        .mailseal("seal --encrypt --missing skip")
        .stdin(newsletter_to("ann"))
        .run();
    run.refused(66, &["ann@example.com"]);
}

#[test]
fn the_lookup_ends_in_lower_case() {
    let keys = Keys::new();
    let cased = String::from_utf8(newsletter_to("bob"))
        .expect("ASCII")
        .replace("bob@", "BOB@");
    keys.mailseal("seal --encrypt").stdin(cased).run().success();
    // As written comes first: a file of that name is taken, and it is no certificate.
    fs::write(keys.file("BOB@example.com.crt"), "not a certificate").expect("our own directory");
    let cased = String::from_utf8(newsletter_to("bob"))
        .expect("ASCII")
        .replace("bob@", "BOB@");
    let run = keys.mailseal("seal --encrypt").stdin(cased).run();
    run.failed(66, &["BOB@example.com.crt"]);
}

#[test]
fn an_address_never_leaves_the_directory() {
    let keys = Keys::new();
    let inside = keys.file("sub");
    fs::create_dir(&inside).expect("our own directory");
    // What the traversal would find, were it followed from `sub`.
    let long = "x".repeat(300);
    for local in [
        "../bob",
        "../../bob",
        "/etc/bob",
        ".",
        "..",
        "a/b",
        "\\0",
        long.as_str(),
    ] {
        let to = format!("\"{local}\"@example.com");
        let message = String::from_utf8(newsletter_to("bob"))
            .expect("ASCII")
            .replace("bob@example.com", &to);
        let run = crate::support::Mailseal::new("seal --encrypt --keys")
            .arg(&inside)
            .stdin(message)
            .run();
        assert!(
            matches!(run.status, Some(65 | 66)),
            "{local}: {:?} {}",
            run.status,
            run.stderr
        );
        assert!(run.stdout.is_empty());
    }
}

#[test]
fn a_pkcs12_file_alone_is_enough() {
    let keys = Keys::new();
    let run = sign_as(&keys, "container");
    run.refused(77, &["container@example.com.p12", "--password-file"]);
    let password = keys.file("encrypted@example.com.password");
    let signed = keys
        .mailseal("seal --sign --password-file")
        .arg(&password)
        .stdin(newsletter_from("container"))
        .run()
        .success();
    assert!(openssl::print(&signed).contains("CN=container"));
}

#[test]
fn an_old_pkcs12_file_wants_the_flag() {
    let keys = Keys::new();
    let (legacy, password) = (
        crate::support::project("testdata/p12/legacy.p12"),
        keys.file("encrypted@example.com.password"),
    );
    fs::copy(legacy, keys.file("alice@example.com.p12")).expect("our own directory");
    fs::set_permissions(
        keys.file("alice@example.com.p12"),
        fs::Permissions::from_mode(0o600),
    )
    .expect("our own file");
    for name in ["alice@example.com.crt", "alice@example.com.pem"] {
        fs::remove_file(keys.file(name)).expect("our own directory");
    }
    let run = |flag: &str| {
        keys.mailseal(&format!("seal --sign{flag} --password-file"))
            .arg(&password)
            .stdin(newsletter_from("alice"))
            .run()
    };
    run("").refused(66, &["alice@example.com.p12", "RC2", "--allow-legacy"]);
    run(" --allow-legacy").success();
}

#[test]
fn the_cipher_is_the_best_that_all_recipients_announce() {
    let keys = Keys::new();
    let seal = |arguments: &str, to: &str| {
        let message = String::from_utf8(newsletter_to("several"))
            .expect("ASCII")
            .replace("several@example.com", to);
        let run = keys.mailseal(&format!("seal --encrypt -v {arguments}"));
        let run = run.stdin(message).run();
        let said = run.stderr.clone();
        (String::from_utf8_lossy(&run.success()).into_owned(), said)
    };
    let (sealed, said) = seal("", "several@example.com");
    assert!(sealed.contains("authEnveloped-data"));
    assert!(said.contains("the cipher is aes256-gcm"), "{said}");
    assert!(said.contains("its owner prefers it"), "{said}");
    let (sealed, said) = seal("", "several@example.com, bob@example.com");
    assert!(sealed.contains("enveloped-data") && !sealed.contains("authEnveloped-data"));
    let reason = "nothing is known of what bob@example.com can decrypt";
    assert!(said.contains(reason), "{said}");
    let (sealed, said) = seal("--cipher aes128-cbc", "several@example.com");
    assert!(!sealed.contains("authEnveloped-data"));
    assert!(!said.contains("the cipher is"), "{said}");
}

#[test]
fn preferences_that_cannot_be_read_are_named() {
    let keys = Keys::new();
    fs::write(keys.file("bob@example.com.json"), "{\"version\": 1,").expect("our own directory");
    let run = encrypt_to(&keys, "bob");
    run.refused(66, &["bob@example.com.json", "line 1"]);
}
