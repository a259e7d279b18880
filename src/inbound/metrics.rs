//! What the server counts and measures, for Prometheus.
//!
//! | metric | type, labels |
//! |---|---|
//! | `mailseal_requests_total` | counter by `route`, `status` |
//! | `mailseal_outcomes_total` | counter by `outcome`, `step`, `reason`: one for each message decided on |
//! | `mailseal_spool_messages`, `mailseal_spool_bytes` | gauges: what waits |
//! | `mailseal_store_certificates` | gauge: addresses with a certificate |
//! | `mailseal_dns_seconds` | histogram: looking up the keys of a message |
//! | `mailseal_path_seconds` | histogram: validating the path of a certificate |
//! | `mailseal_decision_seconds` | histogram: judging a message, from the spool to the audit log |
//! | `mailseal_build_info` | always 1, with the `version` |
//!
//! Every label is a word of ours. What strangers write, a path or an address, is none, since each
//! new value is a series that is kept for ever.
//!
//! ```
//! use std::time::Duration;
//! use mailseal::inbound::metrics::Metrics;
//!
//! let metrics = Metrics::default();
//! metrics.request("/", 200);
//! metrics.outcome("refused", Some("dkim"), Some("no-signature"));
//! metrics.decision(Duration::from_millis(3));
//! let text = metrics.encode();
//! assert!(text.contains("mailseal_requests_total{route=\"/\",status=\"200\"} 1\n"));
//! assert!(text.contains("{outcome=\"refused\",step=\"dkim\",reason=\"no-signature\"} 1\n"));
//! assert!(text.contains("mailseal_decision_seconds_bucket{le=\"0.004\"} 1\n"));
//! ```
//!
//! # Not supported
//!
//! Native histograms and exemplars; pushing to a gateway.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

/// How `text` is sent to Prometheus.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The upper ends of the buckets: 250 µs, and each the double of the one before, to 8 s. A message
/// with everything cached takes about one millisecond, DNS at most 5 s.
const FIRST_BUCKET: f64 = 0.000_25;
const BUCKETS: u16 = 16;

/// Counters that many threads write and Prometheus reads.
pub struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    outcomes: Family<Outcome, Counter>,
    /// The same by outcome alone, for people.
    totals: Mutex<BTreeMap<&'static str, u64>>,
    spool_messages: Gauge,
    spool_octets: Gauge,
    store_certificates: Gauge,
    dns: Histogram,
    path: Histogram,
    decision: Histogram,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    route: &'static str,
    status: u16,
}

/// Empty labels are the same as none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
    step: &'static str,
    reason: &'static str,
}

impl Default for Metrics {
    fn default() -> Metrics {
        let mut registry = Registry::with_prefix("mailseal");
        let histogram = || Histogram::new(exponential_buckets(FIRST_BUCKET, 2.0, BUCKETS));
        let metrics = Metrics {
            registry: Registry::default(),
            requests: Family::default(),
            outcomes: Family::default(),
            totals: Mutex::default(),
            spool_messages: Gauge::default(),
            spool_octets: Gauge::default(),
            store_certificates: Gauge::default(),
            dns: histogram(),
            path: histogram(),
            decision: histogram(),
        };
        registry.register(
            "requests",
            "Requests by route and status",
            metrics.requests.clone(),
        );
        registry.register(
            "outcomes",
            "Messages decided on, by what became of them",
            metrics.outcomes.clone(),
        );
        registry.register(
            "spool_messages",
            "Messages that wait to be judged",
            metrics.spool_messages.clone(),
        );
        registry.register_with_unit(
            "spool",
            "What the messages that wait take up",
            Unit::Bytes,
            metrics.spool_octets.clone(),
        );
        registry.register(
            "store_certificates",
            "Addresses with a certificate",
            metrics.store_certificates.clone(),
        );
        for (name, help, histogram) in [
            ("dns", "Looking up the DKIM keys of a message", &metrics.dns),
            (
                "path",
                "Validating the path of a certificate",
                &metrics.path,
            ),
            (
                "decision",
                "Judging a message, from the spool to the audit log",
                &metrics.decision,
            ),
        ] {
            registry.register_with_unit(name, help, Unit::Seconds, histogram.clone());
        }
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The version that runs", version);
        Metrics {
            registry,
            ..metrics
        }
    }
}

impl Metrics {
    /// A request has been answered. The route is the pattern and not what was asked for.
    pub fn request(&self, route: &'static str, status: u16) {
        self.requests
            .get_or_create(&Request { route, status })
            .inc();
    }

