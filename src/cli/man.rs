//! `mailseal completions` and `mailseal man`.

use std::io::Write;

use clap::CommandFactory;

use super::failure::{Code, Failure};
use super::{Cli, output};

/// What is read from the environment; a flag goes first.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("MAILSEAL_KEYS", "The key directory, as --keys."),
    (
        "MAILSEAL_PASSWORD_FILE",
        "File with the password of an encrypted private key, as --password-file.",
    ),
    (
        "SMTP_HOST, SMTP_PORT",
        "The SMTP server; the host is required for --smtp, the port is 25 without it.",
    ),
    (
        "SMTP_USER, SMTP_PASSWORD, SMTP_PASSWORD_FILE",
        "The login there; the password itself, or the file that holds it.",
    ),
    (
        "SPARKPOST_API_KEY, SPARKPOST_API_KEY_FILE",
        "The key for --sparkpost; itself, or the file that holds it.",
    ),
    (
        "SPARKPOST_HOST",
        "The service, https://api.sparkpost.com without it.",
    ),
    (
        "MAILSEAL_WEBHOOK_TOKEN, MAILSEAL_WEBHOOK_TOKEN_FILE",
        "For serve: what SparkPost has to send in X-MessageSystems-Webhook-Token; itself, or the file \
         that holds it.",
    ),
    (
        "MAILSEAL_ADMIN_TOKEN, MAILSEAL_RAW_TOKEN, MAILSEAL_MAILGUN_SIGNING_KEY, \
         MAILSEAL_POSTMARK_PASSWORD, MAILSEAL_SENDGRID_PASSWORD",
        "For serve: the secrets of the operator's page and of the other routes; or each with _FILE, \
         the file that holds it.",
    ),
    (
        "SSL_CERT_FILE",
        "The certificates to trust without --trust, in place of the platform's.",
    ),
    ("NO_COLOR", "Set and not empty, turns colour off."),
    (
        "TMPDIR",
        "Where messages over 1 MiB are kept meanwhile, /tmp without it.",
    ),
];

const EXIT_STATUS: &[(u8, &str)] = &[
    (
        Code::Done as u8,
        "Done; for open, verify and cert check, valid.",
    ),
    (
        Code::Negative as u8,
        "The verdict is negative, or the content was withheld; for cert import and cert accept, nothing was \
         changed; for cert list --expires-within, something expires.",
    ),
    (Code::Usage as u8, "Wrong usage."),
    (Code::Data as u8, "Malformed message or certificate."),
    (
        Code::NoInput as u8,
        "A file, key or certificate is missing or cannot be used.",
    ),
    (Code::Unavailable as u8, "The other side refused for good."),
    (Code::Software as u8, "A bug of mailseal."),
    (Code::Io as u8, "Input or output."),
    (Code::TempFail as u8, "Try again later."),
    (Code::NoPermission as u8, "Permission or passphrase."),
    (Code::Config as u8, "Configuration."),
];

pub(super) fn completions(shell: clap_complete::Shell) -> Result<Code, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "mailseal", &mut text);
    print(&text)
}

/// One page for the program and all its commands.
pub(super) fn page() -> Result<Code, Failure> {
    let mut command = Cli::command();
    command.build();
    let mut text = Vec::new();
    render(&command, &mut text).map_err(|error| output::failed("standard output", &error))?;
    print(&text)
}

fn render(command: &clap::Command, text: &mut Vec<u8>) -> std::io::Result<()> {
    let page = clap_mangen::Man::new(command.clone());
    page.render_title(text)?;
    page.render_name_section(text)?;
    page.render_synopsis_section(text)?;
    page.render_description_section(text)?;
    let commands = command.get_subcommands();
    for subcommand in commands.filter(|sub| sub.get_name() != "help") {
        section(subcommand, text)?;
    }
    writeln!(text, ".SH ENVIRONMENT")?;
    for (name, meaning) in ENVIRONMENT {
        writeln!(text, ".TP\n.B {name}\n{}", escaped(meaning))?;
    }
    writeln!(text, ".SH EXIT STATUS")?;
    for (code, meaning) in EXIT_STATUS {
        writeln!(text, ".TP\n.B {code}\n{}", escaped(meaning))?;
    }
    Ok(())
}

/// One command: how it is used, and its flags under their headings, a level below it. Of a command
/// that has others under it, these.
fn section(command: &clap::Command, text: &mut Vec<u8>) -> std::io::Result<()> {
    if command.has_subcommands() {
        let commands = command.get_subcommands();
        return commands
            .filter(|command| command.get_name() != "help")
            .try_for_each(|command| section(command, text));
    }
    let usage = command.clone().render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage);
    let title = command.get_bin_name().unwrap_or_default().to_uppercase();
    writeln!(text, ".SH {title}\n.B {}\n.PP", escaped(usage))?;
    let about = command.get_about().map(ToString::to_string);
    writeln!(text, "{}.", escaped(&about.unwrap_or_default()))?;
    let mut options = Vec::new();
    clap_mangen::Man::new(command.clone()).render_options_section(&mut options)?;
    let options = String::from_utf8_lossy(&options).replace("\n.SH ", "\n.SS ");
    text.write_all(options.as_bytes())
}

/// Text as troff takes it: no escape sequences, and hyphens that can be copied.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-")
}

fn print(text: &[u8]) -> Result<Code, Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text)
        .and_then(|()| out.flush())
        .map_err(|error| output::failed("standard output", &error))?;
    Ok(Code::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_every_command_its_flags_and_the_environment() {
        let mut command = Cli::command();
        command.build();
        let mut text = Vec::new();
        render(&command, &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        for needed in [
            ".SH SYNOPSIS",
            ".SH MAILSEAL SEAL\n.B mailseal seal [OPTIONS] [FILE]...",
            ".SH MAILSEAL SEND\n",
            ".SS SEALING\n",
            ".SH MAILSEAL CERT CHECK\n.B mailseal cert check [OPTIONS] [FILE]...",
            ".B SMTP_USER, SMTP_PASSWORD, SMTP_PASSWORD_FILE\n",
            ".SH EXIT STATUS\n.TP\n.B 0\nDone; for open, verify and cert check, valid.\n",
        ] {
            assert!(text.contains(needed), "{needed}");
        }
        assert!(
            !text.contains("mailseal\\-seal(1)"),
            "there is no such page"
        );
    }
}
