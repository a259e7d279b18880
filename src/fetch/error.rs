//! Why nothing was fetched.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use crate::fetch::location::{Location, Problem};
use crate::printable::printable;
use crate::trust;

/// Why nothing was fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What the certificate has is no location to fetch from.
    #[error("cannot fetch from {}: {problem}", abridged(.location))]
    Location {
        /// As it was given.
        location: String,
        /// What is wrong with it.
        problem: Problem,
    },
    /// Only what is remembered may be used.
    #[error("{} is not asked while offline", abridged(.location))]
    Offline {
        /// As it was given.
        location: String,
    },
    /// A port where lists are not served.
    #[error(
        "{} is at port {}, not 80 or 443; --fetch-allow {} lets it be asked all the same",
        told(.location),
        .location.port(),
        .location.authority()
    )]
    Port {
        /// Where.
        location: Location,
    },
    /// The host has no address.
    #[error("the host of {} is not found", told(.location))]
    Name {
        /// Where.
        location: Location,
        /// What the resolver says.
        source: io::Error,
    },
    /// All addresses of the host are within some network.
    #[error(
        "{} leads to {address}, which is {what}; \
         --fetch-allow {} lets it be asked all the same",
        told(.location),
        .location.authority()
    )]
    NotPublic {
        /// Where.
        location: Location,
        /// The first such address.
        address: IpAddr,
        /// What it is, to stand behind "is".
        what: &'static str,
    },
    /// The time is over.
    #[error("{} has not answered within {timeout:?}", told(.location))]
    Timeout {
        /// Where.
        location: Location,
        /// The time for all of it.
        timeout: Duration,
    },
    /// The connection, TLS or HTTP failed.
    #[error("{} cannot be fetched", told(.location))]
    Connection {
        /// Where.
        location: Location,
        /// What happened.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The roots for TLS cannot be read.
    #[error("{} cannot be asked by TLS", told(.location))]
    Trust {
        /// Where.
        location: Location,
        /// Why.
        source: Box<trust::Error>,
    },
    /// Any status but 200.
    #[error("{} answers with status {status}", told(.location))]
    Status {
        /// Where.
        location: Location,
        /// The status.
        status: u16,
    },
    /// The body is not as it is: compressed, though nobody asked for that.
    #[error("{} answers in the encoding {}", told(.location), abridged(.encoding))]
    Encoding {
        /// Where.
        location: Location,
        /// What the server says.
        encoding: String,
    },
    /// The body is longer than allowed.
    #[error("{} answers with more than {most} octets", told(.location))]
    TooLarge {
        /// Where.
        location: Location,
        /// The limit.
        most: usize,
    },
    /// One redirect led to another, and so on.
    #[error("no more than {most} redirects are followed")]
    Redirects {
        /// The limit.
        most: usize,
    },
    /// A redirect led to something that failed.
    #[error("{} redirects: {source}", told(.location))]
    Redirected {
        /// Where it began.
        location: Location,
        /// What failed.
        source: Box<Error>,
    },
}

impl Error {
    /// A stable word for it.
    pub fn reason(&self) -> &'static str {
        match self {
            Error::Location {
                problem: Problem::Scheme(_),
                ..
            } => "scheme",
            Error::Location { .. } => "location",
            Error::Offline { .. } => "offline",
            Error::Port { .. } => "port",
            Error::Name { .. } => "name",
            Error::NotPublic { .. } => "not-public",
            Error::Timeout { .. } => "timeout",
            Error::Connection { .. } => "connection",
            Error::Trust { .. } => "trust",
            Error::Status { .. } => "status",
            Error::Encoding { .. } => "encoding",
            Error::TooLarge { .. } => "too-large",
            Error::Redirects { .. } => "redirects",
            Error::Redirected { source, .. } => source.reason(),
        }
    }
}

fn told(location: &Location) -> String {
    abridged(&location.to_string())
}

/// A stranger's text: safe to show, and not pages of it.
fn abridged(text: &str) -> String {
    const LONGEST: usize = 200;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => printable(&text[..end]) + "…",
        None => printable(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_a_stranger_is_escaped_and_cut() {
        let error = |location: String| {
            let problem = Location::parse(&location).unwrap_err();
            Error::Location { location, problem }.to_string()
        };
        assert_eq!(
            error("ldap://\u{1b}[2J/".into()),
            "cannot fetch from ldap://\\u{1b}[2J/: ldap: is not supported, only http: and https: are"
        );
        assert_eq!(
            error(format!("http://{}", "é".repeat(100_000))),
            format!(
                "cannot fetch from http://{}…: it is longer than 8000 octets",
                "é".repeat(193)
            )
        );
        let encoding = "gzip\u{202e}".to_owned();
        let location = Location::parse("http://a.example/").unwrap();
        assert_eq!(
            Error::Encoding { location, encoding }.to_string(),
            "http://a.example/ answers in the encoding gzip\\u{202e}"
        );
    }
}
