//! The server as others meet it: by its sockets.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::thread;

use tempfile::TempDir;

use super::*;
use crate::inbound::clock::Clock;
use crate::inbound::report::{RequestLog, RequestReport};
use crate::inbound::settings::{Basic, Limits};
use crate::inbound::spool::{Depth, SpoolDirectory};
use crate::secret::Secret;

mod adapters;
mod https;
mod slow;

const RELAY: &str =
    r#"[{"msys":{"relay_message":{"content":{"email_rfc822":"From: b@example.com\r\n\r\nhi"}}}}]"#;

/// Where what is told of requests ends up.
#[derive(Debug, Default)]
struct Told(Mutex<Vec<String>>);

impl RequestLog for Told {
    fn request(&self, report: &RequestReport<'_>) {
        self.0.lock().unwrap().push(format!("{report:?}"));
    }
}

/// A server on a port of its own.
struct Running {
    server: Server,
    spool: SpoolDirectory,
    told: Arc<Told>,
    directory: TempDir,
}

impl Running {
    fn start(settings: Settings) -> Running {
        Running::start_with(settings, None)
    }

    fn start_with(settings: Settings, certificate: Option<&ServerCertificate>) -> Running {
        let settings = Settings {
            listen: vec!["127.0.0.1:0".parse().unwrap()],
            ..settings
        };
        let directory = tempfile::tempdir().unwrap();
        let most = Depth {
            messages: settings.limits.spool_messages,
            octets: settings.limits.spool_octets,
        };
        let (spool, _) = SpoolDirectory::open(directory.path(), most).unwrap();
        let told = Arc::new(Told::default());
        let log = Arc::clone(&told) as Arc<dyn RequestLog>;
        let inbox = Inbox::new(&settings, spool.clone(), Clock::System, log);
        let listeners = listeners(&settings).unwrap();
        let server = Server::start(&settings, listeners, certificate, inbox).unwrap();
        Running {
            server,
            spool,
            told,
            directory,
        }
    }

    fn connect(&self) -> TcpStream {
        let client = TcpStream::connect(self.server.addresses()[0]).unwrap();
        client
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        client
    }

    /// Sends octets and reads all that comes until the connection ends.
    fn exchange(&self, octets: impl AsRef<[u8]>) -> String {
        let mut client = self.connect();
        client.write_all(octets.as_ref()).unwrap();
        rest(client)
    }

    /// Posts a body with some fields, and returns the answer.
    fn post(&self, path: &str, fields: &[&str], body: impl AsRef<[u8]>) -> String {
        self.exchange(post(path, fields, body))
    }

    fn told(&self) -> String {
        self.told.0.lock().unwrap().join("\n")
    }
}

