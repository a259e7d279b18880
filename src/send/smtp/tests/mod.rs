//! Sessions against scripted servers on the loopback.

mod server;
mod tls;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;
use crate::address::Address;
use crate::secret::Secret;
use crate::send::{Envelope, Error as SendError, Kind};
use crate::spool::Spool;
use server::{Script, Server};

const MESSAGE: &[u8] = b"Subject: x\r\n\r\n.hidden\r\nend\r\n";

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn outgoing(recipients: &[&str], message: &[u8]) -> Outgoing {
    let recipients = recipients.iter().map(|text| address(text)).collect();
    let envelope = Envelope::new(Some(address("alice@example.com")), recipients).unwrap();
    Outgoing::new(envelope, Arc::new(Spool::from_bytes(message.to_vec())))
}

fn options(server: &Server) -> Options {
    Options {
        port: server.port,
        hello_name: Some("client.example".into()),
        retries: 0,
        ..Options::new("127.0.0.1")
    }
}

fn transport(server: &Server) -> Transport {
    Transport::new(options(server))
}

/// A transport that tries three times more and notes its waits instead of waiting.
fn patient(server: &Server) -> (Transport, Arc<Mutex<Vec<Duration>>>) {
    let waits = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&waits);
    let options = Options {
        retries: 3,
        ..options(server)
    };
    let pause = move |wait| noted.lock().unwrap().push(wait);
    (Transport::with_pause(options, pause), waits)
}

fn smtp_error(error: SendError) -> Error {
    match error {
        SendError::Smtp(error) => error,
        other => panic!("{other}"),
    }
}

#[test]
fn a_message_arrives_dot_stuffed_and_byte_for_byte() {
    let server = Server::start(Script::default());
    let receipt = transport(&server)
        .send(&outgoing(&["bob@example.org"], MESSAGE))
        .unwrap();
    assert!(receipt.worst().is_none());
    assert_eq!(
        receipt.deliveries[0].outcome.to_string(),
        "250 2.0.0 Ok: queued as 1"
    );
    assert_eq!(
        receipt.opened[0].to_string(),
        format!(
            "Opened SMTP connection (plain) to 127.0.0.1, port {}, user=\"\", password=\"\"",
            server.port
        )
    );
    let log = server.finish();
    assert_eq!(
        log.commands,
        [
            "EHLO client.example",
            "MAIL FROM:<alice@example.com>",
            "RCPT TO:<bob@example.org>",
            "DATA",
            "QUIT"
        ]
    );
    assert_eq!(
        log.messages,
        [b"Subject: x\r\n\r\n..hidden\r\nend\r\n".to_vec()]
    );
}

#[test]
fn a_large_message_with_bare_line_ends_arrives_whole_and_without_them() {
    let server = Server::start(Script::default());
    let line = b"0123456789\n.smuggled\r\n.\r";
    let message = line.repeat(20_000);
    transport(&server)
        .send(&outgoing(&["bob@example.org"], &message))
        .unwrap();
    let expected = b"0123456789\r\n..smuggled\r\n..\r\n".repeat(20_000);
    assert!(server.finish().messages == [expected]);
}

#[test]
fn an_extra_header_goes_first() {
    let server = Server::start(Script::default());
    let outgoing = outgoing(&["bob@example.org"], b"Subject: x\r\n\r\ny")
        .with_extra_header(b"X-MSYS-API: {}\r\n".to_vec());
    transport(&server).send(&outgoing).unwrap();
    let expected = b"X-MSYS-API: {}\r\nSubject: x\r\n\r\ny\r\n".to_vec();
    assert_eq!(server.finish().messages, [expected]);
}

#[test]
fn one_refused_recipient_of_three_is_told_in_the_servers_words() {
    for offers in [&[][..], &["PIPELINING"]] {
        let server = Server::start(
            Script::offering(offers).refusing("RCPT TO:<carol", &["550 5.7.1 relaying denied"]),
        );
        let to = ["bob@example.org", "carol@example.org", "dave@example.org"];
        let receipt = transport(&server).send(&outgoing(&to, MESSAGE)).unwrap();
        assert_eq!(receipt.worst(), Some(Kind::Permanent));
        let failures: Vec<_> = receipt.failures().collect();
        assert_eq!(failures.len(), 1);
        assert_eq!(failures[0].recipient, address("carol@example.org"));
        assert_eq!(failures[0].outcome.to_string(), "550 5.7.1 relaying denied");
        assert_eq!(server.finish().messages.len(), 1);
    }
}

