//! `send --smtp` against a server that refuses, defers, hangs up and talks nonsense: each is told word for
//! word, what can be tried again is, and nothing is sent twice.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::smtp::{accepted, numbered, to};
use crate::support::peer::free_port;
use crate::support::smtp_server::{Answer, Moment, SmtpServer};
use crate::support::{Mailseal, mail, mail_bytes};

#[test]
fn a_refused_recipient_is_told_word_for_word() {
    let server = SmtpServer::start(|moment: &Moment| {
        if moment.line.contains("carol@") {
            Answer::Say("550 5.7.1 relaying denied")
        } else {
            Answer::Agree
        }
    });
    let run = to(
        &server,
        Mailseal::new("send --smtp").arg(mail("attachments.eml")),
    )
    .run();
    assert_eq!(run.status, Some(69), "{}", run.stderr);
    let line = run
        .stderr
        .lines()
        .find(|line| line.contains("550 5.7.1 relaying denied"));
    assert!(
        line.is_some_and(|line| line.contains("carol@example.com")),
        "{}",
        run.stderr
    );
    assert_eq!(
        server.received()[0].to,
        ["RCPT TO:<bob@example.com>"],
        "the other one has it"
    );
}

#[test]
fn no_recipient_left_sends_nothing() {
    let server = SmtpServer::start(|moment: &Moment| {
        if moment.line.starts_with("RCPT") {
            Answer::Say("550 5.1.1 no such user")
        } else {
            Answer::Agree
        }
    });
    let run = to(
        &server,
        Mailseal::new("send --smtp").arg(mail("newsletter.eml")),
    )
    .run();
    run.failed(69, &["550 5.1.1 no such user", "bob@example.com"]);
    assert!(server.received().is_empty());
    // The session is good for the next message after RSET or a new MAIL.
    assert!(!server.lines().iter().any(|line| line == "DATA"));
}

#[test]
fn a_message_refused_after_data() {
    let server = SmtpServer::start(|moment: &Moment| {
        if moment.line == "." {
            Answer::Say("554 5.6.0 message content rejected")
        } else {
            Answer::Agree
        }
    });
    let run = to(
        &server,
        Mailseal::new("send --smtp").arg(mail("newsletter.eml")),
    )
    .run();
    run.failed(69, &["554 5.6.0 message content rejected"]);
    assert_eq!(
        server.received().len(),
        1,
        "refused for good is not tried again"
    );
}

#[test]
fn one_bad_message_does_not_stop_the_others() {
    let (_directory, paths) = numbered(5);
    let server = SmtpServer::start(|moment: &Moment| {
        if moment.line == "." && moment.messages == 2 {
            Answer::Say("554 5.6.0 no")
        } else {
            Answer::Agree
        }
    });
    let run = to(&server, Mailseal::new("send --smtp").args(&paths)).run();
    run.failed(69, &["554 5.6.0 no", "0003.eml"]);
    assert_eq!(accepted(&server).len(), 4);
}

#[test]
fn try_again_later_is_tried_again() {
    for stage in ["MAIL", "RCPT", "DATA", "."] {
        let said = AtomicBool::new(false);
        let server = SmtpServer::start(move |moment: &Moment| {
            if moment.line.starts_with(stage) && !said.swap(true, Ordering::SeqCst) {
                Answer::Say("451 4.3.0 try again later")
            } else {
                Answer::Agree
            }
        });
        let run = to(
            &server,
            Mailseal::new("send --smtp --retries 2").arg(mail("newsletter.eml")),
        )
        .run();
        assert_eq!(run.status, Some(0), "{stage}: {}", run.stderr);
        let accepted = server
            .received()
            .iter()
            .filter(|received| received.accepted)
            .count();
        assert_eq!(accepted, 1, "{stage}");
    }
}

#[test]
fn retries_come_to_an_end() {
    let server = SmtpServer::start(|moment: &Moment| {
        if moment.line.starts_with("MAIL") {
            Answer::Say("451 4.7.1 greylisted")
        } else {
            Answer::Agree
        }
    });
    let run = to(
        &server,
        Mailseal::new("send --smtp --retries 1").arg(mail("newsletter.eml")),
    )
    .run();
    run.failed(75, &["451 4.7.1 greylisted"]);
    assert_eq!(
        server
            .lines()
            .iter()
            .filter(|line| line.starts_with("MAIL"))
            .count(),
        2
    );
}

