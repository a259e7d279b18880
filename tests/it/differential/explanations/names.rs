//! Name constraints.

use super::Explanation;
use crate::differential::certificate::Certificate;
use crate::differential::judge::Case;
use crate::differential::names::{Attribute, GeneralName};
use crate::differential::pki::Pki;

/// Whether a CA of the PKI has a constraint of this kind.
fn has_base(pki: &Pki, is_it: impl Fn(&GeneralName) -> bool) -> bool {
    let mut bases = pki
        .certificates
        .iter()
        .flat_map(|ca| ca.permitted.iter().chain(&ca.excluded));
    bases.any(is_it)
}

/// Whether the leaf has a name of this kind.
fn has_name(case: &Case<'_>, is_it: impl Fn(&GeneralName) -> bool) -> bool {
    case.pki.certificates[case.pki.leaf()]
        .alternative
        .iter()
        .any(is_it)
}

/// Takes the names of this kind off the leaf.
fn leave_out(pki: &mut Pki, is_it: impl Fn(&GeneralName) -> bool) {
    pki.change(pki.leaf(), |leaf| {
        leaf.alternative.retain(|name| !is_it(name));
    });
}

fn is_dns(name: &GeneralName) -> bool {
    matches!(name, GeneralName::Dns(_))
}

const OURS: &[&str] = &["name-constraints"];
/// X509_V_ERR_PERMITTED_VIOLATION and X509_V_ERR_EXCLUDED_VIOLATION
const THEIRS: &[&str] = &["47", "48"];

pub const COMMON_NAME_AS_HOST: Explanation = Explanation {
    name: "a common name that looks like a host's",
    because: "RFC 5280 4.2.1.10 holds dNSName constraints against dNSNames. OpenSSL holds them \
              against the commonName of a leaf without dNSNames too \
              (NAME_CONSTRAINTS_check_CN in v3_ncons.c).",
    ours: &[],
    theirs: THEIRS,
    policies: false,
    applies: |case| {
        let leaf = &case.pki.certificates[case.pki.leaf()];
        is_like_a_host(leaf) && !has_name(case, is_dns) && has_base(case.pki, is_dns)
    },
    mend: |pki, _| {
        pki.change(pki.leaf(), |leaf| {
            for (_, text, _) in &mut leaf.subject.0 {
                *text = text.replace('.', " ");
            }
        });
    },
};

fn is_like_a_host(leaf: &Certificate) -> bool {
    let common_name = leaf.subject.value(Attribute::CommonName);
    common_name.is_some_and(|text| text.contains('.'))
}

fn is_dns_with_period(name: &GeneralName) -> bool {
    matches!(name, GeneralName::Dns(text) if text.starts_with('.'))
}

pub const PERIOD_BEFORE_A_HOST: Explanation = Explanation {
    name: "a dNSName constraint that begins with a period",
    because: "RFC 5280 4.2.1.10 gives the period a meaning for hosts of URIs and mailboxes, and \
              none for dNSNames, whose names never begin with one (RFC 1034 3.5). What has no \
              meaning cannot be held to, and we refuse names below it; OpenSSL takes it for the \
              hosts below (nc_dns in v3_ncons.c).",
    ours: OURS,
    theirs: &[],
    policies: false,
    applies: |case| has_name(case, is_dns) && has_base(case.pki, is_dns_with_period),
    mend: |pki, _| leave_out(pki, is_dns),
};

fn is_empty_mailbox(name: &GeneralName) -> bool {
    matches!(name, GeneralName::Mailbox(text) if text.is_empty())
}

pub const EMPTY_MAILBOX: Explanation = Explanation {
    name: "an empty rfc822Name constraint",
    because: "RFC 5280 4.2.1.10 knows a mailbox, a host and a domain, and does not speak of the \
              empty constraint. We take it for all mailboxes, as it is for dNSNames; OpenSSL for \
              none (nc_email in v3_ncons.c).",
    ours: OURS,
    theirs: THEIRS,
    policies: false,
    applies: |case| has_base(case.pki, is_empty_mailbox),
    mend: |pki, _| {
        for ca in &mut pki.certificates {
            // Beside the one that permits all, the others of a list permit nothing more.
            if ca.permitted.iter().any(is_empty_mailbox) {
                ca.permitted.clear();
            }
            ca.excluded.retain(|base| !is_empty_mailbox(base));
        }
    },
};

fn is_whole_mailbox(name: &GeneralName) -> bool {
    matches!(name, GeneralName::Mailbox(text) if text.contains('@'))
}

pub const CASE_OF_A_MAILBOX: Explanation = Explanation {
    name: "an excluded mailbox in other letters",
    because: "RFC 5280 7.5 compares local parts to the letter, and mail is delivered without regard \
              to their case (RFC 5321 2.4 has hosts not tell mailboxes apart by it). We let nobody \
              out of an exclusion by a capital; OpenSSL does (nc_email in v3_ncons.c).",
    ours: OURS,
    theirs: &[],
    policies: false,
    applies: |case| {
        let excluded = case.pki.certificates.iter().flat_map(|ca| &ca.excluded);
        let mut excluded = excluded.filter(|base| is_whole_mailbox(base));
        excluded.any(|base| has_name(case, |name| is_in_other_letters(name, base)))
    },
    mend: |pki, _| {
        for ca in &mut pki.certificates {
            ca.excluded.retain(|base| !is_whole_mailbox(base));
        }
    },
};

