//! Where the API is, and which mail hosts are SparkPost's.

use std::fmt;

use crate::send::smtp::is_loopback;

use super::Error;

/// The API's address: `https`, or `http` to the loopback alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiBase {
    origin: String,
}

impl ApiBase {
    /// The original tool's default.
    pub const DEFAULT_HOST: &'static str = "https://api.sparkpost.com";

    /// Reads a host as people write it: `https://` is added where no scheme is, and one trailing
    /// slash is taken off.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let malformed = || Error::Host(text.to_owned());
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
            None => ("https".to_owned(), text),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let is_plain = |c: char| c.is_ascii_graphic() && !"@?#\\\"<>^`{|}".contains(c);
        let authority = rest.split('/').next().unwrap_or_default();
        if !rest.chars().all(is_plain) || host_of(authority).is_none() {
            return Err(malformed());
        }
        match scheme.as_str() {
            "https" => {}
            // The key and the mail would travel in the clear.
            "http" if !host_of(authority).is_some_and(is_loopback) => {
                return Err(Error::HostInTheClear(text.to_owned()));
            }
            "http" => {}
            _ => return Err(malformed()),
        }
        Ok(Self {
            origin: format!("{scheme}://{rest}"),
        })
    }

    pub(super) fn transmissions(&self) -> String {
        format!("{self}/transmissions")
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.origin.starts_with("https:")
    }
}

/// The address that all requests go below: `https://api.sparkpost.com/api/v1`.
impl fmt::Display for ApiBase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/api/v1", self.origin)
    }
}

// RFC 3986 3.2.2 and 3.2.3: a name or an address, and after a colon perhaps a port.
fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(literal) => {
            let (host, after) = literal.split_once(']')?;
            match after {
                "" => (host, None),
                _ => (host, Some(after.strip_prefix(':')?)),
            }
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let is_port = |port: &str| port.parse::<u16>().is_ok();
    (!host.is_empty() && port.is_none_or(is_port)).then_some(host)
}

/// Whether a mail host is SparkPost's, hosted or enterprise, and so understands X-MSYS-API.
pub fn is_sparkpost_host(host: &str) -> bool {
    const DOMAINS: [&str; 4] = [
        "sparkpostmail.com",
        "sparkpost.com",
        "sparkpostelite.com",
        "msyscloud.com",
    ];
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    DOMAINS.iter().any(|domain| {
        host.strip_suffix(domain)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_completed() {
        for (text, base) in [
            (
                "https://api.sparkpost.com",
                "https://api.sparkpost.com/api/v1",
            ),
            (
                "api.eu.sparkpost.com/",
                "https://api.eu.sparkpost.com/api/v1",
            ),
            (
                "HTTPS://mine.example:8443/",
                "https://mine.example:8443/api/v1",
            ),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/api/v1"),
            ("http://[::1]:8080/", "http://[::1]:8080/api/v1"),
            ("http://localhost", "http://localhost/api/v1"),
        ] {
            assert_eq!(ApiBase::parse(text).unwrap().to_string(), base);
        }
    }

    #[test]
    fn http_goes_to_the_loopback_alone() {
        for text in [
            "http://api.sparkpost.com",
            "http://127.0.0.1.example",
            "HTTP://10.0.0.1",
        ] {
            assert!(
                matches!(ApiBase::parse(text), Err(Error::HostInTheClear(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in [
            "",
            "https://",
            "ftp://a",
            "https://u@a",
            "a b",
            "a:x",
            "a\r\nb",
            "[::1",
            "a#",
        ] {
            assert!(
                matches!(ApiBase::parse(text), Err(Error::Host(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn sparkposts_mail_hosts_are_known_by_their_domains() {
        for host in [
            "smtp.sparkpostmail.com",
            "SMTP.eu.sparkpostmail.com.",
            "demo.msyscloud.com",
        ] {
            assert!(is_sparkpost_host(host), "{host}");
        }
        for host in [
            "sparkpostmail.com.evil.example",
            "notsparkpostmail.com",
            "localhost",
        ] {
            assert!(!is_sparkpost_host(host), "{host}");
        }
    }
}
