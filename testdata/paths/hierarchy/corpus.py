"""The cases: what a validator is given and what it has to say, and the manifest of them."""

import json
from pathlib import Path

AT = "2026-07-01T12:00:00Z"

# What a validator is given, and what that is if a case does not say.
INPUTS = {
    "target": None,
    "trust": [],
    "intermediates": [],
    "crls": [],
    "at": AT,
    "purpose": "email",
    "policies": [],
    "flags": [],
}
FIELDS = ["id", "clause", "about", *INPUTS, "expect", "reason", "valid_policies", "neighbour"]
FIELDS += ["openssl", "because"]
SUFFIXES = {"target": "", "trust": "-anchor", "intermediates": "-issuer", "crls": ""}


class Corpus:
    def __init__(self):
        self.cases, self.files = {}, {}

    def accept(self, id, clause, about, like=None, **fields):
        """A path that holds. What is not said is as in the case that it is `like`."""
        self._add(id, about, like, {"clause": clause, "expect": "accept", **fields})

    def reject(self, id, reason, neighbour, about, **fields):
        """One that does not: as its neighbour, which does, but for one thing."""
        expected = {"expect": "reject", "reason": reason, "neighbour": neighbour}
        self._add(id, about, neighbour, {**expected, **fields})

    def _add(self, id, about, like, fields):
        assert id not in self.cases, f"two cases are {id}"
        unknown = set(fields) - set(FIELDS)
        assert not unknown, f"no field is {unknown}"
        inherited = self.cases[like] if like else INPUTS
        inherited = {key: inherited[key] for key in (*INPUTS, "clause") if key in inherited}
        self.cases[id] = {**inherited, "id": id, "about": about, **fields}

    def named(self):
        """The cases with file names in the place of the files, which are kept once each."""
        for case in self.cases.values():
            given = dict(case)
            for field, suffix in SUFFIXES.items():
                kind = "crl" if field == "crls" else "crt"
                if field == "target":
                    given[field] = self._file(f"{case['id']}", kind, case[field])
                else:
                    names = [self._file(case["id"] + suffix, kind, it) for it in case[field]]
                    given[field] = names
            yield given

    def _file(self, name, kind, octets):
        if octets not in self.files:
            taken = set(self.files.values())
            numbered = (f"{name}{'' if n == 1 else f'-{n}'}.{kind}" for n in range(1, 100))
            self.files[octets] = next(it for it in numbered if it not in taken)
        return self.files[octets]

    def write(self, directory):
        directory = Path(directory)
        manifest = self.manifest()
        files = directory / "files"
        files.mkdir(parents=True, exist_ok=True)
        for old in files.iterdir():
            old.unlink()
        for octets, name in self.files.items():
            (files / name).write_bytes(octets)
        (directory / "manifest.toml").write_text(manifest)

    def manifest(self):
        text = "# Written by make.py; README.md says what the fields mean.\n"
        for case in self.named():
            text += "\n[[case]]\n"
            for field in FIELDS:
                value = case.get(field)
                # `valid_policies` may be none, and that is something.
                is_usual = value == INPUTS.get(field) and field != "valid_policies"
                if value is not None and not is_usual:
                    # Strings, booleans and lists of them are the same in JSON and TOML.
                    text += f"{field} = {json.dumps(value, ensure_ascii=False)}\n"
        return text
