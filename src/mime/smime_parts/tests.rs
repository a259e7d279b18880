//! What is found, and what is refused, each beside the other.

use super::*;

const SIGNED: &str = "Content-Type: multipart/signed; micalg=sha-256; boundary=b;\n \
    protocol=\"application/pkcs7-signature\"\n\n";
const PARTS: &str = "--b\nContent-Type: text/plain\n\nhello\n--b\n\
    Content-Type: application/pkcs7-signature; name=smime.p7s\n\
    Content-Transfer-Encoding: base64\n\nMAA=\n--b--\n";
const OBJECT: &str = "Content-Type: application/pkcs7-mime; smime-type=signed-data\n\
    Content-Transfer-Encoding: base64\n\nMAA=\n";

fn find(text: impl AsRef<[u8]>) -> Result<SmimeParts, Error> {
    smime_parts(&RawMessage::from_bytes(text.as_ref().to_vec()))
}

fn octets(spool: &Spool) -> Vec<u8> {
    let mut octets = Vec::new();
    io::copy(&mut spool.reader(), &mut octets).unwrap();
    octets
}

/// What was found, a line each.
fn found(text: impl AsRef<[u8]>) -> String {
    let found = find(text).unwrap();
    let mut lines = Vec::new();
    for part in &found.parts {
        assert_eq!(part.is_whole, part.location.is_empty());
        let form = match &part.form {
            SmimeForm::Signed {
                content, signature, ..
            } => {
                let content = String::from_utf8(octets(content.spool())).unwrap();
                format!("{content:?} {:02x?}", octets(signature))
            }
            SmimeForm::Object { object, .. } => format!("{:02x?}", octets(object)),
        };
        let notes: String = part.notes.iter().map(|it| format!("; {it}")).collect();
        lines.push(format!("<{}> {form}{notes}", part.location));
    }
    lines.extend(found.has_other_content.then(|| "other".to_owned()));
    lines.join("\n")
}

fn error(text: impl AsRef<[u8]>) -> String {
    find(text).unwrap_err().to_string()
}

/// Found in LF as well as in CRLF.
fn assert_found(text: &str, expected: &str) {
    assert_eq!(found(text), expected, "{text}");
    let crlf = |text: &str| text.replace('\n', "\r\n");
    // The content is shown escaped.
    let expected = expected.replace("\\n", "\\r\\n");
    assert_eq!(found(crlf(text)), expected, "{text}");
}

#[test]
fn what_is_signed_are_the_octets_between_the_delimiters() {
    let hello = "<> \"Content-Type: text/plain\\n\\nhello\" [30, 00]";
    assert_found(&format!("{SIGNED}{PARTS}"), hello);
    assert_found(&format!("Subject: x\n{SIGNED} \n{PARTS} \n"), hello);
    for (part, content) in [
        ("", ""),
        ("\n", ""),
        ("\n\n", "\\n"),
        (
            "A: b\n\n--bb\n\n--bb--\n--c--\n",
            "A: b\\n\\n--bb\\n\\n--bb--\\n--c--",
        ),
        (
            "Content-Type: multipart/x; boundary=bb\n\n--bb\n\nx\n--bb--\n\n",
            "Content-Type: multipart/x; boundary=bb\\n\\n--bb\\n\\nx\\n--bb--\\n",
        ),
    ] {
        let text = "Content-Type: text/plain\n\nhello\n";
        let text = format!("{SIGNED}{}", PARTS.replace(text, part));
        assert_found(&text, &format!("<> \"{content}\" [30, 00]"));
    }
}