fn post(path: &str, fields: &[&str], body: impl AsRef<[u8]>) -> Vec<u8> {
    let (body, mut fields) = (body.as_ref(), fields.join("\r\n"));
    if !fields.is_empty() {
        fields.push_str("\r\n");
    }
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: mail.example\r\nConnection: close\r\n{fields}Content-Length: \
         {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

fn rest(mut client: impl Read) -> String {
    let mut answer = String::new();
    // A reset after the answer was read is an end as well.
    let _reset = client.read_to_string(&mut answer);
    answer
}

const JSON: &str = "Content-Type: application/json";

fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or("none")
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

fn secret(text: &str) -> Option<Secret> {
    Some(Secret::from_string(text.into()))
}

#[test]
fn whatever_becomes_of_it_a_body_whose_structure_holds_is_answered_with_ok() {
    let running = Running::start(Settings::default());
    for (number, relayed) in [RELAY, "[]", "[{}]", r#"[{"msys":{}}, 7]"#]
        .iter()
        .enumerate()
    {
        let answer = running.post("/", &[JSON], relayed);
        assert_eq!((status(&answer), body(&answer)), ("200", "OK"), "{number}");
    }
    assert_eq!(running.spool.depth().messages, 1);
    let claimed = running.spool.claim().unwrap().unwrap();
    assert_eq!(claimed.received().message, b"From: b@example.com\r\n\r\nhi");
    assert_eq!(claimed.received().peer, "127.0.0.1");
}

#[test]
fn content_type_is_json_with_or_without_parameters_and_nothing_else() {
    let running = Running::start(Settings::default());
    for content_type in [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON;charset=\"UTF-8\"",
    ] {
        let answer = running.post("/", &[&format!("Content-Type: {content_type}")], RELAY);
        assert_eq!(status(&answer), "200", "{content_type}");
    }
    for fields in [
        &[][..],
        &["Content-Type: text/plain"],
        &["Content-Type: application/jsonx"],
        &["Content-Type: application"],
        &["Content-Type:"],
        &[JSON, JSON],
    ] {
        let answer = running.post("/", fields, RELAY);
        let message = r#"{"message":"Unknown Content-Type in request headers"}"#;
        assert_eq!(
            (status(&answer), body(&answer)),
            ("400", message),
            "{fields:?}"
        );
        assert!(
            answer.contains("\r\ncontent-type: application/json\r\n"),
            "{answer}"
        );
    }
    assert_eq!(running.spool.depth().messages, 3);
}

#[test]
fn token_is_asked_for_and_told_to_nobody() {
    let running = Running::start(Settings {
        token: secret("t0p s3cr3t t0k3n"),
        ..Settings::default()
    });
    let right = "X-MessageSystems-Webhook-Token: t0p s3cr3t t0k3n";
    assert_eq!(status(&running.post("/", &[JSON, right], RELAY)), "200");
    assert_eq!(
        status(&running.post("/", &[JSON, &right.to_lowercase()], RELAY)),
        "200"
    );
    for fields in [
        &[JSON][..],
        &[JSON, "X-MessageSystems-Webhook-Token:"],
        &[JSON, "X-MessageSystems-Webhook-Token: t0p s3cr3t t0k3"],
        &[JSON, "X-MessageSystems-Webhook-Token: gu3ss3d"],
        &[JSON, "X-MessageSystems-Webhook-Token: gu3ss3d", right],
        &[JSON, "X-MessageSystems-Webhook-Token: \u{fc}"],
    ] {
        let answer = running.post("/", fields, RELAY);
        let message = r#"{"message":"Invalid X-MessageSystems-Webhook-Token in request headers"}"#;
        assert_eq!(
            (status(&answer), body(&answer)),
            ("400", message),
            "{fields:?}"
        );
    }
    // As in the original: the Content-Type first.
    let answer = running.post("/", &[], RELAY);
    assert!(body(&answer).contains("Unknown Content-Type"), "{answer}");
    assert_eq!(running.spool.depth().messages, 2);
    let told = running.told();
    assert!(
        !told.contains("s3cr3t") && !told.contains("gu3ss3d"),
        "{told}"
    );
}

#[test]
fn nothing_is_elsewhere_and_nothing_but_post_is_here() {
    let running = Running::start(Settings::default());
    for path in [
        "/x",
        "/index.html",
        "//",
        "/raw",
        "/mailgun/mime",
        "/postmark",
        "/sendgrid",
    ] {
        let answer = running.post(path, &[JSON], RELAY);
        assert_eq!(status(&answer), "404", "{path}");
    }
    for method in ["GET", "PUT", "DELETE", "OPTIONS", "PATCH", "NONSENSE"] {
        let request = format!("{method} / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let answer = running.exchange(request);
        assert_eq!(status(&answer), "405", "{method}");
        assert!(answer.contains("\r\nallow: POST\r\n"), "{answer}");
    }
    assert_eq!(
        status(&running.post("/?from=sparkpost", &[JSON], RELAY)),
        "200"
    );
}

#[test]
fn answer_says_nothing_of_who_answers() {
    let running = Running::start(Settings::default());
    let answer = running.post("/", &[JSON], RELAY).to_lowercase();
    assert!(
        !answer.contains("\r\nserver:") && !answer.contains("actix"),
        "{answer}"
    );
}

#[test]
fn body_that_is_no_json_array_is_refused() {
    let running = Running::start(Settings::default());
    for (relayed, message) in [
        (&b""[..], "Invalid JSON in request body"),
        (b"[", "Invalid JSON in request body"),
        (b"[\"\xff\"]", "Invalid JSON in request body"),
        (b"{}", "Request body is not a JSON array"),
    ] {
        let answer = running.post("/", &[JSON], relayed);
        let message = format!(r#"{{"message":"{message}"}}"#);
        assert_eq!((status(&answer), body(&answer)), ("400", &message[..]));
    }
    let compressed = running.post("/", &[JSON, "Content-Encoding: gzip"], RELAY);
    assert_eq!(status(&compressed), "415");
    let identity = running.post("/", &[JSON, "Content-Encoding: identity"], RELAY);
    assert_eq!(status(&identity), "200");
}

#[test]
fn ten_thousand_items_are_judged_each() {
    let running = Running::start(Settings::default());
    let bad = "{\"msys\":{}},".repeat(9_998);
    let item = &RELAY[1..RELAY.len() - 1];
    let answer = running.post("/", &[JSON], format!("[{item},{bad}{item}]"));
    assert_eq!((status(&answer), body(&answer)), ("200", "OK"));
    assert_eq!(running.spool.depth().messages, 2);
    let told = running.told();
    assert!(told.contains("refused_count: 9998"), "{told}");
    assert!(told.len() < 100_000);
}

fn limited(limits: Limits) -> Settings {
    Settings {
        limits,
        ..Settings::default()
    }
}

#[test]
fn body_has_a_limit_to_the_octet_whether_it_is_announced_or_not() {
    let running = Running::start(limited(Limits {
        body: RELAY.len() + 2,
        ..Limits::default()
    }));
    let chunked = |body: &str| {
        let (one, other) = body.split_at(20);
        format!(
            "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{JSON}\r\nTransfer-Encoding: \
             chunked\r\n\r\n14\r\n{one}\r\n{:x}\r\n{other}\r\n0\r\n\r\n",
            other.len()
        )
    };
    for (spaces, expected) in [("", "200"), ("  ", "200"), ("   ", "413")] {
        let relayed = format!("{RELAY}{spaces}");
        assert_eq!(status(&running.post("/", &[JSON], &relayed)), expected);
        assert_eq!(status(&running.exchange(chunked(&relayed))), expected);
    }
    assert_eq!(running.spool.depth().messages, 4);
}

#[test]
fn body_that_is_announced_too_large_is_not_waited_for() {
    let running = Running::start(Settings::default());
    for length in ["41943041", "99999999999999999"] {
        let answer = running.exchange(format!(
            "POST / HTTP/1.1\r\nHost: x\r\n{JSON}\r\nContent-Length: {length}\r\n\r\n["
        ));
        assert_eq!(status(&answer), "413", "{length}");
        assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
    }
}

#[test]
fn what_is_no_http_is_refused() {
    let running = Running::start(Settings::default());
    for request in [
        "hello\r\n\r\n".to_owned(),
        format!("POST / HTTP/1.1\r\n{JSON}\r\nContent-Length: x\r\n\r\n"),
        format!("POST / HTTP/1.1\r\n{JSON}\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n[] "),
    ] {
        assert_eq!(status(&running.exchange(&request)), "400", "{request}");
    }
    let broken = format!("POST / HTTP/1.1\r\n{JSON}\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n[]");
    assert_eq!(status(&running.exchange(broken)), "400");
    assert_eq!(running.spool.depth().messages, 0);
}

#[test]
fn full_spool_is_said_until_there_is_room() {
    let running = Running::start(limited(Limits {
        spool_messages: 1,
        ..Limits::default()
    }));
    assert_eq!(status(&running.post("/", &[JSON], RELAY)), "200");
    let full = running.post("/", &[JSON], RELAY);
    assert_eq!(
        (status(&full), body(&full)),
        ("503", r#"{"message":"Try again later"}"#)
    );
    assert!(full.contains("\r\nretry-after: 30\r\n"), "{full}");
    running.spool.claim().unwrap().unwrap().done().unwrap();
    assert_eq!(status(&running.post("/", &[JSON], RELAY)), "200");
}

#[test]
fn disk_that_cannot_be_written_to_is_no_success() {
    let running = Running::start(Settings::default());
    std::fs::remove_dir_all(running.directory.path()).unwrap();
    let answer = running.post("/", &[JSON], RELAY);
    assert_eq!(status(&answer), "503");
    assert!(answer.contains("\r\nretry-after: 30\r\n"), "{answer}");
    assert_eq!(running.spool.depth(), Depth::default());
}

#[test]
fn request_is_told_with_its_peer_and_its_messages() {
    let running = Running::start(Settings {
        trusted_proxies: vec!["127.0.0.1".parse().unwrap()],
        ..Settings::default()
    });
    let forwarded = ["X-Forwarded-For: 203.0.113.9", "X-Forwarded-Proto: https"];
    running.post("/", &[JSON, forwarded[0], forwarded[1]], RELAY);
    let told = running.told();
    for part in [
        "address: \"203.0.113.9\", scheme: \"https\"",
        "method: \"POST\", path: \"/\", header_count: 6",
        &format!("content_length: Some({})", RELAY.len()),
        "source: Some(SparkPost)",
        "octets: 25",
        "status: 200",
    ] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    let claimed = running.spool.claim().unwrap().unwrap();
    assert_eq!(claimed.received().peer, "203.0.113.9");
    assert!(told.contains(&format!(
        "messages: [TakenMessage {{ id: {:?}",
        claimed.received().id
    )));
}

#[test]
fn connection_is_kept_for_another_request() {
    let running = Running::start(Settings::default());
    let mut client = running.connect();
    let request = String::from_utf8(post("/", &[JSON], RELAY)).unwrap();
    let kept = request.replace("Connection: close\r\n", "");
    client
        .write_all(format!("{kept}{kept}{request}").as_bytes())
        .unwrap();
    assert_eq!(rest(client).matches("HTTP/1.1 200 OK").count(), 3);
    assert_eq!(running.spool.depth().messages, 3);
}

#[test]
fn server_that_is_stopped_answers_the_request_that_it_has() {
    let running = Running::start(Settings::default());
    let mut client = running.connect();
    let request = post("/", &[JSON], RELAY);
    let (head, last) = request.split_at(request.len() - 1);
    client.write_all(head).unwrap();
    thread::sleep(Duration::from_millis(100));
    let (server, spool) = (running.server, running.spool.clone());
    let address = server.addresses()[0];
    let stopping = thread::spawn(move || server.stop());
    thread::sleep(Duration::from_millis(100));
    client.write_all(last).unwrap();
    assert_eq!(status(&rest(client)), "200");
    stopping.join().unwrap();
    assert_eq!(spool.depth().messages, 1);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn address_that_is_taken_is_named() {
    let running = Running::start(Settings::default());
    let address = running.server.addresses()[0];
    let refused = listeners(&Settings {
        listen: vec![address],
        ..Settings::default()
    });
    assert_eq!(
        refused.unwrap_err().to_string(),
        format!("cannot listen to {address}")
    );
}
