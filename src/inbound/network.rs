//! Networks in CIDR notation (RFC 4632 3.1, RFC 4291 2.3).

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// An address and how many of its leading bits the addresses of the network share.
///
/// ```
/// use mailseal::inbound::network::Network;
///
/// let network: Network = "192.0.2.0/24".parse()?;
/// assert!(network.contains("192.0.2.7".parse()?));
/// assert!(!network.contains("192.0.3.7".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// What is no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// Before the slash stands no IP address.
    #[error("{0:?} is no IP address, nor one with a prefix length as in 192.0.2.0/24")]
    Address(String),
    /// After the slash stands no number, or one that the address has not as many bits as.
    #[error("{0:?} is no prefix length of an address of {1} bits")]
    Prefix(String, u8),
    /// 192.0.2.7/24: is the host meant, or the network?
    #[error("{0} has bits beyond its prefix; the network is {1}")]
    HostBits(String, Network),
}

impl Network {
    /// Whether an address is one of the network. IPv4 addresses mapped into IPv6 (RFC 4291
    /// 2.5.5.2) are taken for what they are.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4() && masked(address, self.prefix) == self.address
    }
}

/// The address with all bits after the prefix cleared.
fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            IpAddr::V4((u32::from(address) & mask).into())
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            IpAddr::V6((u128::from(address) & mask).into())
        }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Network, NetworkError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address
            .parse()
            .map_err(|_| NetworkError::Address(text.to_owned()))?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => bits,
            Some(digits) => digits
                .parse()
                .ok()
                .filter(|prefix| *prefix <= bits)
                .ok_or_else(|| NetworkError::Prefix(digits.to_owned(), bits))?,
        };
        let network = Network {
            address: masked(address, prefix),
            prefix,
        };
        match network.address == address {
            true => Ok(network),
            false => Err(NetworkError::HostBits(text.to_owned(), network)),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(network: &str, address: &str) -> bool {
        let network: Network = network.parse().unwrap();
        network.contains(address.parse().unwrap())
    }

    #[test]
    fn first_and_last_address_are_inside_and_their_neighbours_are_not() {
        for (network, first, last, before, after) in [
            (
                "10.1.0.0/16",
                "10.1.0.0",
                "10.1.255.255",
                "10.0.255.255",
                "10.2.0.0",
            ),
            (
                "192.0.2.4/30",
                "192.0.2.4",
                "192.0.2.7",
                "192.0.2.3",
                "192.0.2.8",
            ),
            (
                "192.0.2.7",
                "192.0.2.7",
                "192.0.2.7",
                "192.0.2.6",
                "192.0.2.8",
            ),
            (
                "2001:db8::/32",
                "2001:db8::",
                "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
                "2001:db7:ffff::",
                "2001:db9::",
            ),
        ] {
            assert!(
                contains(network, first) && contains(network, last),
                "{network}"
            );
            assert!(
                !contains(network, before) && !contains(network, after),
                "{network}"
            );
        }
    }

    #[test]
    fn network_of_no_bits_has_all_addresses_of_its_kind() {
        assert!(contains("0.0.0.0/0", "203.0.113.9"));
        assert!(contains("::/0", "2001:db8::1"));
        assert!(!contains("::/0", "203.0.113.9"));
    }

    #[test]
    fn mapped_address_is_an_ipv4_address() {
        assert!(contains("127.0.0.0/8", "::ffff:127.0.0.1"));
        assert!(!contains("127.0.0.0/8", "::127.0.0.1"));
    }

    #[test]
    fn what_is_no_network_is_refused_with_the_network_that_may_be_meant() {
        for (text, error) in [
            (
                "localhost",
                "\"localhost\" is no IP address, nor one with a prefix length as in 192.0.2.0/24",
            ),
            (
                "192.0.2.0/33",
                "\"33\" is no prefix length of an address of 32 bits",
            ),
            (
                "192.0.2.0/",
                "\"\" is no prefix length of an address of 32 bits",
            ),
            (
                "192.0.2.7/24",
                "192.0.2.7/24 has bits beyond its prefix; the network is 192.0.2.0/24",
            ),
        ] {
            assert_eq!(text.parse::<Network>().unwrap_err().to_string(), error);
        }
    }
}
