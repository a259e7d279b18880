//! Who made a request: the address at the other end of the connection or, behind proxies that are
//! trusted, the one that they say it came from.
//!
//! ```
//! use actix_web::test::TestRequest;
//! use mailseal::inbound::peer::Peer;
//!
//! let request = TestRequest::default()
//!     .peer_addr("127.0.0.1:4711".parse()?)
//!     .insert_header(("X-Forwarded-For", "198.51.100.66, 203.0.113.9"))
//!     .to_http_request();
//! let trusted = ["127.0.0.0/8".parse()?];
//! assert_eq!(Peer::of(&request, &trusted).address, "203.0.113.9");
//! assert_eq!(Peer::of(&request, &[]).address, "127.0.0.1");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Each proxy adds whom it has the request from at the end of the list, so the list is read from
//! there, as long as what is read is a trusted proxy itself. What stands before is anybody's word.
//!
//! Proxies write X-Forwarded-For or Forwarded (RFC 7239) and pass on the other one as it came: where
//! there is X-Forwarded-For, Forwarded is not looked at. A proxy that writes Forwarded has to take
//! X-Forwarded-For away.
//!
//! # Not supported
//!
//! Believing any of it where it matters: it goes to the log and to the audit file, and decides
//! nothing.

use std::net::{IpAddr, SocketAddr};

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;

use super::network::Network;

/// Who made a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// An IP address, or nothing if the system does not know.
    pub address: String,
    /// `http` or `https`, as it was at the peer's end.
    pub scheme: &'static str,
}

impl Peer {
    /// Who made this one.
    pub fn of(request: &HttpRequest, trusted: &[Network]) -> Peer {
        let is_trusted = |address| trusted.iter().any(|network| network.contains(address));
        let scheme = match request.app_config().secure() {
            true => "https",
            false => "http",
        };
        let Some(direct) = request.peer_addr() else {
            return Peer {
                address: String::new(),
                scheme,
            };
        };
        let direct = direct.ip().to_canonical();
        if !is_trusted(direct) {
            return Peer {
                address: direct.to_string(),
                scheme,
            };
        }
        let hops = Hops::of(request.headers());
        let mut address = direct;
        for hop in hops.addresses.iter().rev() {
            match (is_trusted(address), hop) {
                (true, Some(hop)) => address = *hop,
                // Beyond is anybody's word, or a name that a proxy does not tell.
                _ => break,
            }
        }
        Peer {
            address: address.to_string(),
            scheme: hops.scheme.unwrap_or(scheme),
        }
    }
}

/// What proxies say of a request.
struct Hops {
    /// The first one is the one furthest away. None is no address.
    addresses: Vec<Option<IpAddr>>,
    scheme: Option<&'static str>,
}

impl Hops {
    fn of(headers: &HeaderMap) -> Hops {
        let forwarded_for = list(headers, "X-Forwarded-For");
        if !forwarded_for.is_empty() {
            let scheme = list(headers, "X-Forwarded-Proto");
            return Hops {
                addresses: forwarded_for.into_iter().map(node).collect(),
                scheme: scheme.last().copied().and_then(known_scheme),
            };
        }
        let elements = list(headers, "Forwarded");
        let last = elements.last().copied();
        Hops {
            addresses: elements
                .iter()
                .map(|element| parameter(element, "for").and_then(node))
                .collect(),
            scheme: last
                .and_then(|element| parameter(element, "proto"))
                .and_then(known_scheme),
        }
    }
}

/// The elements of a field, which may stand several times (RFC 9110 5.3).
fn list<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    let values = headers.get_all(name);
    let texts = values.filter_map(|value| value.to_str().ok());
    texts
        .flat_map(|text| text.split(','))
        .map(str::trim)
        .filter(|element| !element.is_empty())
        .collect()
}

