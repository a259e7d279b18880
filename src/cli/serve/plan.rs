//! How the server is to run: flags before the environment, that before the file, that before what is
//! usual.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use mailseal::collect::succession::Replacement;
use mailseal::config::{self, Config, SecretSource};
use mailseal::dkim::{Alignment, DnsResolver, Resolver, StaticRecords};
use mailseal::fetch::{self, Fetcher};
use mailseal::inbound::clock::Clock;
use mailseal::inbound::network::{Network, NetworkError};
use mailseal::inbound::policy::{Policy, Trust};
use mailseal::inbound::settings::{Basic, Limits, Settings, TlsFiles};
use mailseal::inbound::spool::Depth;
use mailseal::inbound::tls::ServerCertificate;
use mailseal::keys;
use mailseal::logging;
use mailseal::path::anchors::{TrustSource, TrustStore};
use mailseal::path::{Revocation, VerifiedLinks};
use mailseal::secret::Secret;

use super::{Arguments, replies};
use crate::cli::environment;
use crate::cli::failure::{Code, Failure, causes};
use crate::cli::{Global, explain, output};

/// What is looked for where no other configuration is named.
const USUAL_FILE: &str = "mailseal.toml";

/// How the server is to run.
pub(super) struct Plan {
    pub(super) settings: Settings,
    pub(super) policy: Policy,
    pub(super) store: PathBuf,
    pub(super) spool: PathBuf,
    pub(super) most_in_spool: Depth,
    pub(super) log: logging::Options,
    pub(super) workers: usize,
    pub(super) admin: Admin,
    pub(super) reply: Option<config::Reply>,
    /// What it runs without and should not, each a sentence.
    pub(super) lacks: Vec<String>,
}

/// The page of the operator.
pub(super) struct Admin {
    pub(super) listen: SocketAddr,
    pub(super) token: Option<Secret>,
    pub(super) hosts: Vec<String>,
}

impl Plan {
    /// Looks at what is only looked at when the server starts: directories and files.
    pub(super) fn check(&self) -> Result<(), Failure> {
        if let Some(files) = &self.settings.tls {
            ServerCertificate::load(files.clone())
                .map_err(|error| Failure::new(Code::Config, causes(&error)).hint("see [tls]"))?;
        }
        if let Some(reply) = &self.reply {
            replies::check(reply, self.policy.clock)?;
        }
        match self.store.is_dir() {
            true => Ok(()),
            false => {
                let message = format!("{} is no directory", self.store.display());
                Err(Failure::new(Code::Config, message)
                    .hint("make it, or name another one as user-certs-dir"))
            }
        }
    }

    pub(super) fn resolve(arguments: &Arguments, global: &Global) -> Result<Plan, Failure> {
        let config = read(arguments, global)?;
        let mut lacks = Vec::new();
        let settings = settings(arguments, &config)?;
        if settings.token.is_none() {
            lacks.push(
                "there is no token, so anybody may post: set x-messagesystems-webhook-token or \
                 MAILSEAL_WEBHOOK_TOKEN"
                    .to_owned(),
            );
        }
        let policy = policy(arguments, &config, &mut lacks)?;
        let store = arguments.keys.clone();
        let store = store
            .or_else(|| environment::path("MAILSEAL_KEYS"))
            .or_else(|| config.user_certs_dir.clone())
            .unwrap_or_else(|| ".".into());
        let spool = arguments.spool.clone();
        let spool = spool
            .or_else(|| config.spool_dir.clone())
            .unwrap_or_else(|| store.join("spool"));
        let admin = Admin {
            listen: arguments
                .admin_listen
                .or(config.admin.listen)
                .unwrap_or_else(|| ([127, 0, 0, 1], 8856).into()),
            token: secret("MAILSEAL_ADMIN_TOKEN", config.admin.token.as_ref())?,
            hosts: config.admin.hosts.clone().unwrap_or_default(),
        };
        lacks.extend(in_the_clear(&settings, &admin));
        Ok(Plan {
            most_in_spool: Depth {
                messages: settings.limits.spool_messages,
                octets: settings.limits.spool_octets,
            },
            settings,
            policy,
            store,
            spool,
            log: log(&config, global),
            workers: workers(&config),
            admin,
            reply: config.reply,
            lacks,
        })
    }
}

