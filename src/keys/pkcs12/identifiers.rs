//! The object identifiers of PKCS#12.

use const_oid::ObjectIdentifier;

// The two types of content (RFC 5652 4 and 8).
pub(super) use const_oid::db::rfc5911::{ID_DATA, ID_ENCRYPTED_DATA};

// MACs: RFC 7292 appendix B.4, RFC 8018 appendix B.1.
pub(super) use const_oid::db::rfc5911::ID_PBKDF_2;
pub(super) use const_oid::db::rfc5912::{ID_SHA_1, ID_SHA_224, ID_SHA_256, ID_SHA_384, ID_SHA_512};
pub(super) use const_oid::db::rfc6268::{
    ID_HMAC_WITH_SHA_224, ID_HMAC_WITH_SHA_256, ID_HMAC_WITH_SHA_384, ID_HMAC_WITH_SHA_512,
};

// Encryption: RFC 7292 appendix C.
pub(super) use const_oid::db::rfc7292::{
    PBE_WITH_SHA_AND_2_KEY_TRIPLE_DES_CBC, PBE_WITH_SHA_AND_3_KEY_TRIPLE_DES_CBC,
    PBE_WITH_SHA_AND_128_BIT_RC_2_CBC, PBEWITH_SHA_AND_40_BIT_RC_2_CBC,
};

/// id-PBMAC1 (RFC 8018 A.5).
pub(super) const ID_PBMAC_1: ObjectIdentifier = identifier("1.2.840.113549.1.5.14");

/// id-hmacWithSHA1 (RFC 8018 B.1.2).
pub(super) const ID_HMAC_WITH_SHA_1: ObjectIdentifier = identifier("1.2.840.113549.2.7");

// Bags: RFC 7292 4.2.
pub(super) const KEY_BAG: ObjectIdentifier = identifier("1.2.840.113549.1.12.10.1.1");
pub(super) const PKCS_8_SHROUDED_KEY_BAG: ObjectIdentifier =
    identifier("1.2.840.113549.1.12.10.1.2");
pub(super) const CERT_BAG: ObjectIdentifier = identifier("1.2.840.113549.1.12.10.1.3");
pub(super) const CRL_BAG: ObjectIdentifier = identifier("1.2.840.113549.1.12.10.1.4");
pub(super) const SECRET_BAG: ObjectIdentifier = identifier("1.2.840.113549.1.12.10.1.5");
pub(super) const SAFE_CONTENTS_BAG: ObjectIdentifier = identifier("1.2.840.113549.1.12.10.1.6");

/// x509Certificate, the one kind of certificate in use (RFC 7292 4.2.3).
pub(super) const X_509_CERTIFICATE: ObjectIdentifier = identifier("1.2.840.113549.1.9.22.1");

const fn identifier(dotted: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(dotted)
}
