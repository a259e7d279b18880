//! Domain names as DKIM compares them: in lower case and A-labels.

use crate::address::domain_name;

/// RFC 1035 2.3.4, without the dot at the end.
const MAX_LENGTH: usize = 253;

/// A name in U-labels is at most so much longer than in A-labels.
const MAX_WRITTEN: usize = 4 * MAX_LENGTH;

/// The name in lower case and A-labels, if DNS could have it.
pub(super) fn canonical(name: &str) -> Option<String> {
    if name.len() > MAX_WRITTEN {
        return None;
    }
    domain_name(name).filter(|name| name.len() <= MAX_LENGTH)
}

/// Whether the name is the domain, or below it.
pub(super) fn is_within(name: &str, domain: &str) -> bool {
    name == domain
        || name
            .strip_suffix(domain)
            .is_some_and(|parent| parent.ends_with('.'))
}

/// Whether it is a registry under whose name others register theirs, as `com` and `co.uk`. The
/// names of companies that let others have subdomains are their own: `freedesktop.org` stands in
/// that section of the Public Suffix List, and sends mail.
pub(super) fn is_public_suffix(name: &str) -> bool {
    let suffix = psl::suffix(name.as_bytes());
    suffix
        .is_some_and(|suffix| suffix == name.as_bytes() && suffix.typ() != Some(psl::Type::Private))
}

/// The domain that its owner registered (RFC 7489 3.2): one label below a public suffix, those of
/// companies among them.
pub(super) fn organizational(name: &str) -> Option<&str> {
    psl::domain_str(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_compare_in_one_form() {
        assert_eq!(
            canonical("BÜCHER.example").as_deref(),
            Some("xn--bcher-kva.example")
        );
        let long = format!("{}.example", "a.".repeat(122) + "b");
        assert_eq!(long.len(), MAX_LENGTH);
        assert_eq!(canonical(&long).as_deref(), Some(&*long));
        for name in [
            "",
            "a..b",
            ".",
            "example.com.",
            "exa mple.com",
            "[1.2.3.4]",
            &format!("a.{long}"),
        ] {
            assert_eq!(canonical(name), None, "{name}");
        }
        assert_eq!(canonical(&"ü".repeat(1_000_000)), None);
    }

    #[test]
    fn names_below_end_in_a_dot_and_the_domain() {
        assert!(is_within("example.com", "example.com"));
        assert!(is_within("a.b.example.com", "example.com"));
        assert!(!is_within("badexample.com", "example.com"));
        assert!(!is_within("com", "example.com"));
        assert!(!is_within("example.com.evil", "example.com"));
    }

    #[test]
    fn registries_are_told_from_those_who_registered() {
        for name in ["com", "co.uk", "localhost", "k12.ca.us"] {
            assert!(is_public_suffix(name), "{name}");
        }
        for name in [
            "example.com",
            "example.co.uk",
            "freedesktop.org",
            "lab.test",
        ] {
            assert!(!is_public_suffix(name), "{name}");
        }
        assert_eq!(organizational("a.b.example.co.uk"), Some("example.co.uk"));
        assert_eq!(organizational("co.uk"), None);
        assert_ne!(
            organizational("one.github.io"),
            organizational("two.github.io")
        );
    }
}