#[test]
fn parameters_are_told_as_they_stand() {
    let found = find(format!("{SIGNED}{PARTS}")).unwrap();
    let SmimeForm::Signed {
        micalg, protocol, ..
    } = &found.parts[0].form
    else {
        panic!("it is clear-signed")
    };
    assert_eq!(micalg, &["sha-256"]);
    assert_eq!(protocol.as_deref(), Some("application/pkcs7-signature"));

    let several = SIGNED.replace("=sha-256", "=\"SHA1, sha-512\"");
    let found = find(format!("{several}{PARTS}")).unwrap();
    let SmimeForm::Signed { micalg, .. } = &found.parts[0].form else {
        panic!("it is clear-signed")
    };
    assert_eq!(micalg, &["sha1", "sha-512"]);

    let found = find(OBJECT).unwrap();
    let SmimeForm::Object { smime_type, .. } = &found.parts[0].form else {
        panic!("it is an object")
    };
    assert_eq!(smime_type.as_deref(), Some("signed-data"));
}

#[test]
fn objects_are_known_by_type_or_name_and_decoded() {
    let with = |from: &str, to: &str| found(OBJECT.replace(from, to));
    let type_field = "application/pkcs7-mime; smime-type=signed-data";
    assert_eq!(found(OBJECT), "<> [30, 00]");
    assert_eq!(with("pkcs7-mime", "X-PKCS7-mime"), "<> [30, 00]");
    assert_eq!(with("base64", "quoted-printable"), "<> [4d, 41, 41]");
    assert_eq!(with("base64\n\nMAA=", "binary\n\n\u{7f}"), "<> [7f, 0a]");
    assert_eq!(
        with("base64\n\nMAA=", "7bit\n\nMAsG"),
        "<> [30, 0b, 06]; the header does not say that this is base64"
    );
    assert_eq!(
        with("signed-data", "signed\u{7}data"),
        "<> [30, 00]; the smime-type is unknown, \"signed\\u{7}data\""
    );
    let named = "<> [30, 00]; only the file name says that this is S/MIME";
    let octet_stream = "application/octet-stream";
    for name in ["smime.p7m", "\"a b.P7Z\"", "x.p7c"] {
        assert_eq!(
            with(type_field, &format!("{octet_stream}; name={name}")),
            named
        );
    }
    for name in [
        "*=utf-8''smime%2Ep7m",
        "*0=smime.p; filename*1=7m",
        "=smime.p7m",
    ] {
        let field = format!("{octet_stream}\nContent-Disposition: attachment; filename{name}");
        assert_eq!(with(type_field, &field), named, "{name}");
    }
    let alone = "the signature stands apart from what it signs";
    assert_eq!(
        with(type_field, &format!("{octet_stream}; name=smime.p7s")),
        format!("{named}; {alone}")
    );
    assert_eq!(
        with(type_field, "application/pkcs7-signature"),
        format!("<> [30, 00]; {alone}")
    );
    for other in [
        "application/octet-stream; name=p7m",
        "text/plain; name=smime.p7m",
        "x",
        "",
    ] {
        assert_eq!(with(type_field, other), "other");
    }
    let unknown = OBJECT.replace("base64", "x-uuencode");
    assert!(error(unknown).contains("unknown Content-Transfer-Encoding \"x-uuencode\""));
    assert!(error(OBJECT.replace("MAA=", "MAA=!")).contains("line 4 is not valid base64"));
}

#[test]
fn other_protocols_count_by_their_second_part() {
    let content = "<> \"Content-Type: text/plain\\n\\nhello\" [30, 00]";
    let protocol = "protocol=\"application/pkcs7-signature\"";
    let signature = "application/pkcs7-signature; name=smime.p7s";
    let with = |protocol_to: &str, signature_to: &str| {
        let header = SIGNED.replace(protocol, protocol_to);
        found(format!(
            "{header}{}",
            PARTS.replace(signature, signature_to)
        ))
    };
    let old = "protocol=application/x-pkcs7-signature";
    let octet_stream = "application/octet-stream; name=smime.p7s";
    assert_eq!(with(old, "application/x-pkcs7-signature"), content);
    for (protocol, signature, note) in [
        ("x=y", signature, "does not say by which protocol"),
        (
            "protocol=\"x/y\"",
            signature,
            "names another protocol, \"x/y\"",
        ),
        ("x=y", octet_stream, "does not say by which protocol"),
        (protocol, octet_stream, "only the file name says"),
        (
            protocol,
            "text/plain",
            "has another media type, \"text/plain\"",
        ),
    ] {
        let found = with(protocol, signature);
        assert!(
            found.starts_with(content) && found.contains(note),
            "{found}"
        );
    }
    let pgp = "protocol=\"application/pgp-signature\"";
    assert_eq!(
        with(pgp, "application/pgp-signature; name=signature.asc"),
        "other"
    );
    assert_eq!(
        with("x=y", "application/octet-stream; name=smime.p7m"),
        "other"
    );
    // Nobody is asked to have two parts who is not ours.
    assert_eq!(found(SIGNED.replace("pkcs7", "pgp")), "other");
}

