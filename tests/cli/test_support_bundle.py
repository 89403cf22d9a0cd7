"""`support-bundle` from outside: it helps, and nobody is in it."""

import csv
import io
import json
import re
import sqlite3
import stat
import zipfile
from collections import Counter
from contextlib import closing

import pytest

WORD = re.compile(r"[^\W_]+")
VALUES = {
    "users": (
        "id", "sis_given_name", "sis_family_name", "sis_email", "sis_sms", "sis_telephone", "sis_mobile", "sis_phone",
        "identifier", "username", "middle_name", "user_ids", "preferred_given_name",
    ),
    "accounts": ("given_name", "family_name", "email", "mobile", "phone"),
    "outbox": ("address", "body"),
    "orgs": ("sourced_id", "name", "identifier"),
    "classes": ("id", "title", "sis_title"),
    "changes": ("before", "after"),
    "findings_ledger": ("value", "message"),
}  # fmt: skip


def rows(folder, query):
    with closing(sqlite3.connect(f"file:{folder / 'state.db'}?mode=ro", uri=True)) as state:
        return state.execute(query).fetchall()


def parts(file):
    with zipfile.ZipFile(file) as bundle:
        return {name: bundle.read(name).decode() for name in bundle.namelist()}


def table(bundle, name):
    return list(csv.DictReader(io.StringIO(bundle[f"extract/{name}.csv"], newline="")))


@pytest.fixture
def lived(run, synced):
    """Two nights, an edit, findings, a setting for one school, and secrets in the environment."""
    run("generate", "second", "--students", "60", "--night", "2")
    with (synced / "second" / "users.csv").open("a", encoding="utf-8") as file:
        file.write("gbad,,,true,school-001,parent,baduser,,Wrongmail,Zzyzx,,,no mail at zzyzx,,,s0000001,,\r\n")
    run("--quiet", "sync", "--source", "second")
    ((guardian,),) = rows(synced, "SELECT min(id) FROM users WHERE role = 'guardian'")
    run("users", "accept", guardian)
    run("users", "edit", guardian, "--family-name", "Editedfamily", "--by", "self")
    with (synced / "rostersync.toml").open("a") as file:
        file.write('\n[policy.schools."school-001"]\nabandoned_families = "extreme"\n')
    return synced


SECRETS = {
    "ROSTERSYNC_SOURCE__KIND": "sftp",
    "ROSTERSYNC_SOURCE__HOST": "sftp.hidden.example.org",
    "ROSTERSYNC_SOURCE__USERNAME": "jane.hidden",
    "ROSTERSYNC_SOURCE__PASSWORD": "hunter2hidden",
}


def test_no_name_address_or_number_of_the_state_is_in_it(run, lived):
    run("support-bundle", "help.zip", environ=SECRETS)
    bundle = parts(lived / "help.zip")
    texts = [
        cell
        for name, text in bundle.items()
        if name.endswith(".csv")
        for row in csv.reader(io.StringIO(text, newline=""))
        for cell in row
    ]
    texts += [text for name, text in bundle.items() if not name.endswith(".csv")]
    whole = "\n".join(texts).casefold()
    words = set(WORD.findall(whole))
    checked = 0
    for source, columns in VALUES.items():
        for column in columns:
            for (value,) in rows(lived, f"SELECT DISTINCT {column} FROM {source} WHERE {column} IS NOT NULL"):
                if len(value) > 4 and not value.isalpha():
                    assert value.casefold() not in whole, f"{source}.{column}"
                    checked += 1
    for source, column in (("users", "sis_given_name"), ("users", "sis_family_name"), ("accounts", "family_name")):
        for (value,) in rows(lived, f"SELECT DISTINCT {column} FROM {source}"):
            for word in WORD.findall((value or "").casefold()):
                assert word not in words, f"{source}.{column}"
                checked += 1
    assert checked > 500
    for (phone,) in rows(lived, "SELECT mobile FROM accounts WHERE mobile IS NOT NULL"):
        assert phone[-7:] not in whole
    for hidden in ("hidden", "hunter2", "zzyzx", "editedfamily", str(lived).casefold()):
        assert hidden not in whole


