//! Tags and lengths in DER (X.690 section 10), for structures that are written around a
//! streamed content: the header goes out first, the content follows from its own source.
//!
//! ```
//! use mailseal::asn1::{tag, tlv};
//!
//! // A SEQUENCE whose content will be 300 octets:
//! assert_eq!(tlv::header(tag::SEQUENCE, 300), [0x30, 0x82, 0x01, 0x2c]);
//! assert_eq!(tlv::encoded_len(300), Some(304));
//! ```
//!
//! # Not supported
//! Tag numbers above 30, which no structure here has, and the indefinite length.

use super::tag;

/// The identifier octet and the shortest definite length (X.690 section 10.1) of a content of
/// `length` octets.
pub fn header(tag: u8, length: u64) -> Vec<u8> {
    let mut header = Vec::with_capacity(header_len(length));
    header.push(tag);
    if length < 0x80 {
        header.push(length.to_be_bytes()[7]);
    } else {
        let octets = length_octets(length);
        header.push(0x80 | octets.to_be_bytes()[7]);
        header.extend_from_slice(&length.to_be_bytes()[8 - octets..]);
    }
    header
}

/// How many octets [`header`] has for a content of `length` octets: 2 to 10.
pub fn header_len(length: u64) -> usize {
    if length < 0x80 {
        2
    } else {
        2 + length_octets(length)
    }
}

/// How many octets header and content have together; `None` when that is past 2^64 - 1.
pub fn encoded_len(length: u64) -> Option<u64> {
    length.checked_add(header_len(length) as u64)
}

/// One element: `tag`, length, `content`.
pub fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    concatenation(tag, &[content])
}

/// A SEQUENCE of elements that are encoded already.
pub fn sequence(elements: &[&[u8]]) -> Vec<u8> {
    concatenation(tag::SEQUENCE, elements)
}

/// A SET OF of elements that are encoded already, in the order DER demands.
///
/// X.690 section 11.6: the encodings ascend as octet strings, the shorter padded with zeros at
/// its end. No element's encoding is a prefix of another's, so that is the order of slices.
pub fn set_of(mut elements: Vec<Vec<u8>>) -> Vec<u8> {
    elements.sort_unstable();
    let elements: Vec<&[u8]> = elements.iter().map(Vec::as_slice).collect();
    concatenation(tag::SET, &elements)
}

fn concatenation(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut encoding = header(tag, length as u64);
    encoding.reserve_exact(length);
    for part in parts {
        encoding.extend_from_slice(part);
    }
    encoding
}

/// How many octets the long form needs for the number alone: 1 to 8.
fn length_octets(length: u64) -> usize {
    8 - length.leading_zeros() as usize / 8
}

#[cfg(test)]
mod tests {
    use super::*;
    use der::Encode;

    #[test]
    fn lengths_are_minimal_up_to_64_bits() {
        for (length, expected) in [
            (0, vec![0x04, 0x00]),
            (0x7f, vec![0x04, 0x7f]),
            (0x80, vec![0x04, 0x81, 0x80]),
            (0xff, vec![0x04, 0x81, 0xff]),
            (0x100, vec![0x04, 0x82, 0x01, 0x00]),
            (0xffff, vec![0x04, 0x82, 0xff, 0xff]),
            (0x1_0000, vec![0x04, 0x83, 0x01, 0x00, 0x00]),
            (1 << 32, vec![0x04, 0x85, 0x01, 0, 0, 0, 0]),
            (
                u64::MAX,
                vec![0x04, 0x88, 255, 255, 255, 255, 255, 255, 255, 255],
            ),
        ] {
            assert_eq!(header(tag::OCTET_STRING, length), expected);
            assert_eq!(header_len(length), expected.len());
        }
    }

    #[test]
    fn a_sum_past_64_bits_is_none() {
        assert_eq!(encoded_len(u64::MAX - 10), Some(u64::MAX));
        assert_eq!(encoded_len(u64::MAX - 9), None);
        assert_eq!(encoded_len(u64::MAX), None);
    }

    #[test]
    fn elements_are_what_the_der_crate_writes() {
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let content = vec![0x5a; length];
            let expected = der::asn1::OctetStringRef::new(&content)
                .unwrap()
                .to_der()
                .unwrap();
            assert_eq!(element(tag::OCTET_STRING, &content), expected);
        }
        assert_eq!(
            sequence(&[&[0x05, 0x00], &[0x02, 0x01, 0x07]]),
            [0x30, 0x05, 0x05, 0x00, 0x02, 0x01, 0x07]
        );
    }

    #[test]
    fn set_of_is_sorted_by_encoding() {
        let long = vec![0x30, 0x03, 0x02, 0x01, 0x01];
        let short = vec![0x30, 0x02, 0x05, 0x00];
        let integer = vec![0x02, 0x01, 0xff];
        assert_eq!(
            set_of(vec![long.clone(), short.clone(), integer.clone()]),
            [vec![0x31, 12], integer, short, long].concat()
        );
        assert_eq!(set_of(Vec::new()), [0x31, 0x00]);
    }
}
