//! `mailseal cert history`: what an address has had, has, and is to have.

use std::path::PathBuf;

use mailseal::address::Address;
use mailseal::store::CertificateStore;

use crate::cli::explain;
use crate::cli::failure::{Code, Failure};
use crate::cli::{Global, output};

use super::stored::{self, Shown};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
First what is stored, then what waits to be accepted, then what was stored before, the latest first; \
each with the mail that it came with, unless you put it there.

Exit codes: 0 done, also if there is nothing; 65 the address can name no file; 66 the directory is \
missing; 74 or 77 it cannot be read.")]
pub(in crate::cli) struct Arguments {
    /// Whose certificates
    #[arg(value_name = "ADDRESS")]
    address: Address,
    /// The key directory [env: MAILSEAL_KEYS] [default: .]
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> Result<Code, Failure> {
    let store = stored::open(arguments.keys.as_deref())?;
    let shown = all(&store, &arguments.address).map_err(|error| explain::store_of(&error))?;
    shown.iter().for_each(|shown| shown.tell(global));
    if shown.is_empty() && !global.quiet {
        let address = &arguments.address;
        output::say(format_args!("there has been no certificate for {address}"));
    }
    Ok(Code::Done)
}

fn all(
    store: &impl CertificateStore,
    address: &Address,
) -> Result<Vec<Shown>, mailseal::store::Error> {
    let mut shown = Vec::new();
    store.each_entry(&mut |entry| {
        if entry.address.matches(address) {
            let (certificate, provenance) = (entry.certificate.as_ref(), entry.provenance.as_ref());
            shown.push(Shown::new(
                "stored",
                address,
                &entry.path,
                certificate,
                provenance,
            ));
        }
    })?;
    let pending = store.pending()?;
    let pending = pending.iter().filter(|it| it.address.matches(address));
    shown.extend(pending.map(Shown::pending));
    for entry in store.history(address)? {
        let (certificate, provenance) = (entry.certificate.as_ref(), entry.provenance.as_ref());
        shown.push(Shown::new(
            "history",
            address,
            &entry.path,
            certificate,
            provenance,
        ));
    }
    Ok(shown)
}
