#![no_main]

use libfuzzer_sys::fuzz_target;
use mailseal::address::{Address, MAX_LENGTH};

fuzz_target!(|text: &str| {
    let Ok(address) = Address::parse(text) else {
        return;
    };
    let printed = address.to_string();
    assert!(printed.len() <= MAX_LENGTH);
    assert!(!printed.chars().any(char::is_control));
    assert!(address.domain().is_ascii());
    assert_eq!(address.is_ascii(), printed.is_ascii());
    assert!(address.matches(&address));
    assert_eq!(Address::parse(&printed).as_ref(), Ok(&address));
});
