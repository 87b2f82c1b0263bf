# SPDX-License-Identifier: BSD-3-Clause
# Programs that measure; bench/run runs them.  They are built with the tests, or
# by make bench-programs, and not installed.  Each has the folder of what it is
# about, and is one contender of a question: a program of Multirank, of MPI
# alone, or of neither.

bench_multirank = \
	bench/far \
	bench/idle \
	bench/objects \
	bench/pool/multirank
bench_mpi = \
	bench/pool/by_hand \
	bench/pool/scatter \
	bench/raw
bench_alone = \
	bench/pool/peak
if HAVE_OPENMP
bench_alone += bench/pool/openmp
endif

bench_programs = $(bench_multirank) $(bench_mpi) $(bench_alone)
check_PROGRAMS += $(bench_programs)

bench-programs: libmultirank.la
	$(MAKE) $(AM_MAKEFLAGS) $(bench_programs)
.PHONY: bench-programs

EXTRA_DIST += \
	bench/figures \
	bench/peer.py

# The questions to a pool, and who answers them.
bench_pool_questions = \
	bench/figure.h \
	bench/pool/contender.h \
	bench/pool/questions.c \
	bench/pool/work.h

bench_pool_multirank_SOURCES = bench/pool/multirank.c bench/bench.h \
	$(bench_pool_questions)
bench_pool_multirank_CPPFLAGS = $(PUBLIC_CPPFLAGS)
bench_pool_multirank_LDFLAGS = $(COMMON_LDFLAGS)
bench_pool_multirank_LDADD = libmultirank.la

bench_pool_by_hand_SOURCES = bench/pool/by_hand.c $(bench_pool_questions)
bench_pool_by_hand_CPPFLAGS = $(MPI_CFLAGS)
bench_pool_by_hand_LDFLAGS = $(COMMON_LDFLAGS)
bench_pool_by_hand_LDADD = $(MPI_LIBS)

bench_pool_scatter_SOURCES = bench/pool/scatter.c $(bench_pool_questions)
bench_pool_scatter_CPPFLAGS = $(MPI_CFLAGS)
bench_pool_scatter_LDFLAGS = $(COMMON_LDFLAGS)
bench_pool_scatter_LDADD = $(MPI_LIBS)

bench_pool_openmp_SOURCES = bench/pool/openmp.c $(bench_pool_questions)
bench_pool_openmp_CPPFLAGS =
bench_pool_openmp_CFLAGS = $(AM_CFLAGS) $(OPENMP_CFLAGS)
bench_pool_openmp_LDFLAGS = $(COMMON_LDFLAGS)
bench_pool_openmp_LDADD =

bench_pool_peak_SOURCES = bench/pool/peak.c bench/figure.h bench/pool/work.h
bench_pool_peak_CPPFLAGS = -D_GNU_SOURCE
bench_pool_peak_LDFLAGS = $(COMMON_LDFLAGS)
bench_pool_peak_LDADD =

# Of all kinds of objects at once, as bench/figures shows them.
bench_far_SOURCES = bench/far.c bench/bench.h bench/figure.h
bench_far_CPPFLAGS = $(PUBLIC_CPPFLAGS)
bench_far_LDFLAGS = $(COMMON_LDFLAGS)
bench_far_LDADD = libmultirank.la

bench_idle_SOURCES = bench/idle.c
bench_idle_CPPFLAGS = $(PUBLIC_CPPFLAGS)
bench_idle_LDFLAGS = $(COMMON_LDFLAGS)
bench_idle_LDADD = libmultirank.la

bench_objects_SOURCES = bench/objects.c bench/bench.h bench/figure.h
bench_objects_CPPFLAGS = $(PUBLIC_CPPFLAGS)
bench_objects_LDFLAGS = $(COMMON_LDFLAGS)
bench_objects_LDADD = libmultirank.la

bench_raw_SOURCES = bench/raw.c
bench_raw_CPPFLAGS = $(MPI_CFLAGS)
bench_raw_LDFLAGS = $(COMMON_LDFLAGS)
bench_raw_LDADD = $(MPI_LIBS)
