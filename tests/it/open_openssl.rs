//! Whatever `openssl cms` encrypts, opened: every cipher, recipient and form of OpenSSL 3.0, and beside
//! each the nearest refusal: without leave where nobody vouches for the content, with one octet changed
//! where somebody does, and with another's key.

use std::fs;

use crate::openssl;
use crate::support::peer::peers;
use crate::support::report::Opened;
use crate::support::{Keys, Mailseal, figure, mail_bytes, project};

const SECRET: &str = "000102030405060708090a0b0c0d0e0f";
const SECRET_OCTETS: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
const PASSWORD: &str = "correct-horse";

/// How openssl encrypts, in its words, to whom, and with which cipher.
struct Row {
    words: &'static str,
    opener: Opener,
    cipher: &'static str,
}

/// What the message is opened with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Opener {
    /// The key and certificate of this name.
    Key(&'static str),
    /// The key alone, which is tried on every recipient.
    KeyAlone(&'static str),
    Secret,
    Password,
}

use Opener::{Key, KeyAlone, Password, Secret};

const fn row(words: &'static str, opener: Opener, cipher: &'static str) -> Row {
    Row {
        words,
        opener,
        cipher,
    }
}

const OAEP: &str = "-keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:";

/// `OAEP:` stands for the words above.
const ENCRYPTED: &[Row] = &[
    // Ciphers.
    row("-aes-128-cbc bob.crt", Key("bob"), "aes128-cbc"),
    row("-aes-192-cbc bob.crt", Key("bob"), "aes192-cbc"),
    row("-aes-256-cbc bob.crt", Key("bob"), "aes256-cbc"),
    row("-aes-128-gcm bob.crt", Key("bob"), "aes128-gcm"),
    row("-aes-192-gcm bob.crt", Key("bob"), "aes192-gcm"),
    row("-aes-256-gcm bob.crt", Key("bob"), "aes256-gcm"),
    row("-des3 bob.crt", Key("bob"), "des-ede3-cbc"),
    row(
        "-provider legacy -provider default -rc2-128 bob.crt",
        Key("bob"),
        "rc2-128-cbc",
    ),
    row(
        "-provider legacy -provider default -rc2-64 bob.crt",
        Key("bob"),
        "rc2-64-cbc",
    ),
    row(
        "-provider legacy -provider default -rc2-40 bob.crt",
        Key("bob"),
        "rc2-40-cbc",
    ),
    // Forms.
    row(
        "-aes-256-cbc -outform DER bob.crt",
        Key("bob"),
        "aes256-cbc",
    ),
    row(
        "-aes-256-cbc -outform PEM bob.crt",
        Key("bob"),
        "aes256-cbc",
    ),
    row("-aes-256-cbc -stream bob.crt", Key("bob"), "aes256-cbc"),
    row(
        "-aes-256-cbc -stream -outform DER bob.crt",
        Key("bob"),
        "aes256-cbc",
    ),
    row(
        "-aes-256-cbc -indef -outform PEM bob.crt",
        Key("bob"),
        "aes256-cbc",
    ),
    row("-aes-256-gcm -stream bob.crt", Key("bob"), "aes256-gcm"),
    row(
        "-aes-256-gcm -stream -outform DER bob.crt",
        Key("bob"),
        "aes256-gcm",
    ),
    row("-aes-256-cbc -crlfeol bob.crt", Key("bob"), "aes256-cbc"),
    // RSA recipients: by issuer and serial, by SKI, without a certificate to find them by, several.
    row("-aes-256-cbc -keyid bob.crt", Key("bob"), "aes256-cbc"),
    row("-aes-256-gcm -keyid bob.crt", Key("bob"), "aes256-gcm"),
    row("-aes-256-cbc bob.crt", KeyAlone("bob"), "aes256-cbc"),
    row(
        "-aes-256-gcm alice.crt carol.crt bob.crt",
        KeyAlone("bob"),
        "aes256-gcm",
    ),
    row(
        "-aes-256-cbc alice.crt carol.crt bob.crt",
        Key("bob"),
        "aes256-cbc",
    ),
    row(
        "-aes-256-cbc alice.crt dave.crt bob.crt",
        Key("dave"),
        "aes256-cbc",
    ),
    row(
        "-aes-256-cbc -recip bob.crt OAEP:sha1",
        Key("bob"),
        "aes256-cbc",
    ),
    row(
        "-aes-256-cbc -recip bob.crt OAEP:sha224",
        Key("bob"),
        "aes256-cbc",
    ),
    row(
        "-aes-256-cbc -recip bob.crt OAEP:sha256",
        Key("bob"),
        "aes256-cbc",
    ),
    row(
        "-aes-256-cbc -recip bob.crt OAEP:sha384",
        Key("bob"),
        "aes256-cbc",
    ),
    row(
        "-aes-256-cbc -recip bob.crt OAEP:sha512",
        Key("bob"),
        "aes256-cbc",
    ),
    row(
        "-aes-256-cbc -recip bob.crt OAEP:sha256 -keyopt rsa_mgf1_md:sha1",
        Key("bob"),
        "aes256-cbc",
    ),
    row(
        "-aes-256-gcm -recip bob.crt OAEP:sha256 -keyopt rsa_oaep_label:6d61696c",
        Key("bob"),
        "aes256-gcm",
    ),
    // Elliptic curves: each curve, each digest of the key derivation, each wrap.
    row("-aes-256-cbc dave.crt", Key("dave"), "aes256-cbc"),
    row("-aes-128-cbc dave.crt", Key("dave"), "aes128-cbc"),
    row("-aes-192-cbc dave.crt", Key("dave"), "aes192-cbc"),
    row("-aes-256-gcm dave.crt", Key("dave"), "aes256-gcm"),
    row("-aes-256-cbc dave.crt", KeyAlone("dave"), "aes256-cbc"),
    row("-aes-256-cbc -keyid dave.crt", Key("dave"), "aes256-cbc"),
    row(
        "-aes-256-cbc -recip dave.crt -keyopt ecdh_kdf_md:sha1",
        Key("dave"),
        "aes256-cbc",
    ),
    row(
        "-aes-256-cbc -recip dave.crt -keyopt ecdh_kdf_md:sha224",
        Key("dave"),
        "aes256-cbc",
    ),
    row(
        "-aes-256-cbc -recip dave.crt -keyopt ecdh_kdf_md:sha256",
        Key("dave"),
        "aes256-cbc",
    ),
    row(
        "-aes-256-cbc -recip dave.crt -keyopt ecdh_kdf_md:sha384",
        Key("dave"),
        "aes256-cbc",
    ),
    row(
        "-aes-256-cbc -recip dave.crt -keyopt ecdh_kdf_md:sha512",
        Key("dave"),
        "aes256-cbc",
    ),
    row(
        "-aes-256-cbc -aes128-wrap -recip dave.crt",
        Key("dave"),
        "aes256-cbc",
    ),
    row(
        "-aes-256-cbc -aes192-wrap -recip dave.crt",
        Key("dave"),
        "aes256-cbc",
    ),
    row(
        "-aes-128-gcm -aes256-wrap -recip dave.crt",
        Key("dave"),
        "aes128-gcm",
    ),
    row("-aes-256-cbc p384.crt", Key("p384"), "aes256-cbc"),
    row(
        "-aes-256-gcm -recip p384.crt -keyopt ecdh_kdf_md:sha384",
        Key("p384"),
        "aes256-gcm",
    ),
    row("-aes-256-cbc p521.crt", Key("p521"), "aes256-cbc"),
    row(
        "-aes-256-gcm -recip p521.crt -keyopt ecdh_kdf_md:sha512",
        Key("p521"),
        "aes256-gcm",
    ),
    row("-des3 dave.crt", Key("dave"), "des-ede3-cbc"),
    // A key both sides have, and a password.
    row("-aes-128-cbc SECRET", Secret, "aes128-cbc"),
    row("-aes-256-gcm SECRET", Secret, "aes256-gcm"),
    row("-aes-128-cbc SECRET bob.crt", Secret, "aes128-cbc"),
    row("-aes-128-cbc SECRET bob.crt", Key("bob"), "aes128-cbc"),
    row("-aes-128-cbc PASSWORD", Password, "aes128-cbc"),
    row("-aes-256-cbc PASSWORD", Password, "aes256-cbc"),
    row("-aes-256-cbc PASSWORD -stream", Password, "aes256-cbc"),
    row("-des3 PASSWORD", Password, "des-ede3-cbc"),
    row("-aes-256-cbc PASSWORD bob.crt", Password, "aes256-cbc"),
    row("-aes-256-cbc PASSWORD bob.crt", Key("bob"), "aes256-cbc"),
];

/// The test's own directory of keys, with a password, a secret key, and wrong ones of each.
struct Bunch(Keys);

impl Bunch {
    fn new() -> Bunch {
        let keys = Keys::new();
        for (name, algorithm) in [("p384", "ec:P-384"), ("p521", "ec:P-521")] {
            if !keys.file(&format!("{name}@example.com.pem")).exists() {
                openssl::issue(&keys, name, algorithm);
            }
        }
        let bunch = Bunch(keys);
        for (name, octets) in [
            ("password", PASSWORD.as_bytes()),
            ("other-password", b"correct-house"),
            ("secret", &SECRET_OCTETS),
            ("other-secret", &[0; 16]),
        ] {
            fs::write(bunch.0.file(name), octets).expect("our own directory");
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            fs::set_permissions(bunch.0.file(name), mode).expect("our own file");
        }
        bunch
    }

    /// `mailseal open` with what opens the message, or with what is nearest to it.
    fn open(&self, opener: Opener, right: bool, message: &[u8]) -> Mailseal {
        let run = Mailseal::new("open --trust")
            .arg(project("testdata/pki/root.crt"))
            .stdin(message);
        let file = |name: &str| self.0.file(name);
        let other = |name: &'static str| match name {
            _ if right => name,
            "bob" | "alice" => "pkcs1",
            _ => "sec1",
        };
        match opener {
            Key(name) => {
                let name = other(name);
                run.arg("--key")
                    .arg(file(&format!("{name}@example.com.pem")))
                    .arg("--cert")
                    .arg(file(&format!("{name}@example.com.crt")))
            }
            KeyAlone(name) => {
                let key = file(&format!("{}@example.com.pem", other(name)));
                run.arg("--key").arg(key)
            }
            Secret => {
                let name = if right { "secret" } else { "other-secret" };
                run.arg("--secret-key")
                    .arg(file(name))
                    .args(["--secret-key-id", "0102"])
            }
            Password => {
                let name = if right { "password" } else { "other-password" };
                run.arg("--password-file").arg(file(name))
            }
        }
    }
}