#[test]
fn without_any_recipient_there_is_no_data_and_the_next_message_starts_clean() {
    let server = Server::start(Script::default().refusing("RCPT TO:<carol", &["550 no"]));
    let mut transport = transport(&server);
    let receipt = transport
        .send(&outgoing(&["carol@example.org"], MESSAGE))
        .unwrap();
    assert_eq!(receipt.worst(), Some(Kind::Permanent));
    transport
        .send(&outgoing(&["bob@example.org"], MESSAGE))
        .unwrap();
    drop(transport);
    let log = server.finish();
    assert_eq!(
        log.commands[1..],
        [
            "MAIL FROM:<alice@example.com>",
            "RCPT TO:<carol@example.org>",
            "RSET",
            "MAIL FROM:<alice@example.com>",
            "RCPT TO:<bob@example.org>",
            "DATA",
            "QUIT"
        ]
    );
}

#[test]
fn a_temporary_refusal_is_tried_again_for_that_recipient_alone() {
    let script = Script::default()
        .refusing(
            "RCPT TO:<carol",
            &["450 4.2.0 greylisted", "451 4.3.0 still"],
        )
        .refusing("RCPT TO:<dave", &["550 5.1.1 unknown"]);
    let server = Server::start(script);
    let (mut transport, waits) = patient(&server);
    let to = ["bob@example.org", "carol@example.org", "dave@example.org"];
    let receipt = transport.send(&outgoing(&to, MESSAGE)).unwrap();
    drop(transport);
    assert_eq!(receipt.attempts, 3);
    assert_eq!(receipt.failures().count(), 1);
    let waits = waits.lock().unwrap();
    assert_eq!(waits.len(), 2);
    assert!(waits[0] >= Duration::from_millis(500) && waits[1] > waits[0]);
    let log = server.finish();
    let told = |who: &str| {
        log.commands
            .iter()
            .filter(|line| line.contains(who))
            .count()
    };
    assert_eq!((told("<bob"), told("<carol"), told("<dave")), (1, 3, 1));
    assert_eq!(log.messages.len(), 2);
}

#[test]
fn retries_end_and_the_last_words_are_told() {
    let server = Server::start(Script::default().refusing("MAIL", &["451 later"; 9]));
    let (mut transport, waits) = patient(&server);
    let error = transport
        .send(&outgoing(&["bob@example.org"], MESSAGE))
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (Kind::Temporary, "451 later")
    );
    assert_eq!(waits.lock().unwrap().len(), 3);
}

#[test]
fn a_permanent_refusal_of_the_message_is_not_tried_again() {
    for command in ["MAIL", "DATA", "."] {
        let server = Server::start(Script::default().refusing(command, &["554 5.6.0 no"]));
        let (mut transport, waits) = patient(&server);
        let error = transport
            .send(&outgoing(&["bob@example.org"], MESSAGE))
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (Kind::Permanent, "554 5.6.0 no")
        );
        assert!(waits.lock().unwrap().is_empty());
    }
}

#[test]
fn a_server_that_closes_with_421_is_met_again() {
    for command in ["EHLO", "MAIL", "RCPT", "DATA", "."] {
        let script = Script::default().refusing(command, &["421 4.3.2 shutting down"]);
        let server = Server::start(script);
        let (mut transport, _) = patient(&server);
        let receipt = transport
            .send(&outgoing(&["bob@example.org"], MESSAGE))
            .unwrap();
        assert!(receipt.worst().is_none(), "after {command}");
        drop(transport);
        let log = server.finish();
        assert_eq!(
            (log.connections, log.messages.len()),
            (2, 1),
            "after {command}"
        );
    }
}

