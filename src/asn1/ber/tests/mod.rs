use std::borrow::Cow;

use cms::content_info::ContentInfo;
use cms::encrypted_data::EncryptedData;
use der::Decode;

use super::*;

mod conformance;
mod random;
mod stream;

fn testdata(name: &str) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata/ber")
        .join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// `depth` elements of indefinite length inside one another.
fn nested(identifier: u8, depth: usize) -> Vec<u8> {
    [[identifier, 0x80].repeat(depth), vec![0; 2 * depth]].concat()
}

/// `algorithm` is the second element, `third` the third, of what looks like EncryptedContentInfo.
fn encrypted_content_info(algorithm: &[u8], third: &[u8]) -> Vec<u8> {
    tlv::sequence(&[b"\x06\x01\x2a", algorithm, third])
}

#[test]
fn der_is_lent() {
    for der in [
        &b"\x05\x00"[..],
        b"\x30\x00",
        b"\x30\x06\x04\x04seal",
        b"\x31\x06\x02\x01\x02\x02\x01\x01",
        b"\x9f\x81\x00\x01x",
        b"\xbf\x1f\x03\x02\x01\x00",
        b"\x01\x01\x01",
    ] {
        assert!(matches!(to_der(der), Ok(Cow::Borrowed(same)) if same == der));
    }
    let long = tlv::element(tag::OCTET_STRING, &[0; 300]);
    assert!(matches!(to_der(&long), Ok(Cow::Borrowed(_))));
}

#[test]
fn lengths_become_definite_and_minimal() {
    for (ber, der) in [
        (&b"\x04\x81\x01x"[..], &b"\x04\x01x"[..]),
        (b"\x04\x88\0\0\0\0\0\0\0\x01x", b"\x04\x01x"),
        (b"\x30\x82\0\x03\x02\x01\x2a", b"\x30\x03\x02\x01\x2a"),
        (b"\x30\x80\0\0", b"\x30\x00"),
        (
            b"\x30\x80\x31\x80\x05\x00\0\0\0\0",
            b"\x30\x04\x31\x02\x05\x00",
        ),
        (b"\x30\x04\xa1\x80\0\0", b"\x30\x02\xa1\x00"),
        (
            b"\xbf\x87\x68\x80\x05\x81\x00\0\0",
            b"\xbf\x87\x68\x02\x05\x00",
        ),
        (b"\x9f\x87\x68\x81\x01x", b"\x9f\x87\x68\x01x"),
    ] {
        assert_eq!(*to_der(ber).unwrap(), *der, "{ber:x?}");
    }
    let most_octets = [&[0x04, 0xfe][..], &[0; 125], &[1], b"x"].concat();
    assert_eq!(*to_der(&most_octets).unwrap(), *b"\x04\x01x");
}

#[test]
fn a_set_keeps_its_order() {
    let ber = b"\x31\x80\x02\x01\x02\x02\x01\x01\0\0";
    assert_eq!(*to_der(ber).unwrap(), *b"\x31\x06\x02\x01\x02\x02\x01\x01");
}

