//! The configuration of the server: `mailseal.toml`, as values that are what they say.
//!
//! Every key may be left out; what it is then is up to whoever asks, since a flag and the
//! environment come before the file and a default after it. A key that does not exist is an
//! error, because a misspelt one would be a setting that is silently not made.
//!
//! ```
//! use mailseal::config::Config;
//!
//! let text = "listen = \"127.0.0.1:8855\"\n\n[limits]\nbody = \"40MiB\"\nbody-timeout = \"30s\"\n";
//! let config = Config::parse(text, "mailseal.toml".as_ref())?;
//! assert_eq!(config.limits.body, Some(40 << 20));
//!
//! let error = Config::parse("lisen = \"127.0.0.1:8855\"\n", "mailseal.toml".as_ref()).unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "mailseal.toml:1:1: there is no key lisen; did you mean listen?"
//! );
//! # Ok::<(), mailseal::config::Error>(())
//! ```
//!
//! Paths are relative to the directory of the file, so that it means the same wherever the server
//! is started. A secret stands in the file, or in a file of its own that a key ending in `-file`
//! names; it is the caller who reads that.
//!
//! # Not supported
//!
//! Files that include others; variables; the INI syntax of the original's `webapp.ini`, whose keys
//! `x-messagesystems-webhook-token`, `user-certs-dir` and `trusted-certs` keep their names.

mod document;
mod error;
mod nearest;
mod setting;

use std::fs::{self, File};
use std::io::Read as _;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::address::Address;
use crate::secret::Secret;

use self::document::{Document, Table};
use self::setting::{DnsServer, Network, Octets, Period};

pub use self::error::{Error, Place, Warning};
pub use self::setting::Via;

/// The most that is read of a configuration, in octets.
const MAX_FILE: u64 = 1 << 20;

/// What the file says. The names of the fields are those of the keys.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Config {
    /// The token that SparkPost sends along: `x-messagesystems-webhook-token`.
    pub webhook_token: Option<SecretSource>,
    /// The store: a directory with a certificate for each address.
    pub user_certs_dir: Option<PathBuf>,
    /// Files or directories of certificates to trust.
    pub trusted_certs: Option<Vec<PathBuf>>,
    /// Where the webhook listens.
    pub listen: Option<Vec<SocketAddr>>,
    /// Where messages wait that have been answered and not yet been judged.
    pub spool_dir: Option<PathBuf>,
    /// `always`, `same-issuer` or `manual`.
    pub replacement: Option<&'static str>,
    /// `strict` or `relaxed`.
    pub alignment: Option<&'static str>,
    /// Networks whose `Forwarded` and `X-Forwarded-For` are believed: address and length of the
    /// prefix in bits.
    pub trusted_proxies: Option<Vec<(IpAddr, u8)>>,
    /// Whether algorithms are taken that are no longer safe.
    pub allow_legacy: Option<bool>,
    /// `[tls]`: HTTPS, if it is there.
    pub tls: Option<Tls>,
    /// `[dns]`
    pub dns: Dns,
    /// `[log]`
    pub log: Log,
    /// `[limits]`
    pub limits: Limits,
    /// `[admin]`
    pub admin: Admin,
    /// `[raw]`: the bearer token of `POST /raw`, which is off without it.
    pub raw: Option<SecretSource>,
    /// `[mailgun]`: the key that its webhooks are signed with.
    pub mailgun: Option<SecretSource>,
    /// `[postmark]`
    pub postmark: Option<Basic>,
    /// `[sendgrid]`
    pub sendgrid: Option<Basic>,
    /// `[revocation]`
    pub revocation: Revocation,
    /// `[reply]`: senders are answered, if it is there.
    pub reply: Option<Reply>,
}

/// Where a secret is.
#[derive(Debug, Clone)]
pub enum SecretSource {
    /// In the configuration itself.
    Inline(Secret),
    /// In a file that holds nothing else.
    File(PathBuf),
}

/// The certificate that HTTPS is served with.
#[derive(Debug, Clone)]
pub struct Tls {
    /// Certificates in PEM, the server's first.
    pub cert: PathBuf,
    /// Its private key in PEM.
    pub key: PathBuf,
}

/// Whom to ask for the keys of DKIM.
#[derive(Debug, Clone, Default)]
pub struct Dns {
    /// A JSON object {name: TXT record} in place of the network.
    pub static_records: Option<PathBuf>,
    /// Servers in place of those of the system.
    pub servers: Option<Vec<SocketAddr>>,
}

/// What is written down, and where.
#[derive(Debug, Clone, Default)]
pub struct Log {
    /// The file that is turned over at midnight.
    pub file: Option<PathBuf>,
    /// `text` or `json`.
    pub format: Option<&'static str>,
    /// `debug`, `info`, `warning` or `error`.
    pub level: Option<&'static str>,
    /// Whether standard error gets the lines as well.
    pub stderr: Option<bool>,
}