#[test]
fn text_around_the_parts_is_noted() {
    let signed = format!("{SIGNED}a preamble\n\n{PARTS}\nan epilogue");
    assert_eq!(
        found(signed),
        "<> \"Content-Type: text/plain\\n\\nhello\" [30, 00]; \
         the text before the signed part is not signed; \
         the text after the signature is not signed"
    );
}

#[test]
fn exactly_two_parts_that_end_are_required() {
    let parts: Vec<&str> = PARTS.split_inclusive("--b\n").collect();
    let [one, content, signature] = parts[..] else {
        panic!("two delimiters and the closing one")
    };
    let end = "--b--\n";
    let cut = signature.strip_suffix(end).unwrap();
    assert!(find(format!("{SIGNED}{one}{content}{signature}")).is_ok());
    for (body, message) in [
        (
            format!("{one}{content}{cut}"),
            "closing boundary of the signed multipart is missing",
        ),
        (
            String::new(),
            "closing boundary of the signed multipart is missing",
        ),
        (end.to_owned(), "with 0 parts, not two"),
        (format!("{one}{cut}{end}"), "with 1 parts, not two"),
        (
            format!("{one}{content}{cut}--b\n{signature}"),
            "with 3 parts, not two",
        ),
        (
            format!("{one}{content}{cut}{}{end}", "--b\n".repeat(5)),
            "with 7 parts, not two",
        ),
    ] {
        let error = error(format!("{SIGNED}{body}"));
        assert!(error.contains(message), "{body}: {error}");
    }
    let nameless = SIGNED.replace("boundary=b", "x=y");
    assert!(error(format!("{nameless}{PARTS}")).contains("signed multipart without boundary"));
    let encoded = format!("Content-Transfer-Encoding: base64\n{SIGNED}{PARTS}");
    assert!(error(encoded).contains("a signed multipart in base64"));
}

/// Attack 13: something else is shown beside what is signed.
#[test]
fn what_is_wrapped_is_not_the_whole() {
    let header = "Content-Type: multipart/mixed; boundary=o\n\n--o\n";
    let signed = format!("{SIGNED}{PARTS}");
    let hello = "\"Content-Type: text/plain\\n\\nhello\" [30, 00]";
    assert_eq!(found(&signed), format!("<> {hello}"));
    for (text, expected) in [
        (format!("{header}{signed}\n--o--\n"), format!("<1> {hello}")),
        (
            format!("{header}\nevil\n--o\n{signed}\n--o--"),
            format!("<2> {hello}\nother"),
        ),
        (
            format!("{header}{signed}\n--o\n\nevil\n--o--"),
            format!("<1> {hello}\nother"),
        ),
        (
            format!(
                "{header}Content-Type: multipart/related; boundary=i\n\n\
                 --i\nContent-Type: text/html\n\n<img src=cid:x>\n--i\nContent-ID: <x>\n\
                 {signed}\n--i--\n--o\n{OBJECT}\n--o--"
            ),
            format!("<1.2> {hello}\n<2> [30, 00]\nother"),
        ),
        (
            format!("Content-Type: message/rfc822\n\nSubject: forwarded\n{signed}"),
            format!("<1> {hello}"),
        ),
        (
            format!("{header}Content-Type: message/rfc822\n\n{OBJECT}\n--o\n{OBJECT}\n--o--"),
            "<1.1> [30, 00]\n<2> [30, 00]".to_owned(),
        ),
        (
            "Content-Type: multipart/digest; boundary=o\n\n--o\n\n".to_owned() + OBJECT,
            "<1.1> [30, 00]".to_owned(),
        ),
        // What another system signed is not ours to take apart.
        (
            format!(
                "{}{}",
                SIGNED.replace("pkcs7", "pgp"),
                PARTS.replace("pkcs7", "pgp")
            ),
            "other".to_owned(),
        ),
    ] {
        assert_eq!(found(&text), expected, "{text}");
    }
    let many = format!("{header}{}--o--", format!("{OBJECT}\n--o\n").repeat(11));
    assert!(found(many).contains("<10> [30, 00]\n<11> [30, 00]\nother"));
}

