//! `mailseal serve --print-setup`: what is to be done elsewhere for mail to reach the webhook.

use super::Arguments;
use crate::cli::failure::{Code, Failure};

/// The inbound hosts of SparkPost, by where the account is.
const HOSTS: [&str; 3] = ["rx1", "rx2", "rx3"];

/// The records and the two calls of the API, as a script that can be read before it is run.
///
/// # Errors
///
/// The domain or the URL is none: both go into a script.
pub(super) fn script(domain: &str, arguments: &Arguments) -> Result<String, Failure> {
    let is_domain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    if domain.is_empty() || !domain.chars().all(is_domain) {
        let message = format!("{domain:?} is no domain");
        return Err(Failure::new(Code::Usage, message)
            .hint("write it in ASCII, as in: --print-setup inbound.example.com"));
    }
    let region = match arguments.eu {
        true => ".eu",
        false => "",
    };
    let target = arguments.target.clone();
    let target = target.unwrap_or_else(|| format!("https://webhook.{domain}/"));
    let is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '\'' | '"' | '\\');
    if !target.starts_with("https://") || !target.chars().all(is_plain) {
        let message = format!("{target:?} is no https URL");
        return Err(Failure::new(Code::Usage, message).hint(
            "SparkPost posts to an https URL, as in: --target https://webhook.example.com/",
        ));
    }
    let records: String = HOSTS
        .iter()
        .map(|host| format!("#   {domain}.  MX  10 {host}{region}.sparkpostmail.com.\n"))
        .collect();
    let inbound = serde_json::json!({ "domain": domain });
    let relay = serde_json::json!({
        "name": format!("mailseal {domain}"),
        "target": target,
        "auth_token": "TOKEN",
        "match": { "protocol": "SMTP", "domain": domain },
    });
    // The shell puts the token in; in JSON it has no quotes or backslashes of its own.
    let relay = relay
        .to_string()
        .replace("\"TOKEN\"", "\"'\"$MAILSEAL_WEBHOOK_TOKEN\"'\"");
    Ok(format!(
        "\
#!/bin/sh
# What makes mail to {domain} reach mailseal at {target}
#
# 1. In the DNS of {domain}, which then takes no other mail:
{records}#
# 2. Run this with SPARKPOST_API_KEY (which may use Inbound Domains and Relay Webhooks) and
#    MAILSEAL_WEBHOOK_TOKEN (letters, digits, spaces and -._~, the same as mailseal serve has) in
#    the environment. SparkPost delivers to ports 80 and 443 only, and asks the target for an answer
#    when it is told of it: mailseal has to run by then.
set -eu
: \"${{SPARKPOST_API_KEY:?}}\" \"${{MAILSEAL_WEBHOOK_TOKEN:?}}\"
api=https://api{region}.sparkpost.com/api/v1

curl --fail-with-body -sS \"$api/inbound-domains\" \\
    -H \"Authorization: $SPARKPOST_API_KEY\" -H 'Content-Type: application/json' \\
    -d '{inbound}'

curl --fail-with-body -sS \"$api/relay-webhooks\" \\
    -H \"Authorization: $SPARKPOST_API_KEY\" -H 'Content-Type: application/json' \\
    -d '{relay}'

# 3. Send a signed mail to any address at {domain}, and look into the log.
"
    ))
}
