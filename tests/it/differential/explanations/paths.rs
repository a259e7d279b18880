//! Which certificates make a path, and when they are valid.

use super::Explanation;
use crate::differential::certificate::Certificate;
use crate::differential::crl::RevocationList;
use crate::differential::keys::KeyIdentifier;
use crate::differential::names::Name;
use crate::differential::pki::Pki;

/// What may go wrong on the way that was taken.
const ANY_ERROR: &[&str] = &[
    "2", "3", "7", "8", "9", "10", "11", "12", "18", "19", "20", "21", "23", "25", "26", "34",
    "35", "42", "43", "47", "48", "51", "53", "54", "79",
];

pub const ANOTHER_WAY: Explanation = Explanation {
    name: "another way was there",
    because: "RFC 5280 6.1 is about one path, and RFC 4158 2.4 has a builder go on to the next \
              when one fails. OpenSSL takes the first issuer by name and key identifiers, and \
              does not come back (build_chain in x509_vfy.c).",
    ours: &[],
    theirs: ANY_ERROR,
    policies: true,
    applies: |case| {
        let issuers = &case.path()[1..];
        let has_namesake = |place: &usize| {
            let name = &case.pki.certificates[*place].subject;
            let with_name = |other: &Certificate| other.subject == *name;
            case.pki
                .certificates
                .iter()
                .filter(|other| with_name(other))
                .count()
                > 1
        };
        issuers.iter().any(has_namesake)
    },
    mend: |pki, path| {
        only_the_path(pki, path);
        // Whatever of the path has one name, identifiers tell apart, which version 1 has not.
        for (depth, place) in path.iter().enumerate() {
            pki.change(*place, |certificate| certificate.raise_version(depth > 0));
        }
        agree_on_identifiers(pki, path);
    },
};

/// Leaves nothing to choose: the path is all there is, in its order.
fn only_the_path(pki: &mut Pki, path: &[usize]) {
    pki.pool = path.get(1..path.len() - 1).unwrap_or_default().to_vec();
    pki.anchors = path[path.len() - 1..].to_vec();
}

pub const BEYOND_AN_ANCHOR: Explanation = Explanation {
    name: "a way beyond an anchor",
    because: "RFC 5280 6.1 ends a path at its trust anchor. Where somebody in the middle is an \
              anchor (partial chain) OpenSSL may go on to a root, and judge what lies between too.",
    ours: &[],
    theirs: ANY_ERROR,
    policies: true,
    applies: |case| case.pki.partial_chain && !case.anchor().is_self_signed(),
    mend: only_the_path,
};

pub const STATUS_OF_THE_ANCHOR: Explanation = Explanation {
    name: "whether the anchor is revoked",
    because: "RFC 5280 6.1.3 (a)(3) has the certificates of the path be not revoked, among which \
              the anchor is not (6.1). OpenSSL asks for a CRL for the last certificate too \
              (check_revocation in x509_vfy.c), which of a root is its own, and in a partial chain \
              that of somebody beyond.",
    ours: &[],
    theirs: &["3", "8", "11", "12", "23", "33", "35", "36", "54"],
    policies: false,
    applies: |case| {
        case.pki.partial_chain && case.pki.lists.is_some() && !case.anchor().is_self_signed()
    },
    mend: |pki, _| pki.lists = None,
};

pub const ANCHOR_OF_VERSION_1: Explanation = Explanation {
    name: "an anchor of version 1 that somebody else has issued",
    because: "RFC 5280 6.1.4 (k) has other means tell that a certificate of version 1 is a CA's; that \
              it was made an anchor is one (6.1.1 (d)). OpenSSL takes it only from roots that have \
              signed themselves (check_ca in v3_purp.c).",
    ours: &[],
    theirs: &["79"],
    policies: false,
    applies: |case| {
        let anchor = case.anchor();
        case.pki.partial_chain && anchor.version == 1 && !anchor.is_self_signed()
    },
    mend: |pki, path| pki.change(path[path.len() - 1], |anchor| anchor.raise_version(true)),
};