/// Attack 15: each is next to what is accepted.
#[test]
fn what_readers_disagree_about_is_refused() {
    let signed = format!("{SIGNED}{PARTS}");
    let with = |from: &str, to: &str| {
        assert!(signed.contains(from), "{from}");
        signed.replacen(from, to, 1)
    };
    let protocol = "protocol=\"application/pkcs7-signature\"";
    let closing = "--b--\n";
    for (accepted, refused, message) in [
        (
            "X-Content-Type: a/b\n",
            "Content-Type: a/b\n",
            "a second Content-Type field",
        ),
        ("X: \u{1}\n", "X: \0\n", "a NUL octet in the header"),
        (
            "X: y\r\n",
            "X: y\rz\n",
            "a carriage return without line feed in the header",
        ),
    ] {
        assert!(find(format!("{accepted}{signed}")).is_ok(), "{accepted}");
        let error = error(format!("{refused}{signed}"));
        assert!(error.contains(message), "{error}");
    }
    let two_boundaries = "the Content-Type has more than one boundary";
    let boundary = "readers disagree about the boundary parameter";
    let two_protocols = "readers disagree about the protocol parameter";
    let control = "a NUL or a bare carriage return beside the signed part";
    let line = "readers disagree whether this line is a boundary";
    for (from, accepted, refused, message) in [
        (
            "boundary=b",
            "boundary=b; x=c",
            "boundary=b; boundary=c",
            two_boundaries,
        ),
        (
            "boundary=b",
            "boundary*0=b",
            "boundary*0=b; boundary=b",
            two_boundaries,
        ),
        (
            "boundary=b",
            "boundary*0=\"\"; boundary*1=b",
            "boundary*0=c; boundary*2=b",
            two_boundaries,
        ),
        (
            "boundary=b",
            "boundary=b; x*=''c",
            "boundary=b; boundary*=''c",
            two_boundaries,
        ),
        ("boundary=b", "boundary=\"b\"", "boundary=\"b\"c", boundary),
        ("boundary=b", "boundary=b", "boundary=b c", boundary),
        ("boundary=b", "boundary=b", "boundary=b (x)", boundary),
        (
            "boundary=b",
            "boundary=b; (x) x=y",
            "boundary=b; (; boundary=c) x=y",
            boundary,
        ),
        (
            protocol,
            protocol,
            "protocol=a/b; protocol=application/pkcs7-signature",
            two_protocols,
        ),
        (
            protocol,
            "protocol*=''application%2Fpkcs7-signature",
            "protocol=a/b; protocol*=''application%2fpkcs7-signature",
            two_protocols,
        ),
        (
            protocol,
            "protocol*0=application/; protocol*1=pkcs7-signature",
            "protocol*0=application/; protocol*1=pkcs7-signature; protocol=a/b",
            two_protocols,
        ),
        ("--b\n", "x\n--b\n", "x\r--b\r\n--b\n", control),
        ("--b\n", "\u{1}\n--b\n", "\0\n--b\n", control),
        ("MAA=", "MAA=\n", "MAA=\r ", control),
        (closing, "--b--\nx", "--b--\nx\0", control),
        ("--b\n", "--a\n--b\n", "--bb\n--b\n", line),
        (closing, "--b--\n -- b", "--b--\n--b\n\nevil\n--b--", line),
        (closing, "--b--\n--a--", "--b--\n--b--x", line),
        ("MAA=", "MAA=", "MAA=\n--bx", line),
        (
            "Content-Transfer-Encoding: base64\n",
            "Content-Transfer-Encoding: base64\nX: y\n",
            "Content-Transfer-Encoding: base64\nContent-Transfer-Encoding: 7bit\n",
            "a second Content-Transfer-Encoding field",
        ),
        (
            "name=smime.p7s\n",
            "name=smime.p7s\nContent-ID: <x>\n",
            "name=smime.p7s\ncontent-type: text/plain\n",
            "a second Content-Type field",
        ),
    ] {
        if let Err(error) = find(with(from, accepted)) {
            panic!("{accepted}: {error}");
        }
        let error = error(with(from, refused));
        assert!(error.contains(message), "{refused}: {error}");
    }
    // Who does not know RFC 2231 takes one of these values as it stands.
    for (value, raw) in [
        ("boundary*=us-ascii''%62", "us-ascii''%62"),
        ("boundary*0=\"\"; boundary*1=b", "x"),
    ] {
        let extended = with("boundary=b", value);
        assert!(find(&extended).is_ok(), "{value}");
        let harmless = extended.replacen("--b\n", "preamble\n--b\n", 1);
        assert!(find(harmless).is_ok(), "{value}");
        let hidden = extended.replacen("--b\n", &format!("--{raw}\n\nevil\n--b\n"), 1);
        assert!(error(hidden).contains(line), "{value}");
    }
    // The signer wrote it, and all of it is covered.
    for content in ["he\rllo", "\0", "hello\r--b\rx", "--bb\n"] {
        assert!(find(with("hello", content)).is_ok(), "{content:?}");
    }
    // An outer boundary ends what is inside, whatever that says of itself.
    let outer = "Content-Type: multipart/mixed; boundary=b\n\n--b\n";
    let error = error(format!("{outer}{signed}"));
    assert!(
        error.contains("closing boundary of the signed multipart is missing"),
        "{error}"
    );
}

