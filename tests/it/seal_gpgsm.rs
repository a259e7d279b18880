//! gpgsm as the other side, where it can: it refuses GCM, EC recipients, and PSS salts of other length than
//! the digest's.

use crate::gpgsm::{Gpgsm, NEEDS};
use crate::support::peer::peers;
use crate::support::{Keys, mail_bytes, newsletter_from, newsletter_to, same_mail};

#[test]
fn signatures_are_good() {
    if !peers(NEEDS) {
        return;
    }
    let keys = Keys::new();
    let gpgsm = Gpgsm::new(&keys);
    for signer in ["alice", "bob", "carol", "dave"] {
        for form in ["--sign", "--sign-detached"] {
            for options in ["", "--digest sha384", "--digest sha512", "--pss"] {
                if signer == "dave" && options == "--pss" {
                    continue;
                }
                println!("{signer} {form} {options}");
                let original = newsletter_from(signer);
                let run = keys
                    .mailseal(&format!("seal {form} {options}"))
                    .stdin(original.clone());
                let sealed = run.run().success();
                same_mail(&original, &gpgsm.verify(&sealed), Some(&sealed));
            }
        }
    }
}

#[test]
fn one_octet_changed_is_a_bad_signature() {
    if !peers(NEEDS) {
        return;
    }
    let keys = Keys::new();
    let gpgsm = Gpgsm::new(&keys);
    let sealed = keys
        .mailseal("seal --sign-detached")
        .stdin(newsletter_from("alice"))
        .run()
        .success();
    gpgsm.verify(&sealed);
    let changed = String::from_utf8(sealed)
        .expect("ASCII")
        .replacen("</html>", "</htmL>", 1);
    let (signature, content) = gpgsm.parts(changed.as_bytes());
    let output = gpgsm.run(
        &["--verify"],
        &[&signature, &content.expect("detached")],
        "",
    );
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("BADSIG"));
}

#[test]
fn cbc_to_rsa_recipients_is_opened() {
    if !peers(NEEDS) {
        return;
    }
    let keys = Keys::new();
    let gpgsm = Gpgsm::new(&keys);
    for recipient in ["bob", "carol", "pkcs1"] {
        for cipher in ["aes256-cbc", "aes128-cbc"] {
            let original = newsletter_to(recipient);
            let run = keys
                .mailseal(&format!("seal --encrypt --cipher {cipher}"))
                .stdin(original.clone());
            let sealed = run.run().success();
            same_mail(&original, &gpgsm.decrypt(&sealed), Some(&sealed));
        }
    }
}

#[test]
fn signed_then_encrypted_is_opened() {
    if !peers(NEEDS) {
        return;
    }
    let keys = Keys::new();
    let gpgsm = Gpgsm::new(&keys);
    for name in [
        "newsletter.eml",
        "attachments.eml",
        "utf8-8bit.eml",
        "nested.eml",
    ] {
        for form in ["--sign", "--sign-detached"] {
            let run = keys
                .mailseal(&format!("seal {form} --encrypt"))
                .stdin(mail_bytes(name));
            let signed = gpgsm.decrypt(&run.run().success());
            same_mail(&mail_bytes(name), &gpgsm.verify(&signed), None);
        }
    }
}
