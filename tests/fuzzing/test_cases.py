"""What an engine found once stays mended; and a short run of blind mutations each time (tests/fuzzing/engine.py)."""

from __future__ import annotations

import pytest

from tests import figures
from tests.fuzzing import engine, targets

KEPT = sorted(path.name for path in engine.CASES.iterdir())
INPUTS = {"importer": 40, "archive": 1500}


@pytest.mark.parametrize("name", KEPT)
def test_what_was_found_once_stays_mended(name):
    target = targets.TARGETS[name.partition("-")[0]]
    assert target((engine.CASES / name).read_bytes()) in {"refused", "read"}


@pytest.mark.parametrize("name", targets.TARGETS)
def test_mutated_bytes_are_read_or_refused_in_a_line(name):
    count = 0

    class Enough(Exception):
        pass

    def counted(data: bytes) -> str:
        nonlocal count
        count += 1
        if count > INPUTS[name]:
            raise Enough
        return targets.TARGETS[name](data)

    with pytest.raises(Enough):
        engine.blindly(counted, targets.seeds(name), seed=7)
    figures.write(f"mutated bytes, {name}", {"inputs": INPUTS[name]})


@pytest.mark.parametrize("name", targets.TARGETS)
def test_every_seed_is_sound(name):
    assert {targets.TARGETS[name](seed) for seed in targets.seeds(name)} == {"read"}
