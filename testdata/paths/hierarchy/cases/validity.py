"""The validity period (RFC 5280 4.1.2.5, 6.1.3 (a)(2)), to the second, at every level."""

from maker.der import generalized_time, utc_time

from ..certificates import path

LAST_SECOND = {
    "openssl": "reject",
    "because": "X509_cmp_time calls two equal times earlier: OpenSSL ends a second before",
}
FIRST, LAST = "20260301000000Z", "20270301000000Z"
LATE = "20991231235959Z"
LEVELS = {"leaf": "leaf_changes", "ca": "ca_changes", "root": "root_changes"}


def add(corpus):
    for level, changes in LEVELS.items():
        inputs = path(**{changes: {"begin": FIRST, "end": LAST}})
        corpus.accept(
            f"{level}-in-its-first-second",
            "4.1.2.5",
            f"the first second of the {level}'s period",
            **inputs,
            at="2026-03-01T00:00:00Z",
        )
        corpus.accept(
            f"{level}-in-its-last-second",
            "4.1.2.5",
            f"the last second of the {level}'s period",
            **inputs,
            at="2027-03-01T00:00:00Z",
            **LAST_SECOND,
        )
        corpus.reject(
            f"{level}-a-second-early",
            "not-yet-valid",
            f"{level}-in-its-first-second",
            f"a second before the {level}'s period",
            at="2026-02-28T23:59:59Z",
        )
        corpus.reject(
            f"{level}-a-second-late",
            "expired",
            f"{level}-in-its-last-second",
            f"a second after the {level}'s period",
            at="2027-03-01T00:00:01Z",
        )
    fractions(corpus)
    corpus.accept(
        "leaf-outlives-ca",
        "6.1.3 (a)(2)",
        "the leaf's period begins before the CA's and ends after it: each counts for itself",
        **path(ca_changes={"begin": FIRST, "end": LAST}),
    )
    bare_anchor(corpus)
    encodings(corpus)


def fractions(corpus):
    corpus.accept(
        "leaf-in-the-last-millisecond",
        "4.1.2.5",
        "the last second of the leaf's period, but for a millisecond over",
        like="leaf-in-its-last-second",
        at="2027-03-01T00:00:00.999Z",
        **LAST_SECOND,
    )
    corpus.reject(
        "leaf-a-millisecond-early",
        "not-yet-valid",
        "leaf-in-its-first-second",
        "a millisecond before the leaf's period",
        at="2026-02-28T23:59:59.999Z",
    )


def bare_anchor(corpus):
    corpus.accept(
        "bare-root-a-second-late",
        "6.1.1 (d)",
        "the root's period is over, and its limits have been taken off",
        like="root-in-its-last-second",
        at="2027-03-01T00:00:01Z",
        flags=["no-anchor-constraints"],
        openssl="reject",
        because="openssl verify has no flag that takes an anchor's limits off",
    )
    corpus.reject(
        "root-a-second-late-again",
        "expired",
        "bare-root-a-second-late",
        "its limits bind",
        flags=[],
    )


def encodings(corpus):
    """UTCTime to 2049, GeneralizedTime from 2050."""

    def ends(end):
        return path(leaf_changes={"end": end}, ca_changes={"end": LATE}, root_changes={"end": LATE})

    corpus.accept(
        "utc-time-49",
        "4.1.2.5.1",
        "UTCTime 49 is 2049",
        **ends(utc_time("491231235959Z")),
        at="2049-12-31T23:59:58Z",
    )
    corpus.reject(
        "utc-time-50",
        "expired",
        "utc-time-49",
        "UTCTime 50 is 1950",
        target=ends(utc_time("501231235959Z"))["target"],
    )
    corpus.accept(
        "generalized-time-2050",
        "4.1.2.5.2",
        "GeneralizedTime reaches past 2049",
        **ends(generalized_time("20500101000001Z")),
        at="2050-01-01T00:00:00Z",
    )
    corpus.reject(
        "generalized-time-1950",
        "expired",
        "generalized-time-2050",
        "GeneralizedTime of 1950",
        target=ends(generalized_time("19500101000000Z"))["target"],
    )
    corpus.accept(
        "generalized-time-2034",
        "4.1.2.5",
        "GeneralizedTime of a year that should be in UTCTime, as CAs have issued",
        **ends(generalized_time("20341231235959Z")),
    )
    corpus.accept(
        "no-end",
        "4.1.2.5",
        "99991231235959Z: no well-defined end",
        **ends(generalized_time("99991231235959Z")),
        at="2098-12-31T00:00:00Z",
    )
    corpus.accept(
        "utc-time",
        "4.1.2.5.1",
        "UTCTime with seconds and Z",
        **ends(utc_time("341231235959Z")),
    )
    for word, time, about in [
        ("utc-time-without-seconds", utc_time("3412312359Z"), "UTCTime without seconds"),
        ("utc-time-with-offset", utc_time("341231235959+0000"), "UTCTime with an offset, of zero"),
        ("utc-time-without-zone", utc_time("341231235959"), "UTCTime without Z"),
        ("utc-time-of-no-day", utc_time("340230235959Z"), "the 30th of February"),
    ]:
        corpus.reject(word, "malformed", "utc-time", about, target=ends(time)["target"])
    corpus.reject(
        "generalized-time-with-fraction",
        "malformed",
        "generalized-time-2034",
        "GeneralizedTime with a fraction of a second",
        target=ends(generalized_time("20341231235959.5Z"))["target"],
    )