#[test]
fn a_stale_connection_costs_no_try() {
    let server = Server::start(Script {
        messages_until_hangup: Some(1),
        ..Script::default()
    });
    let mut transport = transport(&server);
    for _ in 0..3 {
        let receipt = transport
            .send(&outgoing(&["bob@example.org"], MESSAGE))
            .unwrap();
        assert_eq!(receipt.attempts, 1);
    }
    drop(transport);
    let log = server.finish();
    assert_eq!((log.connections, log.messages.len()), (3, 3));
}

#[test]
fn a_connection_carries_no_more_than_its_share() {
    let server = Server::start(Script::default());
    let options = Options {
        messages_per_connection: 2,
        ..options(&server)
    };
    let mut transport = Transport::new(options);
    for _ in 0..5 {
        transport
            .send(&outgoing(&["bob@example.org"], MESSAGE))
            .unwrap();
    }
    drop(transport);
    let log = server.finish();
    assert_eq!((log.connections, log.messages.len()), (3, 5));
    assert_eq!(
        log.commands.iter().filter(|line| *line == "QUIT").count(),
        3
    );
}

#[test]
fn a_connection_lost_before_the_end_of_data_is_retried() {
    let server = Server::start(Script {
        drop_in_message_once: true,
        ..Script::default()
    });
    let (mut transport, _) = patient(&server);
    // More than all socket buffers between us hold.
    let message = b"0123456789012345678901234567890123456789\r\n".repeat(400_000);
    let receipt = transport
        .send(&outgoing(&["bob@example.org"], &message))
        .unwrap();
    assert_eq!(receipt.attempts, 2);
    drop(transport);
    assert_eq!(server.finish().messages.len(), 1);
}

#[test]
fn a_message_whose_answer_is_lost_is_not_sent_again() {
    let server = Server::start(Script {
        drop_after_message: true,
        ..Script::default()
    });
    let (mut transport, waits) = patient(&server);
    let error = transport
        .send(&outgoing(&["bob@example.org"], MESSAGE))
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Unknown);
    assert!(matches!(smtp_error(error), Error::AfterData(_)));
    assert!(waits.lock().unwrap().is_empty());
    drop(transport);
    let log = server.finish();
    assert_eq!((log.connections, log.messages.len()), (1, 1));
}

#[test]
fn when_the_answer_is_lost_the_recipients_refused_before_are_still_told() {
    let script = Script {
        drop_after_message: true,
        ..Script::default()
    };
    let server = Server::start(script.refusing("RCPT TO:<carol", &["550 no"]));
    let to = ["bob@example.org", "carol@example.org"];
    let receipt = transport(&server).send(&outgoing(&to, MESSAGE)).unwrap();
    let fates: Vec<_> = receipt
        .deliveries
        .iter()
        .map(|one| one.outcome.failure())
        .collect();
    assert_eq!(fates, [Some(Kind::Unknown), Some(Kind::Permanent)]);
}

#[test]
fn size_is_declared_and_a_message_too_large_never_leaves() {
    let server = Server::start(Script::offering(&["SIZE 30"]));
    let mut transport = transport(&server);
    transport
        .send(&outgoing(&["bob@example.org"], b"Subject: x\r\n\r\nfits\n"))
        .unwrap();
    let error = transport
        .send(&outgoing(&["bob@example.org"], &[b'x'; 40]))
        .unwrap_err();
    assert!(matches!(
        smtp_error(error),
        Error::TooLarge {
            size: 42,
            limit: 30
        }
    ));
    drop(transport);
    let log = server.finish();
    assert_eq!(log.commands[1], "MAIL FROM:<alice@example.com> SIZE=20");
    assert_eq!(log.messages.len(), 1);
}

#[test]
fn eight_bit_content_goes_only_where_it_is_taken() {
    let message = "Subject: x\r\n\r\nMühe\r\n".as_bytes();
    let server = Server::start(Script::offering(&["8BITMIME"]));
    transport(&server)
        .send(&outgoing(&["bob@example.org"], message))
        .unwrap();
    assert_eq!(
        server.finish().commands[1],
        "MAIL FROM:<alice@example.com> BODY=8BITMIME"
    );

    let server = Server::start(Script::default());
    let error = transport(&server)
        .send(&outgoing(&["bob@example.org"], message))
        .unwrap_err();
    assert!(matches!(smtp_error(error), Error::EightBitMimeNotOffered));
    assert!(server.finish().messages.is_empty());
}

