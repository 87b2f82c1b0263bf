# SPDX-License-Identifier: BSD-3-Clause
"""What was measured, on what: for the head of the page and of the CSV."""
import os
import platform
import re
import subprocess

from . import launch


def first_line(*arguments):
    """Of what a tool says about itself."""
    try:
        said = subprocess.run(arguments, capture_output=True, text=True,
                              check=False)
    except OSError:
        return ""
    return (said.stdout or said.stderr).strip().split("\n")[0]


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        found = re.search(r"^model name\s*: (.*)$", file.read(), re.M)
    return found.group(1) if found else platform.machine()


def system():
    with open("/etc/os-release", encoding="utf-8") as file:
        found = re.search(r'^PRETTY_NAME="(.*)"$', file.read(), re.M)
    return f"{found.group(1) if found else ''}, Linux {platform.release()}"


def of_makefile(build, name):
    with open(os.path.join(build, "Makefile"), encoding="utf-8") as file:
        found = re.search(rf"^{name} = (.*)$", file.read(), re.M)
    return found.group(1) if found else ""


def module_version(name):
    try:
        found = launch.interpreter(name)
    except launch.Missing:
        return ""
    return first_line(found, "-c", "import importlib.metadata as m; "
                      f"print(m.version('{name}'))")


def describe(settings):
    """Pairs of a word and what it is."""
    compiler = of_makefile(settings.build, "CC").split()[0]
    python = launch.interpreter("")
    facts = [
        ("processor", processor()),
        ("cores", str(len(os.sched_getaffinity(0)))),
        ("system", system()),
        ("Multirank", of_makefile(settings.build, "VERSION")),
        ("commit", first_line("git", "-C", launch.SOURCES, "describe",
                              "--always", "--dirty")),
        ("compiler", first_line(compiler, "--version")),
        ("flags", of_makefile(settings.build, "CFLAGS")),
        ("MPI", first_line(settings.mpirun, "--version")),
        ("Python", first_line(python, "--version")),
        ("repetitions", str(settings.repetitions)),
    ]
    facts += [(name, module_version(name))
              for name in ("mpi4py", "mpire", "dragonhpc")]
    if os.path.exists(os.path.join(settings.build,
                                   "bench/pool/with_libcircle")):
        facts.append(("libcircle", first_line("pkg-config", "--modversion",
                                              "libcircle")))
    return [(name, value) for name, value in facts if value]
