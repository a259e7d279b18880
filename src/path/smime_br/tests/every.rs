use const_oid::db::rfc5280::{ID_CE_CERTIFICATE_POLICIES, ID_CE_CRL_DISTRIBUTION_POINTS};

use super::made::*;
use super::*;
use crate::asn1::tag;
use crate::asn1::tlv::{element, sequence};
use crate::x509::testing::{TestCertificate, extension, generalized_time};

/// A P-384 key, an RSA-PSS key, and others that nobody has the private half of.
const P_384: &str = "301006072a8648ce3d020106052b81040022";
const P_521: &str = "301006072a8648ce3d020106052b81040023";
const ED_448: &str = "300506032b6571";
const ML_DSA_44: &str = "300b0609608648016503040311";
const RSA_PSS: &str = "300b06092a864886f70d01010a";
const RSA_WITHOUT_NULL: &str = "300b06092a864886f70d010101";
const SECP_256_K_1: &str = "301006072a8648ce3d020106052b8104000a";
const X_25519: &str = "300506032b656e";

const SHA_256_WITH_RSA: &str = "300d06092a864886f70d01010b0500";
const RSA_PSS_WITH_SHA_256: &str = "304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120";
const SHA_1_WITH_RSA: &str = "300d06092a864886f70d0101050500";
const ECDSA_WITH_SHA_384: &str = "300a06082a8648ce3d040303";
const ECDSA_WITH_SHA_512: &str = "300a06082a8648ce3d040304";

fn sign_with(certificate: &mut TestCertificate, algorithm: &str) {
    certificate.signature_algorithms = [hex(algorithm), hex(algorithm)];
}

/// Signing alone, which every key but those for receiving may do.
fn key_for_signing(it: &mut Pki, key: Vec<u8>) {
    it.leaf.subject_public_key_info = key;
    set(
        &mut it.leaf,
        const_oid::db::rfc5280::ID_CE_KEY_USAGE,
        &critical_key_usage(0b1000_0000),
    );
}

const ODD_EXPONENT: &[u8] = &[1, 0, 1];

