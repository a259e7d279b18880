//! The envelope's sender as `--from` names it.

use std::fmt;
use std::str::FromStr;

use mailseal::address::{self, Address};

/// An address, or `<>`: the null reverse-path, which notifications and automatic answers carry so
/// that nothing is ever returned for them (RFC 5321 4.5.5, RFC 3834 3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum EnvelopeSender {
    Null,
    Address(Address),
}

impl EnvelopeSender {
    /// The address, if it is one.
    pub(super) fn address(&self) -> Option<&Address> {
        match self {
            EnvelopeSender::Null => None,
            EnvelopeSender::Address(address) => Some(address),
        }
    }
}

impl FromStr for EnvelopeSender {
    type Err = address::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "<>" => Ok(EnvelopeSender::Null),
            text => Address::parse(text).map(EnvelopeSender::Address),
        }
    }
}

impl fmt::Display for EnvelopeSender {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EnvelopeSender::Null => formatter.write_str("<>"),
            EnvelopeSender::Address(address) => address.fmt(formatter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_null_sender_is_a_pair_of_angle_brackets_and_nothing_else() {
        let null: EnvelopeSender = "<>".parse().unwrap();
        assert_eq!((null.address(), null.to_string().as_str()), (None, "<>"));
        let bounces: EnvelopeSender = "bounces@example.com".parse().unwrap();
        assert_eq!(bounces.to_string(), "bounces@example.com");
        assert!("".parse::<EnvelopeSender>().is_err());
        assert!("< >".parse::<EnvelopeSender>().is_err());
    }
}
