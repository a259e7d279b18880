//! A path of three certificates without departures, and parts to change it with.

use const_oid::db::rfc5280::{
    ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_CERTIFICATE_POLICIES, ID_CE_CRL_DISTRIBUTION_POINTS,
    ID_CE_KEY_USAGE, ID_CE_SUBJECT_ALT_NAME, ID_CE_SUBJECT_KEY_IDENTIFIER, ID_KP_EMAIL_PROTECTION,
    ID_PE_AUTHORITY_INFO_ACCESS,
};

use crate::asn1::oid::ObjectIdentifier;
use crate::asn1::tag;
use crate::asn1::tlv::{element, sequence};
use crate::path::testing::{basic_constraints, key, replace};
use crate::x509::Certificate;
use crate::x509::information_access::ID_AD_CA_ISSUERS;
use crate::x509::testing::{
    TestCertificate, critical_extension, extended_key_usage, extension, rfc822_name,
    subject_alt_name, utc_time,
};

pub(super) struct Pki {
    pub(super) leaf: TestCertificate,
    pub(super) ca: TestCertificate,
    pub(super) root: TestCertificate,
    /// Whether the CA is a part of the path.
    pub(super) has_ca: bool,
}

pub(super) const MAILBOX: &str = "2.23.140.1.5.1.2";
pub(super) const ORGANIZATION: &str = "2.23.140.1.5.2.2";
pub(super) const SPONSOR: &str = "2.23.140.1.5.3.2";
pub(super) const INDIVIDUAL: &str = "2.23.140.1.5.4.2";

impl Pki {
    /// For bob@example.com, Mailbox-validated and Multipurpose, on P-256; all of 2026 and 2027.
    pub(super) fn new() -> Pki {
        let (ca_name, root_name) = (ca_subject("CA"), ca_subject("Root"));
        let mut leaf = certificate(7, &ca_name);
        leaf.subject = name(&[cn("bob@example.com")]);
        leaf.extensions = vec![
            policies(&[MAILBOX]),
            crl_points(&["http://crl.example.com/ca.crl"]),
            access(&[(ID_AD_CA_ISSUERS, "http://ca.example.com/ca.crt")]),
            critical_key_usage(0b1000_1000),
            extended_key_usage(&[ID_KP_EMAIL_PROTECTION]),
            authority_key(b"CA"),
            subject_key(b"Bob"),
            subject_alt_name(&[rfc822_name("bob@example.com")]),
        ];
        let mut ca = certificate(2, &root_name);
        ca.subject = ca_name;
        ca.extensions = vec![
            policies(&[MAILBOX, "1.2.3"]),
            crl_points(&["http://crl.example.com/root.crl"]),
            access(&[(ID_AD_CA_ISSUERS, "http://ca.example.com/root.crt")]),
            basic_constraints(true, Some(0)),
            critical_key_usage(0b0000_0110),
            extended_key_usage(&[ID_KP_EMAIL_PROTECTION]),
            authority_key(b"Root"),
            subject_key(b"CA"),
        ];
        let mut root = certificate(1, &root_name);
        root.subject = root_name;
        root.extensions = vec![
            basic_constraints(true, None),
            critical_key_usage(0b0000_0110),
            subject_key(b"Root"),
        ];
        Pki {
            leaf,
            ca,
            root,
            has_ca: true,
        }
    }

