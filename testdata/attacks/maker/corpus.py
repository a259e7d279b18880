"""The cases: each a message and what has to come of it, and the manifest that says so."""

import json
from pathlib import Path

# The order of the fields in the manifest.
FIELDS = [
    "file",
    "attack",
    "about",
    "command",
    "arguments",
    "exit",
    "verdict",
    "coverage",
    "integrity",
    "signature",
    "chain",
    "address",
    "output",
    "says",
    "never",
    "alike",
]


class Corpus:
    def __init__(self):
        self.cases, self.files = [], {}

    def case(
        self, file, attack, about, message, command="verify", arguments=(), exit=1, **expected
    ):
        """One case, or its control where exit is 0.

        A message of None is the one that another case of the same file has brought.
        """
        if message is not None:
            assert self.files.setdefault(file, message) == message, f"two messages are {file}"
        assert file in self.files, f"no message is {file}"
        expected.setdefault("output", command == "open" and exit == 0)
        case = {
            "file": file,
            "attack": attack,
            "about": about,
            "command": command,
            "arguments": list(arguments),
            "exit": exit if isinstance(exit, list) else [exit],
            **expected,
        }
        unknown = set(case) - set(FIELDS)
        assert not unknown, f"no field is {unknown}"
        self.cases.append(case)

    def invalid(self, file, attack, about, message, **expected):
        """A signature that `verify` must not take for valid."""
        expected.setdefault("verdict", "invalid")
        self.case(file, attack, about, message, **expected)

    def valid(self, file, attack, about, message, **expected):
        """A control: the nearest message that must be taken."""
        self.case(file, attack, about, message, exit=0, **{"verdict": "valid", **expected})

    def opens(self, file, attack, about, message, arguments, **expected):
        """A control of `open`."""
        self.case(file, attack, about, message, "open", arguments, 0, **expected)

    def stays_shut(self, file, attack, about, message, arguments, exit, **expected):
        """A message that `open` must give nothing of."""
        self.case(file, attack, about, message, "open", arguments, exit, **expected)

    def write(self, directory):
        directory = Path(directory)
        messages = directory / "messages"
        messages.mkdir(parents=True, exist_ok=True)
        for old in messages.iterdir():
            old.unlink()
        for file, message in self.files.items():
            (messages / file).write_bytes(message)
        (directory / "manifest.toml").write_text(self.manifest())

    def manifest(self):
        text = "# Written by make.py; README.md says what the fields mean.\n"
        for case in self.cases:
            text += "\n[[case]]\n"
            for field in FIELDS:
                value = case.get(field)
                if value not in (None, [], ()):
                    # Strings, numbers, booleans and lists of them are the same in JSON and TOML.
                    text += f"{field} = {json.dumps(value)}\n"
        return text
