//! The ways in of other services.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::*;
use crate::asn1::reader::hexadecimal;
use crate::inbound::spool::Source;

const MAIL: &str = "From: bob@example.com\r\n\r\nhi\r\n";
const KEY: &str = "key-0123456789abcdef";
const URL_ENCODED: &str = "Content-Type: application/x-www-form-urlencoded";
const MULTIPART: &str = "Content-Type: multipart/form-data; boundary=xYzZY";

/// `Authorization` of user `in` with password `pa:ss`.
const BASIC: &str = "Authorization: Basic aW46cGE6c3M=";

fn all() -> Settings {
    let basic = || {
        Some(Basic {
            user: "in".into(),
            password: Secret::from_string("pa:ss".into()),
        })
    };
    Settings {
        raw: secret("t0k3n"),
        mailgun: secret(KEY),
        postmark: basic(),
        sendgrid: basic(),
        ..Settings::default()
    }
}

/// The fields of a form that Mailgun signed so many seconds ago.
fn signed(token: &str, age: i64) -> Vec<(&'static str, String)> {
    let timestamp = (jiff::Timestamp::now().as_second() - age).to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).unwrap();
    mac.update(format!("{timestamp}{token}").as_bytes());
    vec![
        ("timestamp", timestamp),
        ("token", token.into()),
        ("signature", hexadecimal(&mac.finalize().into_bytes())),
        ("body-mime", MAIL.into()),
    ]
}

fn url_encoded(fields: &[(&str, String)]) -> String {
    let escape = |value: &str| -> String {
        let octets = value.bytes();
        octets.map(|octet| format!("%{octet:02x}")).collect()
    };
    let pairs = fields.iter();
    let pairs: Vec<String> = pairs
        .map(|(name, value)| format!("{name}={}", escape(value)))
        .collect();
    pairs.join("&")
}

