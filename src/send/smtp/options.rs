//! How to reach a server and what to ask of it.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::secret::Secret;
use crate::trust::Trust;

/// Everything an SMTP session needs to know. Only the host has no default.
#[derive(Debug, Clone)]
pub struct Options {
    /// A name or an address literal without brackets.
    pub host: String,
    /// 25, as in the original tool.
    pub port: u16,
    /// `None` takes the default of [`Options::tls_mode`].
    pub tls: Option<TlsMode>,
    /// Whose certificates are believed.
    pub trust: Arc<Trust>,
    /// AUTH PLAIN or LOGIN.
    pub credentials: Option<Credentials>,
    /// What EHLO says. `None` takes the address literal of our end, as RFC 5321 4.1.4 asks of a
    /// client that has no name of its own.
    pub hello_name: Option<String>,
    /// Delivery status notifications; `None` leaves them to the server.
    pub dsn: Option<Dsn>,
    /// How often a message or connection is tried again after a temporary failure.
    pub retries: u32,
    /// Messages after which a new connection is made; SparkPost allows 100.
    pub messages_per_connection: u32,
    /// How long each step may take.
    pub timeouts: Timeouts,
}

impl Options {
    /// The defaults for a host: port 25, no AUTH, three retries, 100 messages a connection.
    pub fn new(host: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            port: 25,
            tls: None,
            trust: Arc::new(Trust::platform()),
            credentials: None,
            hello_name: None,
            dsn: None,
            retries: 3,
            messages_per_connection: 100,
            timeouts: Timeouts::default(),
        }
    }

    /// The TLS mode that holds.
    ///
    /// By default STARTTLS is used when it is offered, and required when there are credentials.
    /// On the loopback, where nobody listens and where mail servers show certificates that no
    /// authority signed, it is by default used only when there are credentials or a file of roots,
    /// and never required. Wherever TLS is used, the certificate is checked and must hold.
    pub fn tls_mode(&self) -> TlsMode {
        let (loopback, login) = (is_loopback(&self.host), self.credentials.is_some());
        match (self.tls, loopback) {
            (None | Some(TlsMode::Opportunistic), false) if login => TlsMode::Required,
            (None, true) if !login && !self.trust.is_file() => TlsMode::None,
            (None, _) => TlsMode::Opportunistic,
            (Some(mode), _) => mode,
        }
    }

    /// Whether AUTH would show the password to the network.
    pub(super) fn is_login_exposed(&self) -> bool {
        self.credentials.is_some() && self.tls_mode() == TlsMode::None && !is_loopback(&self.host)
    }
}

/// When the connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsMode {
    /// Never.
    None,
    /// By STARTTLS when the server offers it.
    Opportunistic,
    /// By STARTTLS, or not at all.
    Required,
    /// From the first octet, as on port 465 (RFC 8314).
    Implicit,
}

/// A user and a password. Neither is shown by `Debug`.
#[derive(Clone)]
pub struct Credentials {
    /// The authentication identity.
    pub user: String,
    /// The password.
    pub password: Secret,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Credentials")
            .finish_non_exhaustive()
    }
}

/// Delivery status notifications: RFC 3461.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dsn {
    /// NOTIFY: when to be notified; `None` leaves it to the server.
    pub notify: Option<Notify>,
    /// RET: how much of the message comes back.
    pub return_content: Option<ReturnContent>,
    /// ENVID: printable ASCII, at most 100 characters before encoding.
    pub envelope_id: Option<String>,
}

/// When a notification is wanted: RFC 3461 4.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notify {
    /// In no case.
    Never,
    /// In these.
    On {
        /// When delivered.
        success: bool,
        /// When it failed for good.
        failure: bool,
        /// When it takes long.
        delay: bool,
    },
}

impl fmt::Display for Notify {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::On {
            success,
            failure,
            delay,
        } = *self
        else {
            return formatter.write_str("NEVER");
        };
        let cases = [(success, "SUCCESS"), (failure, "FAILURE"), (delay, "DELAY")];
        let wanted: Vec<_> = cases
            .iter()
            .filter(|(on, _)| *on)
            .map(|(_, word)| *word)
            .collect();
        match wanted.is_empty() {
            true => formatter.write_str("NEVER"),
            false => formatter.write_str(&wanted.join(",")),
        }
    }
}

/// How much of the message a notification brings back: RFC 3461 4.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnContent {
    /// All of it.
    Full,
    /// Its header.
    Headers,
}

impl fmt::Display for ReturnContent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Full => "FULL",
            Self::Headers => "HDRS",
        })
    }
}

/// How long to wait for the other side: RFC 5321 4.5.3.2, but for the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For each address to connect to: 30 s.
    pub connect: Duration,
    /// For the greeting and for each command: 5 min.
    pub command: Duration,
    /// For each block of the message to be taken: 3 min.
    pub data_block: Duration,
    /// For the answer to the message: 10 min.
    pub data_end: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            command: Duration::from_secs(5 * 60),
            data_block: Duration::from_secs(3 * 60),
            data_end: Duration::from_secs(10 * 60),
        }
    }
}

/// Whether a host is this machine by its very name; no resolver is asked, for it may be lied to.
pub(crate) fn is_loopback(host: &str) -> bool {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    match bare.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        // RFC 6761 6.3: localhost and the names below it.
        Err(_) => {
            let name = bare.strip_suffix('.').unwrap_or(bare).to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(host: &str, tls: Option<TlsMode>, login: bool) -> TlsMode {
        let credentials = login.then(|| Credentials {
            user: "u".into(),
            password: Secret::from_string("p".into()),
        });
        Options {
            tls,
            credentials,
            ..Options::new(host)
        }
        .tls_mode()
    }

    #[test]
    fn starttls_is_required_with_credentials_except_on_the_loopback() {
        assert_eq!(mode("mx.example", None, false), TlsMode::Opportunistic);
        assert_eq!(mode("mx.example", None, true), TlsMode::Required);
        assert_eq!(
            mode("mx.example", Some(TlsMode::Opportunistic), true),
            TlsMode::Required
        );
        assert_eq!(mode("localhost", None, true), TlsMode::Opportunistic);
        assert_eq!(mode("127.0.0.1", None, false), TlsMode::None);
        assert_eq!(
            mode("::1", Some(TlsMode::Required), false),
            TlsMode::Required
        );
    }

    #[test]
    fn only_names_that_must_be_loopback_count_as_such() {
        for host in [
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "127.8.9.1",
            "::1",
            "[::1]",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "localhost.example",
            "127.0.0.1.example",
            "128.0.0.1",
            "notlocalhost",
            "",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn credentials_do_not_print() {
        let credentials = Credentials {
            user: "alice".into(),
            password: Secret::from_string("hunter2".into()),
        };
        assert_eq!(format!("{credentials:?}"), "Credentials { .. }");
    }
}
