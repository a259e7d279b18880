//! Every mail of testdata through every way of sealing: what goes in comes out, or the refusal says why.

use crate::openssl;
use crate::support::peer::peers;
use crate::support::{
    Expected, Keys, PYTHON, file_of, mail_bytes, manifest, project, same_mail, tool,
};

fn good_mails() -> impl Iterator<Item = Expected> {
    manifest()
        .into_iter()
        .filter(|mail| mail.expect == "sealed")
}

#[test]
fn signed_mails_hold_what_went_in() {
    if !peers(&["openssl", "python3"]) {
        return;
    }
    let keys = Keys::new();
    for mail in good_mails() {
        let original = mail_bytes(&mail.name);
        for form in ["--sign", "--sign-detached"] {
            println!("{} {form}", mail.name);
            let sealed = keys
                .mailseal(&format!("seal {form}"))
                .stdin(original.clone())
                .run()
                .success();
            same_mail(&original, &openssl::verify(&sealed), Some(&sealed));
        }
    }
}

#[test]
fn encrypted_mails_hold_what_went_in() {
    if !peers(&["openssl", "python3"]) {
        return;
    }
    let keys = Keys::new();
    for mail in good_mails().filter(|mail| mail.bcc.is_empty()) {
        let original = mail_bytes(&mail.name);
        for form in ["--encrypt", "--sign --encrypt", "--sign-detached --encrypt"] {
            println!("{} {form}", mail.name);
            let sealed = keys
                .mailseal(&format!("seal {form}"))
                .stdin(original.clone())
                .run()
                .success();
            for recipient in mail.to.iter().chain(&mail.cc) {
                let recipient = recipient.split('@').next().expect("split gives one piece");
                let inside = openssl::decrypt(&keys, recipient, &sealed);
                let entity = if form == "--encrypt" {
                    inside
                } else {
                    openssl::verify(&inside)
                };
                same_mail(&original, &entity, Some(&sealed));
            }
        }
    }
}

/// Mails whose one part needs no re-encoding: header fields and body must come out to the octet.
#[test]
fn what_was_fine_is_unchanged_inside() {
    if !peers(&["openssl"]) {
        return;
    }
    let keys = Keys::new();
    for name in [
        "newsletter.eml",
        "crlf.eml",
        "quoted-printable.eml",
        "base64.eml",
        "already-signed.eml",
        "rfc2231-name.eml",
        "odd-case-folded.eml",
        "flowed.eml",
    ] {
        let original = String::from_utf8(mail_bytes(name)).expect("these mails are ASCII");
        let sealed = keys
            .mailseal("seal --sign")
            .stdin(original.clone())
            .run()
            .success();
        let content = String::from_utf8(openssl::verify(&sealed)).expect("an entity is ASCII");
        let (fields, body) = content.split_once("\r\n\r\n").expect("a header and a body");
        let (header, original_body) = original
            .split_once("\r\n\r\n")
            .expect("a header and a body");
        assert_eq!(body, original_body, "{name}");
        for line in fields.split("\r\n") {
            assert!(
                header.contains(line),
                "{name}: the field line {line:?} is new"
            );
        }
    }
}

#[test]
fn line_ends_make_no_difference() {
    if !peers(&["openssl"]) {
        return;
    }
    let keys = Keys::new();
    let content = |name: &str| {
        openssl::verify(
            &keys
                .mailseal("seal --sign")
                .stdin(mail_bytes(name))
                .run()
                .success(),
        )
    };
    let crlf = content("crlf.eml");
    for name in ["lf.eml", "mixed-ends.eml", "mbox.eml"] {
        assert!(content(name) == crlf, "{name} differs from crlf.eml");
    }
}

#[test]
fn missing_date_and_message_id_are_added() {
    let keys = Keys::new();
    let sealed = keys
        .mailseal("seal --sign --at 2026-02-06T09:00:00Z")
        .stdin(mail_bytes("no-date.eml"));
    let sealed = String::from_utf8(sealed.run().success()).expect("a sealed mail is ASCII");
    let (header, _) = sealed.split_once("\r\n\r\n").expect("a header and a body");
    assert!(header.contains("6 Feb 2026 09:00:00"), "{header}");
    let id = header
        .lines()
        .find(|line| line.starts_with("Message-ID: <"))
        .expect("a Message-ID");
    assert!(id.ends_with("@example.com>"), "{id}");
}