#[test]
fn chunks_are_joined() {
    for (ber, der) in [
        // The examples of X.690 8.6.4.2 and 8.23.5.4.
        (
            &b"\x23\x80\x03\x03\x00\x0a\x3b\x03\x05\x04\x5f\x29\x1c\xd0\0\0"[..],
            &b"\x03\x07\x04\x0a\x3b\x5f\x29\x1c\xd0"[..],
        ),
        (b"\x3a\x09\x04\x03Jon\x04\x02es", b"\x1a\x05Jones"),
        (b"\x24\x08\x04\x03sea\x04\x01l", b"\x04\x04seal"),
        (b"\x24\x80\x04\x81\x03sea\x04\x01l\0\0", b"\x04\x04seal"),
        (b"\x24\x80\0\0", b"\x04\x00"),
        (b"\x24\x04\x04\x00\x04\x00", b"\x04\x00"),
        (
            b"\x24\x80\x24\x80\x24\x03\x04\x01s\0\0\x04\x03eal\0\0",
            b"\x04\x04seal",
        ),
        (b"\x23\x00", b"\x03\x01\x00"),
        (
            b"\x23\x80\x23\x80\x03\x02\0\x0a\0\0\x23\x04\x03\x02\x01\x3a\0\0",
            b"\x03\x03\x01\x0a\x3a",
        ),
        (
            b"\x2c\x80\x24\x80\x04\x01s\0\0\x04\x03eal\0\0",
            b"\x0c\x04seal",
        ),
        (b"\x37\x06\x04\x04seal", b"\x17\x04seal"),
    ] {
        assert_eq!(*to_der(ber).unwrap(), *der, "{ber:x?}");
    }
}

#[test]
fn two_bit_strings_do_not_mix() {
    let one = b"\x23\x80\x03\x02\x01\x3a\0\0";
    let two = tlv::sequence(&[one, b"\x03\x02\x02\x3c", one]);
    let der = b"\x30\x0c\x03\x02\x01\x3a\x03\x02\x02\x3c\x03\x02\x01\x3a";
    assert_eq!(*to_der(&two).unwrap(), *der);
}

#[test]
fn what_is_no_chunk_is_refused() {
    for (ber, error) in [
        (&b"\x24\x02\x05\x00"[..], Error::Chunk(2)),
        (b"\x24\x80\x04\x00\x0c\x01s\0\0", Error::Chunk(4)),
        (b"\x24\x02\x30\x00", Error::Chunk(2)),
        (b"\x24\x02\x80\x00", Error::Chunk(2)),
        (b"\x2c\x03\x0c\x01s", Error::Chunk(2)),
        (b"\x23\x02\x04\x00", Error::Chunk(2)),
        (b"\x24\x04\x24\x02\x03\x00", Error::Chunk(4)),
        (b"\x23\x02\x03\x00", Error::BitString(2)),
        (b"\x23\x03\x03\x01\x01", Error::BitString(2)),
        (b"\x23\x04\x03\x02\x08\x00", Error::BitString(2)),
        (
            b"\x23\x08\x03\x02\x01\x3a\x03\x02\x00\x3a",
            Error::BitString(6),
        ),
    ] {
        assert_eq!(to_der(ber), Err(error), "{ber:x?}");
    }
}

#[test]
fn encrypted_content_becomes_primitive() {
    let aes = b"\x30\x05\x06\x01\x2a\x04\x00";
    for (third, content) in [
        (&b"\xa0\x80\x04\x03sea\x04\x01l\0\0"[..], &b"seal"[..]),
        (b"\xa0\x06\x04\x04seal", b"seal"),
        (b"\xa0\x80\x24\x80\x04\x03sea\0\0\x04\x01l\0\0", b"seal"),
        (b"\xa0\x80\0\0", b""),
    ] {
        let der = encrypted_content_info(aes, &tlv::element(0x80, content));
        let ber = encrypted_content_info(aes, third);
        assert_eq!(*to_der(&ber).unwrap(), der, "{third:x?}");
    }
    // Parameters are optional, and may be any one element.
    for algorithm in [
        &b"\x30\x03\x06\x01\x2a"[..],
        b"\x30\x05\x06\x01\x2a\x30\x00",
    ] {
        let ber = encrypted_content_info(algorithm, b"\xa0\x06\x04\x04seal");
        let der = encrypted_content_info(algorithm, b"\x80\x04seal");
        assert_eq!(*to_der(&ber).unwrap(), der, "{algorithm:x?}");
    }
}

