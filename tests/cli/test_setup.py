"""`init`, `doctor`, `trust-host` from outside (contract.md, Commands)."""

import asyncio
import os
import sqlite3
import stat
import threading

import asyncssh
import pytest

from rostersync.commands import interpreter

posix = pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")


class TestInit:
    def test_settings_state_and_reports_are_made_and_the_next_steps_said(self, run, home):
        said = run("init").stdout
        assert "[district]" in (home / "rostersync.toml").read_text(encoding="utf-8")
        for step in ("rostersync doctor", "rostersync sync --dry-run", "rostersync sync "):
            assert step in said
        with sqlite3.connect(home / "state.db") as state:
            assert state.execute("SELECT count(*) FROM roster_users").fetchone() == (0,)
        assert (home / "reports").is_dir()

    @posix
    def test_state_and_reports_are_for_their_owner_alone(self, run, home):
        run("init")
        assert stat.S_IMODE((home / "state.db").stat().st_mode) == 0o600
        assert stat.S_IMODE((home / "reports").stat().st_mode) == 0o700

    def test_a_folder_can_be_named(self, run, home):
        run("init", "new/district")
        assert (home / "new" / "district" / "state.db").exists()
        assert (home / "new" / "district" / "rostersync.toml").exists()
        assert not (home / "state.db").exists()

    def test_what_stands_is_kept_and_said_so(self, run, home):
        (home / "rostersync.toml").write_text('[state]\nurl = "sqlite:///mine.db"\n', encoding="utf-8")
        run("init")
        state = (home / "mine.db").read_bytes()
        said = run("init").stdout
        assert f"kept    {home / 'mine.db'}" in said
        assert "kept    rostersync.toml" in said
        assert "wrote" not in said
        assert (home / "mine.db").read_bytes() == state
        assert (home / "rostersync.toml").read_text(encoding="utf-8") == '[state]\nurl = "sqlite:///mine.db"\n'

    @pytest.mark.parametrize("content", [b"", b"not a state" * 100])
    def test_a_file_in_the_place_of_the_state_is_never_replaced(self, run, home, content):
        (home / "state.db").write_bytes(content)
        assert "state.db" in run("init", code=2).stderr
        assert (home / "state.db").read_bytes() == content

    def test_a_new_state_beside_reports_of_earlier_runs_is_warned_of(self, run, home):
        run("init")
        (home / "reports" / "20261121T213000Z").mkdir()
        (home / "state.db").unlink()
        said = run("init").stderr
        assert "restore its backup" in said
        assert "20261121T213000Z" in said

    def test_kept_settings_with_mistakes_make_no_state(self, run, home):
        (home / "rostersync.toml").write_text("[polcy]\n", encoding="utf-8")
        assert "the nearest known key is policy" in run("init", code=2).stderr
        assert not (home / "state.db").exists()

    def test_a_folder_that_is_a_file_is_refused(self, run, home):
        (home / "file").write_text("mine", encoding="utf-8")
        assert "cannot be written" in run("init", "file", code=2).stderr
        assert [path.name for path in home.iterdir()] == ["file"]

    def test_a_mistake_in_the_environment_leaves_nothing_behind(self, run, home):
        assert "ROSTERSYNC_POLCY" in run("init", environ={"ROSTERSYNC_POLCY": "1"}, code=2).stderr
        assert list(home.iterdir()) == []

    def test_a_folder_and_a_settings_file_at_once_are_refused(self, run):
        assert "either DIR or --config" in run("-c", "x.toml", "init", "d", code=2).stderr


