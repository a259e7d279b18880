#!/usr/bin/env bash
# Makes everything under testdata/ anew: a small PKI, a key directory of good and wrong
# certificates, PKCS#12 files, a DKIM key, and the mails. Needs openssl (3.0 or later) and python3,
# no network. With names of sections it makes those alone, and the rest stays what it was:
#
#   ./make.sh [authorities good forms algorithms several wrong p12 server dkim mail]
#
# What it makes is committed, so that tests run without it. Names, serials, dates and mails are
# fixed: another run differs in keys and signatures alone. Dates reach to 2199, for test
# certificates outlive the people who made them.
set -euo pipefail
cd "$(dirname "$0")"

BEGIN=20250101000000Z
END=21991231235959Z
PASSWORD='correct horse battery staple'
UNICODE_PASSWORD='pässwörd 🔑'

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/ca.cnf" <<CONF
[ca]
default_ca = this
[this]
database = $work/index
serial = $work/serial
new_certs_dir = $work
default_md = sha256
policy = anything
unique_subject = no
email_in_dn = yes
string_mask = utf8only
[anything]
organizationName = optional
commonName = optional
emailAddress = optional
[req]
distinguished_name = dn
[dn]
CONF
: >"$work/index"
echo 'unique_subject = no' >"$work/index.attr"

# key FILE ALGORITHM: an unencrypted PKCS#8 key; ALGORITHM is rsa:BITS, pss:BITS, ec:CURVE, ed25519 or
# x25519.
key() {
    case $2 in
        rsa:*) openssl genpkey -algorithm RSA -pkeyopt "rsa_keygen_bits:${2#rsa:}" -out "$1" ;;
        ec:*) openssl genpkey -algorithm EC -pkeyopt "ec_paramgen_curve:${2#ec:}" \
            -pkeyopt ec_param_enc:named_curve -out "$1" ;;
        pss:*) openssl genpkey -algorithm RSA-PSS -pkeyopt "rsa_keygen_bits:${2#pss:}" \
            -pkeyopt rsa_pss_keygen_md:sha256 -pkeyopt rsa_pss_keygen_mgf1_md:sha256 \
            -pkeyopt rsa_pss_keygen_saltlen:32 -out "$1" ;;
        ed25519) openssl genpkey -algorithm ED25519 -out "$1" ;;
        x25519) openssl genpkey -algorithm X25519 -out "$1" ;;
    esac 2>/dev/null
    chmod 600 "$1"
}

# issue ISSUER SERIAL SUBJECT KEY OUT BEGIN END EXTENSIONS: a certificate that pki/ISSUER signed,
# or a self-signed one where ISSUER is "self". EXTENSIONS has one extension a line.
issue() {
    local by=(-cert "pki/$1.crt" -keyfile "pki/$1.pem")
    [ "$1" != self ] || by=(-selfsign -keyfile "$4")
    echo "$2" >"$work/serial"
    printf '%s\n' "$8" >"$work/extensions"
    openssl req -new -config "$work/ca.cnf" -key "$4" -subj "$3" -utf8 -out "$work/request"
    openssl ca -config "$work/ca.cnf" "${by[@]}" -in "$work/request" -startdate "$6" -enddate "$7" \
        -extfile "$work/extensions" -preserveDN -batch -notext -out "$5" 2>"$work/log" ||
        { cat "$work/log" >&2; exit 1; }
}

IDENTIFIERS='subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid'
AUTHORITY="basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
$IDENTIFIERS"
EMAIL="basicConstraints = CA:FALSE
extendedKeyUsage = emailProtection
$IDENTIFIERS"
RSA_USAGE='keyUsage = critical,digitalSignature,keyEncipherment'
EC_USAGE='keyUsage = critical,digitalSignature,keyAgreement'

authority() { # NAME ISSUER SERIAL COMMON-NAME
    key "pki/$1.pem" rsa:2048
    issue "$2" "$3" "/O=mailseal tests/CN=$4" "pki/$1.pem" "pki/$1.crt" $BEGIN $END "$AUTHORITY"
}