#[test]
fn a_recipient_that_has_it_gets_it_once() {
    // bob accepted and carol deferred once: only carol is tried again.
    let server = SmtpServer::start(|moment: &Moment| {
        if moment.line.contains("carol@") && moment.messages == 0 {
            Answer::Say("450 4.2.1 mailbox busy")
        } else {
            Answer::Agree
        }
    });
    let run = to(
        &server,
        Mailseal::new("send --smtp --retries 2").arg(mail("attachments.eml")),
    )
    .run();
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    let mut deliveries: Vec<String> = server
        .received()
        .into_iter()
        .filter(|received| received.accepted)
        .flat_map(|r| r.to)
        .collect();
    deliveries.sort();
    assert_eq!(
        deliveries,
        ["RCPT TO:<bob@example.com>", "RCPT TO:<carol@example.com>"]
    );
}

#[test]
fn server_gone_in_mid_message() {
    let server = SmtpServer::start(|moment: &Moment| {
        if moment.line == "DATA" {
            Answer::HangUpAfter(5000)
        } else {
            Answer::Agree
        }
    });
    let run = to(
        &server,
        Mailseal::new("send --smtp --retries 1").arg(mail("attachments.eml")),
    )
    .run();
    run.failed(75, &[]);
    assert!(server.received().is_empty());
}

#[test]
fn server_gone_in_mid_message_and_back() {
    // More than the sockets' buffers hold, or the client would be done before it can know.
    let mut message = mail_bytes("crlf.eml");
    message.extend_from_slice(&b"and all is well still.\r\n".repeat(700_000));
    let server = SmtpServer::start(|moment: &Moment| {
        if moment.line == "DATA" && moment.session == 1 {
            Answer::HangUpAfter(5000)
        } else {
            Answer::Agree
        }
    });
    // More than the sockets' buffers hold (tcp_wmem and tcp_rmem end at 10 MB): else the whole of it
    // may be on its way before the server is gone, and then it is not sent again.
    let mut message = mail_bytes("newsletter.eml");
    message.extend(b"One line of very many.\r\n".repeat(700_000));
    let run = to(
        &server,
        Mailseal::new("send --smtp --retries 2").stdin(message),
    )
    .run();
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    assert_eq!(server.received().len(), 1);
}

#[test]
fn an_answer_that_never_came_is_no_reason_to_send_twice() {
    // RFC 5321 4.5.3.2.6: after the final dot the server may have the message. One that hangs up there
    // leaves it open, and within one run it is not sent again.
    let server = SmtpServer::start(|moment: &Moment| {
        if moment.line == "." {
            Answer::HangUp
        } else {
            Answer::Agree
        }
    });
    let run = to(
        &server,
        Mailseal::new("send --smtp --retries 3").arg(mail("newsletter.eml")),
    )
    .run();
    assert!(
        matches!(run.status, Some(69 | 75)),
        "{:?} {}",
        run.status,
        run.stderr
    );
    assert_eq!(server.received().len(), 1, "sent twice within one run");
}

#[test]
fn a_connection_lost_between_messages_is_opened_again() {
    let (_directory, paths) = numbered(6);
    let server = SmtpServer::start(|moment: &Moment| {
        if moment.session == 1 && moment.messages == 3 && moment.line.starts_with("MAIL") {
            Answer::HangUp
        } else {
            Answer::Agree
        }
    });
    let run = to(
        &server,
        Mailseal::new("send --smtp --retries 2").args(&paths),
    )
    .run();
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    assert!(accepted(&server).len() == 6 && accepted(&server).values().all(|count| *count == 1));
}

#[test]
fn port_closed() {
    let port = free_port();
    let run = Mailseal::new("send --smtp --retries 0")
        .arg(mail("newsletter.eml"))
        .env("SMTP_HOST", "127.0.0.1")
        .env("SMTP_PORT", port.to_string())
        .run();
    run.failed(75, &["127.0.0.1", &port.to_string(), "refused"]);
    assert!(run.stderr.contains("hint: "), "{}", run.stderr);
}

#[test]
fn greeting_decides() {
    for (greeting, status) in [("554 5.3.2 no service", 69), ("421 4.3.2 closing", 75)] {
        let server = SmtpServer::start(move |moment: &Moment| {
            if moment.line.is_empty() {
                Answer::Say(greeting)
            } else {
                Answer::Agree
            }
        });
        let run = to(
            &server,
            Mailseal::new("send --smtp --retries 0").arg(mail("newsletter.eml")),
        )
        .run();
        run.failed(status, &[greeting]);
    }
}

#[test]
fn a_server_that_talks_nonsense() {
    let server = SmtpServer::start(|moment: &Moment| {
        if moment.line.is_empty() {
            Answer::Say("HTTP/1.1 400 Bad Request")
        } else {
            Answer::Agree
        }
    });
    let run = to(
        &server,
        Mailseal::new("send --smtp --retries 0").arg(mail("newsletter.eml")),
    )
    .run();
    assert!(matches!(run.status, Some(69 | 75)), "{}", run.stderr);
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
}
