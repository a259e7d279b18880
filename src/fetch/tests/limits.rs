//! What servers send without measure.

use std::thread;
use std::time::Duration;

use super::server::{Server, ok, redirect};
use super::{fetch, of, reason};
use crate::fetch::Options;

#[test]
fn an_answer_has_as_many_octets_as_allowed_and_no_more() {
    let longest = Options::default().longest_answer;
    assert_eq!(longest, 1_048_576);
    for length in [0, 1, longest] {
        let body = vec![b'x'; length];
        let chunk = format!("{length:x}\r\n{}\r\n", "x".repeat(length));
        let chunked = format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n",
            if length == 0 { "" } else { &chunk }
        );
        let until_closed = [&b"HTTP/1.0 200 OK\r\n\r\n"[..], &body].concat();
        for answer in [ok(&body), chunked.into_bytes(), until_closed] {
            let server = Server::saying(answer);
            assert_eq!(fetch(&server, of(&server)).unwrap().len(), length);
        }
    }
    let body = "x".repeat(longest + 1);
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    for answer in [
        String::from_utf8(ok(body.as_bytes())).unwrap(),
        // Its length is enough to refuse it.
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", u64::MAX),
        chunked,
        format!("HTTP/1.0 200 OK\r\n\r\n{body}"),
    ] {
        let server = Server::saying(answer);
        assert_eq!(reason(&server, of(&server)), "too-large");
    }
}

#[test]
fn a_body_without_end_is_given_up() {
    for head in [
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffff\r\n",
    ] {
        let server = Server::start(move |_, out| {
            out.write_all(head.as_bytes())?;
            loop {
                out.write_all(&[b'x'; 4096])?;
            }
        });
        assert_eq!(reason(&server, of(&server)), "too-large");
    }
}

#[test]
fn a_body_that_is_cut_short_is_no_answer() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nshort",
        "HTTP/1.1 200 OK\r\nContent-Len",
        "",
    ] {
        let server = Server::saying(answer);
        assert_eq!(reason(&server, of(&server)), "connection", "{answer}");
    }
}

/// Fifty octets a second, of a status line, a field or a body, for ever.
fn dripping(head: &'static str) -> Server {
    Server::start(move |_, out| {
        out.write_all(head.as_bytes())?;
        loop {
            thread::sleep(Duration::from_millis(20));
            out.write_all(b"x")?;
        }
    })
}

#[test]
fn the_time_is_for_all_of_it() {
    let timeout = Duration::from_millis(200);
    let silent = Server::start(|_, _| {
        loop {
            thread::park();
        }
    });
    for server in [
        silent,
        dripping("HTTP/1.1 200 "),
        dripping("HTTP/1.1 200 OK\r\nX: "),
        dripping("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"),
    ] {
        let options = Options {
            timeout,
            ..of(&server)
        };
        assert_eq!(reason(&server, options), "timeout");
    }
    // Each redirect is quick enough, but not all of them.
    let slow = Server::start(|received, out| {
        thread::sleep(Duration::from_millis(100));
        let next = format!("{}x", received.path());
        out.write_all(redirect(302, &next).as_bytes())
    });
    let options = Options {
        timeout,
        ..of(&slow)
    };
    assert_eq!(reason(&slow, options), "timeout");
}

#[test]
fn a_head_is_bounded() {
    let long = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(1000));
    for answer in [long, many] {
        let server = Server::saying(answer);
        assert_eq!(reason(&server, of(&server)), "connection");
    }
    let endless = Server::start(|_, out| {
        out.write_all(b"HTTP/1.1 200 OK\r\n")?;
        loop {
            out.write_all(b"x: y\r\n")?;
        }
    });
    assert_eq!(reason(&endless, of(&endless)), "connection");
    let fits = format!(
        "HTTP/1.1 200 OK\r\nX: {}\r\nContent-Length: 1\r\n\r\nx",
        "x".repeat(10_000)
    );
    let server = Server::saying(fits);
    assert_eq!(fetch(&server, of(&server)).unwrap(), b"x");
}