# leaf NAME SERIAL ALGORITHM EXTENSIONS [BEGIN [END [SUBJECT]]]: keys/NAME@example.com.crt with the
# leaf first and then its intermediate, and the PKCS#8 key beside it.
leaf() {
    local address=$1@example.com
    key "keys/$address.pem" "$3"
    issue intermediate "$2" "${7:-/O=mailseal tests/CN=$1}" "keys/$address.pem" "$work/leaf.crt" \
        "${5:-$BEGIN}" "${6:-$END}" "$4"
    cat "$work/leaf.crt" pki/intermediate.crt >"keys/$address.crt"
}

san() { echo "subjectAltName = email:$1@example.com"; }

authorities() {
    rm -rf pki
    mkdir pki
    authority root self 01 'Root'
    authority intermediate root 02 'Intermediate'
    # An authority that nobody was told to trust.
    authority stranger self 03 'Stranger'
    openssl verify -CAfile pki/root.crt pki/intermediate.crt >/dev/null
}

# Good ones.
good() {
    leaf alice 1001 rsa:2048 "$EMAIL
$RSA_USAGE
$(san alice)"
    leaf bob 1002 rsa:3072 "$EMAIL
$RSA_USAGE
$(san bob)"
    leaf carol 1003 rsa:4096 "$EMAIL
$RSA_USAGE
$(san carol)"
    leaf dave 1004 ec:P-256 "$EMAIL
$EC_USAGE
$(san dave)"
    # RFC 8550 3: the address in the DN alone is recognised too.
    leaf dn-only 1005 rsa:2048 "$EMAIL
$RSA_USAGE" $BEGIN $END '/O=mailseal tests/CN=dn-only/emailAddress=dn-only@example.com'
    # RFC 8550 4.4.2: no key usage extension forbids nothing.
    leaf no-usage 1006 rsa:2048 "$EMAIL
$(san no-usage)"
    # Two addresses; the file is named after the second.
    leaf second 1007 rsa:2048 "$EMAIL
$RSA_USAGE
subjectAltName = email:first@example.com,email:second@example.com"
}

# Other forms of a private key.
forms() {
    leaf pkcs1 1010 rsa:2048 "$EMAIL
$RSA_USAGE
$(san pkcs1)"
    openssl rsa -in keys/pkcs1@example.com.pem -traditional -out "$work/key" 2>/dev/null
    cp "$work/key" keys/pkcs1@example.com.pem
    leaf sec1 1011 ec:P-256 "$EMAIL
$EC_USAGE
$(san sec1)"
    # As `openssl ecparam -genkey` writes it: the curve in a block of its own before the key.
    openssl ecparam -name prime256v1 >"$work/key"
    openssl ec -in keys/sec1@example.com.pem 2>/dev/null >>"$work/key"
    cp "$work/key" keys/sec1@example.com.pem
    leaf encrypted 1012 rsa:2048 "$EMAIL
$RSA_USAGE
$(san encrypted)"
    openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256 -passout "pass:$PASSWORD" \
        -in keys/encrypted@example.com.pem -out "$work/key"
    cp "$work/key" keys/encrypted@example.com.pem
    echo "$PASSWORD" >keys/encrypted@example.com.password
    chmod 600 keys/encrypted@example.com.password
    leaf scrypt 1013 ec:P-256 "$EMAIL
$EC_USAGE
$(san scrypt)"
    openssl pkcs8 -topk8 -scrypt -passout "pass:$PASSWORD" \
        -in keys/scrypt@example.com.pem -out "$work/key"
    cp "$work/key" keys/scrypt@example.com.pem
}

