#![no_main]

use libfuzzer_sys::fuzz_target;
use mailseal::inbound::relay_message::{MOST_ITEMS, Refusal, RelayMessage, parse};

fuzz_target!(|body: &[u8]| {
    let Ok(items) = parse(body) else {
        return;
    };
    let count = items.len();
    assert!(count <= MOST_ITEMS);
    let messages: Vec<_> = items.into_iter().map(message).collect();
    assert!(
        messages
            .iter()
            .flatten()
            .all(|message| message.len() <= body.len())
    );
    // Behind an item that is none.
    let start = body
        .iter()
        .position(|octet| *octet == b'[')
        .expect("an array");
    let separator: &[u8] = if count == 0 { b"" } else { b"," };
    let longer = [&body[..=start], b"{}", separator, &body[start + 1..]].concat();
    let longer = parse(&longer).expect("an array with one item more");
    let behind: Vec<_> = longer.into_iter().skip(1).map(message).collect();
    assert_eq!(behind, messages);
});

fn message(item: Result<RelayMessage<'_>, Refusal>) -> Result<Vec<u8>, Refusal> {
    item.and_then(RelayMessage::into_message)
}
