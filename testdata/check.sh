#!/usr/bin/env bash
# Whether the committed mails are what make_mail.py writes, and whether the keys are as README.md says.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 make_mail.py "$work/mail"
diff -r mail "$work/mail"

# The corpus of attacks is signed with the keys that are here, and no random number is drawn.
python3 attacks/make.py "$work/attacks"
diff -r attacks/messages "$work/attacks/messages"
diff attacks/manifest.toml "$work/attacks/manifest.toml"

wrong=0
# expect WORD FILE: whether openssl, asked for the path, says OK or something else.
expect() {
    local said=refused
    openssl verify -purpose smimesign -CAfile pki/root.crt -untrusted pki/intermediate.crt "$2" \
        >"$work/said" 2>&1 && said=accepted
    [ "$said" = "$1" ] || { echo "$2: $said"; cat "$work/said"; wrong=1; }
}
for name in alice bob carol dave dn-only no-usage second pkcs1 sec1 encrypted scrypt no-address \
    other-address sign-only mismatch; do
    expect accepted "keys/$name@example.com.crt"
done
for name in expired future server-only garbage encrypt-only; do
    expect refused "keys/$name@example.com.crt"
done
exit $wrong
