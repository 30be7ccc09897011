"""Reading a recording with DuckDB, for assertions: no code of fgm."""

import json
import pathlib

import duckdb
import pyarrow.parquet as pq


class Recording:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.db = duckdb.connect()
        self.db.execute("SET TimeZone = 'UTC'")

    def rows(self, table, columns, where="true", values=(), order="tick_no"):
        """Dictionaries of the columns named in a comma-separated text; times are seconds since 1970."""
        names = [name.strip() for name in columns.split(",")]
        told = [f"epoch_us({n}) / 1e6" if n in ("time", "tick") else f'"{n}"' for n in names]
        found = self.db.execute(
            f"SELECT {', '.join(told)} FROM read_parquet('{self.path}/{table}/**/*.parquet', union_by_name = true) "
            f"WHERE {where} ORDER BY {order}",
            list(values),
        ).fetchall()
        return [dict(zip(names, row)) for row in found]

    def ticks(self):
        """Scheduled seconds at which the node was read."""
        return [row["tick"] for row in self.rows("node", "tick, tick_no")]

    def extents(self, table):
        """`fgm.extent` of each file's footer."""
        files = sorted((self.path / table).glob("**/*.parquet"))
        return [json.loads(pq.read_metadata(f).metadata[b"fgm.extent"]) for f in files]