class TestDoctor:
    def test_all_is_well(self, run, district):
        lines = run("doctor").stdout.splitlines()
        names = [line.split()[1] for line in lines]
        assert names == ["configuration", "python", "state", "permissions", "folder", "messages", "reports"]
        python = lines.pop(1)
        assert python.split()[0] == ("warn" if interpreter.holes_of(interpreter.running()) else "ok")
        assert [line.split()[0] for line in lines] == ["ok"] * len(lines)
        assert "users.csv" in lines[3]

    def test_the_exit_code_is_that_of_the_first_failure(self, run, district):
        (district / "oneroster" / "users.csv").rename(district / "users.csv")
        for file in (district / "oneroster").iterdir():
            file.unlink()
        failed = [line for line in run("doctor", code=3).stdout.splitlines() if line.startswith("failed")]
        assert len(failed) == 1
        (district / "state.db").unlink()
        failed = [line for line in run("doctor", code=2).stdout.splitlines() if line.startswith("failed")]
        assert [line.split()[1] for line in failed] == ["state", "folder"]

    def test_mistakes_in_the_settings_are_all_named(self, run, district):
        (district / "rostersync.toml").write_text("[polcy]\n[stat]\n", encoding="utf-8")
        done = run("doctor", code=2)
        assert done.stdout.split()[:2] == ["failed", "configuration"]
        assert done.stderr.count("rostersync: error: ") == 2

    @posix
    def test_a_state_that_others_can_read_is_named(self, run, district):
        (district / "state.db").chmod(0o644)
        assert "chmod 600" in run("doctor", code=2).stdout

    def test_a_damaged_state_is_named_where_no_query_meets_the_damage(self, run, district):
        state = district / "state.db"
        with sqlite3.connect(state) as connection:
            size = connection.execute("PRAGMA page_size").fetchone()[0]
            page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'guardianships'").fetchone()[0]
        connection.close()
        content = bytearray(state.read_bytes())
        content[(page - 1) * size : page * size] = b"\xff" * size
        state.write_bytes(content)
        lines = run("doctor", code=2).stdout.splitlines()
        assert any(line.startswith("failed  state") and "rostersync state restore" in line for line in lines)
        assert state.read_bytes() == content

    def test_a_report_folder_that_is_none_is_named(self, run, district):
        (district / "reports").rmdir()
        (district / "reports").write_text("", encoding="utf-8")
        lines = run("doctor", code=2).stdout.splitlines()
        assert lines[-1].split()[:2] == ["failed", "reports"]

    def test_a_missing_secret_is_named(self, run, district):
        write_sftp(district, 22)
        done = run("doctor", environ={"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}, code=2)
        assert "ROSTERSYNC_SOURCE__PASSWORD" in done.stdout

    def test_a_server_that_is_not_there_is_named(self, run, district):
        write_sftp(district, 1)
        done = run("doctor", environ={"ROSTERSYNC_SOURCE__PASSWORD": "canary-1"}, code=3)
        assert "failed" in done.stdout
        assert "canary-1" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("release", "advisories"),
    [
        ((3, 11, 7), ["CVE-2024-0450", "CVE-2025-8291"]),
        ((3, 11, 13), ["CVE-2025-8291"]),
        ((3, 11, 14), []),
        ((3, 12, 1), ["CVE-2024-0450", "CVE-2025-8291"]),
        ((3, 12, 12), []),
        ((3, 13, 9), ["CVE-2025-8291"]),
        ((3, 14, 1), []),
        ((3, 15, 0), []),
        ((3, 10, 99), ["CVE-2024-0450", "CVE-2025-8291"]),
    ],
)
def test_an_interpreter_with_known_holes_is_named_with_the_release_that_mends_them(release, advisories):
    found = interpreter.holes_of(release)
    assert [hole.advisory for hole in found] == advisories
    said = interpreter.said(release, found)
    assert ".".join(map(str, release)) in said
    assert all(advisory in said for advisory in advisories)
    assert ("update Python" in said) == bool(advisories)
    if release == (3, 11, 7):
        assert "mended in 3.11.14" in said


@pytest.fixture(scope="module")
def server():
    """An SSH server on loopback that lets nobody in: its port and the fingerprint of its key."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def listen():
        return await asyncssh.listen("127.0.0.1", 0, server_host_keys=[key])

    acceptor = asyncio.run_coroutine_threadsafe(listen(), loop).result(timeout=20)
    yield acceptor.get_port(), key.get_fingerprint()
    loop.call_soon_threadsafe(acceptor.close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(timeout=20)


def write_sftp(folder, port):
    (folder / "rostersync.toml").write_text(
        f'[source]\nkind = "sftp"\nhost = "127.0.0.1"\nport = {port}\nusername = "sis"\npath = "out"\n'
        "timeout = 5\nretries = 0\n",
        encoding="utf-8",
    )


class TestTrustHost:
    @pytest.fixture(autouse=True)
    def settings(self, home, server):
        write_sftp(home, server[0])

    def test_the_key_is_shown_and_pinned_after_a_yes(self, run, home, server):
        port, fingerprint = server
        done = run("trust-host", stdin="y\n")
        assert f"[127.0.0.1]:{port} shows ssh-ed25519 {fingerprint}" in done.stdout
        assert "Pin this key? [y/N]" in done.stderr
        assert (home / "known_hosts").read_text(encoding="utf-8").startswith(f"[127.0.0.1]:{port} ssh-ed25519 ")
        assert "pinned already" in run("trust-host").stdout

    @pytest.mark.parametrize("answer", ["n\n", "\n", ""], ids=["no", "return", "nobody"])
    def test_nothing_is_pinned_without_a_yes(self, run, home, answer):
        assert "not pinned; nothing was changed" in run("trust-host", stdin=answer, code=3).stderr
        assert not (home / "known_hosts").exists()

    def test_the_yes_can_be_given_beforehand(self, run, home):
        run("trust-host", "--yes")
        assert (home / "known_hosts").exists()

    def test_a_changed_key_is_said_to_have_changed(self, run, home, server):
        run("trust-host", "--yes")
        pinned = (home / "known_hosts").read_text(encoding="utf-8")
        other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().split()[1]
        changed = pinned.replace(pinned.split()[2], other)
        (home / "known_hosts").write_text(changed, encoding="utf-8")
        done = run("trust-host", stdin="n\n", code=3)
        assert "Pinned until now: ssh-ed25519 SHA256:" in done.stdout
        assert "CHANGED" in done.stdout
        assert (home / "known_hosts").read_text(encoding="utf-8") == changed

    def test_a_server_that_is_not_there_is_exit_3(self, run, home):
        write_sftp(home, 1)
        assert "127.0.0.1" in run("trust-host", "--yes", code=3).stderr

    def test_a_folder_has_no_host_key(self, run, home):
        (home / "rostersync.toml").write_text('[source]\nkind = "folder"\npath = "x"\n', encoding="utf-8")
        assert "only sftp has a host key" in run("trust-host", code=2).stderr
