//! One session: greeting, EHLO, STARTTLS and AUTH, then any number of transactions.

use std::fmt;
use std::io::{self, BufRead};
use std::net::IpAddr;
use std::time::Duration;

use lettre::transport::smtp::commands::{Data, Ehlo, Quit, Rset, Starttls};
use lettre::transport::smtp::extension::ClientId;
use zeroize::Zeroizing;

use crate::send::Outgoing;
use crate::send::outgoing::Survey;

use super::connection::Connection;
use super::extensions::Extensions;
use super::transaction::{Answer, Plan, Transaction};
use super::transparency::Transparency;
use super::{Credentials, Error, Options, Reply, Stage, TlsMode};

/// What a session's opening led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionFacts {
    /// The host, as it was given.
    pub host: String,
    /// The port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// The user of AUTH.
    pub user: Option<String>,
    /// A star for each character of the password.
    pub password_stars: String,
}

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// Not at all.
    Plain,
    /// By TLS after STARTTLS.
    StartTls,
    /// By TLS from the start.
    Tls,
}

/// The line that the original tool prints.
impl fmt::Display for SessionFacts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let security = match self.security {
            Security::Plain => "plain",
            Security::StartTls => "STARTTLS",
            Security::Tls => "TLS",
        };
        write!(
            formatter,
            "Opened SMTP connection ({security}) to {}, port {}, user=\"{}\", password=\"{}\"",
            self.host,
            self.port,
            self.user.as_deref().unwrap_or_default(),
            self.password_stars
        )
    }
}

/// An open session.
pub(super) struct Session {
    connection: Connection,
    extensions: Extensions,
    facts: SessionFacts,
    /// Transactions so far.
    pub transactions: u32,
    /// Whether a transaction may have been left open.
    needs_reset: bool,
    /// Whether nothing more can be said here.
    pub is_over: bool,
}

impl Session {
    /// Connects, greets, encrypts and logs in, as far as the options ask.
    pub fn open(options: &Options) -> Result<Self, Error> {
        if options.is_login_exposed() {
            return Err(Error::PasswordInTheClear {
                host: options.host.clone(),
            });
        }
        if options.hello_name.as_deref().is_some_and(is_no_domain) {
            return Err(Error::Option("the name for EHLO"));
        }
        let mut session = Self {
            connection: Connection::connect(options)?,
            extensions: Extensions::default(),
            facts: SessionFacts {
                host: options.host.clone(),
                port: options.port,
                security: Security::Plain,
                user: None,
                password_stars: String::new(),
            },
            transactions: 0,
            needs_reset: false,
            is_over: false,
        };
        session.wait_at_most(options.timeouts.command, Stage::Greeting)?;
        if options.tls_mode() == TlsMode::Implicit {
            session.encrypt(options, Stage::Greeting)?;
            session.facts.security = Security::Tls;
        }
        let greeting = session.connection.reply(Stage::Greeting)?;
        completion(Stage::Greeting, greeting)?;
        session.hello(options)?;
        session.start_tls(options)?;
        if let Some(credentials) = &options.credentials {
            session.authenticate(credentials)?;
        }
        Ok(session)
    }

    /// What to show of it.
    pub fn facts(&self) -> &SessionFacts {
        &self.facts
    }

    /// Offers the message to the `recipients`, given by their places in the envelope, and sends
    /// it when the server takes any of them.
    pub fn transact(
        &mut self,
        outgoing: &Outgoing,
        survey: Survey,
        recipients: &[usize],
        options: &Options,
    ) -> Result<Transaction, Error> {
        let plan = Plan::new(outgoing, survey, recipients, options, &self.extensions)?;
        self.transactions += 1;
        let result = self.run(outgoing, &plan, options);
        if let Err(error)
        | Ok(Transaction {
            message: Some(Err(error)),
            ..
        }) = &result
        {
            self.is_over |= error.ends_session();
        }
        result
    }

    /// Says goodbye. The server's answer changes nothing.
    pub fn quit(&mut self) {
        const PATIENCE: Duration = Duration::from_secs(5);
        if !self.is_over && self.connection.set_timeout(PATIENCE).is_ok() {
            let _farewell = self.ask(Stage::Quit, Quit);
        }
        self.is_over = true;
    }

    fn run(
        &mut self,
        outgoing: &Outgoing,
        plan: &Plan,
        options: &Options,
    ) -> Result<Transaction, Error> {
        self.wait_at_most(options.timeouts.command, Stage::Mail)?;
        if std::mem::take(&mut self.needs_reset) {
            let reply = self.ask(Stage::Reset, Rset)?;
            if !reply.is_completion() {
                // Says nothing about this message; a new connection will do.
                let source = io::Error::other(reply.to_string());
                return Err(Error::Lost {
                    stage: Stage::Reset,
                    source,
                });
            }
        }
        self.needs_reset = true;
        let answers = self.envelope(plan)?;
        if !answers
            .iter()
            .any(|answer| matches!(answer, Answer::Accepted))
        {
            return Ok(Transaction {
                answers,
                message: None,
                warnings: plan.warnings(),
            });
        }
        let message = self.message(outgoing, options);
        self.needs_reset = message.is_err();
        Ok(Transaction {
            answers,
            message: Some(message),
            warnings: plan.warnings(),
        })
    }

