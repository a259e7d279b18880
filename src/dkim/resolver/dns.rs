//! The network: servers that answer for everybody else, over UDP, and over TCP where an answer is long.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData};
use hickory_resolver::system_conf::read_system_conf;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio::time;

use super::cache::Cache;
use super::{Answer, ResolveError, Resolver};

/// A server that has not answered for so long is given up for the next.
const SERVER_TIMEOUT: Duration = Duration::from_secs(2);

/// Asks DNS servers, and remembers what they say for as long as they allow.
///
/// It can be shared by threads, and blocks the one that asks: asynchronous code neither calls nor drops
/// it on a thread of its runtime.
pub struct DnsResolver {
    resolver: TokioResolver,
    cache: Mutex<Cache>,
    // Last: what is above it lives on it.
    runtime: Runtime,
}

/// Why DNS servers are not to be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigurationError {
    /// /etc/resolv.conf is not there, or names no server.
    #[error("the system names no DNS server")]
    NoServer(#[source] NetError),
    /// The system refuses what talking with them takes.
    #[error("cannot begin to ask DNS servers")]
    Runtime(#[source] io::Error),
}

impl DnsResolver {
    /// Asks the servers of /etc/resolv.conf.
    ///
    /// # Errors
    ///
    /// There are none, or the system has no resources for it.
    pub fn of_system() -> Result<DnsResolver, ConfigurationError> {
        let (config, options) = read_system_conf().map_err(ConfigurationError::NoServer)?;
        DnsResolver::new(config, options)
    }

    /// Asks these servers.
    ///
    /// # Errors
    ///
    /// The system has no resources for it.
    pub fn with_servers(servers: &[SocketAddr]) -> Result<DnsResolver, ConfigurationError> {
        let servers = servers.iter().map(|server| {
            let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
            let connections = connections.map(|mut connection| {
                connection.port = server.port();
                connection
            });
            NameServerConfig::new(server.ip(), true, connections.to_vec())
        });
        let config = ResolverConfig::from_name_servers(servers.collect());
        DnsResolver::new(config, ResolverOpts::default())
    }

    fn new(
        config: ResolverConfig,
        mut options: ResolverOpts,
    ) -> Result<DnsResolver, ConfigurationError> {
        options.timeout = options.timeout.min(SERVER_TIMEOUT);
        options.cache_size = 0;
        options.use_hosts_file = ResolveHosts::Never;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(ConfigurationError::Runtime)?;
        let provider = TokioRuntimeProvider::default();
        let resolver = TokioResolver::builder_with_config(config, provider)
            .with_options(options)
            .build()
            .map_err(ConfigurationError::NoServer)?;
        Ok(DnsResolver {
            resolver,
            cache: Mutex::default(),
            runtime,
        })
    }

    /// Nothing is half done while the lock is held.
    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for all of the names side by side, and remembers each answer as it comes.
    fn ask(&self, names: BTreeSet<&String>, within: Duration) -> Vec<(String, Answer)> {
        self.runtime.block_on(async {
            let mut tasks = JoinSet::new();
            for name in names {
                let (resolver, name) = (self.resolver.clone(), name.clone());
                tasks.spawn(async move {
                    let (answer, ttl) = look_up(&resolver, &name).await;
                    (name, answer, ttl)
                });
            }
            let end = time::Instant::now() + within;
            let mut answers = Vec::new();
            while let Ok(Some(Ok((name, answer, ttl)))) =
                time::timeout_at(end, tasks.join_next()).await
            {
                self.cache().keep(&name, &answer, ttl, Instant::now());
                answers.push((name, answer));
            }
            answers
        })
    }
}

impl Resolver for DnsResolver {
    fn text_records(&self, names: &[String], within: Duration) -> Vec<Answer> {
        let now = Instant::now();
        let known: Vec<Option<Answer>> = {
            let cache = self.cache();
            names.iter().map(|name| cache.find(name, now)).collect()
        };
        let unknown = names
            .iter()
            .zip(&known)
            .filter(|(_, known)| known.is_none());
        let unknown: BTreeSet<&String> = unknown.map(|(name, _)| name).collect();
        let asked = match unknown.is_empty() {
            true => Vec::new(),
            false => self.ask(unknown, within),
        };
        let answer_of = |name: &String| {
            let found = asked.iter().find(|(asked, _)| asked == name);
            found.map_or(Err(ResolveError::TimedOut), |(_, answer)| answer.clone())
        };
        names
            .iter()
            .zip(known)
            .map(|(name, known)| known.unwrap_or_else(|| answer_of(name)))
            .collect()
    }
}

impl fmt::Debug for DnsResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DnsResolver").finish_non_exhaustive()
    }
}

/// The records at a name, and how long they may be remembered.
async fn look_up(resolver: &TokioResolver, name: &str) -> (Answer, Duration) {
    // With a dot at the end no domain of the system's search list comes behind it.
    let Ok(name) = Name::from_str_relaxed(format!("{name}.")) else {
        return (Err(ResolveError::NoRecord), Duration::ZERO);
    };
    match resolver.txt_lookup(name).await {
        Err(error) => error_and_ttl(&error),
        Ok(found) => {
            let ttl = found.answers().iter().map(|record| record.ttl).min();
            let records = found
                .answers()
                .iter()
                .filter_map(|record| match &record.data {
                    RData::TXT(text) => Some(text.txt_data.concat()),
                    _ => None,
                });
            let records: Vec<Vec<u8>> = records.collect();
            let answer = match records.is_empty() {
                true => Err(ResolveError::NoRecord),
                false => Ok(records),
            };
            (answer, seconds(ttl))
        }
    }
}

fn error_and_ttl(error: &NetError) -> (Answer, Duration) {
    let (error, ttl) = match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => {
            (ResolveError::NoRecord, none.negative_ttl)
        }
        NetError::Dns(DnsError::ResponseCode(ResponseCode::Refused)) => {
            (ResolveError::Refused, None)
        }
        NetError::Timeout => (ResolveError::TimedOut, None),
        other => (ResolveError::Failed(other.to_string()), None),
    };
    (Err(error), seconds(ttl))
}

fn seconds(ttl: Option<u32>) -> Duration {
    Duration::from_secs(ttl.unwrap_or(0).into())
}
