//! The flags about whom to ask for the keys of DKIM signatures.

use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use clap::Args;
use mailseal::dkim::{DnsResolver, Resolver, StaticRecords};

use super::failure::{Code, Failure, causes};
use super::input::plain;

/// Where DNS listens.
const PORT: u16 = 53;

/// Whom to ask.
#[derive(Debug, Clone, Args)]
pub(super) struct DnsArguments {
    /// JSON object {name: TXT record} to look keys up in, in place of the network
    #[arg(long, value_name = "FILE", conflicts_with = "dns_server")]
    dns: Option<PathBuf>,
    /// DNS server to ask (may be repeated) [default: those of the system]
    #[arg(long, value_name = "IP[:PORT]", value_parser = server)]
    dns_server: Vec<SocketAddr>,
}

impl DnsArguments {
    /// Whether the flags name anybody.
    pub(super) fn is_given(&self) -> bool {
        self.dns.is_some() || !self.dns_server.is_empty()
    }

    pub(super) fn resolve(&self) -> Result<Box<dyn Resolver + Send + Sync>, Failure> {
        if let Some(path) = &self.dns {
            return Ok(Box::new(table(path)?));
        }
        let resolver = match &self.dns_server[..] {
            [] => DnsResolver::of_system(),
            servers => DnsResolver::with_servers(servers),
        };
        let resolver = resolver.map_err(|error| {
            Failure::new(Code::Config, causes(&error))
                .hint("name a server with --dns-server, or give the keys with --dns FILE")
        })?;
        Ok(Box::new(resolver))
    }
}

fn table(path: &Path) -> Result<StaticRecords, Failure> {
    let octets = fs::read(path).map_err(|error| {
        let code = match error.kind() {
            io::ErrorKind::PermissionDenied => Code::NoPermission,
            _ => Code::NoInput,
        };
        Failure::new(code, format!("cannot read it: {}", plain(&error)))
            .hint("--dns takes a JSON object {name: TXT record}")
            .about(path.display())
    })?;
    StaticRecords::from_json(&octets).map_err(|error| {
        Failure::new(Code::Config, causes(&error))
            .hint("write it as in: {\"selector._domainkey.example.com\": \"v=DKIM1; p=…\"}")
            .about(path.display())
    })
}

/// An address with or without a port.
fn server(text: &str) -> Result<SocketAddr, String> {
    let with_port = text.parse::<SocketAddr>();
    let alone = |_| text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, PORT));
    with_port.or_else(alone).map_err(|_| {
        "write it as in: 192.0.2.1, 192.0.2.1:5353, 2001:db8::1 or [2001:db8::1]:5353".into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_addresses_with_or_without_a_port() {
        for (text, address) in [
            ("192.0.2.1", "192.0.2.1:53"),
            ("192.0.2.1:5353", "192.0.2.1:5353"),
            ("2001:db8::1", "[2001:db8::1]:53"),
            ("[2001:db8::1]:5353", "[2001:db8::1]:5353"),
        ] {
            assert_eq!(server(text).unwrap().to_string(), address);
        }
        for text in [
            "",
            "dns.example",
            "192.0.2.1:",
            "192.0.2.1:99999",
            "[2001:db8::1]",
        ] {
            assert!(server(text).is_err(), "{text}");
        }
    }
}
