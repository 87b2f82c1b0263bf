# SPDX-License-Identifier: BSD-3-Clause
# The examples are installed as sources, for users to build and to change.
# tests/install/examples.sh builds them with what is installed.

examplesdir = $(docdir)/examples
dist_examples_DATA = \
	examples/CMakeLists.txt \
	examples/Makefile \
	examples/README.md \
	examples/array.c \
	examples/check.h \
	examples/imap.c \
	examples/map.c \
	examples/queue.c \
	examples/square.c \
	examples/value.c

cookbookdir = $(examplesdir)/cookbook
dist_cookbook_DATA = \
	examples/cookbook/checkpoint.c \
	examples/cookbook/dynamic_work.c \
	examples/cookbook/event_loop.c \
	examples/cookbook/histogram.c \
	examples/cookbook/pipeline.c \
	examples/cookbook/pool_in_mpi.c \
	examples/cookbook/server.c \
	examples/cookbook/time_steps.c

slurmexamplesdir = $(examplesdir)/slurm
dist_slurmexamples_SCRIPTS = \
	examples/slurm/checkpoint.sh \
	examples/slurm/wordcount.sh
