# SPDX-License-Identifier: BSD-3-Clause
# Benchmarks; built by make, not installed, never run by make check.
#
#   noinst_PROGRAMS += bench/queue
#   bench_queue_CPPFLAGS = $(PUBLIC_CPPFLAGS)
#   bench_queue_LDFLAGS = $(COMMON_LDFLAGS)
#   bench_queue_LDADD = libmultirank.la
