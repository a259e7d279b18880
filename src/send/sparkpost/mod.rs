//! SparkPost's transmissions API: one HTTPS request a message.
//!
//! ```no_run
//! use mailseal::secret::Secret;
//! use mailseal::send::{sparkpost, Sender};
//!
//! let base = sparkpost::ApiBase::parse("api.eu.sparkpost.com")?;
//! let options = sparkpost::Options::new(base, Secret::from_string("key".into()));
//! let mut client = sparkpost::Client::new(options)?;
//! println!("{}", client.open().unwrap().unwrap());
//! # Ok::<(), sparkpost::Error>(())
//! ```
//!
//! A refusal for the moment (420, 429, most of 5xx) is tried again. Where the message may have
//! been taken and the answer was lost, it is not.
//!
//! # Not supported
//! Templates, recipient lists, substitution data, scheduled sending.

mod answer;
mod error;
mod host;
mod msys_api;
mod options;
mod request;
mod substitution;

use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::http::{HeaderValue, Response};
use ureq::{Agent, Body, SendBody};

use super::{
    Backoff, Delivery, Opened, Outcome, Outgoing, Pause, Receipt, Sender, ThreadSleep, Warning,
};
use answer::{Accepted, Answer};
use request::Request;

pub use answer::ApiError;
pub use error::Error;
pub use host::{ApiBase, is_sparkpost_host};
pub use msys_api::msys_api_field;
pub use options::{DEFAULT_CAMPAIGN_ID, MOST_CONNECTIONS, Options, Tracking};

/// A [`Sender`] by SparkPost's API.
pub struct Client {
    options: Options,
    authorization: HeaderValue,
    connection: Option<Connection>,
    announced: bool,
    pause: Box<dyn Pause + Send>,
}

struct Connection {
    agent: Agent,
    since: Instant,
    calls: u32,
}

impl Client {
    /// A client that connects at its first message. Wrong options show here, before any message.
    pub fn new(options: Options) -> Result<Self, Error> {
        Self::with_pause(options, ThreadSleep)
    }

    /// The same with another way of waiting between tries.
    pub fn with_pause(options: Options, pause: impl Pause + Send + 'static) -> Result<Self, Error> {
        options.check()?;
        let mut authorization =
            HeaderValue::from_bytes(options.api_key.expose()).map_err(|_| Error::ApiKey)?;
        authorization.set_sensitive(true);
        Ok(Self {
            options,
            authorization,
            connection: None,
            announced: false,
            pause: Box::new(pause),
        })
    }

    /// The agent, which keeps one connection, for as long as SparkPost lets it.
    fn agent(&mut self) -> Result<Agent, Error> {
        const LONGEST_LIFE: Duration = Duration::from_secs(15 * 60);
        const MOST_CALLS: u32 = 10_000;
        let is_spent = |connection: &Connection| {
            // A call may take its whole time yet.
            connection.since.elapsed() + self.options.timeout > LONGEST_LIFE
                || connection.calls >= MOST_CALLS
        };
        if self.connection.as_ref().is_some_and(is_spent) {
            self.connection = None;
        }
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection {
                agent: agent(&self.options)?,
                since: Instant::now(),
                calls: 0,
            },
        };
        let connection = self.connection.insert(connection);
        connection.calls += 1;
        Ok(connection.agent.clone())
    }

    fn post(&mut self, request: &Request<'_>) -> Result<Accepted, Error> {
        let agent = self.agent()?;
        let mut call = agent
            .post(self.options.base.transmissions())
            .header("Authorization", &self.authorization)
            .header("Content-Type", "application/json")
            .header("Content-Length", request.length().to_string());
        if let Some(subaccount) = self.options.subaccount {
            call = call.header("X-MSYS-SUBACCOUNT", subaccount.to_string());
        }
        let mut body = request.body();
        let result = call.send(SendBody::from_reader(&mut body));
        if let Some(error) = body.failure.take() {
            return Err(Error::Read(error));
        }
        let was_sent_whole = body.is_whole();
        match result {
            Ok(response) => understand(response),
            Err(error) if was_sent_whole => Err(Error::AnswerLost(Box::new(error))),
            Err(error) => Err(Error::NotSent {
                base: self.options.base.to_string(),
                source: Box::new(error),
            }),
        }
    }
}

