//! `show --key`: what it makes of what we sealed, of what OpenSSL did, and of Thunderbird's messages.

use std::fs;
use std::path::PathBuf;

use crate::support::peer::skipped;
use crate::support::{Keys, Mailseal, mail, newsletter_to, tool};

/// The tree of the newsletter's body, four columns in.
const NEWSLETTER: &str = "Content-Type: multipart/alternative; boundary=\"=_news\"\n";

fn show(keys: &Keys, key: &str, message: Vec<u8>) -> crate::support::Outcome {
    Mailseal::new("show --key")
        .arg(keys.file(&format!("{key}@example.com.pem")))
        .stdin(message)
        .run()
}

#[test]
fn every_cipher_and_kind_of_key_opens() {
    let keys = Keys::new();
    for (recipient, options) in [
        ("bob", "--sign --encrypt"),
        ("bob", "--encrypt --cipher aes128-gcm --key-transport oaep"),
        ("carol", "--sign-detached --encrypt --cipher aes256-gcm"),
        ("dave", "--encrypt --cipher aes128-cbc"),
        ("dave", "--sign --encrypt --cipher aes256-gcm"),
    ] {
        let sealed = keys
            .mailseal(&format!("seal {options}"))
            .stdin(newsletter_to(recipient))
            .run()
            .success();
        let shown = show(&keys, recipient, sealed.clone()).success();
        let shown = String::from_utf8(shown).expect("show writes UTF-8");
        assert!(shown.contains(NEWSLETTER), "{options}: {shown}");
        // The nearest refusal: somebody else's key of the same kind.
        let stranger = if recipient == "dave" { "sec1" } else { "alice" };
        let refused = show(&keys, stranger, sealed);
        refused.failed(66, &["none of the keys opens the message"]);
    }
}

#[test]
fn one_bit_of_authenticated_content_changed_stays_closed() {
    let keys = Keys::new();
    let sealed = keys
        .mailseal("seal --encrypt --cipher aes256-gcm")
        .stdin(newsletter_to("bob"))
        .run()
        .success();
    let text = String::from_utf8(sealed).expect("a sealed message is ASCII");
    let (header, body) = text.split_once("\r\n\r\n").expect("a header and a body");
    let middle = body.len() / 2;
    let at = middle + body[middle..].find(['A', 'B']).expect("base64 has these");
    let other = if &body[at..=at] == "A" { "B" } else { "A" };
    let changed = format!("{header}\r\n\r\n{}{other}{}", &body[..at], &body[at + 1..]);
    show(&keys, "bob", changed.into_bytes()).failed(66, &["none of the keys"]);
}

#[test]
fn what_openssl_streams_in_ber_opens() {
    let keys = Keys::new();
    let certificate = keys.file("bob@example.com.crt");
    for cipher in ["-aes256", "-aes-128-gcm"] {
        let sealed = tool(
            "openssl",
            &[
                "cms".as_ref(),
                "-encrypt".as_ref(),
                "-stream".as_ref(),
                cipher.as_ref(),
                "-in".as_ref(),
                mail("newsletter.eml").as_os_str(),
                certificate.as_os_str(),
            ],
            b"",
        );
        let shown = show(&keys, "bob", sealed).success();
        let shown = String::from_utf8_lossy(&shown);
        assert!(
            shown.contains("  Subject: The February newsletter\n"),
            "{shown}"
        );
    }
}

#[test]
fn thunderbirds_messages_open() {
    let place = std::env::var_os("MAILSEAL_CONFORMANCE").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance"),
        PathBuf::from,
    );
    let suite = place.join("thunderbird");
    let Ok(manifest) = fs::read_to_string(suite.join("manifest.json")) else {
        return skipped(&format!(
            "Thunderbird's messages: {} is not there",
            suite.display()
        ));
    };
    let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
    let cases = manifest["cases"].as_array().expect("a list of cases");
    let mut opened = 0;
    for case in cases.iter().filter(|case| case["op"] == "decrypt") {
        let file = |field: &str| suite.join(case[field].as_str().expect("a path"));
        let shown = Mailseal::new("show --allow-insecure-keys --key")
            .arg(file("key"))
            .arg(file("message"))
            .run()
            .success();
        let shown = String::from_utf8_lossy(&shown);
        assert!(
            shown.contains("\n  Content-Type: "),
            "{}: {shown}",
            case["id"]
        );
        opened += 1;
    }
    assert_eq!(opened, 13);
}
