# SPDX-License-Identifier: BSD-3-Clause
# Benchmarks; built by make, never run by make check.

bench_cppflags = $(PUBLIC_CPPFLAGS)
bench_libraries = libmultirank.la
