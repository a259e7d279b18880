//! Where gpgsm 2.2 differs, in the words of its complaints.

use super::{Explanation, paths, usage};
use crate::differential::certificate::Certificate;
use crate::differential::judge::Case;
use crate::differential::names::{Attribute, Name};

pub const ANOTHER_WAY: Explanation = Explanation {
    because: "RFC 5280 6.1 is about one path, and RFC 4158 2.4 has a builder go on to the next \
              when one fails. gpgsm takes the first issuer by name and key identifier, and does \
              not come back (find_up in certchain.c).",
    theirs: &[
        "Missing issuer certificate",
        "Bad certificate chain",
        "Bad CA certificate",
        "Wrong key usage",
        "Unsupported certificate",
        "Not trusted",
        "No value",
        "Certificate too young",
        "root certificate has expired",
        "intermediate certificate has expired",
    ],
    ..paths::ANOTHER_WAY
};

pub const SELF_ISSUED: Explanation = Explanation {
    because: "RFC 5280 3.2 tells self-issued certificates, signed by another key of the same name, \
              from self-signed ones by the key, and so do we. gpgsm goes by the key identifiers, \
              and takes for a root what has none (is_root_cert in certchain.c).",
    theirs: &[
        "Bad certificate chain",
        "Missing issuer certificate",
        "Not trusted",
    ],
    ..paths::SELF_ISSUED
};

pub const SPELLING: Explanation = Explanation {
    name: "names that are spelled in two ways",
    because: "RFC 5280 7.1 has names compared by caseIgnoreMatch, without regard to case, string type \
              and spaces. gpgsm compares their text to the letter (find_up in certchain.c).",
    ours: &[],
    theirs: &["Missing issuer certificate"],
    policies: false,
    applies: |case| {
        paths::pairs(case.path()).any(|(below, above)| {
            case.pki.certificates[below].issuer != case.pki.certificates[above].subject
        })
    },
    mend: paths::LETTERS_BEYOND_ASCII.mend,
};

pub const CRITICAL_KEY_IDENTIFIERS: Explanation = Explanation {
    because: "RFC 5280 4.2.1.1 and 4.2.1.2 have CAs mark the key identifiers non-critical. Those \
              who find them critical can still process them, which is what 6.1.4 (o) asks for. \
              gpgsm does not know them as critical (unknown_criticals in certchain.c).",
    theirs: &["Unsupported certificate"],
    ..usage::CRITICAL_KEY_IDENTIFIERS
};

pub const ROOT_OF_VERSION_1: Explanation = Explanation {
    name: "a root of version 1",
    because: "RFC 5280 6.1.4 (k) has other means tell that a certificate of version 1 is a CA's; that \
              it was made an anchor is one (6.1.1 (d)). gpgsm wants basicConstraints of every issuer \
              whose line in the list does not say relax (allowed_ca in certchain.c).",
    ours: &[],
    theirs: &["No value"],
    policies: false,
    applies: |case| case.anchor().version == 1,
    mend: |pki, path| pki.change(path[path.len() - 1], |root| root.raise_version(true)),
};

pub const SIGNATURE_OF_THE_ROOT: Explanation = Explanation {
    name: "a root's signature on itself",
    because: "RFC 5280 6.1.1 (d) takes name and key of an anchor on trust; what it has signed itself \
              proves nothing. gpgsm wants the root to have signed itself (gpgsm_basic_cert_check, \
              gpgsm_validate_chain in certchain.c).",
    ours: &[],
    theirs: &["Missing issuer certificate", "Bad certificate chain"],
    policies: false,
    applies: |case| {
        let root = case.anchor();
        root.is_forged || root.other_algorithm || root.signer != root.key
    },
    mend: |pki, path| {
        pki.change(path[path.len() - 1], |root| {
            root.is_forged = false;
            root.other_algorithm = false;
            root.signer = root.key;
        });
    },
};

pub const SELF_ISSUED_IN_THE_PATH_LENGTH: Explanation = Explanation {
    name: "self-issued certificates in the length of a path",
    because: "RFC 5280 4.2.1.9 does not count self-issued certificates towards pathLenConstraint. \
              gpgsm counts every certificate (gpgsm_validate_chain in certchain.c).",
    ours: &[],
    theirs: &["Bad certificate chain"],
    policies: false,
    applies: |case| has_limit(case) && case.pki.all(inner(case)).any(|ca| ca.issuer == ca.subject),
    mend: |pki, path| {
        for place in path {
            pki.change(*place, |ca| {
                ca.basic_constraints = ca.basic_constraints.map(|(is_ca, _)| (is_ca, None));
            });
        }
    },
};

fn has_limit(case: &Case<'_>) -> bool {
    let limit = |ca: &Certificate| ca.basic_constraints.and_then(|(_, limit)| limit);
    case.pki.all(case.path()).any(|ca| limit(ca).is_some())
}

/// What is neither leaf nor anchor.
fn inner<'a>(case: &'a Case<'_>) -> &'a [usize] {
    let path = case.path();
    path.get(1..path.len() - 1).unwrap_or_default()
}

pub const EMPTY_SUBJECT: Explanation = Explanation {
    name: "a leaf without a subject",
    because: "RFC 5280 4.1.2.6 has the subject be empty where all names are in a critical \
              subjectAltName. gpgsm cannot read such a certificate (libksba).",
    ours: &[],
    theirs: &["cannot be read"],
    policies: false,
    applies: |case| case.pki.certificates[case.pki.leaf()].subject.0.is_empty(),
    mend: |pki, _| {
        pki.change(pki.leaf(), |leaf| {
            leaf.subject = Name(Vec::new()).and(Attribute::CommonName, "Alice");
        });
    },
};
