//! Messages that this crate seals, opened again; what others sealed is in `tests/`.

use std::io::Read;

use super::*;
use crate::cms::signed_data::Signing;
use crate::crypto::{ContentCipher, DigestAlgorithm, KeyTransport, PrivateKey, SignatureAlgorithm};
use crate::keys::pem;
use crate::keys::testing::keys;
use crate::mime::{CanonicalEntity, Entity, Message};
use crate::path::TrustAnchors;
use crate::smime::encrypt::{Encryption, EnvelopedEntity};
use crate::smime::sign::{Form, SignedEntity};
use crate::smime::verify::{AddressJudgement, Chain};

const HEADER: &str = "From: Alice <alice@example.com>\r\nTo: bob@example.com\r\n";
const BODY: &str = "Content-Type: text/plain\r\n\r\nDear Bob,\r\n\r\nyours, Alice\r\n";

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn anchors(name: &str) -> TrustAnchors {
    let path = format!("{}/testdata/pki/{name}.crt", env!("CARGO_MANIFEST_DIR"));
    TrustAnchors::from_certificates(pem::certificates(&std::fs::read(path).unwrap()).unwrap())
}

/// Bob's private key, and what `testdata/pki/root.crt` vouches for.
struct Reader {
    anchors: TrustAnchors,
    key: std::sync::Arc<PrivateKey>,
}

impl Reader {
    fn bob() -> Reader {
        Reader::trusting("root")
    }

    fn trusting(anchor: &str) -> Reader {
        let path = format!(
            "{}/testdata/keys/bob@example.com.pem",
            env!("CARGO_MANIFEST_DIR")
        );
        Reader {
            anchors: anchors(anchor),
            key: keys().private_key_file(path.as_ref()).unwrap(),
        }
    }

    fn open(&self, message: &[u8]) -> Opened {
        self.open_allowing(message, false)
    }

    fn open_allowing(&self, message: &[u8], allow_unauthenticated: bool) -> Opened {
        let now = "2026-11-21T12:00:00Z".parse().unwrap();
        let mut opening = Opening::new(Validation::new(&self.anchors, now));
        opening.credentials.push(Credential::PrivateKey {
            key: &self.key,
            certificate: None,
        });
        opening.allow_unauthenticated = allow_unauthenticated;
        open(RawMessage::from_bytes(message.to_vec()), &opening).unwrap()
    }
}

fn entity() -> CanonicalEntity {
    let message = Message::parse(RawMessage::from_bytes(BODY.into())).unwrap();
    let entity: Entity = message.split().1;
    entity.canonicalize().unwrap()
}

fn sign(entity: CanonicalEntity, form: Form) -> CanonicalEntity {
    let signer = keys().signer(&address("alice@example.com")).unwrap();
    let signing = Signing {
        algorithm: SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha256),
        signing_time: Some("2026-11-21T11:59:00Z".parse().unwrap()),
    };
    SignedEntity::sign(entity, &signer, form, signing)
        .unwrap()
        .into()
}

fn encrypt(entity: CanonicalEntity, cipher: ContentCipher) -> Vec<u8> {
    let bob = keys().recipient(&address("bob@example.com")).unwrap();
    let encryption = Encryption {
        cipher,
        secret_recipients: Vec::new(),
        key_transport: KeyTransport::Pkcs1v15,
    };
    let mut sealed = Vec::new();
    let enveloped = EnvelopedEntity::encrypt(entity, &[bob], &encryption).unwrap();
    enveloped.write_to(&mut sealed).unwrap();
    sealed
}

fn octets(entity: &CanonicalEntity) -> Vec<u8> {
    let mut octets = Vec::new();
    entity.write_to(&mut octets).unwrap();
    octets
}

/// The entity again, as one that can be signed once more.
fn again(entity: Vec<u8>) -> CanonicalEntity {
    let message = Message::parse(RawMessage::from_bytes(entity)).unwrap();
    message.split().1.canonicalize().unwrap()
}

fn message(entity: &[u8]) -> Vec<u8> {
    [HEADER.as_bytes(), entity].concat()
}

