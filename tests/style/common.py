# SPDX-License-Identifier: BSD-3-Clause
"""What the style checks share: finding files, reading C, reporting.

A check is a program without arguments, run in the build folder with srcdir in
the environment. It calls problem() for each place and ends with finish().
"""
import os
import re
import sys

ROOT = os.path.normpath(os.environ.get("srcdir") or
                        os.path.join(os.path.dirname(__file__), "../.."))
NAME = "style/" + os.path.basename(sys.argv[0])
CODE = ("framework", "bindings", "apps", "bench", "examples", "tests")
SOURCES = (".c", ".h", ".cpp", ".hpp")

_problems = 0


def problem(path, line, text):
    """Report a place and what to do about it."""
    global _problems
    _problems += 1
    print(f"{path}:{line}: {text}")


def finish():
    if _problems:
        print(f"FAIL {NAME}: {_problems}")
        sys.exit(1)
    print(f"PASS {NAME}")
    sys.exit(0)


def skip(reason):
    print(f"SKIP {NAME}: {reason}")
    sys.exit(77)


def files(*folders, suffix=SOURCES):
    """The paths below the folders, relative to the root, sorted."""
    found = []
    for folder in folders:
        for where, inner, names in os.walk(os.path.join(ROOT, folder)):
            inner[:] = [name for name in inner
                        if not name.startswith(".") and name != "__pycache__"]
            found += [os.path.relpath(os.path.join(where, name), ROOT)
                      for name in names if name.endswith(suffix)]
    return sorted(found)


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def without_comments(text):
    """C with its comments blanked, so that lines and columns stay."""
    def blank(match):
        if match.group().startswith("/"):
            return re.sub(r"[^\n]", " ", match.group())
        return match.group()
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank, text,
                  flags=re.DOTALL)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def public_functions():
    """(path, header text, offset, name, parameters) of each declaration that
    starts with MR_API or MR_CHECKED."""
    for path in files("framework/include"):
        text = read(path)
        for match in re.finditer(r"^(?:MR_API|MR_CHECKED)\b([^;]*);",
                                 without_comments(text), re.MULTILINE):
            parts = re.match(r"[^(]*?(\w+)\s*\((.*)\)", match.group(1),
                             re.DOTALL)
            if parts:
                yield path, text, match.start(), parts[1], parts[2]