fn multipart(fields: &[(&str, String)]) -> String {
    let part = |(name, value): &(&str, String)| {
        format!("--xYzZY\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let parts: String = fields.iter().map(part).collect();
    format!("{parts}--xYzZY--\r\n")
}

/// The mail that waits, if one does.
fn kept(running: &Running) -> Option<(Source, String)> {
    if running.spool.depth().messages == 0 {
        return None;
    }
    let claimed = running.spool.claim().unwrap().unwrap();
    let received = claimed.received();
    let message = String::from_utf8(received.message.clone()).unwrap();
    let kept = (received.source, message);
    claimed.done().unwrap();
    Some(kept)
}

#[test]
fn each_keeps_the_mail_as_it_was() {
    let running = Running::start(all());
    let json = format!(r#"{{"RawEmail":{}}}"#, serde_json::to_string(MAIL).unwrap());
    let email = multipart(&[("email", MAIL.into())]);
    for (path, fields, body, source) in [
        (
            "/raw",
            &[
                "Content-Type: message/rfc822",
                "Authorization: Bearer t0k3n",
            ][..],
            MAIL,
            Source::Raw,
        ),
        (
            "/mailgun/mime",
            &[URL_ENCODED],
            &url_encoded(&signed("one", 0)),
            Source::Mailgun,
        ),
        (
            "/mailgun/mime",
            &[MULTIPART],
            &multipart(&signed("two", 8 * 3600)),
            Source::Mailgun,
        ),
        ("/postmark", &[JSON, BASIC], &json, Source::Postmark),
        ("/sendgrid", &[MULTIPART, BASIC], &email, Source::SendGrid),
    ] {
        let answer = running.post(path, fields, body);
        assert_eq!(
            (status(&answer), super::body(&answer)),
            ("200", "OK"),
            "{path}"
        );
        assert_eq!(kept(&running), Some((source, MAIL.into())), "{path}");
    }
}

#[test]
fn each_refuses_a_stranger_and_says_how_to_be_none() {
    let running = Running::start(all());
    let rfc822 = "Content-Type: message/rfc822";
    for (path, fields, challenge) in [
        ("/raw", &[rfc822][..], "bearer"),
        ("/raw", &[rfc822, "Authorization: Bearer t0k3m"], "bearer"),
        ("/raw", &[rfc822, "Authorization: Basic t0k3n"], "bearer"),
        ("/postmark", &[JSON], "basic realm"),
        (
            "/postmark",
            &[JSON, "Authorization: Basic aW46cGE6c3Q="],
            "basic realm",
        ),
        (
            "/sendgrid",
            &[MULTIPART, "Authorization: Basic !"],
            "basic realm",
        ),
    ] {
        let answer = running.post(path, fields, "x").to_lowercase();
        assert_eq!(status(&answer), "401", "{path} {fields:?}");
        let challenge = format!("\r\nwww-authenticate: {challenge}");
        assert!(answer.contains(&challenge), "{answer}");
    }
    let mut forged = signed("one", 0);
    forged[2].1.replace_range(..1, "g");
    let answer = running.post("/mailgun/mime", &[MULTIPART], multipart(&forged));
    assert_eq!(status(&answer), "401");
    assert_eq!(kept(&running), None);
    let told = running.told();
    assert!(!told.contains("t0k3") && !told.contains(KEY), "{told}");
}

#[test]
fn each_is_told_to_give_up_what_it_cannot_mend() {
    let running = Running::start(all());
    let stale = multipart(&signed("one", 10 * 3600));
    let parsed = multipart(&signed("two", 0)).replace("body-mime", "body-plain");
    for (path, fields, body, expected) in [
        ("/mailgun/mime", &[JSON][..], "{}", "406"),
        ("/mailgun/mime", &[MULTIPART], "x", "406"),
        ("/mailgun/mime", &[MULTIPART], &stale, "406"),
        ("/mailgun/mime", &[MULTIPART], &parsed, "406"),
        ("/postmark", &[URL_ENCODED, BASIC], "x", "403"),
        ("/postmark", &[JSON, BASIC], r#"{"TextBody":"hi"}"#, "403"),
        ("/sendgrid", &[JSON, BASIC], "{}", "415"),
        ("/sendgrid", &[URL_ENCODED, BASIC], "text=hi", "400"),
        (
            "/raw",
            &["Content-Type: text/plain", "Authorization: Bearer t0k3n"],
            "x",
            "415",
        ),
    ] {
        let answer = running.post(path, fields, body);
        assert_eq!(status(&answer), expected, "{path} {fields:?}");
    }
    assert_eq!(kept(&running), None);
}

#[test]
fn signature_of_mailgun_is_good_for_one_mail() {
    let running = Running::start(all());
    let mut form = signed("one", 0);
    let post = |form: &[_]| running.post("/mailgun/mime", &[MULTIPART], multipart(form));
    assert_eq!(status(&post(&form)), "200");
    form[3].1 = "From: mallory@example.com\r\n\r\nhi\r\n".into();
    assert_eq!(
        status(&post(&form)),
        "200",
        "it may be Mailgun, which has not seen our answer"
    );
    assert_eq!(kept(&running), Some((Source::Mailgun, MAIL.into())));
    assert_eq!(kept(&running), None);
    assert!(running.told().contains("is_replay: true"));
}

#[test]
fn mailgun_may_repeat_what_could_not_be_kept() {
    let mut settings = all();
    settings.limits.spool_messages = 1;
    let running = Running::start(settings);
    let first = running.post("/mailgun/mime", &[MULTIPART], multipart(&signed("one", 0)));
    assert_eq!(status(&first), "200");
    let form = multipart(&signed("two", 0));
    let post = || running.post("/mailgun/mime", &[MULTIPART], &form);
    assert_eq!(status(&post()), "503");
    kept(&running).unwrap();
    assert_eq!(status(&post()), "200");
    assert!(kept(&running).is_some());
}
