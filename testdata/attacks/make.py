#!/usr/bin/env python3
"""Makes messages/ and manifest.toml: `make.py [DIRECTORY]`, by default beside this file.

Needs Python 3 and, for Ed25519, openssl; every run gives the same octets for the same keys.
"""

import sys
from pathlib import Path

sys.dont_write_bytecode = True

from maker.cases import (
    attributes,
    certificates,
    content,
    exchanged,
    integrity,
    limits,
    mail,
    pkcs12,
    recipients,
    senders,
    signers,
)
from maker.corpus import Corpus


def main():
    corpus = Corpus()
    parts = (
        attributes,
        exchanged,
        signers,
        certificates,
        mail,
        senders,
        content,
        integrity,
        recipients,
        limits,
        pkcs12,
    )
    for part in parts:
        part.add(corpus)
    corpus.write(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
    print(f"{len(corpus.cases)} cases, {len(corpus.files)} messages")


if __name__ == "__main__":
    main()
