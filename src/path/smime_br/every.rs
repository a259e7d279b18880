//! The rules for every certificate: 7.1, 7.1.1, its key (6.1.5, 6.1.6, 7.1.3.1), its signature (7.1.3.2)
//! and what of RFC 5280 path validation lets pass (7.1.2.4).

use const_oid::db::rfc5280::{ID_CE_BASIC_CONSTRAINTS, ID_CE_CERTIFICATE_POLICIES};
use jiff::Timestamp;

use super::rule::{Examined, Finding, Rule, found, must, should};
use crate::asn1::reader::{Reader, hexadecimal};
use crate::asn1::tag;
use crate::x509::policies::{CertificatePolicies, PolicyQualifier};
use crate::x509::{Certificate, Version};

#[rustfmt::skip]
pub(super) const RULES: &[Rule] = &[
    must("7.1", "serial-number-range", "the serial number must be positive and less than 2^159", serial_number_range),
    must("7.1", "serial-number-random", "the serial number must hold 64 random bits", serial_number_random),
    must("7.1.1", "version", "the certificate must be of version 3", version),
    must("6.1.5", "rsa-modulus", "an RSA modulus must have 2048 bits or more, a multiple of 8", rsa_modulus),
    must("6.1.6", "rsa-exponent", "an RSA exponent must be odd and 3 or more", rsa_exponent),
    should("6.1.6", "rsa-exponent-range", "an RSA exponent should be from 2^16 + 1 to 2^256 - 1", rsa_exponent_range),
    should("6.1.6", "rsa-modulus-factors", "an RSA modulus should have no factor under 752", rsa_modulus_factors),
    must("7.1.3.1", "public-key-algorithm", "the algorithm of the key must be one of 7.1.3.1, as encoded there",
        public_key_algorithm),
    must("7.1.3.2", "signature-algorithm", "the algorithm of the signature must be one of 7.1.3.2, as encoded there",
        signature_algorithm),
    must("7.1.3.2.2", "ecdsa-digest", "an ECDSA signature must be with the digest of the issuer's curve", ecdsa_digest),
    must("7.1.4.1", "issuer-name", "the issuer must be written as the subject of the CA's certificate is", issuer_name),
    must("7.1.2.4", "validity-encoding", "dates up to 2049 must be UTCTime (RFC 5280 4.1.2.5)", validity_encoding),
    must("7.1.2.4", "unique-identifiers", "unique identifiers must not be present (RFC 5280 4.1.2.8)",
        unique_identifiers),
    must("7.1.2.4", "extension-encoding", "extensions must be as RFC 5280 4.2 defines them", extension_encoding),
];

/// Since version 1.0.11 (SMC013), 2025-08-22, keys may be of ML-DSA and ML-KEM.
const POST_QUANTUM: Timestamp = Timestamp::constant(1_755_820_800, 0);

/// 7.1.3.1: each key with its AlgorithmIdentifier, and from when it may be used.
#[rustfmt::skip]
const KEYS: &[(&str, &str, Timestamp)] = &[
    ("RSA",         "300d06092a864886f70d0101010500",             Timestamp::MIN),
    ("P-256",       "301306072a8648ce3d020106082a8648ce3d030107", Timestamp::MIN),
    ("P-384",       "301006072a8648ce3d020106052b81040022",       Timestamp::MIN),
    ("P-521",       "301006072a8648ce3d020106052b81040023",       Timestamp::MIN),
    ("Ed25519",     "300506032b6570",                             Timestamp::MIN),
    ("Ed448",       "300506032b6571",                             Timestamp::MIN),
    ("ML-DSA-44",   "300b0609608648016503040311",                 POST_QUANTUM),
    ("ML-DSA-65",   "300b0609608648016503040312",                 POST_QUANTUM),
    ("ML-DSA-87",   "300b0609608648016503040313",                 POST_QUANTUM),
    ("ML-KEM-512",  "300b0609608648016503040401",                 POST_QUANTUM),
    ("ML-KEM-768",  "300b0609608648016503040402",                 POST_QUANTUM),
    ("ML-KEM-1024", "300b0609608648016503040403",                 POST_QUANTUM),
];

/// 7.1.3.2: the AlgorithmIdentifiers of signatures; of ECDSA, with the curve it is for.
#[rustfmt::skip]
const SIGNATURES: &[(&str, Option<&str>)] = &[
    ("300d06092a864886f70d01010b0500", None),
    ("300d06092a864886f70d01010c0500", None),
    ("300d06092a864886f70d01010d0500", None),
    ("304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108\
      300d06096086480165030402010500a203020120", None),
    ("304106092a864886f70d01010a3034a00f300d06096086480165030402020500a11c301a06092a864886f70d010108\
      300d06096086480165030402020500a203020130", None),
    ("304106092a864886f70d01010a3034a00f300d06096086480165030402030500a11c301a06092a864886f70d010108\
      300d06096086480165030402030500a203020140", None),
    ("300a06082a8648ce3d040302", Some("P-256")),
    ("300a06082a8648ce3d040303", Some("P-384")),
    ("300a06082a8648ce3d040304", Some("P-521")),
    ("300506032b6570", None),
    ("300506032b6571", None),
    ("300b0609608648016503040311", None),
    ("300b0609608648016503040312", None),
    ("300b0609608648016503040313", None),
];

