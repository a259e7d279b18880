//! What values mean: addresses, sizes, times, and what else a key may want.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::SignedDuration;
use toml::de::DeValue;

use crate::address::Address;

/// Where DNS listens.
const DNS_PORT: u16 = 53;

/// What a value of TOML can be made into.
pub(super) trait Setting: Sized {
    /// What is wanted, in words.
    const WANTED: &'static str;

    /// The value, if it is one.
    fn of(value: &DeValue<'_>) -> Option<Self>;
}

/// A number of octets: `"40MiB"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Octets(pub(super) u64);

/// A time that something may take: `"30s"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Period(pub(super) Duration);

/// A network: `"10.0.0.0/8"`, or a single address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Network(pub(super) IpAddr, pub(super) u8);

/// A name server: `"192.0.2.53"`, with a port or without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DnsServer(pub(super) SocketAddr);

/// The way out for replies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Via {
    /// By SMTP, as the environment says.
    Smtp,
    /// By SparkPost's transmissions API, as the environment says.
    SparkPost,
    /// Into this pickup directory.
    Pickup(PathBuf),
}

impl Via {
    pub(super) fn relative_to(self, directory: &Path) -> Via {
        match self {
            Via::Pickup(path) => Via::Pickup(directory.join(path)),
            via => via,
        }
    }
}

impl Setting for String {
    const WANTED: &'static str = "a text in quotes, which is not empty";

    fn of(value: &DeValue<'_>) -> Option<String> {
        let text = value.as_str()?;
        (!text.is_empty()).then(|| text.to_owned())
    }
}

impl Setting for PathBuf {
    const WANTED: &'static str = "a path in quotes";

    fn of(value: &DeValue<'_>) -> Option<PathBuf> {
        let text = value.as_str()?;
        (!text.is_empty() && !text.contains('\0')).then(|| PathBuf::from(text))
    }
}

impl Setting for bool {
    const WANTED: &'static str = "true or false";

    fn of(value: &DeValue<'_>) -> Option<bool> {
        value.as_bool()
    }
}

/// A count. None of those that the server has makes sense at zero.
impl Setting for u64 {
    const WANTED: &'static str = "a whole number from 1";

    fn of(value: &DeValue<'_>) -> Option<u64> {
        let number = value.as_integer()?;
        let number = u64::from_str_radix(number.as_str(), number.radix()).ok()?;
        (number > 0).then_some(number)
    }
}

impl Setting for SocketAddr {
    const WANTED: &'static str = "an IP address with a port, in quotes";

    fn of(value: &DeValue<'_>) -> Option<SocketAddr> {
        value.as_str()?.parse().ok()
    }
}

impl Setting for DnsServer {
    const WANTED: &'static str = "an IP address with a port or without, in quotes";

    fn of(value: &DeValue<'_>) -> Option<DnsServer> {
        let text = value.as_str()?;
        let alone = || Some(SocketAddr::new(text.parse().ok()?, DNS_PORT));
        text.parse().ok().or_else(alone).map(DnsServer)
    }
}

impl Setting for Network {
    const WANTED: &'static str = "an IP address or a network in quotes";

    fn of(value: &DeValue<'_>) -> Option<Network> {
        let text = value.as_str()?;
        let (address, prefix) = match text.split_once('/') {
            None => (text, None),
            Some((address, prefix)) => (address, Some(prefix)),
        };
        let address: IpAddr = address.parse().ok()?;
        let bits = match address {
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 128,
        };
        let prefix = match prefix {
            None => bits,
            Some(prefix) if prefix.bytes().all(|b| b.is_ascii_digit()) => prefix.parse().ok()?,
            Some(_) => return None,
        };
        (prefix <= bits).then_some(Network(address, prefix))
    }
}

impl Setting for Octets {
    const WANTED: &'static str = "a size from 1 octet, in quotes unless it is in octets";

    fn of(value: &DeValue<'_>) -> Option<Octets> {
        if let Some(number) = u64::of(value) {
            return Some(Octets(number));
        }
        let text = value.as_str()?;
        let unit = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(unit);
        let factor: u64 = match unit.trim_start() {
            "" | "B" => 1,
            "kB" | "KB" => 1_000,
            "MB" => 1_000_000,
            "GB" => 1_000_000_000,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => return None,
        };
        let octets = number.parse::<u64>().ok()?.checked_mul(factor)?;
        (octets > 0).then_some(Octets(octets))
    }
}

impl Setting for Period {
    const WANTED: &'static str = "a time with its unit (ms, s, m, h), in quotes";

    /// A day has no fixed length, so there is none.
    fn of(value: &DeValue<'_>) -> Option<Period> {
        let period: SignedDuration = value.as_str()?.parse().ok()?;
        let period = Duration::try_from(period).ok()?;
        (!period.is_zero()).then_some(Period(period))
    }
}

