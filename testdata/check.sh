#!/usr/bin/env bash
# Whether the committed mails are what make_mail.py writes, and whether the keys are as README.md says.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 make_mail.py "$work/mail"
diff -r mail "$work/mail"

# Both signature schemes of DKIM draw no random number.
python3 make_dkim.py "$work/dkim"
diff -r dkim/messages "$work/dkim"

# Nor do the mails that certificates are collected from.
python3 make_collect.py "$work/collect"
diff -r collect "$work/collect"

# The corpus of attacks is signed with the keys that are here, and no random number is drawn.
python3 attacks/make.py "$work/attacks"
diff -r attacks/messages "$work/attacks/messages"
diff attacks/manifest.toml "$work/attacks/manifest.toml"

# So are the named paths.
python3 paths/make.py "$work/paths"
diff -r paths/files "$work/paths/files"
diff paths/manifest.toml "$work/paths/manifest.toml"

wrong=0
# expect WORD FILE [PURPOSE]: whether openssl, asked for the path, says OK or something else.
expect() {
    local said=refused
    openssl verify -purpose "${3:-smimesign}" -CAfile pki/root.crt -untrusted pki/intermediate.crt "$2" \
        >"$work/said" 2>&1 && said=accepted
    [ "$said" = "$1" ] || { echo "$2: $said"; cat "$work/said"; wrong=1; }
}
for name in alice bob carol dave dn-only no-usage second pkcs1 sec1 encrypted scrypt no-address \
    other-address sign-only mismatch p384 p521 ed25519 pss no-ski; do
    expect accepted "keys/$name@example.com.crt"
done
# several: the first of its certificates is the expired one.
for name in expired future server-only garbage encrypt-only several x25519; do
    expect refused "keys/$name@example.com.crt"
done
expect accepted keys/x25519@example.com.crt any

# expect_p12 WORD FILE PASSWORD: whether openssl opens it.
expect_p12() {
    local said=refused
    openssl pkcs12 -legacy -in "$2" -passin "pass:$3" -nodes -out /dev/null 2>"$work/said" && said=accepted
    [ "$said" = "$1" ] || { echo "$2: $said"; cat "$work/said"; wrong=1; }
}
for file in keys/container@example.com p12/{alice,legacy,no-mac,plain,bare} p12/mac-{sha1,sha224,sha384,sha512} \
    p12/{3des,2des,rc2-128,rc2-40,rc4-128}; do
    expect_p12 accepted "$file.p12" 'correct horse battery staple'
    case $file in
        p12/no-mac | p12/bare) ;; # Without a MAC openssl finds out late, or never.
        *) expect_p12 refused "$file.p12" guess ;;
    esac
done
expect_p12 accepted p12/empty.p12 ''
for file in unicode unicode-legacy; do
    expect_p12 accepted "p12/$file.p12" 'pässwörd 🔑'
done
# PBMAC1 is for OpenSSL 3.4 and later.
exit $wrong
