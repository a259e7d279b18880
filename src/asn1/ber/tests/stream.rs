//! The stream against the normaliser, which reads the same octets in another way.

use std::io::Read;

use super::*;
use crate::asn1::ber::stream::{self, Stream};
use crate::asn1::tag;
use crate::spool::Spool;

/// Larger than what a spool keeps in memory.
const LARGE: usize = (1 << 20) + 1;

fn spool(octets: &[u8]) -> Spool {
    Spool::read_from(&mut &octets[..]).unwrap()
}

fn contents(spool: &Spool) -> Vec<u8> {
    let mut octets = Vec::new();
    spool.reader().read_to_end(&mut octets).unwrap();
    octets
}

#[test]
fn an_element_is_what_the_normaliser_reads() {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/ber");
    let mut compared = 0;
    for file in std::fs::read_dir(directory).unwrap() {
        let path = file.unwrap().path();
        let octets = std::fs::read(&path).unwrap();
        let spool = spool(&octets);
        let mut stream = Stream::new(&spool, usize::MAX);
        let element = stream.any();
        match first_to_der(&octets) {
            Ok((der, consumed)) => {
                let element = element.unwrap();
                assert_eq!(element, octets[..consumed], "{}", path.display());
                assert_eq!(to_der(&element).unwrap(), der);
            }
            // What is inside a definite element is not looked at before it is made DER.
            Err(_) => assert!(element.is_err() || to_der(&element.unwrap()).is_err()),
        }
        compared += 1;
    }
    assert!(compared > 0);
}

#[test]
fn chunks_are_joined_however_they_nest() {
    let large: Vec<u8> = (0..LARGE).map(|at| (at % 251) as u8).collect();
    let chunk = tlv::element(tag::OCTET_STRING, &large);
    for (string, expected) in [
        (&b"\x04\x04seal"[..], &b"seal"[..]),
        (b"\x24\x06\x04\x04seal", b"seal"),
        (
            b"\x24\x80\x04\x02se\x24\x80\x04\x01a\x00\x00\x24\x03\x04\x01l\x00\x00",
            b"seal",
        ),
        (b"\x24\x80\x00\x00", b""),
        (&[b"\x24\x80", &chunk[..], b"\0\0"].concat(), &large),
        (&chunk, &large),
    ] {
        let spool = spool(string);
        let mut stream = Stream::new(&spool, 0);
        let octets = stream.octets(tag::OCTET_STRING).unwrap();
        assert!(contents(&octets) == expected);
        stream.finish().unwrap();
    }
}

#[test]
fn what_is_no_chunk_of_an_octet_string_is_refused() {
    let spool = spool(b"\x24\x80\x04\x01s\x0c\x01e\x00\x00");
    let result = Stream::new(&spool, 0).octets(tag::OCTET_STRING);
    assert!(matches!(result, Err(stream::Error::Ber(Error::Chunk(5)))));
}

#[test]
fn implicit_tags_take_either_form() {
    for string in [
        &b"\x80\x04seal"[..],
        b"\xa0\x80\x04\x02se\x04\x02al\x00\x00",
    ] {
        let spool = spool(string);
        let octets = Stream::new(&spool, 0).octets(0x80).unwrap();
        assert_eq!(contents(&octets), b"seal");
    }
}

#[test]
fn memory_is_bounded_to_the_octet() {
    let spool = spool(b"\x30\x04\x02\x02\x01\x01");
    assert!(Stream::new(&spool, 6).any().is_ok());
    let result = Stream::new(&spool, 5).any();
    assert!(matches!(result, Err(stream::Error::TooLong { limit: 5 })));
}

#[test]
fn what_is_cut_short_or_lies_about_its_length_is_refused() {
    for string in [
        &b""[..],
        b"\x30",
        b"\x30\x04\x02\x02\x01",
        b"\x30\x80\x02\x01\x01",
        b"\x30\x80\x02\x01\x01\x00",
        b"\x30\x88\xff\xff\xff\xff\xff\xff\xff\xff\x00",
        b"\x30\x89\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00",
        b"\x30\xff\x00",
        b"\x02\x80\x01\x00\x00",
        b"\x00\x00",
        &nested(0x30, MAXIMUM_DEPTH + 1),
    ] {
        let spool = spool(string);
        assert!(
            Stream::new(&spool, usize::MAX).any().is_err(),
            "{string:x?}"
        );
    }
    let deep = spool(&nested(0x30, MAXIMUM_DEPTH));
    assert!(Stream::new(&deep, usize::MAX).any().is_ok());
}

#[test]
fn only_padding_may_follow() {
    for (string, accepted) in [(&b"\x05\x00\r\n\0"[..], true), (b"\x05\x00\r\nx", false)] {
        let spool = spool(string);
        let mut stream = Stream::new(&spool, 2);
        stream.any().unwrap();
        assert_eq!(stream.finish().is_ok(), accepted);
    }
}