/// The same mailbox with a local part in another case.
fn is_in_other_letters(name: &GeneralName, base: &GeneralName) -> bool {
    let (GeneralName::Mailbox(name), GeneralName::Mailbox(base)) = (name, base) else {
        return false;
    };
    let local = |text: &str| text.split('@').next().map(str::to_owned);
    name.eq_ignore_ascii_case(base) && local(name) != local(base)
}

fn is_international(name: &GeneralName) -> bool {
    matches!(name, GeneralName::InternationalMailbox(_))
}

fn is_mail_domain(name: &GeneralName) -> bool {
    matches!(name, GeneralName::Mailbox(text) if text.starts_with('.'))
}

pub const INTERNATIONAL_MAILBOX_BELOW: Explanation = Explanation {
    name: "a SmtpUTF8Mailbox below a domain",
    because: "RFC 9598 6 holds the constraints on rfc822Names against SmtpUTF8Mailboxes, those that \
              begin with a period too. OpenSSL puts a second period before the domain, and finds \
              nothing in it (nc_email_eai in v3_ncons.c).",
    ours: OURS,
    theirs: THEIRS,
    policies: false,
    applies: |case| has_name(case, is_international) && has_base(case.pki, is_mail_domain),
    mend: |pki, _| leave_out(pki, is_international),
};

pub const INTERNATIONAL_MAILBOX_ITSELF: Explanation = Explanation {
    name: "a SmtpUTF8Mailbox and the constraint of a whole mailbox",
    because: "RFC 9598 6 holds rfc822Name constraints against SmtpUTF8Mailboxes and has CAs write none \
              of a whole mailbox any more. Those that are there bind nevertheless. OpenSSL compares \
              the host with all of the constraint (nc_email_eai in v3_ncons.c).",
    ours: OURS,
    theirs: THEIRS,
    policies: false,
    applies: |case| has_name(case, is_international) && has_base(case.pki, is_whole_mailbox),
    mend: |pki, _| leave_out(pki, is_international),
};

fn is_uri(name: &GeneralName) -> bool {
    matches!(name, GeneralName::Uri(_))
}

fn is_uri_with_user(name: &GeneralName) -> bool {
    matches!(name, GeneralName::Uri(text) if text.contains('@'))
}

pub const USER_IN_A_URI: Explanation = Explanation {
    name: "a URI with a user in it",
    because: "RFC 5280 4.2.1.10 holds the constraint against the host, and the host of RFC 3986 \
              3.2.2 begins after userinfo and @. OpenSSL takes all of the authority for it \
              (nc_uri in v3_ncons.c).",
    ours: OURS,
    theirs: THEIRS,
    policies: false,
    applies: |case| has_name(case, is_uri_with_user) && has_base(case.pki, is_uri),
    mend: |pki, _| leave_out(pki, is_uri_with_user),
};

fn is_uri_with_address(name: &GeneralName) -> bool {
    matches!(name, GeneralName::Uri(text) if text.contains("192.0.2."))
}

pub const ADDRESS_IN_A_URI: Explanation = Explanation {
    name: "a URI with an address for a host",
    because: "RFC 5280 4.2.1.10: where a constraint is applied to a URI whose authority is not a \
              fully qualified domain name but an IP address, the application MUST reject the \
              certificate. OpenSSL compares the address like a name (nc_uri in v3_ncons.c).",
    ours: OURS,
    theirs: &[],
    policies: false,
    applies: |case| has_name(case, is_uri_with_address) && has_base(case.pki, is_uri),
    mend: |pki, _| leave_out(pki, is_uri_with_address),
};

fn is_wildcard(name: &GeneralName) -> bool {
    matches!(name, GeneralName::Dns(text) if text.starts_with("*."))
}

pub const WILDCARD: Explanation = Explanation {
    name: "a wildcard over an excluded host",
    because: "RFC 5280 4.2.1.6 leaves wildcards to others; RFC 6125 6.4.3 has *.example.com match \
              host.example.com. Where that host is excluded we refuse the wildcard that names it; \
              OpenSSL compares the asterisk like a letter (nc_dns in v3_ncons.c).",
    ours: OURS,
    theirs: &[],
    policies: false,
    applies: |case| has_name(case, is_wildcard) && has_base(case.pki, is_dns),
    mend: |pki, _| leave_out(pki, is_wildcard),
};

fn has_holes(name: &GeneralName) -> bool {
    matches!(name, GeneralName::Ip(octets) if octets.ends_with(&[255, 0, 255, 255]))
}

pub const MASK_WITH_HOLES: Explanation = Explanation {
    name: "a mask with holes",
    because: "RFC 5280 4.2.1.10 has the mask in the style of RFC 4632, which knows prefixes alone. \
              What is none cannot be held to, and we refuse names below it; OpenSSL applies it bit \
              by bit (nc_ip in v3_ncons.c).",
    ours: OURS,
    theirs: &[],
    policies: false,
    applies: |case| has_base(case.pki, has_holes) && has_name(case, is_ip),
    mend: |pki, _| leave_out(pki, is_ip),
};

fn is_ip(name: &GeneralName) -> bool {
    matches!(name, GeneralName::Ip(_))
}