#[test]
fn binary_content_is_not_sent_changed() {
    let server = Server::start(Script::offering(&["8BITMIME"]));
    let utf_16 = outgoing(&["bob@example.org"], b"X: y\r\n\r\nh\0i\0\n\0");
    let error = transport(&server).send(&utf_16).unwrap_err();
    assert_eq!(error.kind(), Kind::Message);
    assert!(matches!(smtp_error(error), Error::Nul));
}

#[test]
fn an_address_beyond_ascii_needs_smtputf8_and_the_others_go_without() {
    let to = ["jürgen@example.org", "bob@bücher.example"];
    let server = Server::start(Script::offering(&["SMTPUTF8"]));
    transport(&server).send(&outgoing(&to, MESSAGE)).unwrap();
    let log = server.finish();
    assert_eq!(log.commands[1], "MAIL FROM:<alice@example.com> SMTPUTF8");
    assert_eq!(log.commands[2], "RCPT TO:<jürgen@example.org>");

    // Such a server refuses the parameter (RFC 5321 4.1.1.11), and would with it refuse everyone.
    let server = Server::start(
        Script::default().refusing("MAIL FROM:<alice@example.com> ", &["555 5.5.4 what?"]),
    );
    let receipt = transport(&server).send(&outgoing(&to, MESSAGE)).unwrap();
    let words: Vec<_> = receipt
        .failures()
        .map(|one| one.outcome.to_string())
        .collect();
    assert_eq!(
        words,
        ["the server does not offer SMTPUTF8, which jürgen@example.org needs"]
    );
    assert!(
        server
            .finish()
            .commands
            .contains(&"RCPT TO:<bob@xn--bcher-kva.example>".into())
    );
}

#[test]
fn notifications_are_asked_for_where_they_are_offered() {
    let dsn = Dsn {
        notify: Some(Notify::On {
            success: true,
            failure: true,
            delay: false,
        }),
        return_content: Some(ReturnContent::Headers),
        envelope_id: Some("job 7+8".into()),
    };
    let server = Server::start(Script::offering(&["DSN"]));
    let with_dsn = |server: &Server| Options {
        dsn: Some(dsn.clone()),
        ..options(server)
    };
    let to = ["bob+news@example.org"];
    Transport::new(with_dsn(&server))
        .send(&outgoing(&to, MESSAGE))
        .unwrap();
    let log = server.finish();
    assert_eq!(
        log.commands[1],
        "MAIL FROM:<alice@example.com> RET=HDRS ENVID=job+207+2B8"
    );
    assert_eq!(
        log.commands[2],
        "RCPT TO:<bob+news@example.org> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;bob+2Bnews@example.org"
    );

    let server = Server::start(Script::default());
    let receipt = Transport::new(with_dsn(&server))
        .send(&outgoing(&to, MESSAGE))
        .unwrap();
    assert_eq!(receipt.warnings, [Warning::DsnNotOffered]);
    assert_eq!(server.finish().commands[1], "MAIL FROM:<alice@example.com>");
}

#[test]
fn credentials_go_by_plain_or_login_and_are_shown_as_stars() {
    let credentials = Credentials {
        user: "SMTP_Injection".into(),
        password: Secret::from_string("s3cret".into()),
    };
    let with_login = |server: &Server| Options {
        credentials: Some(credentials.clone()),
        ..options(server)
    };
    let server = Server::start(Script::offering(&["AUTH LOGIN PLAIN"]));
    let opened = Transport::new(with_login(&server)).open().unwrap().unwrap();
    let line = opened.to_string();
    assert!(
        line.ends_with("user=\"SMTP_Injection\", password=\"******\""),
        "{line}"
    );
    assert_eq!(
        server.finish().commands[1],
        "AUTH PLAIN AFNNVFBfSW5qZWN0aW9uAHMzY3JldA=="
    );

    let server = Server::start(Script::offering(&["AUTH=LOGIN"]));
    Transport::new(with_login(&server)).open().unwrap();
    let login = ["AUTH LOGIN", "U01UUF9JbmplY3Rpb24=", "czNjcmV0"];
    assert_eq!(server.finish().commands[1..4], login);

    let server = Server::start(Script::offering(&["AUTH CRAM-MD5"]));
    let error = Transport::new(with_login(&server)).open().unwrap_err();
    assert!(
        error.to_string().contains("(it offers: CRAM-MD5)"),
        "{error}"
    );

    let refusal = "535 5.7.8 authentication failed";
    let server = Server::start(Script::offering(&["AUTH PLAIN"]).refusing("AUTH", &[refusal]));
    let error = Transport::new(with_login(&server)).open().unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (Kind::Permanent, refusal)
    );
}