#[rustfmt::skip]
pub(super) const CASES: &[Case] = &[
    (&[], |it| it.leaf.serial_number = [&[0x7f], &[0xff; 19][..]].concat()),
    (&["serial-number-range"], |it| it.leaf.serial_number = [&[0, 0x80], &[0; 19][..]].concat()),
    (&["serial-number-range"], |it| it.leaf.serial_number = vec![0x80; 8]),
    (&["serial-number-range", "serial-number-random"], |it| it.leaf.serial_number = vec![0]),
    (&[], |it| it.leaf.serial_number = vec![1, 0, 0, 0, 0, 0]),
    (&["serial-number-random"], |it| it.leaf.serial_number = vec![0, 0xff, 0xff, 0xff, 0xff, 0xff]),
    (&["serial-number-random"], |it| it.ca.serial_number = vec![1]),
    (&["serial-number-random"], |it| it.root.serial_number = vec![1]),

    (&["version"], |it| it.leaf.version = Some(1)),
    (&["version"], |it| it.ca.version = None),

    (&[], |it| key_for_signing(it, rsa(2048, ODD_EXPONENT))),
    (&["rsa-modulus"], |it| key_for_signing(it, rsa(2047, ODD_EXPONENT))),
    (&["rsa-modulus"], |it| key_for_signing(it, rsa(2040, ODD_EXPONENT))),
    (&["rsa-modulus"], |it| key_for_signing(it, rsa(2052, ODD_EXPONENT))),
    (&[], |it| key_for_signing(it, rsa(2056, ODD_EXPONENT))),
    (&["rsa-exponent-range"], |it| key_for_signing(it, rsa(2048, &[3]))),
    (&["rsa-exponent-range"], |it| key_for_signing(it, rsa(2048, &[0xff, 0xff]))),
    (&["rsa-exponent", "rsa-exponent-range"], |it| key_for_signing(it, rsa(2048, &[1]))),
    (&["rsa-exponent", "rsa-exponent-range"], |it| key_for_signing(it, rsa(2048, &[1, 0, 0]))),
    (&["rsa-exponent"], |it| key_for_signing(it, rsa(2048, &[1, 0, 2]))),
    (&[], |it| key_for_signing(it, rsa(2048, &[0xff; 32]))),
    (&["rsa-exponent-range"], |it| key_for_signing(it, rsa(2048, &[&[1][..], &[0xff; 32]].concat()))),
    (&["rsa-modulus-factors"], |it| key_for_signing(it, rsa_of(&[0xff; 256], ODD_EXPONENT))),
    (&["rsa-modulus-factors"], |it| key_for_signing(it, rsa_of(&[&[0x80; 255][..], &[0]].concat(), ODD_EXPONENT))),

    (&[], |it| key_for_signing(it, key_of(P_384, b"point"))),
    (&[], |it| key_for_signing(it, key_of(P_521, b"point"))),
    (&[], |it| key_for_signing(it, key_of(ED_448, b"point"))),
    (&[], |it| key_for_signing(it, key_of(ML_DSA_44, b"key"))),
    (&[], |it| { it.issued_on("250822"); key_for_signing(it, key_of(ML_DSA_44, b"key")); }),
    (&["public-key-algorithm"], |it| { it.issued_on("250821"); key_for_signing(it, key_of(ML_DSA_44, b"key")); }),
    (&["public-key-algorithm"], |it| key_for_signing(it, key_of(RSA_PSS, b"key"))),
    (&["public-key-algorithm"], |it| key_for_signing(it, key_of(RSA_WITHOUT_NULL, b"key"))),
    (&["public-key-algorithm"], |it| key_for_signing(it, key_of(SECP_256_K_1, b"key"))),
    (&["public-key-algorithm"], |it| key_for_signing(it, key_of(X_25519, b"key"))),

    (&[], |it| sign_with(&mut it.leaf, SHA_256_WITH_RSA)),
    (&["signature-algorithm"], |it| sign_with(&mut it.leaf, SHA_1_WITH_RSA)),
    (&[], |it| sign_with(&mut it.leaf, RSA_PSS_WITH_SHA_256)),
    (&["signature-algorithm"], |it| sign_with(&mut it.leaf, &RSA_PSS_WITH_SHA_256.replace("a203020120", "a20302011e"))),
    (&["signature-algorithm"], |it| it.leaf.signature_algorithms[0] = hex(SHA_1_WITH_RSA)),
    (&["signature-algorithm"], |it| sign_with(&mut it.root, SHA_1_WITH_RSA)),
    (&["ecdsa-digest"], |it| sign_with(&mut it.leaf, ECDSA_WITH_SHA_384)),
    (&["ecdsa-digest"], |it| sign_with(&mut it.root, ECDSA_WITH_SHA_512)),
    (&[], |it| { sign_with(&mut it.leaf, ECDSA_WITH_SHA_384); it.ca.subject_public_key_info = key_of(P_384, b"point"); }),

    (&["issuer-name"], |it| it.leaf.issuer = name(&[c("DE"), ("2.5.4.10", tag::PRINTABLE_STRING, "Example Trust"), cn("CA")])),

    (&["validity-encoding"], |it| it.leaf.not_before = generalized_time("20260101000000Z")),
    (&["validity-encoding"], |it| it.root.not_after = generalized_time("20491231235959Z")),
    (&[], |it| it.root.not_after = generalized_time("20500101000000Z")),

    (&["unique-identifiers"], |it| it.leaf.subject_public_key_info.extend(element(0x81, b"\x00\x01"))),
    (&["unique-identifiers"], |it| it.leaf.subject_public_key_info.extend(element(0x82, b"\x00\x01"))),

    (&["extension-encoding", "reserved-policy"], |it| set(&mut it.leaf, ID_CE_CERTIFICATE_POLICIES, &extension(ID_CE_CERTIFICATE_POLICIES, b"\x30"))),
    (&["extension-encoding"], |it| set(&mut it.leaf, ID_CE_CERTIFICATE_POLICIES, &qualified_policy(MAILBOX, "1.3.6.1.5.5.7.2.1", b"\x0c\x01a"))),
    (&["extension-encoding", "crl-points-http"], |it| set(&mut it.leaf, ID_CE_CRL_DISTRIBUTION_POINTS, &extension(ID_CE_CRL_DISTRIBUTION_POINTS, &sequence(&[b"\x05\x00"])))),
];

#[test]
fn every_certificate_is_held_to_these() {
    hold(CASES);
}
