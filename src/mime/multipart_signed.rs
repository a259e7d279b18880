//! multipart/signed (RFC 1847 2.1, RFC 8551 3.5.3): content in the clear and its signature.
//!
//! # Not supported
//!
//! Several signatures, which would need a comma-separated `micalg`; reading.

use super::canonical::{CanonicalEntity, Piece};

/// Puts a detached signature behind the content it is for, which was written by the same
/// [`CanonicalEntity`]. `micalg` is a name of RFC 8551 3.5.3.2, such as `sha-256`; `signature` is
/// the DER of the CMS object.
///
/// The boundary is 128 random bits: the content can hold it neither by chance nor by intent.
pub fn multipart_signed(
    content: CanonicalEntity,
    micalg: &str,
    signature: &[u8],
) -> CanonicalEntity {
    // RFC 2045 6.7 (with its "=_"): no quoted-printable or base64 line can be this delimiter.
    let boundary = format!("=_{:032x}", rand::random::<u128>());
    let header = format!(
        "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\";\r\n \
         micalg={micalg}; boundary=\"{boundary}\"\r\n\
         \r\n\
         This is an S/MIME signed message\r\n\
         \r\n\
         --{boundary}\r\n"
    );
    // RFC 1847 2.1: the CRLF before the delimiter is not part of what is signed.
    let signature_header = format!(
        "\r\n--{boundary}\r\n\
         Content-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n\
         Content-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename=\"smime.p7s\"\r\n\
         Content-Description: S/MIME Cryptographic Signature\r\n\
         \r\n"
    );
    let mut pieces = vec![Piece::Literal(header.into_bytes())];
    pieces.extend(content.into_pieces());
    pieces.push(Piece::Literal(signature_header.into_bytes()));
    pieces.push(Piece::base64(vec![Piece::Literal(signature.to_vec())]));
    pieces.push(Piece::Literal(
        format!("\r\n--{boundary}--\r\n").into_bytes(),
    ));
    CanonicalEntity::new(pieces)
}

#[cfg(test)]
mod tests {
    use crate::mime::{Message, RawMessage, multipart_signed};

    #[test]
    fn content_stands_between_the_delimiters_unchanged() {
        let raw = RawMessage::from_bytes(b"Content-Type: text/plain\n\nno final newline".to_vec());
        let (_, entity) = Message::parse(raw).unwrap().split();
        let content = entity.canonicalize().unwrap();
        let mut signed = Vec::new();
        content.write_to(&mut signed).unwrap();
        let entity = multipart_signed(content, "sha-256", &[0x30, 0x82, 0xFF]);
        let mut out = Vec::new();
        entity.write_to(&mut out).unwrap();
        assert_eq!(out.len() as u64, entity.len());

        let text = String::from_utf8(out).unwrap();
        let boundary = text.split("boundary=\"").nth(1).unwrap();
        let boundary = &boundary[..boundary.find('"').unwrap()];
        let delimiter = format!("\r\n--{boundary}");
        let parts: Vec<&str> = text.split(&delimiter).collect();
        assert_eq!(parts.len(), 4);
        assert!(
            parts[0].contains("; protocol=\"application/pkcs7-signature\";\r\n micalg=sha-256;")
        );
        assert_eq!(parts[1].as_bytes(), [b"\r\n", &signed[..]].concat());
        assert!(parts[2].ends_with("\r\n\r\nMIL/"));
        assert_eq!(parts[3], "--\r\n");
        assert!(text.is_ascii());
    }
}
