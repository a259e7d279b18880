#!/usr/bin/env python3
"""Makes files/ and manifest.toml: `make.py [DIRECTORY]`, by default beside this file.

Needs Python 3 and, for Ed25519, openssl; every run gives the same octets for the same keys.
"""

import sys
from pathlib import Path

sys.dont_write_bytecode = True

from hierarchy.cases import (
    anchors,
    authorities,
    constraints,
    encoding,
    mailbox_constraints,
    name_constraints,
    naming,
    partitions,
    policies,
    public_keys,
    purposes,
    revocation,
    signatures,
    validity,
)
from hierarchy.corpus import Corpus


def main():
    corpus = Corpus()
    for part in (
        signatures,
        public_keys,
        validity,
        naming,
        authorities,
        purposes,
        encoding,
        policies,
        constraints,
        mailbox_constraints,
        name_constraints,
        revocation,
        partitions,
        anchors,
    ):
        part.add(corpus)
    corpus.write(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
    print(f"{len(corpus.cases)} cases, {len(corpus.files)} files")


if __name__ == "__main__":
    main()
