//! The server at work: its threads, and the signals that it obeys.

use std::net::TcpListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use actix_web::rt::System;
use actix_web::rt::signal::unix::{SignalKind, signal};
use actix_web::{App, HttpServer};
use mailseal::crypto::tls_provider;
use mailseal::inbound::admin::{self, AdminSettings, Condition};
use mailseal::inbound::clock::Clock;
use mailseal::inbound::metrics::Metrics;
use mailseal::inbound::narration::Narrator;
use mailseal::inbound::reply::Desk;
use mailseal::inbound::routes::Inbox;
use mailseal::inbound::server::{self, Server};
use mailseal::inbound::spool::SpoolDirectory;
use mailseal::inbound::tls::ServerCertificate;
use mailseal::inbound::worker::{TimedResolver, Workshop};
use mailseal::logging::{Level, Log};
use mailseal::store::{CertificateStore, StoreDirectory};
use sd_notify::NotifyState;

use super::plan::{Admin, Plan};
use super::replies;
use crate::cli::explain;
use crate::cli::failure::{Code, Failure, causes};

/// After the last request is answered, mail that waits is worked on for so long. What waits then is
/// worked on after the next start.
const LAST_MAILS: Duration = Duration::from_secs(20);

/// How often is looked whether it is.
const LOOK: Duration = Duration::from_millis(20);

/// Opens everything that the server needs: what is missing is told before anything is answered.
pub(super) fn prepare(plan: Plan) -> Result<Prepared, Failure> {
    tls_provider::install();
    let log = Log::open(plan.log.clone())
        .map_err(|error| Failure::new(Code::Config, causes(&error)).hint("see [log] file"))?;
    let store = StoreDirectory::open(&plan.store).map_err(|error| explain::store(&error))?;
    let certificate = match &plan.settings.tls {
        Some(files) => Some(ServerCertificate::load(files.clone()).map_err(|error| {
            Failure::new(Code::Config, causes(&error)).hint("see [tls] cert and key")
        })?),
        None => None,
    };
    let (spool, taken_up) =
        SpoolDirectory::open(&plan.spool, plan.most_in_spool).map_err(|error| {
            Failure::new(Code::Io, causes(&error))
                .hint("each server needs a spool of its own: --spool DIR")
        })?;
    if taken_up.messages > 0 {
        let count = taken_up.messages;
        log.line(Level::Info, format_args!("{count} mails wait in the spool"));
    }
    for aside in &taken_up.put_aside {
        log.line(Level::Error, aside);
    }
    let desk = match &plan.reply {
        Some(reply) => Some(replies::desk(reply, &plan.store, &log, plan.policy.clock)?),
        None => None,
    };
    Ok(Prepared {
        plan,
        log,
        desk,
        store: Arc::new(store),
        certificate,
        spool,
    })
}

/// A server that has all it needs.
pub(super) struct Prepared {
    plan: Plan,
    log: Log,
    desk: Option<Arc<Desk>>,
    store: Arc<dyn CertificateStore>,
    certificate: Option<ServerCertificate>,
    spool: SpoolDirectory,
}

impl Prepared {
    /// Runs until somebody asks it to end.
    pub(super) fn run(self) -> Result<Code, Failure> {
        let Prepared {
            mut plan,
            log,
            desk,
            store,
            certificate,
            spool,
        } = self;
        let metrics = Arc::new(Metrics::default());
        if let Ok(count) = store.count() {
            metrics.store_certificates(count as u64);
        }
        plan.policy.resolver = Arc::new(TimedResolver {
            resolver: plan.policy.resolver,
            metrics: Arc::clone(&metrics),
        });
        let workshop = Workshop {
            spool: spool.clone(),
            store: Arc::clone(&store),
            policy: Arc::new(plan.policy),
            log: log.clone(),
            metrics: Arc::clone(&metrics),
            desk,
        };
        let narrator = Narrator {
            log: log.clone(),
            metrics: Arc::clone(&metrics),
        };
        let inbox = Inbox::new(
            &plan.settings,
            spool.clone(),
            Clock::System,
            Arc::new(narrator),
        );
        let listeners = server::listeners(&plan.settings).map_err(|error| not_listening(&error))?;
        let admin = admin_listener(&plan.admin)?;
        let server = Server::start(&plan.settings, listeners, certificate.as_ref(), inbox)
            .map_err(|error| not_listening(&error))?;
        let workers = start_workers(&workshop, plan.workers)?;
        announce(&log, &server, &admin, certificate.is_some(), &plan.lacks);
        let page = page(&workshop, plan.admin, plan.lacks);
        System::new()
            .block_on(serve_until_asked(admin, page, certificate, &log))
            .map_err(|error| Failure::new(Code::Io, causes(&error)))?;
        log.line(Level::Info, "stopping: no more requests are taken");
        drop(sd_notify::notify(&[NotifyState::Stopping]));
        server.stop();
        finish(&spool, workers);
        // With the last of them the notes to senders that wait are sent.
        drop(workshop);
        let left = spool.depth().messages;
        log.line(
            Level::Info,
            format_args!("stopped, {left} mails wait in the spool"),
        );
        Ok(Code::Done)
    }
}

