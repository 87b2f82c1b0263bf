# SPDX-License-Identifier: BSD-3-Clause
# Benchmarks; built by make, not installed, never run by make check.
# bench/figures runs them and prints a table.

noinst_PROGRAMS += bench/far bench/idle bench/objects bench/raw
if HAVE_OPENMP
noinst_PROGRAMS += bench/loop
endif
EXTRA_DIST += bench/figures bench/peer.py

bench_far_SOURCES = bench/far.c bench/bench.h
bench_far_CPPFLAGS = $(PUBLIC_CPPFLAGS)
bench_far_LDFLAGS = $(COMMON_LDFLAGS)
bench_far_LDADD = libmultirank.la

bench_idle_SOURCES = bench/idle.c
bench_idle_CPPFLAGS = $(PUBLIC_CPPFLAGS)
bench_idle_LDFLAGS = $(COMMON_LDFLAGS)
bench_idle_LDADD = libmultirank.la

bench_objects_SOURCES = bench/objects.c bench/bench.h
bench_objects_CPPFLAGS = $(PUBLIC_CPPFLAGS)
bench_objects_LDFLAGS = $(COMMON_LDFLAGS)
bench_objects_LDADD = libmultirank.la

# What the machine does without Multirank.
bench_raw_SOURCES = bench/raw.c
bench_raw_CPPFLAGS = $(MPI_CFLAGS)
bench_raw_LDFLAGS = $(COMMON_LDFLAGS)
bench_raw_LDADD = $(MPI_LIBS)

bench_loop_SOURCES = bench/loop.c
bench_loop_CFLAGS = $(AM_CFLAGS) $(OPENMP_CFLAGS)
bench_loop_LDFLAGS = $(COMMON_LDFLAGS)
bench_loop_LDADD =
