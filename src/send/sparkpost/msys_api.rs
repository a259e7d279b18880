//! The X-MSYS-API field, which tells SparkPost over SMTP what the API is told in JSON.

use serde_json::Value;

use super::Tracking;

/// The field, complete with its line ends, to stand before a message's own.
///
/// It switches both trackings off unless told otherwise, since enterprise hosts track by default,
/// and says that the mail is transactional. It is ASCII, and folded only at the spaces between
/// the JSON's tokens, where it reads the same folded and unfolded.
///
/// ```
/// use mailseal::send::sparkpost::{Tracking, msys_api_field};
///
/// let field = msys_api_field(Some("invoices"), Tracking::OFF);
/// assert_eq!(
///     field,
///     b"X-MSYS-API: {\"campaign_id\": \"invoices\", \"options\": {\"open_tracking\": false,\r\n\
///       \x20\"click_tracking\": false, \"transactional\": true}}\r\n"
/// );
/// ```
pub fn msys_api_field(campaign_id: Option<&str>, tracking: Tracking) -> Vec<u8> {
    // RFC 5322 2.1.1: lines SHOULD be no longer than 78 characters.
    const LINE: usize = 78;
    let tracks = tracking.is_on();
    let mut tokens = Vec::new();
    match campaign_id {
        Some(campaign_id) => {
            tokens.push("{\"campaign_id\":".to_owned());
            tokens.push(format!("{},", ascii_string(campaign_id)));
            tokens.push("\"options\":".to_owned());
        }
        None => tokens.push("{\"options\":".to_owned()),
    }
    tokens.push("{\"open_tracking\":".to_owned());
    tokens.push(format!("{tracks},"));
    tokens.push("\"click_tracking\":".to_owned());
    tokens.push(format!("{tracks},"));
    tokens.push("\"transactional\":".to_owned());
    tokens.push("true}}".to_owned());
    let mut field = String::from("X-MSYS-API:");
    let mut column = field.len();
    for token in tokens {
        if column + 1 + token.len() > LINE {
            field.push_str("\r\n");
            column = 0;
        }
        field.push(' ');
        field.push_str(&token);
        column += 1 + token.len();
    }
    field.push_str("\r\n");
    field.into_bytes()
}

// RFC 8259 7: beyond the basic plane, a surrogate pair. A space within a string is written so
// too, and then only the spaces between tokens are left to fold at.
fn ascii_string(text: &str) -> String {
    let json = Value::from(text).to_string();
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '!'..='~' => out.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unfolded(campaign_id: &str) -> (String, Value) {
        let field = String::from_utf8(msys_api_field(Some(campaign_id), Tracking::OFF)).unwrap();
        let value = field
            .strip_prefix("X-MSYS-API: ")
            .unwrap()
            .replace("\r\n", "");
        (field, serde_json::from_str(&value).unwrap())
    }

    #[test]
    fn it_is_ascii_and_reads_back() {
        let (field, value) = unfolded("Märkte 🚀 \"x\"\r\nBcc: eve@example.com");
        assert!(field.is_ascii());
        assert_eq!(
            value["campaign_id"],
            "Märkte 🚀 \"x\"\r\nBcc: eve@example.com"
        );
        assert_eq!(value["options"]["open_tracking"], false);
        assert_eq!(value["options"]["transactional"], true);
    }

    #[test]
    fn every_line_but_the_first_is_folded() {
        let (field, _) = unfolded(&"long words ".repeat(20));
        let mut lines = field.split_terminator("\r\n");
        assert!(lines.next().unwrap().starts_with("X-MSYS-API: "));
        assert!(lines.clone().count() >= 1);
        assert!(lines.all(|line| line.starts_with(' ')));
    }

    #[test]
    fn tracking_is_said_when_it_is_on() {
        let field = msys_api_field(None, Tracking::on(false).unwrap());
        assert!(
            String::from_utf8(field)
                .unwrap()
                .contains("\"open_tracking\": true")
        );
        assert!(Tracking::on(true).is_err());
    }
}
