//! From an address to the names that its files may have.

use crate::address::Address;
use crate::keys::Error;
use crate::printable::is_deceptive;

/// The address with its domain as it was written, and the local part without quotes.
pub(super) fn written(address: &Address) -> String {
    format!("{}@{}", address.local(), address.written_domain())
}

/// The names to look for, each once: the address as written; with its domain in lower case;
/// wholly in lower case. An internationalised domain is looked for in A-labels and in U-labels.
///
/// Lower case is that of ASCII, as in [`Address::matches`]: to Unicode the Kelvin sign is a capital k,
/// and whoever has it in their address would come into the file of somebody else.
pub(crate) fn file_names(address: &Address, extension: &str) -> Result<Vec<String>, Error> {
    let (u_labels, _) = idna::domain_to_unicode(address.domain());
    let domains = [address.domain(), &u_labels];
    let lower_case = address.local().to_ascii_lowercase();
    let mut names = vec![written(address)];
    for local in [address.local(), &lower_case] {
        names.extend(domains.map(|domain| format!("{local}@{domain}")));
    }
    let mut unique: Vec<String> = Vec::new();
    for name in names {
        let name = file_name(address, &format!("{name}.{extension}"))?;
        if !unique.contains(&name) {
            unique.push(name);
        }
    }
    Ok(unique)
}

/// The one of them that every spelling of the address is looked for by: wholly in lower case, and the
/// domain in A-labels.
pub(crate) fn canonical(address: &Address, extension: &str) -> Result<String, Error> {
    let (local, domain) = (address.local().to_ascii_lowercase(), address.domain());
    file_name(address, &format!("{local}@{domain}.{extension}"))
}

/// Whose file this is, by its name: the other way round.
pub(crate) fn owner(name: &str, extension: &str) -> Option<Address> {
    let stem = name.strip_suffix(extension)?.strip_suffix('.')?;
    let (local, domain) = stem.rsplit_once('@')?;
    let address = Address::new(local, domain).ok()?;
    file_name(&address, name).is_ok().then_some(address)
}

/// A name that stays inside the directory, is no hidden file there, and looks like what it is.
///
/// Doubled dots inside are harmless without a separator, and mailboxes with them exist.
fn file_name(address: &Address, name: &str) -> Result<String, Error> {
    /// NAME_MAX of every file system in use.
    const MAX_NAME: usize = 255;
    let reason = if name.contains(['/', '\\']) {
        "it contains a path separator"
    } else if name.starts_with('.') {
        "it begins with a dot"
    } else if name.chars().any(is_deceptive) {
        "it contains a control character"
    } else if name.len() > MAX_NAME {
        "it is too long"
    } else {
        return Ok(name.to_owned());
    };
    Err(Error::UnsafeName {
        address: address.to_string(),
        reason,
    })
}
