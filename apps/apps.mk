# SPDX-License-Identifier: BSD-3-Clause
# Programs that use the library as anyone can: by its public headers.

# A tour of the library, one file for each object. The program cannot be
# apps/tour, where the objects of a build out of tree lie.
bin_PROGRAMS += apps/multirank-tour
apps_multirank_tour_SOURCES = \
	apps/tour/array.c \
	apps/tour/daemon.c \
	apps/tour/pipe.c \
	apps/tour/pool.c \
	apps/tour/process.c \
	apps/tour/queue.c \
	apps/tour/tour.c \
	apps/tour/tour.h \
	apps/tour/value.c
apps_multirank_tour_CPPFLAGS = $(PUBLIC_CPPFLAGS)
apps_multirank_tour_LDFLAGS = $(COMMON_LDFLAGS)
apps_multirank_tour_LDADD = libmultirank.la