pub const ANOTHER_LIST: Explanation = Explanation {
    name: "another CRL was there",
    because: "RFC 5280 6.3.3 (f) and (g) let any key of the CRL issuer sign, and a CRL that does not hold \
              counts for nothing. OpenSSL chooses one by names, dates and key identifiers, and does \
              not come back when its signature is bad (get_crl_sk in x509_vfy.c).",
    ours: &[],
    theirs: &["8"],
    policies: false,
    applies: |case| {
        let lists = case.pki.lists.as_deref().unwrap_or_default();
        let of_name = |name: &Name| lists.iter().filter(|list| list.issuer == *name).count();
        lists.iter().any(|list| of_name(&list.issuer) > 1)
    },
    mend: |pki, _| {
        let lists = pki.lists.get_or_insert_default();
        let has_signed = |list: &RevocationList, ca: &Certificate| {
            !list.is_forged && ca.subject == list.issuer && ca.key == list.signer
        };
        lists.retain(|list| pki.certificates.iter().any(|ca| has_signed(list, ca)));
        for list in lists {
            list.authority_key_identifier = KeyIdentifier::OfKey(list.signer);
        }
    },
};

pub const TRUSTED_IN_THE_MIDDLE: Explanation = Explanation {
    name: "a trusted certificate in the middle",
    because: "Without partial chains, somebody in the middle is no anchor, and the path goes on over \
              whatever certificates are at hand. OpenSSL takes the copy among the trusted, and \
              from there looks for issuers among the trusted alone (build_chain in x509_vfy.c).",
    ours: &[],
    theirs: &["2"],
    policies: false,
    applies: |case| {
        let (_, below) = case.path().split_last().expect("a path has an anchor");
        !case.pki.partial_chain && below.iter().any(|place| case.pki.anchors.contains(place))
    },
    mend: |pki, path| {
        let below = &path[..path.len() - 1];
        pki.anchors.retain(|place| !below.contains(place));
    },
};

pub const KEY_IDENTIFIERS: Explanation = Explanation {
    name: "key identifiers that do not agree",
    because: "RFC 5280 4.2.1.1 has authorityKeyIdentifier facilitate the building of paths; the \
              validation of 6.1 does not look at it. To OpenSSL no certificate is an issuer whose \
              identifiers differ (X509_check_akid in v3_purp.c).",
    ours: &[],
    theirs: &["2", "3", "7", "20", "21"],
    policies: false,
    applies: |case| {
        let of_a_list = |above: &Certificate| {
            let mut lists = case.pki.lists.iter().flatten();
            lists.any(|list| {
                list.issuer == above.subject
                    && are_of_two(list.authority_key_identifier, above.subject_key_identifier)
            })
        };
        pairs(case.path())
            .chain(root(case.pki, case.path()))
            .any(|(below, above)| {
                let below = &case.pki.certificates[below];
                let above = &case.pki.certificates[above];
                let named = below.authority_serial.as_ref();
                are_of_two(below.authority_key_identifier, above.subject_key_identifier)
                    || named.is_some_and(|(issuer, serial)| {
                        *issuer != above.issuer || *serial != above.serial
                    })
                    || of_a_list(above)
            })
    },
    mend: agree_on_identifiers,
};

fn agree_on_identifiers(pki: &mut Pki, path: &[usize]) {
    for (below, above) in pairs(path).chain(root(pki, path)) {
        let key = KeyIdentifier::OfKey(pki.certificates[above].key);
        pki.change(above, |above| above.subject_key_identifier = key);
        pki.change(below, |below| {
            below.authority_key_identifier = key;
            below.authority_serial = None;
        });
    }
}

pub const SELF_ISSUED: Explanation = Explanation {
    name: "a self-issued certificate without key identifiers",
    because: "RFC 5280 3.2 tells self-issued certificates, signed by another key of the same name, \
              from self-signed ones by the key, and so do we. OpenSSL goes by the key identifiers, \
              and takes for self-signed what has none (ossl_x509v3_cache_extensions in v3_purp.c).",
    ours: &[],
    theirs: &["7", "18", "19"],
    policies: false,
    applies: |case| {
        let (_, below) = case.path().split_last().expect("a path has an anchor");
        case.pki.all(below).any(looks_self_signed)
    },
    mend: |pki, path| {
        for place in &path[..path.len() - 1] {
            let certificate = &mut pki.certificates[*place];
            if looks_self_signed(certificate) {
                let (key, signer) = (certificate.key, certificate.signer);
                certificate.subject_key_identifier = KeyIdentifier::OfKey(key);
                certificate.authority_key_identifier = KeyIdentifier::OfKey(signer);
            }
        }
    },
};