#[test]
fn encrypted_content_may_be_in_what_is_encrypted() {
    let aes = b"\x30\x03\x06\x01\x2a";
    let within = |third: &[u8], last: &[u8]| {
        let inner = encrypted_content_info(aes, third);
        encrypted_content_info(&tlv::sequence(&[b"\x06\x01\x2a", &inner]), last)
    };
    let ber = within(
        b"\xa0\x80\x04\x03sea\x04\x01l\0\0",
        b"\xa0\x80\x24\x80\0\0\0\0",
    );
    assert_eq!(*to_der(&ber).unwrap(), within(b"\x80\x04seal", b"\x80\x00"));
}

#[test]
fn an_explicit_tag_stays() {
    let chunks = b"\xa0\x80\x24\x80\x04\x03sea\x04\x01l\0\0\0\0";
    let one = b"\xa0\x06\x04\x04seal";
    let oid = b"\x06\x01\x2a";
    let algorithm = b"\x30\x03\x06\x01\x2a";
    // EncapsulatedContentInfo, RFC 5652 5.2.
    let ber = tlv::sequence(&[oid, chunks]);
    assert_eq!(*to_der(&ber).unwrap(), tlv::sequence(&[oid, one]));
    // Each a step away from EncryptedContentInfo.
    for near in [
        tlv::sequence(&[algorithm, one]),
        tlv::sequence(&[algorithm, algorithm, one]),
        tlv::sequence(&[oid, algorithm, one, b"\x05\x00"]),
        tlv::sequence(&[oid, algorithm, b"\x05\x00", one]),
        tlv::sequence(&[oid, b"\x31\x03\x06\x01\x2a", one]),
        tlv::sequence(&[oid, b"\x30\x02\x05\x00", one]),
        tlv::sequence(&[oid, b"\x30\x07\x06\x01\x2a\x05\x00\x05\x00", one]),
        tlv::sequence(&[oid, algorithm, b"\xa0\x08\x04\x04seal\x05\x00"]),
        tlv::sequence(&[oid, algorithm, b"\xa1\x06\x04\x04seal"]),
        tlv::sequence(&[oid, algorithm, b"\x60\x06\x04\x04seal"]),
        tlv::element(crate::asn1::tag::SET, &[&oid[..], algorithm, one].concat()),
    ] {
        assert!(matches!(to_der(&near), Ok(Cow::Borrowed(_))), "{near:x?}");
    }
}

#[test]
fn malformed_headers_are_refused() {
    for (ber, error) in [
        (&b""[..], Error::Truncated(0)),
        (b"\x04\x02x", Error::Truncated(0)),
        (b"\x30\x03\x04\x02x", Error::Truncated(2)),
        (b"\x30\x80\x30\x03\x04\x02xy\0\0", Error::Truncated(4)),
        (b"\x30\x02\x30\x80\0\0", Error::Truncated(2)),
        (b"\x04\xff\x00", Error::ReservedLength(0)),
        (b"\x04\x80\0\0", Error::IndefinitePrimitive(0)),
        (b"\x30\x80\x80\x80\0\0\0\0", Error::IndefinitePrimitive(2)),
        (b"\0\0", Error::EndOfContents(0)),
        (b"\x30\x02\0\0", Error::EndOfContents(2)),
        (b"\x30\x80\x30\x02\0\0\0\0", Error::EndOfContents(4)),
        (b"\x30\x80\0\x81\0", Error::EndOfContents(2)),
        (b"\x30\x80\x20\x80\0\0\0\0", Error::EndOfContents(2)),
        (b"\x1f\x1e\x00", Error::Tag(0)),
        (b"\x1f\x80\x81\x00\x00", Error::Tag(0)),
        (b"\x1f\xff\xff\xff\xff\x00\x00", Error::Tag(0)),
        (b"\x04\x01xy", Error::Trailing(3)),
        (b"\x30\x80\0\0\0\0", Error::Trailing(4)),
    ] {
        assert_eq!(to_der(ber), Err(error), "{ber:x?}");
    }
    assert!(to_der(b"\x1f\xff\xff\xff\x7f\x00").is_ok());
}

