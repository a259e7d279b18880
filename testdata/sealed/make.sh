#!/usr/bin/env bash
# Makes the messages of this folder with OpenSSL (3.0 or later) from ../mail and ../keys, without network.
# To be run again when those change: README.md says what each file is.
set -euo pipefail
cd "$(dirname "$0")"
rm -f ./*.eml ./*.p7m ./*.p7s

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf 'Content-Type: text/plain; charset=us-ascii\r\n\r\nHello, Bob.\r\n' >"$work/hello"

crlf() { sed 's/\r$//; s/$/\r/'; }

# The signing time is now, and Date has to be near it.
today=$(LC_ALL=C date -u '+%a, %d %b %Y %H:%M:%S +0000')

# header FROM [DATE]: the fields of a message, to stand before what openssl writes without them.
header() {
    printf '%s\r\n' "From: Alice Example <$1@example.com>" 'To: bob@example.com' 'Subject: Hello' \
        "Date: ${2:-$today}" 'Message-ID: <hello@example.com>'
}

# sign FILE SIGNER OPTIONS…: an entity on standard output.
sign() {
    local file=$1 signer=$2
    shift 2
    openssl cms -sign -binary -in "$file" -signer "../keys/$signer@example.com.crt" \
        -inkey "../keys/$signer@example.com.pem" -certfile ../pki/intermediate.crt "$@" | crlf
}

encrypt() { # FILE OPTIONS…
    local file=$1
    shift
    openssl cms -encrypt -binary -in "$file" "$@" ../keys/bob@example.com.crt | crlf
}

# entity FILE: without MIME-Version, which is no field of an inner entity.
entity() { sed '/^MIME-Version:/d' "$1"; }

{ header alice; sign "$work/hello" alice -nodetach; } >signed.eml
{ header alice; sign "$work/hello" alice; } >signed-detached.eml
sed 's/Hello, Bob/Hello, Rob/' signed-detached.eml >changed.eml
{ header mallory; sign "$work/hello" alice; } >other-from.eml
{ header alice; sign "$work/hello" alice -md sha1; } >sha1.eml
{ header alice 'Fri, 06 Feb 2026 10:00:00 +0100'; sign "$work/hello" alice -nodetach; } >other-date.eml
{ header alice; encrypt "$work/hello" -aes-256-cbc; } >encrypted.eml
{ header alice; encrypt "$work/hello" -aes-256-gcm; } >encrypted-gcm.eml
sign "$work/hello" alice -nodetach >"$work/signed"
entity "$work/signed" >"$work/inner"
{ header alice; encrypt "$work/inner" -aes-256-cbc; } >signed-encrypted.eml
head -c 1500 signed.eml >cut-off.eml
{
    header alice
    printf '%s\r\n' 'MIME-Version: 1.0' 'Content-Type: multipart/mixed; boundary="list"' '' '--list'
    sign "$work/hello" alice | sed '/^MIME-Version:/d'
    printf '%s\r\n' '--list' 'Content-Type: text/plain' '' 'Unsubscribe by mail to the list.' '--list--'
} >partial.eml
openssl cms -sign -binary -in "$work/hello" -outform DER -out detached.p7s \
    -signer ../keys/alice@example.com.crt -inkey ../keys/alice@example.com.pem
cp "$work/hello" content.txt
openssl crl2pkcs7 -nocrl -certfile ../keys/alice@example.com.crt -outform DER -out certs-only.p7m
