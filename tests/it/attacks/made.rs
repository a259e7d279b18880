//! Attacks that are large, made of the small messages of the corpus when the test runs.

use std::io::Write;
use std::time::{Duration, Instant};

use base64_simd::STANDARD;

use super::der::Element;
use super::manifest::message;
use super::run::{Attacked, KeyDirectory};

/// Where a message of the corpus has its CMS object, in base64.
fn object(mail: &[u8], media_type: &str) -> (usize, usize) {
    let text = str::from_utf8(mail).expect("the mails of the corpus are ASCII");
    let part = text.rfind(media_type).expect("a part of this type");
    let begin = part + text[part..].find("\r\n\r\n").expect("the header ends") + 4;
    let end = text[begin..]
        .find("\r\n--")
        .map_or(text.len(), |it| begin + it);
    (begin, end)
}

/// A message of the corpus with its CMS object changed.
fn changed(name: &str, media_type: &str, change: impl FnOnce(&mut Element)) -> Vec<u8> {
    let mail = message(name);
    let (begin, end) = object(&mail, media_type);
    let mut base64 = mail[begin..end].to_vec();
    base64.retain(|octet| !octet.is_ascii_whitespace());
    let der = STANDARD
        .decode_to_vec(&base64)
        .expect("base64 of the corpus");
    let mut element = Element::parse(&der);
    change(&mut element);
    let mut made = mail[..begin].to_vec();
    for line in STANDARD
        .encode_to_string(element.encode())
        .into_bytes()
        .chunks(76)
    {
        made.extend_from_slice(line);
        made.extend_from_slice(b"\r\n");
    }
    made.extend_from_slice(&mail[end..]);
    made
}

fn bob(keys: &KeyDirectory) -> Vec<String> {
    let file = |name: &str| keys.file(name).to_string_lossy().into_owned();
    vec![
        "--key".to_owned(),
        file("bob@example.com.pem"),
        "--cert".to_owned(),
        file("bob@example.com.crt"),
    ]
}

#[track_caller]
fn refused(outcome: &Attacked, word: &str) {
    assert!(
        matches!(outcome.status, Some(1 | 65 | 66)),
        "exit {:?}: {}",
        outcome.status,
        outcome.said
    );
    assert!(outcome.stdout.is_empty(), "something came out");
    assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
    assert!(
        outcome.said.contains(word),
        "no {word:?} in: {}",
        outcome.said
    );
}

#[track_caller]
fn accepted(outcome: &Attacked) {
    assert_eq!(outcome.status, Some(0), "{}", outcome.said);
}

/// A bound of time that a reader without limits passes by far.
#[track_caller]
fn soon(begin: Instant) {
    let took = begin.elapsed();
    assert!(took < Duration::from_secs(20), "it took {took:?}");
}

// Attack 3.
#[test]
fn a_nonce_of_a_mebibyte_is_refused() {
    let keys = KeyDirectory::new();
    // ContentInfo, [0], AuthEnvelopedData, EncryptedContentInfo, algorithm, parameters, nonce.
    let nonce = [1, 0, 2, 1, 1, 0];
    let with_nonce = |length: usize| {
        changed("03-gcm.eml", "application/pkcs7-mime", |data| {
            *data.at(&nonce) = Element::octets(0x04, vec![7; length]);
        })
    };
    refused(
        &Attacked::with("open", &bob(&keys), &with_nonce(1 << 20)),
        "",
    );
    accepted(&Attacked::with("open", &bob(&keys), &message("03-gcm.eml")));
}

// Attack 29 and the caps on recipients: 1,000 are read, not one more.
#[test]
fn a_thousand_recipients_are_read_and_no_more() {
    let keys = KeyDirectory::new();
    let with_recipients = |count: usize| {
        changed("03-gcm.eml", "application/pkcs7-mime", |data| {
            let set = data.at(&[1, 0, 1]).children();
            let for_bob = set.pop().expect("one recipient");
            // Others of another serial number, and his the last.
            let mut other = for_bob.clone();
            *other.at(&[1, 1]) = Element::octets(0x02, vec![0x7f]);
            set.resize(count - 1, other);
            set.push(for_bob);
        })
    };
    accepted(&Attacked::with("open", &bob(&keys), &with_recipients(1000)));
    refused(
        &Attacked::with("open", &bob(&keys), &with_recipients(1001)),
        "000",
    );
    // Without certificate, who all might be meant? That is told before it takes long.
    let key_alone = &bob(&keys)[..2];
    let outcome = Attacked::with("open", key_alone, &with_recipients(200));
    assert!(
        matches!(outcome.status, Some(0 | 65 | 66)),
        "{}",
        outcome.said
    );
}