    /// Sends MAIL and every RCPT; together, as far as the server takes that (RFC 2920).
    fn envelope(&mut self, plan: &Plan) -> Result<Vec<Answer>, Error> {
        // Replies to a hundred commands fit in the socket's buffer, so neither side can be left
        // waiting for the other to read (RFC 2920 3.1).
        const WINDOW: usize = 100;
        let window = if self.extensions.pipelining {
            WINDOW
        } else {
            1
        };
        let mut replies = Vec::with_capacity(plan.commands.len());
        for commands in plan.commands.chunks(window) {
            let is_first = replies.is_empty();
            let stage = if is_first {
                Stage::Mail
            } else {
                Stage::Recipient
            };
            self.connection.command(stage, commands.concat())?;
            for _ in commands {
                let stage = if replies.is_empty() {
                    Stage::Mail
                } else {
                    Stage::Recipient
                };
                let reply = self.connection.reply(stage)?;
                if reply.is_closing() {
                    return Err(Error::Refused { stage, reply });
                }
                replies.push(reply);
            }
            if is_first {
                completion(Stage::Mail, replies[0].clone())?;
            }
        }
        Ok(plan.answers(replies.into_iter().skip(1)))
    }

    fn message(&mut self, outgoing: &Outgoing, options: &Options) -> Result<Reply, Error> {
        let reply = self.ask(Stage::Data, Data)?;
        if reply.code() != 354 {
            return Err(Error::Refused {
                stage: Stage::Data,
                reply,
            });
        }
        self.wait_at_most(options.timeouts.data_block, Stage::Message)?;
        let last = self.body(outgoing)?;
        // From the first octet of the last block on, the server may have all it needs.
        let lost = |error| Error::AfterData(Box::new(error));
        let stage = Stage::Message;
        self.connection
            .write(&last)
            .map_err(|source| lost(Error::Lost { stage, source }))?;
        self.wait_at_most(options.timeouts.data_end, stage)
            .map_err(lost)?;
        let reply = self.connection.reply(stage).map_err(lost)?;
        completion(stage, reply)
    }