/// What a stranger may use of us.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// The octets of a request's body.
    pub body: Option<u64>,
    /// Until the header of a request is there.
    pub header_timeout: Option<Duration>,
    /// Until its body is there.
    pub body_timeout: Option<Duration>,
    /// How long a connection may wait for its next request.
    pub keep_alive: Option<Duration>,
    /// Messages that wait.
    pub spool_messages: Option<u64>,
    /// Their octets in all: `spool-bytes`.
    pub spool_octets: Option<u64>,
    /// Connections at a time.
    pub connections: Option<u64>,
    /// Messages that are judged at a time.
    pub workers: Option<u64>,
}

/// The page of the operator.
#[derive(Debug, Clone, Default)]
pub struct Admin {
    /// Where it listens: the loopback, if anybody asks.
    pub listen: Option<SocketAddr>,
    /// The token to log in with. Without it there are no pages but those for machines.
    pub token: Option<SecretSource>,
    /// Names that the page may be called by beside those of the loopback.
    pub hosts: Option<Vec<String>>,
}

/// User and password of HTTP's basic authentication (RFC 7617).
#[derive(Debug, Clone)]
pub struct Basic {
    /// The user.
    pub user: String,
    /// The password.
    pub password: SecretSource,
}

/// What is asked about revocation.
#[derive(Debug, Clone, Default)]
pub struct Revocation {
    /// `off`, `soft` or `hard`.
    pub mode: Option<&'static str>,
    /// Whether the addresses that certificates name are asked.
    pub fetch: Option<bool>,
    /// Where the answers are kept.
    pub cache: Option<PathBuf>,
}

/// How senders are answered.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The author of the answers, whose key signs them.
    pub from: Address,
    /// The directory with that key.
    pub keys: Option<PathBuf>,
    /// The way out.
    pub via: Via,
    /// The file that remembers who was answered when.
    pub record: Option<PathBuf>,
    /// The template for a certificate that was stored.
    pub stored_template: Option<PathBuf>,
    /// The template for one that was refused.
    pub refused_template: Option<PathBuf>,
}

impl Config {
    /// Reads a file. What is dangerous in it and no error comes as warnings.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, and what [`Config::parse`] finds.
    pub fn read(path: &Path) -> Result<(Config, Vec<Warning>), Error> {
        let unreadable = |source| Error::Unreadable {
            path: path.to_owned(),
            source: Arc::new(source),
        };
        let file = File::open(path).map_err(unreadable)?;
        let mut text = String::new();
        let limited = &mut (&file).take(MAX_FILE + 1);
        limited.read_to_string(&mut text).map_err(unreadable)?;
        if text.len() as u64 > MAX_FILE {
            return Err(Error::TooLarge {
                path: path.to_owned(),
                limit: MAX_FILE,
            });
        }
        let config = Config::parse(&text, path)?;
        let warnings = config.warnings(path);
        Ok((config, warnings))
    }

    /// Reads a text that stands in the file of this path.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong with it, and where.
    pub fn parse(text: &str, path: &Path) -> Result<Config, Error> {
        let document = Document::new(text, path);
        let config = Config::of(&document)?;
        document.only_known_keys()?;
        Ok(config)
    }

    fn of(document: &Document<'_>) -> Result<Config, Error> {
        let root = document.root()?;
        Ok(Config {
            webhook_token: root.secret("x-messagesystems-webhook-token")?,
            user_certs_dir: root.path("user-certs-dir", "\"certs\"")?,
            trusted_certs: root.paths("trusted-certs", "\"/etc/ssl/certs/ca-certificates.crt\"")?,
            listen: root.several("listen", "\"127.0.0.1:8855\"")?,
            spool_dir: root.path("spool-dir", "\"spool\"")?,
            replacement: root.word("replacement", &["always", "same-issuer", "manual"])?,
            alignment: root.word("alignment", &["strict", "relaxed"])?,
            trusted_proxies: root
                .several("trusted-proxies", "[\"127.0.0.1\", \"10.0.0.0/8\"]")?
                .map(|networks| networks.into_iter().map(|Network(a, b)| (a, b)).collect()),
            allow_legacy: root.value("allow-legacy", "false")?,
            tls: Tls::of(&root.table("tls")?)?,
            dns: Dns::of(&root.table("dns")?)?,
            log: Log::of(&root.table("log")?)?,
            limits: Limits::of(&root.table("limits")?)?,
            admin: Admin::of(&root.table("admin")?)?,
            raw: required_secret(&root.table("raw")?, "token")?,
            mailgun: required_secret(&root.table("mailgun")?, "signing-key")?,
            postmark: Basic::of(&root.table("postmark")?)?,
            sendgrid: Basic::of(&root.table("sendgrid")?)?,
            revocation: Revocation::of(&root.table("revocation")?)?,
            reply: Reply::of(&root.table("reply")?)?,
        })
    }

