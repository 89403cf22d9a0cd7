"""`generate` from outside (contract.md, Commands)."""

import json


def contents(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_the_same_arguments_give_the_same_bytes(run, home):
    for folder in ("a", "b"):
        run("generate", folder, "--students", "40", "--seed", "7", "--night", "3", "--oneroster", "1.2")
    run("generate", "c", "--students", "40", "--seed", "8", "--night", "3", "--oneroster", "1.2")
    assert contents(home / "a") == contents(home / "b")
    assert contents(home / "a") != contents(home / "c")


def test_it_says_what_was_written(run, home):
    rows = json.loads(run("generate", "a", "--students", "40", "--format", "json").stdout)
    counts = {row["file"]: row["rows"] for row in rows}
    assert set(counts) == set(contents(home / "a"))
    assert counts["users.csv"] > 40


def test_a_folder_with_other_files_is_left_alone(run, home):
    (home / "a").mkdir()
    (home / "a" / "thesis.txt").write_text("mine", encoding="utf-8")
    assert "holds other files" in run("generate", "a", code=2).stderr
    assert set(contents(home / "a")) == {"thesis.txt"}
