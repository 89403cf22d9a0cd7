"""A server or a network that misbehaves: what is tried again, what is not, and that nothing is left."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import threading
import time

import asyncssh
import pytest
from pydantic import SecretStr

from rostersync.errors import ImportRefused, SourceError
from rostersync.sources import fetch, host_keys
from tests.sources import faults, sshd
from tests.sources.test_folder import Watcher

CONTENT = random.Random(3).randbytes(2_500_000)


@pytest.fixture(autouse=True)
def nothing_is_left_behind(staging):
    yield
    assert list(staging.iterdir()) == []


def fetched(source, staging):
    """Contents by name."""
    with fetch(source, staging=staging) as delivery:
        return {file.name: file.path.read_bytes() for file in delivery.files}


def refused(source, staging, error=SourceError):
    """The one line said."""
    with pytest.raises(error) as caught, fetch(source, staging=staging):
        pass
    assert str(caught.value).isprintable()
    assert caught.value.exit_code == error.exit_code
    return str(caught.value)


# Trust


def test_a_password_login_over_safe_algorithms(faulty, staging):
    assert fetched(faulty.source(), staging) == {"users.csv": b"sourcedId\nS1\n"}
    assert faulty.passwords == [faults.PASSWORD]
    assert faulty.ciphers == ["aes128-gcm@openssh.com"]


def test_an_unknown_server_gets_not_even_a_connection(faulty, staging):
    faulty.known_hosts.unlink()
    said = refused(faulty.source(), staging)
    assert f"127.0.0.1:{faulty.port}" in said
    assert "rostersync trust-host" in said
    assert faulty.connections == 0


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256"])
def test_a_changed_key_gets_no_credential_and_no_second_try(faulty, staging, kind):
    shown = host_keys.offered_key("127.0.0.1", faulty.port, 5)
    other = faults.public_key(asyncssh.generate_private_key(kind))
    faults.pin_line(faulty.known_hosts, faulty.port, other)
    seen = faulty.connections
    said = refused(faulty.source(), staging)
    assert shown.fingerprint_sha256 in said
    assert other.fingerprint_sha256 in said
    assert f"127.0.0.1:{faulty.port}" in said
    assert "rostersync trust-host" in said
    assert faulty.connections == seen + 1
    assert faulty.logins == []
    assert faulty.passwords == []


def test_pinned_keys_that_anybody_may_change_are_not_believed(faulty, staging):
    faulty.known_hosts.chmod(0o646)
    assert "chmod o-w" in refused(faulty.source(), staging)
    assert faulty.connections == 0
    faulty.known_hosts.chmod(0o644)
    assert "users.csv" in fetched(faulty.source(), staging)


def test_a_wrong_password_is_tried_once_and_never_shown(faulty, staging):
    said = refused(faulty.source(password=SecretStr("wrong horse")), staging)
    assert f"127.0.0.1:{faulty.port} does not let 'district' in with the password" in said
    assert "wrong horse" not in said
    assert faulty.passwords == ["wrong horse"]
    assert faulty.connections == 1


@pytest.mark.parametrize(
    "weak",
    [
        {"encryption_algs": ["aes128-cbc"]},
        {"encryption_algs": ["3des-cbc"]},
        {"mac_algs": ["hmac-sha1"], "encryption_algs": ["aes128-ctr"]},
        {"mac_algs": ["hmac-md5"], "encryption_algs": ["aes128-ctr"]},
        {"kex_algs": ["diffie-hellman-group14-sha1"]},
    ],
    ids=str,
)
def test_a_server_with_weak_algorithms_alone_gets_no_credential(tmp_path, staging, weak):
    with faults.running(tmp_path / "remote", **weak) as server:
        assert "no safe algorithm" in refused(server.source(), staging)
        assert server.logins == []
        assert server.connections == 1


# The network


def test_nobody_listens(tmp_path, staging):
    port = sshd.free_port()
    key = faults.public_key(asyncssh.generate_private_key("ssh-ed25519"))
    faults.pin_line(tmp_path / "known_hosts", port, key)
    server = faults.FaultyServer(tmp_path, tmp_path / "known_hosts", port)
    said = refused(server.source(), staging)
    assert f"127.0.0.1:{port} cannot be reached" in said


@pytest.mark.parametrize("failures", [1, 2])
def test_dropped_connections_are_tried_again(faulty, staging, failures):
    faulty.refuse = failures
    assert "users.csv" in fetched(faulty.source(retries=2), staging)
    assert faulty.connections == failures + 1


def test_tries_end(faulty, staging):
    faulty.refuse = 9
    assert f"127.0.0.1:{faulty.port}" in refused(faulty.source(retries=2), staging)
    assert faulty.connections == 3
    assert faulty.logins == []


@pytest.mark.parametrize("answer", [b"", b"220 mail.example ESMTP\r\n" * 3, b"SSH-2.0-x\r\n" + b"\0" * 64])
def test_what_listens_is_no_ssh_server(tmp_path, staging, answer):
    """Silent, or another service: both end within the timeout."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                connections.append(connection)
                connection.sendall(answer)

        connections: list[socket.socket] = []
        threading.Thread(target=serve, daemon=True).start()
        key = faults.public_key(asyncssh.generate_private_key("ssh-ed25519"))
        faults.pin_line(tmp_path / "known_hosts", port, key)
        server = faults.FaultyServer(tmp_path, tmp_path / "known_hosts", port)
        begun = time.monotonic()
        assert "SSH" in refused(server.source(timeout=0.3, retries=1), staging)
        assert time.monotonic() - begun < 10
        for connection in connections:
            connection.close()


