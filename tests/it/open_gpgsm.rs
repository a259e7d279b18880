//! What gpgsm signs and encrypts, verified and opened, and beside each the nearest refusal.

use crate::gpgsm::{Gpgsm, NEEDS};
use crate::support::peer::peers;
use crate::support::{Keys, Mailseal, figure, file_of, mail_bytes, project};

/// A MIME entity with a mark in it, in CRLF lines.
const ENTITY: &[u8] = b"Content-Type: text/plain\r\n\r\nHello, Bob.\r\n";

/// gpgsm's words, whether it takes `--allow-legacy`, and whether the content stands beside.
const SIGNED: &[(&str, bool, bool)] = &[
    ("--sign", false, false),
    ("--sign --base64", false, false),
    ("--sign --armor", false, false),
    ("--sign --include-certs 0", false, false),
    ("--sign --include-certs -1", false, false),
    ("--sign --digest-algo SHA1", true, false),
    ("--sign --digest-algo SHA384", false, false),
    ("--sign --digest-algo SHA512", false, false),
    ("--sign --detach-sign", false, true),
    ("--sign --detach-sign --base64", false, true),
    (
        "--sign --detach-sign --armor --digest-algo SHA512",
        false,
        true,
    ),
];

/// gpgsm's words, and the cipher.
const ENCRYPTED: &[(&str, &str)] = &[
    ("", "aes128-cbc"),
    ("--base64", "aes128-cbc"),
    ("--armor", "aes128-cbc"),
    ("--cipher-algo AES192", "aes192-cbc"),
    ("--cipher-algo AES256", "aes256-cbc"),
    ("--cipher-algo 3DES", "des-ede3-cbc"),
    ("-r carol@example.com", "aes128-cbc"),
];

fn verify(keys: &Keys, object: &[u8]) -> Mailseal {
    Mailseal::new("verify --from bob@example.com --trust")
        .arg(project("testdata/pki/root.crt"))
        .arg("--intermediates")
        .arg(project("testdata/pki/intermediate.crt"))
        .arg("--intermediates")
        .arg(keys.file("bob@example.com.crt"))
        .stdin(object)
}

#[test]
fn all_that_gpgsm_signs_is_verified() {
    if !peers(NEEDS) {
        return;
    }
    let keys = Keys::new();
    let gpgsm = Gpgsm::new(&keys);
    let (_content, content) = file_of(ENTITY);
    let (_changed, changed) = file_of(
        &String::from_utf8_lossy(ENTITY)
            .replace("Bob", "bob")
            .into_bytes(),
    );
    for &(words, is_legacy, is_detached) in SIGNED {
        let object = gpgsm.seal(&format!("-u bob@example.com {words}"), ENTITY);
        let run = |path| {
            let run = verify(&keys, &object);
            let run = if is_detached {
                run.arg("--content").arg(path)
            } else {
                run
            };
            if is_legacy {
                run.arg("--allow-legacy")
            } else {
                run
            }
        };
        let good = run(&content).verified();
        assert_eq!(good.report().verdict, "valid", "{words}: {}", good.said());
        assert_eq!(good.outcome.status, Some(0), "{words}: {}", good.said());
        let bad = if is_detached {
            run(&changed).verified()
        } else if is_legacy {
            verify(&keys, &object).verified()
        } else {
            let Some(position) = object.windows(3).position(|window| window == b"Bob") else {
                continue; // in base64
            };
            let mut object = object.clone();
            object[position] = b'b';
            verify(&keys, &object).verified()
        };
        assert_eq!(bad.outcome.status, Some(1), "{words}: {}", bad.said());
        let signer = bad.report().signers()[0];
        assert_eq!(signer.signature, "invalid", "{words}: {}", bad.said());
    }
    figure(&format!(
        "gpgsm --sign: {0} of {0} ways verified",
        SIGNED.len()
    ));
}

#[test]
fn all_that_gpgsm_encrypts_is_opened() {
    if !peers(NEEDS) {
        return;
    }
    let keys = Keys::new();
    let gpgsm = Gpgsm::new(&keys);
    let content = mail_bytes("newsletter.eml");
    for &(words, cipher) in ENCRYPTED {
        let object = gpgsm.seal(&format!("--encrypt -r bob@example.com {words}"), &content);
        let open = |name: &str, flags: &str| {
            Mailseal::new("open --allow-legacy")
                .args(flags.split_whitespace())
                .arg("--key")
                .arg(keys.file(&format!("{name}@example.com.pem")))
                .arg("--cert")
                .arg(keys.file(&format!("{name}@example.com.crt")))
                .stdin(object.clone())
                .opened()
        };
        let good = open("bob", "--allow-unauthenticated");
        assert_eq!(good.outcome.status, Some(0), "{words}: {}", good.said());
        assert_eq!(
            good.report().layers[0].cipher.as_deref(),
            Some(cipher),
            "{words}"
        );
        assert!(good.content() == content, "{words}: another content");

        let bad = open("bob", "");
        assert_eq!(bad.outcome.status, Some(1), "{words}: {}", bad.said());
        assert!(bad.content.is_none(), "{words}: written without leave");
        let bad = open("pkcs1", "");
        assert_eq!(bad.outcome.status, Some(66), "{words}: {}", bad.said());
        assert!(bad.content.is_none(), "{words}: opened with another's key");
    }
    figure(&format!(
        "gpgsm --encrypt: {0} of {0} ways opened",
        ENCRYPTED.len()
    ));
}