#[test]
fn a_password_is_never_sent_in_the_clear_beyond_the_loopback() {
    let credentials = Credentials {
        user: "u".into(),
        password: Secret::from_string("p".into()),
    };
    let options = Options {
        credentials: Some(credentials),
        tls: Some(TlsMode::None),
        ..Options::new("mx.invalid")
    };
    let error = Transport::new(options).open().unwrap_err();
    assert_eq!(error.kind(), Kind::Configuration);
    assert!(matches!(
        smtp_error(error),
        Error::PasswordInTheClear { .. }
    ));
}

#[test]
fn required_tls_that_is_not_offered_ends_the_session() {
    let server = Server::start(Script::default());
    let options = Options {
        tls: Some(TlsMode::Required),
        ..options(&server)
    };
    let error = Transport::new(options).open().unwrap_err();
    assert!(matches!(smtp_error(error), Error::TlsNotOffered { .. }));
}

#[test]
fn words_put_before_tls_are_not_taken_for_the_servers() {
    let injected = "220 go ahead\r\n250 AUTH PLAIN";
    let script = Script::offering(&["STARTTLS"]).refusing("STARTTLS", &[injected]);
    let server = Server::start(script);
    let options = Options {
        tls: Some(TlsMode::Required),
        ..options(&server)
    };
    let error = Transport::new(options).open().unwrap_err();
    assert!(matches!(smtp_error(error), Error::TextBeforeTls { .. }));
}

#[test]
fn a_silent_server_is_not_waited_for_longer_than_its_time() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let timeouts = Timeouts {
        command: Duration::from_millis(100),
        ..Timeouts::default()
    };
    let options = Options {
        port,
        timeouts,
        retries: 0,
        ..Options::new("127.0.0.1")
    };
    let error = smtp_error(Transport::new(options).open().unwrap_err());
    assert_eq!(error.kind(), Kind::Temporary);
    let reason = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(reason, "the server did not answer in time");
}

#[test]
fn a_name_for_ehlo_cannot_bring_a_command() {
    let options = Options {
        hello_name: Some("a\r\nMAIL FROM:<>".into()),
        ..Options::new("mx.invalid")
    };
    let error = Transport::new(options).open().unwrap_err();
    assert!(matches!(smtp_error(error), Error::Option(_)));
}

#[test]
fn a_server_that_greets_with_another_protocol_is_named_as_such() {
    let server = Server::start(Script {
        greeting: "SSH-2.0-OpenSSH_9.2",
        ..Script::default()
    });
    let error = transport(&server).open().unwrap_err();
    let expected = "the answer at the greeting is not SMTP: \"SSH-2.0-OpenSSH_9.2\\r\\n\"";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_closed_port_is_tried_again_and_then_told() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let waits = Arc::new(Mutex::new(0));
    let noted = Arc::clone(&waits);
    let options = Options {
        port,
        retries: 2,
        ..Options::new("127.0.0.1")
    };
    let mut transport = Transport::with_pause(options, move |_| *noted.lock().unwrap() += 1);
    let error = transport.open().unwrap_err();
    assert_eq!(error.kind(), Kind::Temporary);
    assert_eq!(
        error.to_string(),
        format!("cannot connect to 127.0.0.1, port {port}")
    );
    assert_eq!(*waits.lock().unwrap(), 2);
}