def at(offset, action, times=1):
    """Do something at the first reads from this offset on."""
    left = [times]

    async def hook(connection, path, position):
        if position >= offset and left[0] > 0:
            left[0] -= 1
            result = action(connection, path)
            if asyncio.iscoroutine(result):
                await result

    return hook


@pytest.mark.parametrize("offset", [0, 300_000, 2_400_000])
def test_a_drop_in_the_middle_of_a_file_is_tried_again(faulty, staging, offset):
    (faulty.folder / "enrollments.csv").write_bytes(CONTENT)
    faulty.before_read = at(offset, lambda connection, _: connection.abort())
    assert fetched(faulty.source(), staging)["enrollments.csv"] == CONTENT
    assert faulty.connections == 2


def test_what_is_here_already_is_not_fetched_again_after_a_drop(faulty, staging):
    (faulty.folder / "a.csv").write_bytes(b"first")
    faulty.before_read = at(0, lambda connection, path: path.endswith(b"users.csv") and connection.abort(), times=3)
    assert sorted(fetched(faulty.source(), staging)) == ["a.csv", "users.csv"]
    assert [path.rsplit(b"/", 1)[-1] for path in faulty.opened] == [b"a.csv", b"users.csv", b"users.csv"]


def test_drops_without_end(faulty, staging):
    faulty.before_read = at(0, lambda connection, _: connection.abort(), times=99)
    assert "dropped" in refused(faulty.source(retries=2), staging)
    assert faulty.connections == 3


def test_a_stall_in_the_middle_of_a_file(faulty, staging):
    (faulty.folder / "enrollments.csv").write_bytes(CONTENT)
    faulty.before_read = at(1_000_000, lambda *_: asyncio.sleep(60), times=99)
    begun = time.monotonic()
    assert "silent for 0.5 s" in refused(faulty.source(timeout=0.5, retries=1), staging)
    assert time.monotonic() - begun < 10
    assert faulty.connections == 2


def test_a_server_that_dribbles_is_cut_off(faulty, staging, monkeypatch):
    """Every single read is in time; the file as a whole is not."""
    (faulty.folder / "enrollments.csv").write_bytes(bytes(64))
    faulty.most = 1
    faulty.before_read = at(0, lambda *_: asyncio.sleep(0.2), times=999)
    begun = time.monotonic()
    assert "took longer than" in refused(faulty.source(timeout=0.5, retries=0), staging)
    assert time.monotonic() - begun < 8


@pytest.mark.parametrize("most", [32_768, 100_001, 5])
def test_short_answers_are_completed(faulty, staging, most):
    faulty.most = most
    content = CONTENT if most > 5 else CONTENT[:999]
    (faulty.folder / "enrollments.csv").write_bytes(content)
    assert fetched(faulty.source(), staging)["enrollments.csv"] == content


def test_answers_out_of_order_are_put_in_order(faulty, staging):
    (faulty.folder / "enrollments.csv").write_bytes(CONTENT)
    pauses = random.Random(4)

    async def hook(connection, path, offset):
        await asyncio.sleep(pauses.random() / 20)

    faulty.before_read = hook
    assert fetched(faulty.source(), staging)["enrollments.csv"] == CONTENT


# Files that change


def write(path, content):
    return lambda *_: path.write_bytes(content)


@pytest.mark.parametrize("content", [CONTENT + b"more", CONTENT[:1_000_000], CONTENT[::-1]])
def test_a_file_that_changed_while_it_was_read_is_read_again(faulty, staging, content):
    path = faulty.folder / "enrollments.csv"
    path.write_bytes(CONTENT)
    # Time stamps of SFTP are whole seconds: same-sized contents differ by theirs.
    faulty.before_read = at(1_500_000, lambda *_: (path.write_bytes(content), sets_time(path)))
    assert fetched(faulty.source(), staging)["enrollments.csv"] == content


