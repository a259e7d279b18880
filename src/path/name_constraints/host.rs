//! Host names, as they are compared: in lower case, of labels that are not empty.

use std::net::Ipv4Addr;

/// A host name in lower case, or none if the octets are not one. An asterisk is a character like
/// others; RFC 6125 gives it its meaning.
pub(super) fn host(octets: &[u8]) -> Option<String> {
    let is_label = |label: &[u8]| {
        let is_letter = |octet: &u8| octet.is_ascii_alphanumeric() || b"-_*".contains(octet);
        !label.is_empty() && label.len() <= 63 && label.iter().all(is_letter)
    };
    if octets.len() > 253 || !octets.split(|octet| *octet == b'.').all(is_label) {
        return None;
    }
    let text = std::str::from_utf8(octets).ok()?;
    Some(text.to_ascii_lowercase())
}

/// The host of a URI's authority (RFC 3986 3.2.2), or none if there is none or it is an address.
pub(super) fn host_of_uri(uri: &[u8]) -> Option<String> {
    let colon = uri.iter().position(|octet| *octet == b':')?;
    let rest = uri[colon + 1..].strip_prefix(b"//")?;
    // A backslash ends the authority for some readers; then there is no host to agree upon.
    let authority = rest.split(|octet| b"/?#".contains(octet)).next()?;
    let after_user = authority.rsplit(|octet| *octet == b'@').next()?;
    let mut parts = after_user.split(|octet| *octet == b':');
    let host = host(parts.next()?)?;
    let port = parts.next().unwrap_or_default();
    let is_sound = port.iter().all(u8::is_ascii_digit) && parts.next().is_none();
    (is_sound && host.parse::<Ipv4Addr>().is_err()).then_some(host)
}

/// Whether `name` has at least one label before those of `domain`.
pub(super) fn is_below(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain)
        .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_have_a_host_or_nothing_to_compare() {
        for (uri, expected) in [
            ("http://Host.example/path", Some("host.example")),
            (
                "https://user:pass@host.example:8080/?q#f",
                Some("host.example"),
            ),
            ("ldap://host.example?cn", Some("host.example")),
            ("http://a@b@host.example", Some("host.example")),
            ("http://127.0.0.1/", None),
            ("http://[::1]/", None),
            ("urn:uuid:1", None),
            ("http:/host.example", None),
            ("http:///path", None),
            ("http://host.example\\.evil.example/", None),
            ("http://host%2eexample/", None),
            ("http://host.example.:80/", None),
            ("http://host:80:80/", None),
            ("//host.example", None),
            ("", None),
        ] {
            let host = host_of_uri(uri.as_bytes());
            assert_eq!(host.as_deref(), expected, "{uri}");
        }
    }

    #[test]
    fn below_is_at_a_label() {
        assert!(is_below("a.example.com", "example.com"));
        for name in ["example.com", "badexample.com", ".example.com", "com"] {
            assert!(!is_below(name, "example.com"), "{name}");
        }
    }
}
