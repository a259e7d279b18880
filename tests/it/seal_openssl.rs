//! Every key type and every option, opened by `openssl cms`, the content compared byte for byte.

use crate::openssl;
use crate::support::peer::peers;
use crate::support::{Keys, mail_bytes, newsletter_from, newsletter_to};

/// What is to be signed of the newsletter: its one Content- field, the empty line, and the body as it is.
fn newsletter_entity() -> Vec<u8> {
    let text = String::from_utf8(mail_bytes("newsletter.eml")).expect("the newsletter is ASCII");
    let (header, body) = text.split_once("\r\n\r\n").expect("a header and a body");
    let field = header
        .lines()
        .find(|line| line.starts_with("Content-Type: "));
    format!(
        "{}\r\n\r\n{body}",
        field.expect("the newsletter has a Content-Type")
    )
    .into_bytes()
}

#[track_caller]
fn assert_newsletter(content: &[u8], how: &str) {
    assert!(
        content == newsletter_entity(),
        "{how}: the content came out otherwise"
    );
}

fn seal(keys: &Keys, options: &str, message: Vec<u8>) -> Vec<u8> {
    let password = keys.file("encrypted@example.com.password");
    keys.mailseal(&format!("seal {options}"))
        .arg("--password-file")
        .arg(password)
        .stdin(message)
        .run()
        .success()
}

fn text(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).expect("a sealed mail is ASCII")
}

#[test]
fn every_kind_of_key_signs() {
    if !peers(&["openssl"]) {
        return;
    }
    let keys = Keys::new();
    let signers = [
        "alice",
        "bob",
        "carol",
        "dave",
        "dn-only",
        "no-usage",
        "second",
        "pkcs1",
        "sec1",
        "encrypted",
        "scrypt",
        "sign-only",
    ];
    for signer in signers {
        for form in ["--sign", "--sign-detached"] {
            let sealed = seal(&keys, form, newsletter_from(signer));
            assert_newsletter(&openssl::verify(&sealed), &format!("{signer} {form}"));
        }
    }
}

#[test]
fn every_digest_and_pss() {
    if !peers(&["openssl"]) {
        return;
    }
    let keys = Keys::new();
    for (signer, pss) in [
        ("alice", ""),
        ("alice", "--pss"),
        ("carol", "--pss"),
        ("dave", ""),
    ] {
        for bits in ["256", "384", "512"] {
            for form in ["--sign", "--sign-detached"] {
                let options = format!("{form} --digest sha{bits} {pss}");
                let sealed = seal(&keys, &options, newsletter_from(signer));
                let how = format!("{signer} {options}");
                assert_newsletter(&openssl::verify(&sealed), &how);
                let print = openssl::print(&sealed);
                assert!(print.contains(&format!("sha{bits} (")), "{how}: {print}");
                assert_eq!(
                    print.contains("rsassaPss"),
                    !pss.is_empty(),
                    "{how}: {print}"
                );
                if form == "--sign-detached" {
                    assert!(
                        text(&sealed).contains(&format!("sha-{bits}")),
                        "{how}: no micalg"
                    );
                }
            }
        }
    }
}

#[test]
fn pss_salt_is_as_long_as_the_digest() {
    if !peers(&["openssl"]) {
        return;
    }
    let keys = Keys::new();
    for (bits, octets) in [("256", ":20"), ("384", ":30"), ("512", ":40")] {
        let options = format!("--sign --pss --digest sha{bits}");
        let print = openssl::print(&seal(&keys, &options, newsletter_from("alice")));
        // RFC 4055 3.1: the default is 20 octets, so each of these is written out; in hexadecimal here.
        let salt = print
            .lines()
            .any(|line| line.contains("INTEGER") && line.ends_with(octets));
        assert!(salt, "{print}");
    }
}

#[test]
fn every_cipher_and_recipient() {
    if !peers(&["openssl"]) {
        return;
    }
    let keys = Keys::new();
    for cipher in ["aes256-cbc", "aes128-cbc", "aes256-gcm", "aes128-gcm"] {
        for recipient in ["bob", "carol", "dave", "pkcs1", "sec1", "encrypt-only"] {
            let options = format!("--encrypt --cipher {cipher}");
            let sealed = seal(&keys, &options, newsletter_to(recipient));
            let how = format!("{recipient} {cipher}");
            assert_newsletter(&openssl::decrypt(&keys, recipient, &sealed), &how);
            let kind = if cipher.ends_with("gcm") {
                "authEnveloped-data"
            } else {
                "enveloped-data"
            };
            assert!(
                text(&sealed).contains(&format!("smime-type={kind}")),
                "{how}"
            );
            let name = cipher.replace("aes", "aes-");
            let print = openssl::print(&sealed);
            assert!(
                print.to_lowercase().contains(&name),
                "{how}: no {name} in {print}"
            );
        }
    }
}

#[test]
fn oaep_and_pkcs1_key_transport() {
    if !peers(&["openssl"]) {
        return;
    }
    let keys = Keys::new();
    for (transport, name) in [("pkcs1", "rsaEncryption"), ("oaep", "rsaesOaep")] {
        for recipient in ["pkcs1", "bob", "carol"] {
            let options = format!("--encrypt --key-transport {transport}");
            let sealed = seal(&keys, &options, newsletter_to(recipient));
            assert_newsletter(&openssl::decrypt(&keys, recipient, &sealed), &options);
            assert!(openssl::print(&sealed).contains(name), "{options}");
        }
    }
}

