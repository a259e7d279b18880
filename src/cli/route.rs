//! The way out: SMTP, SparkPost's API or a pickup directory, from flags and environment.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Parser as _, ValueEnum};
use mailseal::send::smtp::{Credentials, Dsn, Notify, ReturnContent, TlsMode};
use mailseal::send::sparkpost::{ApiBase, Tracking};
use mailseal::send::{self, Sender, pickup, smtp, sparkpost};
use mailseal::trust::Trust;

use super::environment::{required, required_secret, secret, variable};
use super::explain;
use super::failure::{Code, Failure, causes};
use super::sender::EnvelopeSender;

/// Where to send, and how.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Injection")]
pub(super) struct RouteArguments {
    #[command(flatten)]
    way: Way,
    /// When the SMTP connection is encrypted [default: STARTTLS when offered, and required with
    /// SMTP_USER; none to loopback]
    #[arg(long, value_name = "MODE", help_heading = "SMTP")]
    smtp_tls: Option<SmtpTls>,
    /// Believe the SMTP server's certificate by this PEM file alone, not by the platform's roots
    #[arg(long, value_name = "FILE", help_heading = "SMTP")]
    smtp_ca: Option<PathBuf>,
    /// How often to try again what was refused for now
    #[arg(long, value_name = "N", default_value = "3")]
    retries: u32,
    /// When the server is to notify the sender (DSN): never, or of success, failure, delay
    #[arg(
        long,
        value_name = "WHEN",
        value_delimiter = ',',
        help_heading = "SMTP"
    )]
    dsn_notify: Vec<DsnNotify>,
    /// How much of the message a notification brings back
    #[arg(long, value_name = "WHAT", help_heading = "SMTP")]
    dsn_return: Option<DsnReturn>,
    /// Identifier that notifications and PowerMTA's accounting repeat
    #[arg(long, value_name = "ID")]
    envelope_id: Option<String>,
    /// Add X-MSYS-API with tracking off, as is done for SparkPost's own hosts
    #[arg(long, help_heading = "SparkPost")]
    msys: bool,
    /// Let SparkPost track opens and clicks; not with signing or encrypting
    #[arg(long, help_heading = "SparkPost")]
    track: bool,
    /// Campaign that SparkPost files the message under
    #[arg(long, value_name = "ID", default_value = sparkpost::DEFAULT_CAMPAIGN_ID, help_heading = "SparkPost")]
    campaign_id: String,
    /// Subaccount to send for
    #[arg(long, value_name = "NUMBER", help_heading = "SparkPost")]
    subaccount: Option<u64>,
    /// IP pool to send from
    #[arg(long, value_name = "POOL", help_heading = "SparkPost")]
    ip_pool: Option<String>,
    /// Metadata of the transmission, a JSON object
    #[arg(long, value_name = "JSON", help_heading = "SparkPost", value_parser = metadata)]
    metadata: Option<serde_json::Map<String, serde_json::Value>>,
    /// PowerMTA's virtual MTA
    #[arg(long, value_name = "NAME", help_heading = "Pickup")]
    virtual_mta: Option<String>,
    /// PowerMTA's job
    #[arg(long, value_name = "NAME", help_heading = "Pickup")]
    job: Option<String>,
    /// Where messages are written before they are moved in, on the same file system [default:
    /// beside the pickup directory]
    #[arg(long, value_name = "DIR", help_heading = "Pickup")]
    pickup_staging: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
