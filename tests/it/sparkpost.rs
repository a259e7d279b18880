//! `send --sparkpost` against a stand-in that checks every field and answers as SparkPost does.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mailseal::address::Address;
use mailseal::secret::Secret;
use mailseal::send::sparkpost::{ApiBase, Client, Options};
use mailseal::send::{Envelope, Kind, Outgoing, Sender};
use mailseal::spool::Spool;
use serde_json::{Value, json};

use crate::openssl;
use crate::support::http_server::{Answer, HttpServer, Request};
use crate::support::peer::free_port;
use crate::support::{Keys, Mailseal, mail, mail_bytes, same_mail};

const KEY: &str = "a-key-that-must-not-be-printed";
const ACCEPTED: &str = r#"{"results":{"total_rejected_recipients":0,"total_accepted_recipients":1,"id":"11668787484950529"}}"#;

fn to(server: &HttpServer, run: Mailseal) -> Mailseal {
    run.env(
        "SPARKPOST_HOST",
        format!("http://127.0.0.1:{}/", server.port),
    )
    .env("SPARKPOST_API_KEY", KEY)
}

fn accepting() -> HttpServer {
    HttpServer::start(|_, _| Answer::Json(200, ACCEPTED))
}

/// The addresses of a request's recipients, and for each what `header_to` says.
fn recipients(request: &Request) -> Vec<(String, Option<String>)> {
    let json = request.json();
    let list = json["recipients"]
        .as_array()
        .expect("recipients is an array");
    let text = |value: &Value| value.as_str().map(str::to_owned);
    list.iter()
        .map(|one| {
            let address = &one["address"];
            (
                text(&address["email"]).expect("an email"),
                text(&address["header_to"]),
            )
        })
        .collect()
}

#[test]
fn every_field_of_the_request() {
    let (keys, server) = (Keys::new(), accepting());
    let run = to(
        &server,
        keys.mailseal("send --sparkpost --sign")
            .arg(mail("newsletter.eml")),
    )
    .run();
    let said = format!("{}{}", run.stderr, String::from_utf8_lossy(&run.stdout));
    run.success();
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    let request = &requests[0];
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("POST", "/api/v1/transmissions")
    );
    assert_eq!(request.headers["authorization"], KEY);
    assert!(request.headers["content-type"].starts_with("application/json"));
    assert_eq!(request.headers.get("x-msys-subaccount"), None);
    let json = request.json();
    let options = json!({"open_tracking": false, "click_tracking": false, "transactional": true});
    assert_eq!(json["options"], options);
    assert!(
        json["campaign_id"]
            .as_str()
            .is_some_and(|id| id.len() <= 64),
        "{}",
        json["campaign_id"]
    );
    assert_eq!(recipients(request)[0].0, "bob@example.com");
    assert_eq!(recipients(request).len(), 1);
    let known = [
        "content",
        "options",
        "campaign_id",
        "recipients",
        "return_path",
        "metadata",
    ];
    for field in json.as_object().expect("an object").keys() {
        assert!(known.contains(&field.as_str()), "an unknown field {field}");
    }
    let message = json["content"]["email_rfc822"]
        .as_str()
        .expect("a message")
        .as_bytes();
    same_mail(
        &mail_bytes("newsletter.eml"),
        &openssl::verify(message),
        Some(message),
    );
    let host = format!(
        "Opened connection to http://127.0.0.1:{}/api/v1",
        server.port
    );
    for words in [
        host.as_str(),
        "From: alice@example.com To: bob@example.com",
        "OK - in 0.",
    ] {
        assert!(said.contains(words), "no {words:?} in {said}");
    }
    assert!(!said.contains(KEY), "the key was printed");
}

#[test]
fn substitution_syntax_cannot_reach_sealed_content() {
    // The newsletter holds {{unsubscribe}}: SparkPost replaces it in the first text parts.
    let (keys, server) = (Keys::new(), accepting());
    for form in ["--sign", "--encrypt", "--sign --encrypt"] {
        to(
            &server,
            keys.mailseal(&format!("send --sparkpost {form}"))
                .arg(mail("newsletter.eml")),
        )
        .run()
        .success();
    }
    for request in server.requests() {
        let json = request.json();
        let message = json["content"]["email_rfc822"].as_str().expect("a message");
        assert!(!message.contains("{{"));
    }
}

