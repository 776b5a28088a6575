# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures for people: a line for each run as it ends, and tables at the end."""

from __future__ import annotations

from collections.abc import Sequence

from .ceiling import Ceiling, ceiling_of
from .cells import MB, Cell, Cells, Phase
from .contenders import BARE, LINKS, URI_LOOP, Contender
from .scenarios import Finding

_HEAD = (
    f"{'contender':<12} {'phase':<23} {'latency':>7} {'tenants':>7} {'seconds':>9} {'CPU s':>7} {'MB PSS':>7} {'MB RSS':>7}"
    f" {'Freshs.':>8} {'StackOne':>8} {'429s':>5} {'req/s':>6} {'ceiling':>7} {'server':>6}  outcome"
)
_LEGEND = """\
seconds and CPU of the whole process tree, ~ extrapolated; MB: its largest memory, shared pages once (PSS) or each time (RSS);
Freshs., StackOne: requests for each tenant; ceiling: requests a second in percent of the emulator's ceiling for such a mix;
server: how busy the emulator was, in percent of the one core it can use."""


class Live:
    """Prints a line for each cell as soon as it is known."""

    def __init__(self, ceilings: Sequence[Ceiling]) -> None:
        self._ceilings = list(ceilings)
        print(f"\n{_LEGEND}\n\n{_HEAD}", flush=True)

    def __call__(self, cell: Cell) -> None:
        ceiling = ceiling_of(self._ceilings, cell.traffic) if cell.traffic else 0.0
        print(_line(cell, ceiling), flush=True)
        for problem in cell.problems:
            print("    " + problem.replace("\n", "\n    "), flush=True)


def ceiling_lines(ceilings: Sequence[Ceiling]) -> str:
    """What the emulator can do."""
    lines = ["What the emulator answers at most, without latency:"]
    for found in ceilings:
        lines.append(
            f"  {found.requests_per_second:6.0f} requests/s  {found.mix.value}"
            f" (server {found.server_busy:.0%} busy, generator {found.generator_busy:.0%})"
        )
    return "\n".join(lines)


def time_tables(cells: Cells, contenders: Sequence[Contender], latencies: Sequence[int], sizes: Sequence[int]) -> str:
    """Seconds by tenants, a table for each latency and phase."""
    return "\n\n".join(
        table
        for latency in latencies
        for phase in Phase
        if (table := _time_table(cells, contenders, phase, latency, sizes))
    )


def finding_lines(findings: Sequence[Finding]) -> str:
    """The scenarios and what came of them."""
    lines = ["What was promised:"]
    for found in findings:
        value = f"{'~' if found.extrapolated else ''}{found.value:.2f}"
        sign = ">=" if found.at_least else "<="
        lines.append(f"  {found.verdict:<4}  {found.claim:<92} {value:>9} {sign} {found.bound:g}{found.unit}")
        if found.note:
            lines.append(f"        {found.note}")
    return "\n".join(lines)


def _time_table(
    cells: Cells, contenders: Sequence[Contender], phase: Phase, latency: int, sizes: Sequence[int]
) -> str | None:
    rows = [
        (contender.title, [cells.get(contender.name, phase, latency, size) for size in sizes])
        for contender in contenders
    ]
    rows = [(title, row) for title, row in rows if any(row)]
    if not rows:
        return None
    lines = [f"{phase.value}, {latency} ms latency: seconds"]
    lines.append(_row("tenants", [f"{size:,}" for size in sizes]))
    lines += [_row(title, [_seconds(cell) for cell in row]) for title, row in rows]
    for title, upper, lower in (("uri tasks / links", URI_LOOP, LINKS), ("links / aiohttp", LINKS, BARE)):
        pairs = [
            (cells.get(upper.name, phase, latency, size), _fellow(cells, lower, phase, latency, size)) for size in sizes
        ]
        if any(all(pair) for pair in pairs):
            lines.append(_row(title, [_ratio(*pair) for pair in pairs]))
    return "\n".join(lines)


def _fellow(cells: Cells, contender: Contender, phase: Phase, latency: int, size: int) -> Cell | None:
    """What to compare with: the bare client knows from its listing alone, as a run with fingerprints does."""
    if contender is BARE and phase is Phase.CONVERGED:
        return None
    own = Phase.CONVERGED if contender is BARE and phase is Phase.REMEMBERED else phase
    return cells.get(contender.name, own, latency, size)


def _row(title: str, values: Sequence[str]) -> str:
    return f"  {title:<32}" + "".join(f"{value:>11}" for value in values)


def _seconds(cell: Cell | None) -> str:
    if cell is None:
        return "-"
    if cell.problems:
        return "FAILED"
    digits = 0 if cell.wall_s >= 1000 else 1 if cell.wall_s >= 100 else 2
    return f"{'' if cell.measured else '~'}{cell.wall_s:,.{digits}f}"


def _ratio(upper: Cell | None, lower: Cell | None) -> str:
    if not upper or not lower or upper.problems or lower.problems or not lower.wall_s:
        return "-"
    mark = "" if upper.measured and lower.measured else "~"
    return f"{mark}{upper.wall_s / lower.wall_s:.2f} x"


def _line(cell: Cell, ceiling: float) -> str:
    start = f"{cell.contender:<12} {cell.phase.value:<23} {cell.latency_ms:>4} ms {cell.tenants:>7}"
    seconds = f"{'' if cell.measured else '~'}{cell.wall_s:.2f}"
    if not (cell.usage and cell.traffic):
        return f"{start} {seconds:>9}  extrapolated from {cell.extrapolated_from}"
    usage, traffic = cell.usage, cell.traffic
    share = traffic.rate / ceiling if ceiling else 0.0
    outcome = "FAILED" if cell.problems else "ok"
    return (
        f"{start} {seconds:>9} {usage.cpu_s:>7.2f} {usage.peak_pss / MB:>7.1f} {usage.peak_rss / MB:>7.1f}"
        f" {traffic.freshservice / cell.tenants:>8.2f} {(traffic.stackone + traffic.hub) / cell.tenants:>8.2f}"
        f" {traffic.too_many:>5} {traffic.rate:>6.0f} {share:>7.0%} {cell.server_busy:>6.0%}  {outcome}"
    )