def sets_time(path):
    os.utime(path, (1_800_000_000, 1_800_000_000))


@pytest.mark.parametrize("step", [b"more", b""])
def test_a_file_that_never_rests_is_still_being_written(faulty, staging, step):
    path = faulty.folder / "users.csv"
    sizes = iter(range(10_000, 0, -7))

    async def hook(*_):
        if step:
            with path.open("ab") as stream:
                stream.write(step)
        else:
            path.write_bytes(bytes(next(sizes)))

    faulty.before_read = hook
    said = refused(faulty.source(retries=2), staging, ImportRefused)
    assert "users.csv is still being written" in said
    assert len(faulty.opened) == 3


@pytest.mark.parametrize("said_size", [100_000, 300_001])
def test_a_size_that_lies_is_no_whole_file(faulty, staging, said_size):
    """What the library's own download does not notice (reliability.md 0.1)."""
    (faulty.folder / "users.csv").write_bytes(CONTENT[:300_000])
    faulty.sizes[b"/users.csv"] = said_size
    assert "still being written" in refused(faulty.source(retries=1), staging, ImportRefused)


def test_a_set_that_changes_under_us_is_fetched_again_as_a_whole(faulty, staging):
    (faulty.folder / "classes.csv").write_bytes(b"old classes")
    faulty.before_read = at(
        0,
        lambda _, path: path.endswith(b"users.csv") and (faulty.folder / "classes.csv").write_bytes(b"new"),
        times=3,
    )
    assert fetched(faulty.source(), staging)["classes.csv"] == b"new"
    assert [path.rsplit(b"/", 1)[-1] for path in faulty.opened] == [b"classes.csv", b"users.csv"] * 2


def test_a_set_that_keeps_changing_is_refused(faulty, staging):
    numbers = iter(range(99))

    async def hook(_, path, offset):
        (faulty.folder / f"{next(numbers)}.csv").write_bytes(b"a")

    faulty.before_read = hook
    assert "changed while they were read, twice" in refused(faulty.source(), staging, ImportRefused)


# Hostile servers


@pytest.mark.parametrize(
    "name",
    [b"../../x.csv", b"/etc/x.csv", b"a\nb.csv", b"..\\x.csv", b"\x1b[2Jx.csv", b"\xff\xfe.csv", b"a\0.csv"],
)
def test_hostile_names_are_refused_unopened(faulty, staging, name):
    faulty.names = [b"users.csv", name]
    refused(faulty.source(), staging, ImportRefused)
    assert faulty.opened == []


def test_odd_names_of_other_files_do_no_harm(faulty, staging):
    faulty.names = [b"users.csv", b"\xff\xfe", b"../..", b"a\nb", b"x" * 5000]
    assert fetched(faulty.source(), staging) == {"users.csv": b"sourcedId\nS1\n"}


@pytest.mark.parametrize(("n_names", "said"), [(65, "more than 64 CSV files"), (20_000, "more than 10,000 entries")])
def test_a_flood_of_files_is_refused(faulty, staging, n_names, said):
    faulty.names = [b"%d.csv" % number for number in range(n_names)]
    assert said in refused(faulty.source(), staging, ImportRefused)
    assert faulty.opened == []


def test_a_huge_declared_size_is_refused_unopened(faulty, staging):
    faulty.sizes[b"/users.csv"] = 3 * 1024**3
    assert "3,221,225,472 bytes" in refused(faulty.source(), staging, ImportRefused)
    for name in (b"/users.csv", b"/a.csv", b"/b.csv"):
        (faulty.folder / name.decode().strip("/")).write_bytes(b"x")
        faulty.sizes[name] = 3 * 1024**3 // 2
    assert "right folder" in refused(faulty.source(), staging, ImportRefused)
    assert faulty.opened == []


def test_a_failed_try_shows_in_the_progress_as_a_new_start(faulty, staging):
    faulty.before_read = at(0, lambda connection, _: connection.abort())
    watcher = Watcher()
    with fetch(faulty.source(), staging=staging, progress=watcher):
        pass
    assert watcher.seen == [["users.csv", 13, 0, "begun"], ["users.csv", 13, 13, "done"]]


def test_nothing_is_printed_or_logged_above_debug(faulty, staging, capfd, caplog):
    faulty.before_read = at(0, lambda connection, _: connection.abort(), times=99)
    caplog.set_level("INFO")
    refused(faulty.source(retries=1), staging)
    faulty.refuse = 99
    refused(faulty.source(retries=1), staging)
    assert [r for r in caplog.records if r.name.startswith(("paramiko", "rostersync"))] == []
    assert capfd.readouterr() == ("", "")