# Keys of other kinds.
algorithms() {
    leaf p384 1020 ec:P-384 "$EMAIL
$EC_USAGE
$(san p384)"
    leaf p521 1021 ec:P-521 "$EMAIL
$EC_USAGE
$(san p521)"
    leaf ed25519 200A ed25519 "$EMAIL
keyUsage = critical,digitalSignature
$(san ed25519)"
    # It cannot sign a request: another key does, and the certificate is issued again for this one.
    leaf x25519 1022 ec:P-256 "$EMAIL
keyUsage = critical,keyAgreement
$(san x25519)"
    key keys/x25519@example.com.pem x25519
    openssl pkey -in keys/x25519@example.com.pem -pubout -out "$work/public"
    python3 reissue.py keys/x25519@example.com.crt "$work/public" pki/intermediate.pem "$work/leaf.crt"
    cat "$work/leaf.crt" pki/intermediate.crt >keys/x25519@example.com.crt
    # RFC 4055 1.2: a key that its SubjectPublicKeyInfo restricts to PSS with SHA-256.
    leaf pss 1023 pss:2048 "$EMAIL
keyUsage = critical,digitalSignature
$(san pss)"
    # No subjectKeyIdentifier: such a recipient can only be named by issuer and serial number.
    leaf no-ski 1024 rsa:2048 "basicConstraints = CA:FALSE
extendedKeyUsage = emailProtection
subjectKeyIdentifier = none
authorityKeyIdentifier = keyid
$RSA_USAGE
$(san no-ski)"
}

# Several certificates of one address in one file, each with a key of its own; and an address of
# which there is nothing but PKCS#12.
several() {
    local receiving='keyUsage = critical,keyEncipherment'
    several_leaf 1031 rsa:2048 "$RSA_USAGE" 20200101000000Z 20201231235959Z
    several_leaf 1032 ec:P-256 'keyUsage = critical,digitalSignature'
    several_leaf 1033 rsa:2048 "$receiving"
    several_leaf 1034 rsa:2048 "$receiving"
    cat "$work"/103{1,2,3,4}.crt pki/intermediate.crt >keys/several@example.com.crt
    cat "$work"/103{2,1,3,4}.key >keys/several@example.com.pem
    chmod 600 keys/several@example.com.pem
    printf '{\n  "version": 1,\n  "capabilities": ["aes256-gcm", "aes128-gcm", "aes256-cbc"],\n  "preferred": "%s"\n}\n' \
        "$(openssl x509 -in "$work/1034.crt" -outform DER | sha256sum | cut -d' ' -f1)" \
        >keys/several@example.com.json

    leaf container 1035 ec:P-256 "$EMAIL
$EC_USAGE
$(san container)"
    openssl pkcs12 -export -in keys/container@example.com.crt -inkey keys/container@example.com.pem \
        -passout "pass:$PASSWORD" -out keys/container@example.com.p12
    chmod 600 keys/container@example.com.p12
    rm keys/container@example.com.{crt,pem}
}

# several_leaf SERIAL ALGORITHM USAGE [BEGIN [END]]: $work/SERIAL.crt and .key.
several_leaf() {
    key "$work/$1.key" "$2"
    issue intermediate "$1" '/O=mailseal tests/CN=several' "$work/$1.key" "$work/$1.crt" \
        "${4:-$BEGIN}" "${5:-$END}" "$EMAIL
$3
$(san several)"
}

# Wrong ones.
wrong() {
    leaf expired 2001 rsa:2048 "$EMAIL
$RSA_USAGE
$(san expired)" 20200101000000Z 20201231235959Z
    leaf future 2002 rsa:2048 "$EMAIL
$RSA_USAGE
$(san future)" 21900101000000Z $END
    leaf no-address 2003 rsa:2048 "$EMAIL
$RSA_USAGE"
    leaf other-address 2004 rsa:2048 "$EMAIL
$RSA_USAGE
$(san somebody.else)"
    leaf sign-only 2005 rsa:2048 "$EMAIL
keyUsage = critical,digitalSignature
$(san sign-only)"
    leaf encrypt-only 2006 rsa:2048 "$EMAIL
keyUsage = critical,keyEncipherment
$(san encrypt-only)"
    leaf server-only 2007 rsa:2048 "basicConstraints = CA:FALSE
extendedKeyUsage = serverAuth
$IDENTIFIERS
$RSA_USAGE
$(san server-only)"
    leaf rsa1024 2008 rsa:1024 "$EMAIL
$RSA_USAGE
$(san rsa1024)"
    leaf mismatch 2009 rsa:2048 "$EMAIL
$RSA_USAGE
$(san mismatch)"
    key keys/mismatch@example.com.pem rsa:2048
    leaf secp256k1 200B ec:secp256k1 "$EMAIL
$EC_USAGE
$(san secp256k1)"
    leaf garbage 200C rsa:2048 "$EMAIL
$RSA_USAGE
$(san garbage)"
    # A body of correct base64 that is no certificate.
    {
        echo '-----BEGIN CERTIFICATE-----'
        head -c 300 make.sh | openssl base64
        echo '-----END CERTIFICATE-----'
    } >keys/garbage@example.com.crt
}