    /// With a leaf of this policy and subject.
    pub(super) fn leaf_of(&mut self, policy: &str, subject: &[Text<'_>]) {
        set(
            &mut self.leaf,
            ID_CE_CERTIFICATE_POLICIES,
            &policies(&[policy]),
        );
        self.leaf.subject = name(subject);
    }

    /// With signatures as CAs with RSA keys make them.
    pub(super) fn signed_with_rsa(&mut self) {
        for certificate in [&mut self.leaf, &mut self.ca, &mut self.root] {
            let sha256_with_rsa = || hex("300d06092a864886f70d01010b0500");
            certificate.signature_algorithms = [sha256_with_rsa(), sha256_with_rsa()];
        }
    }

    /// With a leaf that was issued on this day (YYMMDD) and expires after some months.
    pub(super) fn issued_on(&mut self, day: &str) {
        self.leaf.not_before = utc_time(&format!("{day}000000Z"));
        let year: u8 = day[..2].parse().unwrap();
        self.leaf.not_after = utc_time(&format!("{}0101000000Z", year + 1));
    }
}

pub(super) fn path(pki: &Pki) -> Vec<Certificate> {
    let certificates = match pki.has_ca {
        true => vec![&pki.leaf, &pki.ca, &pki.root],
        false => vec![&pki.leaf, &pki.root],
    };
    let read = |certificate: &TestCertificate| Certificate::from_der(&certificate.der()).unwrap();
    certificates.into_iter().map(read).collect()
}

fn certificate(seed: u8, issuer: &[u8]) -> TestCertificate {
    TestCertificate {
        serial_number: vec![0x5a; 16],
        issuer: issuer.to_vec(),
        not_before: utc_time("260101000000Z"),
        not_after: utc_time("271231235959Z"),
        ..TestCertificate::of("", &key(seed))
    }
}

/// Replaces an extension, or takes it away.
pub(super) fn set(certificate: &mut TestCertificate, id: ObjectIdentifier, with: &[u8]) {
    replace(certificate, id, with);
}

/// Makes an extension critical, or not.
pub(super) fn mark(certificate: &mut TestCertificate, id: ObjectIdentifier, critical: bool) {
    let read = Certificate::from_der(&certificate.der()).unwrap();
    let (value, _) = read.extension(id).unwrap();
    let marked = match critical {
        true => critical_extension(id, value),
        false => extension(id, value),
    };
    replace(certificate, id, &marked);
}

pub(super) type Text<'a> = (&'a str, u8, &'a str);

pub(super) fn cn(text: &str) -> Text<'_> {
    ("2.5.4.3", tag::UTF8_STRING, text)
}

pub(super) fn o(text: &str) -> Text<'_> {
    ("2.5.4.10", tag::UTF8_STRING, text)
}

pub(super) fn c(text: &str) -> Text<'_> {
    ("2.5.4.6", tag::PRINTABLE_STRING, text)
}

pub(super) fn email(text: &str) -> Text<'_> {
    ("1.2.840.113549.1.9.1", tag::IA5_STRING, text)
}

/// A Name of RDNs with an attribute each.
pub(super) fn name(attributes: &[Text<'_>]) -> Vec<u8> {
    let rdn = |(id, string_type, text): &Text<'_>| {
        let value = element(*string_type, text.as_bytes());
        element(tag::SET, &sequence(&[&oid(id.parse().unwrap()), &value]))
    };
    let rdns: Vec<Vec<u8>> = attributes.iter().map(rdn).collect();
    element(tag::SEQUENCE, &rdns.concat())
}

fn ca_subject(common_name: &str) -> Vec<u8> {
    name(&[c("DE"), o("Example Trust"), cn(common_name)])
}

pub(super) fn oid(id: ObjectIdentifier) -> Vec<u8> {
    element(tag::OBJECT_IDENTIFIER, id.as_bytes())
}

pub(super) fn policies(identifiers: &[&str]) -> Vec<u8> {
    let information = |id: &&str| sequence(&[&oid(id.parse().unwrap())]);
    let all: Vec<Vec<u8>> = identifiers.iter().map(information).collect();
    extension(
        ID_CE_CERTIFICATE_POLICIES,
        &element(tag::SEQUENCE, &all.concat()),
    )
}

/// One policy with one qualifier.
pub(super) fn qualified_policy(policy: &str, qualifier: &str, value: &[u8]) -> Vec<u8> {
    let qualifier = sequence(&[&oid(qualifier.parse().unwrap()), value]);
    let information = sequence(&[&oid(policy.parse().unwrap()), &sequence(&[&qualifier])]);
    extension(ID_CE_CERTIFICATE_POLICIES, &sequence(&[&information]))
}

pub(super) fn uri(uri: &str) -> Vec<u8> {
    element(tag::context_primitive(6), uri.as_bytes())
}

/// One distribution point with these URIs.
pub(super) fn crl_points(uris: &[&str]) -> Vec<u8> {
    let names: Vec<Vec<u8>> = uris.iter().copied().map(uri).collect();
    let full_name = element(0xa0, &element(0xa0, &names.concat()));
    let points = sequence(&[&sequence(&[&full_name])]);
    extension(ID_CE_CRL_DISTRIBUTION_POINTS, &points)
}