fn content(opened: &Opened) -> Vec<u8> {
    let mut octets = Vec::new();
    let content = opened.content().unwrap();
    content.spool().reader().read_to_end(&mut octets).unwrap();
    octets
}

fn kinds(opened: &Opened) -> Vec<Kind> {
    opened.layers().iter().map(|layer| layer.kind).collect()
}

#[test]
fn each_form_of_signature_verifies_and_gives_its_content_back() {
    for (form, kind) in [
        (Form::Opaque, Kind::SignedData),
        (Form::Detached, Kind::MultipartSigned),
    ] {
        let signed = octets(&sign(entity(), form));
        let opened = Reader::bob().open(&message(&signed));
        assert_eq!(opened.verdict(), Verdict::Valid, "{:?}", opened.reason());
        assert_eq!(kinds(&opened), [kind]);
        assert_eq!(opened.layers()[0].coverage, Coverage::Whole);
        assert_eq!(content(&opened), BODY.as_bytes());
    }
}

#[test]
fn one_changed_letter_makes_a_signature_invalid() {
    for form in [Form::Opaque, Form::Detached] {
        let canonical = sign(entity(), form);
        let mut signed = message(&octets(&canonical));
        let at = match form {
            // In the base64 of the signature, which ends the structure.
            Form::Opaque => {
                let end = signed.len() - 40;
                signed[..end]
                    .iter()
                    .rposition(u8::is_ascii_alphanumeric)
                    .unwrap()
            }
            Form::Detached => signed.windows(4).position(|it| it == b"Dear").unwrap(),
        };
        signed[at] = if signed[at] == b'F' { b'G' } else { b'F' };
        let opened = Reader::bob().open(&signed);
        assert_eq!(opened.verdict(), Verdict::Invalid);
        let reason = opened.reason().unwrap().0;
        assert_eq!(
            reason == "content-changed",
            form == Form::Detached,
            "{reason}"
        );
        assert_eq!(opened.content().unwrap_err(), Unproved::SignatureInvalid);
        assert!(Reader::bob().open_allowing(&signed, true).content().is_ok());
        let signer = &opened.layers()[0].signers[0];
        assert!(
            matches!(signer.chain, Chain::Valid(_)),
            "it is judged apart"
        );
    }
}

#[test]
fn a_file_with_the_line_ends_of_the_disk_verifies() {
    let signed = message(&octets(&sign(entity(), Form::Detached)));
    let text = String::from_utf8(signed).unwrap().replace("\r\n", "\n");
    let opened = Reader::bob().open(text.as_bytes());
    assert_eq!(opened.verdict(), Verdict::Valid, "{:?}", opened.reason());
}

#[test]
fn cbc_content_needs_a_signature_inside_and_aead_content_does_not() {
    for (cipher, signed, given_out) in [
        (ContentCipher::Aes256Cbc, true, true),
        (ContentCipher::Aes256Cbc, false, false),
        (ContentCipher::Aes256Gcm, true, true),
        (ContentCipher::Aes256Gcm, false, true),
    ] {
        let inner = if signed {
            sign(entity(), Form::Opaque)
        } else {
            entity()
        };
        let sealed = message(&encrypt(inner, cipher));
        let opened = Reader::bob().open(&sealed);
        assert_eq!(opened.verdict() == Verdict::Valid, signed);
        match opened.content() {
            Ok(_) => assert!(given_out),
            Err(unproved) => {
                assert_eq!(unproved, Unproved::Unauthenticated);
                assert!(!given_out);
            }
        }
        assert!(Reader::bob().open_allowing(&sealed, true).content().is_ok());
    }
}

#[test]
fn a_triple_wrap_is_opened_to_its_core() {
    let once = sign(entity(), Form::Opaque);
    let twice = encrypt(once, ContentCipher::Aes128Cbc);
    let thrice = octets(&sign(again(twice), Form::Detached));
    let opened = Reader::bob().open(&message(&thrice));
    assert_eq!(opened.verdict(), Verdict::Valid, "{:?}", opened.reason());
    let expected = [Kind::MultipartSigned, Kind::EnvelopedData, Kind::SignedData];
    assert_eq!(kinds(&opened), expected);
    assert_eq!(content(&opened), BODY.as_bytes());
}

