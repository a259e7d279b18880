//! A whole message, sealed for all its recipients.

use super::*;
use crate::crypto::{ContentCipher, KeyTransport};
use crate::keys::testing::keys;
use crate::mime::RawMessage;
use crate::secret::Secret;
use crate::smime::encrypt::SecretRecipient;

const MESSAGE: &str = "From: alice@example.com\nTo: bob@example.com\n\
    Cc: Carol <carol@example.com>\nBcc: dave@example.com, pkcs1@example.com\n\
    Subject: hello\n\nhello\n";

fn sealing(sign: bool, encrypt: bool, missing: Missing) -> Sealing {
    Sealing {
        sign: sign.then_some(SignOptions {
            form: Form::Detached,
            digest: Some(DigestAlgorithm::Sha256),
            pss: false,
            signing_time: true,
        }),
        encrypt: encrypt.then_some(Encryption {
            cipher: ContentCipher::Aes256Cbc,
            key_transport: KeyTransport::Pkcs1v15,
            secret_recipients: Vec::new(),
        }),
        automatic_cipher: false,
        missing,
        recipients: None,
        now: "2026-11-21T12:00:00Z".parse().unwrap(),
    }
}

fn seal(sealing: &Sealing, text: &str) -> Result<Sealed, Error> {
    let message = Message::parse(RawMessage::from_bytes(text.as_bytes().to_vec())).unwrap();
    sealing.seal(message, &keys())
}

fn audience(sealed: &Sealed) -> Vec<(CopyKind, bool, String)> {
    let share = |copy: &SealedCopy| (copy.kind, copy.is_encrypted(), list(copy.recipients.iter()));
    sealed.copies.iter().map(share).collect()
}

