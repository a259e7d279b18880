use super::testing::*;
use super::*;
use crate::asn1::tlv::sequence;
use crate::x509::testing::{critical_extension, extension, name, utc_time};

fn key() -> p256::SecretKey {
    p256::SecretKey::from_slice(&[7; 32]).unwrap()
}

fn changed(change: impl FnOnce(&mut TestCrl)) -> Result<CertificateList, Error> {
    let mut crl = TestCrl::of("CA");
    change(&mut crl);
    CertificateList::from_der(&crl.der(&key()))
}

fn named(text: &str) -> ComparableName {
    Name::from_der(&name(text)).unwrap().comparable()
}

#[test]
fn certificates_are_found_by_issuer_and_serial_number() {
    let crl = changed(|c| {
        c.revoked = vec![
            entry(1, &[]),
            entry(2, &[reason(1)]),
            entry(3, &[certificate_issuer("Other")]),
            entry(4, &[]),
            entry(5, &[certificate_issuer("ca")]),
        ];
    })
    .unwrap();
    let find = |issuer, serial| crl.find(&named(issuer), &[2, 1, serial]).map(|e| e.reason);
    assert_eq!([find("CA", 1), find("CA", 2)], [Some(None), Some(Some(1))]);
    assert_eq!([find("CA", 6), find("Other", 1)], [None; 2]);
    // RFC 5280 5.3.3: an entry has the issuer of the one before it.
    assert_eq!([find("CA", 3), find("CA", 4)], [None; 2]);
    assert_eq!([find("Other", 3), find("Other", 4)], [Some(None); 2]);
    assert_eq!([find("CA", 5), find("Other", 5)], [Some(None), None]);
}

/// Else one that is revoked would be looked for in vain.
#[test]
fn a_serial_number_has_one_encoding() {
    let revoked = |serial_number: &[u8]| {
        let date = utc_time("260515000000Z");
        changed(|c| c.revoked = vec![sequence(&[serial_number, &date])])
    };
    assert!(revoked(&[2, 1, 1]).is_ok() && revoked(&[2, 2, 0, 0x80]).is_ok());
    assert!(revoked(&[2, 2, 0, 1]).is_err() && revoked(&[2, 0]).is_err());
}

#[test]
fn numbers_are_compared_as_numbers() {
    let number_of = |octets: &[u8]| {
        let value = [&[2, u8::try_from(octets.len()).unwrap()], octets].concat();
        let crl = changed(|c| c.extensions = vec![extension(ID_CE_CRL_NUMBER, &value)]);
        crl.ok().and_then(|crl| crl.crl_number().cloned())
    };
    assert!(number_of(&[0x7f]) < number_of(&[0, 0x80]));
    assert!(number_of(&[2]) < number_of(&[1, 0]));
    assert_eq!(number_of(&[0, 0x80]), number_of(&[0, 0, 0x80]));
    assert_eq!(number_of(&[0x80]), None);
    assert_eq!(changed(|_| {}).unwrap().base_crl_number(), None);
    let delta = changed(|c| c.extensions.push(base(5))).unwrap();
    assert_eq!(delta.base_crl_number(), delta.crl_number());
}

#[test]
fn unknown_critical_extensions_are_told_wherever_they_stand() {
    let id = unknown();
    for (extension, expected) in [
        (critical_extension(id, b""), Some("1.2.3.4")),
        (extension(id, b""), None),
    ] {
        let of_list = changed(|c| c.extensions.push(extension.clone())).unwrap();
        let of_entry = changed(|c| c.revoked = vec![entry(9, &[extension])]).unwrap();
        assert_eq!(of_list.unknown_critical_extension(), expected);
        assert_eq!(of_entry.unknown_critical_extension(), expected);
    }
}

#[test]
fn a_scope_is_that_of_the_same_issuer_key_and_point() {
    let (crl, delta) = (
        changed(|_| {}).unwrap(),
        changed(|c| c.extensions.push(base(5))).unwrap(),
    );
    assert!(crl.has_scope_of(&delta));
    let other = changed(|c| c.issuer = name("Other")).unwrap();
    let some = changed(|c| c.extensions.push(scope(&[b"\x81\x01\xff"]))).unwrap();
    assert!(!crl.has_scope_of(&other) && !crl.has_scope_of(&some));
}

#[test]
fn what_cannot_be_read_is_an_error() {
    assert!(changed(|c| c.extensions.push(number(6))).is_err());
    assert!(changed(|c| c.extensions.push(scope(&[b"\x05\x00"]))).is_err());
    assert!(changed(|c| c.revoked = vec![entry(1, &[reason(1), reason(1)])]).is_err());
    assert!(
        changed(|c| c.revoked = vec![entry(1, &[extension(ID_CE_CRL_REASONS, b"\x02\x01\x01")])])
            .is_err()
    );
    assert!(changed(|c| c.this_update = c.issuer.clone()).is_err());
    let der = TestCrl::of("CA").der(&key());
    for end in 0..der.len() {
        assert!(CertificateList::from_der(&der[..end]).is_err());
    }
    for position in 0..der.len() {
        for octet in [0, 0x30, 0x7f, 0xff] {
            let mut changed = der.clone();
            changed[position] = octet;
            let _ = CertificateList::from_der(&changed);
        }
    }
}