#[test]
fn layers_nest_to_the_cap_and_no_deeper() {
    let mut nested = entity();
    for depth in 1..=MAX_LAYERS + 1 {
        nested = sign(nested, Form::Opaque);
        let opened = Reader::bob().open(&message(&octets(&nested)));
        assert_eq!(opened.obstacle().is_some(), depth > MAX_LAYERS);
        assert_eq!(opened.verdict() == Verdict::Valid, depth <= MAX_LAYERS);
        assert_eq!(opened.layers().len(), depth.min(MAX_LAYERS));
    }
}

#[test]
fn text_beside_the_signed_part_is_told() {
    let signed = String::from_utf8(octets(&sign(entity(), Form::Detached))).unwrap();
    let around = |second: &str| {
        format!(
            "{HEADER}Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n{signed}\r\n--x\r\n\
             {second}--x--\r\n"
        )
    };
    let opened = Reader::bob().open(around("\r\nunsubscribe here\r\n").as_bytes());
    assert_eq!(opened.layers()[0].coverage, Coverage::Partial);
    assert!(opened.layers()[0].signers[0].is_valid());
    assert_eq!(opened.verdict(), Verdict::Invalid);
    assert_eq!(opened.reason().unwrap().0, "partial-coverage");
}

#[test]
fn a_signed_message_that_was_forwarded_in_a_signed_one_is_content() {
    let inner = message(&octets(&sign(entity(), Form::Opaque)));
    let inner = String::from_utf8(inner)
        .unwrap()
        .replace("alice@", "mallory@");
    let outer = format!("Content-Type: message/rfc822\r\n\r\n{inner}");
    let opened = Reader::bob().open(&message(&octets(&sign(again(outer.into()), Form::Opaque))));
    assert_eq!(opened.layers().len(), 1);
    assert_eq!(opened.verdict(), Verdict::Valid, "{:?}", opened.reason());
}

#[test]
fn the_signer_is_held_against_from_and_told_of_sender() {
    let signed = String::from_utf8(octets(&sign(entity(), Form::Opaque))).unwrap();
    for (header, address, sender) in [
        (
            "From: ALICE@Example.COM\r\n",
            AddressJudgement::Match,
            AddressJudgement::Absent,
        ),
        (
            "From: mallory@example.com\r\nSender: alice@example.com\r\n",
            AddressJudgement::Mismatch,
            AddressJudgement::Match,
        ),
        (
            "From: alice@example.com, mallory@example.com\r\n",
            AddressJudgement::Mismatch,
            AddressJudgement::Absent,
        ),
        (
            "From: \"alice@example.com\" <mallory@example.com>\r\n",
            AddressJudgement::Mismatch,
            AddressJudgement::Absent,
        ),
        (
            "Subject: no author\r\n",
            AddressJudgement::Absent,
            AddressJudgement::Absent,
        ),
    ] {
        let opened = Reader::bob().open(format!("{header}{signed}").as_bytes());
        let signer = &opened.layers()[0].signers[0];
        assert_eq!(
            (signer.address, signer.sender),
            (address, sender),
            "{header}"
        );
        assert_eq!(
            opened.verdict() == Verdict::Valid,
            address == AddressJudgement::Match
        );
    }
}

#[test]
fn a_path_to_nobody_trusted_is_apart_from_the_signature() {
    let signed = message(&octets(&sign(entity(), Form::Opaque)));
    let opened = Reader::trusting("stranger").open(&signed);
    let signer = &opened.layers()[0].signers[0];
    assert!(signer.signature.is_ok());
    assert!(matches!(signer.chain, Chain::Invalid(_)));
    assert_eq!(opened.verdict(), Verdict::Invalid);
    assert_eq!(
        content(&opened),
        BODY.as_bytes(),
        "the content was not bent"
    );
}

