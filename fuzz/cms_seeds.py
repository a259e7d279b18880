"""cms_seeds.py DIRECTORY objects|signer_infos: seeds out of the messages of testdata/attacks.

The CMS objects are the parts without their base64, which a fuzzer does not see through.
"""

import email
import hashlib
import sys
from pathlib import Path

sys.dont_write_bytecode = True
TESTDATA = Path(__file__).resolve().parent.parent / "testdata"
sys.path.insert(0, str(TESTDATA / "attacks"))

from maker.der import children


def objects():
    for path in sorted((TESTDATA / "attacks/messages").glob("*.eml")):
        for part in email.message_from_bytes(path.read_bytes()).walk():
            if "pkcs7" in part.get_content_type() and not part.is_multipart():
                yield part.get_payload(decode=True)


def signer_infos():
    for found in objects():
        try:
            signed = children(children(children(found)[1])[0])
            yield from (info for info in children(signed[-1]) if info[0] == 0x30)
        except IndexError:
            # It is another content type, or malformed as it is meant to be.
            continue


for seed in {"objects": objects, "signer_infos": signer_infos}[sys.argv[2]]():
    (Path(sys.argv[1]) / hashlib.sha1(seed).hexdigest()[:16]).write_bytes(seed)
