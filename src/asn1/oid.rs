//! Object identifiers, by the names their RFCs give them.
//!
//! ```
//! use mailseal::asn1::oid;
//!
//! assert_eq!(oid::name(&oid::ID_SIGNED_DATA), "id-signedData");
//! assert_eq!(oid::name(&"1.2.3.4".parse().unwrap()), "1.2.3.4");
//! ```

use const_oid::db::DB;

pub use const_oid::ObjectIdentifier;

// Content types: RFC 5652 section 4, 5.1 and 6.1; RFC 5083 section 2.1.
pub use const_oid::db::rfc5911::{
    ID_CT_AUTH_ENVELOPED_DATA, ID_DATA, ID_ENVELOPED_DATA, ID_SIGNED_DATA,
};

// Attributes: RFC 5652 section 11, RFC 8551 section 2.5, RFC 5035 section 3.
pub use const_oid::db::rfc5911::{
    ID_AA_ENCRYP_KEY_PREF, ID_AA_SIGNING_CERTIFICATE, ID_AA_SIGNING_CERTIFICATE_V_2,
    ID_CONTENT_TYPE, ID_MESSAGE_DIGEST, ID_SIGNING_TIME, SMIME_CAPABILITIES,
};

// Digests: RFC 5754 section 2, RFC 8702 section 3.1.
pub use const_oid::db::fips202::{
    ID_SHA_3_256, ID_SHA_3_384, ID_SHA_3_512, ID_SHAKE_128, ID_SHAKE_256,
};
pub use const_oid::db::rfc5912::{ID_SHA_1, ID_SHA_224, ID_SHA_256, ID_SHA_384, ID_SHA_512};

// Signatures: RFC 8017 appendix A, RFC 5754 section 3, RFC 3279 section 2.2, RFC 8692 section 3.
pub use const_oid::db::rfc5912::{
    DSA_WITH_SHA_1, DSA_WITH_SHA_224, DSA_WITH_SHA_256, ECDSA_WITH_SHA_224, ECDSA_WITH_SHA_256,
    ECDSA_WITH_SHA_384, ECDSA_WITH_SHA_512, ID_MGF_1, ID_RSASSA_PSS, RSA_ENCRYPTION,
    SHA_1_WITH_RSA_ENCRYPTION, SHA_224_WITH_RSA_ENCRYPTION, SHA_256_WITH_RSA_ENCRYPTION,
    SHA_384_WITH_RSA_ENCRYPTION, SHA_512_WITH_RSA_ENCRYPTION,
};

// Key transport and key agreement: RFC 3560, RFC 5753 section 7.1.4.
pub use const_oid::db::rfc5753::{
    DH_SINGLE_PASS_STD_DH_SHA_1_KDF_SCHEME, DH_SINGLE_PASS_STD_DH_SHA_224_KDF_SCHEME,
    DH_SINGLE_PASS_STD_DH_SHA_256_KDF_SCHEME, DH_SINGLE_PASS_STD_DH_SHA_384_KDF_SCHEME,
    DH_SINGLE_PASS_STD_DH_SHA_512_KDF_SCHEME,
};
pub use const_oid::db::rfc5912::{ID_P_SPECIFIED, ID_RSAES_OAEP};

// Key wrap and content encryption: RFC 3565 section 4, RFC 5084 section 3.2, RFC 3370 section 5.
pub use const_oid::db::rfc5911::{
    DES_EDE_3_CBC, ID_AES_128_CBC, ID_AES_128_CCM, ID_AES_128_GCM, ID_AES_128_WRAP, ID_AES_192_CBC,
    ID_AES_192_CCM, ID_AES_192_GCM, ID_AES_192_WRAP, ID_AES_256_CBC, ID_AES_256_CCM,
    ID_AES_256_GCM, ID_AES_256_WRAP, RC_2_CBC,
};

/// dhSinglePass-stdDH-hkdf-sha256-scheme (RFC 8418 section 7).
pub const DH_SINGLE_PASS_STD_DH_HKDF_SHA_256_SCHEME: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.3.19");

/// dhSinglePass-stdDH-hkdf-sha384-scheme.
pub const DH_SINGLE_PASS_STD_DH_HKDF_SHA_384_SCHEME: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.3.20");

/// dhSinglePass-stdDH-hkdf-sha512-scheme.
pub const DH_SINGLE_PASS_STD_DH_HKDF_SHA_512_SCHEME: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.3.21");

