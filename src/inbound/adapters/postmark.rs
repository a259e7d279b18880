//! An inbound stream of Postmark's with "Include raw email content in JSON payload": the mail as it
//! was is the member `RawEmail`. User and password are part of the URL that is set there.
//!
//! ```
//! use mailseal::inbound::adapters::postmark::read;
//!
//! let body = br#"{"OriginalRecipient":"in@example.net","RawEmail":"From: bob\r\n\r\nhi"}"#;
//! assert_eq!(read(body)?.message, b"From: bob\r\n\r\nhi");
//! # Ok::<(), mailseal::inbound::adapters::Error>(())
//! ```
//!
//! # Not supported
//!
//! The envelope's sender, which is not told. Mail with octets that are not UTF-8: JSON has none, and
//! whatever stands for them breaks signatures.

use std::borrow::Cow;

use serde::Deserialize;

use super::{Error, Mail};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inbound<'a> {
    #[serde(borrow)]
    original_recipient: Option<Cow<'a, str>>,
    #[serde(borrow)]
    raw_email: Option<Cow<'a, str>>,
}

/// Reads a body.
///
/// # Errors
///
/// It is not the JSON that it should be, or the mail is not in it.
pub fn read(body: &[u8]) -> Result<Mail, Error> {
    let inbound: Inbound<'_> = serde_json::from_slice(body).map_err(Error::Json)?;
    let message = inbound.raw_email.ok_or(Error::NoMessage("RawEmail"))?;
    Ok(Mail {
        msg_from: None,
        rcpt_to: inbound.original_recipient.map(Cow::into_owned),
        message: message.into_owned().into_bytes(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_comes_out_with_its_recipient() {
        let body =
            br#"{"FromName":"Bob","Attachments":[{"Name":"smime.p7s"}],"MessageStream":"inbound",
            "OriginalRecipient":"in@example.net","RawEmail":"From: Zo\u00eb\r\n\r\nhi\r\n"}"#;
        assert_eq!(
            read(body).unwrap(),
            Mail {
                msg_from: None,
                rcpt_to: Some("in@example.net".into()),
                message: "From: Zoë\r\n\r\nhi\r\n".into(),
            }
        );
    }

    #[test]
    fn mail_that_was_taken_apart_is_refused() {
        for body in [r#"{"TextBody":"hi"}"#, r#"{"RawEmail":null}"#] {
            let refused = read(body.as_bytes()).unwrap_err();
            assert!(matches!(refused, Error::NoMessage("RawEmail")), "{body}");
        }
    }

    #[test]
    fn other_json_is_refused() {
        for body in [
            "",
            "[",
            "null",
            r#"{"RawEmail":["x"]}"#,
            r#"{"RawEmail":"x"} y"#,
        ] {
            assert!(
                matches!(read(body.as_bytes()), Err(Error::Json(_))),
                "{body}"
            );
        }
        assert!(matches!(
            read(b"{\"RawEmail\":\"\xff\"}"),
            Err(Error::Json(_))
        ));
    }
}