fn serial_number_range(it: &Examined<'_>) -> Finding {
    let octets = serial_number(it.certificate);
    match octets {
        [0x80..=0xff, ..] => Some("it is negative".to_owned()),
        _ if octets.iter().all(|octet| *octet == 0) => Some("it is 0".to_owned()),
        // 2^159 has 160 bits, which as an INTEGER take 20 octets and one for the sign.
        _ if bits(octets) > 159 => Some(format!("it has {} bits", bits(octets))),
        _ => None,
    }
}

/// 64 random bits begin with 24 zeros once in 16 million certificates.
fn serial_number_random(it: &Examined<'_>) -> Finding {
    let bits = bits(serial_number(it.certificate));
    (bits <= 40).then(|| format!("it has {bits}"))
}

fn version(it: &Examined<'_>) -> Finding {
    match it.certificate.version() {
        Version::V1 => Some("it is of version 1".to_owned()),
        Version::V2 => Some("it is of version 2".to_owned()),
        Version::V3 => None,
    }
}

fn rsa_modulus(it: &Examined<'_>) -> Finding {
    let bits = bits(RsaNumbers::of(it.certificate)?.modulus);
    (bits < 2048 || !bits.is_multiple_of(8)).then(|| format!("it has {bits}"))
}

/// Whether it is a certificate of an RSA key of fewer bits.
pub(super) fn is_rsa_under(certificate: &Certificate, least: usize) -> Finding {
    let bits = bits(RsaNumbers::of(certificate)?.modulus);
    (bits < least).then(|| format!("it has {bits}"))
}

fn rsa_exponent(it: &Examined<'_>) -> Finding {
    let exponent = RsaNumbers::of(it.certificate)?.exponent;
    let is_odd = exponent.last().is_some_and(|octet| octet % 2 == 1);
    (!is_odd || exponent == [1]).then(|| format!("it is 0x{}", hexadecimal(exponent)))
}

fn rsa_exponent_range(it: &Examined<'_>) -> Finding {
    let exponent = RsaNumbers::of(it.certificate)?.exponent;
    let is_within = (17..=256).contains(&bits(exponent)) && exponent != [1, 0, 0];
    (!is_within).then(|| format!("it is 0x{}", hexadecimal(exponent)))
}

/// By every odd number, and 2: those that are no primes have a smaller factor that divides too.
fn rsa_modulus_factors(it: &Examined<'_>) -> Finding {
    let modulus = RsaNumbers::of(it.certificate)?.modulus;
    let remainder = |divisor: u32| {
        let step = |rest: u32, octet: &u8| (rest << 8 | u32::from(*octet)) % divisor;
        modulus.iter().fold(0, step)
    };
    let factor = [2]
        .into_iter()
        .chain((3..752).step_by(2))
        .find(|divisor| remainder(*divisor) == 0)?;
    Some(format!("it can be divided by {factor}"))
}

/// What kind of key it is, of those there may be; none if its AlgorithmIdentifier is none of them.
pub(super) fn key_kind(certificate: &Certificate) -> Option<&'static str> {
    known_key(certificate).map(|(kind, ..)| *kind)
}

fn known_key(
    certificate: &Certificate,
) -> Option<&'static (&'static str, &'static str, Timestamp)> {
    let identifier = hexadecimal(key_parts(certificate)?.0);
    KEYS.iter().find(|(_, known, _)| *known == identifier)
}

fn public_key_algorithm(it: &Examined<'_>) -> Finding {
    match known_key(it.certificate) {
        Some((_, _, since)) if it.certificate.not_before() >= *since => None,
        Some((kind, ..)) => Some(format!("it is {kind}, which may be used since 2025-08-22")),
        None => {
            let identifier =
                key_parts(it.certificate).map_or(&[][..], |(identifier, _)| identifier);
            Some(format!("it is {}", hexadecimal(identifier)))
        }
    }
}

fn known_signature(identifier: &[u8]) -> Option<&'static (&'static str, Option<&'static str>)> {
    let identifier = hexadecimal(identifier);
    SIGNATURES.iter().find(|(known, _)| *known == identifier)
}

fn signature_algorithm(it: &Examined<'_>) -> Finding {
    let inside = it.certificate.tbs_signature_algorithm_der();
    let outside = it.certificate.signature_algorithm_der();
    let unknown = [inside, outside]
        .into_iter()
        .find(|identifier| known_signature(identifier).is_none())?;
    Some(format!("it is {}", hexadecimal(unknown)))
}

fn ecdsa_digest(it: &Examined<'_>) -> Finding {
    let (_, curve) = known_signature(it.certificate.signature_algorithm_der())?;
    let (wanted, used) = ((*curve)?, key_kind(it.issuer?)?);
    (wanted != used).then(|| format!("the key is on {used}, the digest for {wanted}"))
}

