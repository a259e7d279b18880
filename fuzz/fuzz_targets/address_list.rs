#![no_main]

use libfuzzer_sys::fuzz_target;
use mailseal::mime::address_list::{AddressList, parse};

fuzz_target!(|text: &str| {
    let Ok(AddressList {
        addresses,
        has_group,
        ..
    }) = parse(text)
    else {
        return;
    };
    let printed: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    let plain = printed.join(", ");
    assert_eq!(
        parse(&plain).unwrap(),
        AddressList {
            addresses: addresses.clone(),
            has_group: false,
            has_route: false,
        }
    );
    let angled: String = printed
        .iter()
        .map(|one| format!("(c) \"n\" < {one} (d)>,"))
        .collect();
    assert_eq!(parse(&angled).unwrap().addresses, addresses);
    if !has_group {
        let grouped = parse(&format!("a group: {text};")).unwrap();
        assert_eq!(
            grouped,
            AddressList {
                addresses,
                has_group: true,
                has_route: false,
            }
        );
    }
});
