//! What the octets of a password are, which PKCS#12 leaves to the algorithm.

use zeroize::Zeroizing;

use crate::secret::Secret;

/// A password as the two families of key derivation take it.
pub(super) struct Password {
    /// RFC 7292 B.1: a BMPString with two octets of zero at its end.
    pub(super) bmp: Zeroizing<Vec<u8>>,
    /// UTF-8, for PBES2 and PBMAC1 (RFC 9879).
    pub(super) octets: Zeroizing<Vec<u8>>,
}

impl Password {
    /// The ways in which programs have encoded this password, the right one first.
    pub(super) fn encodings(password: &Secret) -> Vec<Password> {
        let octets = || Zeroizing::new(password.expose().to_vec());
        let with = |bmp| Password {
            bmp,
            octets: octets(),
        };
        if password.expose().is_empty() {
            // Some programs take no password for the empty string, others for no octets at all.
            return vec![with(terminated(&[])), with(Zeroizing::default())];
        }
        // OpenSSL before 1.1.0 made a character of every octet, and what is not UTF-8 still
        // leaves no other way.
        let octet_by_octet = || {
            let units: Vec<u16> = password.expose().iter().copied().map(u16::from).collect();
            with(terminated(&Zeroizing::new(units)))
        };
        match password.expose_str() {
            Some(text) => {
                let units = Zeroizing::new(text.encode_utf16().collect::<Vec<u16>>());
                let mut encodings = vec![with(terminated(&units))];
                if !text.is_ascii() {
                    encodings.push(octet_by_octet());
                }
                encodings
            }
            None => vec![octet_by_octet()],
        }
    }
}

fn terminated(units: &[u16]) -> Zeroizing<Vec<u8>> {
    let mut octets = Zeroizing::new(Vec::with_capacity(2 * units.len() + 2));
    for unit in units.iter().chain(&[0]) {
        octets.extend_from_slice(&unit.to_be_bytes());
    }
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bmp(password: &[u8]) -> Vec<Vec<u8>> {
        Password::encodings(&Secret::new(password.to_vec()))
            .iter()
            .map(|password| password.bmp.to_vec())
            .collect()
    }

    // The example of RFC 7292 B.1.
    #[test]
    fn a_password_becomes_a_bmp_string_with_its_terminator() {
        let beavis = b"\0B\0e\0a\0v\0i\0s\0\0";
        assert_eq!(bmp(b"Beavis"), [beavis.to_vec()]);
    }

    #[test]
    fn characters_beyond_the_basic_plane_become_surrogates() {
        let found = bmp("\u{1f511}".as_bytes());
        assert_eq!(found[0], b"\xd8\x3d\xdd\x11\0\0");
        assert_eq!(found[1], b"\0\xf0\0\x9f\0\x94\0\x91\0\0");
        assert_eq!(bmp(b"p\xe4ss"), [b"\0p\0\xe4\0s\0s\0\0".to_vec()]);
    }

    #[test]
    fn an_empty_password_is_tried_both_ways() {
        assert_eq!(bmp(b""), [vec![0, 0], vec![]]);
    }
}