fn written(copy: SealedCopy) -> String {
    let mut out = Vec::new();
    copy.write_to(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_signature_serves_everybody_in_one_copy() {
    let sealed = seal(&sealing(true, false, Missing::Refuse), MESSAGE).unwrap();
    let all = "bob@example.com, carol@example.com, dave@example.com, pkcs1@example.com";
    assert_eq!(
        audience(&sealed),
        [(CopyKind::Shared, false, all.to_owned())]
    );
}

#[test]
fn a_secret_serves_those_without_certificate() {
    let mut sealing = sealing(false, true, Missing::Refuse);
    let text = MESSAGE
        .replace("bob@", "nobody@")
        .replace("pkcs1@", "nemo@");
    assert!(seal(&sealing, &text).is_err());
    let key = Secret::new(vec![7; 32]);
    let shared = SecretRecipient::KeyEncryptionKey { id: vec![1], key };
    sealing.encrypt.as_mut().unwrap().secret_recipients = vec![shared];
    sealing.automatic_cipher = true;
    let sealed = seal(&sealing, &text).unwrap();
    assert_eq!(
        audience(&sealed),
        [
            (
                CopyKind::Shared,
                true,
                "nobody@example.com, carol@example.com".to_owned()
            ),
            (CopyKind::Bcc, true, "dave@example.com".to_owned()),
            (CopyKind::Bcc, true, "nemo@example.com".to_owned()),
        ]
    );
}

#[test]
fn the_cipher_suits_the_recipients_of_each_copy() {
    let automatic = Sealing {
        automatic_cipher: true,
        ..sealing(true, true, Missing::Refuse)
    };
    let text = "From: alice@example.com\nTo: several@example.com\nBcc: bob@example.com\n\nhi\n";
    let sealed = seal(&automatic, text).unwrap();
    let decisions = sealed.decisions.join("\n");
    for sentence in [
        "certificate number 4 of ",
        "is used: its owner prefers it",
        "number 1 is not used: the certificate ",
        "the cipher is aes256-gcm: every recipient announces it",
        "the cipher is aes256-cbc: nothing is known of what bob@example.com can decrypt",
    ] {
        assert!(decisions.contains(sentence), "{sentence}: {decisions}");
    }
    let types: Vec<bool> = sealed
        .copies
        .into_iter()
        .map(|copy| written(copy).contains("smime-type=authEnveloped-data"))
        .collect();
    assert_eq!(types, [true, false]);
    // In one envelope with somebody of whom nothing is known, CBC is for all.
    let sealed = seal(&automatic, &text.replace("Bcc:", "Cc:")).unwrap();
    assert_eq!(sealed.copies.len(), 1);
    for copy in sealed.copies {
        assert!(written(copy).contains("smime-type=enveloped-data"));
    }
    // What was asked for by name is not second-guessed.
    let sealed = seal(&sealing(false, true, Missing::Refuse), text).unwrap();
    for copy in sealed.copies {
        assert!(written(copy).contains("smime-type=enveloped-data"));
    }
}

#[test]
fn each_bcc_recipient_gets_an_encrypted_copy_of_its_own() {
    let sealed = seal(&sealing(false, true, Missing::Refuse), MESSAGE).unwrap();
    assert_eq!(
        audience(&sealed),
        [
            (
                CopyKind::Shared,
                true,
                "bob@example.com, carol@example.com".to_owned()
            ),
            (CopyKind::Bcc, true, "dave@example.com".to_owned()),
            (CopyKind::Bcc, true, "pkcs1@example.com".to_owned()),
        ]
    );
    for copy in sealed.copies {
        let written = written(copy);
        assert!(!written.contains("dave@") && !written.to_lowercase().contains("bcc:"));
    }
}

#[test]
fn who_is_named_twice_in_place_of_the_header_is_encrypted_to_once() {
    let bob: Address = "bob@example.com".parse().unwrap();
    let sealing = Sealing {
        recipients: Some(vec![bob.clone(), bob]),
        ..sealing(false, true, Missing::Refuse)
    };
    let sealed = seal(&sealing, MESSAGE).unwrap();
    assert_eq!(
        audience(&sealed),
        [(CopyKind::Shared, true, "bob@example.com".to_owned())]
    );
}

#[test]
fn missing_certificates_are_told_all_at_once() {
    let text = MESSAGE
        .replace("bob@", "nobody@")
        .replace("pkcs1@", "nemo@");
    let Err(Error::NoCertificate(missing)) = seal(&sealing(true, true, Missing::Refuse), &text)
    else {
        panic!("a recipient without a certificate was accepted")
    };
    let addresses = list(missing.iter().map(|missing| &missing.address));
    assert_eq!(addresses, "nobody@example.com, nemo@example.com");
}

#[test]
fn those_without_certificate_are_skipped_or_get_it_plain_when_that_is_wanted() {
    let text = MESSAGE
        .replace("bob@", "nobody@")
        .replace("pkcs1@", "nemo@");
    let skipped = seal(&sealing(false, true, Missing::Skip), &text).unwrap();
    assert_eq!(
        list(skipped.skipped.iter()),
        "nobody@example.com, nemo@example.com"
    );
    assert_eq!(skipped.copies.len(), 2);
    let plain = seal(&sealing(false, true, Missing::Plain), &text).unwrap();
    assert_eq!(
        audience(&plain),
        [
            (CopyKind::Shared, true, "carol@example.com".to_owned()),
            (CopyKind::Plain, false, "nobody@example.com".to_owned()),
            (CopyKind::Bcc, true, "dave@example.com".to_owned()),
            (CopyKind::Bcc, false, "nemo@example.com".to_owned()),
        ]
    );
}

#[test]
fn an_unfit_certificate_is_not_a_missing_one() {
    let text = MESSAGE.replace("bob@", "expired@");
    for missing in [Missing::Refuse, Missing::Skip, Missing::Plain] {
        let result = seal(&sealing(false, true, missing), &text);
        assert!(
            matches!(result, Err(Error::Keys(_))),
            "{missing:?} passed over it"
        );
    }
}

#[test]
fn encryption_needs_somebody_to_encrypt_to() {
    let nobody = "From: alice@example.com\n\nhello\n";
    assert!(matches!(
        seal(&sealing(false, true, Missing::Plain), nobody),
        Err(Error::NoRecipient)
    ));
    assert!(seal(&sealing(true, false, Missing::Refuse), nobody).is_ok());
    let only_unknown = "From: alice@example.com\nTo: nemo@example.com\n\nhello\n";
    assert!(matches!(
        seal(&sealing(false, true, Missing::Skip), only_unknown),
        Err(Error::NoCertificate(_))
    ));
}

#[test]
fn the_header_that_stays_outside_is_completed() {
    let sealed = seal(&sealing(true, false, Missing::Refuse), MESSAGE).unwrap();
    let written = written(sealed.copies.into_iter().next().unwrap());
    let header = written.split("\r\n\r\n").next().unwrap();
    assert!(header.contains("Date: Sat, 21 Nov 2026 12:00:00 +0000"));
    assert!(header.contains("MIME-Version: 1.0"));
    assert!(header.contains("@example.com>"));
    assert!(header.contains("micalg=sha-256"));
}
