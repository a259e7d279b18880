//! Where redirects may lead.

use std::io::Write;

use super::server::{Received, Server, ok, redirect};
use super::{Script, allowing, fetch, of, reason};
use crate::fetch::location::Problem;
use crate::fetch::{Error, Fetcher, Options};
use crate::path::retrieval::Request;

/// What a redirect to `location` ends in.
fn behind(location: &str) -> Error {
    let server = Server::saying(redirect(302, location));
    match fetch(&server, of(&server)).unwrap_err() {
        Error::Redirected {
            location: from,
            source,
        } => {
            assert_eq!(from.to_string(), server.location("/x"));
            assert_eq!(server.received().len(), 1);
            *source
        }
        other => panic!("{other}"),
    }
}

#[test]
fn a_redirect_is_judged_like_the_first_request() {
    for location in [
        "http://127.0.0.1/",
        "//127.0.0.1:443/x",
        "http://169.254.169.254/latest/meta-data/",
        "https://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://0.0.0.0/",
    ] {
        assert_eq!(behind(location).reason(), "not-public", "{location}");
    }
    for location in ["http://127.0.0.1:1/", "http://1.1.1.1:22/"] {
        assert_eq!(behind(location).reason(), "port", "{location}");
    }
    for location in ["file:///etc/passwd", "ldap://127.0.0.1/", "gopher://x/"] {
        assert_eq!(behind(location).reason(), "scheme", "{location}");
    }
    for (location, expected) in [
        ("http://user@127.0.0.1/", Problem::UserInformation),
        ("http://a b/", Problem::Character(' ')),
        ("http://\u{fc}/", Problem::Character('\u{fc}')),
        ("http:///x", Problem::Host),
    ] {
        let refused = behind(location);
        assert!(matches!(refused, Error::Location { problem, .. } if problem == expected));
    }
}

#[test]
fn a_name_behind_a_redirect_is_resolved_and_judged() {
    let server = Server::saying(redirect(301, "http://intranet.example/"));
    let script = Script::new(&["10.0.0.1"]);
    let fetcher = Fetcher::with_resolver(of(&server), script.clone());
    let location = server.location("/");
    let refused = fetcher.fetch(&Request::Crl {
        location: &location,
    });
    assert_eq!(
        refused.unwrap_err().to_string(),
        format!(
            "{location} redirects: http://intranet.example/ leads to 10.0.0.1, which is private; \
             --fetch-allow intranet.example lets it be asked all the same"
        )
    );
    assert_eq!(*script.asked.lock().unwrap(), ["intranet.example"]);
}

// The name was harmless when it was first asked for.
#[test]
fn a_redirect_to_the_same_name_is_judged_anew() {
    let server = Server::saying(redirect(302, "http://pki.example/"));
    let script = Script::new(&["127.0.0.1", "10.0.0.1"]);
    let host = format!("pki.example:{}", server.port);
    let refused = Fetcher::with_resolver(allowing(&host), script).fetch(&Request::Crl {
        location: &format!("http://{host}/"),
    });
    assert_eq!(refused.unwrap_err().reason(), "not-public");
}

/// `/n` leads to `/n-1`, and `/0` is there.
fn counting(received: &Received, out: &mut dyn Write) -> std::io::Result<()> {
    match received.path()[1..].parse::<u32>().unwrap() {
        0 => out.write_all(&ok(b"there")),
        number => out.write_all(redirect(302, &format!("{}", number - 1)).as_bytes()),
    }
}

#[test]
fn three_redirects_are_followed_and_no_fourth() {
    let server = Server::start(counting);
    let ask = |path: &str, options: Options| {
        Fetcher::new(options).fetch(&Request::Crl {
            location: &server.location(path),
        })
    };
    assert_eq!(ask("/3", of(&server)).unwrap(), b"there");
    assert_eq!(server.received().len(), 4);
    let refused = ask("/4", of(&server)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!(
            "{} redirects: no more than 3 redirects are followed",
            server.location("/4")
        )
    );
    assert_eq!(server.received().len(), 8);
    let none = Options {
        most_redirects: 0,
        ..of(&server)
    };
    assert_eq!(ask("/1", none).unwrap_err().reason(), "redirects");

    let circle = Server::saying(redirect(307, "/x"));
    assert_eq!(reason(&circle, of(&circle)), "redirects");
}

/// Leads everything but `/there` there.
fn leading(status: u16) -> Server {
    Server::start(move |received, out| match received.path() {
        "/there" => out.write_all(&ok(b"there")),
        _ => out.write_all(redirect(status, "there").as_bytes()),
    })
}

#[test]
fn an_ocsp_request_is_posted_again_and_never_turned_into_a_get() {
    for status in [301, 302, 303, 307, 308] {
        let server = leading(status);
        assert_eq!(fetch(&server, of(&server)).unwrap(), b"there");
        let request = Request::Ocsp {
            location: &server.location("/ocsp"),
            cert_id: b"",
            request: b"question",
        };
        let answer = Fetcher::new(of(&server)).fetch(&request);
        let received = server.received();
        if status == 303 {
            assert_eq!(answer.unwrap_err().reason(), "status");
            assert_eq!(received.len(), 3);
            continue;
        }
        assert_eq!(answer.unwrap(), b"there");
        assert!(received[3].head.starts_with("POST /there "));
        assert_eq!(received[3].body, b"question");
    }
}

#[test]
fn a_redirect_to_nowhere_is_a_status() {
    let server = Server::saying("HTTP/1.1 302 Elsewhere\r\nContent-Length: 0\r\n\r\n");
    let refused = fetch(&server, of(&server)).unwrap_err();
    assert!(matches!(refused, Error::Status { status: 302, .. }));
}

// It is not read.
#[test]
fn the_body_of_a_redirect_may_be_without_end() {
    let server = Server::start(|received, out| match received.path() {
        "/there" => out.write_all(&ok(b"there")),
        _ => {
            out.write_all(b"HTTP/1.1 302 Elsewhere\r\nLocation: /there\r\n\r\n")?;
            loop {
                out.write_all(&[b'x'; 4096])?;
            }
        }
    });
    assert_eq!(fetch(&server, of(&server)).unwrap(), b"there");
}
