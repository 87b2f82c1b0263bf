# SPDX-License-Identifier: BSD-3-Clause
"""What is left of a run: a CSV file, pictures, and one page with all."""
import csv
import html
import os
import re

from . import plot, table

PLACES = {
    "near": "on one node",
    "far": "each rank taken for a node of its own, on one machine",
    "hosts": "on two simulated hosts, over TCP",
}
STYLE = """body { font: 15px/1.5 sans-serif; max-width: 72rem;
margin: 2rem auto; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; font-size: 13px; display: block;
overflow-x: auto } th, td { text-align: left;
padding: .3rem .7rem; border-bottom: 1px solid #ddd; vertical-align: top }
th { border-bottom: 2px solid #888 } small { color: #666; white-space: nowrap }
b { font-weight: 600 } td:nth-child(n+2) { white-space: nowrap }
.absent { color: #666 } .broken { color: #a00; white-space: pre-wrap }
svg { max-width: 100%; height: auto } h3 { margin-top: 2rem }"""


def write_csv(path, facts, answers):
    """All values, one in a line; what was measured on what stands above."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        for name, value in facts:
            file.write(f"# {name}: {value}\n")
        writer = csv.writer(file)
        writer.writerow(["question", "place", "contender", "case",
                         "repetition", "value", "unit"])
        for name, _, results in answers:
            for label, cases in results.values.items():
                for case, values in cases.items():
                    writer.writerows(
                        [name, results.place, label, case, repetition + 1,
                         value, results.units[case]]
                        for repetition, value in enumerate(values))


def cell(text):
    """Median, quartiles and ratio, told apart."""
    found = re.fullmatch(r"([^(:]+)( \([^)]*\))?(: .* x)?", text)
    if not found:
        return html.escape(text)
    value, quartiles, better = (html.escape(part or "")
                                for part in found.groups())
    return (f"<b>{value}</b><small>{quartiles}</small>"
            + (f"<br><small>{better[2:]}</small>" if better else ""))


def answer(name, question, results, folder):
    """One table with its pictures."""
    head, *rows = table.rows(question, results)
    parts = [f"<h3>{PLACES[results.place].capitalize()}</h3>", "<table><tr>"]
    parts += [f"<th>{html.escape(text)}</th>" for text in head]
    parts.append("</tr>")
    for row in rows:
        parts.append("<tr><td>" + html.escape(row[0]) + "</td>" + "".join(
            f"<td>{cell(text)}</td>" for text in row[1:]) + "</tr>")
    parts.append(f"</table><p class=absent>{table.repetitions(results)}</p>")
    parts += [f"<p class=absent>Not here: {html.escape(label)}, as "
              f"{html.escape(why)}.</p>"
              for label, why in results.absent.items()]
    parts += [f"<p class=broken>{html.escape(label)} failed: "
              f"{html.escape(what)}</p>" for label, what in results.broken]
    for number, one in enumerate(question.plots):
        picture = plot.draw(one, question, results)
        if picture:
            file_name = f"{name}-{results.place}-{number + 1}.svg"
            with open(os.path.join(folder, file_name), "w",
                      encoding="utf-8") as file:
                file.write(picture)
            parts.append(picture[picture.index("<svg"):])
    return "\n".join(parts)


def write_page(folder, facts, answers):
    """index.html, with the pictures inside, so that it can be sent alone."""
    parts = ["<!doctype html><meta charset=utf-8><title>Multirank, measured"
             f"</title><style>{STYLE}</style><h1>Multirank, measured</h1>",
             "<p>Medians, with the quartiles beside them; all contenders of a "
             "table ran in turn, again and again. <i>N x</i>: so many times "
             "better is Multirank, in the first column that has the row.</p>"
             "<table>"]
    parts += [f"<tr><td>{html.escape(name)}</td><td>{html.escape(value)}</td>"
              "</tr>" for name, value in facts]
    parts.append("</table>")
    asked = None
    for name, question, results in answers:
        if name != asked:
            parts.append(f"<h2 id={name}>{html.escape(question.title)}</h2>")
            parts.append(f"<p>{html.escape(question.note)}</p>")
            asked = name
        parts.append(answer(name, question, results, folder))
    with open(os.path.join(folder, "index.html"), "w",
              encoding="utf-8") as file:
        file.write("\n".join(parts) + "\n")
