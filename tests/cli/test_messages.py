"""Templates of messages from outside: `doctor` and `sync` name what is wrong with one."""

import json

from rostersync.messages import DEFAULTS

NAME = "contact-updated.email.txt.j2"


def own(district, content):
    (district / "templates").mkdir()
    (district / "templates" / NAME).write_text(content, encoding="utf-8")


def test_doctor_says_where_the_wording_comes_from(run, district):
    (line,) = [line for line in run("doctor").stdout.splitlines() if line.split()[1] == "messages"]
    assert str(DEFAULTS) in line
    own(district, "Hello {{ given_name }}")
    (line,) = [line for line in run("doctor").stdout.splitlines() if line.split()[1] == "messages"]
    assert NAME in line


def test_a_wrong_template_is_exit_2_with_file_and_line(run, district):
    own(district, "Hello\n{{ given_nmae }}")
    (line,) = [line for line in run("doctor", code=2).stdout.splitlines() if line.startswith("failed")]
    assert line.split()[1] == "messages"
    assert f"{NAME}, line 2: there is no variable given_nmae, the nearest is given_name" in line
    for command in (["sync"], ["sync", "--dry-run"]):
        said = run(*command, code=2).stderr
        assert f"{NAME}, line 2" in said
    assert list((district / "reports").iterdir()) == []
    assert json.loads(run("runs", "list", "--format", "json").stdout) == []
