# SPDX-License-Identifier: BSD-3-Clause
# The library. A new file goes into the list of its layer; layers stand in the
# order in which they may include each other, the lowest first.

include_HEADERS = framework/include/multirank.h

multirankincludedir = $(includedir)/multirank
multirankinclude_HEADERS = \
	framework/include/multirank/array.h \
	framework/include/multirank/base.h \
	framework/include/multirank/job.h \
	framework/include/multirank/lock.h \
	framework/include/multirank/log.h \
	framework/include/multirank/pipe.h \
	framework/include/multirank/pool.h \
	framework/include/multirank/process.h \
	framework/include/multirank/queue.h \
	framework/include/multirank/value.h \
	framework/include/multirank/wait.h

util_sources = \
	framework/util/clock.h \
	framework/util/error.c \
	framework/util/fault.c \
	framework/util/fault.h \
	framework/util/log.c \
	framework/util/log.h \
	framework/util/settings.c \
	framework/util/settings.h

topology_sources =

memory_sources =

message_sources =

route_sources =

runtime_sources =

objects_sources =

# The objects, once: the tests link them statically and so reach what the
# installed library hides.
noinst_LTLIBRARIES += libmultirank-core.la
libmultirank_core_la_SOURCES = \
	$(util_sources) \
	$(topology_sources) \
	$(memory_sources) \
	$(message_sources) \
	$(route_sources) \
	$(runtime_sources) \
	$(objects_sources)
libmultirank_core_la_CPPFLAGS = $(INTERNAL_CPPFLAGS) $(MPI_CFLAGS) \
	$(HWLOC_CFLAGS)
libmultirank_core_la_CFLAGS = $(AM_CFLAGS) $(VISIBILITY_FLAGS)
libmultirank_core_la_LIBADD = $(MPI_LIBS) $(HWLOC_LIBS)

lib_LTLIBRARIES += libmultirank.la
libmultirank_la_SOURCES =
libmultirank_la_LIBADD = libmultirank-core.la
libmultirank_la_LDFLAGS = $(AM_LDFLAGS) -version-info $(INTERFACE_VERSION) \
	-no-undefined