#[test]
fn cc_carries_the_to_address_as_header_to() {
    let server = accepting();
    let text = String::from_utf8(mail_bytes("newsletter.eml")).expect("ASCII");
    let message = text.replace(
        "To: bob@example.com",
        "To: bob@example.com\r\nCc: carol@example.com",
    );
    to(&server, Mailseal::new("send --sparkpost").stdin(message))
        .run()
        .success();
    let mut all: Vec<_> = server.requests().iter().flat_map(recipients).collect();
    all.sort();
    assert_eq!(all.len(), 2, "{all:?}");
    assert_eq!(
        all[1],
        (
            "carol@example.com".to_owned(),
            Some("bob@example.com".to_owned())
        )
    );
}

#[test]
fn bcc_is_a_recipient_and_in_no_header() {
    let (keys, server) = (Keys::new(), accepting());
    to(
        &server,
        keys.mailseal("send --sparkpost --encrypt")
            .arg(mail("bcc.eml")),
    )
    .run()
    .success();
    let mut everyone = Vec::new();
    for request in server.requests() {
        let json = request.json();
        let message = json["content"]["email_rfc822"].as_str().expect("a message");
        assert!(!message.to_lowercase().contains("bcc:"), "{message}");
        everyone.extend(recipients(&request).into_iter().map(|(email, _)| email));
    }
    everyone.sort();
    assert_eq!(
        everyone,
        ["bob", "carol", "dave", "pkcs1"].map(|name| format!("{name}@example.com"))
    );
}

#[test]
fn subaccount_campaign_and_tracking() {
    let server = accepting();
    let flags = "send --sparkpost --subaccount 123 --campaign-id spring --track";
    to(&server, Mailseal::new(flags).arg(mail("newsletter.eml")))
        .run()
        .success();
    let request = &server.requests()[0];
    assert_eq!(request.headers["x-msys-subaccount"], "123");
    let json = request.json();
    assert_eq!(json["campaign_id"], "spring");
    assert_eq!(json["options"]["open_tracking"], true);
    assert_eq!(json["options"]["click_tracking"], true);
}

#[test]
fn campaign_of_65_octets_is_refused() {
    let server = accepting();
    for (length, status) in [(64, 0), (65, 78)] {
        let run = Mailseal::new("send --sparkpost --campaign-id").arg("c".repeat(length));
        let run = to(&server, run.arg(mail("newsletter.eml"))).run();
        assert_eq!(run.status, Some(status), "{length}: {}", run.stderr);
    }
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn track_and_sign_exclude_each_other() {
    let (keys, server) = (Keys::new(), accepting());
    let run = to(
        &server,
        keys.mailseal("send --sparkpost --track --sign")
            .arg(mail("newsletter.eml")),
    )
    .run();
    run.refused(64, &["cannot track signed"]);
    assert!(server.requests().is_empty());
}

#[test]
fn partial_success_names_who_was_refused() {
    let server = HttpServer::start(|_, _| {
        Answer::Json(
            200,
            r#"{"results":{"total_rejected_recipients":1,"total_accepted_recipients":1,"id":"1",
            "rcpt_to_errors":[{"message":"Invalid domain","code":"7001","description":"carol@example.com"}]},
            "errors":[{"message":"transmission created, but with validation errors","code":"2000"}]}"#,
        )
    });
    let run = to(
        &server,
        Mailseal::new("send --sparkpost").arg(mail("attachments.eml")),
    )
    .run();
    run.failed(69, &["carol@example.com", "Invalid domain", "7001"]);
    assert_eq!(
        server.requests().len(),
        1,
        "what was accepted must not be sent again"
    );
}

