//! Requests against a scripted service on the loopback.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use serde_json::{Value, json};

use super::*;
use crate::address::Address;
use crate::secret::Secret;
use crate::send::{Envelope, Error as SendError, Kind};
use crate::spool::Spool;

const KEY: &str = "0123456789abcdef-the-key";
const OK: &str = r#"{"results":{"total_rejected_recipients":0,"total_accepted_recipients":3,"id":"11668787484950529"}}"#;

struct Received {
    head: String,
    body: Value,
}

/// Answers each request in turn; an empty answer closes the connection without one.
struct Service {
    base: ApiBase,
    thread: JoinHandle<Vec<Received>>,
}

fn answer(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn service(answers: &[String]) -> Service {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!(
        "http://127.0.0.1:{}/",
        listener.local_addr().unwrap().port()
    );
    let answers = answers.to_vec();
    let thread = std::thread::spawn(move || {
        let mut received = Vec::new();
        let mut answers = answers.into_iter().peekable();
        while answers.peek().is_some() {
            let (stream, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(stream);
            while answers.peek().is_some() {
                let Some(request) = receive(&mut lines) else {
                    break;
                };
                received.push(request);
                let answer = answers.next().unwrap();
                lines.get_mut().write_all(answer.as_bytes()).unwrap();
                if answer.is_empty() {
                    break;
                }
            }
        }
        received
    });
    Service {
        base: ApiBase::parse(&base).unwrap(),
        thread,
    }
}

fn receive(lines: &mut impl BufRead) -> Option<Received> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if lines.read_line(&mut head).unwrap() == 0 {
            return None;
        }
    }
    let length = head
        .lines()
        .find_map(|line| {
            line.to_lowercase()
                .strip_prefix("content-length: ")?
                .parse()
                .ok()
        })
        .unwrap();
    let mut body = vec![0; length];
    lines.read_exact(&mut body).unwrap();
    Some(Received {
        head,
        body: serde_json::from_slice(&body).unwrap(),
    })
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn outgoing(message: &[u8]) -> Outgoing {
    let recipients = ["bob@example.org", "carol@example.org", "dave@example.org"].map(address);
    let envelope = Envelope::new(Some(address("alice@example.com")), recipients.to_vec()).unwrap();
    Outgoing::new(envelope, Arc::new(Spool::from_bytes(message.to_vec())))
        .with_header_to(vec![address("bob@example.org")])
}

type Waits = Arc<Mutex<Vec<Duration>>>;

fn client(options: Options) -> (Client, Waits) {
    let waits = Waits::default();
    let noted = Arc::clone(&waits);
    let pause = move |wait| noted.lock().unwrap().push(wait);
    (Client::with_pause(options, pause).unwrap(), waits)
}

fn options(service: &Service) -> Options {
    Options::new(service.base.clone(), Secret::from_string(KEY.into()))
}

fn send(answers: &[String]) -> (Result<Receipt, SendError>, Vec<Received>, Vec<Duration>) {
    let service = service(answers);
    let (mut client, waits) = client(options(&service));
    let result = client.send(&outgoing(b"Subject: x\r\n\r\ny\r\n"));
    drop(client);
    let waits = waits.lock().unwrap().clone();
    (result, service.thread.join().unwrap(), waits)
}

#[test]
fn every_field_of_the_request_is_there() {
    let service = service(&[answer("200 OK", OK)]);
    let mut options = options(&service);
    options.subaccount = Some(42);
    options.ip_pool = Some("pool".into());
    options.return_path = Some(address("bounce@example.com"));
    options.metadata = json!({"a": "b"}).as_object().cloned();
    let opened = format!("Opened connection to {}", service.base);
    let (mut client, _) = client(options);
    let message = "Subject: x\r\n\r\n\"quoted\" \\ tab\t nul\0 é🚀\r\n";
    let receipt = client.send(&outgoing(message.as_bytes())).unwrap();
    assert!(receipt.worst().is_none());
    assert_eq!(receipt.id.as_deref(), Some("11668787484950529"));
    assert_eq!(receipt.opened[0].to_string(), opened);
    assert!(opened.ends_with("/api/v1"), "{opened}");
    drop(client);

    let received = service.thread.join().unwrap().remove(0);
    let head = received.head.to_lowercase();
    assert!(
        head.starts_with("post /api/v1/transmissions http/1.1\r\n"),
        "{head}"
    );
    for line in [&format!("authorization: {KEY}"), "x-msys-subaccount: 42"] {
        assert!(head.contains(&format!("\r\n{line}\r\n")), "{head}");
    }
    assert!(
        head.contains("\r\ncontent-type: application/json\r\n"),
        "{head}"
    );
    assert!(!head.contains("transfer-encoding"), "{head}");
    let expected = json!({
        "campaign_id": "sparkpost-SMIME",
        "return_path": "bounce@example.com",
        "metadata": {"a": "b"},
        "options": {
            "open_tracking": false,
            "click_tracking": false,
            "transactional": true,
            "ip_pool": "pool",
        },
        "recipients": [
            {"address": {"email": "bob@example.org"}},
            {"address": {"email": "carol@example.org", "header_to": "bob@example.org"}},
            {"address": {"email": "dave@example.org", "header_to": "bob@example.org"}},
        ],
        "content": {"email_rfc822": message},
    });
    assert_eq!(received.body, expected);
}

#[test]
fn a_large_message_is_streamed_whole() {
    let service = service(&[answer("200 OK", OK)]);
    let (mut client, _) = client(options(&service));
    // Longer than a spool keeps in memory, with characters across every block's border.
    let message = "é🚀\r\n\"".repeat(200_000);
    client.send(&outgoing(message.as_bytes())).unwrap();
    drop(client);
    let received = service.thread.join().unwrap().remove(0);
    assert!(received.body["content"]["email_rfc822"] == message);
}

#[test]
fn recipients_rejected_by_name_are_told_apart() {
    let body = r#"{"results":{"total_rejected_recipients":1,"total_accepted_recipients":2,"id":"7",
        "rcpt_to_errors":[{"message":"invalid","description":"no such carol@example.org","code":"1400"}]}}"#;
    let receipt = send(&[answer("200 OK", body)]).0.unwrap();
    let failures: Vec<_> = receipt.failures().collect();
    assert_eq!(failures.len(), 1);
    assert_eq!(failures[0].recipient, address("carol@example.org"));
    let words = "invalid: no such carol@example.org (code 1400)";
    assert_eq!(failures[0].outcome.to_string(), words);
    assert_eq!(receipt.worst(), Some(Kind::Permanent));
}

