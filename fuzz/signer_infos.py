"""Writes each SignerInfo of the messages of testdata into a directory: seeds for signer_info."""

import hashlib
import sys
from pathlib import Path

sys.dont_write_bytecode = True
testdata = Path(__file__).resolve().parent.parent / "testdata"
sys.path.insert(0, str(testdata / "attacks"))

import email

from maker.der import children, read

for path in sorted((testdata / "attacks/messages").glob("1*.eml")):
    for part in email.message_from_bytes(path.read_bytes()).walk():
        if "pkcs7" not in part.get_content_type():
            continue
        try:
            signed = children(children(children(part.get_payload(decode=True))[1])[0])
            infos = children(signed[-1])
        except (IndexError, TypeError):
            continue
        for info in infos:
            if read(info)[0] == 0x30:
                name = hashlib.sha1(info).hexdigest()[:16]
                (Path(sys.argv[1]) / name).write_bytes(info)