#[test]
fn refusals_for_good() {
    for (status, body, words) in [
        (
            401,
            r#"{"errors":[{"message":"Unauthorized."}]}"#,
            "Unauthorized",
        ),
        (403, r#"{"errors":[{"message":"Forbidden."}]}"#, "Forbidden"),
        (
            400,
            r#"{"errors":[{"message":"Message generation rejected","description":"recipient address suppressed","code":"1902"}]}"#,
            "recipient address suppressed",
        ),
        (
            422,
            r#"{"errors":[{"message":"content is invalid","description":"MIME parse","code":"3020"}]}"#,
            "MIME parse",
        ),
    ] {
        let server = HttpServer::start(move |_, _| Answer::Json(status, body));
        let run = to(
            &server,
            Mailseal::new("send --sparkpost --retries 3").arg(mail("newsletter.eml")),
        )
        .run();
        assert!(
            matches!(run.status, Some(69 | 77)),
            "{status}: {:?} {}",
            run.status,
            run.stderr
        );
        assert!(run.stderr.contains(words), "{status}: {}", run.stderr);
        assert!(!run.stderr.contains(KEY), "the key was printed");
        assert_eq!(server.requests().len(), 1, "{status} was tried again");
    }
}

#[test]
fn limits_are_try_again_later() {
    for (status, body) in [
        (
            420,
            r#"{"errors":[{"message":"Exceed Sending Limit (hourly)","code":"2101"}]}"#,
        ),
        (429, r#"{"errors":[{"message":"Too many requests"}]}"#),
    ] {
        let server = HttpServer::start(move |_, _| Answer::Json(status, body));
        let run = to(
            &server,
            Mailseal::new("send --sparkpost --retries 0").arg(mail("newsletter.eml")),
        )
        .run();
        run.failed(
            75,
            &[if status == 420 {
                "Exceed Sending Limit"
            } else {
                "Too many requests"
            }],
        );
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn too_many_requests_once_is_tried_again() {
    let server = HttpServer::start(|_, before| match before {
        0 => Answer::Json(429, r#"{"errors":[{"message":"Too many requests"}]}"#),
        _ => Answer::Json(200, ACCEPTED),
    });
    let run = to(
        &server,
        Mailseal::new("send --sparkpost --retries 1").arg(mail("newsletter.eml")),
    )
    .run();
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn server_errors_are_tried_again_after_a_while() {
    let server = HttpServer::start(|_, before| match before {
        0 => Answer::Json(503, r#"{"errors":[{"message":"Service Unavailable"}]}"#),
        _ => Answer::Json(200, ACCEPTED),
    });
    let begin = Instant::now();
    let run = to(
        &server,
        Mailseal::new("send --sparkpost --retries 1").arg(mail("newsletter.eml")),
    )
    .run();
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    assert_eq!(server.requests().len(), 2);
    // sparkpost.md: retry after 5 s, doubling.
    assert!(
        begin.elapsed() >= Duration::from_secs(5),
        "tried again after {:?}",
        begin.elapsed()
    );
}

#[test]
fn a_gateway_that_timed_out_may_have_sent_it() {
    let server = HttpServer::start(|_, _| {
        Answer::Json(504, r#"{"errors":[{"message":"Gateway Timeout"}]}"#)
    });
    let run = to(
        &server,
        Mailseal::new("send --sparkpost --retries 3").arg(mail("newsletter.eml")),
    )
    .run();
    run.failed(75, &["504"]);
    assert_eq!(server.requests().len(), 1, "504 was sent again blindly");
}

#[test]
fn a_connection_that_ends_unanswered_may_have_sent_it() {
    let server = HttpServer::start(|_, _| Answer::HangUp);
    let run = to(
        &server,
        Mailseal::new("send --sparkpost --retries 3").arg(mail("newsletter.eml")),
    )
    .run();
    run.failed(75, &[]);
    assert_eq!(server.requests().len(), 1, "sent again without knowing");
}

/// By the library, for the command line waits SparkPost's 300 seconds.
#[test]
fn silence_comes_to_an_end() {
    let server = HttpServer::start(|_, _| Answer::Silence);
    let base = ApiBase::parse(&format!("http://127.0.0.1:{}", server.port)).expect("loopback");
    let mut options = Options::new(base, Secret::from_string(KEY.to_owned()));
    options.timeout = Duration::from_secs(1);
    let address = |text| Address::parse(text).expect("an address");
    let envelope = Envelope::new(
        Some(address("alice@example.com")),
        vec![address("bob@example.com")],
    );
    let message = Arc::new(Spool::from_bytes(mail_bytes("newsletter.eml")));
    let outgoing = Outgoing::new(envelope.expect("one recipient"), message);
    let begin = Instant::now();
    let result = Client::new(options).expect("good options").send(&outgoing);
    let kind = result.map_or_else(|error| Some(error.kind()), |receipt| receipt.worst());
    assert_eq!(
        kind,
        Some(Kind::Unknown),
        "whether it was sent nobody knows"
    );
    assert!(
        begin.elapsed() < Duration::from_secs(10),
        "waited {:?}",
        begin.elapsed()
    );
    assert_eq!(server.requests().len(), 1, "sent again without knowing");
}

#[test]
fn an_answer_that_is_no_json() {
    let server = HttpServer::start(|_, _| Answer::Json(200, "<html>a proxy</html>"));
    let run = to(
        &server,
        Mailseal::new("send --sparkpost --retries 0").arg(mail("newsletter.eml")),
    )
    .run();
    assert!(
        matches!(run.status, Some(69 | 75)),
        "{:?} {}",
        run.status,
        run.stderr
    );
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn port_closed() {
    let run = Mailseal::new("send --sparkpost --retries 0")
        .arg(mail("newsletter.eml"))
        .env(
            "SPARKPOST_HOST",
            format!("http://127.0.0.1:{}", free_port()),
        )
        .env("SPARKPOST_API_KEY", KEY)
        .run();
    run.failed(75, &["127.0.0.1"]);
    assert!(
        run.stderr.contains("hint: ") && !run.stderr.contains(KEY),
        "{}",
        run.stderr
    );
}

#[test]
fn key_not_set() {
    let run = Mailseal::new("send --sparkpost")
        .arg(mail("newsletter.eml"))
        .run();
    run.refused(78, &["SPARKPOST_API_KEY"]);
}

#[test]
fn key_from_a_file() {
    let (keys, server) = (Keys::new(), accepting());
    let file = keys.file("api.key");
    std::fs::write(&file, format!("{KEY}\n")).expect("our own directory");
    Mailseal::new("send --sparkpost")
        .arg(mail("newsletter.eml"))
        .env(
            "SPARKPOST_HOST",
            format!("http://127.0.0.1:{}", server.port),
        )
        .env("SPARKPOST_API_KEY_FILE", &file)
        .run()
        .success();
    assert_eq!(server.requests()[0].headers["authorization"], KEY);
}

#[test]
fn plain_http_goes_to_loopback_only() {
    for host in [
        "http://api.sparkpost.com",
        "http://192.0.2.1:8080",
        "http://127.0.0.1.example.com",
    ] {
        let run = Mailseal::new("send --sparkpost --retries 0")
            .arg(mail("newsletter.eml"))
            .env("SPARKPOST_HOST", host)
            .env("SPARKPOST_API_KEY", KEY)
            .run();
        run.failed(78, &["https"]);
    }
}

#[test]
fn jobs_side_by_side_lose_and_double_nothing() {
    let server = HttpServer::start(|_, _| {
        std::thread::sleep(Duration::from_millis(50));
        Answer::Json(200, ACCEPTED)
    });
    let directory = tempfile::TempDir::new().expect("a temporary directory");
    let newsletter = String::from_utf8(mail_bytes("newsletter.eml")).expect("ASCII");
    let paths: Vec<_> = (0..24)
        .map(|number| {
            let path = directory.path().join(format!("{number}.eml"));
            let text = newsletter.replace("Subject: The", &format!("Subject: {number} The"));
            std::fs::write(&path, text).expect("our own directory");
            path
        })
        .collect();
    to(
        &server,
        Mailseal::new("send --sparkpost --jobs 4").args(&paths),
    )
    .run()
    .success();
    let mut subjects: Vec<String> = server
        .requests()
        .iter()
        .map(|request| {
            let json = request.json();
            let message = json["content"]["email_rfc822"]
                .as_str()
                .expect("a message")
                .to_owned();
            message
                .lines()
                .find(|line| line.starts_with("Subject: "))
                .expect("a subject")
                .to_owned()
        })
        .collect();
    subjects.sort();
    subjects.dedup();
    assert_eq!((server.requests().len(), subjects.len()), (24, 24));
}
