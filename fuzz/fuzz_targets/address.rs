#![no_main]

use libfuzzer_sys::fuzz_target;
use mailseal::address::Address;

fuzz_target!(|text: &str| {
    if let Ok(address) = Address::parse(text) {
        let printed = address.to_string();
        assert!(!printed.chars().any(char::is_control));
        assert_eq!(Address::parse(&printed).as_ref(), Ok(&address));
    }
});
