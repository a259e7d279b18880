//! From a request to the spool, and to an answer.
//!
//! ```
//! use std::sync::Arc;
//! use actix_web::{App, test, web};
//! use mailseal::inbound::clock::Clock;
//! use mailseal::inbound::routes::{Inbox, answer};
//! use mailseal::inbound::settings::Settings;
//! use mailseal::inbound::spool::{Depth, SpoolDirectory};
//!
//! let directory = tempfile::tempdir()?;
//! let most = Depth { messages: 10, octets: 1 << 20 };
//! let (spool, _) = SpoolDirectory::open(directory.path(), most)?;
//! let inbox = Inbox::new(&Settings::default(), spool.clone(), Clock::System, Arc::new(()));
//! actix_web::rt::System::new().block_on(async {
//!     let app = App::new().app_data(web::Data::new(inbox)).default_service(web::to(answer));
//!     let app = test::init_service(app).await;
//!     let request = test::TestRequest::post()
//!         .insert_header(("Content-Type", "application/json; charset=utf-8"))
//!         .set_payload(r#"[{"msys":{"relay_message":{"content":{"email_rfc822":"From: b@x\r\n\r\n"}}}}]"#);
//!     let response = test::call_service(&app, request.to_request()).await;
//!     assert_eq!(response.status(), 200);
//! });
//! assert_eq!(spool.depth().messages, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Not supported
//!
//! Keeping a part of a request: its messages are kept together or not at all, as it has one answer.

use std::sync::Arc;
use std::time::Instant;