impl Setting for Address {
    const WANTED: &'static str = "a mail address in quotes";

    fn of(value: &DeValue<'_>) -> Option<Address> {
        Address::parse(value.as_str()?).ok()
    }
}

impl Setting for Via {
    const WANTED: &'static str = "\"smtp\", \"sparkpost\" or \"pickup:DIRECTORY\"";

    fn of(value: &DeValue<'_>) -> Option<Via> {
        match value.as_str()? {
            "smtp" => Some(Via::Smtp),
            "sparkpost" => Some(Via::SparkPost),
            way => {
                let directory = way
                    .strip_prefix("pickup:")
                    .filter(|path| !path.is_empty())?;
                Some(Via::Pickup(PathBuf::from(directory)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: Setting>(toml: &str) -> Option<T> {
        T::of(DeValue::parse(toml).unwrap().get_ref())
    }

    #[test]
    fn sizes_have_units() {
        for (toml, octets) in [
            ("\"40MiB\"", 40 << 20),
            ("\"40 MiB\"", 40 << 20),
            ("\"512KiB\"", 512 << 10),
            ("\"1GiB\"", 1 << 30),
            ("\"2MB\"", 2_000_000),
            ("\"7kB\"", 7_000),
            ("\"100B\"", 100),
            ("\"100\"", 100),
            ("4096", 4096),
            ("0x1000", 4096),
        ] {
            assert_eq!(read(toml), Some(Octets(octets)), "{toml}");
        }
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for toml in [
            "\"40Mib\"",
            "\"40M\"",
            "\"MiB\"",
            "\"-1MiB\"",
            "\"1.5MiB\"",
            "\"0\"",
            "0",
            "-1",
            "1.5",
            "\"18446744073709551615KiB\"",
            "\"99999999999999999999\"",
            "true",
        ] {
            assert_eq!(read::<Octets>(toml), None, "{toml}");
        }
    }

    #[test]
    fn times_have_units() {
        for (toml, milliseconds) in [
            ("\"30s\"", 30_000),
            ("\"500ms\"", 500),
            ("\"1m 30s\"", 90_000),
            ("\"2h\"", 7_200_000),
        ] {
            let period = Period(Duration::from_millis(milliseconds));
            assert_eq!(read(toml), Some(period), "{toml}");
        }
        for toml in [
            "30",
            "\"30\"",
            "\"-30s\"",
            "\"30s ago\"",
            "\"0s\"",
            "\"1 day\"",
            "\"\"",
            "\"soon\"",
        ] {
            assert_eq!(read::<Period>(toml), None, "{toml}");
        }
    }

    #[test]
    fn networks_have_prefixes_that_fit() {
        let network = |text: &str, prefix| Some(Network(text.parse().unwrap(), prefix));
        assert_eq!(read("\"10.0.0.0/8\""), network("10.0.0.0", 8));
        assert_eq!(read("\"192.0.2.1\""), network("192.0.2.1", 32));
        assert_eq!(read("\"2001:db8::/32\""), network("2001:db8::", 32));
        assert_eq!(read("\"0.0.0.0/0\""), network("0.0.0.0", 0));
        for toml in [
            "\"10.0.0.0/33\"",
            "\"10.0.0.0/\"",
            "\"10.0.0.0/+8\"",
            "\"10/8\"",
            "\"proxy\"",
            "8",
        ] {
            assert_eq!(read::<Network>(toml), None, "{toml}");
        }
    }

    #[test]
    fn name_servers_have_the_port_of_dns_unless_they_name_another() {
        let server = |text: &str| Some(DnsServer(text.parse().unwrap()));
        assert_eq!(read("\"192.0.2.53\""), server("192.0.2.53:53"));
        assert_eq!(read("\"2001:db8::53\""), server("[2001:db8::53]:53"));
        assert_eq!(read("\"127.0.0.1:5353\""), server("127.0.0.1:5353"));
        assert_eq!(read::<DnsServer>("\"dns.example.com\""), None);
    }

    #[test]
    fn there_are_three_ways_out() {
        assert_eq!(read("\"smtp\""), Some(Via::Smtp));
        assert_eq!(read("\"sparkpost\""), Some(Via::SparkPost));
        assert_eq!(
            read("\"pickup:/var/spool\""),
            Some(Via::Pickup("/var/spool".into()))
        );
        assert_eq!(read::<Via>("\"pickup:\""), None);
        assert_eq!(read::<Via>("\"SMTP\""), None);
    }

    #[test]
    fn counts_begin_at_one() {
        assert_eq!(read("1_000"), Some(1000u64));
        for toml in ["0", "-1", "\"1\"", "1.0", "99999999999999999999999"] {
            assert_eq!(read::<u64>(toml), None, "{toml}");
        }
    }
}