/// A parameter of an element (RFC 7239 4). Nothing that we look for has a quoted semicolon or comma.
fn parameter<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    element.split(';').find_map(|pair| {
        let (found, value) = pair.split_once('=')?;
        found
            .trim()
            .eq_ignore_ascii_case(name)
            .then(|| value.trim().trim_matches('"'))
    })
}

/// The address of a node (RFC 7239 6), with or without port; `unknown` and `_hidden` are none.
fn node(text: &str) -> Option<IpAddr> {
    let bracketed = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let address = bracketed
        .unwrap_or(text)
        .parse()
        .or_else(|_| text.parse().map(|socket: SocketAddr| socket.ip()));
    address.ok().map(|address| address.to_canonical())
}

fn known_scheme(text: &str) -> Option<&'static str> {
    let schemes = ["http", "https"];
    schemes
        .into_iter()
        .find(|scheme| scheme.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn peer(direct: &str, headers: &[(&'static str, &'static str)]) -> (String, &'static str) {
        let mut request = TestRequest::default().peer_addr(direct.parse().unwrap());
        for header in headers {
            request = request.append_header(*header);
        }
        let trusted = ["127.0.0.0/8", "10.0.0.0/8", "2001:db8::/32"];
        let trusted = trusted.map(|network| network.parse().unwrap());
        let peer = Peer::of(&request.to_http_request(), &trusted);
        (peer.address, peer.scheme)
    }

    #[test]
    fn stranger_is_not_believed() {
        let headers = [
            ("X-Forwarded-For", "10.0.0.1"),
            ("X-Forwarded-Proto", "https"),
        ];
        let found = peer("203.0.113.9:1", &headers);
        assert_eq!(found, ("203.0.113.9".into(), "http"));
    }

    #[test]
    fn list_is_read_from_its_end_through_trusted_proxies_to_the_first_other() {
        for (list, address) in [
            ("203.0.113.9", "203.0.113.9"),
            ("198.51.100.66, 203.0.113.9", "203.0.113.9"),
            ("198.51.100.66, 203.0.113.9, 10.1.1.1", "203.0.113.9"),
            ("10.1.1.1", "10.1.1.1"),
            ("203.0.113.9:55, 10.1.1.1:99", "203.0.113.9"),
            ("[2001:db8::5]:443", "2001:db8::5"),
            ("203.0.113.9, unknown", "127.0.0.1"),
            ("203.0.113.9, 10.1.1, 10.1.1.2", "10.1.1.2"),
            ("", "127.0.0.1"),
        ] {
            let found = peer("127.0.0.1:1", &[("X-Forwarded-For", list)]).0;
            assert_eq!(found, address, "{list}");
        }
    }

    #[test]
    fn field_that_stands_twice_is_one_list() {
        let headers = [
            ("X-Forwarded-For", "198.51.100.66"),
            ("X-Forwarded-For", "203.0.113.9"),
        ];
        assert_eq!(peer("127.0.0.1:1", &headers).0, "203.0.113.9");
    }

    #[test]
    fn forwarded_is_believed_unless_there_is_the_other() {
        let forwarded = (
            "Forwarded",
            "for=198.51.100.66, For=\"[2001:db9::1]:4711\";proto=https;by=203.0.113.43",
        );
        let found = peer("[::ffff:127.0.0.1]:1", &[forwarded]);
        assert_eq!(found, ("2001:db9::1".into(), "https"));
        let found = peer(
            "127.0.0.1:1",
            &[forwarded, ("X-Forwarded-For", "203.0.113.9")],
        );
        assert_eq!(found, ("203.0.113.9".into(), "http"));
    }

    #[test]
    fn scheme_is_that_of_the_last_proxy() {
        let scheme = |value| {
            let for_whom = ("X-Forwarded-For", "203.0.113.9");
            peer("127.0.0.1:1", &[for_whom, ("X-Forwarded-Proto", value)]).1
        };
        assert_eq!(scheme("https"), "https");
        assert_eq!(scheme("https, http"), "http");
        assert_eq!(scheme("javascript"), "http");
    }
}
