//! SendGrid's Inbound Parse with "POST the raw, full MIME message": the mail as it was is the field
//! `email` of a form. User and password are part of the URL that is set there.
//!
//! ```
//! use mailseal::inbound::adapters::sendgrid::read;
//!
//! let body = b"--x\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\n\
//!     From: bob\r\n\r\nhi\r\n--x--";
//! assert_eq!(read("multipart/form-data; boundary=x", body)?.message, b"From: bob\r\n\r\nhi");
//! # Ok::<(), mailseal::inbound::adapters::Error>(())
//! ```
//!
//! # Not supported
//!
//! Several recipients: the first one is noted.

use serde::Deserialize;

use super::form::{self, Field};
use super::{Error, Mail};

/// The field `envelope`: JSON.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Envelope {
    from: Option<String>,
    to: Vec<String>,
}

/// Reads a body.
///
/// # Errors
///
/// It is no form, or the mail is not in it.
pub fn read(content_type: &str, body: &[u8]) -> Result<Mail, Error> {
    let fields = form::fields(content_type, body)?;
    let value = |name: &str| {
        let is_it = |field: &&Field<'_>| *field.name == *name.as_bytes();
        fields.iter().find(is_it).map(|field| &*field.value)
    };
    let message = value("email").ok_or(Error::NoMessage("email"))?.to_vec();
    // It is for the log alone.
    let envelope = value("envelope").unwrap_or_default();
    let envelope: Envelope = serde_json::from_slice(envelope).unwrap_or_default();
    Ok(Mail {
        msg_from: envelope.from,
        rcpt_to: envelope.to.into_iter().next(),
        message,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = "multipart/form-data; boundary=xYzZY";

    fn form(fields: &[(&str, &str)]) -> Vec<u8> {
        let part = |(name, value): &(&str, &str)| {
            format!("--xYzZY\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let parts: String = fields.iter().map(part).collect();
        format!("{parts}--xYzZY--\r\n").into_bytes()
    }

    #[test]
    fn mail_comes_out_with_its_envelope() {
        let body = form(&[
            ("to", "Bob <in@example.net>"),
            ("email", "From: bob\r\n\r\nhi\r\n"),
            (
                "envelope",
                r#"{"to":["in@example.net","x@example.net"],"from":"bob@example.com"}"#,
            ),
        ]);
        assert_eq!(
            read(FORM, &body).unwrap(),
            Mail {
                msg_from: Some("bob@example.com".into()),
                rcpt_to: Some("in@example.net".into()),
                message: b"From: bob\r\n\r\nhi\r\n".to_vec(),
            }
        );
    }

    #[test]
    fn envelope_that_cannot_be_read_harms_no_mail() {
        for envelope in ["", "{", "[]", r#"{"to":7}"#, r#"{"to":[]}"#] {
            let mail = read(FORM, &form(&[("email", "x"), ("envelope", envelope)])).unwrap();
            assert_eq!((mail.msg_from, mail.rcpt_to), (None, None), "{envelope}");
        }
    }

    #[test]
    fn mail_that_was_taken_apart_is_refused() {
        let refused = read(FORM, &form(&[("text", "hi"), ("Email", "x")])).unwrap_err();
        assert!(matches!(refused, Error::NoMessage("email")));
    }
}