/// What others on the network could listen to.
fn in_the_clear(settings: &Settings, admin: &Admin) -> Vec<String> {
    let mut lacks = Vec::new();
    let is_open = |address: &SocketAddr| !address.ip().is_loopback();
    if let Some(address) = settings.listen.iter().find(|address| is_open(address))
        && settings.tls.is_none()
    {
        lacks.push(format!(
            "{address} speaks plain HTTP, so the token and the mail can be read on the way: set [tls], \
             or listen to the loopback behind a proxy"
        ));
    }
    if is_open(&admin.listen) {
        lacks.push(format!(
            "the operator's page speaks plain HTTP at {}: listen to the loopback, and let SSH forward \
             the port",
            admin.listen
        ));
    }
    lacks
}

/// The file that is named, or the usual one if it is there.
fn read(arguments: &Arguments, global: &Global) -> Result<Config, Failure> {
    let path = match &arguments.config {
        Some(path) => path.as_path(),
        None if Path::new(USUAL_FILE).exists() => Path::new(USUAL_FILE),
        None => return Ok(Config::default()),
    };
    let (config, warnings) = Config::read(path).map_err(|error| {
        let failure = Failure::new(Code::Config, causes(&error));
        match error {
            config::Error::Unreadable { .. } => {
                failure.hint("name the file with --config FILE, or leave it out for a first try")
            }
            _ => failure.hint("mailseal serve --check-config looks at the file and starts nothing"),
        }
    })?;
    for warning in warnings {
        output::warn(warning, global);
    }
    Ok(config)
}

fn settings(arguments: &Arguments, config: &Config) -> Result<Settings, Failure> {
    let usual = Settings::default();
    let limits = &config.limits;
    let usual_limits = Limits::default();
    Ok(Settings {
        listen: match &arguments.listen[..] {
            [] => config.listen.clone().unwrap_or(usual.listen),
            listen => listen.to_vec(),
        },
        tls: config.tls.as_ref().map(|tls| TlsFiles {
            certificate: tls.cert.clone(),
            key: tls.key.clone(),
        }),
        token: secret("MAILSEAL_WEBHOOK_TOKEN", config.webhook_token.as_ref())?,
        trusted_proxies: networks(config)?,
        limits: Limits {
            body: limits.body.map_or(usual_limits.body, fitting),
            header_timeout: limits.header_timeout.unwrap_or(usual_limits.header_timeout),
            body_timeout: limits.body_timeout.unwrap_or(usual_limits.body_timeout),
            keep_alive: limits.keep_alive.unwrap_or(usual_limits.keep_alive),
            spool_messages: limits
                .spool_messages
                .map_or(usual_limits.spool_messages, fitting),
            spool_octets: limits.spool_octets.unwrap_or(usual_limits.spool_octets),
            connections: limits.connections.map_or(usual_limits.connections, fitting),
        },
        threads: usual.threads,
        raw: secret("MAILSEAL_RAW_TOKEN", config.raw.as_ref())?,
        mailgun: secret("MAILSEAL_MAILGUN_SIGNING_KEY", config.mailgun.as_ref())?,
        postmark: basic("MAILSEAL_POSTMARK_PASSWORD", config.postmark.as_ref())?,
        sendgrid: basic("MAILSEAL_SENDGRID_PASSWORD", config.sendgrid.as_ref())?,
    })
}

