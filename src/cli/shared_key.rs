//! A key that sender and recipients share (RFC 5652 6.2.3), and its name.

use std::path::Path;

use mailseal::secret::Secret;

use super::failure::{Code, Failure};

/// The key in a file of raw octets, and its name if one is given.
pub(super) struct SharedKey {
    pub(super) id: Option<Vec<u8>>,
    pub(super) key: Secret,
}

impl SharedKey {
    pub(super) fn read(path: &Path, id: Option<&str>) -> Result<SharedKey, Failure> {
        const HINT: &str =
            "name a file that holds the 16, 24 or 32 octets of the key and nothing else";
        let shown = path.display();
        let key = std::fs::read(path).map_err(|error| {
            let message = format!("unable to open file {shown} - {error}");
            Failure::new(Code::NoInput, message).hint(HINT)
        })?;
        let key = Secret::new(key);
        if let octets @ (..=15 | 17..=23 | 25..=31 | 33..) = key.expose().len() {
            let message = format!("{shown}: a key of {octets} octets cannot wrap another");
            return Err(Failure::new(Code::NoInput, message).hint(HINT));
        }
        let id = id.map(hexadecimal).transpose()?;
        Ok(SharedKey { id, key })
    }
}

fn hexadecimal(digits: &str) -> Result<Vec<u8>, Failure> {
    let octet = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    };
    let octets: Option<Vec<u8>> = digits.as_bytes().chunks(2).map(octet).collect();
    match octets {
        Some(octets) if digits.len().is_multiple_of(2) && !digits.contains('+') => Ok(octets),
        _ => Err(
            Failure::new(Code::Usage, "--secret-key-id is not hexadecimal")
                .hint("write two digits for each octet, such as 0a1b2c"),
        ),
    }
}