    /// Sends all of the message but its last block, which it returns with the end of data.
    fn body(&mut self, outgoing: &Outgoing) -> Result<Vec<u8>, Error> {
        const BLOCK: usize = 32 << 10;
        let mut reader = outgoing.reader();
        let mut transparency = Transparency::new();
        let mut block = Vec::with_capacity(2 * BLOCK);
        loop {
            let octets = match reader.fill_buf() {
                Ok([]) => break,
                Ok(octets) => &octets[..octets.len().min(BLOCK)],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Error::Read(error)),
            };
            if block.len() >= BLOCK {
                self.connection
                    .write(&block)
                    .map_err(|source| self.why_not_taken(source))?;
                block.clear();
            }
            transparency.encode(octets, &mut block);
            let length = octets.len();
            reader.consume(length);
        }
        transparency.finish(&mut block);
        Ok(block)
    }

    // A server that has enough says why and closes; its words are worth more than a broken pipe.
    fn why_not_taken(&mut self, source: io::Error) -> Error {
        const PATIENCE: Duration = Duration::from_secs(5);
        let stage = Stage::Message;
        self.is_over = true;
        let reply = match self.connection.set_timeout(PATIENCE) {
            Ok(()) => self.connection.reply(stage).ok(),
            Err(_) => None,
        };
        match reply {
            Some(reply) if !reply.is_completion() => Error::Refused { stage, reply },
            _ => Error::Lost { stage, source },
        }
    }

    fn hello(&mut self, options: &Options) -> Result<(), Error> {
        let name = match (&options.hello_name, self.connection.local_address()) {
            (Some(name), _) => ClientId::Domain(name.clone()),
            (None, Some(IpAddr::V4(address))) => ClientId::Ipv4(address),
            (None, Some(IpAddr::V6(address))) => ClientId::Ipv6(address),
            (None, None) => ClientId::default(),
        };
        let reply = self.ask(Stage::Hello, Ehlo::new(name.clone()))?;
        // RFC 5321 3.2: a server that does not know EHLO gets HELO, and offers nothing.
        if matches!(reply.code(), 500 | 502) {
            let reply = self.ask(Stage::Hello, format_args!("HELO {name}\r\n"))?;
            completion(Stage::Hello, reply)?;
            self.extensions = Extensions::default();
            return Ok(());
        }
        self.extensions = Extensions::from_hello(&completion(Stage::Hello, reply)?);
        Ok(())
    }

    fn start_tls(&mut self, options: &Options) -> Result<(), Error> {
        let required = match options.tls_mode() {
            TlsMode::None | TlsMode::Implicit => return Ok(()),
            TlsMode::Opportunistic => false,
            TlsMode::Required => true,
        };
        if !self.extensions.start_tls {
            return match required {
                true => Err(Error::TlsNotOffered {
                    host: options.host.clone(),
                }),
                false => Ok(()),
            };
        }
        let reply = self.ask(Stage::StartTls, Starttls)?;
        if !reply.is_completion() {
            // RFC 3207 4: 454, TLS not available for now. Who only hoped for it goes on.
            return match required || reply.is_closing() {
                true => Err(Error::Refused {
                    stage: Stage::StartTls,
                    reply,
                }),
                false => Ok(()),
            };
        }
        if self.connection.has_unread() {
            return Err(Error::TextBeforeTls {
                host: options.host.clone(),
            });
        }
        self.encrypt(options, Stage::StartTls)?;
        self.facts.security = Security::StartTls;
        // RFC 3207 4.2: what was learnt before TLS is forgotten.
        self.hello(options)
    }

    fn encrypt(&mut self, options: &Options, stage: Stage) -> Result<(), Error> {
        let config = options.trust.client()?;
        self.connection
            .upgrade(config, &options.host)
            .map_err(|source| {
                // The operating system's errors hold nothing within; TLS's own reasons are held there.
                match source.get_ref().is_some() {
                    true => Error::Tls {
                        host: options.host.clone(),
                        trust: options.trust.to_string(),
                        source,
                    },
                    false => Error::Lost { stage, source },
                }
            })
    }

    fn authenticate(&mut self, credentials: &Credentials) -> Result<(), Error> {
        if is_exposed(self.facts.security, self.connection.peer_address()) {
            return Err(Error::PasswordInTheClear {
                host: self.facts.host.clone(),
            });
        }
        let offered = &self.extensions.authentication;
        let offers = |mechanism: &str| offered.iter().any(|name| name == mechanism);
        let reply = if offers("PLAIN") {
            self.authenticate_plain(credentials)?
        } else if offers("LOGIN") {
            self.authenticate_login(credentials)?
        } else {
            return Err(Error::AuthenticationNotOffered {
                offered: offered.clone(),
            });
        };
        completion(Stage::Authentication, reply)?;
        self.facts.user = Some(credentials.user.clone());
        self.facts.password_stars = credentials.password.stars();
        Ok(())
    }

    // RFC 4616 2: no authorization identity, NUL, user, NUL, password.
    fn authenticate_plain(&mut self, credentials: &Credentials) -> Result<Reply, Error> {
        let mut message = Zeroizing::new(Vec::new());
        message.reserve(credentials.user.len() + credentials.password.expose().len() + 2);
        message.push(0);
        message.extend_from_slice(credentials.user.as_bytes());
        message.push(0);
        message.extend_from_slice(credentials.password.expose());
        let response = base64(&message);
        self.ask(
            Stage::Authentication,
            format_args!("AUTH PLAIN {}\r\n", *response),
        )
    }

    // Never a standard; the challenges ask for the user, then for the password, in that order.
    fn authenticate_login(&mut self, credentials: &Credentials) -> Result<Reply, Error> {
        let stage = Stage::Authentication;
        let mut reply = self.ask(stage, "AUTH LOGIN\r\n")?;
        for answer in [credentials.user.as_bytes(), credentials.password.expose()] {
            if reply.code() != 334 {
                break;
            }
            reply = self.ask(stage, format_args!("{}\r\n", *base64(answer)))?;
        }
        Ok(reply)
    }

    fn ask(&mut self, stage: Stage, command: impl fmt::Display) -> Result<Reply, Error> {
        self.connection.command(stage, command)?;
        self.connection.reply(stage)
    }

    fn wait_at_most(&mut self, timeout: Duration, stage: Stage) -> Result<(), Error> {
        self.connection
            .set_timeout(timeout)
            .map_err(|source| Error::Lost { stage, source })
    }
}

/// Whether a password would cross the network in the clear. The options judge by the host's name;
/// what counts in the end is where that name has led.
fn is_exposed(security: Security, peer: Option<IpAddr>) -> bool {
    security == Security::Plain && !peer.is_some_and(|address| address.is_loopback())
}

fn is_no_domain(name: &str) -> bool {
    !(1..=255).contains(&name.len()) || !name.bytes().all(|octet| octet.is_ascii_graphic())
}

fn base64(octets: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(base64_simd::STANDARD.encode_to_string(octets))
}

fn completion(stage: Stage, reply: Reply) -> Result<Reply, Error> {
    match reply.is_completion() {
        true => Ok(reply),
        false => Err(Error::Refused { stage, reply }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_goes_in_the_clear_to_this_machine_alone() {
        let peer = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        for address in ["127.0.0.1", "127.8.9.10", "::1"] {
            assert!(!is_exposed(Security::Plain, peer(address)), "{address}");
        }
        // What "localhost" may resolve to where somebody wants the password.
        for address in ["192.0.2.1", "2001:db8::1"] {
            assert!(is_exposed(Security::Plain, peer(address)), "{address}");
            assert!(!is_exposed(Security::StartTls, peer(address)), "{address}");
            assert!(!is_exposed(Security::Tls, peer(address)), "{address}");
        }
        assert!(is_exposed(Security::Plain, None));
    }
}
