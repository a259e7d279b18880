//! The library's errors in the user's terms: the exit code, and what to do about it.

use std::io::ErrorKind;
use std::path::Path;

use mailseal::keys::directory::WriteError;
use mailseal::path::anchors;
use mailseal::send::{self, Kind, pickup, smtp, sparkpost};
use mailseal::smime::open::{self, Obstacle, Unproved};
use mailseal::smime::seal;
use mailseal::trust;
use mailseal::{cms, keys, mime, smime, store};

use super::failure::{Code, Failure, causes};
use super::input::{Input, plain};

/// The files that one hint asks for; the message before it names every address.
const MAX_HINTS: usize = 3;

/// A message that cannot be read, or not be brought into canonical form.
pub(super) fn message(error: &mime::Error) -> Failure {
    use mime::Error as E;
    let hint = match error {
        E::Read(_) => return Failure::new(Code::Io, causes(error)),
        E::Empty | E::Binary | E::NotAField { .. } => {
            "a message is header fields, an empty line, and a body, as in RFC 5322 (.eml)"
        }
        E::NoFrom => "add a From field with the sender's address",
        E::SeveralFrom { .. } | E::FromNotOneMailbox { .. } | E::FromGroup { .. } => {
            "whose key signs, and whose address is checked, is only clear with one sender"
        }
        E::BareCarriageReturnInHeader { .. } => "end the lines of the header with LF or CRLF",
        E::Addresses { .. } => "write addresses as in: Bob Example <bob@example.com>",
        E::SealedPartNotSevenBit { .. } => {
            "make it anew in 7-bit, or send the message as it is, without --sign and --encrypt"
        }
        _ => "mend the message where it says; the program that wrote it needs mending too",
    };
    Failure::new(Code::Data, causes(error)).hint(hint)
}

/// A message that could not be sealed.
pub(super) fn sealing(error: &seal::Error, policy: seal::Missing, input: &Input) -> Failure {
    match error {
        seal::Error::Message(error) => message(error),
        seal::Error::Keys(error) => key(error),
        seal::Error::NoCertificate(missing) => {
            let hints = missing.iter().filter_map(|missing| missing.error.hint());
            let mut hints = hints.take(MAX_HINTS).collect::<Vec<_>>().join("; ");
            if missing.len() > MAX_HINTS {
                hints.push_str("; and so on");
            }
            let otherwise = match policy {
                seal::Missing::Refuse => ", or choose --missing skip or --missing plain",
                seal::Missing::Skip => ": --missing skip would leave nobody",
                seal::Missing::Plain => "",
            };
            Failure::new(Code::NoInput, causes(error)).hint(format!("{hints}{otherwise}"))
        }
        seal::Error::NoRecipient => no_recipient(error),
        seal::Error::Seal(smime::Error::Io(error)) => Failure::new(Code::Io, plain(error)),
        error => Failure::new(Code::Software, causes(error)),
    }
    .about(input)
}

/// A message that is for nobody.
pub(super) fn no_recipient(error: impl std::fmt::Display) -> Failure {
    Failure::new(Code::Data, error).hint("add a To, Cc or Bcc field, or name recipients with --to")
}

/// A key or certificate that cannot be used: permission and passphrase are told apart from what
/// is missing or wrong.
pub(super) fn key(error: &keys::Error) -> Failure {
    use keys::Error as E;
    let code = match error {
        E::InsecurePermissions { .. }
        | E::Password { .. }
        | E::PasswordMissing { .. }
        | E::PasswordWrong { .. } => Code::NoPermission,
        E::Unreadable { source, .. } if source.kind() == ErrorKind::PermissionDenied => {
            Code::NoPermission
        }
        E::Unreadable { .. } => Code::Io,
        E::UnsafeName { .. } => Code::Data,
        _ => Code::NoInput,
    };
    let hint = error.hint().unwrap_or_else(|| match error {
        E::PasswordWrong { .. } => "check --password-file or MAILSEAL_PASSWORD_FILE".to_owned(),
        E::Password { .. } => "name a file that holds the password and nothing else".to_owned(),
        E::UnsafeName { .. } => "key files are named by address, so this one has none".to_owned(),
        E::Unreadable { source, .. } if source.kind() != ErrorKind::PermissionDenied => {
            "look at what is at this path, and at the disk it is on".to_owned()
        }
        E::Unreadable { .. } => "mailseal runs as a user who may not read it".to_owned(),
        E::FileNotFound { .. } => "name a file or directory that is there".to_owned(),
        E::Expired { .. } => "get a new certificate and put it in its place".to_owned(),
        E::NotYetValid { .. } => "is the clock right? --at TIME sets another time".to_owned(),
        E::KeyMismatch { .. } => "put the key and the certificate made for it together".to_owned(),
        E::Pkcs12 { .. } => "have it made anew, or turned into PEM with openssl pkcs12".to_owned(),
        E::Preferences { .. } => "mend it or take it away: the certificate will do alone".to_owned(),
        E::PrivateKey { .. } => {
            "put the private key of this address there, in PEM or DER".to_owned()
        }
        E::Empty { .. } | E::NotAFile { .. } | E::TooLarge { .. } => {
            "<address>.crt is for certificates, <address>.pem for the private key, <address>.p12 for \
             both"
                .to_owned()
        }
        _ => "put a certificate there that is meant for this address and use".to_owned(),
    });
    Failure::new(code, causes(error)).hint(hint)
}