use actix_web::http::header::{self, ContentType, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;
use serde::Serialize;

use super::adapters::mailgun::{self, Form, SigningKey, UsedTokens};
use super::adapters::{Mail, form, postmark, sendgrid};
use super::clock::Clock;
use super::connections::Connections;
use super::network::Network;
use super::peer::Peer;
use super::relay_message;
use super::report::{RequestLog, RequestReport, Taken, TakenMessage};
use super::request::{self, Body, Memory, Refusal};
use super::settings::{Limits, Settings};
use super::spool::{Id, Received, Source, SpoolDirectory};
use super::token::{self, Token};
use super::unread::Unread;
use crate::mime;

const WEBHOOK_TOKEN: HeaderName = HeaderName::from_static("x-messagesystems-webhook-token");

/// How many seconds whoever is turned away should wait.
const RETRY_AFTER: &str = "30";

/// How many of a request's items that are no messages are told of one by one.
const MOST_TOLD: usize = 100;

/// What all requests share. A clone is the same one.
#[derive(Debug, Clone)]
pub struct Inbox(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    doors: Doors,
    trusted_proxies: Vec<Network>,
    limits: Limits,
    connections: Connections,
    spool: SpoolDirectory,
    clock: Clock,
    log: Arc<dyn RequestLog>,
    memory: Memory,
    used_tokens: UsedTokens,
}

/// Who is let in, and by what.
#[derive(Debug)]
struct Doors {
    sparkpost: Option<Token>,
    raw: Option<Token>,
    mailgun: Option<SigningKey>,
    postmark: Option<Token>,
    sendgrid: Option<Token>,
}

impl Inbox {
    /// The ways in that are set up, to one spool.
    pub fn new(
        settings: &Settings,
        spool: SpoolDirectory,
        clock: Clock,
        log: Arc<dyn RequestLog>,
    ) -> Inbox {
        Inbox(Arc::new(Shared {
            doors: Doors {
                sparkpost: settings.token.as_ref().map(Token::new),
                raw: settings.raw.as_ref().map(Token::new),
                mailgun: settings.mailgun.as_ref().map(SigningKey::new),
                postmark: settings.postmark.as_ref().map(Token::of_basic),
                sendgrid: settings.sendgrid.as_ref().map(Token::of_basic),
            },
            trusted_proxies: settings.trusted_proxies.clone(),
            limits: settings.limits,
            connections: Connections::new(settings.limits.connections),
            spool,
            clock,
            log,
            memory: Memory::default(),
            used_tokens: UsedTokens::default(),
        }))
    }

    /// The connections that its requests come by.
    pub fn connections(&self) -> &Connections {
        &self.0.connections
    }
}

/// Answers any request.
pub async fn answer(
    request: HttpRequest,
    mut payload: web::Payload,
    inbox: web::Data<Inbox>,
) -> HttpResponse {
    let begin = Instant::now();
    let received = inbox.0.clock.now();
    let id = Id::new(received);
    let peer = Peer::of(&request, &inbox.0.trusted_proxies);
    let source = inbox.0.doors.source(request.path());
    let taken = match source {
        None => Err(Refusal::NotFound),
        Some(source) => {
            let arrival = Arrival {
                id: id.clone(),
                received,
                source,
                peer: peer.address.clone(),
                content_type: text(request.headers(), &header::CONTENT_TYPE).map(str::to_owned),
            };
            inbox.take(&request, &mut payload, arrival).await
        }
    };
    let status = match &taken {
        Ok(_) => StatusCode::OK,
        Err(refusal) => refusal.status(source),
    };
    inbox.0.log.request(&RequestReport {
        id: &id,
        received,
        peer: &peer,
        method: request.method().as_str(),
        path: request.path(),
        header_count: request.headers().len(),
        content_length: content_length(request.headers()),
        content_type: text(request.headers(), &header::CONTENT_TYPE),
        source,
        taken: taken.as_ref(),
        status: status.as_u16(),
        took: begin.elapsed(),
    });
    let mut response = HttpResponse::build(status);
    if inbox.0.connections.are_many() {
        response.force_close();
    }
    match taken {
        Ok(_) => response.content_type(ContentType::plaintext()).body("OK"),
        Err(refusal) => {
            if let Some(field) = field(status, source) {
                response.insert_header(field);
            }
            let message = refusal.message();
            let json = serde_json::to_vec(&Message { message }).expect("a string is JSON");
            response
                .content_type(ContentType::json())
                .body(Unread::new(json, payload))
        }
    }
}

/// What whoever is turned away is told.
#[derive(Serialize)]
struct Message {
    message: &'static str,
}

/// The field that a status wants.
fn field(status: StatusCode, source: Option<Source>) -> Option<(HeaderName, &'static str)> {
    match (status, source) {
        (StatusCode::METHOD_NOT_ALLOWED, _) => Some((header::ALLOW, "POST")),
        (StatusCode::SERVICE_UNAVAILABLE, _) => Some((header::RETRY_AFTER, RETRY_AFTER)),
        (StatusCode::UNAUTHORIZED, Some(Source::Raw)) => Some((header::WWW_AUTHENTICATE, "Bearer")),
        (StatusCode::UNAUTHORIZED, Some(Source::Postmark | Source::SendGrid)) => Some((
            header::WWW_AUTHENTICATE,
            "Basic realm=\"mailseal\", charset=\"UTF-8\"",
        )),
        _ => None,
    }
}

/// What is known of a request before its body.
#[derive(Debug)]
struct Arrival {
    id: Id,
    received: Timestamp,
    source: Source,
    peer: String,
    content_type: Option<String>,
}

impl Doors {
    /// Whose path it is. What is not set up is not there.
    fn source(&self, path: &str) -> Option<Source> {
        let (source, is_open) = match path {
            "/" => (Source::SparkPost, true),
            "/raw" => (Source::Raw, self.raw.is_some()),
            "/mailgun/mime" => (Source::Mailgun, self.mailgun.is_some()),
            "/postmark" => (Source::Postmark, self.postmark.is_some()),
            "/sendgrid" => (Source::SendGrid, self.sendgrid.is_some()),
            _ => return None,
        };
        is_open.then_some(source)
    }

    /// Looks at a request before its body is received.
    fn admit(&self, request: &HttpRequest, arrival: &Arrival) -> Result<(), Refusal> {
        if request.method() != Method::POST {
            return Err(Refusal::Method);
        }
        let headers = request.headers();
        if !is_of_type(arrival.source, arrival.content_type.as_deref()) {
            return Err(Refusal::ContentType);
        }
        if !is_plain(text(headers, &header::CONTENT_ENCODING)) {
            return Err(Refusal::ContentEncoding);
        }
        let authorization = headers
            .get(header::AUTHORIZATION)
            .map(HeaderValue::as_bytes);
        let basic = || authorization.and_then(token::basic);
        let (expected, given, otherwise) = match arrival.source {
            Source::SparkPost => {
                let given = headers
                    .get(WEBHOOK_TOKEN)
                    .map(|value| value.as_bytes().to_vec());
                (&self.sparkpost, given, Refusal::WebhookToken)
            }
            Source::Raw => {
                let given = authorization.and_then(token::bearer).map(<[u8]>::to_vec);
                (&self.raw, given, Refusal::Credentials)
            }
            Source::Postmark => (&self.postmark, basic(), Refusal::Credentials),
            Source::SendGrid => (&self.sendgrid, basic(), Refusal::Credentials),
            // The signature is in the body.
            Source::Mailgun => (&None, None, Refusal::Credentials),
        };
        match (expected, given) {
            (None, _) => Ok(()),
            (Some(expected), Some(given)) if expected.is(&given) => Ok(()),
            _ => Err(otherwise),
        }
    }
}

impl Inbox {
    async fn take(
        &self,
        request: &HttpRequest,
        payload: &mut web::Payload,
        arrival: Arrival,
    ) -> Result<Taken, Refusal> {
        let Shared {
            doors,
            limits,
            memory,
            ..
        } = &*self.0;
        doors.admit(request, &arrival)?;
        let said = content_length(request.headers());
        let body = request::body(payload, said, limits, memory).await?;
        let inbox = self.clone();
        // Reading a body of 40 MiB takes a while, and so does the disk.
        let worked_on = web::block(move || inbox.keep(body, &arrival)).await;
        worked_on.unwrap_or(Err(Refusal::Fault(
            "the thread that works on the request was lost",
        )))
    }

    /// Takes the messages out of a body and into the spool.
    fn keep(&self, body: Body, arrival: &Arrival) -> Result<Taken, Refusal> {
        let length = body.octets.len();
        let content_type = arrival.content_type.as_deref().unwrap_or_default();
        let mail = match (arrival.source, &self.0.doors.mailgun) {
            (Source::SparkPost, _) => return self.keep_relayed(&body.octets, arrival),
            (Source::Raw, _) => Mail {
                msg_from: None,
                rcpt_to: None,
                message: body.octets,
            },
            (Source::Postmark, _) => postmark::read(&body.octets)?,
            (Source::SendGrid, _) => sendgrid::read(content_type, &body.octets)?,
            (Source::Mailgun, None) => return Err(Refusal::NotFound),
            (Source::Mailgun, Some(key)) => {
                let now = arrival.received;
                match mailgun::read(content_type, &body.octets, key, now)? {
                    Form::NotSigned => return Err(Refusal::Credentials),
                    Form::Signed(signed) => return self.keep_once(length, signed, arrival),
                }
            }
        };
        self.put(length, vec![arrival.received(arrival.id.clone(), mail)])
    }

    fn keep_relayed(&self, body: &[u8], arrival: &Arrival) -> Result<Taken, Refusal> {
        let items = relay_message::parse(body)?;
        let is_alone = items.len() == 1;
        let (mut messages, mut refused) = (Vec::new(), Vec::new());
        let mut refused_count = 0;
        for (place, item) in (1..).zip(items) {
            let mail = item.and_then(|item| {
                Ok(Mail {
                    msg_from: item.msg_from.as_deref().map(str::to_owned),
                    rcpt_to: item.rcpt_to.as_deref().map(str::to_owned),
                    message: item.into_message()?,
                })
            });
            match mail {
                Ok(mail) => {
                    let id = match is_alone {
                        true => arrival.id.clone(),
                        false => arrival.id.of_item(place),
                    };
                    messages.push(arrival.received(id, mail));
                }
                Err(refusal) => {
                    refused_count += 1;
                    if refused.len() < MOST_TOLD {
                        refused.push((place, refusal));
                    }
                }
            }
        }
        Ok(Taken {
            refused,
            refused_count,
            ..self.put(body.len(), messages)?
        })
    }

    /// A mail of Mailgun's, unless its signature was used before. What happens to the signature is
    /// decided by whether the mail could be kept: Mailgun repeats it when it tries again.
    fn keep_once(
        &self,
        length: usize,
        signed: mailgun::Signed,
        arrival: &Arrival,
    ) -> Result<Taken, Refusal> {
        if !self.0.used_tokens.claim(signed.token, arrival.received) {
            return Ok(Taken {
                body: length,
                is_replay: true,
                ..Taken::default()
            });
        }
        let message = arrival.received(arrival.id.clone(), signed.mail);
        self.put(length, vec![message])
            .inspect_err(|_| self.0.used_tokens.give_back(signed.token))
    }

    fn put(&self, body: usize, messages: Vec<Received>) -> Result<Taken, Refusal> {
        let told = |message: &Received| TakenMessage {
            id: message.id.clone(),
            msg_from: message.msg_from.clone(),
            rcpt_to: message.rcpt_to.clone(),
            octets: message.message.len(),
        };
        let taken = messages.iter().map(told).collect();
        self.0.spool.put(messages)?;
        Ok(Taken {
            body,
            messages: taken,
            ..Taken::default()
        })
    }
}

impl Arrival {
    fn received(&self, id: Id, mail: Mail) -> Received {
        Received {
            id,
            received: self.received,
            source: self.source,
            peer: self.peer.clone(),
            msg_from: mail.msg_from,
            rcpt_to: mail.rcpt_to,
            message: mail.message,
        }
    }
}

/// Whether a Content-Type is one that a service sends.
fn is_of_type(source: Source, content_type: Option<&str>) -> bool {
    let Some(content_type) = content_type else {
        return false;
    };
    let is = |media_type, subtype| {
        let content_type = mime::content_type::ContentType::parse(content_type.as_bytes());
        content_type.is_some_and(|content_type| content_type.is(media_type, subtype))
    };
    match source {
        Source::SparkPost | Source::Postmark => is("application", "json"),
        // RFC 6532 3.7 has a type of its own for mail with UTF-8 in its header.
        Source::Raw => is("message", "rfc822") || is("message", "global"),
        Source::Mailgun | Source::SendGrid => form::is_form(content_type),
    }
}

/// RFC 9110 8.4.1: identity is no coding, and some say it anyway.
fn is_plain(content_encoding: Option<&str>) -> bool {
    content_encoding.is_none_or(|coding| coding.trim().eq_ignore_ascii_case("identity"))
}

/// A field of the header, if it stands there once and is text.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name);
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    text(headers, &header::CONTENT_LENGTH)?.parse().ok()
}
