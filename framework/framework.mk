# SPDX-License-Identifier: BSD-3-Clause
# The library. A new file goes into the list of its layer; layers stand in the
# order in which they may include each other, the lowest first.

include_HEADERS = framework/include/multirank.h

multirankincludedir = $(includedir)/multirank
multirankinclude_HEADERS = \
	framework/include/multirank/array.h \
	framework/include/multirank/base.h \
	framework/include/multirank/function.h \
	framework/include/multirank/info.h \
	framework/include/multirank/iterator.h \
	framework/include/multirank/job.h \
	framework/include/multirank/lock.h \
	framework/include/multirank/log.h \
	framework/include/multirank/mpi.h \
	framework/include/multirank/pipe.h \
	framework/include/multirank/pool.h \
	framework/include/multirank/process.h \
	framework/include/multirank/queue.h \
	framework/include/multirank/topology.h \
	framework/include/multirank/value.h \
	framework/include/multirank/wait.h

util_sources = \
	framework/util/clock.h \
	framework/util/error.c \
	framework/util/fault.c \
	framework/util/fault.h \
	framework/util/list.c \
	framework/util/list.h \
	framework/util/log.c \
	framework/util/log.h \
	framework/util/settings.c \
	framework/util/settings.h \
	framework/util/thread.c \
	framework/util/thread.h

topology_sources = \
	framework/topology/describe.c \
	framework/topology/describe.h \
	framework/topology/load.c \
	framework/topology/load.h \
	framework/topology/plan.c \
	framework/topology/plan.h \
	framework/topology/processors.c \
	framework/topology/processors.h \
	framework/topology/seat.c \
	framework/topology/seat.h \
	framework/topology/wish.c \
	framework/topology/wish.h

memory_sources = \
	framework/memory/allocator.c \
	framework/memory/allocator.h \
	framework/memory/onesided.c \
	framework/memory/onesided.h \
	framework/memory/record.c \
	framework/memory/record.h \
	framework/memory/segment.c \
	framework/memory/segment.h \
	framework/memory/slice.c \
	framework/memory/slice.h \
	framework/memory/window.c \
	framework/memory/window.h \
	framework/memory/word.h

message_sources = \
	framework/message/bulk.c \
	framework/message/message.c \
	framework/message/message.h \
	framework/message/mpi_transport.c \
	framework/message/mpi_transport.h \
	framework/message/small.c \
	framework/message/state.h \
	framework/message/transport.h \
	framework/message/world.c \
	framework/message/world.h

route_sources = \
	framework/route/batch.c \
	framework/route/batch.h \
	framework/route/channel.c \
	framework/route/channel.h \
	framework/route/client.c \
	framework/route/client.h \
	framework/route/errand.c \
	framework/route/errand.h \
	framework/route/exchange.c \
	framework/route/exchange.h \
	framework/route/far.c \
	framework/route/far.h \
	framework/route/mailbox.c \
	framework/route/mailbox.h \
	framework/route/object.c \
	framework/route/object.h \
	framework/route/operation.c \
	framework/route/operation.h \
	framework/route/port.c \
	framework/route/port.h \
	framework/route/reap.c \
	framework/route/reap.h \
	framework/route/serve.c \
	framework/route/serve.h \
	framework/route/served.c \
	framework/route/served.h \
	framework/route/several.c \
	framework/route/several.h \
	framework/route/wait.c \
	framework/route/wait.h \
	framework/route/wire.h

runtime_sources = \
	framework/runtime/binary.c \
	framework/runtime/binary.h \
	framework/runtime/child.c \
	framework/runtime/child.h \
	framework/runtime/failure.c \
	framework/runtime/failure.h \
	framework/runtime/far_arrays.c \
	framework/runtime/far_arrays.h \
	framework/runtime/function.c \
	framework/runtime/function.h \
	framework/runtime/info.c \
	framework/runtime/info_print.c \
	framework/runtime/job.c \
	framework/runtime/job.h \
	framework/runtime/launch.c \
	framework/runtime/launch.h \
	framework/runtime/leave.c \
	framework/runtime/leave.h \
	framework/runtime/leftover.c \
	framework/runtime/leftover.h \
	framework/runtime/module.c \
	framework/runtime/module.h \
	framework/runtime/output.c \
	framework/runtime/output.h \
	framework/runtime/parent.c \
	framework/runtime/parent.h \
	framework/runtime/place.c \
	framework/runtime/place.h \
	framework/runtime/seating.c \
	framework/runtime/seating.h \
	framework/runtime/server.c \
	framework/runtime/server.h \
	framework/runtime/server_children.c \
	framework/runtime/server_children.h \
	framework/runtime/server_main.c \
	framework/runtime/server_main.h \
	framework/runtime/server_ranks.c \
	framework/runtime/server_ranks.h \
	framework/runtime/server_start.c \
	framework/runtime/service.c \
	framework/runtime/service.h \
	framework/runtime/share.c \
	framework/runtime/share.h \
	framework/runtime/threads.c \
	framework/runtime/threads.h \
	framework/runtime/work.c \
	framework/runtime/work.h

objects_sources = \
	framework/objects/array.c \
	framework/objects/array.h \
	framework/objects/context.c \
	framework/objects/context.h \
	framework/objects/deal.c \
	framework/objects/deal.h \
	framework/objects/deal_again.c \
	framework/objects/deal_map.c \
	framework/objects/deal_nodes.c \
	framework/objects/deal_tasks.c \
	framework/objects/dealing.h \
	framework/objects/iterator.c \
	framework/objects/kinds.c \
	framework/objects/kinds.h \
	framework/objects/lock.c \
	framework/objects/lock.h \
	framework/objects/map.c \
	framework/objects/map.h \
	framework/objects/map_death.c \
	framework/objects/number.c \
	framework/objects/number.h \
	framework/objects/part.c \
	framework/objects/part.h \
	framework/objects/part_again.c \
	framework/objects/part_post.c \
	framework/objects/pipe.c \
	framework/objects/pipe.h \
	framework/objects/piece.c \
	framework/objects/piece.h \
	framework/objects/pool.c \
	framework/objects/pool.h \
	framework/objects/pool_map.c \
	framework/objects/process.c \
	framework/objects/process.h \
	framework/objects/queue.c \
	framework/objects/results.c \
	framework/objects/results.h \
	framework/objects/spread.c \
	framework/objects/spread.h \
	framework/objects/stream.c \
	framework/objects/stream.h \
	framework/objects/topology.c \
	framework/objects/value.c

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
libmultirank_core_la_LDFLAGS = $(COMMON_LDFLAGS)
libmultirank_core_la_LIBADD = $(MPI_LIBS) $(HWLOC_LIBS)

lib_LTLIBRARIES += libmultirank.la
libmultirank_la_SOURCES =
libmultirank_la_LIBADD = libmultirank-core.la
libmultirank_la_LDFLAGS = $(COMMON_LDFLAGS) -version-info $(INTERFACE_VERSION) \
	-no-undefined