fn issuer_name(it: &Examined<'_>) -> Finding {
    let differs = it.issuer?.subject_der() != it.certificate.issuer_der();
    differs.then(|| "it has another encoding".to_owned())
}

fn validity_encoding(it: &Examined<'_>) -> Finding {
    // serialNumber is the one INTEGER; signature, issuer and validity the first three SEQUENCEs.
    let elements = tbs_elements(it.certificate);
    let mut sequences = elements.iter().filter(|(tag, _)| *tag == tag::SEQUENCE);
    let (_, validity) = sequences.nth(2)?;
    let mut reader = Reader::new(validity);
    let mut times = std::iter::from_fn(|| {
        let element = reader.read().ok()?;
        Some((element.tag(), reader.value(&element)))
    });
    let (_, early) =
        times.find(|(tag, text)| *tag == tag::GENERALIZED_TIME && *text < &b"2050"[..])?;
    Some(format!("{} is GeneralizedTime", early.escape_ascii()))
}

fn unique_identifiers(it: &Examined<'_>) -> Finding {
    let elements = tbs_elements(it.certificate);
    let name = |tag: u8| match tag {
        0x81 => Some("issuerUniqueID is"),
        0x82 => Some("subjectUniqueID is"),
        _ => None,
    };
    let (found, _) = elements.iter().find(|(tag, _)| name(*tag).is_some())?;
    Some(format!("{} present", name(*found)?))
}

/// Those that the rules read and path validation may not have read.
fn extension_encoding(it: &Examined<'_>) -> Finding {
    let certificate = it.certificate;
    let policies = certificate
        .extension(ID_CE_CERTIFICATE_POLICIES)
        .is_none_or(|(der, _)| {
            CertificatePolicies::from_der(der).is_ok() && PolicyQualifier::all_from_der(der).is_ok()
        });
    let constraints = certificate
        .extension(ID_CE_BASIC_CONSTRAINTS)
        .is_none_or(|_| certificate.basic_constraints().is_ok());
    let sound = [
        ("certificatePolicies", policies),
        ("basicConstraints", constraints),
        ("subjectAltName", certificate.subject_alt_names().is_ok()),
        ("nameConstraints", certificate.name_constraints().is_ok()),
        (
            "cRLDistributionPoints",
            certificate.distribution_points().is_ok(),
        ),
        (
            "authorityInfoAccess",
            certificate.authority_information_access().is_ok(),
        ),
    ];
    let malformed = sound.iter().filter(|(_, is_sound)| !is_sound);
    found("malformed are", malformed.map(|(name, _)| name))
}

/// The octets of the serialNumber INTEGER.
fn serial_number(certificate: &Certificate) -> &[u8] {
    let mut reader = Reader::new(certificate.serial_der());
    match reader.read() {
        Ok(integer) => reader.value(&integer),
        Err(_) => &[],
    }
}

/// The AlgorithmIdentifier of the SubjectPublicKeyInfo, and the octets of the key.
fn key_parts(certificate: &Certificate) -> Option<(&[u8], &[u8])> {
    let mut outer = Reader::new(certificate.spki_der());
    let sequence = outer.expect(tag::SEQUENCE).ok()?;
    let mut reader = outer.inside(&sequence);
    let algorithm = reader.expect(tag::SEQUENCE).ok()?;
    let key = reader.expect(tag::BIT_STRING).ok()?;
    Some((reader.bytes(&algorithm), reader.value(&key).get(1..)?))
}

/// The numbers of an RSA key, without leading zeros.
struct RsaNumbers<'a> {
    modulus: &'a [u8],
    exponent: &'a [u8],
}

impl RsaNumbers<'_> {
    /// None if it is a key of another kind.
    fn of(certificate: &Certificate) -> Option<RsaNumbers<'_>> {
        if key_kind(certificate) != Some("RSA") {
            return None;
        }
        let mut outer = Reader::new(key_parts(certificate)?.1);
        let sequence = outer.expect(tag::SEQUENCE).ok()?;
        let mut reader = outer.inside(&sequence);
        let mut number = || {
            let integer = reader.expect(tag::INTEGER).ok()?;
            Some(significant(reader.value(&integer)))
        };
        Some(RsaNumbers {
            modulus: number()?,
            exponent: number()?,
        })
    }
}

/// The fields of the TBSCertificate, each its tag and its value.
fn tbs_elements(certificate: &Certificate) -> Vec<(u8, &[u8])> {
    let mut outer = Reader::new(certificate.tbs_certificate_der());
    let Ok(sequence) = outer.expect(tag::SEQUENCE) else {
        return Vec::new();
    };
    let mut reader = outer.inside(&sequence);
    let mut elements = Vec::new();
    while let Ok(element) = reader.read() {
        elements.push((element.tag(), reader.value(&element)));
    }
    elements
}

fn significant(octets: &[u8]) -> &[u8] {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    &octets[zeros..]
}

/// How many bits a positive number has.
fn bits(octets: &[u8]) -> usize {
    match significant(octets) {
        [] => 0,
        [first, rest @ ..] => rest.len() * 8 + 8 - first.leading_zeros() as usize,
    }
}
