//! Addresses that are not on the public Internet: IANA's special-purpose registries (RFC 6890),
//! multicast, and what has been allotted to nobody.
//!
//! Some entries of the registries are reachable from everywhere, such as single anycast addresses
//! within 192.0.0.0/24 and 2001::/23. No list of revoked certificates is there, and whole blocks
//! are refused.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A block of addresses that nothing is fetched from.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// For IPv4 the last 32 bits.
    first: u128,
    length: u32,
    /// What it is, to stand behind "is".
    pub(super) what: &'static str,
}

const fn v4(address: [u8; 4], length: u32, what: &'static str) -> Block {
    Block {
        first: u32::from_be_bytes(address) as u128,
        length,
        what,
    }
}

/// By the first 64 bits.
const fn v6(address: u64, length: u32, what: &'static str) -> Block {
    Block {
        first: (address as u128) << 64,
        length,
        what,
    }
}

const V4: [Block; 17] = [
    v4([0, 0, 0, 0], 8, "of this network"), // RFC 791 3.2
    v4([10, 0, 0, 0], 8, "private"),        // RFC 1918
    v4([100, 64, 0, 0], 10, "of a carrier's network"), // RFC 6598
    v4([127, 0, 0, 0], 8, "this host's own"), // RFC 1122 3.2.1.3
    v4([168, 63, 129, 16], 32, "Azure's host agent"), // Microsoft's; public by its number only
    v4([169, 254, 0, 0], 16, "link-local"), // RFC 3927
    v4([172, 16, 0, 0], 12, "private"),     // RFC 1918
    v4([192, 0, 0, 0], 24, "for protocols"), // RFC 6890 2.1
    v4([192, 0, 2, 0], 24, "for documentation"), // RFC 5737
    v4([192, 88, 99, 0], 24, "of a 6to4 relay"), // RFC 7526
    v4([192, 168, 0, 0], 16, "private"),    // RFC 1918
    v4([198, 18, 0, 0], 15, "for benchmarks"), // RFC 2544
    v4([198, 51, 100, 0], 24, "for documentation"), // RFC 5737
    v4([203, 0, 113, 0], 24, "for documentation"), // RFC 5737
    v4([224, 0, 0, 0], 4, "multicast"),     // RFC 5771
    v4([255, 255, 255, 255], 32, "the broadcast address"), // RFC 919 7
    v4([240, 0, 0, 0], 4, "reserved"),      // RFC 1112 4
];

// The first that fits is told, so what lies within another stands before it.
const V6: [Block; 17] = [
    Block {
        first: 1,
        length: 128,
        what: "this host's own", // RFC 4291 2.5.3
    },
    v6(0, 96, "unspecified or IPv4-compatible"), // RFC 4291 2.5.2, 2.5.5.1
    v6(0x0064_ff9b_0001_0000, 48, "translated within a network"), // RFC 8215
    v6(0x0100_0000_0000_0000, 64, "where packets are dropped"), // RFC 6666
    v6(0x2001_0000_0000_0000, 23, "for protocols"), // RFC 2928; Teredo: RFC 4380
    v6(0x2001_0db8_0000_0000, 32, "for documentation"), // RFC 3849
    v6(0x2002_0000_0000_0000, 16, "6to4"),       // RFC 3056
    v6(0x3fff_0000_0000_0000, 20, "for documentation"), // RFC 9637
    v6(0x5f00_0000_0000_0000, 16, "for segment routing"), // RFC 9602
    v6(0xfc00_0000_0000_0000, 7, "private"),     // RFC 4193
    v6(0xfe80_0000_0000_0000, 10, "link-local"), // RFC 4291 2.5.6
    v6(0xfec0_0000_0000_0000, 10, "site-local"), // RFC 3879
    v6(0xff00_0000_0000_0000, 8, "multicast"),   // RFC 4291 2.7
    // Global unicast addresses are given out of 2000::/3 alone (IANA's IPv6 address space).
    v6(0, 3, "not in use"),
    v6(0x4000_0000_0000_0000, 2, "not in use"),
    v6(0x8000_0000_0000_0000, 2, "not in use"),
    v6(0xc000_0000_0000_0000, 2, "not in use"),
];

/// RFC 4291 2.5.5.2, ::ffff:0:0/96
const MAPPED: u128 = 0xffff << 32;

/// RFC 6052 2.1, 64:ff9b::/96
const TRANSLATED: u128 = 0x0064_ff9b << 96;

/// The block that an address is in, if it is not public. Where an IPv6 address stands for an IPv4
/// address, that is judged.
pub(super) fn block_of(address: IpAddr) -> Option<&'static Block> {
    match address {
        IpAddr::V4(address) => block_of_v4(address),
        IpAddr::V6(address) => block_of_v6(address),
    }
}

fn block_of_v4(address: Ipv4Addr) -> Option<&'static Block> {
    let bits = u32::from(address).into();
    V4.iter().find(|block| block.contains(bits, 32))
}

