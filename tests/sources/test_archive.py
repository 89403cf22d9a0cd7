"""Files from a zip archive: good ones, torn ones, and the ones made to do harm."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rostersync.errors import ImportRefused, SourceError
from rostersync.sources import archive, fetch, fetch_path
from tests.sources.settings import Source
from tests.sources.test_folder import Watcher

USERS = b"sourcedId\nS1\n"
CENTRAL = b"PK\x01\x02"


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Path]:
    """Write a zip of the given entries (names or ZipInfos and contents)."""

    def write(*entries: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
        path = tmp_path / "oneroster.zip"
        path.write_bytes(packed(*entries))
        return path

    return write


def packed(*entries: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive_:
        for name, content in entries:
            archive_.writestr(name, content)
    return stream.getvalue()


def names(path, staging):
    with fetch_path(path, staging=staging) as delivery:
        return [file.name for file in delivery.files]


def refusal(path, staging):
    """The one line said; nothing is left in the staging folder."""
    with pytest.raises(ImportRefused) as caught, fetch_path(path, staging=staging):
        pass
    assert str(caught.value).isprintable()
    assert str(path) in str(caught.value)
    assert caught.value.exit_code == 4
    assert list(staging.iterdir()) == []
    return str(caught.value)


def patch_central(path: Path, entry: int, offset: int, value: bytes) -> None:
    """Overwrite bytes of the n-th entry of the table of contents."""
    data = bytearray(path.read_bytes())
    at = -1
    for _ in range(entry + 1):
        at = data.index(CENTRAL, at + 1)
    data[at + offset : at + offset + len(value)] = value
    path.write_bytes(data)


@pytest.mark.parametrize("prefix", ["", "export/", "District 7 – 2026/", "a/b/", "windows\\"])
def test_csv_files_at_the_root_or_in_one_folder(make, staging, prefix):
    path = make((f"{prefix}Users.csv", USERS), (f"{prefix}classes.csv", b"x"))
    with fetch_path(path, staging=staging) as delivery:
        assert delivery.source == str(path)
        assert [file.name for file in delivery.files] == ["classes.csv", "Users.csv"]
        assert delivery.files[1].path.read_bytes() == USERS
        assert {stat.S_IMODE(file.path.stat().st_mode) for file in delivery.files} == {0o600}
        assert sorted(file.name for file in delivery.folder.iterdir()) == ["01.csv", "02.csv"]


def test_a_configured_zip_and_a_zip_alone_in_its_folder(make, staging, tmp_path):
    path = make(("users.csv", USERS))
    with fetch(Source("zip", str(path)), staging=staging) as delivery:
        assert delivery.source == str(path)
    with fetch(Source("folder", str(tmp_path)), staging=staging) as delivery:
        assert delivery.source == str(path)
        assert delivery.files[0].size == len(USERS)


def test_csv_files_go_before_a_zip_beside_them(make, staging, tmp_path):
    make(("users.csv", USERS))
    (tmp_path / "classes.csv").write_bytes(b"x")
    assert names(tmp_path, staging) == ["classes.csv"]


def test_several_zips_and_no_csv_is_nothing_there(make, staging, tmp_path):
    make(("users.csv", USERS)).with_name("b.zip").write_bytes(b"")
    with pytest.raises(SourceError, match="2 zip files"), fetch_path(tmp_path, staging=staging):
        pass


def test_the_litter_of_desktop_systems_is_ignored(make, staging):
    path = make(
        ("export/", b""),
        ("export/users.csv", USERS),
        ("__MACOSX/export/._users.csv", b"x"),
        ("export/.DS_Store", b"x"),
        ("export/Thumbs.db", b"x"),
        ("export/readme.txt", b"x"),
        *((f"__MACOSX/{number}", b"") for number in range(100)),
    )
    assert names(path, staging) == ["users.csv"]


def test_a_small_file_of_one_repeated_line_is_honest(make, staging):
    assert names(make(("users.csv", b"sourcedId\n" * 100_000)), staging) == ["users.csv"]


def test_progress_hears_of_the_copy_and_of_every_file(make, staging):
    watcher = Watcher()
    path = make(("users.csv", USERS))
    with fetch_path(path, staging=staging, progress=watcher):
        pass
    size = path.stat().st_size
    assert watcher.seen == [["oneroster.zip", size, size, "done"], ["users.csv", 13, 13, "done"]]


def test_a_missing_zip_or_a_folder_in_its_place_is_a_source_that_is_not_there(staging, tmp_path):
    for path, said in ((tmp_path / "none.zip", "cannot be read"), (tmp_path, "is a folder")):
        with pytest.raises(SourceError, match=said), fetch(Source("zip", str(path)), staging=staging):
            pass


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"sourcedId\nS1\n",
        packed(("users.csv", USERS))[:-1],
        packed(("users.csv", USERS * 9))[:60],
        b"PK\x05\x06",
    ],
    ids=["empty", "text", "last byte missing", "cut", "end only"],
)
def test_what_is_no_whole_zip_file_is_refused(staging, tmp_path, content):
    path = tmp_path / "oneroster.zip"
    path.write_bytes(content)
    assert "is not a whole zip file" in refusal(path, staging)


def test_a_wrong_check_sum_is_refused(make, staging):
    path = make(("users.csv", USERS))
    patch_central(path, 0, 16, b"\0\0\0\0")
    assert "is not a whole zip file" in refusal(path, staging)


def test_a_zip_that_changes_while_it_is_read_is_refused(make, staging):
    path = make(("users.csv", USERS))
    watcher = Watcher(lambda: path.write_bytes(packed(("users.csv", USERS * 2))))
    with (
        pytest.raises(ImportRefused, match="changed while it was read"),
        fetch_path(path, staging=staging, progress=watcher),
    ):
        pass


def test_csv_files_in_several_folders_are_refused(make, staging):
    assert "several folders (a, b)" in refusal(make(("a/users.csv", USERS), ("b/classes.csv", b"x")), staging)
    assert "several folders" in refusal(make(("users.csv", USERS), ("b/classes.csv", b"x")), staging)


def test_an_archive_of_archives_or_of_nothing_is_refused(make, staging):
    assert "no CSV files but another zip file" in refusal(make(("inner.zip", packed(("users.csv", USERS)))), staging)
    assert "no CSV files." in refusal(make(("readme.txt", b"x")), staging)
    assert "no CSV files." in refusal(make(), staging)


def test_a_zip_beside_csv_files_inside_is_ignored(make, staging):
    assert names(make(("users.csv", USERS), ("inner.zip", packed(("users.csv", USERS)))), staging) == ["users.csv"]


def test_a_bomb_is_refused_before_it_is_unpacked(make, staging):
    watcher = Watcher()
    path = make(("users.csv", bytes(20_000_000)))
    with (
        pytest.raises(ImportRefused, match="times its size"),
        fetch_path(path, staging=staging, progress=watcher),
    ):
        pass
    assert [seen[0] for seen in watcher.seen] == ["oneroster.zip"]


def test_more_than_2_gib_unpacked_is_refused(make, staging):
    path = make(("users.csv", USERS), ("classes.csv", USERS))
    for entry in (0, 1):  # compressed and unpacked size as the archive tells them
        patch_central(path, entry, 20, struct.pack("<II", 1_500_000_000, 1_500_000_000))
    assert "unpacks to 3,000,000,000 bytes" in refusal(path, staging)


def test_more_than_64_files_are_refused(make, staging):
    assert "65 files" in refusal(make(*((f"{n}.csv", b"x") for n in range(65))), staging)


def test_a_table_of_contents_without_end_is_refused_unread(make, staging):
    path = make(("users.csv", USERS))
    data = path.read_bytes()
    start, end = data.index(CENTRAL), data.index(b"PK\x05\x06")
    table = data[start:end] * 100_000
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 65_535, 65_535, len(table), start, 0)
    path.write_bytes(data[:start] + table + tail)
    assert "table of contents is too long" in refusal(path, staging)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../users.csv", "leads out"),
        ("a/../../users.csv", "leads out"),
        ("..\\users.csv", "leads out"),
        ("/etc/users.csv", "absolute"),
        ("\\\\server\\users.csv", "absolute"),
        ("C:\\users.csv", "absolute"),
        ("C:users.csv", "absolute"),
        ("a\nb.csv", "control characters"),
        ("\x1b[2J.csv", "control characters"),
        ("../", "leads out"),
        ("../evil.txt", "leads out"),
    ],
)
def test_names_that_lead_elsewhere_are_refused(make, staging, name, said):
    assert said in refusal(make(("users.csv", USERS), (name, b"")), staging)


def test_a_name_with_nul_is_refused(make, staging):
    path = make(("users.csvX.txt", USERS))
    path.write_bytes(path.read_bytes().replace(b"users.csvX.txt", b"users.csv\0.txt"))
    assert "control characters" in refusal(path, staging)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_are_refused(make, staging, kind):
    entry = zipfile.ZipInfo("users.csv")
    entry.external_attr = (kind | 0o777) << 16
    assert "a link or a device" in refusal(make((entry, b"/etc/passwd")), staging)


@pytest.mark.parametrize("twin", ["a/users.csv", "a/USERS.CSV", "./a/users.csv", "a//users.csv", "a\\users.csv"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_twins_are_refused(make, staging, twin):
    assert "twice" in refusal(make(("a/users.csv", USERS), (twin, USERS), ("a/classes.csv", b"x")), staging)


@pytest.mark.parametrize("flag", [0x1, 0x41, 0x2000])
def test_encrypted_entries_are_refused(make, staging, flag):
    path = make(("users.csv", USERS))
    patch_central(path, 0, 8, struct.pack("<H", flag))
    assert "encrypted" in refusal(path, staging)


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_other_compressions_are_refused(tmp_path, staging, method):
    path = tmp_path / "oneroster.zip"
    with zipfile.ZipFile(path, "w", method) as archive_:
        archive_.writestr("users.csv", USERS)
    assert f"method {method}" in refusal(path, staging)


def test_entries_that_share_bytes_are_refused(make, staging):
    path = make(("users.csv", USERS), ("other.csv", USERS))
    patch_central(path, 1, 42, struct.pack("<I", 0))
    assert "overlaps" in refusal(path, staging)
    path = make(("users.csv", USERS), ("other.csv", USERS))
    patch_central(path, 0, 20, struct.pack("<I", 60))
    assert "overlaps" in refusal(path, staging)


@pytest.mark.parametrize("size", [1, len(USERS) - 1, len(USERS) + 1, 1_000_000])
def test_a_size_that_lies_is_refused(make, staging, size):
    path = make(("users.csv", USERS))
    patch_central(path, 0, 24, struct.pack("<I", size))
    refusal(path, staging)


def test_the_check_lists_names_and_sizes_without_unpacking(make):
    path = make(("export/users.csv", USERS), ("export/classes.csv", b""))
    assert archive.list_archive(path, shown=str(path)) == [("classes.csv", 0), ("users.csv", 13)]


GOOD = packed(("export/users.csv", USERS * 20), ("export/classes.csv", b"sourcedId\nC1\n"))


@given(
    edits=st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=4),
    cut=st.integers(0, 40),
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_archive_is_refused_or_gives_the_same_bytes(tmp_path, edits, cut):
    """Never a traceback, never other contents."""
    data = bytearray(GOOD)
    for at, value in edits:
        data[at] = value
    path = tmp_path / "oneroster.zip"
    path.write_bytes(data[: len(data) - cut])
    contents = set()
    with suppress(ImportRefused), fetch_path(path, staging=tmp_path / "staging") as delivery:
        contents = {file.path.read_bytes() for file in delivery.files}
    assert contents <= {USERS * 20, b"sourcedId\nC1\n"}
