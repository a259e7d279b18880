//! What a file of certificates or keys is, found by looking.

use mailseal::keys::bundle::is_content_info;
use mailseal::keys::pkcs12;
use zeroize::Zeroizing;

/// What octets look like.
pub(super) enum Format {
    Pkcs12,
    Pem,
    /// Certificates or keys, one after the other.
    Der,
    /// A CMS object in DER or BER.
    ContentInfo,
    /// One of the others in another dress: base64 without the lines of dashes around it, or text in
    /// UTF-16.
    Dressed(Zeroizing<Vec<u8>>),
    /// A message, if anything.
    Message,
}

impl Format {
    pub(super) fn of(octets: &[u8]) -> Format {
        if pkcs12::is_pkcs12(octets) {
            return Format::Pkcs12;
        }
        if octets.first() == Some(&0x30) {
            return match is_content_info(octets) {
                true => Format::ContentInfo,
                false => Format::Der,
            };
        }
        if let Some(text) = from_utf16(octets) {
            return Format::Dressed(text);
        }
        let has = |label: &[u8]| octets.windows(label.len()).any(|window| window == label);
        let is_armoured = [
            &b"-----BEGIN CERTIFICATE"[..],
            b"-----BEGIN X509 CERTIFICATE",
            b"-----BEGIN TRUSTED CERTIFICATE",
            b"-----BEGIN PKCS",
            b"-----BEGIN CMS",
            b"PRIVATE KEY-----",
        ];
        let looks_armoured = octets.trim_ascii_start().starts_with(b"-----BEGIN ");
        if looks_armoured || is_armoured.into_iter().any(has) {
            return Format::Pem;
        }
        match base64_simd::forgiving_decode_to_vec(octets) {
            Ok(decoded) if decoded.first() == Some(&0x30) => Format::Dressed(decoded.into()),
            _ => Format::Message,
        }
    }
}

/// Text in UTF-16 with a byte order mark, as PowerShell's `>` writes it, in UTF-8.
fn from_utf16(octets: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let read: fn([u8; 2]) -> u16 = match octets {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return None,
    };
    let units = octets[2..].chunks_exact(2);
    let units = units.map(|pair| read([pair[0], pair[1]]));
    // As long as the text can become at most: a secret may be in it, and growing would leave copies.
    let mut text = Zeroizing::new(Vec::with_capacity(octets.len() * 3 / 2));
    for character in char::decode_utf16(units) {
        let mut buffer = [0; 4];
        let encoded = character.ok()?.encode_utf8(&mut buffer);
        text.extend_from_slice(encoded.as_bytes());
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf16_is_read_from_either_end() {
        let text = "-----BEGIN CERTIFICATE-----\r\nZoë 🔑\r\n";
        for (mark, write) in [
            ([0xff, 0xfe], u16::to_le_bytes as fn(u16) -> [u8; 2]),
            ([0xfe, 0xff], u16::to_be_bytes),
        ] {
            let octets = text.encode_utf16().flat_map(write);
            let file: Vec<u8> = mark.into_iter().chain(octets).collect();
            let read = from_utf16(&file).unwrap();
            assert_eq!(*read, text.as_bytes());
            assert!(matches!(Format::of(&file), Format::Dressed(_)));
        }
        assert!(from_utf16(text.as_bytes()).is_none());
        // Half of a surrogate pair.
        assert!(from_utf16(b"\xff\xfe\x3d\xd8").is_none());
    }
}
