"""The last line of the benchmark."""

from results import Results


def bench_line(results: Results, rows: int, same: bool) -> str:
    ours = "planisphere postgres"
    figures = {
        "cpu_vs_duckdb": results.ratio(ours, "duckdb", "cpu"),
        "cpu_vs_connectorx": results.ratio(ours, "connectorx", "cpu"),
        "wall_vs_copy": results.ratio(ours, "copy to null", "wall"),
        "wall_vs_duckdb": results.ratio(ours, "duckdb", "wall"),
        "peak_mib": results.median(ours, "peak_mib"),
        **results.peaks,
        "rows_per_cpu_s": rows / results.median(ours, "cpu"),
        "file_vs_duckdb": results.ratio(ours, "duckdb", "bytes"),
        "mariadb_vs_bare": results.ratio("planisphere mariadb", "bare mariadb", "cpu"),
        "sqlite_vs_bare": results.ratio("planisphere sqlite", "bare sqlite", "cpu"),
    }
    whole = {"peak_mib", "peak_1m", "peak_30m", "rows_per_cpu_s"}
    shown = (f"{name}={value:.0f}" if name in whole else f"{name}={value:.2f}" for name, value in figures.items())
    return f"BENCH extract {' '.join(shown)} rows={rows} same_rows={str(same).lower()}"
