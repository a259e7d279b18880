//! PKCS#12 as others write it: the files of the public suite, and what openssl exports today.

use std::ffi::OsStr;
use std::path::PathBuf;

use mailseal::asn1::reader::Reader;
use mailseal::asn1::tlv;
use mailseal::keys::pkcs12::{self, Error, Pkcs12, Unusable};
use mailseal::secret::Secret;
use sha1::{Digest, Sha1};

use crate::support::peer::{peers, skipped};
use crate::support::{project, tool};

/// Files whose private key is not read, and why.
const WITHOUT_KEY: [(&str, &str); 1] = [(
    "p12/edward.tester@demo.gnupg.com.p12",
    "a key on brainpoolP256r1, a curve that RFC 8551 does not name; and it does not open with the \
     password of the file, neither here nor with openssl",
)];

/// Files that do not open, and why.
const REFUSED: [(&str, &str); 1] = [(
    "p12/t5793-test.pfx",
    "its MAC is the one of t5793-openssl.pfx, octet for octet, over other contents: no password verifies \
     it, and openssl refuses the file, too. Without the MAC it opens, as the test shows",
)];

#[derive(serde::Deserialize)]
struct Manifest {
    count: usize,
    cases: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    id: String,
    op: String,
    file: PathBuf,
    password: String,
    cert_sha1: Vec<String>,
    expect: String,
}

/// The suite, unless it is missing: `MAILSEAL_CONFORMANCE` says where, else it is looked for beside the
/// project.
fn suite() -> Option<PathBuf> {
    let folder = std::env::var_os("MAILSEAL_CONFORMANCE")
        .map_or_else(|| project("../shared/conformance"), PathBuf::from)
        .join("misc");
    if folder.is_dir() {
        return Some(folder);
    }
    skipped(&format!(
        "no conformance suite in {}; MAILSEAL_CONFORMANCE says where it is",
        folder.display()
    ));
    None
}

fn open(file: &[u8], password: &str, allow_legacy: bool) -> Result<Pkcs12, Error> {
    let password = Secret::from_string(password.to_owned());
    pkcs12::read(file, &password, allow_legacy)
}

/// `PFX ::= SEQUENCE { version, authSafe, macData OPTIONAL }` without its end.
fn without_mac(pfx: &[u8]) -> Vec<u8> {
    let mut outer = Reader::new(pfx);
    let sequence = outer.read().expect("the file is DER");
    let mut inside = outer.inside(&sequence);
    let [version, content] = [(); 2].map(|()| inside.read().expect("the file is PKCS#12"));
    tlv::sequence(&[inside.bytes(&version), inside.bytes(&content)])
}

fn fingerprints(opened: &Pkcs12) -> Vec<String> {
    let hexadecimal = |octets: &[u8]| octets.iter().map(|octet| format!("{octet:02x}")).collect();
    let sha1 = |der: &[u8]| -> String { hexadecimal(&Sha1::digest(der)) };
    let certificates = opened.certificates.iter();
    certificates
        .map(|certificate| sha1(certificate.der()))
        .collect()
}

#[test]
fn every_file_of_the_public_suite_opens() {
    let Some(folder) = suite() else { return };
    let manifest = std::fs::read(folder.join("manifest.json")).expect("the suite has a manifest");
    let manifest: Manifest = serde_json::from_slice(&manifest).expect("the manifest is JSON");
    let cases: Vec<Case> = manifest
        .cases
        .into_iter()
        .filter(|c| c.op == "p12")
        .collect();
    let mut refusals = 0;
    for case in &cases {
        println!("{}", case.id);
        assert_eq!(case.expect, "opens");
        let file = std::fs::read(folder.join(&case.file)).expect("the suite is whole");
        let opened = match REFUSED.iter().find(|(id, _)| *id == case.id) {
            None => open(&file, &case.password, true).unwrap(),
            Some((_, why)) => {
                let refused = open(&file, &case.password, true);
                assert_eq!(refused.unwrap_err(), Error::WrongPassword, "{why}");
                refusals += 1;
                open(&without_mac(&file), &case.password, true).unwrap()
            }
        };
        let found = fingerprints(&opened);
        for expected in &case.cert_sha1 {
            assert!(found.contains(expected), "{found:?} lacks {expected}");
        }
        match WITHOUT_KEY.iter().find(|(id, _)| *id == case.id) {
            None => {
                assert!(opened.unusable.is_empty(), "{:?}", opened.unusable);
                let own = opened.certificates[..].iter().filter(|certificate| {
                    let key = certificate.public_key();
                    key.is_ok_and(|key| key == *opened.keys[0].public_key())
                });
                assert_eq!((opened.keys.len(), own.count()), (1, 1));
            }
            Some((_, why)) => {
                let unusable = &opened.unusable[..];
                assert!(matches!(unusable, [Unusable::Locked]), "{why}: {opened:?}");
                let curve = opened.certificates[0].public_key().unwrap_err();
                assert!(curve.to_string().contains("brainpoolP256r1"), "{curve}");
            }
        }
        let wrong = open(&file, &format!("{} ", case.password), true);
        assert_eq!(wrong.unwrap_err(), Error::WrongPassword);
    }
    assert_eq!(cases.len(), manifest.count);
    println!("{} of {} open", cases.len() - refusals, manifest.count);
}

#[test]
fn what_openssl_exports_opens_and_old_encryption_only_with_the_flag() {
    if !peers(&["openssl"]) {
        return;
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("export.p12");
    let export = |whose: &str, password: &str, options: &str| {
        let (certificate, key) = (
            project(&format!("testdata/keys/{whose}@example.com.crt")),
            project(&format!("testdata/keys/{whose}@example.com.pem")),
        );
        let passout = format!("pass:{password}");
        let words = ["pkcs12", "-export", "-passout", &passout, "-in"];
        let mut arguments: Vec<&OsStr> = words.into_iter().map(OsStr::new).collect();
        arguments.extend([
            certificate.as_os_str(),
            OsStr::new("-inkey"),
            key.as_os_str(),
        ]);
        arguments.extend([OsStr::new("-out"), path.as_os_str()]);
        arguments.extend(options.split_whitespace().map(OsStr::new));
        tool("openssl", &arguments, b"");
        std::fs::read(&path).expect("openssl wrote it")
    };
    let password = "Grüße, 世界 🔐";
    for whose in ["alice", "dave"] {
        for options in [
            "",
            "-keypbe AES-128-CBC -certpbe AES-192-CBC -iter 1 -nomaciter",
            "-keypbe DES-EDE3-CBC -certpbe NONE -macalg sha512",
            "-keypbe NONE -certpbe NONE -macalg sha1",
            "-nomac -iter 100000",
        ] {
            println!("{whose} {options}");
            let file = export(whose, password, options);
            let opened = open(&file, password, false).unwrap();
            assert_eq!((opened.keys.len(), opened.certificates.len()), (1, 2));
            let wrong = open(&file, "Grüße", false).unwrap_err();
            assert_eq!(wrong, Error::WrongPassword);
        }
        for options in [
            "-legacy",
            "-legacy -descert -macalg sha256",
            "-legacy -keypbe PBE-SHA1-RC2-128 -certpbe PBE-SHA1-2DES",
        ] {
            println!("{whose} {options}");
            let file = export(whose, password, options);
            let opened = open(&file, password, true).unwrap();
            assert_eq!((opened.keys.len(), opened.certificates.len()), (1, 2));
            let refused = open(&file, password, false).unwrap_err();
            assert!(matches!(refused, Error::Legacy { .. }), "{refused}");
        }
    }
}
