//! `mailseal cert import`: puts certificates and private keys into the key directory.

use std::path::{Path, PathBuf};

use mailseal::address::Address;
use mailseal::path::{self, Purpose};
use mailseal::store::{Entry, Error, Import, ImportedFile, ImportedKey, Unfit, Vouched};
use mailseal::x509::Certificate;

use crate::cli::bundle::Reading;
use crate::cli::environment::key_directory;
use crate::cli::explain;
use crate::cli::failure::{Code, Failure, causes};
use crate::cli::input::Input;
use crate::cli::private_keys::PasswordArguments;
use crate::cli::trust::{Judge, TrustArguments};
use crate::cli::{Global, output};

use super::import_report;
use super::material::Material;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
A certificate becomes <address>.crt, with the intermediates that lead to its root; its private key, if \
it is in the files, <address>.pem. First the certificate is judged as `cert check` does. What is there \
already is not replaced without --replace, and then kept in history/. Of several files all are written \
or none.

Exit codes: 0 done, or there already; 1 a certificate is refused, or something else is there; 65 no \
certificate in the files; 66 a file or the directory is missing; 77 wrong password, or no permission.")]
#[command(mut_arg("purpose", |purpose| purpose.hide(true)))]
pub(in crate::cli) struct Arguments {
    /// Certificates, and private keys with them, in PEM, DER, PKCS#7 or PKCS#12, or a signed message;
    /// - is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// The key directory [env: MAILSEAL_KEYS] [default: .]
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
    /// Import for this address alone, of several that a certificate is for (may be repeated)
    #[arg(long, value_name = "ADDRESS")]
    address: Vec<Address>,
    /// Take the certificates at your word: no path has to lead to somebody trusted
    #[arg(long)]
    pin: bool,
    /// Replace another certificate or key, which is kept in history/
    #[arg(long)]
    replace: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    password: PasswordArguments,
    #[command(flatten)]
    trust: TrustArguments,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> Result<Code, Failure> {
    import(arguments, global).inspect_err(|failure| {
        if global.json {
            let files: Vec<String> = arguments
                .files
                .iter()
                .map(|it| it.display().to_string())
                .collect();
            output::line(failure.to_json(files.join(", ")));
        }
    })
}

fn import(arguments: &Arguments, global: &Global) -> Result<Code, Failure> {
    let judge = arguments.trust.resolve(global)?;
    if judge.validation().purpose != Purpose::Email {
        return Err(
            Failure::new(Code::Usage, "the key directory is for mail alone")
                .hint("leave --purpose out"),
        );
    }
    let directory = directory(arguments)?;
    let reading = Reading {
        passwords: &arguments.password,
        allow_legacy: judge.allows_legacy(),
    };
    let mut material = Material::read(&arguments.files, &reading, global)?;
    material.limit_to(&arguments.address)?;
    let vouched = match vouched(&material, &judge, arguments.pin) {
        Ok(vouched) => vouched,
        Err(refusal) => {
            import_report::refused(&refusal, global);
            if refusal.reason == "no-trusted-issuer" {
                judge.tell_if_nobody_is_trusted(global);
            }
            return Ok(Code::Negative);
        }
    };
    let keys: Vec<_> = material.keys.iter().map(|it| it.key.clone()).collect();
    match put(&directory, &vouched, &keys, arguments) {
        Ok(files) => {
            let loses_password = material.keys.iter().any(|key| key.loses_its_password);
            import_report::files(&files, arguments.dry_run, loses_password, global);
            Ok(Code::Done)
        }
        Err(Error::Occupied(occupied)) => {
            import_report::occupied(&occupied, global);
            Ok(Code::Negative)
        }
        Err(error) => Err(explain::store(&error)),
    }
}

fn directory(arguments: &Arguments) -> Result<PathBuf, Failure> {
    key_directory(arguments.keys.as_deref()).map_err(|failure| {
        let named = arguments.keys.as_ref().map(|it| it.display().to_string());
        let name = named.unwrap_or_else(|| "\"$MAILSEAL_KEYS\"".to_owned());
        failure.hint(format!("make it first: mkdir -p {name}"))
    })
}

fn put(
    directory: &Path,
    vouched: &[Vouched],
    keys: &[ImportedKey],
    arguments: &Arguments,
) -> Result<Vec<ImportedFile>, Error> {
    let entries = match &arguments.address[..] {
        [] => Entry::of_each_address(vouched, keys)?,
        wanted => Entry::of_these_addresses(vouched, keys, wanted),
    };
    let import = Import::plan(directory, &entries, arguments.replace)?;
    match arguments.dry_run {
        true => Ok(import.files().to_vec()),
        false => import.carry_out(),
    }
}

/// A certificate that nobody vouches for, or that is unfit.
pub(super) struct Refusal {
    pub(super) certificate: Certificate,
    pub(super) input: Input,
    pub(super) reason: &'static str,
    pub(super) detail: String,
}

fn vouched(material: &Material, judge: &Judge, pin: bool) -> Result<Vec<Vouched>, Box<Refusal>> {
    let pool = [&material.pool, judge.intermediates()].concat();
    let vouch = |(leaf, input): &(Certificate, Input)| {
        let refused = |reason, detail| {
            Box::new(Refusal {
                certificate: leaf.clone(),
                input: input.clone(),
                reason,
                detail,
            })
        };
        let unfit = |unfit: Unfit| refused(unfit.reason(), causes(&unfit));
        if pin {
            let legacy = judge.allows_legacy();
            return Vouched::by_operator(leaf, &pool, judge.now(), legacy).map_err(unfit);
        }
        match path::validate(leaf, &pool, &judge.validation()) {
            Ok(validated) => Vouched::by_path(&validated).map_err(unfit),
            Err(error) => Err(refused(error.reason(), causes(&error))),
        }
    };
    material.leaves.iter().map(vouch).collect()
}
