#![no_main]

use libfuzzer_sys::fuzz_target;
use mailseal::asn1::ber;
use mailseal::cms::attribute_set::AttributeSet;
use mailseal::cms::signer_info::SignerInfo;

fuzz_target!(|bytes: &[u8]| {
    let Ok(der) = ber::to_der(bytes) else {
        return;
    };
    let Ok(info) = SignerInfo::from_der(&der) else {
        return;
    };
    let signer = info.signer_identifier.to_string();
    assert!(!signer.chars().any(char::is_control));
    for attributes in [&info.signed_attributes, &info.unsigned_attributes]
        .into_iter()
        .flatten()
    {
        let Ok(set) = AttributeSet::from_der(attributes) else {
            continue;
        };
        // What is sorted stays sorted, and says the same.
        let again = AttributeSet::from_der(set.to_der()).unwrap();
        assert!(again.was_sorted());
        assert_eq!(again.to_der(), set.to_der());
        assert_eq!(set.to_der().len(), attributes.len());
    }
});
