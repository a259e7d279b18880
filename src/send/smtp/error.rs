//! Why a message did not go by SMTP.

use std::fmt;
use std::io;

use crate::address::Address;
use crate::send::Kind;
use crate::trust;

use super::Reply;

/// What went wrong, and where.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The host's name has no address, or the resolver has no answer.
    #[error("cannot resolve {host}")]
    Resolve {
        /// The name.
        host: String,
        /// The resolver's reason.
        source: io::Error,
    },
    /// No address of the host took a connection.
    #[error("cannot connect to {host}, port {port}")]
    Connect {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// The reason of the last address tried.
        source: io::Error,
    },
    /// The server's certificate does not hold, or no common TLS was found.
    #[error("TLS with {host} failed, checked against {trust}")]
    Tls {
        /// The host.
        host: String,
        /// Whose roots were believed.
        trust: String,
        /// The reason.
        source: io::Error,
    },
    /// TLS is required and the server does not offer STARTTLS.
    #[error("{host} does not offer STARTTLS, which is required here")]
    TlsNotOffered {
        /// The host.
        host: String,
    },
    /// The server spoke on after it agreed to STARTTLS: someone put words before the encryption
    /// that would have been taken for the server's (RFC 3207 6; CVE-2011-0411).
    #[error("{host} sent text in the clear after agreeing to STARTTLS")]
    TextBeforeTls {
        /// The host.
        host: String,
    },
    /// There are no roots to check a certificate against.
    #[error(transparent)]
    Trust(#[from] trust::Error),
    /// There is no TLS and the host, by its name or its address, is not the loopback: the password
    /// would travel in the clear.
    #[error("a password is not sent to {host} without TLS")]
    PasswordInTheClear {
        /// The host.
        host: String,
    },
    /// Credentials were given and the server offers neither PLAIN nor LOGIN.
    #[error("the server offers neither AUTH PLAIN nor AUTH LOGIN (it offers: {})", list(.offered))]
    AuthenticationNotOffered {
        /// The mechanisms it does offer.
        offered: Vec<String>,
    },
    /// The server refused a step, in its own words.
    #[error("{reply}")]
    Refused {
        /// The step.
        stage: Stage,
        /// The words.
        reply: Reply,
    },
    /// The connection broke, or the server was silent too long, before the message was whole.
    #[error("the connection was lost at {stage}")]
    Lost {
        /// The step.
        stage: Stage,
        /// The reason.
        source: io::Error,
    },
    /// What came is no SMTP reply.
    #[error("the answer at {stage} is not SMTP: \"{}\"", .line.escape_debug())]
    NotSmtp {
        /// The step.
        stage: Stage,
        /// The beginning of what came.
        line: String,
    },
    /// The message was sent whole and its answer was lost: nobody knows whether it was accepted,
    /// so it is not sent again.
    #[error("the server's answer to the message was lost; it may have been accepted")]
    AfterData(#[source] Box<Error>),
    /// The message has octets above 127 and the server does not take them.
    #[error("the message has 8-bit content and the server does not offer 8BITMIME")]
    EightBitMimeNotOffered,
    /// The message has a NUL, which no form of content but binary may have (RFC 2045 2.7 to 2.9);
    /// and between the line ends of binary content and of others DATA does not tell.
    #[error("the message has binary content, which SMTP would change on the way")]
    Nul,
    /// The address is not ASCII and the server does not take such.
    #[error("the server does not offer SMTPUTF8, which {0} needs")]
    SmtpUtf8NotOffered(Address),
    /// The message is larger than the server said it takes.
    #[error("the message has {size} octets and the server takes {limit}")]
    TooLarge {
        /// The message's octets.
        size: u64,
        /// The server's limit.
        limit: u64,
    },
    /// The message could not be read on this side. The server was left without its end.
    #[error("cannot read the message")]
    Read(#[source] io::Error),
    /// An option cannot be written into a command.
    #[error("{0} is not printable ASCII of acceptable length")]
    Option(&'static str),
}

impl Error {
    /// What the caller can do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Resolve { .. } | Self::Connect { .. } | Self::Lost { .. } => Kind::Temporary,
            Self::Refused { reply, .. } if reply.is_temporary() => Kind::Temporary,
            Self::Refused { .. }
            | Self::Tls { .. }
            | Self::TlsNotOffered { .. }
            | Self::TextBeforeTls { .. }
            | Self::AuthenticationNotOffered { .. }
            | Self::NotSmtp { .. }
            | Self::EightBitMimeNotOffered
            | Self::SmtpUtf8NotOffered(_)
            | Self::TooLarge { .. } => Kind::Permanent,
            Self::Trust(_) | Self::PasswordInTheClear { .. } | Self::Option(_) => {
                Kind::Configuration
            }
            Self::Nul => Kind::Message,
            Self::AfterData(_) => Kind::Unknown,
            Self::Read(_) => Kind::Io,
        }
    }

    /// Whether waiting may help. A name that does not resolve now will not in a few seconds.
    pub(super) fn is_worth_retrying(&self) -> bool {
        self.kind() == Kind::Temporary && !matches!(self, Self::Resolve { .. })
    }

    /// Whether the session cannot go on after it.
    pub(super) fn ends_session(&self) -> bool {
        match self {
            Self::Refused { reply, .. } => reply.is_closing(),
            Self::Lost { .. } | Self::NotSmtp { .. } | Self::AfterData(_) | Self::Read(_) => true,
            _ => false,
        }
    }
}

fn list(names: &[String]) -> String {
    match names.is_empty() {
        true => "none".into(),
        false => names.join(", "),
    }
}

/// The steps of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// The server's first words.
    Greeting,
    /// EHLO.
    Hello,
    /// STARTTLS.
    StartTls,
    /// AUTH.
    Authentication,
    /// MAIL.
    Mail,
    /// RCPT.
    Recipient,
    /// DATA, before the message.
    Data,
    /// The message, and the answer to it.
    Message,
    /// RSET.
    Reset,
    /// QUIT.
    Quit,
}

impl fmt::Display for Stage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Greeting => "the greeting",
            Self::Hello => "EHLO",
            Self::StartTls => "STARTTLS",
            Self::Authentication => "AUTH",
            Self::Mail => "MAIL",
            Self::Recipient => "RCPT",
            Self::Data => "DATA",
            Self::Message => "the message",
            Self::Reset => "RSET",
            Self::Quit => "QUIT",
        })
    }
}
