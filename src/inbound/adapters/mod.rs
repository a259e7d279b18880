//! Other ways in than SparkPost's, each off until it is configured: the same spool, and the same
//! judgement of each mail afterwards.
//!
//! | path | who | authentication | body |
//! |---|---|---|---|
//! | `/raw` | MTAs and scripts | a bearer token | the mail, `message/rfc822` |
//! | `/mailgun/mime` | [Mailgun](mailgun) | a signature in the body | a form |
//! | `/postmark` | [Postmark](postmark) | user and password | JSON |
//! | `/sendgrid` | [SendGrid](sendgrid) | user and password | a form |
//!
//! # Not supported
//!
//! Amazon SES, whose notifications hold mail up to 150 KB and have signatures of their own;
//! CloudMailin. Mail that a service has taken apart: a signature is over the mail as it was.

pub mod form;
pub mod mailgun;
pub mod postmark;
pub mod sendgrid;

/// A mail that a service hands over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The envelope's sender, if it is told.
    pub msg_from: Option<String>,
    /// The envelope's recipient, if it is told.
    pub rcpt_to: Option<String>,
    /// The mail as it was received.
    pub message: Vec<u8>,
}

/// Why a body is not what the service sends when it is set up for us.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The body is no form.
    #[error(transparent)]
    Form(#[from] form::Error),
    /// The body is not the JSON that it should be.
    #[error("the body is not the JSON object that it should be")]
    Json(#[source] serde_json::Error),
    /// The field or member for the mail is not there: the service takes mail apart unless it is told
    /// to pass it on as it is.
    #[error("{0} is missing: is the service set up to pass on mail as it is?")]
    NoMessage(&'static str),
    /// A field that a signature is over is not there, or twice.
    #[error("there is not one {0} in the form")]
    Field(&'static str),
    /// The time that was signed is too far away.
    #[error("the request was signed at {0}, too far from now")]
    Stale(jiff::Timestamp),
    /// The time that was signed is none.
    #[error("the timestamp in the form is no time")]
    Timestamp,
}