def test_no_id_of_the_state_is_in_it_be_it_a_number(run, lived):
    """Account numbers stand in listings and views too: they would name everybody."""
    run("support-bundle", "bundle.zip")
    bundle = parts(lived / "bundle.zip")
    users, accounts = table(bundle, "users"), table(bundle, "accounts")
    numbers = {str(number) for (number,) in rows(lived, "SELECT account_id FROM accounts")}
    words = {row["account_id"] for row in users}
    assert not words & numbers
    assert words == {row["account_id"] for row in accounts}, "who shares one can still be seen"


def test_shapes_and_duplicates_stay(run, lived):
    said = run("support-bundle", "help.zip").stdout
    assert said.strip() == str(lived / "help.zip")
    assert stat.S_IMODE((lived / "help.zip").stat().st_mode) == 0o600
    bundle = parts(lived / "help.zip")
    users = table(bundle, "users")
    for column in ("sis_email", "sis_mobile", "sis_family_name", "school_ids", "role", "roster_status"):
        told = Counter(row[column] for row in users if row[column])
        stored = Counter(value for (value,) in rows(lived, f"SELECT {column} FROM users") if value)
        assert sorted(told.values()) == sorted(stored.values()), column
    shapes = {row["sis_email_shape"] for row in users}
    assert all(re.fullmatch(r"[~^*#@.+_-]*", shape) for shape in shapes)
    joined = {row["account_id"]: row["email"] for row in table(bundle, "accounts")}
    same = sum(joined[row["account_id"]] == row["sis_email"] for row in users)
    assert (
        same
        == rows(lived, "SELECT count(*) FROM users u JOIN accounts a USING (account_id) WHERE a.email IS u.sis_email")[
            0
        ][0]
    )
    ids = {row["id"] for row in users}
    assert len(ids) == len(users)
    assert {row["student_id"] for row in table(bundle, "guardianships")} <= ids
    assert len(table(bundle, "enrollments")) == rows(lived, "SELECT count(*) FROM enrollments")[0][0]
    assert any(row["code"] == "INVALID_EMAIL" for row in table(bundle, "findings_ledger"))


def test_settings_versions_and_runs_are_told(run, lived):
    run("support-bundle", "help.zip", environ=SECRETS)
    bundle = parts(lived / "help.zip")
    settings = json.loads(bundle["settings.json"])
    assert settings["source"]["kind"] == "sftp"
    assert settings["source"]["password"] == settings["source"]["host"] == "(set)"
    assert settings["source"]["key_file"] is None
    ((school, own),) = settings["policy"]["schools"].items()
    assert school in {row["sourced_id"] for row in table(bundle, "orgs")}
    assert own["abandoned_families"] == "extreme"
    runs = json.loads(bundle["runs.json"])
    assert [each["status"] for each in runs] == ["applied", "applied"]
    assert runs[1]["summary"]["counts"]["users"]["added"] > 60
    about = json.loads(bundle["about.json"])
    assert about["schema"] == 4
    assert about["users_in_extract"] == about["rows"]["users"]


def test_two_bundles_use_other_words(run, lived):
    run("support-bundle", "one.zip")
    run("support-bundle", "two.zip")
    mails = [
        {row["account_id"]: row["email"] for row in table(parts(lived / name), "accounts")}
        for name in ("one.zip", "two.zip")
    ]
    assert mails[0] != mails[1]


def test_a_file_that_is_there_stays_and_a_lost_state_is_said(run, lived):
    (lived / "mine.zip").write_text("mine")
    assert "left as it is" in run("support-bundle", "mine.zip", code=2).stderr
    assert (lived / "mine.zip").read_text() == "mine"
    run("support-bundle", "nowhere/x.zip", code=2)
    run("support-bundle")
    assert len(list(lived.glob("rostersync-support-*.zip"))) == 1
    (lived / "state.db").unlink()
    assert "missing" in run("support-bundle", "x.zip", code=2).stderr
    assert not (lived / "x.zip").exists()
