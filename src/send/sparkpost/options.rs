//! What a transmission carries besides the message.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::address::Address;
use crate::secret::Secret;
use crate::trust::Trust;

use super::{ApiBase, Error};

/// The campaign that the original tool names.
pub const DEFAULT_CAMPAIGN_ID: &str = "sparkpost-SMIME";

/// Connections that SparkPost takes from one client side by side.
pub const MOST_CONNECTIONS: usize = 10;

// From the API's reference.
const LONGEST_CAMPAIGN_ID: usize = 64;
const LARGEST_METADATA: usize = 10 << 10;

/// Everything a client needs to know.
#[derive(Debug, Clone)]
pub struct Options {
    /// The service's address.
    pub base: ApiBase,
    /// Goes into Authorization, and nowhere else.
    pub api_key: Secret,
    /// The subaccount to send as.
    pub subaccount: Option<u64>,
    /// At most 64 octets.
    pub campaign_id: Option<String>,
    /// At most 10 KiB as JSON.
    pub metadata: Option<Map<String, Value>>,
    /// The pool of IP addresses to send from.
    pub ip_pool: Option<String>,
    /// Where bounces go; without it to the account's own domain.
    pub return_path: Option<Address>,
    /// Whether the service rewrites the message to watch its reader.
    pub tracking: Tracking,
    /// How often a message is tried again after a temporary failure.
    pub retries: u32,
    /// Whose certificates are believed.
    pub trust: Arc<Trust>,
    /// For connecting: 30 s.
    pub connect_timeout: Duration,
    /// For a whole request: 300 s.
    pub timeout: Duration,
}

impl Options {
    /// The defaults: the original tool's campaign, no tracking, three retries.
    pub fn new(base: ApiBase, api_key: Secret) -> Self {
        Self {
            base,
            api_key,
            subaccount: None,
            campaign_id: Some(DEFAULT_CAMPAIGN_ID.to_owned()),
            metadata: None,
            ip_pool: None,
            return_path: None,
            tracking: Tracking::OFF,
            retries: 3,
            trust: Arc::new(Trust::platform()),
            connect_timeout: Duration::from_secs(30),
            timeout: Duration::from_secs(300),
        }
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let campaign_id = self.campaign_id.as_deref().unwrap_or_default();
        if campaign_id.len() > LONGEST_CAMPAIGN_ID {
            return Err(Error::CampaignId {
                length: campaign_id.len(),
            });
        }
        let metadata = self
            .metadata
            .as_ref()
            .map(|map| Value::from(map.clone()).to_string());
        match metadata.map_or(0, |json| json.len()) {
            length if length > LARGEST_METADATA => Err(Error::Metadata { length }),
            _ => Ok(()),
        }
    }
}

/// Whether the service rewrites the message to see who opens it and follows its links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tracking(bool);

impl Tracking {
    /// The message stays as it is.
    pub const OFF: Self = Self(false);

    /// Tracking, for a message that is neither signed nor encrypted: rewriting breaks a signature
    /// and cannot reach what is encrypted.
    pub fn on(is_sealed: bool) -> Result<Self, Error> {
        match is_sealed {
            true => Err(Error::TrackingSealed),
            false => Ok(Self(true)),
        }
    }

    pub(super) fn is_on(self) -> bool {
        self.0
    }
}
