# SPDX-License-Identifier: BSD-3-Clause
"""How contenders are started: alone, by mpirun, and by which Python."""
import functools
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = os.path.dirname(os.path.dirname(HERE))
CLUSTER = os.path.join(SOURCES, "tests/hosts/cluster.sh")


class Missing(Exception):
    """What a contender needs is not here."""


@dataclass(frozen=True)
class Program:
    kind: str  # multirank, mpi, alone, python or mpi_python
    path: str  # in the build, for Python in the sources
    arguments: tuple = ()
    ranks: int = 1
    needs: str = ""     # a module of Python
    launcher: tuple = ()  # before the program


def multirank(path, *arguments, ranks=2):
    """A program of Multirank, as a job."""
    return Program("multirank", path, arguments, ranks)


def mpi(path, *arguments, ranks=2, launcher=()):
    """A program of MPI alone; `launcher` are options of mpirun."""
    return Program("mpi", path, arguments, ranks, launcher=launcher)


def alone(path, *arguments):
    """A program without a launcher."""
    return Program("alone", path, arguments)


def python(path, *arguments, needs="", launcher=()):
    """A script, by a Python that has the module `needs`; perhaps by a launcher
    of that module, which lies beside the interpreter or in PATH."""
    return Program("python", path, arguments, 1, needs, launcher)


def mpi_python(path, *arguments, needs="mpi4py", ranks=2, launcher=()):
    """A script under mpirun; `launcher` are arguments of Python."""
    return Program("mpi_python", path, arguments, ranks, needs, launcher)


@functools.lru_cache(maxsize=None)
def interpreter(needs):
    """A Python that has the module: BENCH_PYTHON, the one that runs this, or
    that of the system, which has what came in packages of the system."""
    for path in (os.environ.get("BENCH_PYTHON"), sys.executable,
                 "/usr/bin/python3"):
        if path and shutil.which(path) and (not needs or subprocess.run(
                [path, "-c", f"import {needs}"], capture_output=True,
                check=False).returncode == 0):
            return path
    raise Missing(f"there is no module {needs}; BENCH_PYTHON may name a Python "
                  "that has it")


def tool_of(path, tool):
    """A tool that came with a module."""
    beside = os.path.join(os.path.dirname(path), tool)
    found = beside if os.path.exists(beside) else shutil.which(tool)
    if not found:
        raise Missing(f"there is no {tool}")
    return found


def launcher_of(program, place, mpirun):
    """Before the program: mpirun, or what starts a job over hosts."""
    ranks = ["-np", str(program.ranks)]
    if place == "hosts":
        given = [word for name in os.environ if name.startswith("BENCH_")
                 for word in ("-x", name)]
        return ([CLUSTER, "run", "--map-by", "node", "--oversubscribe"]
                + ranks + given)
    return [mpirun, "--oversubscribe"] + ranks


def command(program, place, build, mpirun):
    """The command line, or Missing."""
    if program.kind in ("python", "mpi_python"):
        chosen = interpreter(program.needs)
        script = [os.path.join(SOURCES, program.path), *program.arguments]
        if program.kind == "mpi_python":
            return (launcher_of(program, place, mpirun)
                    + [chosen, *program.launcher] + script)
        if program.launcher:
            tool, *options = program.launcher
            # Its processes import the script again, from elsewhere.
            return (["env", "PYTHONPATH=" + os.path.dirname(script[0]),
                     tool_of(chosen, tool), *options] + script)
        return [chosen] + script
    path = os.path.join(build, program.path)
    if not os.path.exists(path):
        raise Missing(f"{program.path} was not built")
    if program.kind == "alone":
        return [path, *program.arguments]
    far = (["env", "MR_ROUTE=far"]
           if program.kind == "multirank" and place == "far" else [])
    return (far + launcher_of(program, place, mpirun) + list(program.launcher)
            + [path, *program.arguments])


def begin_hosts():
    """Two hosts, which go down when this process ends."""
    up = subprocess.run([CLUSTER, "up", "-o", str(os.getpid()), "2"],
                        capture_output=True, text=True, check=False)
    if up.returncode:
        raise Missing("no simulated hosts here: " + up.stderr.strip())
    os.environ["CLUSTER_STATE"] = (
        up.stdout.split("CLUSTER_STATE=")[1].split(";")[0])
