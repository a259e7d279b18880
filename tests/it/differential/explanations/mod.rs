//! Where a peer is known to judge otherwise than we do, and who of the two follows which clause.
//!
//! A row is as narrow as its cause: what the refusal says, what of the PKI makes it, and how that
//! is taken away. Nothing is explained by a row unless both accept without the cause; a row that
//! explains nothing has no place here.

mod gpgsm;
mod names;
mod paths;
mod usage;

use super::judge::{Case, Difference};
use super::pki::Pki;

/// One known difference.
pub struct Explanation {
    pub name: &'static str,
    /// The clause, and what the peer does.
    pub because: &'static str,
    /// Our words, where we are the one who refuses.
    pub ours: &'static [&'static str],
    /// The peer's words, where it is.
    pub theirs: &'static [&'static str],
    /// Whether only the policies may differ.
    pub policies: bool,
    /// Whether the cause is there.
    pub applies: fn(&Case<'_>) -> bool,
    /// Takes the cause away, on the path that is in question.
    pub mend: fn(&mut Pki, &[usize]),
}

/// Where several ways fail, one word is told: it may be that of another way, of somebody with the
/// same name.
const OF_ANOTHER_WAY: &[&str] = &["expired", "revocation-unknown"];

impl Explanation {
    /// Whether the row is about such a refusal.
    pub fn speaks_of(&self, difference: &Difference<'_>) -> bool {
        match difference {
            Difference::Theirs(words) => words
                .iter()
                .any(|word| self.theirs.contains(&word.as_str())),
            Difference::Ours(word) => {
                self.ours.contains(word) || !self.ours.is_empty() && OF_ANOTHER_WAY.contains(word)
            }
            Difference::Policies => self.policies,
        }
    }
}

/// Where `openssl verify` 3.0 differs. Its errors are the `X509_V_ERR_…` of x509_vfy.h.
pub const OPENSSL: &[Explanation] = &[
    paths::BEYOND_AN_ANCHOR,
    paths::TRUSTED_IN_THE_MIDDLE,
    paths::ANCHOR_OF_VERSION_1,
    paths::STATUS_OF_THE_ANCHOR,
    paths::ANOTHER_LIST,
    paths::KEY_IDENTIFIERS,
    paths::SELF_ISSUED,
    paths::LAST_SECOND,
    paths::LETTERS_BEYOND_ASCII,
    paths::ANCHOR_WITHOUT_BASIC_CONSTRAINTS,
    usage::ANY_PURPOSE,
    usage::CRITICAL_KEY_IDENTIFIERS,
    usage::DOUBLE_EXTENSION,
    usage::KEY_AGREEMENT,
    usage::TLS_KEY_USAGE,
    usage::POLICIES_OF_THE_ANCHOR,
    usage::MAPPING_OF_ANY_POLICY,
    usage::POLICIES_OF_A_TRUSTED_LEAF,
    names::COMMON_NAME_AS_HOST,
    names::PERIOD_BEFORE_A_HOST,
    names::EMPTY_MAILBOX,
    names::CASE_OF_A_MAILBOX,
    names::INTERNATIONAL_MAILBOX_BELOW,
    names::INTERNATIONAL_MAILBOX_ITSELF,
    names::USER_IN_A_URI,
    names::ADDRESS_IN_A_URI,
    names::WILDCARD,
    names::MASK_WITH_HOLES,
    paths::ANOTHER_WAY,
];

/// Where gpgsm 2.2 differs.
pub const GPGSM: &[Explanation] = &[
    gpgsm::SELF_ISSUED,
    gpgsm::SPELLING,
    gpgsm::CRITICAL_KEY_IDENTIFIERS,
    gpgsm::ROOT_OF_VERSION_1,
    gpgsm::SIGNATURE_OF_THE_ROOT,
    gpgsm::SELF_ISSUED_IN_THE_PATH_LENGTH,
    gpgsm::EMPTY_SUBJECT,
    gpgsm::ANOTHER_WAY,
];