fn understand(mut response: Response<Body>) -> Result<Accepted, Error> {
    const LONGEST_ANSWER: u64 = 1 << 20;
    let status = response.status().as_u16();
    let retry_after = response
        .headers()
        .get("retry-after")
        .and_then(|value| value.to_str().ok()?.trim().parse().ok())
        .map(Duration::from_secs);
    let body = response
        .body_mut()
        .with_config()
        .limit(LONGEST_ANSWER)
        .read_to_vec();
    match body {
        Ok(body) => Answer {
            status,
            retry_after,
            body,
        }
        .understand(),
        // The status alone tells enough of a refusal, and not of a success.
        Err(_) if status != 200 => Answer {
            status,
            retry_after,
            body: Vec::new(),
        }
        .understand(),
        Err(error) => Err(Error::AnswerLost(Box::new(error))),
    }
}

impl Sender for Client {
    fn open(&mut self) -> Result<Option<Opened>, super::Error> {
        let first = !std::mem::replace(&mut self.announced, true);
        Ok(first.then(|| Opened::SparkPost(self.options.base.to_string())))
    }

    fn send(&mut self, outgoing: &Outgoing) -> Result<Receipt, super::Error> {
        let started = Instant::now();
        let opened = self.open()?.into_iter().collect();
        let request = Request::new(outgoing, &self.options)?;
        let mut connecting = Backoff::new(Duration::from_millis(500), Duration::from_secs(30));
        // As SparkPost asks of its clients: after 5 s, doubling.
        let mut refused = Backoff::new(Duration::from_secs(5), LONGEST_WAIT);
        let mut attempts = 0;
        let accepted = loop {
            attempts += 1;
            let error = match self.post(&request) {
                Ok(accepted) => break accepted,
                Err(error) => error,
            };
            if attempts > self.options.retries || !error.is_worth_retrying() {
                return Err(error.into());
            }
            let wait = match &error {
                Error::Refused {
                    retry_after: Some(wait),
                    ..
                } if *wait > LONGEST_WAIT => return Err(error.into()),
                Error::Refused {
                    retry_after: Some(wait),
                    ..
                } => *wait,
                Error::Refused { .. } => refused.next_wait(),
                _ => connecting.next_wait(),
            };
            self.pause.pause(wait);
        };
        receipt(outgoing, accepted, opened, attempts, started.elapsed())
    }
}

/// Who is asked to wait longer than this had better come back another time.
const LONGEST_WAIT: Duration = Duration::from_secs(5 * 60);

/// Tells the recipients apart, as far as the answer lets.
fn receipt(
    outgoing: &Outgoing,
    accepted: Accepted,
    opened: Vec<Opened>,
    attempts: u32,
    elapsed: Duration,
) -> Result<Receipt, super::Error> {
    let recipients = outgoing.envelope().recipients();
    let Accepted {
        id,
        accepted,
        rejected,
        errors,
    } = accepted;
    let mut warnings = Vec::new();
    let words = format!("id {id}");
    let named = |address: &str| errors.iter().find(|error| error.names(address));
    let is_told = rejected
        == recipients
            .iter()
            .filter(|one| named(&one.to_string()).is_some())
            .count() as u64;
    let deliveries = if rejected == 0 {
        warnings.extend(
            errors
                .iter()
                .map(|error| Warning::Service(error.to_string())),
        );
        all(recipients, &Outcome::Accepted(words))
    } else if accepted == 0 {
        return Err(Error::AllRejected { errors }.into());
    } else if is_told {
        let outcome = |address: &crate::address::Address| match named(&address.to_string()) {
            None => Outcome::Accepted(words.clone()),
            Some(error) => Outcome::Failed(Arc::new(Error::Rejected(error.clone()).into())),
        };
        recipients
            .iter()
            .map(|address| Delivery {
                recipient: address.clone(),
                outcome: outcome(address),
            })
            .collect()
    } else {
        let partly = Error::PartlyRejected {
            id: id.clone(),
            accepted,
            rejected,
            errors,
        };
        all(recipients, &Outcome::Failed(Arc::new(partly.into())))
    };
    Ok(Receipt {
        deliveries,
        id: Some(id),
        warnings,
        opened,
        attempts,
        elapsed,
    })
}

fn all(recipients: &[crate::address::Address], outcome: &Outcome) -> Vec<Delivery> {
    let delivery = |recipient: &crate::address::Address| Delivery {
        recipient: recipient.clone(),
        outcome: outcome.clone(),
    };
    recipients.iter().map(delivery).collect()
}

fn agent(options: &Options) -> Result<Agent, Error> {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        // A redirected request would carry the key to who knows where.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .timeout_global(Some(options.timeout))
        .timeout_connect(Some(options.connect_timeout))
        .max_idle_connections(1)
        .max_idle_connections_per_host(1)
        .user_agent(concat!("mailseal/", env!("CARGO_PKG_VERSION")));
    let config = match options.base.is_encrypted() {
        true => config.tls_config(options.trust.ureq_client()?),
        false => config,
    };
    Ok(config.build().new_agent())
}

#[cfg(test)]
mod tests;
