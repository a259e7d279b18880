//! Properties of the canonical form, over messages put together at random from what mailers and
//! strangers write. mail-parser, which shares no code with us, says whether a reader sees the same
//! before and after.

use std::fmt::Write as _;

use mail_parser::{MessageParser, PartType};
use mailseal::mime::{Error, Message, RawMessage, multipart_signed, tree};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

const MESSAGES: u64 = 3_000;

/// One of them.
fn one<T: Copy>(random: &mut SmallRng, choices: &[T]) -> T {
    choices[random.random_range(0..choices.len())]
}

/// Sealed form of a message, without the outer header.
fn canonical(message: &[u8]) -> Result<Vec<u8>, Error> {
    let (_, entity) = Message::parse(RawMessage::from_bytes(message.to_vec()))?.split();
    let entity = entity.canonicalize()?;
    let mut out = Vec::new();
    entity.write_to(&mut out)?;
    assert_eq!(
        out.len() as u64,
        entity.len(),
        "the length is known beforehand"
    );
    let mut again = Vec::new();
    entity.write_to(&mut again)?;
    assert!(out == again, "an entity is written the same each time");
    Ok(out)
}

fn assert_is_canonical(entity: &[u8]) {
    for line in entity.split_inclusive(|&byte| byte == b'\n') {
        let line = line.strip_suffix(b"\n").map_or(line, |line| {
            line.strip_suffix(b"\r").expect("a line feed stands alone")
        });
        assert!(line.len() <= 998, "a line of {} octets", line.len());
        let wrong = line
            .iter()
            .find(|&&byte| !byte.is_ascii() || byte == 0 || byte == b'\r');
        assert_eq!(wrong, None, "in {:?}", String::from_utf8_lossy(line));
    }
}

/// What a reader sees of each leaf: its type, its file name, and its content with LF.
fn leaves(message: &[u8]) -> Vec<(String, Option<String>, Vec<u8>)> {
    let parsed = MessageParser::new().parse(message).expect("a message");
    let mut found = Vec::new();
    collect(&parsed, &mut found);
    found
}

fn collect(message: &mail_parser::Message<'_>, found: &mut Vec<(String, Option<String>, Vec<u8>)>) {
    use mail_parser::MimeHeaders;
    for part in &message.parts {
        let content = match &part.body {
            PartType::Text(text) | PartType::Html(text) => text.replace("\r\n", "\n").into_bytes(),
            PartType::Binary(content) | PartType::InlineBinary(content) => content.to_vec(),
            PartType::Message(inner) => {
                collect(inner, found);
                continue;
            }
            PartType::Multipart(_) => continue,
        };
        let media_type = part.content_type().map_or(String::new(), |it| {
            format!("{}/{}", it.ctype(), it.subtype().unwrap_or_default())
        });
        found.push((
            media_type,
            part.attachment_name().map(str::to_owned),
            content,
        ));
    }
}

/// A text of lines that try everything an encoder has to care for.
fn text(random: &mut SmallRng) -> String {
    let words = [
        "From ", "--b", "--b--", ".", "=", "=3D", "=\t", " ", "\t", "ä", "€ 𝄞", "word", "-- ", "x",
        ">From ", "a.b", "--", "é",
    ];
    let mut text = String::new();
    for _ in 0..random.random_range(0..6) {
        // Content that is a delimiter would be one, to mail-parser in mid-line as well.
        text.push_str(one(random, &["", "_", "y "]));
        for _ in 0..random.random_range(0..8) {
            text.push_str(one(random, &words));
        }
        if random.random_ratio(1, 20) {
            text.push_str(&"long ".repeat(random.random_range(1..300)));
        }
        text.push('\n');
    }
    let is_delimiter = |line: &str| line.starts_with("--b");
    let lines = text
        .split_inclusive('\n')
        .filter(|line| !is_delimiter(line));
    lines.collect()
}

