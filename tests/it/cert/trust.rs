//! Whom `--trust` names, and what is said when nobody is trusted.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::made::Made;
use super::{Files, json, key_file, pki};
use crate::support::peer::peers;
use crate::support::{Keys, Mailseal, project};

fn check(trust: &Path) -> Mailseal {
    Mailseal::new("cert check --at 2026-11-21T12:00:00Z --trust")
        .arg(trust)
        .arg(key_file("bob@example.com.crt"))
}

#[test]
fn bundles_are_read_in_every_format() {
    if !peers(&["openssl"]) {
        return;
    }
    let made = Made::new();
    fs::copy(pki("root.crt"), made.path("root.crt")).expect("testdata");
    fs::copy(pki("stranger.crt"), made.path("stranger.crt")).expect("testdata");
    let both = [made.read("stranger.crt"), made.read("root.crt")].concat();
    let bundle = "crl2pkcs7 -nocrl -certfile @stranger.crt -certfile @root.crt";
    let der = made.openssl(&format!("{bundle} -outform DER"));
    for file in [
        made.write("both.pem", &both),
        made.make("root.der", "x509 -in @root.crt -outform DER"),
        made.make("both.p7b", bundle),
        made.write("both.p7c", &der),
        made.write("both.ber", indefinite(&der)),
        made.make(
            "trusted.pem",
            "x509 -in @root.crt -trustout -addtrust emailProtection",
        ),
    ] {
        let (status, report) = json(check(&file));
        assert_eq!(status, Some(0), "{}: {report}", file.display());
    }
    let stranger = made.make("stranger.p7b", "crl2pkcs7 -nocrl -certfile @stranger.crt");
    assert_eq!(json(check(&stranger)).1["reason"], "no-trusted-issuer");
}

/// The outermost SEQUENCE with an indefinite length.
fn indefinite(der: &[u8]) -> Vec<u8> {
    assert_eq!(der[1], 0x82, "two octets of length");
    [&[0x30, 0x80], &der[4..], &[0, 0]].concat()
}

#[test]
fn a_directory_is_trusted_for_what_is_good_in_it() {
    let files = Files::new();
    let directory = files.0.path();
    fs::copy(pki("root.crt"), directory.join("root.pem")).expect("testdata");
    symlink("root.pem", directory.join("1a2b3c4d.0")).expect("our own directory");
    files.write("README", "nothing here");
    fs::copy(pki("root.pem"), directory.join("root.key")).expect("testdata");
    let quiet = check(directory).run();
    assert_eq!((quiet.status, &*quiet.stderr), (Some(0), ""));
    let told = check(directory).arg("-v").run();
    assert!(
        told.stderr.contains("README holds no certificate to trust"),
        "{}",
        told.stderr
    );
    assert!(
        told.stderr.contains("root.key holds no certificate"),
        "{}",
        told.stderr
    );
    assert!(!told.stderr.contains("1a2b3c4d.0"), "{}", told.stderr);

    fs::copy(
        key_file("garbage@example.com.crt"),
        directory.join("broken.crt"),
    )
    .expect("testdata");
    let warned = check(directory).run();
    assert_eq!(warned.status, Some(0), "{}", warned.stderr);
    assert!(
        warned.stderr.contains("warning: skipped: ") && warned.stderr.contains("broken.crt"),
        "{}",
        warned.stderr
    );
    // Named by itself it ends everything.
    let refused = check(&directory.join("broken.crt")).run();
    refused.refused(66, &["broken.crt", "number 1", "PKCS#7"]);
    fs::remove_file(directory.join("root.pem")).expect("our own directory");
    check(directory)
        .run()
        .refused(66, &["holds no certificate"]);
    check(Path::new("/nowhere"))
        .run()
        .refused(66, &["/nowhere", "--trust"]);
    check(&key_file("bob@example.com.pem"))
        .run()
        .refused(66, &["PRIVATE KEY", "--trust"]);
}

#[test]
fn where_nobody_is_trusted_everybody_who_judges_says_so() {
    let keys = Keys::new();
    let signed = project("testdata/sealed/signed.eml");
    let words = ["nobody is trusted", "/nowhere/bundle.pem", "--trust FILE"];
    let without =
        |arguments: &str| Mailseal::new(arguments).env("SSL_CERT_FILE", "/nowhere/bundle.pem");
    let bob = key_file("bob@example.com.crt");
    for run in [
        without("cert check --at 2026-11-21T12:00:00Z").arg(&bob),
        without("cert check --at 2026-11-21T12:00:00Z --json").arg(&bob),
        without("verify --at 2026-11-21T12:00:00Z").arg(&signed),
        without("open --at 2026-11-21T12:00:00Z").arg(&signed),
        without("cert import --at 2026-11-21T12:00:00Z --keys")
            .arg(keys.path())
            .arg(&bob),
    ] {
        let outcome = run.run();
        outcome.failed(1, &words);
        assert!(outcome.stderr.contains("hint: "), "{}", outcome.stderr);
    }
    // Who judges nobody needs nobody.
    let plain = without("open --at 2026-11-21T12:00:00Z --allow-unauthenticated")
        .arg(project("testdata/mail/newsletter.eml"))
        .run();
    assert!(!plain.stderr.contains("trusted"), "{}", plain.stderr);
    plain.success();
    let sealed =
        without("open --at 2026-11-21T12:00:00Z --key").arg(keys.file("bob@example.com.pem"));
    let sealed = sealed
        .arg(project("testdata/sealed/encrypted-gcm.eml"))
        .run();
    assert!(!sealed.stderr.contains("trusted"), "{}", sealed.stderr);
    sealed.success();
    let named = without("verify --at 2026-11-21T12:00:00Z --trust")
        .arg(pki("root.crt"))
        .arg(&signed)
        .run();
    assert!(!named.stderr.contains("nobody"), "{}", named.stderr);
    named.success();
}

#[test]
fn the_bundle_that_is_trusted_by_default_is_named() {
    let files = Files::new();
    let bundle = files.write("bundle.pem", fs::read(pki("root.crt")).expect("testdata"));
    let run = |flags: &str| {
        let run = Mailseal::new("cert check --at 2026-11-21T12:00:00Z");
        let run = run
            .args(flags.split_whitespace())
            .env("SSL_CERT_FILE", &bundle);
        run.arg(key_file("bob@example.com.crt")).run()
    };
    assert_eq!(run("").stderr, "");
    let told = run("-v");
    assert!(
        told.stderr
            .contains(&format!("trusting {}", bundle.display())),
        "{}",
        told.stderr
    );
    told.success();
}
