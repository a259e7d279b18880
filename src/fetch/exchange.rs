//! One request by HTTP, and its answer.

use std::net::SocketAddr;

use ureq::config::Config;
use ureq::http::{Response, Uri, header};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Body};

use crate::fetch::deadline::Deadline;
use crate::fetch::location::Location;
use crate::fetch::{Error, Options};
use crate::path::retrieval::Request;

/// The status line and the fields: what a list or an answer needs is a few hundred octets.
const LONGEST_HEADER: usize = 16 << 10;

/// As many as an [`Agent`] takes.
const MOST_ADDRESSES: usize = 16;

/// What comes back.
pub(super) enum Answer {
    /// What was asked for.
    Octets(Vec<u8>),
    /// Where it is now: a reference that a stranger wrote.
    Elsewhere(String),
}

/// Asks at these addresses.
pub(super) fn exchange(
    request: &Request<'_>,
    location: &Location,
    addresses: &[SocketAddr],
    options: &Options,
    deadline: Deadline,
) -> Result<Answer, Error> {
    let agent = agent(location, addresses, options, deadline)?;
    let uri = location.to_string();
    let result = match request {
        // RFC 6960 A.1
        Request::Ocsp { request, .. } => agent
            .post(uri)
            .header(header::CONTENT_TYPE, "application/ocsp-request")
            .header(header::ACCEPT, "application/ocsp-response")
            .send(*request),
        Request::Issuers { .. } | Request::Crl { .. } => agent.get(uri).call(),
    };
    let failed = |error| failure(location, error, options, deadline);
    let mut response = result.map_err(failed)?;
    match (response.status().as_u16(), request) {
        (200, _) => {}
        // RFC 9110 15.4: a 303 is to be followed by a GET, which is no OCSP request; the others
        // with the same method.
        (303, Request::Ocsp { .. }) => return Err(status(&response, location)),
        (301 | 302 | 303 | 307 | 308, _) => return elsewhere(&response, location),
        _ => return Err(status(&response, location)),
    }
    refuse_encoding(&response, location)?;
    let most = options.longest_answer as u64;
    let length = response.body().content_length();
    if length.is_some_and(|length| length > most) {
        return Err(failed(ureq::Error::BodyExceedsLimit(most)));
    }
    // ureq takes a body for too long as soon as it has as many octets as the limit.
    let body = response.body_mut().with_config();
    let octets = body.limit(most.saturating_add(1)).read_to_vec();
    Ok(Answer::Octets(octets.map_err(failed)?))
}

fn status(response: &Response<Body>, location: &Location) -> Error {
    Error::Status {
        location: location.clone(),
        status: response.status().as_u16(),
    }
}

fn elsewhere(response: &Response<Body>, location: &Location) -> Result<Answer, Error> {
    match response.headers().get(header::LOCATION) {
        Some(reference) => {
            let reference = String::from_utf8_lossy(reference.as_bytes());
            Ok(Answer::Elsewhere(reference.into_owned()))
        }
        None => Err(status(response, location)),
    }
}

/// A few octets of a compressed body can stand for gigabytes. Ours are to be sent as they are.
fn refuse_encoding(response: &Response<Body>, location: &Location) -> Result<(), Error> {
    let encodings = response.headers().get_all(header::CONTENT_ENCODING);
    let other =
        |encoding: &&header::HeaderValue| !encoding.as_bytes().eq_ignore_ascii_case(b"identity");
    match encodings.iter().find(other) {
        None => Ok(()),
        Some(encoding) => Err(Error::Encoding {
            location: location.clone(),
            encoding: String::from_utf8_lossy(encoding.as_bytes()).into_owned(),
        }),
    }
}

fn failure(
    location: &Location,
    error: ureq::Error,
    options: &Options,
    deadline: Deadline,
) -> Error {
    match error {
        ureq::Error::Timeout(_) => deadline.passed(location),
        ureq::Error::BodyExceedsLimit(_) => Error::TooLarge {
            location: location.clone(),
            most: options.longest_answer,
        },
        error => Error::Connection {
            location: location.clone(),
            source: match error {
                ureq::Error::Io(error) => error.into(),
                error => error.into(),
            },
        },
    }
}

/// An agent for one request, which knows of no addresses but these.
fn agent(
    location: &Location,
    addresses: &[SocketAddr],
    options: &Options,
    deadline: Deadline,
) -> Result<Agent, Error> {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        // Each is judged first.
        .max_redirects(0)
        // A proxy would resolve the name again, and connect to what it finds.
        .proxy(None)
        .timeout_global(Some(deadline.left(location)?))
        .max_response_header_size(LONGEST_HEADER)
        .max_idle_connections(0)
        .accept_encoding("identity")
        .user_agent(concat!("mailseal/", env!("CARGO_PKG_VERSION")));
    let config = match location.is_encrypted() {
        true => {
            let tls = options.trust.ureq_client().map_err(|source| Error::Trust {
                location: location.clone(),
                source: Box::new(source),
            })?;
            config.tls_config(tls)
        }
        false => config,
    };
    let pinned = Pinned(addresses.iter().copied().take(MOST_ADDRESSES).collect());
    Ok(Agent::with_parts(
        config.build(),
        DefaultConnector::new(),
        pinned,
    ))
}

/// The addresses that were judged, whatever is asked for.
#[derive(Debug)]
struct Pinned(Vec<SocketAddr>);

impl Resolver for Pinned {
    fn resolve(
        &self,
        _: &Uri,
        _: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut addresses = self.empty();
        for address in &self.0 {
            addresses.push(*address);
        }
        Ok(addresses)
    }
}