#[test]
fn huge_lengths_are_refused() {
    let truncated = [1 << 32, i64::MAX as u64 / 2].map(|length| (length, Error::Truncated(2)));
    let overflow = [u64::MAX, u64::MAX - 11].map(|length| (length, Error::LengthOverflow(2)));
    for (length, error) in truncated.into_iter().chain(overflow) {
        for identifier in [0x04, 0x24, 0x30, 0xa0] {
            let ber = [b"\x30\x80", &tlv::header(identifier, length)[..], b"xyz"].concat();
            assert_eq!(to_der(&ber), Err(error), "{ber:x?}");
        }
    }
    let nine_octets = b"\x04\x89\x01\0\0\0\0\0\0\0\0";
    assert_eq!(to_der(nine_octets), Err(Error::LengthOverflow(0)));
}

#[test]
fn depth_is_capped() {
    for identifier in [0x30, 0x24, 0x23, 0xa0] {
        let deepest = nested(identifier, MAXIMUM_DEPTH);
        assert!(to_der(&deepest).is_ok());
        for depth in [MAXIMUM_DEPTH + 1, 10_000] {
            let error = to_der(&nested(identifier, depth)).unwrap_err();
            assert_eq!(error, Error::TooDeep(2 * MAXIMUM_DEPTH));
            assert!(error.to_string().contains("32"));
        }
    }
}

#[test]
fn the_first_element_is_told_from_what_follows() {
    let (der, consumed) = first_to_der(b"\x30\x80\x05\x00\0\0\0\0\r\n").unwrap();
    assert_eq!((&*der, consumed), (&b"\x30\x02\x05\x00"[..], 6));
}

#[test]
fn the_result_is_at_most_half_as_long_again() {
    for count in [1, 42, 43, 63, 64, 85, 86, 127, 128, 40_000] {
        let ber = tlv::element(tag::SEQUENCE, &b"\x23\x00".repeat(count));
        assert!(to_der(&ber).unwrap().len() <= ber.len() * 3 / 2, "{count}");
    }
}

/// The two files differ in nothing but their encoding: see `make.sh` beside them.
#[test]
fn what_openssl_streams_is_what_it_signs_at_once() {
    let der = testdata("signed.p7m");
    let ber = testdata("signed-stream.p7m");
    assert_ne!(ber, der);
    assert_eq!(*to_der(&ber).unwrap(), der);
    assert!(matches!(to_der(&der), Ok(Cow::Borrowed(_))));
}

#[test]
fn what_openssl_encrypts_as_a_stream_decrypts() {
    use aes::cipher::{BlockModeDecrypt, KeyIvInit, block_padding::Pkcs7};

    let ber = testdata("encrypted-stream.p7m");
    let der = to_der(&ber).unwrap();
    let content_info = ContentInfo::from_der(&der).unwrap();
    let encrypted_data: EncryptedData = content_info.content.decode_as().unwrap();
    let info = encrypted_data.enc_content_info;
    let iv = info.content_enc_alg.parameters.unwrap();
    let key: [u8; 16] = std::array::from_fn(|index| index as u8);
    let cipher = cbc::Decryptor::<aes::Aes128>::new_from_slices(&key, iv.value()).unwrap();
    let encrypted = info.encrypted_content.unwrap();
    let content = cipher.decrypt_padded_vec::<Pkcs7>(encrypted.as_bytes());
    assert_eq!(content.unwrap(), testdata("content.txt"));
}

#[test]
fn every_prefix_is_cut_short() {
    for name in ["signed.p7m", "signed-stream.p7m", "encrypted-stream.p7m"] {
        let ber = testdata(name);
        for end in 0..ber.len() {
            let error = to_der(&ber[..end]).unwrap_err();
            assert!(
                matches!(error, Error::Truncated(_)),
                "{name} {end}: {error}"
            );
        }
    }
}