/// id-alg-CMS3DESwrap (RFC 3370 section 4.3.1).
pub const ID_ALG_CMS_3_DES_WRAP: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.3.6");

/// id-ori-kem (RFC 9629 section 3).
pub const ID_ORI_KEM: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.13.3");

/// id-alg-hkdf-with-sha256 (RFC 8619 section 2).
pub const ID_ALG_HKDF_WITH_SHA_256: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.3.28");

/// id-alg-hkdf-with-sha384.
pub const ID_ALG_HKDF_WITH_SHA_384: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.3.29");

/// id-alg-hkdf-with-sha512.
pub const ID_ALG_HKDF_WITH_SHA_512: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.3.30");

// Passwords: RFC 8018 appendix A.2 and B.1.
pub use const_oid::db::rfc5911::ID_PBKDF_2;
pub use const_oid::db::rfc6268::{
    ID_HMAC_WITH_SHA_224, ID_HMAC_WITH_SHA_256, ID_HMAC_WITH_SHA_384, ID_HMAC_WITH_SHA_512,
};

/// id-hmacWithSHA1 (RFC 8018 appendix B.1.1).
pub const ID_HMAC_WITH_SHA_1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.7");

/// id-alg-PWRI-KEK (RFC 3211 section 2.3).
pub const ID_ALG_PWRI_KEK: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.3.9");

/// id-alg-AEADChaCha20Poly1305 (RFC 8103 section 3).
pub const ID_ALG_AEAD_CHA_CHA_20_POLY_1305: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.3.18");

// Elliptic curve keys: RFC 5480 section 2.1.
pub use const_oid::db::rfc5912::{ID_EC_PUBLIC_KEY, SECP_256_R_1, SECP_384_R_1, SECP_521_R_1};

// Keys of the other kinds: RFC 3279 section 2.3.2, RFC 8410 section 3, RFC 9881 section 2,
// RFC 9935 section 3.
pub use const_oid::db::fips203::{ID_ALG_ML_KEM_512, ID_ALG_ML_KEM_768, ID_ALG_ML_KEM_1024};
pub use const_oid::db::fips204::{ID_ML_DSA_44, ID_ML_DSA_65, ID_ML_DSA_87};
pub use const_oid::db::rfc5912::ID_DSA;
pub use const_oid::db::rfc8410::{ID_ED_25519, ID_X_25519};

/// ecdsa-with-SHA1 (RFC 3279 section 2.2.3).
pub const ECDSA_WITH_SHA_1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.1");
/// id-dsa-with-sha384 (NIST's register of algorithms).
pub const DSA_WITH_SHA_384: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.3");
/// id-dsa-with-sha512.
pub const DSA_WITH_SHA_512: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.4");
/// id-ecdsa-with-sha3-256 (NIST's register of algorithms).
pub const ECDSA_WITH_SHA_3_256: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.10");
/// id-ecdsa-with-sha3-384.
pub const ECDSA_WITH_SHA_3_384: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.11");
/// id-ecdsa-with-sha3-512.
pub const ECDSA_WITH_SHA_3_512: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.12");
/// id-rsassa-pkcs1-v1_5-with-sha3-256 (NIST's register of algorithms).
pub const SHA_3_256_WITH_RSA_ENCRYPTION: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.14");
/// id-rsassa-pkcs1-v1_5-with-sha3-384.
pub const SHA_3_384_WITH_RSA_ENCRYPTION: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.15");
/// id-rsassa-pkcs1-v1_5-with-sha3-512.
pub const SHA_3_512_WITH_RSA_ENCRYPTION: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.16");
/// id-RSASSA-PSS-SHAKE128 (RFC 8702 section 3.2.1).
pub const ID_RSASSA_PSS_SHAKE_128: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.6.30");
/// id-RSASSA-PSS-SHAKE256.
pub const ID_RSASSA_PSS_SHAKE_256: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.6.31");
/// id-ecdsa-with-shake128 (RFC 8702 section 3.2.2).
pub const ECDSA_WITH_SHAKE_128: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.6.32");
/// id-ecdsa-with-shake256.
pub const ECDSA_WITH_SHAKE_256: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.6.33");

/// id-aa-CMSAlgorithmProtect (RFC 6211 section 2).
pub const ID_AA_CMS_ALGORITHM_PROTECT: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.52");