fn leaf(random: &mut SmallRng) -> String {
    let body = text(random);
    let seven_bit = body.is_ascii();
    match random.random_range(0..6) {
        0 => format!("\n{body}"),
        1 => format!(
            "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: {}\n\n{body}",
            if seven_bit { "7bit" } else { "8bit" }
        ),
        2 => format!(
            "content-type:text/plain;\n  format=flowed ; charset=\"UTF-8\"\n\
             Content-Disposition: inline\n\n{body}"
        ),
        3 => {
            let coded = base64_simd::STANDARD.encode_to_string(body.as_bytes());
            let columns = one(random, &[60, 76, 1200]);
            let lines: Vec<&str> = coded
                .as_bytes()
                .chunks(columns)
                .map(|line| std::str::from_utf8(line).expect("base64 is ASCII"))
                .collect();
            format!(
                "Content-Type: application/x; name=\"ü {columns}.bin\"\n\
                 Content-Transfer-Encoding: base64\n\n{}\n",
                lines.join("\n")
            )
        }
        4 => {
            let mut coded = String::new();
            for byte in body.replace('\n', "\r\n").bytes() {
                let _ = write!(coded, "={byte:02x}");
                if random.random_ratio(1, 12) {
                    coded.push_str("= \n");
                }
            }
            format!(
                "Content-Type: text/plain; charset=utf-8\n\
                 Content-Transfer-Encoding: Quoted-Printable\n\n{coded}\n"
            )
        }
        _ => format!(
            "Content-Type: application/octet-stream\n\
             Content-Disposition: attachment; filename=\"a;b.txt\"\n\n{body}"
        ),
    }
}

fn part(random: &mut SmallRng, depth: usize) -> String {
    match random.random_range(0..8) {
        0 | 1 if depth < 4 => {
            let boundary = format!("{}{depth}", one(random, &["b", "bb", "b ="]));
            let mut multipart = format!(
                "Content-Type: multipart/mixed; boundary=\"{boundary}\"\n\
                 Content-Transfer-Encoding: 8bit\n\n{}",
                one(random, &["", "preamble\n", "prä\n"])
            );
            for _ in 0..random.random_range(1..4) {
                let _ = write!(multipart, "--{boundary}\n{}\n", part(random, depth + 1));
            }
            let _ = write!(
                multipart,
                "--{boundary}--{}",
                one(random, &["", "\n", " \nepi ü"])
            );
            multipart
        }
        // mail-parser loses its place in a message directly in a message in a multipart.
        2 if depth < 4 => loop {
            let inner = part(random, depth + 1);
            if !inner.starts_with("Content-Type: message") {
                let header = "Subject: ä ö\nFrom: \"Zoë\" <z@example.com>";
                break format!("Content-Type: message/rfc822\n\n{header}\n{inner}");
            }
        },
        _ => leaf(random),
    }
}

fn line_ends(random: &mut SmallRng, message: &str) -> Vec<u8> {
    match random.random_range(0..3) {
        0 => message.into(),
        1 => message.replace('\n', "\r\n").into(),
        _ => message
            .split_inclusive('\n')
            .map(|line| match random.random() {
                true => line.replace('\n', "\r\n"),
                false => line.to_owned(),
            })
            .collect::<String>()
            .into(),
    }
}

#[test]
fn readers_see_the_same_before_and_after() {
    for seed in 0..MESSAGES {
        let random = &mut SmallRng::seed_from_u64(seed);
        let message = format!(
            "From: a@example.com\nMIME-Version: 1.0\n{}",
            part(random, 0)
        );
        let crlf = message.replace('\n', "\r\n").into_bytes();
        let entity = canonical(&crlf).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        assert_is_canonical(&entity);
        let mut sealed = b"From: a@example.com\r\nMIME-Version: 1.0\r\n".to_vec();
        sealed.extend_from_slice(&entity);
        let (before, after) = (leaves(&crlf), leaves(&sealed));
        let show = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
        assert_eq!(
            before.len(),
            after.len(),
            "seed {seed}\n{}\n=====\n{}",
            show(&crlf),
            show(&sealed)
        );
        for (before, after) in before.iter().zip(&after) {
            let (old, new) = (show(&before.2), show(&after.2));
            assert_eq!(
                old,
                new,
                "seed {seed}\n{}\n=====\n{}",
                show(&crlf),
                show(&sealed)
            );
            assert!(before.2 == after.2, "seed {seed}");
            assert_eq!(before.1, after.1, "seed {seed}");
            assert!(before.0 == after.0 || before.0.is_empty(), "seed {seed}");
        }
    }
}

