# SPDX-License-Identifier: BSD-3-Clause
"""Medians, quartiles and ratios; the table of one question at one place."""
import statistics

# What more of is better; of all else less is.
MORE_IS_BETTER = {"M/s", "k/s", "/s", "GB/s", "%"}
IN_BASE_UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1, "M/s": 1e6,
                 "k/s": 1e3, "/s": 1, "KiB": 1, "MiB": 1024}


def number(value):
    """Three figures, without an exponent where it can be read without."""
    if 1000 <= abs(value) < 1e7:
        return f"{round(value, 2 - len(str(int(abs(value)))) + 1):,.0f}"
    return f"{value:.3g}"


def spread(values):
    """Lower quartile, median, upper quartile."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    return tuple(statistics.quantiles(values, n=4, method="inclusive"))


def ratio(unit, ours, theirs):
    """How many times better ours is."""
    if not ours or not theirs:
        return None
    return ours / theirs if unit in MORE_IS_BETTER else theirs / ours


def cell(values, unit):
    low, middle, high = spread(values)
    quartiles = (f" ({number(low)}-{number(high)})" if len(values) > 1 else "")
    return f"{number(middle)} {unit}{quartiles}"


def reference(question, results, case):
    """With whom others are compared: the first contender or, where that one
    has no such case, the next of Multirank. Nobody where that one failed."""
    failed = {label for label, _ in results.broken}
    first, *others = [contender.label for contender in question.contenders]
    for label in [first] + [label for label in others
                            if label.startswith("Multirank")]:
        if results.values.get(label, {}).get(case):
            return label
        if label in failed:
            break
    return None


def median(results, label, case):
    return statistics.median(results.values[label][case.name])


def rows(question, results):
    """Head and rows of text. Each contender tells how many times better the
    one is with whom it is compared."""
    labels = [contender.label for contender in question.contenders
              if contender.label in results.values]
    aims = results.place == "near" and any(case.aim for case in question.cases)
    yield ["what"] + (["aim"] if aims else []) + labels
    for case in question.cases:
        if case.only_plot or case.name not in results.units:
            continue
        unit = results.units[case.name]
        ours = reference(question, results, case.name)
        line = [case.text] + ([case.aim] if aims else [])
        for label in labels:
            values = results.values[label].get(case.name)
            if not values:
                line.append("")
                continue
            text = cell(values, unit)
            if ours not in (None, label):
                better = ratio(unit, median(results, ours, case),
                               median(results, label, case))
                text += f": {number(better)} x" if better else ""
            line.append(text)
        yield line


def repetitions(results):
    """How often all were asked."""
    times = results.repetitions
    return ("Each was asked once." if times == 1
            else f"Medians of {times} repetitions.")


def markdown(question, results):
    """The table as it is printed, and copied into other texts."""
    lines = [f"| {' | '.join(row)} |" for row in rows(question, results)]
    lines.insert(1, "|" + "---|" * (lines[0].count("|") - 1))
    lines += ["", repetitions(results)]
    lines += [f"Not here: {label}, as {why}."
              for label, why in results.absent.items()]
    lines += [f"FAILED: {label}: {what}" for label, what in results.broken]
    return "\n".join(lines)