/// A password that does not open the file.
pub(super) fn wrong_password(path: &Path) -> Failure {
    key(&keys::Error::PasswordWrong {
        path: path.to_owned(),
    })
}

/// A file that should hold a password, key or token, and does not.
pub(super) fn secret_file(error: &keys::password::Error) -> Failure {
    use keys::password::Error as E;
    let code = match error {
        E::Unreadable { source, .. } if source.kind() == ErrorKind::NotFound => Code::NoInput,
        E::Unreadable { source, .. } if source.kind() == ErrorKind::PermissionDenied => {
            Code::NoPermission
        }
        E::Unreadable { .. } => Code::Io,
        _ => Code::Config,
    };
    Failure::new(code, causes(error)).hint("name a file that holds the secret and nothing else")
}

/// A message or CMS object that cannot be read at all.
pub(super) fn opening(error: &open::Error) -> Failure {
    match error {
        open::Error::Mime(error) => message(error),
        open::Error::Cms(error) => layer(error),
        open::Error::Io(error) => Failure::new(Code::Io, plain(error))
            .hint("is there room in TMPDIR or /tmp for a copy of the message?"),
        error => Failure::new(Code::Data, causes(error)),
    }
}

/// A layer that stays closed.
pub(super) fn obstacle(obstacle: &Obstacle) -> Failure {
    match obstacle {
        Obstacle::Decrypting(error) => decrypting(error),
        // Nothing is wrong with the message but its age.
        Obstacle::Legacy { .. } => Failure::new(Code::Negative, causes(obstacle))
            .hint("--allow-legacy opens it all the same"),
        Obstacle::SeveralParts(_) => Failure::new(Code::Data, causes(obstacle))
            .hint("take the part that you want out of the message, and open it alone"),
        obstacle => Failure::new(Code::Data, causes(obstacle)),
    }
}

/// Content that nothing vouches for, and that is not written for that reason.
pub(super) fn unproved(unproved: Unproved) -> Failure {
    Failure::new(Code::Negative, unproved)
        .hint("--allow-unauthenticated writes it all the same; treat it as anybody's")
}

/// Trust anchors that were named and cannot be had.
pub(super) fn anchors(error: &anchors::Error) -> Failure {
    use anchors::Error as E;
    let hint = match error {
        E::Unreadable { source, .. } if source.kind() == ErrorKind::PermissionDenied => {
            return Failure::new(Code::NoPermission, causes(error))
                .hint("mailseal runs as a user who may not read it");
        }
        E::Malformed { .. } => {
            "--trust takes certificates in PEM, DER or PKCS#7; in a directory of such files the broken \
             ones are skipped"
        }
        _ => {
            "--trust takes a file with certificates in PEM, DER or PKCS#7, or a directory of such files"
        }
    };
    Failure::new(Code::NoInput, causes(error)).hint(hint)
}

/// Why nobody is trusted where the user has named nobody.
pub(super) fn no_platform_anchors(error: &anchors::Error) -> Failure {
    let hint = match error {
        anchors::Error::NoPlatformBundle { .. } => {
            "install it (apt-get install ca-certificates), or name certificates to trust with \
             --trust FILE"
        }
        _ => "name certificates to trust with --trust FILE, or another bundle in SSL_CERT_FILE",
    };
    let message = format!("nobody is trusted: {}", causes(error));
    Failure::new(Code::NoInput, message).hint(hint)
}

/// A CMS structure that cannot be read.
pub(super) fn layer(error: &cms::Error) -> Failure {
    Failure::new(Code::Data, causes(error))
}

/// Encrypted content that stays closed.
pub(super) fn decrypting(error: &smime::Error) -> Failure {
    match error {
        smime::Error::NoKeyFits | smime::Error::NotDecrypted => Failure::new(Code::NoInput, error)
            .hint("name the private key of one of the recipients with --key"),
        error => Failure::new(Code::Data, causes(error)),
    }
}

