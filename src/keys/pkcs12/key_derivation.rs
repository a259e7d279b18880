//! The key derivation of PKCS#12 itself (RFC 7292 B.2), for everything that is not PBES2 or PBMAC1.

use sha2::digest::Digest;
use sha2::digest::block_api::BlockSizeUser;
use zeroize::{Zeroize, Zeroizing};

/// What the octets are for (RFC 7292 B.3).
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    Key = 1,
    InitializationVector = 2,
    Mac = 3,
}

/// Derives `length` octets from a password in its octets and a salt, with at least one iteration.
pub(super) fn derive<D: Digest + BlockSizeUser>(
    purpose: Purpose,
    password: &[u8],
    salt: &[u8],
    iterations: u64,
    length: usize,
) -> Zeroizing<Vec<u8>> {
    // The names of the RFC: u octets of digest, v octets of its block, D, I = S || P, A, B.
    let v = D::block_size();
    let diversifier = vec![purpose as u8; v];
    let mut blocks = Zeroizing::new(Vec::with_capacity(
        salt.len().next_multiple_of(v) + password.len().next_multiple_of(v),
    ));
    for part in [salt, password] {
        let repeated = part.iter().cycle();
        blocks.extend(repeated.take(part.len().next_multiple_of(v)));
    }
    let mut derived = Zeroizing::new(Vec::with_capacity(length + 64));
    let mut last = vec![0; v];
    while derived.len() < length {
        let mut digest = D::new_with_prefix(&diversifier)
            .chain_update(&*blocks)
            .finalize();
        for _ in 1..iterations {
            digest = D::digest(&digest);
        }
        derived.extend_from_slice(&digest);
        for (octet, digest) in last.iter_mut().zip(digest.iter().cycle()) {
            *octet = *digest;
        }
        for block in blocks.chunks_exact_mut(v) {
            add(block, &last);
        }
    }
    last.zeroize();
    derived.truncate(length);
    derived
}

/// `block` becomes `block` + `other` + 1 modulo 2^8v.
fn add(block: &mut [u8], other: &[u8]) {
    let mut carry = 1u16;
    for (octet, other) in block.iter_mut().zip(other).rev() {
        carry += u16::from(*octet) + u16::from(*other);
        *octet = carry.to_be_bytes()[1];
        carry >>= 8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::reader::hexadecimal;
    use sha1::Sha1;

    const SMEG: &[u8] = b"\0s\0m\0e\0g\0\0";
    const QUEEG: &[u8] = b"\0q\0u\0e\0e\0g\0\0";

    fn derived(
        purpose: Purpose,
        password: &[u8],
        salt: &[u8],
        iterations: u64,
        length: usize,
    ) -> String {
        hexadecimal(&derive::<Sha1>(purpose, password, salt, iterations, length))
    }

    // The vectors that S. Henson published for PKCS#12 in 1999, and every implementation cites.
    #[test]
    fn published_vectors_come_out() {
        use Purpose::{InitializationVector, Key, Mac};
        let salt = *b"\x0a\x58\xcf\x64\x53\x0d\x82\x3f";
        assert_eq!(
            derived(Key, SMEG, &salt, 1, 24),
            "8aaae6297b6cb04642ab5b077851284eb7128f1a2a7fbca3"
        );
        assert_eq!(
            derived(InitializationVector, SMEG, &salt, 1, 8),
            "79993dfe048d3b76"
        );
        let salt = *b"\x3d\x83\xc0\xe4\x54\x6a\xc1\x40";
        assert_eq!(
            derived(Mac, SMEG, &salt, 1, 20),
            "8d967d88f6caa9d714800ab3d48051d63f73a312"
        );
        let salt = *b"\x05\xde\xc9\x59\xac\xff\x72\xf7";
        assert_eq!(
            derived(Key, QUEEG, &salt, 1000, 24),
            "ed2034e36328830ff09df1e1a07dd357185dac0d4f9eb3d4"
        );
        assert_eq!(
            derived(InitializationVector, QUEEG, &salt, 1000, 8),
            "11dedad7758d4860"
        );
    }

    #[test]
    fn nothing_to_repeat_is_nothing() {
        assert_eq!(derived(Purpose::Mac, &[], &[], 2, 20).len(), 40);
    }
}