/// What is more than this machine can address is no limit.
fn fitting(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn networks(config: &Config) -> Result<Vec<Network>, Failure> {
    let networks = config.trusted_proxies.iter().flatten();
    networks
        .map(|(address, prefix)| {
            let network = format!("{address}/{prefix}").parse();
            network.map_err(|error: NetworkError| {
                Failure::new(Code::Config, causes(&error)).about("trusted-proxies")
            })
        })
        .collect()
}

/// A secret of the environment, else of the file.
fn secret(variable: &str, configured: Option<&SecretSource>) -> Result<Option<Secret>, Failure> {
    if let Some(secret) = environment::secret(variable)? {
        return Ok(Some(secret));
    }
    match configured {
        None => Ok(None),
        Some(SecretSource::Inline(secret)) => Ok(Some(secret.clone())),
        Some(SecretSource::File(path)) => keys::password_from_file(path)
            .map(Some)
            .map_err(|error| explain::secret_file(&error)),
    }
}

fn basic(variable: &str, configured: Option<&config::Basic>) -> Result<Option<Basic>, Failure> {
    let Some(configured) = configured else {
        return Ok(None);
    };
    let password = secret(variable, Some(&configured.password))?;
    Ok(password.map(|password| Basic {
        user: configured.user.clone(),
        password,
    }))
}

fn policy(
    arguments: &Arguments,
    config: &Config,
    lacks: &mut Vec<String>,
) -> Result<Policy, Failure> {
    let trust = match (&arguments.trust[..], &config.trusted_certs) {
        ([], None) => TrustSource::Platform,
        ([], Some(files)) => TrustSource::Files(files.clone()),
        (files, _) => TrustSource::Files(files.to_vec()),
    };
    let is_platform = trust == TrustSource::Platform;
    let trust = match TrustStore::load(trust) {
        Ok(store) => Some(store),
        // Then nobody's certificate is collected, and the server says so all the time.
        Err(error) if is_platform => {
            lacks.push(format!(
                "nobody is trusted, so every mail is refused: set trusted-certs ({})",
                causes(&error)
            ));
            None
        }
        Err(error) => return Err(explain::anchors(&error)),
    };
    if let (true, Some(store)) = (is_platform, &trust) {
        let sources = store.anchors().sources().iter();
        let sources: Vec<String> = sources.map(|it| it.display().to_string()).collect();
        lacks.push(format!(
            "no trusted-certs are set, so the platform's are trusted: {}",
            sources.join(", ")
        ));
    }
    let fetch = config.revocation.fetch.unwrap_or(false);
    Ok(Policy {
        resolver: resolver(arguments, config)?,
        alignment: word(arguments.alignment, config.alignment, Alignment::Strict),
        trust: Trust::new(trust),
        allow_legacy: arguments.allow_legacy || config.allow_legacy.unwrap_or(false),
        revocation: match config.revocation.mode {
            None if fetch => Revocation::Soft,
            mode => word(None, mode, Revocation::Off),
        },
        fetcher: fetch.then(|| {
            Fetcher::new(fetch::Options {
                cache: config.revocation.cache.clone(),
                ..fetch::Options::default()
            })
        }),
        replacement: word(
            arguments.replacement,
            config.replacement,
            Replacement::Always,
        ),
        clock: arguments.at.map_or(Clock::System, Clock::Fixed),
        links: VerifiedLinks::default(),
    })
}

/// A flag, else a word of the file, which has been looked at there, else what is usual.
fn word<T: FromStr>(flag: Option<T>, configured: Option<&str>, usual: T) -> T {
    flag.or_else(|| configured?.parse().ok()).unwrap_or(usual)
}

fn resolver(
    arguments: &Arguments,
    config: &Config,
) -> Result<Arc<dyn Resolver + Send + Sync>, Failure> {
    if arguments.dns.is_given() {
        return arguments.dns.resolve().map(Arc::from);
    }
    if let Some(path) = &config.dns.static_records {
        let records = std::fs::read(path)
            .map_err(|error| Failure::new(Code::NoInput, causes(&error)).about(path.display()))?;
        let records = StaticRecords::from_json(&records)
            .map_err(|error| Failure::new(Code::Config, causes(&error)).about(path.display()))?;
        return Ok(Arc::new(records));
    }
    let resolver = match &config.dns.servers {
        Some(servers) => DnsResolver::with_servers(servers),
        None => DnsResolver::of_system(),
    };
    let resolver = resolver.map_err(|error| {
        Failure::new(Code::Config, causes(&error))
            .hint("name servers under [dns], or with --dns-server")
    })?;
    Ok(Arc::new(resolver))
}

fn log(config: &Config, global: &Global) -> logging::Options {
    let usual = logging::Options::default();
    let level = match (global.quiet, global.verbose) {
        (true, _) => logging::Level::Warning,
        (_, true) => logging::Level::Debug,
        _ => word(None, config.log.level, logging::Level::Info),
    };
    logging::Options {
        level,
        format: word(None, config.log.format, logging::Format::Text),
        stderr: config.log.stderr.unwrap_or(true),
        file: log_file(config),
        ..usual
    }
}

/// The original's file in the current directory, unless the journal of systemd keeps what is said on
/// standard error.
fn log_file(config: &Config) -> Option<PathBuf> {
    let journal = environment::path("JOURNAL_STREAM");
    let usual = || journal.is_none().then(|| PathBuf::from("webapp.log"));
    config.log.file.clone().or_else(usual)
}

/// One for each processor, and many more that wait for DNS or for the disk while others judge: those
/// that wait for the disk at the same time wait once.
fn workers(config: &Config) -> usize {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let usual = 15 + processors;
    config.limits.workers.map_or(usual, fitting).max(1)
}