#[test]
fn sign_then_encrypt() {
    if !peers(&["openssl"]) {
        return;
    }
    let keys = Keys::new();
    for form in ["--sign", "--sign-detached"] {
        for (signer, recipient) in [
            ("alice", "bob"),
            ("dave", "bob"),
            ("carol", "bob"),
            ("alice", "dave"),
        ] {
            let message = text(&newsletter_from(signer))
                .replace("bob@example.com", &format!("{recipient}@example.com"));
            let sealed = seal(&keys, &format!("{form} --encrypt"), message.into_bytes());
            let signed = openssl::decrypt(&keys, recipient, &sealed);
            assert_newsletter(
                &openssl::verify(&signed),
                &format!("{form} {signer} to {recipient}"),
            );
        }
    }
}

#[test]
fn one_envelope_for_every_recipient() {
    if !peers(&["openssl"]) {
        return;
    }
    let keys = Keys::new();
    let message = text(&mail_bytes("newsletter.eml")).replace(
        "To: bob@example.com",
        "To: bob@example.com, dave@example.com\r\nCc: carol@example.com",
    );
    let sealed = seal(&keys, "--encrypt", message.into_bytes());
    for recipient in ["bob", "dave", "carol"] {
        assert_newsletter(&openssl::decrypt(&keys, recipient, &sealed), recipient);
    }
    assert!(
        openssl::cannot_decrypt(&keys, "pkcs1", &sealed),
        "somebody else opened it"
    );
    assert!(
        openssl::cannot_decrypt(&keys, "sec1", &sealed),
        "somebody else opened it"
    );
}

#[test]
fn attributes_of_the_signer() {
    if !peers(&["openssl"]) {
        return;
    }
    let keys = Keys::new();
    let print = openssl::print(&seal(&keys, "--sign", newsletter_from("alice")));
    for attribute in [
        "contentType",
        "messageDigest",
        "signingTime",
        "S/MIME Capabilities",
        "id-smime-aa-signingCertificateV2",
        "id-smime-aa-encrypKeyPref",
    ] {
        assert_eq!(
            print.matches(&format!("object: {attribute} (")).count(),
            1,
            "{attribute}: {print}"
        );
    }
    assert!(
        print.contains("CN = Intermediate") || print.contains("CN=Intermediate"),
        "{print}"
    );
    let print = openssl::print(&seal(
        &keys,
        "--sign --no-signing-time",
        newsletter_from("alice"),
    ));
    assert!(!print.contains("signingTime"), "{print}");
}

#[test]
fn one_octet_of_the_content_changed_is_refused() {
    if !peers(&["openssl"]) {
        return;
    }
    let keys = Keys::new();
    let sealed = text(&seal(&keys, "--sign-detached", newsletter_from("alice")));
    assert!(!openssl::refuses(sealed.as_bytes()), "the nearest good one");
    let changed = sealed.replacen("</html>", "</htmL>", 1);
    assert_ne!(changed, sealed);
    assert!(
        openssl::refuses(changed.as_bytes()),
        "openssl took a changed mail"
    );
}

#[test]
fn headers_of_the_sealed_mail() {
    let keys = Keys::new();
    let opaque = text(&seal(&keys, "--sign", newsletter_from("alice")));
    let (header, _) = opaque.split_once("\r\n\r\n").expect("a header and a body");
    for part in [
        "application/pkcs7-mime",
        "smime-type=signed-data",
        "smime.p7m",
        "base64",
        "MIME-Version: 1.0",
    ] {
        assert!(header.contains(part), "no {part} in {header}");
    }
    assert!(
        header.contains("\r\nSubject: The February newsletter\r\n"),
        "{header}"
    );
    assert!(
        header.contains("\r\nList-Unsubscribe: <https://news.example.com/u/1>\r\n"),
        "{header}"
    );
    let detached = text(&seal(&keys, "--sign-detached", newsletter_from("alice")));
    for part in [
        "multipart/signed",
        "protocol=\"application/pkcs7-signature\"",
        "micalg=",
        "sha-256",
        "application/pkcs7-signature",
        "smime.p7s",
    ] {
        assert!(detached.contains(part), "no {part}");
    }
    for sealed in [opaque, detached] {
        assert!(
            !sealed.replace("\r\n", "").contains(['\r', '\n']),
            "a bare CR or LF"
        );
        assert!(
            sealed.split("\r\n").all(|line| line.len() <= 998),
            "a line over 998"
        );
        assert!(sealed.is_ascii());
    }
}

#[test]
fn date_follows_the_signing_time() {
    let keys = Keys::new();
    let date = |at: &str| {
        let sealed = seal(
            &keys,
            &format!("--sign --at {at}"),
            newsletter_from("alice"),
        );
        let line = text(&sealed)
            .lines()
            .find(|line| line.starts_with("Date: "))
            .map(str::to_owned);
        line.expect("a sealed mail has a Date")
    };
    // The mail says 2026-02-06 09:00:00 UTC. Thunderbird allows an hour on either side.
    let unchanged = "Date: Fri, 06 Feb 2026 10:00:00 +0100";
    assert_eq!(date("2026-02-06T09:00:00Z"), unchanged);
    assert_eq!(date("2026-02-06T10:00:00Z"), unchanged);
    assert_eq!(date("2026-02-06T08:00:00Z"), unchanged);
    assert_ne!(date("2026-02-06T10:00:01Z"), unchanged);
    assert_ne!(date("2026-02-06T07:59:59Z"), unchanged);
    assert!(
        date("2026-03-01T12:30:00Z").contains("1 Mar 2026 12:30:00"),
        "{}",
        date("2026-03-01T12:30:00Z")
    );
}

#[test]
fn original_spellings_are_aliases() {
    let keys = Keys::new();
    let sealed = text(&seal(&keys, "--sign_detached", newsletter_from("alice")));
    assert!(sealed.contains("multipart/signed"));
}