# PKCS#12 files, as OpenSSL writes them: one a way of protection.
p12() {
    rm -rf p12
    mkdir p12
    export_p12 alice alice "$PASSWORD"
    export_p12 legacy alice "$PASSWORD" -legacy
    export_p12 no-mac dave "$PASSWORD" -nomac
    export_p12 plain dave "$PASSWORD" -keypbe NONE -certpbe NONE
    export_p12 bare dave "$PASSWORD" -keypbe NONE -certpbe NONE -nomac
    export_p12 empty dave ''
    export_p12 unicode dave "$UNICODE_PASSWORD"
    export_p12 unicode-legacy dave "$UNICODE_PASSWORD" -legacy
    local digest scheme
    for digest in sha1 sha224 sha384 sha512; do
        export_p12 "mac-$digest" dave "$PASSWORD" -macalg $digest
    done
    for scheme in 3DES 2DES RC2-128 RC2-40 RC4-128; do
        export_p12 "${scheme,,}" dave "$PASSWORD" -legacy -keypbe PBE-SHA1-$scheme -certpbe PBE-SHA1-$scheme
    done
    python3 make_pbmac1.py p12/no-mac.p12 p12/pbmac1.p12 "$PASSWORD"
    openssl base64 -d -in rfc9879-a1.txt -out p12/rfc9879-a1.p12
}

# export_p12 NAME WHOSE PASSWORD [OPTION…]: p12/NAME.p12 with key, certificate and intermediate.
export_p12() {
    local name=$1 address=$2@example.com password=$3
    shift 3
    openssl pkcs12 -export -in "keys/$address.crt" -inkey "keys/$address.pem" -name "$name" \
        -passout "pass:$password" -out "p12/$name.p12" "$@"
    chmod 600 "p12/$name.p12"
}

# The TLS server of the STARTTLS tests: localhost, by our root, and again by the stranger.
server() {
    key pki/server.pem rsa:2048
    SERVER="basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature,keyEncipherment
extendedKeyUsage = serverAuth
$IDENTIFIERS
subjectAltName = DNS:localhost,IP:127.0.0.1"
    issue root 3001 '/O=mailseal tests/CN=localhost' pki/server.pem pki/server.crt $BEGIN $END "$SERVER"
    issue stranger 3002 '/O=mailseal tests/CN=localhost' pki/server.pem pki/server-stranger.crt $BEGIN $END "$SERVER"
}

# The mail server's DKIM key: selector "lab", domain example.com. Other keys, and what is signed with them.
dkim() {
    key dkim/lab.pem rsa:2048
    openssl rsa -in dkim/lab.pem -traditional -out dkim/lab.private 2>/dev/null
    rm dkim/lab.pem
    chmod 600 dkim/lab.private
    printf 'v=DKIM1; k=rsa; p=%s\n' \
        "$(openssl rsa -in dkim/lab.private -pubout -outform DER 2>/dev/null | openssl base64 -A)" >dkim/lab.txt
    key dkim/rsa1024.pem rsa:1024
    key dkim/rsa1023.pem rsa:1023
    key dkim/ed25519.pem ed25519
    python3 make_dkim.py dkim/messages
}

mail() {
    python3 make_mail.py mail
}

if [ $# -eq 0 ]; then
    rm -rf keys
    set -- authorities good forms algorithms several wrong p12 server dkim mail
fi
mkdir -p keys dkim
for section; do
    "$section"
done
