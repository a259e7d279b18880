//! What the webhook answers (sparkpost.md; attacks 38 to 41), and what it logs of it.

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use super::mail;
use crate::support::dns_server::{Answer as DnsAnswer, DnsServer};
use crate::support::server::{JSON, Server, Setup, TOKEN, answer, connect, relayed};

const WRONG: (&str, &str) = ("X-MessageSystems-Webhook-Token", "another t0k3n");
const RIGHT: (&str, &str) = ("X-MessageSystems-Webhook-Token", TOKEN);

/// Status and body of a request.
fn asked(
    server: &Server,
    method: &str,
    path: &str,
    header: &[(&str, &str)],
    body: &[u8],
) -> (u16, String) {
    let answer = server.request(method, path, header, body);
    (answer.status, answer.text())
}

#[test]
fn every_status_is_that_of_the_contract() {
    let server = Setup::new().start();
    let body = relayed([&*mail("opaque.eml")]);
    let token = r#"{"message":"Invalid X-MessageSystems-Webhook-Token in request headers"}"#;
    let kind = r#"{"message":"Unknown Content-Type in request headers"}"#;
    let utf8 = ("Content-Type", "application/json; charset=utf-8");
    let text = ("Content-Type", "text/plain");
    for (method, path, header, status, said) in [
        ("POST", "/", &[JSON, RIGHT][..], 200, Some("OK")),
        ("POST", "/", &[utf8, RIGHT], 200, Some("OK")),
        ("POST", "/", &[text, RIGHT], 400, Some(kind)),
        ("POST", "/", &[RIGHT], 400, Some(kind)),
        ("POST", "/", &[JSON, WRONG], 400, Some(token)),
        ("POST", "/", &[JSON], 400, Some(token)),
        ("POST", "/other", &[JSON, RIGHT], 404, None),
        ("POST", "/raw", &[JSON, RIGHT], 404, None),
        ("GET", "/", &[], 405, None),
        ("PUT", "/", &[JSON, RIGHT], 405, None),
        ("DELETE", "/", &[], 405, None),
    ] {
        let (found, text) = asked(&server, method, path, header, &body);
        assert_eq!(found, status, "{method} {path} {header:?}: {text}");
        if let Some(said) = said {
            assert_eq!(text, said);
        }
    }
    let answer = server.request("GET", "/", &[], b"");
    assert_eq!(answer.field("Allow"), Some("POST"));
}

