# SPDX-License-Identifier: BSD-3-Clause
"""Pictures of results, by gnuplot, as SVG."""
import re
import shutil
import subprocess
import zlib
from dataclasses import dataclass

from .table import MORE_IS_BETTER, spread

# Distinct for most eyes: the palette of Okabe and Ito, 2008.
COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9",
           "#999999", "#b8a800", "#000000"]
# Lines are (colour, dashes, width).  Those of Multirank are thick and red, so
# that one sees them first.  The others are thin.  No two have the same colour
# or the same dashes.
OURS = "Multirank"
OUR_LINES = [("#d00000", "1", 5), ("#ff8a80", "(3,2)", 3)]
OTHER_LINES = [("#0072b2", "(16,4)", 1.5), ("#e69f00", "(8,4)", 1.5),
               ("#009e73", "(12,3,3,3)", 1.5), ("#cc79a7", "(6,3,2,3)", 1.5),
               ("#000000", "(2,3)", 1.5), ("#56b4e9", "(5,5)", 1.5),
               ("#7f7f7f", "(9,3,2,3,2,3)", 1.5), ("#8c6d00", "(2,8)", 1.5)]
MOST_LINES = 8
STYLE = """set terminal svg size {width},{height} font "sans-serif,13" \
background "white"
set output
set border 3 lc "#888888"
set tics nomirror
set grid ytics lc "#dddddd"
set key outside right top reverse Left samplen {samples}
set errorbars small
"""


@dataclass(frozen=True)
class Bars:
    """Medians of some cases side by side, with their quartiles."""
    cases: tuple
    title: str = ""
    log: bool = True


@dataclass(frozen=True)
class Lines:
    """Medians over x of the cases whose names begin so."""
    begins: str
    xlabel: str
    title: str = ""
    logx: bool = True
    logy: bool = False
    without: tuple = ()  # contenders that are in the table only


def quoted(text):
    return '"' + text.replace('"', "'") + '"'


def better(unit):
    return "more is better" if unit in MORE_IS_BETTER else "less is better"


def series_of(question, results, cases):
    """Each contender that has some of the cases, with (place, quartiles)."""
    for contender in question.contenders:
        values = results.values.get(contender.label, {})
        points = [(place, *spread(values[case.name]))
                  for place, case in cases if case.name in values]
        if points:
            yield contender.label, points


def draw_bars(plot, question, results):
    chosen = [case for case in question.cases if case.name in plot.cases
              and case.name in results.units]
    if not chosen:
        return ""
    unit = results.units[chosen[0].name]
    series = list(series_of(question, results, list(enumerate(chosen))))
    width = 0.8 / len(series)
    tics = ", ".join(f"{quoted(case.text)} {at}"
                     for at, case in enumerate(chosen))
    script = STYLE.format(width=900, height=380, samples=1)
    script += f"set title {quoted(plot.title or question.title)}\n"
    script += f"set ylabel {quoted(unit + ', ' + better(unit))}\n"
    script += ("set logscale y\n" if plot.log else "set yrange [0:*]\n")
    script += f"set xtics ({tics})\nset xrange [-0.6:{len(chosen) - 0.4}]\n"
    script += "set style fill solid\n"
    parts, data = [], ""
    for number, (label, points) in enumerate(series):
        colour = COLOURS[number % len(COLOURS)]
        offset = (number - (len(series) - 1) / 2) * width
        parts.append(f"'-' using ($1+{offset:.4g}):3:2:4:({width * 0.92:.4g}) "
                     f"with boxerrorbars lc rgb '{colour}' "
                     f"title {quoted(label)}")
        data += points_text(points)
    return f"{script}plot {', '.join(parts)}\n{data}"


def line_styles(labels):
    """(colour, dashes, width) of each line."""
    ours, others = 0, 0
    for label in labels:
        if label.startswith(OURS):
            yield OUR_LINES[ours % len(OUR_LINES)]
            ours += 1
        else:
            yield OTHER_LINES[others % len(OTHER_LINES)]
            others += 1


def draw_lines(plot, question, results):
    chosen = [(case.x, case) for case in question.cases
              if case.name.startswith(plot.begins) and case.x is not None
              and case.name in results.units]
    if not chosen:
        return ""
    unit = results.units[chosen[0][1].name]
    script = STYLE.format(width=900, height=420, samples=4)
    script += f"set title {quoted(plot.title or question.title)}\n"
    script += f"set xlabel {quoted(plot.xlabel)}\n"
    script += f"set ylabel {quoted(unit + ', ' + better(unit))}\n"
    script += "set logscale x\nset xrange [] noextend\n" if plot.logx else ""
    script += "set logscale y\n" if plot.logy else "set yrange [0:*]\n"
    parts, data = [], ""
    series = [one for one in series_of(question, results, chosen)
              if one[0] not in plot.without][:MOST_LINES]
    lines = list(zip(series, line_styles([label for label, _ in series])))
    for (_, points), (colour, _, _) in lines:
        parts.append(f"'-' using 1:3:2:4 with yerrorbars lw 0.5 pt 7 ps 0.2 "
                     f"lc rgb '{colour}' notitle")
        data += points_text(sorted(points))
    for (label, points), (colour, dash, width) in lines:
        parts.append(f"'-' using 1:3 with lines lw {width} dt {dash} "
                     f"lc rgb '{colour}' title {quoted(label)}")
        data += points_text(sorted(points))
    # Ours once more, above the others; it stays first in the key.
    for (label, points), (colour, dash, width) in lines:
        if label.startswith(OURS):
            parts.append(f"'-' using 1:3 with lines lw {width} dt {dash} "
                         f"lc rgb '{colour}' notitle")
            data += points_text(sorted(points))
    return f"{script}plot {', '.join(parts)}\n{data}"


def points_text(points):
    return "".join(" ".join(f"{value:.9g}" for value in point) + "\n"
                   for point in points) + "e\n"


def draw(plot, question, results):
    """The picture as the text of an SVG file; none without gnuplot or data."""
    script = (draw_bars if isinstance(plot, Bars) else draw_lines)(
        plot, question, results)
    if not script or not shutil.which("gnuplot"):
        return ""
    drawn = subprocess.run(["gnuplot"], input=script, capture_output=True,
                           text=True, check=False)
    if drawn.returncode:
        raise RuntimeError("gnuplot: " + drawn.stderr)
    # Names within would meet those of other pictures on the same page.
    text = re.sub(r"gnuplot_plot_", f"plot{zlib.crc32(script.encode())}_",
                  drawn.stdout)
    return "\n".join(line.expandtabs(2).rstrip()
                     for line in text.strip().split("\n")) + "\n"
