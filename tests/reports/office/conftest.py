"""A report's files opened in LibreOffice Calc: what a cell there holds, and what it shows."""

import csv
import shutil
import subprocess

import openpyxl
import pytest

MISSING = "LibreOffice is not on the path: apt-get install libreoffice-calc-nogui"
TIMEOUT = 180  # seconds
AS_TEXT = 2
CSV_IN = "Text - txt - csv (StarCalc):44,34,UTF-8,1,"  # comma, quotes, UTF-8, from row 1
CSV_OUT = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"  # every sheet, as shown


@pytest.fixture(scope="session")
def soffice(tmp_path_factory):
    """soffice(arguments…): a run of LibreOffice with a profile of its own; a test that needs it fails without."""
    program = shutil.which("soffice") or shutil.which("localc")
    if program is None:
        pytest.fail(MISSING)
    profile = tmp_path_factory.mktemp("profile").as_uri()

    def run(*arguments):
        command = [program, f"-env:UserInstallation={profile}", "--headless", "--norestore", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    return run


@pytest.fixture
def opened_csv(soffice, tmp_path):
    """opened_csv(path, columns=0) -> what Calc's cells hold and of which kind, row by row.

    With `columns` all of them are read as text, as a person chooses it in the dialog; else Calc guesses.
    """

    def opened(path, columns=0):
        kinds = "/".join(f"{number}/{AS_TEXT}" for number in range(1, columns + 1))
        folder = tmp_path / f"opened-{columns}"
        soffice(f"--infilter={CSV_IN}{kinds}", "--convert-to", "xlsx", "--outdir", folder, path)
        sheet = openpyxl.load_workbook(folder / f"{path.stem}.xlsx").active
        return [list(row) for row in sheet.iter_rows()]

    return opened


@pytest.fixture
def shown_sheets(soffice, tmp_path):
    """shown_sheets(path) -> sheet -> rows as Calc shows them, of a workbook."""

    def shown(path):
        folder = tmp_path / "shown"
        soffice("--convert-to", CSV_OUT, "--outdir", folder, path)
        sheets = {}
        for file in folder.glob("*.csv"):
            with file.open(encoding="utf-8", newline="") as text:
                sheets[file.stem.removeprefix(f"{path.stem}-")] = list(csv.reader(text))
        return sheets

    return shown


@pytest.fixture
def held_cells(soffice, tmp_path):
    """held_cells(path) -> the workbook as Calc saves it again: what its cells hold."""

    def held(path):
        soffice("--convert-to", "xlsx", "--outdir", tmp_path / "again", path)
        return openpyxl.load_workbook(tmp_path / "again" / path.name)

    return held