// One KeyAgreeRecipientInfo can be for many, and each of them counts.
#[test]
fn a_thousand_keys_of_one_agreement_are_read_and_no_more() {
    let keys = KeyDirectory::new();
    let dave: Vec<String> = [
        ("--key", "dave@example.com.pem"),
        ("--cert", "dave@example.com.crt"),
    ]
    .into_iter()
    .flat_map(|(flag, name)| {
        [
            flag.to_owned(),
            keys.file(name).to_string_lossy().into_owned(),
        ]
    })
    .collect();
    let with_keys = |count: usize| {
        changed("01-ecdh-control.eml", "application/pkcs7-mime", |data| {
            // The [1] of RecipientInfos, and its RecipientEncryptedKeys.
            let encrypted_keys = data.at(&[1, 0, 1, 0, 3]).children();
            let for_dave = encrypted_keys.pop().expect("one key");
            let mut other = for_dave.clone();
            *other.at(&[0, 1]) = Element::octets(0x02, vec![0x7f]);
            encrypted_keys.resize(count - 1, other);
            encrypted_keys.push(for_dave);
        })
    };
    accepted(&Attacked::with("open", &dave, &with_keys(1000)));
    refused(&Attacked::with("open", &dave, &with_keys(1001)), "000");
}

// The cap on certificates: 64 are read, not one more.
#[test]
fn sixty_four_certificates_are_read_and_no_more() {
    let with_certificates = |count: usize| {
        changed("00-detached.eml", "application/pkcs7-signature", |data| {
            let set = data.at(&[1, 0, 3]).children();
            let certificate = set.pop().expect("one certificate");
            set.resize(count, certificate);
        })
    };
    accepted(&Attacked::with("verify", &[], &with_certificates(64)));
    refused(&Attacked::with("verify", &[], &with_certificates(65)), "64");
}

// Attack 30.
#[test]
fn a_multipart_of_ten_thousand_levels_is_refused() {
    for levels in [10_000, 1000, 33] {
        let mut mail = b"From: alice@example.com\r\n".to_vec();
        for level in 0..levels {
            let delimiter = format!("--{level}\r\n");
            let field =
                format!("Content-Type: multipart/mixed; boundary={level}\r\n\r\n{delimiter}");
            mail.extend_from_slice(field.as_bytes());
        }
        mail.extend_from_slice(b"\r\nthe end\r\n");
        let begin = Instant::now();
        refused(&Attacked::with("verify", &[], &mail), "");
        soon(begin);
    }
}

// Attack 30.
#[test]
fn signatures_of_ten_thousand_levels_are_refused() {
    let mut mail = b"From: alice@example.com\r\n".to_vec();
    for level in 0..10_000 {
        let field = format!(
            "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\";\r\n \
             boundary={level}\r\n\r\n--{level}\r\n"
        );
        mail.extend_from_slice(field.as_bytes());
    }
    mail.extend_from_slice(b"\r\nthe end\r\n");
    let begin = Instant::now();
    refused(&Attacked::with("verify", &[], &mail), "");
    soon(begin);
}

// Attack 30.
#[test]
fn ber_of_ten_thousand_levels_is_refused() {
    let keys = KeyDirectory::new();
    for tag in [0x24, 0x30, 0xa0] {
        for count in [10_000, 5_000_000] {
            let opened = [tag, 0x80].repeat(count);
            let closed = [&opened[..], &vec![0; 2 * count]].concat();
            for object in [&opened, &closed] {
                let begin = Instant::now();
                refused(&Attacked::with("verify", &[], object), "");
                refused(&Attacked::with("open", &bob(&keys), object), "");
                soon(begin);
            }
        }
    }
}

// Attack 30: a content in chunks inside chunks, in a message that is right otherwise.
#[test]
fn a_content_of_ten_thousand_nested_chunks_is_refused() {
    let nested = |depth: usize| {
        let mut data = Element::parse(&message("08-bare.p7m"));
        // ContentInfo, [0], SignedData, EncapsulatedContentInfo, [0], eContent.
        let content = data.at(&[1, 0, 2, 1, 0]);
        let mut chunks = content.encode();
        for _ in 1..depth {
            chunks = Element::octets(0x24, chunks).encode();
        }
        *content = Element::octets(0x24, chunks);
        data.encode()
    };
    let arguments = ["--from".to_owned(), "alice@example.com".to_owned()];
    accepted(&Attacked::with("verify", &arguments, &nested(1)));
    accepted(&Attacked::with("verify", &arguments, &nested(8)));
    refused(&Attacked::with("verify", &arguments, &nested(10_000)), "");
}

