"""Throws mutated bytes at a target for some time: `python -m tests.fuzzing.engine importer --seconds 900`.

With atheris (`pip install atheris`; Linux and macOS) the mutations follow the branches that they reach; without it they
are made here, blindly. Whatever breaks a promise is written to tests/fuzzing/cases/, where the test suite reads it
from then on; mend the reader, and commit both.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from tempfile import mkdtemp

from tests import figures

CASES = Path(__file__).parent / "cases"
TOKENS = [
    *(b'"', b'""', b",", b"\n", b"\r\n", b"\r", b"\0", b";", b"\t", b"=1+1", b"\xef\xbb\xbf", b"\xff\xfe", b"\x80"),
    *(
        "\u200b",
        "\u202e",
        "e\u0301",
        "\u00e9",
        "\uff11",
        "\uff20",
        "\u0430",
        "\u2028",
        "NULL",
        "local:x",
        "tobedeleted",
    ),
    *(b"\xed\xa0\x80", b"S1", b"P1", b"x" * 300, b"a@b.c", b"+12065550100", b"2026-02-30", b"true", b"delta", b"bulk"),
    *(b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"../", b"\xff\xff\xff\xff", b"\xff\xff"),
]
WORDS = [each.encode() if isinstance(each, str) else each for each in TOKENS]


TOLD_EVERY = 200
BLIND = "blind mutations"


class Watched:
    """A target with a record of what came of it: outcomes counted, each new way to break kept as a case."""

    def __init__(self, name: str, engine: str, target: Callable[[bytes], str], seconds: float) -> None:
        self.name, self.engine, self.begun = name, engine, time.monotonic()
        self.until = self.begun + seconds
        self.outcomes: Counter[str] = Counter()
        self._target = target
        self._seen: set[str] = set()

    def __call__(self, data: bytes) -> None:
        if self.over and self.engine == BLIND:
            raise TimeoutError
        try:
            self.outcomes[self._target(data)] += 1
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
            self.outcomes["broken"] += 1
            frame = traceback.extract_tb(error.__traceback__)[-1]
            way = f"{type(error).__name__} {Path(frame.filename).name}:{frame.lineno}"
            if way not in self._seen:
                self._seen.add(way)
                CASES.mkdir(exist_ok=True)
                kept = CASES / f"{self.name}-{hashlib.sha256(data).hexdigest()[:12]}"
                kept.write_bytes(data)
                sys.stderr.write(f"{way}: {error}; kept as {kept.name}\n")
        if self.outcomes.total() % TOLD_EVERY == 0:  # atheris ends the process itself
            self.tell()

    def tell(self) -> None:
        """Writes the figures so far (tests/figures.py), and the same to stderr."""
        told = {"inputs": self.outcomes.total(), **self.outcomes, "seconds": round(time.monotonic() - self.begun)}
        figures.write(f"fuzzing {self.name}, {self.engine}", told, replace=True)
        if self.over:
            sys.stderr.write(f"{self.name}, {self.engine}: {told}\n")

    @property
    def over(self) -> bool:
        return time.monotonic() > self.until


def blindly(watched: Callable[[bytes], object], starts: list[bytes], seed: int) -> None:
    """Mutations by chance alone, for ever: some bytes or words put in, taken out, moved, repeated."""
    chance = random.Random(seed)
    while True:
        data = bytearray(chance.choice(starts))
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(data) + 1)
            end = min(len(data), at + chance.choice((1, 2, 8, 40)))
            piece = chance.choice((b"", chance.choice(WORDS), chance.randbytes(2), bytes(data[at:end]) * 2))
            data[at : end if chance.random() < 0.7 else at] = piece
        watched(bytes(data))


def with_atheris(watched: Watched, starts: list[bytes]) -> None:
    """Mutations that follow the branches of the readers, which must not be imported before."""
    import atheris

    corpus = Path(mkdtemp(prefix="corpus-"))
    for number, start in enumerate(starts):
        (corpus / f"{number:02d}").write_bytes(start)
    words = corpus.with_name(f"{corpus.name}.dict")
    words.write_text(
        "".join(f'"{"".join(f"{chr(92)}x{byte:02X}" for byte in word)}"\n' for word in WORDS if len(word) < 64)
    )
    seconds = max(1, int(watched.until - time.monotonic()))
    options = [
        f"-max_total_time={seconds}",
        "-max_len=4096",
        "-len_control=0",
        "-timeout=600",
        f"-artifact_prefix={corpus}/",
        "-rss_limit_mb=4096",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *options, f"-dict={words}", str(corpus)], lambda data: watched(bytes(data)))
    atheris.Fuzz()


def main() -> None:
    """Reads the arguments and fuzzes."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("target", choices=("importer", "archive"))
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--blindly", action="store_true", help="Without atheris.")
    given = options.parse_args()
    engine = BLIND
    if not given.blindly:
        try:
            import atheris
        except ImportError:
            sys.stderr.write("atheris is not there (pip install atheris): mutations are blind\n")
        else:
            engine = f"atheris {metadata.version('atheris')}"
            with atheris.instrument_imports(include=["rostersync", "zipfile", "csv"]):
                from tests.fuzzing import targets
    from tests.fuzzing import targets

    watched = Watched(given.target, engine, targets.TARGETS[given.target], given.seconds)
    if engine.startswith("atheris"):
        with_atheris(watched, targets.seeds(given.target))
    else:
        with contextlib.suppress(TimeoutError):
            blindly(watched, targets.seeds(given.target), given.seed)
        watched.tell()


if __name__ == "__main__":
    main()