#[test]
fn recipients_rejected_without_a_name_are_not_guessed() {
    let body = r#"{"errors":[{"message":"partly","code":"2000"}],
        "results":{"total_rejected_recipients":1,"total_accepted_recipients":2,"id":"7"}}"#;
    let receipt = send(&[answer("200 OK", body)]).0.unwrap();
    assert_eq!(receipt.failures().count(), 3);
    let words = receipt.deliveries[0].outcome.to_string();
    assert!(words.contains("accepted 2 and rejected 1"), "{words}");
    assert!(words.contains("partly (code 2000)"), "{words}");
}

#[test]
fn a_success_that_accepts_nobody_is_a_refusal() {
    let body =
        r#"{"results":{"total_rejected_recipients":3,"total_accepted_recipients":0,"id":"7"}}"#;
    let error = send(&[answer("200 OK", body)]).0.unwrap_err();
    assert_eq!(error.kind(), Kind::Permanent);
}

#[test]
fn a_refusal_for_good_is_told_in_its_words_and_not_repeated() {
    for (status, body, words) in [
        (
            "400 Bad Request",
            r#"{"errors":[{"message":"invalid data","description":"bad domain","code":"7001"}]}"#,
            "SparkPost answered 400: invalid data: bad domain (code 7001)",
        ),
        (
            "401 Unauthorized",
            r#"{"errors":[{"message":"Unauthorized."}]}"#,
            "SparkPost answered 401: Unauthorized.",
        ),
        (
            "403 Forbidden",
            "",
            "SparkPost answered 403: no reason given",
        ),
        (
            "302 Found",
            "elsewhere\u{1b}",
            "SparkPost answered 302: elsewhere\\u{1b}",
        ),
    ] {
        let (result, received, waits) = send(&[answer(status, body)]);
        let error = result.unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (Kind::Permanent, words)
        );
        assert_eq!((received.len(), waits.len()), (1, 0));
        assert!(!format!("{error:?}").contains(KEY));
    }
}

