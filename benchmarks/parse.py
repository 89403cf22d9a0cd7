"""A plain parse of a delivery with pyarrow, every cell as text: what any program pays at least.

python -m benchmarks.parse FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path


def parse(folder: Path) -> int:
    """Read every CSV file of the folder and give the number of rows."""
    import pyarrow as pa
    import pyarrow.csv as pa_csv

    rows = 0
    for path in sorted(folder.glob("*.csv")):
        header = path.open(encoding="utf-8").readline().strip().split(",")
        table = pa_csv.read_csv(
            path,
            parse_options=pa_csv.ParseOptions(newlines_in_values=True),
            convert_options=pa_csv.ConvertOptions(column_types=dict.fromkeys(header, pa.string())),
        )
        rows += table.num_rows
    return rows


if __name__ == "__main__":
    print(parse(Path(sys.argv[1])), "rows")
