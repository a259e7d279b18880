//! Whether a request is meant for us, and comes from a page of ours.
//!
//! A page on the internet can have its name resolve to 127.0.0.1 once it is loaded (DNS rebinding).
//! Then its scripts may read what we answer, as if it were theirs; but their requests still carry that
//! name in Host. An address there is nobody's name, and `localhost` is resolved by the browser
//! itself.

use std::fmt;
use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header::{HOST, HeaderName, ORIGIN};
use actix_web::http::{Method, StatusCode};

/// The names that we go by.
#[derive(Debug, Clone)]
pub struct Hosts(Vec<String>);

/// A request that is not for us or not from us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stranger {
    /// It asks for a host that is none of ours.
    Host,
    /// It would change something, and comes from another site or does not say from which.
    Origin,
}

impl Stranger {
    /// How it is answered.
    pub fn status(self) -> StatusCode {
        match self {
            Stranger::Host => StatusCode::MISDIRECTED_REQUEST,
            Stranger::Origin => StatusCode::FORBIDDEN,
        }
    }
}

impl fmt::Display for Stranger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stranger::Host => {
                "this host is not served here; name it in [admin] hosts if it should be"
            }
            Stranger::Origin => "the request does not come from a page of this host",
        })
    }
}

impl Hosts {
    /// Names beside `localhost` and addresses, without ports.
    pub fn new(names: Vec<String>) -> Hosts {
        Hosts(names)
    }

    pub(super) fn judge(&self, request: &HttpRequest) -> Result<(), Stranger> {
        let host = single(request, &HOST).ok_or(Stranger::Host)?;
        if !self.includes(host) {
            return Err(Stranger::Host);
        }
        if matches!(*request.method(), Method::GET | Method::HEAD) {
            return Ok(());
        }
        // The scheme is that of whoever is in front of us.
        let origin = single(request, &ORIGIN).and_then(|origin| origin.split_once("://"));
        match origin {
            Some(("http" | "https", origin)) if origin.eq_ignore_ascii_case(host) => Ok(()),
            _ => Err(Stranger::Origin),
        }
    }

    /// Whether a Host names us, with whatever port.
    fn includes(&self, host: &str) -> bool {
        let name = without_port(host);
        let literal = name
            .strip_prefix('[')
            .and_then(|name| name.strip_suffix(']'));
        name.eq_ignore_ascii_case("localhost")
            || literal.unwrap_or(name).parse::<IpAddr>().is_ok()
            || self.0.iter().any(|ours| ours.eq_ignore_ascii_case(name))
    }
}

/// The field's value if there is one such field; of two, somebody else may have read the other.
fn single<'a>(request: &'a HttpRequest, name: &HeaderName) -> Option<&'a str> {
    let mut values = request.headers().get_all(name);
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn hosts() -> Hosts {
        Hosts::new(vec!["mailseal.internal.example".to_owned()])
    }

    #[test]
    fn addresses_localhost_and_our_names_are_ours() {
        for host in [
            "localhost",
            "LOCALHOST:8856",
            "127.0.0.1:8856",
            "[::1]:8856",
            "[::1]",
            "192.0.2.7",
            "mailseal.internal.example",
            "Mailseal.Internal.Example:443",
        ] {
            assert!(hosts().includes(host), "{host}");
        }
    }

    #[test]
    fn names_of_others_are_not() {
        for host in [
            "rebinding.evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:8856",
            "evil.example:localhost",
            "mailseal.internal.example.evil.example",
            "",
            ":8856",
            "[::1",
        ] {
            assert!(!hosts().includes(host), "{host}");
        }
    }

    fn judge(request: TestRequest) -> Result<(), Stranger> {
        hosts().judge(&request.to_http_request())
    }

    #[test]
    fn what_changes_something_comes_from_a_page_of_the_same_host() {
        let post = || TestRequest::post().insert_header(("Host", "127.0.0.1:8856"));
        let from = |origin: &'static str| judge(post().insert_header(("Origin", origin)));
        assert_eq!(from("http://127.0.0.1:8856"), Ok(()));
        assert_eq!(from("https://127.0.0.1:8856"), Ok(()));
        for origin in [
            "http://127.0.0.1:8857",
            "http://evil.example",
            "http://localhost:8856",
            "http://127.0.0.1:8856.evil.example",
            "null",
            "",
        ] {
            assert_eq!(from(origin), Err(Stranger::Origin), "{origin}");
        }
        assert_eq!(judge(post()), Err(Stranger::Origin));
        // A link from elsewhere is followed: it changes nothing.
        let get = TestRequest::get().insert_header(("Host", "127.0.0.1:8856"));
        assert_eq!(
            judge(get.insert_header(("Origin", "http://evil.example"))),
            Ok(())
        );
    }

    #[test]
    fn one_host_is_named() {
        assert_eq!(judge(TestRequest::get()), Err(Stranger::Host));
        let two = TestRequest::get()
            .append_header(("Host", "localhost"))
            .append_header(("Host", "evil.example"));
        assert_eq!(judge(two), Err(Stranger::Host));
    }
}
