//! `mailseal show`: headers and MIME tree, and with a key, those of what was encrypted.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use mailseal::cms::compressed_data;
use mailseal::cms::object::{EncryptedObject, Object};
use mailseal::cms::recipient::{Credential, RecipientInfos};
use mailseal::crypto::PrivateKey;
use mailseal::keys::KeyDirectory;
use mailseal::mime::{RawMessage, SmimeForm, SmimePart, smime_parts, tree};
use mailseal::smime::decrypt::DecryptedEntity;
use mailseal::smime::open::MAX_LAYERS;

use super::failure::{Code, Failure, causes};
use super::input::Input;
use super::output::Destination;
use super::private_keys::PrivateKeyArguments;
use super::{Global, explain, output};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Message to show; - or none is standard input
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Private key to look through encryption with, and through an opaque signature inside (may
    /// be repeated)
    #[arg(long, value_name = "FILE")]
    key: Vec<PathBuf>,
    #[command(flatten)]
    private_keys: PrivateKeyArguments,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> Result<Code, Failure> {
    let (inputs, _) = Input::from_arguments(arguments.file.as_slice());
    let keys = keys(arguments)?;
    for input in inputs {
        let layers = layers(input.raw()?, &keys);
        Destination::Stdout.write(|out| {
            let levels = layers.entities.iter().zip(0..);
            levels.into_iter().try_for_each(|(entity, depth)| {
                tree::write(
                    entity,
                    &mut Indented {
                        out: &mut *out,
                        depth,
                        at_start: true,
                    },
                )
            })
        })?;
        if let Some(obstacle) = layers.obstacle {
            return Err(obstacle.about(&input));
        }
    }
    output::detail("nothing shown has been verified", global);
    Ok(Code::Done)
}

fn keys(arguments: &Arguments) -> Result<Vec<Arc<PrivateKey>>, Failure> {
    let keys = KeyDirectory::new(".", arguments.private_keys.options(Timestamp::now()));
    let open = |path: &PathBuf| {
        keys.private_key_file(path)
            .map_err(|error| explain::key(&error))
    };
    arguments.key.iter().map(open).collect()
}

/// A message, what was encrypted in it, what was signed in that, and so on.
struct Layers {
    entities: Vec<RawMessage>,
    /// Why there is no further one, if there should be.
    obstacle: Option<Failure>,
}

fn layers(message: RawMessage, keys: &[Arc<PrivateKey>]) -> Layers {
    let mut layers = Layers {
        entities: vec![message],
        obstacle: None,
    };
    while !keys.is_empty() && layers.entities.len() <= MAX_LAYERS {
        match inside(&layers.entities[layers.entities.len() - 1], keys) {
            Ok(Some(entity)) => layers.entities.push(entity),
            Ok(None) => break,
            Err(obstacle) => {
                layers.obstacle = Some(obstacle);
                break;
            }
        }
    }
    layers
}

fn inside(raw: &RawMessage, keys: &[Arc<PrivateKey>]) -> Result<Option<RawMessage>, Failure> {
    // What cannot be taken apart has been shown as far as it goes.
    let Ok(found) = smime_parts(raw) else {
        return Ok(None);
    };
    let Some(SmimePart {
        is_whole: true,
        form: SmimeForm::Object { object, .. },
        ..
    }) = found.parts.into_iter().next()
    else {
        return Ok(None);
    };
    let content = match Object::read(&object).map_err(|error| explain::layer(&error))? {
        Object::Enveloped(enveloped) => return decrypt(&enveloped, keys).map(Some),
        Object::Signed(signed) => signed.encapsulated.content,
        Object::Compressed(compressed) => match &compressed.encapsulated.content {
            Some(content) => Some(
                compressed_data::decompress(&compressed.algorithm, content)
                    .map_err(|error| Failure::new(Code::Data, causes(&error)))?,
            ),
            None => None,
        },
        _ => None,
    };
    Ok(content.map(|content| RawMessage::from(Arc::new(content))))
}

fn decrypt(enveloped: &EncryptedObject, keys: &[Arc<PrivateKey>]) -> Result<RawMessage, Failure> {
    let recipients = RecipientInfos::from_der(&enveloped.recipient_infos)
        .map_err(|error| explain::layer(&error))?;
    let credential = |key| Credential::PrivateKey {
        key,
        certificate: None,
    };
    let credentials: Vec<_> = keys.iter().map(|key| credential(key)).collect();
    let decrypted = DecryptedEntity::decrypt(enveloped, &recipients, &credentials)
        .map_err(|error| explain::decrypting(&error))?;
    Ok(decrypted.entity().clone())
}

/// Moves every line two columns a level to the right.
struct Indented<'a> {
    out: &'a mut dyn Write,
    depth: usize,
    at_start: bool,
}

impl Write for Indented<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        for line in octets.split_inclusive(|&octet| octet == b'\n') {
            if self.at_start {
                write!(self.out, "{:1$}", "", 2 * self.depth)?;
            }
            self.out.write_all(line)?;
            self.at_start = line.ends_with(b"\n");
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