#[test]
fn mails_that_cannot_be_sealed_say_why() {
    let keys = Keys::new();
    for mail in manifest() {
        let (status, form, words): (i32, &str, &[&str]) = match mail.expect.as_str() {
            "no From" => (65, "--sign", &["From"]),
            "two From" => (65, "--sign", &["From"]),
            "no recipient" => (65, "--encrypt", &["recipient"]),
            "malformed" => (65, "--sign", &[]),
            "no key" => (65, "--sign --encrypt", &["cannot name a key file"]),
            _ => continue,
        };
        println!("{}", mail.name);
        let run = keys
            .mailseal(&format!("seal {form}"))
            .stdin(mail_bytes(&mail.name))
            .run();
        run.failed(status, words);
        assert!(
            run.stdout.is_empty(),
            "{}: something was written",
            mail.name
        );
    }
}

/// Mails that may go either way: no panic, no signal, and no output with a failure.
#[test]
fn doubtful_mails_end_one_way_or_the_other() {
    let keys = Keys::new();
    for mail in manifest() {
        for form in ["--sign", "--sign-detached", "--encrypt --missing skip"] {
            let run = keys
                .mailseal(&format!("seal {form}"))
                .stdin(mail_bytes(&mail.name))
                .run();
            let known = matches!(run.status, Some(0 | 64 | 65 | 66 | 77));
            assert!(
                known,
                "{} {form}: {:?} {:?} {}",
                mail.name, run.status, run.signal, run.stderr
            );
            assert!(
                !run.stderr.contains("panicked"),
                "{} {form}: {}",
                mail.name,
                run.stderr
            );
            assert_eq!(
                run.status == Some(0),
                !run.stdout.is_empty(),
                "{} {form}",
                mail.name
            );
        }
    }
}

/// A mail cut off at any point: never a panic, never half a message.
#[test]
fn truncated_mails_never_panic() {
    let keys = Keys::new();
    for name in [
        "nested.eml",
        "forwarded.eml",
        "groups.eml",
        "rfc2231-name.eml",
    ] {
        let whole = mail_bytes(name);
        for length in (0..whole.len()).step_by(23) {
            let run = keys.mailseal("seal --sign").stdin(&whole[..length]).run();
            assert!(
                matches!(run.status, Some(0 | 65 | 66)),
                "{name} {length}: {}",
                run.stderr
            );
        }
    }
}

#[test]
fn show_reads_every_mail() {
    for mail in manifest() {
        let run = crate::support::Mailseal::new("show")
            .stdin(mail_bytes(&mail.name))
            .run();
        let known = matches!(run.status, Some(0 | 65));
        assert!(
            known && !run.stderr.contains("panicked"),
            "{}: {}",
            mail.name,
            run.stderr
        );
        let control = |octet: &u8| octet.is_ascii_control() && *octet != b'\n';
        assert!(
            !run.stdout.iter().any(control),
            "{}: a control character came through",
            mail.name
        );
    }
}

/// The comparison that the tests above lean on, on a mail and on the same mail one octet away.
#[test]
fn comparison_sees_one_octet() {
    let script = project("tests/peers/compare.py");
    let compare = |entity: &[u8]| {
        let (_a, original) = file_of(b"Subject: x\r\nContent-Type: text/plain\r\n\r\nHello\r\n");
        let (_b, entity) = file_of(entity);
        let arguments = [script.as_os_str(), original.as_os_str(), entity.as_os_str()];
        crate::support::try_tool(PYTHON, &arguments, b"")
            .status
            .success()
    };
    assert!(compare(b"Content-Type: text/plain\r\n\r\nHello\r\n"));
    assert!(!compare(b"Content-Type: text/plain\r\n\r\nHellp\r\n"));
    assert!(!compare(b"Content-Type: text/html\r\n\r\nHello\r\n"));
    assert!(!compare(b"Content-Type: text/plain\r\n\r\nHello\n"));
    assert!(!compare(
        b"Subject: x\r\nContent-Type: text/plain\r\n\r\nHello\r\n"
    ));
    tool(PYTHON, &["-c".as_ref(), "import email".as_ref()], b"");
}
