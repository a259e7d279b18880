//! What each kind of key can be used for, whatever the keyUsage allows.

use crate::asn1::oid::{self, ObjectIdentifier};

/// Keys that receive nothing.
const SIGNING_ONLY: [ObjectIdentifier; 6] = [
    oid::ID_RSASSA_PSS,
    oid::ID_DSA,
    oid::ID_ED_25519,
    oid::ID_ML_DSA_44,
    oid::ID_ML_DSA_65,
    oid::ID_ML_DSA_87,
];

/// Keys that sign nothing.
const RECEIVING_ONLY: [ObjectIdentifier; 4] = [
    oid::ID_X_25519,
    oid::ID_ALG_ML_KEM_512,
    oid::ID_ALG_ML_KEM_768,
    oid::ID_ALG_ML_KEM_1024,
];

/// Keys whose receiving is called keyEncipherment (RFC 3279 2.3.1, RFC 9935 5); for the others it
/// is keyAgreement (RFC 5480 3, RFC 8410 5).
const ENCIPHERED_TO: [ObjectIdentifier; 4] = [
    oid::RSA_ENCRYPTION,
    oid::ID_ALG_ML_KEM_512,
    oid::ID_ALG_ML_KEM_768,
    oid::ID_ALG_ML_KEM_1024,
];

/// The algorithm of a SubjectPublicKeyInfo: the contents of its OBJECT IDENTIFIER. Kinds of key
/// that nobody here knows count as good for everything.
#[derive(Clone, Copy)]
pub(super) struct KeyKind<'a>(pub(super) &'a [u8]);

impl KeyKind<'_> {
    pub(super) fn signs(self) -> bool {
        !self.is_one_of(&RECEIVING_ONLY)
    }

    pub(super) fn receives(self) -> bool {
        !self.is_one_of(&SIGNING_ONLY)
    }

    pub(super) fn receives_by_encipherment(self) -> bool {
        self.is_one_of(&ENCIPHERED_TO)
    }

    fn is_one_of(self, kinds: &[ObjectIdentifier]) -> bool {
        kinds.iter().any(|kind| kind.as_bytes() == self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_key_sets_bounds_to_its_use() {
        for (kind, signs, receives, by_encipherment) in [
            (oid::RSA_ENCRYPTION, true, true, true),
            (oid::ID_RSASSA_PSS, true, false, false),
            (oid::ID_EC_PUBLIC_KEY, true, true, false),
            (oid::ID_ED_25519, true, false, false),
            (oid::ID_X_25519, false, true, false),
            (oid::ID_ML_DSA_65, true, false, false),
            (oid::ID_ALG_ML_KEM_768, false, true, true),
            (oid::ID_DSA, true, false, false),
        ] {
            let kind = KeyKind(kind.as_bytes());
            assert_eq!(kind.signs(), signs);
            assert_eq!(kind.receives(), receives);
            assert_eq!(kind.receives_by_encipherment(), by_encipherment);
        }
    }
}
