//! What the tests of this module share.

use std::path::Path;

use super::PrivateKey;
use crate::secret::Secret;

/// The octets of a hexadecimal text.
pub(super) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    assert_eq!(digits.len() % 2, 0);
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// Random octets.
pub(super) fn random(length: usize) -> Vec<u8> {
    let mut octets = vec![0; length];
    getrandom::fill(&mut octets).unwrap();
    octets
}

/// The content cut in pieces of random lengths: empty, short, a block, many blocks.
pub(super) fn pieces(mut content: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    while !content.is_empty() {
        let random = random(3);
        let length = match random[0] % 4 {
            0 => usize::from(random[1] % 3),
            1 => 16,
            2 => usize::from(random[1]),
            _ => usize::from(random[1]) * 256 + usize::from(random[2]),
        };
        let (piece, rest) = content.split_at(length.min(content.len()));
        pieces.push(piece);
        content = rest;
    }
    pieces
}

/// A file of `testdata/crypto`, which `make.sh` there made with OpenSSL.
pub(super) fn testdata(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata/crypto")
        .join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A private key of `testdata/crypto`.
pub(super) fn private_key(name: &str) -> PrivateKey {
    let key = Secret::new(testdata(&format!("{name}.pkcs8.der")));
    PrivateKey::from_pkcs8_der(&key).unwrap()
}
