//! Why a message did not go by SparkPost's API. No variant holds the key.

use std::io;
use std::time::Duration;

use crate::send::Kind;
use crate::trust;

use super::ApiError;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The service's address cannot be read.
    #[error("\"{}\" is not the address of a SparkPost service", .0.escape_debug())]
    Host(String),
    /// The key and the mail would travel in the clear.
    #[error("{0} is not the loopback, so it needs https")]
    HostInTheClear(String),
    /// The key has octets that no HTTP header may hold, as a line end.
    #[error("the SparkPost API key has characters that no key has")]
    ApiKey,
    /// The campaign id is longer than the service takes.
    #[error("a campaign id of {length} octets is longer than the 64 that SparkPost takes")]
    CampaignId {
        /// Its octets.
        length: usize,
    },
    /// The metadata is larger than the service takes.
    #[error("metadata of {length} octets is larger than the 10 KB that SparkPost takes")]
    Metadata {
        /// Its octets as JSON.
        length: usize,
    },
    /// Tracking rewrites the message and a sealed one must not be.
    #[error("cannot track signed or encrypted messages")]
    TrackingSealed,
    /// The message is larger than the service takes.
    #[error("a message of {size} octets is larger than the {limit} that SparkPost takes")]
    TooLarge {
        /// Its octets.
        size: u64,
        /// The most that go.
        limit: u64,
    },
    /// The message is not UTF-8, which the service answers with code 1305.
    #[error("the message is not UTF-8 at octet {offset}, and SparkPost takes nothing else")]
    NotUtf8 {
        /// Where, from 0.
        offset: u64,
    },
    /// The readable text of a signed message has what the service takes for its template language
    /// and replaces.
    #[error("the signed text holds \"{{{{\", which SparkPost replaces: that breaks the signature")]
    SubstitutionInSigned,
    /// The message could not be read on this side.
    #[error("cannot read the message")]
    Read(#[source] io::Error),
    /// There are no roots to check a certificate against.
    #[error(transparent)]
    Trust(#[from] trust::Error),
    /// The request did not go out whole, so nothing was accepted.
    #[error("cannot reach {base}")]
    NotSent {
        /// What requests go below.
        base: String,
        /// The reason.
        source: Box<ureq::Error>,
    },
    /// The request went out whole and its answer was lost: nobody knows whether the message was
    /// accepted, so it is not sent again.
    #[error("SparkPost's answer was lost; the message may have been accepted")]
    AnswerLost(#[source] Box<ureq::Error>),
    /// 504: a gateway gave up waiting for the answer, which may have been yes.
    #[error("SparkPost timed out (504); the message may have been accepted")]
    GatewayTimeout,
    /// A success whose words make no sense.
    #[error(
        "SparkPost's answer is not understood; the message may have been accepted: {beginning}"
    )]
    NotUnderstood {
        /// The beginning of the answer.
        beginning: String,
    },
    /// The service refused, in its own words.
    #[error("SparkPost answered {status}: {}", list(.errors))]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The words.
        errors: Vec<ApiError>,
        /// How long it asks us to wait.
        retry_after: Option<Duration>,
    },
    /// Every recipient was rejected.
    #[error("SparkPost rejected every recipient: {}", list(.errors))]
    AllRejected {
        /// The words.
        errors: Vec<ApiError>,
    },
    /// This recipient was rejected.
    #[error("{0}")]
    Rejected(ApiError),
    /// Some recipients were rejected and the answer does not say which.
    #[error(
        "SparkPost accepted {accepted} and rejected {rejected} recipients (id {id}) \
         without saying which: {}", list(.errors)
    )]
    PartlyRejected {
        /// The transmission.
        id: String,
        /// How many it accepted.
        accepted: u64,
        /// How many it did not.
        rejected: u64,
        /// The words.
        errors: Vec<ApiError>,
    },
}

impl Error {
    /// What the caller can do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Host(_)
            | Self::HostInTheClear(_)
            | Self::ApiKey
            | Self::CampaignId { .. }
            | Self::Metadata { .. }
            | Self::TrackingSealed
            | Self::Trust(_) => Kind::Configuration,
            Self::TooLarge { .. } | Self::AllRejected { .. } | Self::Rejected(_) => Kind::Permanent,
            Self::NotUtf8 { .. } | Self::SubstitutionInSigned => Kind::Message,
            Self::Read(_) => Kind::Io,
            Self::NotSent { source, .. } if is_tls(source) => Kind::Permanent,
            Self::NotSent { .. } => Kind::Temporary,
            Self::AnswerLost(_) | Self::GatewayTimeout | Self::NotUnderstood { .. } => {
                Kind::Unknown
            }
            Self::Refused {
                status: 420 | 429 | 500..,
                ..
            } => Kind::Temporary,
            Self::Refused { .. } | Self::PartlyRejected { .. } => Kind::Permanent,
        }
    }

    /// Whether waiting may help. A name that does not resolve now will not in a few seconds.
    pub(super) fn is_worth_retrying(&self) -> bool {
        let unresolved = matches!(self, Self::NotSent { source, .. } if matches!(**source, ureq::Error::HostNotFound));
        self.kind() == Kind::Temporary && !unresolved
    }
}

// A certificate that does not hold now will not in a few seconds.
fn is_tls(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => true,
        ureq::Error::Io(error) => {
            matches!(error.get_ref(), Some(inner) if inner.is::<rustls::Error>())
        }
        _ => false,
    }
}

fn list(errors: &[ApiError]) -> String {
    match errors {
        [] => "no reason given".into(),
        _ => errors
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("; "),
    }
}