pub(super) fn access(places: &[(ObjectIdentifier, &str)]) -> Vec<u8> {
    let description =
        |(method, place): &(ObjectIdentifier, &str)| sequence(&[&oid(*method), &uri(place)]);
    let all: Vec<Vec<u8>> = places.iter().map(description).collect();
    extension(
        ID_PE_AUTHORITY_INFO_ACCESS,
        &element(tag::SEQUENCE, &all.concat()),
    )
}

pub(super) fn critical_key_usage(bits: u8) -> Vec<u8> {
    // X.690 11.2.2: the zero bits at the end are left out.
    let bit_string = match bits {
        0 => vec![0],
        bits => vec![bits.trailing_zeros() as u8, bits],
    };
    critical_extension(ID_CE_KEY_USAGE, &element(tag::BIT_STRING, &bit_string))
}

/// keyUsage with its ninth bit, decipherOnly.
pub(super) fn long_key_usage(bits: u8) -> Vec<u8> {
    critical_extension(ID_CE_KEY_USAGE, &element(tag::BIT_STRING, &[7, bits, 0x80]))
}

pub(super) fn authority_key(identifier: &[u8]) -> Vec<u8> {
    let value = sequence(&[&element(0x80, identifier)]);
    extension(ID_CE_AUTHORITY_KEY_IDENTIFIER, &value)
}

pub(super) fn subject_key(identifier: &[u8]) -> Vec<u8> {
    extension(
        ID_CE_SUBJECT_KEY_IDENTIFIER,
        &element(tag::OCTET_STRING, identifier),
    )
}

/// Purposes by their last arc under id-kp.
pub(super) fn purposes(last: &[u32]) -> Vec<u8> {
    let ids: Vec<ObjectIdentifier> = last
        .iter()
        .map(|last| format!("1.3.6.1.5.5.7.3.{last}").parse().unwrap())
        .collect();
    extended_key_usage(&ids)
}

pub(super) fn alt_names(names: &[Vec<u8>]) -> Vec<u8> {
    extension(
        ID_CE_SUBJECT_ALT_NAME,
        &element(tag::SEQUENCE, &names.concat()),
    )
}

/// An otherName of this type with a UTF8String.
pub(super) fn other_name(id: &str, text: &str) -> Vec<u8> {
    let value = element(0xa0, &element(tag::UTF8_STRING, text.as_bytes()));
    element(0xa0, &[oid(id.parse().unwrap()), value].concat())
}

pub(super) fn directory_name(attributes: &[Text<'_>]) -> Vec<u8> {
    element(0xa4, &name(attributes))
}

/// The SubjectPublicKeyInfo of a key with this AlgorithmIdentifier, in hexadecimal.
pub(super) fn key_of(identifier: &str, key: &[u8]) -> Vec<u8> {
    sequence(&[
        &hex(identifier),
        &element(tag::BIT_STRING, &[&[0], key].concat()),
    ])
}

pub(super) fn hex(digits: &str) -> Vec<u8> {
    let (pairs, []) = digits.as_bytes().as_chunks::<2>() else {
        panic!("two digits an octet");
    };
    let octet =
        |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    pairs.iter().map(octet).collect()
}

/// An RSA key with the smallest modulus of so many bits that has no factor under 752.
pub(super) fn rsa(bits: usize, exponent: &[u8]) -> Vec<u8> {
    let mut modulus = vec![0; bits.div_ceil(8)];
    modulus[0] = 1 << ((bits - 1) % 8);
    let last = modulus.len() - 2;
    let has_factor = |modulus: &[u8]| {
        (3..752).any(|divisor| {
            modulus
                .iter()
                .fold(0, |rest, o| (rest * 256 + u32::from(*o)) % divisor)
                == 0
        })
    };
    let end = (1..u16::MAX).step_by(2).find(|end| {
        modulus[last..].copy_from_slice(&end.to_be_bytes());
        !has_factor(&modulus)
    });
    assert!(end.is_some());
    rsa_of(&modulus, exponent)
}

pub(super) fn rsa_of(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let positive = |number: &[u8]| match number {
        [0x80..=0xff, ..] => element(tag::INTEGER, &[&[0], number].concat()),
        number => element(tag::INTEGER, number),
    };
    let key = sequence(&[&positive(modulus), &positive(exponent)]);
    key_of("300d06092a864886f70d0101010500", &key)
}
