# SPDX-License-Identifier: BSD-3-Clause
# The library. A new file goes into the list of its layer; layers stand in the
# order in which they may include each other, the lowest first.

include_HEADERS = framework/include/multirank.h

multirankincludedir = $(includedir)/multirank
multirankinclude_HEADERS = \
	framework/include/multirank/array.h \
	framework/include/multirank/barrier.h \
	framework/include/multirank/base.h \
	framework/include/multirank/condition.h \
	framework/include/multirank/event.h \
	framework/include/multirank/function.h \
	framework/include/multirank/future.h \
	framework/include/multirank/info.h \
	framework/include/multirank/item.h \
	framework/include/multirank/iterator.h \
	framework/include/multirank/keeper.h \
	framework/include/multirank/job.h \
	framework/include/multirank/lock.h \
	framework/include/multirank/log.h \
	framework/include/multirank/mpi.h \
	framework/include/multirank/pipe.h \
	framework/include/multirank/pool.h \
	framework/include/multirank/process.h \
	framework/include/multirank/queue.h \
	framework/include/multirank/rwlock.h \
	framework/include/multirank/semaphore.h \
	framework/include/multirank/spawn.h \
	framework/include/multirank/topology.h \
	framework/include/multirank/typed.h \
	framework/include/multirank/value.h \
	framework/include/multirank/wait.h \
	framework/include/multirank/wait_set.h

util_sources = \
	framework/util/clock.h \
	framework/util/error.c \
	framework/util/fault.c \
	framework/util/fault.h \
	framework/util/list.c \
	framework/util/list.h \
	framework/util/log.c \
	framework/util/log.h \
	framework/util/rank_local.c \
	framework/util/rank_local.h \
	framework/util/settings.c \
	framework/util/settings.h \
	framework/util/thread.c \
	framework/util/thread.h

topology_sources = \
	framework/topology/allowed.c \
	framework/topology/allowed.h \
	framework/topology/describe.c \
	framework/topology/describe.h \
	framework/topology/load.c \
	framework/topology/load.h \
	framework/topology/placement.c \
	framework/topology/placement.h \
	framework/topology/plan.c \
	framework/topology/plan.h \
	framework/topology/processors.c \
	framework/topology/processors.h

memory_sources = \
	framework/memory/allocator.c \
	framework/memory/allocator.h \
	framework/memory/allowance.c \
	framework/memory/allowance.h \
	framework/memory/liveness.c \
	framework/memory/liveness.h \
	framework/memory/onesided.c \
	framework/memory/onesided.h \
	framework/memory/record.c \
	framework/memory/record.h \
	framework/memory/segment.c \
	framework/memory/segment.h \
	framework/memory/bits.h \
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
	framework/message/one_node.c \
	framework/message/one_node.h \
	framework/message/small.c \
	framework/message/state.h \
	framework/message/transport.h \
	framework/message/world.c \
	framework/message/world.h

engine_sources = \
	framework/engine/channel.c \
	framework/engine/channel.h \
	framework/engine/channel_cells.h \
	framework/engine/channel_get.c \
	framework/engine/channel_put.c \
	framework/engine/elsewhere.c \
	framework/engine/elsewhere.h \
	framework/engine/interrupt.c \
	framework/engine/interrupt.h \
	framework/engine/lent.c \
	framework/engine/lent.h \
	framework/engine/mailbox.c \
	framework/engine/mailbox.h \
	framework/engine/object.c \
	framework/engine/object.h \
	framework/engine/operation.c \
	framework/engine/operation.h \
	framework/engine/owned_block.c \
	framework/engine/owned_block.h \
	framework/engine/reaper.c \
	framework/engine/reaper.h \
	framework/engine/wait.c \
	framework/engine/wait.h \
	framework/engine/wait_any.c \
	framework/engine/wait_any.h \
	framework/engine/wait_near.c \
	framework/engine/wait_near.h \
	framework/engine/wait_set.c \
	framework/engine/wait_set.h

