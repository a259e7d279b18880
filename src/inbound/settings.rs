//! How the server is set up: plain values, whoever read them from where.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::network::Network;
use crate::secret::Secret;

/// What the server listens to, whom it believes, and how much it takes.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens, unless it is handed sockets that are bound already.
    pub listen: Vec<SocketAddr>,
    /// Certificate and key; without them it speaks plain HTTP, to a proxy in front of it.
    pub tls: Option<TlsFiles>,
    /// What SparkPost has to send in `X-MessageSystems-Webhook-Token`; without one, nothing.
    pub token: Option<Secret>,
    /// Whose word on the peer's address is taken.
    pub trusted_proxies: Vec<Network>,
    /// How much it takes.
    pub limits: Limits,
    /// How many threads speak HTTP. One does thousands of requests a second.
    pub threads: usize,
    /// The bearer token of `POST /raw`, which there is only with one.
    pub raw: Option<Secret>,
    /// The HTTP webhook signing key of `POST /mailgun/mime`, which there is only with one.
    pub mailgun: Option<Secret>,
    /// User and password of `POST /postmark`, which there is only with them.
    pub postmark: Option<Basic>,
    /// User and password of `POST /sendgrid`, which there is only with them.
    pub sendgrid: Option<Basic>,
}

impl Default for Settings {
    /// Port 8855 of the loopback address, no token, no adapters.
    fn default() -> Settings {
        Settings {
            listen: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 8855))],
            tls: None,
            token: None,
            trusted_proxies: Vec::new(),
            limits: Limits::default(),
            threads: 1,
            raw: None,
            mailgun: None,
            postmark: None,
            sendgrid: None,
        }
    }
}

/// The files that HTTPS needs, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, then its intermediates.
    pub certificate: PathBuf,
    /// The private key, not encrypted: PKCS#8, PKCS#1 or SEC1.
    pub key: PathBuf,
}

/// A user's name and password (RFC 7617).
#[derive(Debug, Clone)]
pub struct Basic {
    /// The name, which has no colon in it.
    pub user: String,
    /// The password.
    pub password: Secret,
}

/// What one peer, and all of them together, may take up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many octets the body of a request may have.
    pub body: usize,
    /// How long the head of a request may take, and a TLS handshake; half a second more or less.
    pub header_timeout: Duration,
    /// How long the body of a request may take.
    pub body_timeout: Duration,
    /// How long a connection may lie idle between two requests.
    pub keep_alive: Duration,
    /// How many messages may wait.
    pub spool_messages: usize,
    /// How many octets the messages that wait may have.
    pub spool_octets: u64,
    /// How many connections may be open at once.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            // The service takes mail of 20 MB; base64 and JSON's escapes make more of it.
            body: 40 << 20,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(60),
            keep_alive: Duration::from_secs(30),
            spool_messages: 100_000,
            spool_octets: 4 << 30,
            connections: 1024,
        }
    }
}
