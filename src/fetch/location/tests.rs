//! Spellings of locations.

use super::*;

fn canonical(text: &str) -> String {
    Location::parse(text).unwrap().to_string()
}

#[test]
fn a_location_has_one_spelling() {
    for (text, spelling) in [
        ("http://crl.example.com", "http://crl.example.com/"),
        ("http://a.example?x=/../y", "http://a.example/?x=/../y"),
        ("HTTPS://A.example.:443/X", "https://a.example/X"),
        ("https://a.example:80/", "https://a.example:80/"),
        ("http://a.example:/b", "http://a.example/b"),
        ("http://a.example:08080/", "http://a.example:8080/"),
        ("http://[2001:DB8::0]/", "http://[2001:db8::]/"),
        ("http://192.0.2.1./", "http://192.0.2.1/"),
        ("http://a.example/b/./c/../d", "http://a.example/b/d"),
        ("http://a.example/../../b/..", "http://a.example/"),
        ("http://a.example/b//c/.", "http://a.example/b//c/"),
        (
            "http://a.example/a%20b.crl#top?x",
            "http://a.example/a%20b.crl",
        ),
    ] {
        assert_eq!(canonical(text), spelling);
        assert_eq!(canonical(spelling), spelling);
    }
}

#[test]
fn what_is_asked_for_means_the_same_to_the_client() {
    let every = "-._~:/@!$&'()*+,;=%?x:/?@[]";
    let text = canonical(&format!("http://a_b-c.example:8080/{every}"));
    let uri: ureq::http::Uri = text.parse().unwrap();
    assert_eq!(uri.host(), Some("a_b-c.example"));
    assert_eq!(uri.port_u16(), Some(8080));
    assert_eq!(uri.path_and_query().unwrap().as_str(), format!("/{every}"));
    assert_eq!(uri.to_string(), text);
}

#[test]
fn a_host_that_is_spelled_as_an_address_is_one() {
    let host = |text: &str| Location::parse(text).unwrap().host;
    for (text, address) in [
        ("http://127.0.0.1/", "127.0.0.1"),
        ("http://127.0.0.1./", "127.0.0.1"),
        ("http://[::ffff:127.0.0.1]/", "::ffff:127.0.0.1"),
        ("http://[::1]:80/", "::1"),
    ] {
        assert_eq!(host(text), Host::Address(address.parse().unwrap()));
    }
    for name in ["2130706433", "0177.0.0.1", "0x7f.1", "127.1", "localhost"] {
        assert_eq!(host(&format!("http://{name}/")), Host::Name(name.into()));
    }
}

#[test]
fn what_is_wrong_is_told() {
    let problem = |text: &str| Location::parse(text).unwrap_err();
    for text in ["", "crl.example.com/x", "//a.example/", "1http://a/", ":x"] {
        assert_eq!(problem(text), Problem::NoScheme, "{text}");
    }
    for scheme in ["ldap", "file", "ftp", "gopher", "httpx", "FILE", "data"] {
        let text = format!("{scheme}:///CN=A CRL,O=Example");
        assert_eq!(problem(&text), Problem::Scheme(scheme.into()));
    }
    for (text, c) in [
        ("http://a.example/b c", ' '),
        ("http://a.example\\@b.example/", '\\'),
        ("http://a.example/\r\nX: y", '\r'),
        ("http://bücher.example/", 'ü'),
        ("http://a.example/\u{202e}", '\u{202e}'),
    ] {
        assert_eq!(problem(text), Problem::Character(c));
    }
    for text in ["http://u@a.example/", "http://u:p@a/", "http://a.example@/"] {
        assert_eq!(problem(text), Problem::UserInformation, "{text}");
    }
    for text in [
        "http:a.example",
        "http:/a.example",
        "http:///x",
        "http://:80/",
        "http://./",
        "http://[::1/",
        "http://[::1]x/",
        "http://[fe80::1%25eth0]/",
        "http://[127.0.0.1]/",
        "http://::1/",
        "http://%31.example/",
        "http://a,b/",
    ] {
        assert_eq!(problem(text), Problem::Host, "{text}");
    }
    for text in [
        "http://a:0/",
        "http://a:65536/",
        "http://a:+80/",
        "http://a:8:0/",
    ] {
        assert_eq!(problem(text), Problem::Port, "{text}");
    }
}

#[test]
fn lengths_are_bounded() {
    let fits = format!("http://a.example/{}", "x".repeat(LONGEST - 17));
    assert!(Location::parse(&fits).is_ok());
    assert_eq!(Location::parse(&format!("{fits}x")), Err(Problem::Length));
    let name = "a".repeat(LONGEST_NAME);
    assert!(Location::parse(&format!("http://{name}./")).is_ok());
    assert_eq!(
        Location::parse(&format!("http://{name}a/")),
        Err(Problem::Host)
    );
}

// RFC 3986 5.4
#[test]
fn a_reference_is_resolved() {
    let base = Location::parse("http://a/b/c/d;p?q").unwrap();
    for (reference, target) in [
        ("http://g/", "http://g/"),
        ("g", "http://a/b/c/g"),
        ("./g", "http://a/b/c/g"),
        ("g/", "http://a/b/c/g/"),
        ("/g", "http://a/g"),
        ("//g", "http://g/"),
        ("?y", "http://a/b/c/d;p?y"),
        ("g?y", "http://a/b/c/g?y"),
        ("#s", "http://a/b/c/d;p?q"),
        ("g;x=1/../y", "http://a/b/c/y"),
        ("", "http://a/b/c/d;p?q"),
        (".", "http://a/b/c/"),
        ("..", "http://a/b/"),
        ("../g", "http://a/b/g"),
        ("../../../g", "http://a/g"),
        ("g?y/../x", "http://a/b/c/g?y/../x"),
    ] {
        assert_eq!(base.join(reference).unwrap().to_string(), target);
    }
    let elsewhere = Location::parse("https://a.example:8443/x").unwrap();
    let joined = elsewhere.join("/y").unwrap();
    assert_eq!(joined.to_string(), "https://a.example:8443/y");
    assert_eq!(
        base.join("file:///etc/passwd"),
        Err(Problem::Scheme("file".into()))
    );
    assert_eq!(base.join("//u@g/"), Err(Problem::UserInformation));
}
