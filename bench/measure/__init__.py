# SPDX-License-Identifier: BSD-3-Clause
"""What a question is made of: see question.py and launch.py."""
from .launch import alone, mpi, mpi_python, multirank, python
from .plot import Bars, Lines
from .question import Case, Contender, Question
from .talk import talk

__all__ = ["Bars", "Case", "Contender", "Lines", "Question", "alone", "mpi",
           "mpi_python", "multirank", "python", "talk"]