// Attack 30: many small things in place of one deep one.
#[test]
fn a_million_empty_elements_do_not_take_long() {
    for (name, path) in [
        ("certificates", &[1, 0, 3][..]),
        ("SignerInfos", &[1, 0, 4]),
        ("attributes", &[1, 0, 4, 0, 3]),
    ] {
        let mail = changed("00-detached.eml", "application/pkcs7-signature", |data| {
            let set = data.at(path).children();
            let length = set.len() + 1_000_000;
            set.resize(length, Element::octets(0x30, Vec::new()));
        });
        let begin = Instant::now();
        let outcome = Attacked::with("verify", &[], &mail);
        assert!(
            matches!(outcome.status, Some(1 | 65)),
            "{name}: {}",
            outcome.said
        );
        soon(begin);
    }
}

// Attack 30: within 100 to 1, and past 64 MiB.
#[test]
fn more_than_64_mebibytes_are_not_unpacked() {
    let compressed = |mebibytes: usize| {
        changed("30-compressed.eml", "application/pkcs7-mime", |data| {
            // Noise that does not shrink, between zeros that do: about 70 to 1.
            let mut encoder =
                flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder
                .write_all(b"Content-Type: text/plain\r\n\r\n")
                .expect("memory");
            let mut state = 1_u64;
            for _ in 0..mebibytes * 64 {
                let mut block = vec![0; 16 << 10];
                for octet in block.iter_mut().take(160) {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1);
                    *octet = (state >> 33) as u8;
                }
                encoder.write_all(&block).expect("memory");
            }
            let packed = encoder.finish().expect("memory");
            assert!(packed.len() * 100 > mebibytes << 20, "past 100 to 1");
            *data.at(&[1, 0, 2, 1, 0]) = Element::octets(0x04, packed);
        })
    };
    let begin = Instant::now();
    refused(&Attacked::with("verify", &[], &compressed(65)), "64");
    // Nothing in it is signed.
    let outcome = Attacked::with("verify", &[], &compressed(1));
    assert_eq!(
        outcome.report.verdict().as_deref(),
        Some("unsigned"),
        "{}",
        outcome.said
    );
    soon(begin);
}

// Attack 30: the caps on MIME.
#[test]
fn too_many_parts_and_too_long_a_header_are_refused() {
    let mail = |parts: usize| {
        let mut mail =
            b"From: alice@example.com\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
                .to_vec();
        for _ in 0..parts {
            mail.extend_from_slice(b"--b\r\n\r\nx\r\n");
        }
        mail.extend_from_slice(b"--b--\r\n");
        mail
    };
    refused(&Attacked::with("verify", &[], &mail(1001)), "");
    refused(&Attacked::with("verify", &[], &mail(100_000)), "");
    let signed = message("00-detached.eml");
    let with_header = |length: usize| {
        let mut field = b"X-Long: ".to_vec();
        while field.len() < length {
            field.extend_from_slice(&[b'x'; 70]);
            field.extend_from_slice(b"\r\n ");
        }
        field.extend_from_slice(b"end\r\n");
        [&field[..], &signed].concat()
    };
    accepted(&Attacked::with("verify", &[], &with_header(100 << 10)));
    refused(&Attacked::with("verify", &[], &with_header(300 << 10)), "");
}

// Every certificate with the signer's key identifier has to be tried, for every signer.
#[test]
fn many_signers_times_many_certificates_do_not_take_long() {
    let name = "09-twin-key-identifier-fake-first.eml";
    let mail = changed(name, "application/pkcs7-signature", |data| {
        let certificates = data.at(&[1, 0, 3]).children();
        let fake = certificates[0].clone();
        certificates.clear();
        for number in 0..64 {
            // tbsCertificate, serialNumber: another certificate each time.
            let mut other = fake.clone();
            *other.at(&[0, 1]) = Element::octets(0x02, vec![0x10, number]);
            certificates.push(other);
        }
        let signers = data.at(&[1, 0, 4]).children();
        let signer = signers[0].clone();
        signers.resize(16, signer);
    });
    let begin = Instant::now();
    let outcome = Attacked::with("verify", &[], &mail);
    assert_eq!(outcome.status, Some(1), "{}", outcome.said);
    assert_eq!(outcome.report.of_signers("signature"), ["invalid"; 16]);
    soon(begin);
}