    /// Files with secrets that anybody may read. What cannot be looked at is told when it is read.
    fn warnings(&self, path: &Path) -> Vec<Warning> {
        let basics = [&self.postmark, &self.sendgrid];
        let basics = basics.map(|basic| basic.as_ref().map(|basic| &basic.password));
        let secrets = [
            self.webhook_token.as_ref(),
            self.admin.token.as_ref(),
            self.raw.as_ref(),
            self.mailgun.as_ref(),
        ];
        let mut files: Vec<&Path> = secrets
            .into_iter()
            .chain(basics)
            .flatten()
            .map(|secret| match secret {
                SecretSource::Inline(_) => path,
                SecretSource::File(file) => file,
            })
            .chain(self.tls.as_ref().map(|tls| tls.key.as_path()))
            .collect();
        files.sort_unstable();
        files.dedup();
        files.retain(|file| is_readable_by_all(file));
        let warning = |file: &Path| Warning::ReadableByAll {
            path: file.to_owned(),
        };
        files.into_iter().map(warning).collect()
    }
}

fn is_readable_by_all(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o004 != 0)
}

/// The secret that a table is for: there is no sense in the table without it.
fn required_secret(table: &Table<'_>, key: &'static str) -> Result<Option<SecretSource>, Error> {
    let secret = table.secret(key)?;
    match table.is_there() {
        true => Ok(Some(table.required(secret, key)?)),
        false => Ok(None),
    }
}

impl Tls {
    fn of(table: &Table<'_>) -> Result<Option<Tls>, Error> {
        let cert = table.path("cert", "\"server.crt\"")?;
        let key = table.path("key", "\"server.key\"")?;
        if !table.is_there() {
            return Ok(None);
        }
        Ok(Some(Tls {
            cert: table.required(cert, "cert")?,
            key: table.required(key, "key")?,
        }))
    }
}

impl Dns {
    fn of(table: &Table<'_>) -> Result<Dns, Error> {
        let servers: Option<Vec<DnsServer>> =
            table.several("servers", "[\"192.0.2.53\", \"[2001:db8::53]:5353\"]")?;
        Ok(Dns {
            static_records: table.path("static", "\"dns.json\"")?,
            servers: servers.map(|servers| servers.into_iter().map(|DnsServer(at)| at).collect()),
        })
    }
}

impl Log {
    fn of(table: &Table<'_>) -> Result<Log, Error> {
        Ok(Log {
            file: table.path("file", "\"webapp.log\"")?,
            format: table.word("format", &["text", "json"])?,
            level: table.word("level", &["debug", "info", "warning", "error"])?,
            stderr: table.value("stderr", "true")?,
        })
    }
}

impl Limits {
    fn of(table: &Table<'_>) -> Result<Limits, Error> {
        let octets = |value: Option<Octets>| value.map(|Octets(octets)| octets);
        let period = |value: Option<Period>| value.map(|Period(period)| period);
        Ok(Limits {
            body: octets(table.value("body", "\"40MiB\"")?),
            header_timeout: period(table.value("header-timeout", "\"10s\"")?),
            body_timeout: period(table.value("body-timeout", "\"1m\"")?),
            keep_alive: period(table.value("keep-alive", "\"30s\"")?),
            spool_messages: table.value("spool-messages", "100000")?,
            spool_octets: octets(table.value("spool-bytes", "\"4GiB\"")?),
            connections: table.value("connections", "1024")?,
            workers: table.value("workers", "4")?,
        })
    }
}

impl Admin {
    fn of(table: &Table<'_>) -> Result<Admin, Error> {
        Ok(Admin {
            listen: table.value("listen", "\"127.0.0.1:8856\"")?,
            token: table.secret("token")?,
            hosts: table.several("hosts", "[\"mailseal.internal.example\"]")?,
        })
    }
}

impl Basic {
    fn of(table: &Table<'_>) -> Result<Option<Basic>, Error> {
        let user: Option<String> = table.value("user", "\"webhook\"")?;
        let password = table.secret("password")?;
        if !table.is_there() {
            return Ok(None);
        }
        Ok(Some(Basic {
            user: table.required(user, "user")?,
            password: table.required(password, "password")?,
        }))
    }
}

impl Revocation {
    fn of(table: &Table<'_>) -> Result<Revocation, Error> {
        Ok(Revocation {
            mode: table.word("mode", &["off", "soft", "hard"])?,
            fetch: table.value("fetch", "true")?,
            cache: table.path("cache", "\"cache\"")?,
        })
    }
}

impl Reply {
    fn of(table: &Table<'_>) -> Result<Option<Reply>, Error> {
        let from: Option<Address> = table.value("from", "\"certificates@example.com\"")?;
        let via: Option<Via> = table.value("via", "\"smtp\"")?;
        let keys = table.path("keys", "\"keys\"")?;
        let record = table.path("record", "\"replies.json\"")?;
        let stored_template = table.path("stored-template", "\"stored.txt\"")?;
        let refused_template = table.path("refused-template", "\"refused.txt\"")?;
        if !table.is_there() {
            return Ok(None);
        }
        Ok(Some(Reply {
            from: table.required(from, "from")?,
            via: table.required(via, "via")?.relative_to(table.directory()),
            keys,
            record,
            stored_template,
            refused_template,
        }))
    }
}

#[cfg(test)]
mod tests;