fn block_of_v6(address: Ipv6Addr) -> Option<&'static Block> {
    const LOW: u128 = 0xffff_ffff;
    let bits = u128::from(address);
    match bits & !LOW {
        MAPPED | TRANSLATED => {
            let [.., a, b, c, d] = address.octets();
            block_of_v4(Ipv4Addr::new(a, b, c, d))
        }
        _ => V6.iter().find(|block| block.contains(bits, 128)),
    }
}

impl Block {
    fn contains(&self, bits: u128, width: u32) -> bool {
        // Of a block of all addresses there is none in the tables.
        (bits ^ self.first) >> (width - self.length) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(address: &str) -> Option<&'static str> {
        block_of(address.parse().unwrap()).map(|block| block.what)
    }

    /// First and last address of each block, and what it is.
    const BLOCKS: &str = "\
        0.0.0.0 0.255.255.255 of this network
        10.0.0.0 10.255.255.255 private
        100.64.0.0 100.127.255.255 of a carrier's network
        127.0.0.0 127.255.255.255 this host's own
        168.63.129.16 168.63.129.16 Azure's host agent
        169.254.0.0 169.254.255.255 link-local
        172.16.0.0 172.31.255.255 private
        192.0.0.0 192.0.0.255 for protocols
        192.0.2.0 192.0.2.255 for documentation
        192.88.99.0 192.88.99.255 of a 6to4 relay
        192.168.0.0 192.168.255.255 private
        198.18.0.0 198.19.255.255 for benchmarks
        198.51.100.0 198.51.100.255 for documentation
        203.0.113.0 203.0.113.255 for documentation
        224.0.0.0 239.255.255.255 multicast
        240.0.0.0 255.255.255.254 reserved
        255.255.255.255 255.255.255.255 the broadcast address
        ::1 ::1 this host's own
        ::2 ::ffff:ffff unspecified or IPv4-compatible
        64:ff9b:1:: 64:ff9b:1:ffff:ffff:ffff:ffff:ffff translated within a network
        100:: 100::ffff:ffff:ffff:ffff where packets are dropped
        2001:: 2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff for protocols
        2001:db8:: 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff for documentation
        2002:: 2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff 6to4
        3fff:: 3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff for documentation
        5f00:: 5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff for segment routing
        fc00:: fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff private
        fe80:: febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff link-local
        fec0:: feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff site-local
        ff00:: ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff multicast
        100:0:0:1:: 1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff not in use
        4000:: 5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff not in use
        5f01:: fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff not in use
    ";

    #[test]
    fn a_block_ends_where_the_registry_says() {
        let before = |address: IpAddr| match address {
            IpAddr::V4(v4) => Ipv4Addr::from(u32::from(v4).wrapping_sub(1)).into(),
            IpAddr::V6(v6) => Ipv6Addr::from(u128::from(v6).wrapping_sub(1)).into(),
        };
        let after = |address: IpAddr| match address {
            IpAddr::V4(v4) => Ipv4Addr::from(u32::from(v4).wrapping_add(1)).into(),
            IpAddr::V6(v6) => Ipv6Addr::from(u128::from(v6).wrapping_add(1)).into(),
        };
        for line in BLOCKS
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
        {
            let [first, last, name] = line.splitn(3, ' ').collect::<Vec<_>>().try_into().unwrap();
            assert_eq!(
                (what(first), what(last)),
                (Some(name), Some(name)),
                "{line}"
            );
            let (first, last) = (first.parse().unwrap(), last.parse().unwrap());
            let neighbours: [IpAddr; 2] = [before(first), after(last)];
            for neighbour in neighbours {
                let of_neighbour = block_of(neighbour);
                assert_ne!(
                    of_neighbour.map(|block| block.what),
                    Some(name),
                    "{neighbour}"
                );
            }
        }
        assert_eq!(what("::"), Some("unspecified or IPv4-compatible"));
        assert_eq!(what("::1:0:0"), Some("not in use"));
    }

    #[test]
    fn neighbours_that_are_public_are_public() {
        let addresses = "\
            1.0.0.0 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255
            128.0.0.0 168.63.129.15 168.63.129.17 169.253.255.255 169.255.0.0 172.15.255.255
            172.32.0.0 191.255.255.255 192.0.1.0 192.0.1.255 192.0.3.0 192.88.98.255
            192.88.100.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 198.51.99.255
            198.51.101.0 203.0.112.255 203.0.114.0 223.255.255.255 2000:: 2001:200::
            2001:db7:ffff:: 2001:db9:: 2001:ffff:: 2003:: 2606:4700::1111 3ffe:ffff::
            3fff:1000:: ::ffff:1.1.1.1 64:ff9b::1.1.1.1";
        for address in addresses.split_whitespace() {
            assert_eq!(what(address), None, "{address}");
        }
    }

    #[test]
    fn an_address_within_another_is_judged() {
        for (address, name) in [
            ("::ffff:127.0.0.1", "this host's own"),
            ("::ffff:169.254.169.254", "link-local"),
            ("64:ff9b::10.0.0.1", "private"),
            ("64:ff9b::a9fe:a9fe", "link-local"),
            ("::127.0.0.1", "unspecified or IPv4-compatible"),
            ("2002:7f00:1::", "6to4"),
        ] {
            assert_eq!(what(address), Some(name), "{address}");
        }
    }
}
