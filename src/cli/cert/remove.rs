//! `mailseal cert remove`: takes a certificate out of use.

use std::path::PathBuf;

use mailseal::address::Address;
use mailseal::store::CertificateStore;

use crate::cli::Global;
use crate::cli::explain;
use crate::cli::failure::{Code, Failure};

use super::stored::{self, Shown};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
It is kept in history/, and nothing is encrypted to it any more. The next mail that its owner signs \
brings it back, unless it is revoked or its root no longer trusted. Private keys are left alone.

Exit codes: 0 done; 65 the address can name no file; 66 nothing is stored for it; 74 or 77 the \
directory cannot be read or written to.")]
pub(in crate::cli) struct Arguments {
    /// Whose certificate
    #[arg(value_name = "ADDRESS")]
    address: Address,
    /// The key directory [env: MAILSEAL_KEYS] [default: .]
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> Result<Code, Failure> {
    let store = stored::open(arguments.keys.as_deref())?;
    let address = &arguments.address;
    let removed = store.remove(address);
    let removed = removed.map_err(|error| explain::store_of(&error))?;
    let certificate = removed.certificate.as_ref();
    let file = Some(&*removed.path);
    stored::record(&store, ("removed", address), certificate.ok(), file)?;
    let shown = Shown::new("removed", address, &removed.path, certificate, None);
    shown.history(Some(removed.history)).tell(global);
    Ok(Code::Done)
}