#[test]
fn refusals_for_the_moment_are_repeated_with_growing_waits() {
    let answers = [
        answer(
            "420 Enhance",
            r#"{"errors":[{"message":"limit","code":"2101"}]}"#,
        ),
        "HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n".to_owned(),
        answer("503 Down", ""),
        answer("200 OK", OK),
    ];
    let (result, received, waits) = send(&answers);
    assert_eq!(result.unwrap().attempts, 4);
    assert_eq!(received.len(), 4);
    let seconds: Vec<_> = waits.iter().map(Duration::as_secs_f64).collect();
    assert!((5.0..=6.25).contains(&seconds[0]), "{seconds:?}");
    assert_eq!(seconds[1], 7.0);
    assert!((10.0..=12.5).contains(&seconds[2]), "{seconds:?}");
}

#[test]
fn retries_end() {
    let (result, received, _) = send(&[const { String::new() }; 4].map(|_| answer("500 x", "")));
    assert_eq!(result.unwrap_err().kind(), Kind::Temporary);
    assert_eq!(received.len(), 4);
}

#[test]
fn who_asks_to_wait_too_long_is_not_waited_for() {
    let slow = "HTTP/1.1 429 Slow\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n".to_owned();
    let (result, _, waits) = send(&[slow]);
    assert_eq!(result.unwrap_err().kind(), Kind::Temporary);
    assert!(waits.is_empty());
}

#[test]
fn a_message_that_may_have_been_accepted_is_not_sent_again() {
    for silence in [
        answer("504 Gateway Timeout", ""),
        String::new(),
        answer("200 OK", "<html>"),
    ] {
        let (result, received, waits) = send(&[silence]);
        assert_eq!(result.unwrap_err().kind(), Kind::Unknown);
        assert_eq!((received.len(), waits.len()), (1, 0));
    }
}

#[test]
fn a_service_that_is_silent_is_given_up_and_the_message_not_sent_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let mut options = Options::new(
        ApiBase::parse(&base).unwrap(),
        Secret::from_string(KEY.into()),
    );
    options.timeout = Duration::from_millis(200);
    let (mut client, waits) = client(options);
    let error = client.send(&outgoing(b"x: y\r\n\r\n")).unwrap_err();
    assert_eq!(error.kind(), Kind::Unknown);
    assert!(waits.lock().unwrap().is_empty());
}

#[test]
fn a_closed_port_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let options = Options::new(
        ApiBase::parse(&base).unwrap(),
        Secret::from_string(KEY.into()),
    );
    let (mut client, waits) = client(options);
    let error = client.send(&outgoing(b"x: y\r\n\r\n")).unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string()),
        (Kind::Temporary, format!("cannot reach {base}/api/v1"))
    );
    assert_eq!(waits.lock().unwrap().len(), 3);
}

#[test]
fn what_the_service_does_not_take_is_told_before_sending() {
    let base = || ApiBase::parse("http://127.0.0.1:9").unwrap();
    let options = || Options::new(base(), Secret::from_string(KEY.into()));
    let refusal = |message: &[u8]| match client(options()).0.send(&outgoing(message)) {
        Err(SendError::SparkPost(error)) => error,
        other => panic!("{other:?}"),
    };
    assert!(matches!(
        refusal(b"Subject: \xe9\r\n"),
        Error::NotUtf8 { offset: 9 }
    ));
    assert!(matches!(
        refusal(b"Subject: \xc3"),
        Error::NotUtf8 { offset: 9 }
    ));
    assert!(matches!(
        refusal(&vec![b'x'; (20 << 20) + 1]),
        Error::TooLarge { .. }
    ));

    let mut long = options();
    long.campaign_id = Some("x".repeat(65));
    assert!(matches!(
        Client::new(long),
        Err(Error::CampaignId { length: 65 })
    ));
    let mut large = options();
    large.metadata = json!({"a": "x".repeat(10 << 10)}).as_object().cloned();
    assert!(matches!(Client::new(large), Err(Error::Metadata { .. })));
    let mut split = options();
    split.api_key = Secret::from_string("a\r\nb".into());
    assert!(matches!(Client::new(split), Err(Error::ApiKey)));
    assert!(!format!("{:?}", options()).contains(KEY));
}