fn words(row: &str) -> String {
    row.replace("OAEP:", OAEP)
        .replace("SECRET", &format!("-secretkey {SECRET} -secretkeyid 0102"))
        .replace("PASSWORD", &format!("-pwri_password {PASSWORD}"))
}

fn entity() -> Vec<u8> {
    let text = String::from_utf8(mail_bytes("newsletter.eml")).expect("the newsletter is ASCII");
    let (_, body) = text.split_once("\r\n\r\n").expect("a header and a body");
    format!("Content-Type: multipart/alternative; boundary=\"=_news\"\r\n\r\n{body}").into_bytes()
}

fn is_aead(row: &Row) -> bool {
    row.cipher.ends_with("gcm")
}

fn is_legacy(row: &Row) -> bool {
    row.cipher.starts_with("des") || row.cipher.starts_with("rc2")
}

/// What is wrong with our answer to a row.
fn wrong(bunch: &Bunch, row: &Row, entity: &[u8]) -> Result<(), String> {
    let fail = |what: &str, run: &Opened| Err(format!("{what}: {}", run.said()));
    let encrypt = format!("-encrypt -binary {}", words(row.words));
    let message = openssl::cms(&bunch.0, &encrypt, entity);
    let mut leave = Vec::new();
    if !is_aead(row) {
        leave.push("--allow-unauthenticated");
    }
    if is_legacy(row) {
        leave.push("--allow-legacy");
    }
    let open = |right: bool, leave: &[&str], message: &[u8]| {
        bunch.open(row.opener, right, message).args(leave).opened()
    };

    let run = open(true, &leave, &message);
    let Some(report) = &run.report else {
        return fail("no report", &run);
    };
    let layer = report.layers.first();
    let (kind, integrity) = if is_aead(row) {
        ("auth-enveloped-data", "aead")
    } else {
        ("enveloped-data", "none")
    };
    let cipher = layer.and_then(|layer| layer.cipher.as_deref());
    if layer.map(|layer| layer.kind.as_str()) != Some(kind)
        || layer.and_then(|layer| layer.integrity.as_deref()) != Some(integrity)
        || cipher != Some(row.cipher)
    {
        return fail(&format!("not {kind}, {integrity}, {}", row.cipher), &run);
    }
    if run.outcome.status != Some(0) || report.verdict != "unsigned" {
        return fail("not opened", &run);
    }
    let content = run.content.as_deref().unwrap_or_default();
    if !content.ends_with(entity) {
        return fail("not the content that was encrypted", &run);
    }

    for missing in &leave {
        let others: Vec<&str> = leave
            .iter()
            .copied()
            .filter(|flag| flag != missing)
            .collect();
        let run = open(true, &others, &message);
        if run.outcome.status != Some(1) || run.content.is_some() {
            return fail(&format!("opened without {missing}"), &run);
        }
    }
    // RFC 3218 2.3: a key of RSA that is not the recipient's gives a random content key, which in CBC
    // shows in the padding, 255 times in 256: with leave to write what nobody vouches for, the last
    // time something comes out.
    let is_random = !is_aead(row) && matches!(row.opener, Key("bob") | KeyAlone("bob"));
    let leave_for_wrong: Vec<&str> = leave
        .iter()
        .copied()
        .filter(|flag| !is_random || *flag != "--allow-unauthenticated")
        .collect();
    let run = open(false, &leave_for_wrong, &message);
    let refused = match run.outcome.status {
        Some(66 | 77) => true,
        Some(1) => is_random,
        _ => false,
    };
    if !refused || run.content.is_some() {
        return fail("opened with what does not open it", &run);
    }
    if is_aead(row) {
        // The tag is at the end, but for the ends of indefinite lengths.
        let changed = openssl::change(&message, |der| {
            let octet = der
                .iter()
                .rposition(|octet| *octet != 0)
                .expect("not all zeroes");
            der[octet] ^= 1;
        });
        let run = open(true, &leave, &changed);
        if run.outcome.status == Some(0) || run.content.is_some() {
            return fail("opened with one octet of the tag changed", &run);
        }
    }
    Ok(())
}

