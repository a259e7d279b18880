#![no_main]

use libfuzzer_sys::fuzz_target;
use mailseal::fetch::AllowedHost;
use mailseal::fetch::location::{Location, Problem};

// A location and, behind a space, a reference at it.
fuzz_target!(|text: &str| {
    let (text, reference) = text.split_once(' ').unwrap_or((text, ""));
    let Ok(location) = Location::parse(text) else {
        return;
    };
    hold(&location);
    if let Ok(joined) = location.join(reference) {
        hold(&joined);
    }
});

fn hold(location: &Location) {
    let text = location.to_string();
    assert!(text.starts_with("http") && text.bytes().all(|octet| octet.is_ascii_graphic()));
    assert!(!text.contains('#') && location.port() > 0);
    match Location::parse(&text) {
        // The slash of an empty path may be one octet too many.
        Err(Problem::Length) => {}
        again => assert_eq!(again.as_ref(), Ok(location)),
    }
    let authority = location.authority();
    let allowed: AllowedHost = authority.parse().unwrap();
    assert!(!authority.contains(['@', '/', '?']) && allowed.to_string() == authority);
}