far_sources = \
	framework/far/caller.h \
	framework/far/client.c \
	framework/far/client.h \
	framework/far/coalesce.c \
	framework/far/coalesce.h \
	framework/far/exchange.c \
	framework/far/exchange.h \
	framework/far/far.c \
	framework/far/far.h \
	framework/far/farewell.c \
	framework/far/farewell.h \
	framework/far/keeper.c \
	framework/far/keeper.h \
	framework/far/port.c \
	framework/far/port.h \
	framework/far/port_rank.c \
	framework/far/port_relay.c \
	framework/far/relay.c \
	framework/far/relay.h \
	framework/far/relay_row.c \
	framework/far/relayed.c \
	framework/far/relayed.h \
	framework/far/send.c \
	framework/far/send.h \
	framework/far/serve.c \
	framework/far/serve.h \
	framework/far/served_call.c \
	framework/far/served_call.h \
	framework/far/wire.h

runtime_sources = \
	framework/runtime/code/binary.c \
	framework/runtime/code/binary.h \
	framework/runtime/code/function.c \
	framework/runtime/code/function.h \
	framework/runtime/code/module.c \
	framework/runtime/code/module.h \
	framework/runtime/job/abort.c \
	framework/runtime/job/abort.h \
	framework/runtime/job/end.c \
	framework/runtime/job/exchange_segments.c \
	framework/runtime/job/exchange_segments.h \
	framework/runtime/job/far_arrays.c \
	framework/runtime/job/far_arrays.h \
	framework/runtime/job/host.c \
	framework/runtime/job/identity.c \
	framework/runtime/job/identity.h \
	framework/runtime/job/info.c \
	framework/runtime/job/info_print.c \
	framework/runtime/job/job.c \
	framework/runtime/job/job.h \
	framework/runtime/job/launch.c \
	framework/runtime/job/launch.h \
	framework/runtime/job/leave.c \
	framework/runtime/job/leave.h \
	framework/runtime/job/map_segments.c \
	framework/runtime/job/map_segments.h \
	framework/runtime/job/mpi_files.c \
	framework/runtime/job/mpi_files.h \
	framework/runtime/job/parent.c \
	framework/runtime/job/parent.h \
	framework/runtime/job/place_ranks.c \
	framework/runtime/job/place_ranks.h \
	framework/runtime/job/standard_streams.c \
	framework/runtime/job/standard_streams.h \
	framework/runtime/job/state.h \
	framework/runtime/job/task_threads.c \
	framework/runtime/job/task_threads.h \
	framework/runtime/liveness.c \
	framework/runtime/liveness.h \
	framework/runtime/mpi_lock.c \
	framework/runtime/output.c \
	framework/runtime/output.h \
	framework/runtime/output_writer.c \
	framework/runtime/server/child.c \
	framework/runtime/server/child.h \
	framework/runtime/server/children.c \
	framework/runtime/server/children.h \
	framework/runtime/server/exit_status.c \
	framework/runtime/server/exit_status.h \
	framework/runtime/server/hooks.c \
	framework/runtime/server/hooks.h \
	framework/runtime/server/leftovers.c \
	framework/runtime/server/leftovers.h \
	framework/runtime/server/node_ranks.c \
	framework/runtime/server/node_ranks.h \
	framework/runtime/server/process_state.c \
	framework/runtime/server/process_state.h \
	framework/runtime/server/server.c \
	framework/runtime/server/server.h \
	framework/runtime/server/server_main.c \
	framework/runtime/server/server_main.h \
	framework/runtime/server/server_start.c \
	framework/runtime/service.c \
	framework/runtime/service.h \
	framework/runtime/background.c \
	framework/runtime/background.h \
	framework/runtime/work_loop.c \
	framework/runtime/work_loop.h