/// id-emailAddress, the mailbox in a distinguished name (RFC 5280 appendix A.1).
pub const ID_EMAIL_ADDRESS: ObjectIdentifier = const_oid::db::rfc2985::PKCS_9_AT_EMAIL_ADDRESS;

/// The name the RFCs give the identifier, or its dotted numbers when it is not a known one.
pub fn name(oid: &ObjectIdentifier) -> String {
    NAMES
        .iter()
        .find(|(known, _)| known == oid)
        .map(|(_, name)| *name)
        .or_else(|| DB.by_oid(oid))
        .map_or_else(|| oid.to_string(), str::to_owned)
}

/// What `const-oid` has no name for, and strangers name: ciphers, and the curves of SEC 2 and RFC
/// 5639 section 4.1.
const NAMES: &[(ObjectIdentifier, &str)] = &[
    (
        ID_ALG_AEAD_CHA_CHA_20_POLY_1305,
        "id-alg-AEADChaCha20Poly1305",
    ),
    (ObjectIdentifier::new_unwrap("1.3.14.3.2.7"), "desCBC"),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.3.4"), "rc4"),
    (ObjectIdentifier::new_unwrap("1.3.132.0.10"), "secp256k1"),
    (
        ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.7"),
        "brainpoolP256r1",
    ),
    (
        ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.11"),
        "brainpoolP384r1",
    ),
    (
        ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.13"),
        "brainpoolP512r1",
    ),
    (ID_ALG_PWRI_KEK, "id-alg-PWRI-KEK"),
    (
        DH_SINGLE_PASS_STD_DH_HKDF_SHA_256_SCHEME,
        "dhSinglePass-stdDH-hkdf-sha256-scheme",
    ),
    (
        DH_SINGLE_PASS_STD_DH_HKDF_SHA_384_SCHEME,
        "dhSinglePass-stdDH-hkdf-sha384-scheme",
    ),
    (
        DH_SINGLE_PASS_STD_DH_HKDF_SHA_512_SCHEME,
        "dhSinglePass-stdDH-hkdf-sha512-scheme",
    ),
    (ID_ALG_CMS_3_DES_WRAP, "id-alg-CMS3DESwrap"),
    (ID_ORI_KEM, "id-ori-kem"),
    (ID_ALG_HKDF_WITH_SHA_256, "id-alg-hkdf-with-sha256"),
    (ID_ALG_HKDF_WITH_SHA_384, "id-alg-hkdf-with-sha384"),
    (ID_ALG_HKDF_WITH_SHA_512, "id-alg-hkdf-with-sha512"),
    (
        ObjectIdentifier::new_unwrap("1.2.840.113549.2.13"),
        "hmacWithSHA512-256",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_those_of_the_rfcs() {
        for (oid, dotted) in [
            (ID_DATA, "1.2.840.113549.1.7.1"),
            (ID_SIGNED_DATA, "1.2.840.113549.1.7.2"),
            (ID_ENVELOPED_DATA, "1.2.840.113549.1.7.3"),
            (ID_CT_AUTH_ENVELOPED_DATA, "1.2.840.113549.1.9.16.1.23"),
            (ID_CONTENT_TYPE, "1.2.840.113549.1.9.3"),
            (ID_MESSAGE_DIGEST, "1.2.840.113549.1.9.4"),
            (ID_SIGNING_TIME, "1.2.840.113549.1.9.5"),
            (SMIME_CAPABILITIES, "1.2.840.113549.1.9.15"),
            (ID_AA_ENCRYP_KEY_PREF, "1.2.840.113549.1.9.16.2.11"),
            (ID_AA_SIGNING_CERTIFICATE, "1.2.840.113549.1.9.16.2.12"),
            (ID_AA_SIGNING_CERTIFICATE_V_2, "1.2.840.113549.1.9.16.2.47"),
            (ID_AA_CMS_ALGORITHM_PROTECT, "1.2.840.113549.1.9.52"),
            (ID_SHA_1, "1.3.14.3.2.26"),
            (ID_SHA_224, "2.16.840.1.101.3.4.2.4"),
            (ID_SHA_3_256, "2.16.840.1.101.3.4.2.8"),
            (ID_SHA_3_384, "2.16.840.1.101.3.4.2.9"),
            (ID_SHA_3_512, "2.16.840.1.101.3.4.2.10"),
            (ID_SHAKE_128, "2.16.840.1.101.3.4.2.11"),
            (ID_SHAKE_256, "2.16.840.1.101.3.4.2.12"),
            (SHA_1_WITH_RSA_ENCRYPTION, "1.2.840.113549.1.1.5"),
            (DSA_WITH_SHA_1, "1.2.840.10040.4.3"),
            (ID_SHA_256, "2.16.840.1.101.3.4.2.1"),
            (ID_SHA_384, "2.16.840.1.101.3.4.2.2"),
            (ID_SHA_512, "2.16.840.1.101.3.4.2.3"),
            (RSA_ENCRYPTION, "1.2.840.113549.1.1.1"),
            (ID_RSASSA_PSS, "1.2.840.113549.1.1.10"),
            (ID_MGF_1, "1.2.840.113549.1.1.8"),
            (ID_RSAES_OAEP, "1.2.840.113549.1.1.7"),
            (ID_P_SPECIFIED, "1.2.840.113549.1.1.9"),
            (ECDSA_WITH_SHA_256, "1.2.840.10045.4.3.2"),
            (ECDSA_WITH_SHA_384, "1.2.840.10045.4.3.3"),
            (ECDSA_WITH_SHA_512, "1.2.840.10045.4.3.4"),
            (DH_SINGLE_PASS_STD_DH_SHA_256_KDF_SCHEME, "1.3.132.1.11.1"),
            (DH_SINGLE_PASS_STD_DH_SHA_384_KDF_SCHEME, "1.3.132.1.11.2"),
            (DH_SINGLE_PASS_STD_DH_SHA_512_KDF_SCHEME, "1.3.132.1.11.3"),
            (ID_EC_PUBLIC_KEY, "1.2.840.10045.2.1"),
            (SECP_256_R_1, "1.2.840.10045.3.1.7"),
            (SECP_384_R_1, "1.3.132.0.34"),
            (SECP_521_R_1, "1.3.132.0.35"),
            (ID_DSA, "1.2.840.10040.4.1"),
            (ID_X_25519, "1.3.101.110"),
            (ID_ED_25519, "1.3.101.112"),
            (ID_ML_DSA_44, "2.16.840.1.101.3.4.3.17"),
            (ID_ML_DSA_65, "2.16.840.1.101.3.4.3.18"),
            (ID_ML_DSA_87, "2.16.840.1.101.3.4.3.19"),
            (ID_ALG_ML_KEM_512, "2.16.840.1.101.3.4.4.1"),
            (ID_ALG_ML_KEM_768, "2.16.840.1.101.3.4.4.2"),
            (ID_ALG_ML_KEM_1024, "2.16.840.1.101.3.4.4.3"),
            (ID_AES_128_CBC, "2.16.840.1.101.3.4.1.2"),
            (ID_AES_256_CBC, "2.16.840.1.101.3.4.1.42"),
            (ID_AES_128_GCM, "2.16.840.1.101.3.4.1.6"),
            (ID_AES_256_GCM, "2.16.840.1.101.3.4.1.46"),
            (ID_AES_128_WRAP, "2.16.840.1.101.3.4.1.5"),
            (ID_AES_256_WRAP, "2.16.840.1.101.3.4.1.45"),
            (ID_AES_192_CBC, "2.16.840.1.101.3.4.1.22"),
            (ID_AES_192_GCM, "2.16.840.1.101.3.4.1.26"),
            (ID_AES_192_WRAP, "2.16.840.1.101.3.4.1.25"),
            (ID_AES_128_CCM, "2.16.840.1.101.3.4.1.7"),
            (ID_AES_192_CCM, "2.16.840.1.101.3.4.1.27"),
            (ID_AES_256_CCM, "2.16.840.1.101.3.4.1.47"),
            (ID_PBKDF_2, "1.2.840.113549.1.5.12"),
            (ID_HMAC_WITH_SHA_224, "1.2.840.113549.2.8"),
            (ID_HMAC_WITH_SHA_256, "1.2.840.113549.2.9"),
            (ID_HMAC_WITH_SHA_384, "1.2.840.113549.2.10"),
            (ID_HMAC_WITH_SHA_512, "1.2.840.113549.2.11"),
            (DES_EDE_3_CBC, "1.2.840.113549.3.7"),
            (RC_2_CBC, "1.2.840.113549.3.2"),
            (ID_EMAIL_ADDRESS, "1.2.840.113549.1.9.1"),
        ] {
            assert_eq!(oid.to_string(), dotted);
        }
    }
}
