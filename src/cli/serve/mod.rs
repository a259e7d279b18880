//! `mailseal serve`: the webhook that gathers certificates.

mod plan;
mod print_setup;
mod replies;
mod running;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use mailseal::collect::succession::Replacement;
use mailseal::dkim::Alignment;

use self::plan::Plan;
use super::dns::DnsArguments;
use super::failure::{Code, Failure};
use super::{Global, output};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Configuration [default: mailseal.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Say whether the configuration would do, and start nothing
    #[arg(long)]
    check_config: bool,
    /// Write what is to be done at SparkPost and in DNS for mail to this domain, as a script
    #[arg(long, value_name = "DOMAIN", conflicts_with = "check_config")]
    print_setup: Option<String>,
    /// With --print-setup: the webhook's URL [default: https://webhook.DOMAIN/]
    #[arg(long, value_name = "URL", requires = "print_setup")]
    target: Option<String>,
    /// With --print-setup: the account is one of SparkPost EU
    #[arg(long, requires = "print_setup")]
    eu: bool,
    /// Address to listen to (may be repeated) [default: 127.0.0.1:8855]
    #[arg(long, value_name = "IP:PORT")]
    listen: Vec<SocketAddr>,
    /// Address of the operator's page [default: 127.0.0.1:8856]
    #[arg(long, value_name = "IP:PORT")]
    admin_listen: Option<SocketAddr>,
    /// Directory that certificates are stored in [env: MAILSEAL_KEYS] [default: .]
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
    /// Directory that mail waits in until it is judged [default: spool, in that of the certificates]
    #[arg(long, value_name = "DIR")]
    spool: Option<PathBuf>,
    /// Certificates to trust, in PEM, DER or PKCS#7, or a directory of such files (may be repeated)
    /// [default: the platform's]
    #[arg(long, value_name = "FILE|DIR")]
    trust: Vec<PathBuf>,
    /// Take what is no longer safe: SHA-1, RSA-1024, DSA
    #[arg(long)]
    allow_legacy: bool,
    /// What becomes of a certificate with another key or issuer than the stored one: always (it
    /// takes its place), same-issuer (if that is the same), or manual (it waits for `cert accept`)
    /// [default: always]
    #[arg(long, value_name = "HOW")]
    replacement: Option<Replacement>,
    #[command(flatten)]
    dns: DnsArguments,
    /// How near the signing domain of DKIM has to be to that of From: strict (the same) or relaxed
    /// (of the same organisation) [default: strict]
    #[arg(long, value_name = "HOW")]
    alignment: Option<Alignment>,
    /// Judge as if it were always this time (RFC 3339), to replay old mail
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> Result<Code, Failure> {
    if let Some(domain) = &arguments.print_setup {
        output::line(print_setup::script(domain, arguments)?.trim_end());
        return Ok(Code::Done);
    }
    let plan = Plan::resolve(arguments, global)?;
    if arguments.check_config {
        for lack in &plan.lacks {
            output::warn(lack, global);
        }
        plan.check()?;
        output::line("the configuration will do");
        return Ok(Code::Done);
    }
    running::prepare(plan)?.run()
}