#[test]
fn without_the_key_the_layer_is_told_and_stays_closed() {
    let sealed = message(&encrypt(entity(), ContentCipher::Aes256Gcm));
    let anchors = anchors("root");
    let now = "2026-11-21T12:00:00Z".parse().unwrap();
    let opening = Opening::new(Validation::new(&anchors, now));
    let opened = open(RawMessage::from_bytes(sealed), &opening).unwrap();
    assert_eq!(kinds(&opened), [Kind::AuthEnvelopedData]);
    assert_eq!(opened.layers()[0].recipients.len(), 1);
    assert_eq!(opened.obstacle().unwrap().reason(), "no-key-fits");
    assert_eq!(opened.content().unwrap_err(), Unproved::NoContent);
}

#[test]
fn smime_type_is_a_hint_and_the_report_says_when_it_lies() {
    let signed = String::from_utf8(octets(&sign(entity(), Form::Opaque))).unwrap();
    let lying = signed.replace("smime-type=signed-data", "smime-type=enveloped-data");
    for (entity, notes) in [(signed, 0), (lying, 1)] {
        let opened = Reader::bob().open(&message(entity.as_bytes()));
        assert_eq!(opened.verdict(), Verdict::Valid);
        assert_eq!(opened.layers()[0].notes.len(), notes);
    }
}

#[test]
fn what_was_signed_and_is_for_somebody_else_is_signed_all_the_same() {
    let sealed = encrypt(entity(), ContentCipher::Aes256Cbc);
    let signed = message(&octets(&sign(again(sealed), Form::Opaque)));
    let anchors = anchors("root");
    let now = "2026-11-21T12:00:00Z".parse().unwrap();
    let opening = Opening::new(Validation::new(&anchors, now));
    let opened = open(RawMessage::from_bytes(signed), &opening).unwrap();
    assert_eq!(opened.verdict(), Verdict::Valid, "{:?}", opened.reason());
    assert_eq!(opened.content().unwrap_err(), Unproved::NoContent);
}

#[test]
fn of_parts_beside_each_other_none_vouches_for_another() {
    let sealed = String::from_utf8(encrypt(entity(), ContentCipher::Aes256Cbc)).unwrap();
    let signed = String::from_utf8(octets(&sign(entity(), Form::Opaque))).unwrap();
    for (first, second) in [(&sealed, &signed), (&signed, &sealed)] {
        let mixed = format!(
            "{HEADER}Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n{first}\r\n--x\r\n\
             {second}\r\n--x--\r\n"
        );
        let opened = Reader::bob().open(mixed.as_bytes());
        assert_eq!(opened.layers().len(), 2, "what is inside is not looked for");
        assert_eq!(opened.obstacle().unwrap().reason(), "several-sealed-parts");
        assert_eq!(opened.verdict(), Verdict::Invalid);
        let opened = Reader::bob().open_allowing(mixed.as_bytes(), true);
        assert_eq!(opened.content().unwrap_err(), Unproved::NoContent);
    }
}

/// EFAIL's and Vaudenay's attackers bend a recorded message and ask what became of it.
#[test]
fn bent_content_has_one_answer_whatever_came_out_of_it() {
    let sealed = encrypt(entity(), ContentCipher::Aes256Cbc);
    let head = sealed.windows(4).position(|it| it == b"\r\n\r\n").unwrap() + 4;
    let armoured: Vec<u8> = sealed[head..]
        .iter()
        .copied()
        .filter(|it| *it > b' ')
        .collect();
    let der = base64_simd::STANDARD.decode_to_vec(&armoured).unwrap();
    let mut answers = Vec::new();
    // From the last octet, which makes the padding, to those of the text.
    for from_the_end in [1, 16, 17, 33, 49] {
        let mut bent = der.clone();
        let at = bent.len() - from_the_end;
        bent[at] ^= 1;
        let body = base64_simd::STANDARD.encode_to_string(&bent);
        let header = String::from_utf8(sealed[..head].to_vec()).unwrap();
        let opened = Reader::bob().open(format!("{HEADER}{header}{body}\r\n").as_bytes());
        assert_eq!(opened.content().unwrap_err(), Unproved::Unauthenticated);
        answers.push(format!("{:?} {:?}", opened.layers(), opened.reason()));
    }
    let whole = Reader::bob().open(&message(&sealed));
    answers.push(format!("{:?} {:?}", whole.layers(), whole.reason()));
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:#?}");
}
