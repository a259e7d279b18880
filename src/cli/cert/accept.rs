//! `mailseal cert accept`: puts a certificate to use that waits for the operator, or takes it away.

use std::path::PathBuf;

use jiff::Timestamp;
use mailseal::address::Address;
use mailseal::keys::preferences::{self, fingerprint};
use mailseal::store::{CertificateStore, PendingCertificate, StoreDirectory};

use crate::cli::explain;
use crate::cli::failure::{Code, Failure};
use crate::cli::{Global, output};

use super::stored::{self, Shown};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
A certificate waits if another key or another issuer is not to take the place of what is stored \
(--replacement of collect, replacement of the server), or if your own private key lies beside what is \
stored. Ask its owner for the SHA-256 fingerprint, by telephone for one, and give it with --sha256.

Exit codes: 0 done; 1 it is not valid now, or unfit; 65 the address can name no file; 66 nothing waits, \
or another one; 74 or 77 the directory cannot be read or written to.")]
pub(in crate::cli) struct Arguments {
    /// Whose certificate
    #[arg(value_name = "ADDRESS", required_unless_present = "list")]
    address: Option<Address>,
    /// Accept it only if this is its fingerprint, in hexadecimal
    #[arg(long, value_name = "FINGERPRINT", value_parser = sha256)]
    sha256: Option<[u8; 32]>,
    /// Take it away instead
    #[arg(long)]
    refuse: bool,
    /// Show what waits, and change nothing
    #[arg(long, conflicts_with_all = ["address", "sha256", "refuse"])]
    list: bool,
    /// The key directory [env: MAILSEAL_KEYS] [default: .]
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
    /// Judge for this time (RFC 3339) whether it is valid
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
}

fn sha256(text: &str) -> Result<[u8; 32], preferences::Error> {
    fingerprint(text)
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> Result<Code, Failure> {
    let store = stored::open(arguments.keys.as_deref())?;
    let pending = store.pending().map_err(|error| explain::store_of(&error))?;
    let Some(address) = &arguments.address else {
        list(&pending, global);
        return Ok(Code::Done);
    };
    let mut waiting = pending.iter().filter(|it| it.address.matches(address));
    let Some(waiting) = waiting.next() else {
        let message = format!("no certificate waits for {address}");
        return Err(Failure::new(Code::NoInput, message)
            .hint("`mailseal cert accept --list` shows what waits"));
    };
    let own = waiting.certificate.sha256_fingerprint();
    let fingerprint = arguments.sha256.unwrap_or(own);
    match arguments.refuse {
        true => refuse(&store, waiting, &fingerprint, global)?,
        false => accept(&store, waiting, &fingerprint, arguments.at, global)?,
    }
    Ok(Code::Done)
}

fn list(pending: &[PendingCertificate], global: &Global) {
    for waiting in pending {
        Shown::pending(waiting).tell(global);
    }
    if pending.is_empty() && !global.quiet {
        output::say("nothing waits to be accepted");
    }
}

fn accept(
    store: &StoreDirectory,
    waiting: &PendingCertificate,
    fingerprint: &[u8; 32],
    at: Option<Timestamp>,
    global: &Global,
) -> Result<(), Failure> {
    let (address, certificate) = (&waiting.address, &waiting.certificate);
    let at = at.unwrap_or_else(Timestamp::now);
    let accepted = store.accept(address, fingerprint, at);
    let accepted = accepted.map_err(|error| explain::store_of(&error))?;
    let path = accepted.path.unwrap_or_else(|| waiting.path.clone());
    let decision = ("accepted", address);
    stored::record(store, decision, Some(certificate), Some(&path))?;
    let provenance = waiting.provenance.as_ref();
    let shown = Shown::new("accepted", address, &path, Ok(certificate), provenance);
    shown.history(accepted.history).tell(global);
    Ok(())
}

fn refuse(
    store: &StoreDirectory,
    waiting: &PendingCertificate,
    fingerprint: &[u8; 32],
    global: &Global,
) -> Result<(), Failure> {
    let (address, certificate) = (&waiting.address, &waiting.certificate);
    let refused = store.refuse(address, fingerprint);
    refused.map_err(|error| explain::store_of(&error))?;
    stored::record(store, ("discarded", address), Some(certificate), None)?;
    let provenance = waiting.provenance.as_ref();
    Shown::new(
        "discarded",
        address,
        &waiting.path,
        Ok(certificate),
        provenance,
    )
    .tell(global);
    Ok(())
}
