//! Keys from a shared secret: the function of ANSI X9.63 and HKDF (RFC 5869).

use hkdf::Hkdf;
use hkdf::hmac::EagerHash;
use sha2::Digest;
use sha2::digest::Output;
use zeroize::{Zeroize, Zeroizing};

/// The key derivation function of ANSI X9.63 (SEC 1 section 3.6.1): the digests of
/// secret || counter || information, the counter from 1, until there is enough.
pub(super) fn x963<D: Digest>(
    secret: &[u8],
    information: &[u8],
    length: usize,
) -> Zeroizing<Vec<u8>> {
    let mut key = Zeroizing::new(Vec::with_capacity(length + <D as Digest>::output_size()));
    for counter in 1u32.. {
        if key.len() >= length {
            break;
        }
        let mut block: Output<D> = D::new()
            .chain_update(secret)
            .chain_update(counter.to_be_bytes())
            .chain_update(information)
            .finalize();
        key.extend_from_slice(&block);
        block.zeroize();
    }
    key.truncate(length);
    key
}

/// HKDF (RFC 5869 section 2): extract and expand. Without salt, as many zeros as the digest has
/// octets. `length` is that of a key, far below the 255 digests that there may be.
pub(super) fn hkdf<D: EagerHash>(
    salt: Option<&[u8]>,
    secret: &[u8],
    information: &[u8],
    length: usize,
) -> Zeroizing<Vec<u8>> {
    let mut key = Zeroizing::new(vec![0; length]);
    Hkdf::<D>::new(salt, secret)
        .expand(information, &mut key)
        .expect("a key is shorter than 255 digests");
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::testing::hex;
    use sha1::Sha1;
    use sha2::Sha256;

    // NIST CAVS 12.0, "ANSI X9.63-2001", SHA-256; `openssl kdf ... X963KDF` gives the same.
    #[test]
    fn x963_vectors() {
        for (secret, information, expected) in [
            (
                "96c05619d56c328ab95fe84b18264b08725b85e33fd34f08",
                "",
                "443024c3dae66b95e6f5670601558f71",
            ),
            (
                "22518b10e70f2a3f243810ae3254139efbee04aa57c7af7d",
                "75eef81aa3041e33b80971203d2c0c52",
                "c498af77161cc59f2962b9a713e2b215152d139766ce34a776df11866a69bf2e\
                 52a13d9c7c6fc878c50c5ea0bc7b00e0da2447cfd874f6cf92f30d0097111485\
                 500c90c3af8b487872d04685d14c8d1dc8d7fa08beb0ce0ababc11f0bd496269\
                 142d43525a78e5bc79a17f59676a5706dc54d54d4d1f0bd7e386128ec26afc21",
            ),
        ] {
            let expected = hex(expected);
            let key = x963::<Sha256>(&hex(secret), &hex(information), expected.len());
            assert_eq!(*key, expected);
        }
    }

    // RFC 5869 appendix A.1 and A.7: SHA-256 with everything, SHA-1 without salt and information.
    #[test]
    fn hkdf_vectors() {
        let key = hkdf::<Sha256>(
            Some(&hex("000102030405060708090a0b0c")),
            &[0x0b; 22],
            &hex("f0f1f2f3f4f5f6f7f8f9"),
            42,
        );
        assert_eq!(
            *key,
            hex(
                "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf\
                 34007208d5b887185865"
            )
        );
        let key = hkdf::<Sha1>(None, &[0x0c; 22], &[], 42);
        assert_eq!(
            *key,
            hex(
                "2c91117204d745f3500d636a62f64f0ab3bae548aa53d423b0d1f27ebba6f5e5\
                 673a081d70cce7acfc48"
            )
        );
    }
}