struct Way {
    /// Inject by SMTP, as SMTP_HOST, SMTP_PORT, SMTP_USER and SMTP_PASSWORD (or
    /// SMTP_PASSWORD_FILE) say
    #[arg(long, alias = "send_smtp")]
    smtp: bool,
    /// Inject by SparkPost's transmissions API, as SPARKPOST_API_KEY (or SPARKPOST_API_KEY_FILE)
    /// and SPARKPOST_HOST say
    #[arg(long, alias = "send_api")]
    sparkpost: bool,
    /// Put into PowerMTA's pickup directory
    #[arg(long, value_name = "DIR")]
    pickup: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SmtpTls {
    None,
    Opportunistic,
    Required,
    Implicit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DsnNotify {
    Never,
    Success,
    Failure,
    Delay,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DsnReturn {
    Full,
    Headers,
}

/// A way out, fully resolved.
pub(super) enum Route {
    Smtp {
        options: smtp::Options,
        extra_header: Vec<u8>,
    },
    SparkPost(sparkpost::Options),
    Pickup(pickup::Options),
}

impl RouteArguments {
    /// As if these were the only flags.
    pub(super) fn from_flags<A: Into<OsString> + Clone>(
        flags: impl IntoIterator<Item = A>,
    ) -> Result<RouteArguments, Failure> {
        #[derive(clap::Parser)]
        #[command(no_binary_name = true)]
        struct Alone {
            #[command(flatten)]
            route: RouteArguments,
        }
        let alone = Alone::try_parse_from(flags);
        alone
            .map(|alone| alone.route)
            .map_err(|error| Failure::new(Code::Config, error))
    }

    /// `return_path` is the envelope sender, if one was named: SparkPost makes its own otherwise.
    pub(super) fn resolve(
        &self,
        is_sealed: bool,
        return_path: Option<&EnvelopeSender>,
    ) -> Result<Route, Failure> {
        let tracking = self.tracking(is_sealed)?;
        match &self.way {
            Way {
                pickup: Some(directory),
                ..
            } => Ok(Route::Pickup(pickup::Options {
                staging: self.pickup_staging.clone(),
                virtual_mta: self.virtual_mta.clone(),
                job: self.job.clone(),
                envelope_id: self.envelope_id.clone(),
                ..pickup::Options::new(directory)
            })),
            Way {
                sparkpost: true, ..
            } => self.sparkpost(tracking, return_path),
            Way { .. } => self.smtp(tracking),
        }
    }

    /// The flags given that do nothing on this way, and the way each is for.
    pub(super) fn idle(&self) -> Vec<(&'static str, &'static str)> {
        let smtp = [
            ("--smtp-tls", self.smtp_tls.is_some()),
            ("--smtp-ca", self.smtp_ca.is_some()),
            ("--dsn-notify", !self.dsn_notify.is_empty()),
            ("--dsn-return", self.dsn_return.is_some()),
            ("--msys", self.msys),
        ];
        let sparkpost = [
            ("--subaccount", self.subaccount.is_some()),
            ("--ip-pool", self.ip_pool.is_some()),
            ("--metadata", self.metadata.is_some()),
        ];
        let pickup = [
            ("--virtual-mta", self.virtual_mta.is_some()),
            ("--job", self.job.is_some()),
            ("--pickup-staging", self.pickup_staging.is_some()),
        ];
        [
            (&smtp[..], self.way.smtp, "--smtp"),
            (&sparkpost, self.way.sparkpost, "--sparkpost"),
            (&pickup, self.way.pickup.is_some(), "--pickup"),
        ]
        .into_iter()
        .filter(|(_, is_chosen, _)| !is_chosen)
        .flat_map(|(flags, _, way)| {
            let given = flags.iter().filter(|(_, given)| *given);
            given.map(move |(flag, _)| (*flag, way))
        })
        .collect()
    }

    fn smtp(&self, tracking: Tracking) -> Result<Route, Failure> {
        let host = required("SMTP_HOST")?;
        // More than one colon is an IPv6 address.
        if let Some((name, port)) = host.split_once(':')
            && !port.contains(':')
        {
            let message = format!("SMTP_HOST is \"{host}\", not a host alone");
            let hint = format!("export SMTP_HOST={name} SMTP_PORT={port}");
            return Err(Failure::new(Code::Config, message).hint(hint));
        }
        let mut options = smtp::Options::new(host);
        if let Some(port) = variable("SMTP_PORT")? {
            options.port = match port.parse() {
                Ok(number) if number > 0 => number,
                _ => {
                    let message = format!("SMTP_PORT is \"{port}\", not a port number");
                    return Err(Failure::new(Code::Config, message));
                }
            };
        }
        options.credentials = match (variable("SMTP_USER")?, secret("SMTP_PASSWORD")?) {
            (Some(user), Some(password)) => Some(Credentials { user, password }),
            (None, None) => None,
            (Some(_), None) => {
                return Err(Failure::new(
                    Code::Config,
                    "SMTP_USER is set and SMTP_PASSWORD is not",
                )
                .hint(
                    "export SMTP_PASSWORD=…, or SMTP_PASSWORD_FILE with the file that holds it",
                ));
            }
            (None, Some(_)) => {
                return Err(Failure::new(
                    Code::Config,
                    "SMTP_PASSWORD is set and SMTP_USER is not",
                ));
            }
        };
        options.tls = self.smtp_tls.map(TlsMode::from);
        if let Some(path) = &self.smtp_ca {
            options.trust = Arc::new(Trust::file(path));
        }
        options.dsn = self.dsn()?;
        options.retries = self.retries;
        let is_sparkpost = self.msys || sparkpost::is_sparkpost_host(&options.host);
        let extra_header = match is_sparkpost {
            true => sparkpost::msys_api_field(Some(&self.campaign_id), tracking),
            false => Vec::new(),
        };
        Ok(Route::Smtp {
            options,
            extra_header,
        })
    }

    fn tracking(&self, is_sealed: bool) -> Result<Tracking, Failure> {
        if !self.track {
            return Ok(Tracking::OFF);
        }
        // The words of the original tool.
        Tracking::on(is_sealed).map_err(|_| {
            Failure::new(
                Code::Usage,
                "invalid combination of arguments - cannot track signed or encrypted messages",
            )
            .hint("leave --track out: tracking rewrites the message, which breaks the seal")
        })
    }

    fn dsn(&self) -> Result<Option<Dsn>, Failure> {
        let wants = |when| self.dsn_notify.contains(&when);
        let notify = match self.dsn_notify.as_slice() {
            [] => None,
            [DsnNotify::Never] => Some(Notify::Never),
            _ if wants(DsnNotify::Never) => {
                return Err(Failure::new(
                    Code::Usage,
                    "--dsn-notify never does not go with other cases",
                ));
            }
            _ => Some(Notify::On {
                success: wants(DsnNotify::Success),
                failure: wants(DsnNotify::Failure),
                delay: wants(DsnNotify::Delay),
            }),
        };
        let dsn = Dsn {
            notify,
            return_content: self.dsn_return.map(ReturnContent::from),
            envelope_id: self.envelope_id.clone(),
        };
        Ok((dsn != Dsn::default()).then_some(dsn))
    }

    fn sparkpost(
        &self,
        tracking: Tracking,
        return_path: Option<&EnvelopeSender>,
    ) -> Result<Route, Failure> {
        if return_path == Some(&EnvelopeSender::Null) {
            return Err(Failure::new(
                Code::Usage,
                "SparkPost takes no null sender: --from <> does not go with --sparkpost",
            ));
        }
        let return_path = return_path.and_then(EnvelopeSender::address);
        let api_key = required_secret("SPARKPOST_API_KEY")?;
        let host = variable("SPARKPOST_HOST")?;
        let host = host.as_deref().unwrap_or(ApiBase::DEFAULT_HOST);
        let base = ApiBase::parse(host)
            .map_err(|error| Failure::new(Code::Config, causes(&error)).about("SPARKPOST_HOST"))?;
        Ok(Route::SparkPost(sparkpost::Options {
            subaccount: self.subaccount,
            campaign_id: Some(self.campaign_id.clone()),
            metadata: self.metadata.clone(),
            ip_pool: self.ip_pool.clone(),
            return_path: return_path.cloned(),
            tracking,
            retries: self.retries,
            ..sparkpost::Options::new(base, api_key)
        }))
    }
}

impl Route {
    /// One session on this way. It connects when there is something to send.
    pub(super) fn sender(&self) -> Result<Box<dyn Sender + Send>, Failure> {
        let refuse = |error: send::Error| explain::sending(&error);
        Ok(match self {
            Route::Smtp { options, .. } => Box::new(smtp::Transport::new(options.clone())),
            Route::SparkPost(options) => Box::new(
                sparkpost::Client::new(options.clone()).map_err(|error| refuse(error.into()))?,
            ),
            Route::Pickup(options) => Box::new(
                pickup::Pickup::new(options.clone()).map_err(|error| refuse(error.into()))?,
            ),
        })
    }

    /// How many sessions may work side by side when so many were asked for.
    pub(super) fn jobs(&self, wanted: usize) -> usize {
        match self {
            Route::Pickup(_) => wanted,
            Route::Smtp { options, .. } if !sparkpost::is_sparkpost_host(&options.host) => wanted,
            _ => wanted.min(sparkpost::MOST_CONNECTIONS),
        }
    }

    /// Header fields that go before the message's own.
    pub(super) fn extra_header(&self) -> Vec<u8> {
        match self {
            Route::Smtp { extra_header, .. } => extra_header.clone(),
            _ => Vec::new(),
        }
    }
}

impl From<SmtpTls> for TlsMode {
    fn from(mode: SmtpTls) -> TlsMode {
        match mode {
            SmtpTls::None => TlsMode::None,
            SmtpTls::Opportunistic => TlsMode::Opportunistic,
            SmtpTls::Required => TlsMode::Required,
            SmtpTls::Implicit => TlsMode::Implicit,
        }
    }
}

impl From<DsnReturn> for ReturnContent {
    fn from(content: DsnReturn) -> ReturnContent {
        match content {
            DsnReturn::Full => ReturnContent::Full,
            DsnReturn::Headers => ReturnContent::Headers,
        }
    }
}

fn metadata(text: &str) -> Result<serde_json::Map<String, serde_json::Value>, String> {
    serde_json::from_str(text).map_err(|error| format!("not a JSON object: {error}"))
}