    /// A message has been decided on. The words are those of the audit log.
    pub fn outcome(
        &self,
        outcome: &'static str,
        step: Option<&'static str>,
        reason: Option<&'static str>,
    ) {
        let labels = Outcome {
            outcome,
            step: step.unwrap_or_default(),
            reason: reason.unwrap_or_default(),
        };
        self.outcomes.get_or_create(&labels).inc();
        let mut totals = self.totals.lock().unwrap_or_else(PoisonError::into_inner);
        *totals.entry(outcome).or_default() += 1;
    }

    /// How many messages came to which outcome since the start, by outcome.
    pub fn totals(&self) -> Vec<(&'static str, u64)> {
        let totals = self.totals.lock().unwrap_or_else(PoisonError::into_inner);
        totals.iter().map(|(name, count)| (*name, *count)).collect()
    }

    /// What waits in the spool.
    pub fn spool(&self, messages: u64, octets: u64) {
        self.spool_messages.set(saturating(messages));
        self.spool_octets.set(saturating(octets));
    }

    /// How many addresses have a certificate.
    pub fn store_certificates(&self, count: u64) {
        self.store_certificates.set(saturating(count));
    }

    /// One more address has a certificate.
    pub fn store_grew(&self) {
        self.store_certificates.inc();
    }

    /// The keys of a message were looked up, or in vain.
    pub fn dns(&self, took: Duration) {
        self.dns.observe(took.as_secs_f64());
    }

    /// A path was validated, or not.
    pub fn path(&self, took: Duration) {
        self.path.observe(took.as_secs_f64());
    }

    /// A message was judged and that written down.
    pub fn decision(&self, took: Duration) {
        self.decision.observe(took.as_secs_f64());
    }

    /// Everything, as [`CONTENT_TYPE`] says.
    pub fn encode(&self) -> String {
        let mut text = String::new();
        text::encode(&mut text, &self.registry).expect("a string takes what is written");
        text
    }
}

/// Gauges are signed.
fn saturating(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refuse(metrics: &Metrics) {
        metrics.outcome("refused", Some("dkim"), Some("no-signature"));
    }

    fn has(text: &str, line: &str) {
        assert!(text.lines().any(|it| it == line), "no {line} in\n{text}");
    }

    #[test]
    fn names_are_as_prometheus_wants_them() {
        let metrics = Metrics::default();
        metrics.request("/", 200);
        metrics.request("/", 200);
        metrics.request("/", 503);
        refuse(&metrics);
        metrics.outcome("stored", None, None);
        metrics.spool(3, 57_000);
        metrics.store_certificates(7);
        metrics.store_grew();
        metrics.dns(Duration::from_millis(20));
        let text = metrics.encode();
        for line in [
            "# TYPE mailseal_requests counter",
            "mailseal_requests_total{route=\"/\",status=\"200\"} 2",
            "mailseal_requests_total{route=\"/\",status=\"503\"} 1",
            "mailseal_outcomes_total{outcome=\"refused\",step=\"dkim\",reason=\"no-signature\"} 1",
            "mailseal_outcomes_total{outcome=\"stored\",step=\"\",reason=\"\"} 1",
            "mailseal_spool_messages 3",
            "# UNIT mailseal_spool_bytes bytes",
            "mailseal_spool_bytes 57000",
            "mailseal_store_certificates 8",
            "# TYPE mailseal_dns_seconds histogram",
            "mailseal_dns_seconds_count 1",
            "mailseal_dns_seconds_bucket{le=\"0.016\"} 0",
            "mailseal_dns_seconds_bucket{le=\"0.032\"} 1",
            "mailseal_path_seconds_count 0",
            "mailseal_decision_seconds_count 0",
            concat!(
                "mailseal_build_info{version=\"",
                env!("CARGO_PKG_VERSION"),
                "\"} 1"
            ),
        ] {
            has(&text, line);
        }
        assert!(text.ends_with("# EOF\n"));
    }

    #[test]
    fn people_get_totals_by_outcome() {
        let metrics = Metrics::default();
        assert!(metrics.totals().is_empty());
        refuse(&metrics);
        metrics.outcome("refused", Some("path"), Some("expired"));
        metrics.outcome("stored", None, None);
        assert_eq!(metrics.totals(), [("refused", 2), ("stored", 1)]);
    }

    #[test]
    fn what_cannot_be_counted_is_the_most_that_can() {
        let metrics = Metrics::default();
        metrics.spool(u64::MAX, u64::MAX);
        has(
            &metrics.encode(),
            &format!("mailseal_spool_messages {}", i64::MAX),
        );
    }

    #[test]
    fn threads_count_together() {
        let metrics = Metrics::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..250 {
                        refuse(&metrics);
                    }
                });
            }
        });
        assert_eq!(metrics.totals(), [("refused", 1000)]);
    }
}