#[test]
fn canonical_form_is_a_fixed_point_whatever_the_line_ends() {
    for seed in 0..MESSAGES {
        let random = &mut SmallRng::seed_from_u64(seed);
        let message = format!("From: a@example.com\n{}", part(random, 0));
        let message = line_ends(random, &message);
        let entity = canonical(&message).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        assert_is_canonical(&entity);
        let again = canonical(&[b"From: a@example.com\r\n", &entity[..]].concat()).unwrap();
        assert!(entity == again, "seed {seed}");
    }
}

#[test]
fn broken_messages_end_in_an_error_or_in_canonical_form() {
    let mut refused = 0;
    for seed in 0..MESSAGES {
        let random = &mut SmallRng::seed_from_u64(seed);
        let mut message = format!("From: a@example.com\n{}", part(random, 0)).into_bytes();
        for _ in 0..random.random_range(1..10) {
            let place = random.random_range(0..message.len());
            match random.random_range(0..4) {
                0 => message[place] = random.random(),
                1 => message[place] = one(random, b"\r\n\0-= ;\"(:"),
                2 => drop(message.remove(place)),
                _ => message.truncate(place.max(1)),
            }
            if message.is_empty() {
                break;
            }
        }
        match canonical(&message) {
            Ok(entity) => assert_is_canonical(&entity),
            Err(Error::Read(error)) => panic!("seed {seed}: {error}"),
            Err(_) => refused += 1,
        }
        let raw = RawMessage::from_bytes(message);
        let mut shown = Vec::new();
        tree::write(&raw, &mut shown).unwrap();
        let shown = String::from_utf8(shown).expect("text");
        assert!(!shown.is_empty() && !shown.contains(|c: char| c.is_control() && c != '\n'));
        if let Ok(message) = Message::parse(raw) {
            let as_is = message.as_is().unwrap();
            let mut out = Vec::new();
            as_is.write_to(&mut out).unwrap();
            assert_eq!(out.len() as u64, as_is.len());
            let bare = String::from_utf8_lossy(&out).replace("\r\n", "");
            assert!(!bare.contains(['\r', '\n']), "seed {seed}");
        }
    }
    assert!(
        refused > 0 && refused < MESSAGES * 9 / 10,
        "{refused} refused"
    );
}

#[test]
fn a_signed_entity_is_left_alone() {
    let message = b"From: a@example.com\n\nGr\xC3\xBC\xC3\x9Fe\n";
    let (_, entity) = Message::parse(RawMessage::from_bytes(message.to_vec()))
        .unwrap()
        .split();
    let signed = multipart_signed(entity.canonicalize().unwrap(), "sha-256", &[1; 1000]);
    let mut out = b"From: a@example.com\r\n".to_vec();
    signed.write_to(&mut out).unwrap();
    let again = canonical(&out).unwrap();
    assert!(again == out[b"From: a@example.com\r\n".len()..]);
}

#[test]
fn hostile_headers_take_no_long_time() {
    let started = std::time::Instant::now();
    for field in [
        format!("Content-Type: a/b{}", ";a=ä".repeat(50_000)),
        format!("Content-Type: a/b{}", ";ä".repeat(80_000)),
        format!(
            "Content-Type: multipart/x{}",
            ";boundary*0=a".repeat(18_000)
        ),
        format!("X: {}", "ä ".repeat(80_000)),
        format!("To: {}ä", "(".repeat(200_000)),
        format!("To: {}", "\"ä\"".repeat(60_000)),
        "A:\n".repeat(80_000) + "A:ä",
    ] {
        let embedded = format!("Content-Type: message/rfc822\n\n{field}\n\nx");
        let _ = canonical(format!("From: a@example.com\n{embedded}").as_bytes());
        let _ = canonical(format!("{field}\n\nx").as_bytes());
    }
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}
