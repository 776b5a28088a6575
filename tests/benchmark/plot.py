# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""time.png: seconds over tenants, a panel for each latency, extrapolated points hollow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from .cells import Cell, Cells, Phase
from .contenders import Contender

_KINDS = ((Phase.FIRST,), (Phase.CONVERGED, Phase.REMEMBERED))
_MINUTE, _HOUR = 60, 3600
_TICKS = (0.1, 0.3, 1, 3, 10, 30, _MINUTE, 5 * _MINUTE, 15 * _MINUTE, _HOUR, 3 * _HOUR, 10 * _HOUR, 30 * _HOUR)


def draw(
    cells: Cells, contenders: Sequence[Contender], latencies: Sequence[int], sizes: Sequence[int], path: Path
) -> None:
    """Write the picture: latencies from left to right, a single one with its phases from left to right."""
    panels = [[(phases, latency) for latency in latencies] for phases in _KINDS]
    if len(latencies) == 1:
        panels = [[panel for row in panels for panel in row]]
    rows, columns = len(panels), len(panels[0])
    figure, axes = plt.subplots(
        rows, columns, figsize=(4.8 * columns + 0.8, 4.2 * rows + 1.6), sharex=True, sharey=True, squeeze=False
    )
    for line, row in zip(axes, panels):
        for axis, (phases, latency) in zip(line, row):
            for contender in contenders:
                for phase in phases:
                    found = [cells.get(contender.name, phase, latency, size) for size in sizes]
                    _line(axis, contender, phase, [cell for cell in found if cell and not cell.problems])
            _dress(axis, f"{phases[0].value}, {latency} ms latency", sizes)
        line[0].set_ylabel("time of the whole run")
    for axis in axes[-1]:
        axis.set_xlabel("tenants")
    _legend(figure, axes)
    figure.savefig(path, dpi=120, facecolor="white")
    plt.close(figure)


def _line(axis: Any, contender: Contender, phase: Phase, cells: Sequence[Cell]) -> None:
    if not cells:
        return
    remembered = phase is Phase.REMEMBERED
    label = f"{contender.title}, fingerprints" if remembered else contender.title
    sizes, times = [cell.tenants for cell in cells], [cell.wall_s for cell in cells]
    axis.plot(sizes, times, "--" if remembered else "-", color=contender.color, label=label, lw=1.6)
    for cell in cells:
        fill = contender.color if cell.measured else "white"
        axis.plot(cell.tenants, cell.wall_s, "o", ms=6, mfc=fill, mec=contender.color)


def _dress(axis: Any, title: str, sizes: Sequence[int]) -> None:
    axis.set(xscale="log", yscale="log", title=title)
    axis.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axis.xaxis.set_minor_locator(NullLocator())
    axis.yaxis.set_major_locator(FixedLocator(_TICKS))
    axis.yaxis.set_major_formatter(FuncFormatter(_duration))
    axis.yaxis.set_minor_locator(NullLocator())
    axis.grid(color="#dddddd")
    axis.set_axisbelow(True)


def _duration(seconds: float, _position: int | None = None) -> str:
    if seconds < _MINUTE:
        return f"{seconds:g} s"
    return f"{seconds / _MINUTE:g} min" if seconds < _HOUR else f"{seconds / _HOUR:g} h"


def _legend(figure: Any, axes: Any) -> None:
    """One for all panels, below them; the last panel has every line."""
    handles: dict[str, Any] = {}
    for axis in axes.flat:
        for handle, label in zip(*axis.get_legend_handles_labels()):
            handles.setdefault(label, handle)
    columns = 3 if axes.shape[1] > 1 else 1
    lines = -(-len(handles) // columns)
    height = figure.get_size_inches()[1]
    figure.tight_layout(rect=(0, (0.24 * lines + 0.2) / height, 1, 1 - 0.35 / height))
    figure.legend(handles.values(), handles.keys(), loc="lower center", ncol=columns, frameon=False)
    figure.suptitle("Linking tenants: filled points are measured, hollow ones extrapolated")