#[test]
fn what_is_no_entity_has_no_parts() {
    for text in [
        "",
        "\n",
        "\r\nContent-Type: application/pkcs7-mime\n\nMAA=",
        "just text",
        "\0\u{1}",
    ] {
        let found = find(text).unwrap();
        assert!(found.parts.is_empty());
        assert_eq!(found.has_other_content, !text.is_empty());
    }
    assert_eq!(found("Note: that\nis all\n"), "other");
    let torn = OBJECT.replace("Content-Transfer", "no field\nContent-Transfer");
    assert!(error(torn).contains("line 2 is not a header field"));
}

#[test]
fn large_objects_are_shared_slices() {
    let base64 = "MAAw".repeat(1 << 18);
    let object = OBJECT.replace("MAA=", &base64);
    let header = "Content-Type: multipart/mixed; boundary=o\n\n--o\n";
    let found = find(format!("{header}{object}\n--o\n{object}\n--o--")).unwrap();
    let [first, second] = &found.parts[..] else {
        panic!("two objects")
    };
    for part in [first, second] {
        let SmimeForm::Object { object, .. } = &part.form else {
            panic!("an object")
        };
        let octets = octets(object);
        assert_eq!(octets.len(), 3 << 18);
        assert!(octets.chunks(3).all(|it| it == [0x30, 0, 0x30]));
    }
    let huge = "MAAw\r\n".repeat(MAX_CMS_OBJECT as usize / 6 + 1);
    let error = error(OBJECT.replace("MAA=", &huge));
    assert!(error.contains("exceeds 67108864 octets"));
}