objects_sources = \
	framework/objects/data/array.c \
	framework/objects/data/array_calls.c \
	framework/objects/data/array_file.c \
	framework/objects/data/array.h \
	framework/objects/data/element.c \
	framework/objects/data/element.h \
	framework/objects/data/replica.c \
	framework/objects/data/replica.h \
	framework/objects/data/spread.c \
	framework/objects/data/spread.h \
	framework/objects/data/typed.c \
	framework/objects/data/value.c \
	framework/objects/create.c \
	framework/objects/create.h \
	framework/objects/hold.c \
	framework/objects/hold.h \
	framework/objects/holders.c \
	framework/objects/holders.h \
	framework/objects/kinds.h \
	framework/objects/keeper.c \
	framework/objects/lending.c \
	framework/objects/lending.h \
	framework/objects/pipe.c \
	framework/objects/pipe.h \
	framework/objects/process/calls.h \
	framework/objects/process/create.c \
	framework/objects/process/end.c \
	framework/objects/process/family.c \
	framework/objects/process/life.c \
	framework/objects/process/own.c \
	framework/objects/process/process.c \
	framework/objects/process/process.h \
	framework/objects/process/questions.c \
	framework/objects/process/start.c \
	framework/objects/queue/queue.c \
	framework/objects/queue/queue.h \
	framework/objects/queue/queue_calls.c \
	framework/objects/sync/barrier.c \
	framework/objects/sync/condition.c \
	framework/objects/sync/condition.h \
	framework/objects/sync/event.c \
	framework/objects/sync/lock.c \
	framework/objects/sync/rwlock.c \
	framework/objects/sync/semaphore.c \
	framework/objects/sync/sync.c \
	framework/objects/sync/sync.h \
	framework/objects/topology.c

pool_sources = \
	framework/pool/admission.c \
	framework/pool/admission.h \
	framework/pool/async.c \
	framework/pool/async.h \
	framework/pool/batch.c \
	framework/pool/batch.h \
	framework/pool/batch_notify.c \
	framework/pool/batch_reuse.c \
	framework/pool/context.c \
	framework/pool/context.h \
	framework/pool/driver.c \
	framework/pool/driver.h \
	framework/pool/end.c \
	framework/pool/end.h \
	framework/pool/future.c \
	framework/pool/future.h \
	framework/pool/future_calls.c \
	framework/pool/gather.c \
	framework/pool/gather.h \
	framework/pool/iterator.c \
	framework/pool/life.c \
	framework/pool/map.c \
	framework/pool/pool.c \
	framework/pool/pool.h \
	framework/pool/pool_ops.h \
	framework/pool/request.c \
	framework/pool/request.h \
	framework/pool/results.c \
	framework/pool/results.h \
	framework/pool/schedule.c \
	framework/pool/schedule.h \
	framework/pool/schedule_nodes.c \
	framework/pool/scheduler.h \
	framework/pool/setup.c \
	framework/pool/workers.c \
	framework/pool/worker/death.c \
	framework/pool/worker/deque.c \
	framework/pool/worker/failure.c \
	framework/pool/worker/failure.h \
	framework/pool/worker/family.c \
	framework/pool/worker/frames.c \
	framework/pool/worker/life.c \
	framework/pool/worker/life.h \
	framework/pool/worker/map_inside.c \
	framework/pool/worker/map_inside.h \
	framework/pool/worker/misuse.c \
	framework/pool/worker/place.c \
	framework/pool/worker/place.h \
	framework/pool/worker/return.c \
	framework/pool/worker/return.h \
	framework/pool/worker/run.c \
	framework/pool/worker/run.h \
	framework/pool/worker/spawn.c \
	framework/pool/worker/spawn_death.c \
	framework/pool/worker/spawn_run.c \
	framework/pool/worker/spawned.h

# The list of all kinds of objects, above them all.
kinds_sources = framework/kinds.c

# The objects, once: the tests link them statically and so reach what the
# installed library hides.
noinst_LTLIBRARIES += libmultirank-core.la
libmultirank_core_la_SOURCES = \
	$(util_sources) \
	$(topology_sources) \
	$(memory_sources) \
	$(message_sources) \
	$(engine_sources) \
	$(far_sources) \
	$(runtime_sources) \
	$(objects_sources) \
	$(pool_sources) \
	$(kinds_sources)
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