/// The same name twice, another key, and no identifiers that would say so.
fn looks_self_signed(certificate: &Certificate) -> bool {
    let identifiers = [
        certificate.subject_key_identifier,
        certificate.authority_key_identifier,
    ];
    certificate.issuer == certificate.subject
        && certificate.key != certificate.signer
        && identifiers.contains(&KeyIdentifier::Absent)
}

pub const LAST_SECOND: Explanation = Explanation {
    name: "the last second",
    because: "RFC 5280 4.1.2.5: the period of validity goes from notBefore through notAfter, \
              inclusive, and 5.1.2.5 has the next CRL issued by nextUpdate. OpenSSL takes the time \
              itself for past (X509_cmp_time).",
    ours: &[],
    theirs: &["10", "12", "54"],
    policies: false,
    applies: |case| {
        let mut lists = case.pki.lists.iter().flatten();
        case.pki
            .all(case.path())
            .any(|certificate| certificate.not_after == 0)
            || lists.any(|list| list.next_update == 0)
    },
    mend: |pki, path| {
        for place in path {
            pki.change(*place, |certificate| {
                a_second_later(&mut certificate.not_after);
            });
        }
        for list in pki.lists.iter_mut().flatten() {
            a_second_later(&mut list.next_update);
        }
    },
};

fn a_second_later(end: &mut i64) {
    if *end == 0 {
        *end = 1;
    }
}

pub const LETTERS_BEYOND_ASCII: Explanation = Explanation {
    name: "the case of letters beyond ASCII",
    because: "RFC 5280 7.1 has names compared by caseIgnoreMatch as RFC 4518 prepares them, whose \
              2.2 folds the case of all of Unicode. OpenSSL folds that of ASCII \
              (asn1_string_canon in x_name.c).",
    ours: &[],
    theirs: &["2", "20", "21"],
    policies: false,
    applies: |case| {
        pairs(case.path()).any(|(below, above)| {
            let names = [
                &case.pki.certificates[below].issuer,
                &case.pki.certificates[above].subject,
            ];
            let are_alike = |fold: fn(&str) -> String| {
                let [below, above] = names.map(|name| name.folded(fold));
                below == above
            };
            are_alike(str::to_lowercase) && !are_alike(str::to_ascii_lowercase)
        })
    },
    mend: |pki, path| {
        for (below, above) in pairs(path) {
            let name = pki.certificates[above].subject.clone();
            pki.change(below, |below| below.issuer = name);
        }
    },
};

pub const ANCHOR_WITHOUT_BASIC_CONSTRAINTS: Explanation = Explanation {
    name: "an anchor of version 3 without basicConstraints",
    because: "RFC 5280 4.2.1.9 has every CA's certificate include it. 6.1.1 (d) asks nothing of a \
              trust anchor but a name and a key; those who hold its certificate against it ask for \
              a CA's, as we do. OpenSSL takes keyUsage with keyCertSign for a hint that it is one \
              (check_ca in v3_purp.c).",
    ours: &["not-a-ca"],
    theirs: &[],
    policies: false,
    applies: |case| {
        let mut anchors = case.pki.all(&case.pki.anchors);
        anchors.any(|anchor| anchor.version == 3 && anchor.basic_constraints.is_none())
    },
    mend: |pki, _| {
        for place in pki.anchors.clone() {
            pki.change(place, |anchor| {
                anchor.basic_constraints.get_or_insert((true, None));
            });
        }
    },
};

/// Whether both are there and name two keys.
fn are_of_two(authority: KeyIdentifier, subject: KeyIdentifier) -> bool {
    authority != subject && ![authority, subject].contains(&KeyIdentifier::Absent)
}

/// A root with itself, whose key it names too.
fn root(pki: &Pki, path: &[usize]) -> Option<(usize, usize)> {
    let root = path
        .last()
        .filter(|place| pki.certificates[**place].is_self_signed());
    root.map(|root| (*root, *root))
}

/// Each certificate of a path with the one above it.
pub fn pairs(path: &[usize]) -> impl Iterator<Item = (usize, usize)> {
    path.windows(2).map(|pair| (pair[0], pair[1]))
}