/// Why nothing was put into the key directory or taken from it, other than that something is there.
pub(super) fn store(error: &store::Error) -> Failure {
    match error {
        store::Error::TooManyAddresses { .. } => Failure::new(Code::Data, causes(error))
            .hint("name those that you want: --address ADDRESS"),
        store::Error::TooManyCertificates { .. } => Failure::new(Code::Data, causes(error))
            .hint("take those that you want into a file of their own"),
        store::Error::Write(error) => writing(error),
        store::Error::NotStored { .. } => Failure::new(Code::NoInput, causes(error))
            .hint("`mailseal cert list` shows what is stored"),
        store::Error::NotPending { .. } => Failure::new(Code::NoInput, causes(error))
            .hint("`mailseal cert accept --list` shows what waits"),
        store::Error::Unfit(_) => Failure::new(Code::Negative, causes(error))
            .hint("it stays where it is; --refuse takes it away"),
        error => Failure::new(Code::Software, causes(error)),
    }
}

/// The same for who has named an address.
pub(super) fn store_of(error: &store::Error) -> Failure {
    match error {
        store::Error::Write(WriteError::Name(error)) => key(error),
        error => store(error),
    }
}

fn writing(error: &WriteError) -> Failure {
    use WriteError as E;
    let told = |code| Failure::new(code, causes(error));
    match error {
        E::Name(error) => {
            key(error).hint("--address ADDRESS limits the import to another of its addresses")
        }
        E::Link { .. } => told(Code::NoInput)
            .hint("take the link away, or name the directory that it leads to with --keys"),
        E::Ambiguous { .. } => told(Code::NoInput).hint("keep one, named in lower case"),
        E::Changed { .. } => {
            told(Code::TempFail).hint("nothing was written; look what is there now, and try again")
        }
        E::Directory { source, .. } | E::Read { source, .. } | E::Write { source, .. } => {
            match source.kind() {
                ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                    told(Code::NoPermission).hint("mailseal runs as a user who may not write there")
                }
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                    told(Code::Io).hint("make room; nothing was written")
                }
                _ => told(Code::Io).hint("nothing was written; look at the disk that it is on"),
            }
        }
        _ => told(Code::NoInput)
            .hint("take it out of the way: <address>.crt and <address>.pem are files"),
    }
}

/// A message that was not sent, or of which nobody knows.
pub(super) fn sending(error: &send::Error) -> Failure {
    let code = match error {
        // A file that was named and is not there, as for any other.
        send::Error::Smtp(smtp::Error::Trust(trust::Error::Unreadable { .. })) => Code::NoInput,
        error => code(error.kind()),
    };
    let failure = Failure::new(code, causes(error));
    match remedy(error) {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

fn remedy(error: &send::Error) -> Option<&'static str> {
    use smtp::Error as S;
    Some(match error {
        error if error.kind() == Kind::Unknown => {
            "look at the other side before you send it again, or it may arrive twice"
        }
        send::Error::Smtp(S::Resolve { .. } | S::Connect { .. }) => {
            "is there a mail server? SMTP_HOST and SMTP_PORT (25) say where to look"
        }
        send::Error::Smtp(S::Tls { .. }) => {
            "--smtp-ca FILE names the authority to believe; SMTP_HOST must be a name that the \
             certificate has"
        }
        send::Error::Smtp(S::TlsNotOffered { .. }) => {
            "many servers offer it on port 587, or speak TLS at once on 465 (--smtp-tls implicit)"
        }
        send::Error::Smtp(S::PasswordInTheClear { .. }) => "leave --smtp-tls none out",
        send::Error::Smtp(S::AuthenticationNotOffered { .. }) => {
            "some servers offer AUTH after STARTTLS only; others need none: unset SMTP_USER"
        }
        send::Error::Smtp(S::EightBitMimeNotOffered) => {
            "--sign brings the body into 7-bit form; 8-bit header fields want encoded words \
             (RFC 2047) from the program that writes them"
        }
        send::Error::Smtp(S::Nul) => "--sign brings the body into 7-bit form",
        send::Error::SparkPost(sparkpost::Error::SubstitutionInSigned) => {
            "--sign keeps the text inside the signature, where SparkPost does not look"
        }
        send::Error::Pickup(pickup::Error::Command(_)) => {
            "take the field out; --from and --to change the envelope"
        }
        send::Error::SparkPost(sparkpost::Error::NotSent { .. }) => {
            "SPARKPOST_HOST says where to look; without it that is api.sparkpost.com"
        }
        error if error.kind() == Kind::Temporary => "nothing was accepted: try again later",
        _ => return None,
    })
}

/// What a caller can do about a failure, as an exit code.
pub(super) fn code(kind: Kind) -> Code {
    match kind {
        Kind::Temporary | Kind::Unknown => Code::TempFail,
        Kind::Permanent => Code::Unavailable,
        Kind::Message => Code::Data,
        Kind::Configuration => Code::Config,
        Kind::Io => Code::Io,
    }
}