#[test]
fn all_that_openssl_encrypts_is_opened() {
    if !peers(&["openssl"]) {
        return;
    }
    let (bunch, entity) = (Bunch::new(), entity());
    let mut failures = Vec::new();
    for row in ENCRYPTED {
        if let Err(what) = wrong(&bunch, row, &entity) {
            failures.push(format!("{}\n{what}", row.words));
        }
    }
    figure(&format!(
        "openssl cms -encrypt: {} of {} ways as expected",
        ENCRYPTED.len() - failures.len(),
        ENCRYPTED.len()
    ));
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn what_is_not_supported_is_named() {
    if !peers(&["openssl"]) {
        return;
    }
    let (bunch, entity) = (Bunch::new(), entity());
    for (words, name) in [
        ("-camellia256 bob.crt", "1.2.392.200011.61.1.1.1.4"),
        ("-aria-128-cbc bob.crt", "1.2.410.200046.1.1.2"),
        ("-provider legacy -provider default -des bob.crt", "des"),
        ("-aes-256-cbc -des3-wrap -recip dave.crt", "3des-wrap"),
    ] {
        let encrypt = format!("-encrypt -binary {words}");
        let message = openssl::cms(&bunch.0, &encrypt, &entity);
        let opener = if words.contains("dave") {
            Key("dave")
        } else {
            Key("bob")
        };
        let leave = ["--allow-unauthenticated", "--allow-legacy"];
        let run = bunch.open(opener, true, &message).args(leave).opened();
        assert_ne!(run.outcome.status, Some(0), "{words}: {}", run.said());
        assert!(run.content.is_none(), "{words}: {}", run.said());
        let said = run.said().to_lowercase();
        assert!(said.contains(name), "{words}: no {name} in {said}");
    }
}

#[test]
fn a_signature_inside_vouches_for_the_content() {
    if !peers(&["openssl"]) {
        return;
    }
    let (bunch, entity) = (Bunch::new(), entity());
    let from = "-from alice@example.com -signer alice.crt -inkey alice.pem";
    for form in ["-nodetach", "-nodetach -stream", "-crlfeol"] {
        for cipher in ["-aes-256-cbc", "-aes-256-gcm"] {
            let how = format!("{form} {cipher}");
            let sign = format!("-sign {form} {from}");
            let signed = openssl::cms(&bunch.0, &sign, &entity);
            let inside = openssl::entity(&signed);
            let encrypt = format!("-encrypt -binary -from alice@example.com {cipher} bob.crt");
            let open = |signed: &[u8], leave: &str| {
                let message = openssl::cms(&bunch.0, &encrypt, signed);
                let run = bunch.open(Key("bob"), true, &message);
                let run = run
                    .arg("--intermediates")
                    .arg(project("testdata/pki/intermediate.crt"));
                run.args(leave.split_whitespace()).opened()
            };
            let run = open(&inside, "");
            assert_eq!(run.outcome.status, Some(0), "{how}: {}", run.said());
            assert_eq!(run.report().verdict, "valid", "{how}: {}", run.said());
            assert_eq!(run.report().kinds().len(), 2, "{how}: {}", run.said());
            assert!(run.content().ends_with(&entity), "{how}: another content");

            // The nearest refusal: the same with one octet of what was signed changed.
            let changed = if form == "-crlfeol" {
                String::from_utf8_lossy(&inside)
                    .replacen("</html>", "</htmL>", 1)
                    .into_bytes()
            } else {
                openssl::change(&inside, |der| *der.last_mut().expect("not empty") ^= 1)
            };
            assert_ne!(changed, inside, "{how}");
            if form == "-nodetach -stream" {
                continue;
            }
            let run = open(&changed, "");
            assert_eq!(run.outcome.status, Some(1), "{how}: {}", run.said());
            // The tag of GCM vouches for the content as it was sealed: it comes out, with the verdict.
            // In CBC a signature that does not hold is as good as none: nothing is told of it.
            let is_aead = cipher.ends_with("gcm");
            let verdict = if is_aead { "invalid" } else { "unsigned" };
            assert_eq!(run.report().verdict, verdict, "{how}: {}", run.said());
            assert_eq!(
                run.content.is_some(),
                is_aead,
                "{how}: written without leave"
            );
        }
    }
}

#[test]
fn signed_encrypted_and_signed_again() {
    if !peers(&["openssl"]) {
        return;
    }
    let (bunch, entity) = (Bunch::new(), entity());
    let sign = "-sign -crlfeol -binary -from alice@example.com -signer alice.crt -inkey alice.pem";
    let mut message = openssl::cms(&bunch.0, sign, &entity);
    for words in ["-encrypt -binary -aes-256-cbc bob.crt", sign] {
        message = openssl::cms(&bunch.0, words, &openssl::entity(&message));
    }
    let open = |message: &[u8]| {
        let run = bunch.open(Key("bob"), true, message);
        run.arg("--intermediates")
            .arg(project("testdata/pki/intermediate.crt"))
            .opened()
    };
    let run = open(&message);
    assert_eq!(run.outcome.status, Some(0), "{}", run.said());
    assert_eq!(run.report().verdict, "valid", "{}", run.said());
    let kinds = ["multipart/signed", "enveloped-data", "multipart/signed"];
    assert_eq!(run.report().kinds(), kinds, "{}", run.said());
    assert!(run.content().ends_with(&entity), "another content");

    // One octet of the outer signature's content changed: the padding of base64's last line.
    let text = String::from_utf8(message).expect("a sealed mail is ASCII");
    let changed = text.replacen("application/pkcs7-mime", "application/PKCS7-mime", 1);
    assert_ne!(changed, text);
    let run = open(changed.as_bytes());
    assert_eq!(run.outcome.status, Some(1), "{}", run.said());
    assert_eq!(run.report().verdict, "invalid", "{}", run.said());
}