/// Attack 39: whatever becomes of the mails, 200 if the structure holds; and each is judged alone.
#[test]
fn odd_bodies_are_answered_and_spoil_nothing() {
    let server = Setup::new().start();
    for (body, status) in [
        (&b"[]"[..], 200),
        (b"[{}]", 200),
        (br#"[{"msys":{}},{"msys":{"relay_message":{"content":{}}}}]"#, 200),
        (br#"[{"msys":{"relay_message":{"content":{"email_rfc822":"%%%","email_rfc822_is_base64":true}}}}]"#, 200),
        (b"{}", 400),
        (b"", 400),
        (b"[", 400),
        (b"[{\"msys\":\"\xff\"}]", 400),
        (b"null", 400),
    ] {
        let answer = server.post(body);
        let shown = String::from_utf8_lossy(body);
        assert_eq!(answer.status, status, "{shown}: {}", answer.text());
    }
    // Ten thousand items, of which one is a mail.
    let mut items = "{},".repeat(9_999).into_bytes();
    items.insert(0, b'[');
    items.extend_from_slice(&relayed([&*mail("opaque.eml")])[1..]);
    assert_eq!(server.post(&items).status, 200);
    let decisions = server.decisions(1);
    assert_eq!(decisions[0]["outcome"], "stored");
    let (code, said) = server.stop();
    assert_eq!(code, Some(0));
    assert!(said.contains("nor are "), "{said}");
}

#[test]
fn base64_is_taken_for_what_it_is() {
    let server = Setup::new().start();
    let octets = mail("opaque.eml");
    let body = serde_json::json!([{"msys": {"relay_message": {"content": {
        "email_rfc822": base64_simd::STANDARD.encode_to_string(&octets),
        "email_rfc822_is_base64": true,
    }}}}]);
    assert_eq!(server.post(body.to_string().as_bytes()).status, 200);
    assert_eq!(server.decisions(1)[0]["outcome"], "stored");
}

/// Attack 40.
#[test]
fn what_is_too_slow_or_too_large_is_refused() {
    let limits = "[limits]\nbody = \"64KiB\"\nbody-timeout = \"1s\"\nheader-timeout = \"1s\"\n";
    let setup = Setup::new().file("mailseal.toml", limits);
    let server = setup.start();
    let head = |framing: &str| {
        format!(
            "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n\
             X-MessageSystems-Webhook-Token: {TOKEN}\r\n{framing}\r\n\r\n"
        )
    };
    // A body of one octet at a time.
    let mut slow = connect(server.port);
    slow.write_all(head("Content-Length: 1000").as_bytes())
        .expect("it listens");
    let begin = Instant::now();
    let mut trickle = slow.try_clone().expect("a socket");
    thread::spawn(move || {
        while trickle.write_all(b" ").is_ok() {
            thread::sleep(Duration::from_millis(200));
        }
    });
    assert_eq!(answer(slow).status, 408);
    assert!(begin.elapsed() < Duration::from_secs(10));
    // A header that does not come to its end.
    let mut slow = connect(server.port);
    slow.write_all(b"POST / HTTP/1.1\r\nHost:")
        .expect("it listens");
    assert_eq!(answer(slow).status, 408);
    // Too large, as its length says, and as it turns out.
    let mut large = connect(server.port);
    large
        .write_all(head("Content-Length: 65537").as_bytes())
        .expect("it listens");
    assert_eq!(answer(large).status, 413);
    let mut large = connect(server.port);
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    let text = head("Transfer-Encoding: chunked") + &chunk + "1\r\n \r\n0\r\n\r\n";
    drop(large.write_all(text.as_bytes()));
    assert_eq!(answer(large).status, 413);
    // Its neighbour of the largest size is taken.
    let body = format!("[]{}", " ".repeat(65_534));
    assert_eq!(server.post(body.as_bytes()).status, 200);
}

#[test]
fn a_full_spool_says_when_to_come_again() {
    // Nobody answers, so what is taken waits.
    let dns = DnsServer::start(|_| DnsAnswer::Silence);
    let setup = Setup::new().file("mailseal.toml", "[limits]\nspool-messages = 1\n");
    let mut setup = setup.args(&format!("--dns-server {}", dns.address));
    let place = setup
        .arguments
        .iter()
        .position(|it| it == "--dns")
        .expect("it is there");
    setup.arguments.drain(place..place + 2);
    let server = setup.start();
    let body = relayed([&*mail("opaque.eml")]);
    assert_eq!(server.post(&body).status, 200);
    let full = server.post(&body);
    assert_eq!(full.status, 503, "{}", full.text());
    let seconds: u64 = full
        .field("Retry-After")
        .expect("when")
        .parse()
        .expect("a number");
    assert!(seconds > 0);
    let ready = crate::support::server::exchange(server.admin, "GET", "/readyz", &[], b"");
    assert_eq!((ready.status, ready.text().contains("full")), (503, true));
    let healthy = crate::support::server::exchange(server.admin, "GET", "/healthz", &[], b"");
    assert_eq!(healthy.status, 200);
}

/// Attacks 38 and 41.
#[test]
fn no_token_is_logged_and_nobody_writes_lines_of_their_own() {
    let setup = Setup::new().env("MAILSEAL_ADMIN_TOKEN", "another s3cr3t");
    let server = setup.start();
    let body = relayed([&*mail("no-dkim.eml")]);
    assert_eq!(asked(&server, "POST", "/", &[JSON, WRONG], &body).0, 400);
    let hostile = serde_json::json!([{"msys": {"relay_message": {
        "msg_from": "x@y\n2026-11-28 12:00:00,000,webapp,INFO,forged\u{1b}[2J",
        "content": {"email_rfc822": "From: \u{1b}[31m<x@example.com>\r\nSubject: \u{1b}]0;x\u{7}\r\n\r\nx\r\n"},
    }}}]);
    assert_eq!(server.post(hostile.to_string().as_bytes()).status, 200);
    server.decisions(1);
    let log = server.file("webapp.log");
    let (code, said) = server.stop();
    assert_eq!(code, Some(0));
    let log = std::fs::read_to_string(log).expect("it is there");
    for text in [&said, &log] {
        assert!(!text.contains(TOKEN) && !text.contains(WRONG.1), "{text}");
        assert!(!text.contains("another s3cr3t"));
        assert!(!text.contains('\u{1b}') && !text.contains('\u{7}'));
        assert!(text.contains("invalid X-MessageSystems-Webhook-Token"));
        let forged = text
            .lines()
            .filter(|line| line.starts_with("2026-11-28 12:00:00,000"));
        assert_eq!(forged.count(), 0, "{text}");
    }
}

#[test]
fn raw_mail_comes_with_a_bearer_token() {
    let server = Setup::new()
        .file("mailseal.toml", "[raw]\ntoken = \"r4w t0k3n\"\n")
        .start();
    let mail = mail("opaque.eml");
    let rfc822 = ("Content-Type", "message/rfc822");
    let bearer = ("Authorization", "Bearer r4w t0k3n");
    let other = ("Authorization", "Bearer r4w t0k3m");
    for (header, status) in [
        (&[rfc822][..], 401),
        (&[rfc822, other], 401),
        (&[("Content-Type", "text/plain"), bearer], 415),
    ] {
        assert_eq!(asked(&server, "POST", "/raw", header, &mail).0, status);
    }
    assert_eq!(
        asked(&server, "POST", "/raw", &[rfc822, bearer], &mail).0,
        200
    );
    let decision = &server.decisions(1)[0];
    assert_eq!(
        (&decision["outcome"], &decision["source"]),
        (&"stored".into(), &"raw".into())
    );
}