fn not_listening(error: &server::Error) -> Failure {
    Failure::new(Code::Io, causes(error))
        .hint("another program may listen there; choose with --listen or listen in mailseal.toml")
}

fn admin_listener(admin: &Admin) -> Result<TcpListener, Failure> {
    TcpListener::bind(admin.listen).map_err(|error| {
        let address = admin.listen;
        let message = format!("cannot listen to {address}: {}", causes(&error));
        Failure::new(Code::Io, message)
            .hint("choose with --admin-listen, or [admin] listen in mailseal.toml")
    })
}

fn start_workers(workshop: &Workshop, count: usize) -> Result<Vec<JoinHandle<()>>, Failure> {
    (0..count)
        .map(|_| {
            let workshop = workshop.clone();
            thread::Builder::new()
                .name("mailseal-judge".into())
                .spawn(move || workshop.work())
                .map_err(|error| Failure::new(Code::Io, causes(&error)))
        })
        .collect()
}

fn announce(log: &Log, server: &Server, admin: &TcpListener, is_tls: bool, lacks: &[String]) {
    let scheme = if is_tls { "https" } else { "http" };
    for address in server.addresses() {
        log.line(
            Level::Info,
            format_args!("listening to {scheme}://{address}/"),
        );
    }
    if let Ok(address) = admin.local_addr() {
        log.line(
            Level::Info,
            format_args!("for operators: http://{address}/ (with /healthz, /readyz, /metrics)"),
        );
    }
    for lack in lacks {
        log.line(Level::Warning, lack);
    }
    // Without systemd there is nobody to tell.
    drop(sd_notify::notify(&[NotifyState::Ready]));
}

/// The page of the operator, which says how the server is.
fn page(
    workshop: &Workshop,
    admin: Admin,
    lacks: Vec<String>,
) -> impl Fn(&mut actix_web::web::ServiceConfig) + Clone + Send + 'static {
    let (spool, policy) = (workshop.spool.clone(), Arc::clone(&workshop.policy));
    let condition = move || {
        let depth = spool.depth();
        let mut obstacles = Vec::new();
        obstacles.extend(policy.trust.trouble());
        if spool.is_full() {
            obstacles.push("the spool is full".to_owned());
        }
        Condition {
            obstacles,
            remarks: lacks.clone(),
            spool_messages: depth.messages as u64,
            spool_octets: depth.octets,
        }
    };
    let clock = workshop.policy.clock;
    let settings = AdminSettings {
        token: admin.token,
        allowed_hosts: admin.hosts,
        clock: Arc::new(move || clock.now()),
    };
    let store = Arc::clone(&workshop.store);
    let metrics = Arc::clone(&workshop.metrics);
    admin::service(settings, store, metrics, Arc::new(condition))
}

/// Serves the operator until SIGTERM or SIGINT comes. SIGHUP reads the certificate of HTTPS again.
async fn serve_until_asked(
    admin: TcpListener,
    page: impl Fn(&mut actix_web::web::ServiceConfig) + Clone + Send + 'static,
    certificate: Option<ServerCertificate>,
    log: &Log,
) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let server = HttpServer::new(move || App::new().configure(page.clone()))
        .workers(1)
        .disable_signals()
        .listen(admin)?
        .run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hang_up.recv() => reload(certificate.as_ref(), log),
        }
    }
    handle.stop(false).await;
    Ok(())
}

fn reload(certificate: Option<&ServerCertificate>, log: &Log) {
    match certificate.map(ServerCertificate::reload) {
        None => log.line(Level::Info, "SIGHUP: there is nothing to read again"),
        Some(Ok(())) => log.line(
            Level::Info,
            "SIGHUP: the certificate of HTTPS was read again",
        ),
        Some(Err(error)) => log.line(
            Level::Error,
            format_args!(
                "SIGHUP: the certificate stays as it was: {}",
                causes(&error)
            ),
        ),
    }
}

/// Lets the workers finish what waits, within limits.
fn finish(spool: &SpoolDirectory, workers: Vec<JoinHandle<()>>) {
    let begin = Instant::now();
    while spool.has_fresh() && begin.elapsed() < LAST_MAILS {
        thread::sleep(LOOK);
    }
    spool.close();
    for worker in workers {
        let _it_has_ended_either_way = worker.join();
    }
}
