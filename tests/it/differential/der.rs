//! DER as this test writes it: what is under test must not write its own questions.

use const_oid::ObjectIdentifier;

/// One element: tag, length, content.
pub fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut der = vec![tag];
    match content.len() {
        length @ 0..0x80 => der.push(length as u8),
        length @ 0x80..0x100 => der.extend([0x81, length as u8]),
        length => der.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    der.extend(content);
    der
}

pub fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    element(0x30, &parts.concat())
}

/// `[number]` around one or more whole elements.
pub fn explicit(number: u8, content: &[u8]) -> Vec<u8> {
    element(0xa0 | number, content)
}

/// `[number] IMPLICIT` of a primitive type.
pub fn implicit(number: u8, content: &[u8]) -> Vec<u8> {
    element(0x80 | number, content)
}

pub fn oid(dotted: &str) -> Vec<u8> {
    let oid: ObjectIdentifier = dotted.parse().expect("an object identifier");
    element(0x06, oid.as_bytes())
}

/// A number below 128.
pub fn integer(number: u8) -> Vec<u8> {
    element(0x02, &[number])
}

pub fn octet_string(content: &[u8]) -> Vec<u8> {
    element(0x04, content)
}

/// A BIT STRING of whole octets.
pub fn bit_string(content: &[u8]) -> Vec<u8> {
    element(0x03, &[&[0], content].concat())
}

/// An extension of a certificate or a CRL.
pub fn extension(id: &str, is_critical: bool, value: &[u8]) -> Vec<u8> {
    let mut parts = vec![oid(id)];
    if is_critical {
        parts.push(element(0x01, &[0xff]));
    }
    parts.push(octet_string(value));
    sequence(&parts)
}

/// The time at so many seconds from [`NOW`], as RFC 5280 4.1.2.5 has it: UTCTime through 2049.
pub fn time(offset: i64) -> Vec<u8> {
    let zoned = now_and(offset).to_zoned(jiff::tz::TimeZone::UTC);
    match zoned.year() {
        ..2050 => element(0x17, zoned.strftime("%y%m%d%H%M%SZ").to_string().as_bytes()),
        _ => generalized_time(offset),
    }
}

pub fn generalized_time(offset: i64) -> Vec<u8> {
    let zoned = now_and(offset).to_zoned(jiff::tz::TimeZone::UTC);
    element(0x18, zoned.strftime("%Y%m%d%H%M%SZ").to_string().as_bytes())
}

/// The time at which every PKI is judged: 2026-07-01T12:00:00Z.
pub const NOW: i64 = 1_782_907_200;

pub fn now_and(offset: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(NOW + offset).expect("a time of this century or the next")
}
