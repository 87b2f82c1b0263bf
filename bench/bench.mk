# SPDX-License-Identifier: BSD-3-Clause
# Programs that measure; bench/run runs them.  They are built with the tests, or
# by make bench-programs, and not installed.  Each has the folder of what it is
# about, and is one contender of a question: a program of Multirank, of MPI
# alone, or of neither.

bench_multirank = \
	bench/job/idle \
	bench/job/memory \
	bench/job/start \
	bench/job/start_beyond_mpi \
	bench/objects/array \
	bench/objects/memory \
	bench/objects/pipe \
	bench/objects/process \
	bench/objects/queue \
	bench/objects/queue_batches \
	bench/objects/queue_lent \
	bench/objects/queue_many \
	bench/objects/share \
	bench/objects/sync \
	bench/objects/value \
	bench/pool/multirank \
	bench/pool/tree
bench_mpi = \
	bench/job/idle_mpi \
	bench/job/memory_mpi \
	bench/job/start_mpi \
	bench/objects/array_mpi \
	bench/objects/batches_mpi \
	bench/objects/many_mpi \
	bench/objects/process_mpi \
	bench/objects/share_mpi \
	bench/objects/sync_mpi \
	bench/objects/talk_mpi \
	bench/objects/value_mpi \
	bench/pool/by_hand \
	bench/pool/scatter
bench_alone = \
	bench/objects/array_memcpy \
	bench/objects/lent_line \
	bench/objects/many_mq \
	bench/objects/process_plain \
	bench/objects/sync_posix \
	bench/objects/talk_line \
	bench/objects/value_mutex \
	bench/pool/peak
if HAVE_OPENMP
bench_alone += bench/pool/openmp bench/pool/tree_openmp
endif
if HAVE_LIBCIRCLE
bench_mpi += bench/pool/with_libcircle
endif
if HAVE_BOOST
bench_alone += bench/objects/batches_boost bench/objects/many_boost
endif

bench_programs = $(bench_multirank) $(bench_mpi) $(bench_alone)
check_PROGRAMS += $(bench_programs)

bench-programs: libmultirank.la
	$(MAKE) $(AM_MAKEFLAGS) $(bench_programs)
.PHONY: bench-programs

EXTRA_DIST += \
	bench/NUMBERS.md \
	bench/RESULTS.md \
	bench/pictures/empty_tasks.svg \
	bench/draw \
	bench/pictures/smallest_task.csv \
	bench/pictures/smallest_task.svg \
	bench/measure/__init__.py \
	bench/measure/collect.py \
	bench/measure/launch.py \
	bench/measure/machine.py \
	bench/measure/page.py \
	bench/measure/plot.py \
	bench/measure/question.py \
	bench/measure/table.py \
	bench/measure/talk.py \
	bench/model/check.py \
	bench/model/dispatch.py \
	bench/model/machine.py \
	bench/model/predict \
	bench/objects/array_multiprocessing.py \
	bench/objects/lent_iceoryx.py \
	bench/objects/many_iceoryx.py \
	bench/objects/many_multiprocessing.py \
	bench/objects/memory_multiprocessing.py \
	bench/objects/process_multiprocessing.py \
	bench/objects/repeat.py \
	bench/objects/sync_multiprocessing.py \
	bench/objects/talk_multiprocessing.py \
	bench/objects/value_multiprocessing.py \
	bench/pool/contender.py \
	bench/pool/with_dragon.py \
	bench/pool/with_mpi4py.py \
	bench/pool/with_mpire.py \
	bench/pool/with_multiprocessing.py \
	bench/questions/array.py \
	bench/questions/empty_tasks.py \
	bench/questions/idle.py \
	bench/questions/lent.py \
	bench/questions/memory.py \
	bench/questions/one_task.py \
	bench/questions/pipe.py \
	bench/questions/process.py \
	bench/questions/queue.py \
	bench/questions/queue_batches.py \
	bench/questions/queue_many.py \
	bench/questions/scaling.py \
	bench/questions/share.py \
	bench/questions/smallest_task.py \
	bench/questions/start.py \
	bench/questions/sync.py \
	bench/questions/task_length.py \
	bench/questions/tree.py \
	bench/questions/value.py \
	bench/questions/value_of_many.py \
	bench/run

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

bench_pool_tree_SOURCES = bench/pool/tree.c bench/bench.h $(bench_repeat) \
	bench/pool/tree.h
bench_pool_tree_CPPFLAGS = $(PUBLIC_CPPFLAGS)
bench_pool_tree_LDFLAGS = $(COMMON_LDFLAGS)
bench_pool_tree_LDADD = libmultirank.la

bench_pool_tree_openmp_SOURCES = bench/pool/tree_openmp.c $(bench_repeat) \
	bench/pool/tree.h
bench_pool_tree_openmp_CPPFLAGS =
bench_pool_tree_openmp_CFLAGS = $(AM_CFLAGS) $(OPENMP_CFLAGS)
bench_pool_tree_openmp_LDFLAGS = $(COMMON_LDFLAGS)
bench_pool_tree_openmp_LDADD =

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

bench_pool_with_libcircle_SOURCES = bench/pool/with_libcircle.c \
	$(bench_pool_questions)
bench_pool_with_libcircle_CPPFLAGS = $(MPI_CFLAGS) $(LIBCIRCLE_CFLAGS)
bench_pool_with_libcircle_LDFLAGS = $(COMMON_LDFLAGS)
bench_pool_with_libcircle_LDADD = $(LIBCIRCLE_LIBS) $(MPI_LIBS)

# A job that does nothing, and what it takes of the machine.
bench_usage = $(bench_repeat) bench/job/usage.c bench/job/usage.h
bench_idle = $(bench_usage) bench/job/idle.h

bench_job_idle_SOURCES = bench/job/idle.c bench/bench.h $(bench_idle)
bench_job_idle_CPPFLAGS = $(PUBLIC_CPPFLAGS)
bench_job_idle_LDFLAGS = $(COMMON_LDFLAGS)
bench_job_idle_LDADD = libmultirank.la

bench_job_idle_mpi_SOURCES = bench/job/idle_mpi.c $(bench_idle)
bench_job_idle_mpi_CPPFLAGS = $(MPI_CFLAGS)
bench_job_idle_mpi_LDFLAGS = $(COMMON_LDFLAGS)
bench_job_idle_mpi_LDADD = $(MPI_LIBS)

bench_job_memory_SOURCES = bench/job/memory.c bench/bench.h $(bench_usage)
bench_job_memory_CPPFLAGS = $(PUBLIC_CPPFLAGS)
bench_job_memory_LDFLAGS = $(COMMON_LDFLAGS)
bench_job_memory_LDADD = libmultirank.la

bench_job_memory_mpi_SOURCES = bench/job/memory_mpi.c $(bench_usage)
bench_job_memory_mpi_CPPFLAGS = $(MPI_CFLAGS)
bench_job_memory_mpi_LDFLAGS = $(COMMON_LDFLAGS)
bench_job_memory_mpi_LDADD = $(MPI_LIBS)

bench_job_start_SOURCES = bench/job/start.c bench/bench.h $(bench_repeat)
bench_job_start_CPPFLAGS = $(PUBLIC_CPPFLAGS)
bench_job_start_LDFLAGS = $(COMMON_LDFLAGS)
bench_job_start_LDADD = libmultirank.la

bench_job_start_beyond_mpi_SOURCES = bench/job/start_beyond_mpi.c \
	bench/bench.h $(bench_repeat)
bench_job_start_beyond_mpi_CPPFLAGS = $(PUBLIC_CPPFLAGS) $(MPI_CFLAGS)
bench_job_start_beyond_mpi_LDFLAGS = $(COMMON_LDFLAGS)
bench_job_start_beyond_mpi_LDADD = libmultirank.la $(MPI_LIBS)

bench_job_start_mpi_SOURCES = bench/job/start_mpi.c $(bench_repeat)
bench_job_start_mpi_CPPFLAGS = $(MPI_CFLAGS)
bench_job_start_mpi_LDFLAGS = $(COMMON_LDFLAGS)
bench_job_start_mpi_LDADD = $(MPI_LIBS)

# Objects: two sides and a channel between them, one that is there for all, and
# those who are at the other side.
bench_repeat = bench/figure.h bench/repeat.h
bench_talk = $(bench_repeat) bench/objects/talk.c bench/objects/talk.h
bench_crowd = $(bench_repeat) bench/objects/crowd.h
bench_slices = $(bench_repeat) bench/objects/slices.h
bench_starts = $(bench_repeat) bench/objects/starts.h
bench_share = $(bench_repeat) bench/objects/share.h
bench_others = bench/bench.h bench/objects/others.c bench/objects/others.h

bench_objects_array_SOURCES = bench/objects/array.c bench/bench.h $(bench_slices)
bench_objects_array_CPPFLAGS = $(PUBLIC_CPPFLAGS)
bench_objects_array_LDFLAGS = $(COMMON_LDFLAGS)
bench_objects_array_LDADD = libmultirank.la

bench_objects_array_mpi_SOURCES = bench/objects/array_mpi.c $(bench_slices)
bench_objects_array_mpi_CPPFLAGS = $(MPI_CFLAGS)
bench_objects_array_mpi_LDFLAGS = $(COMMON_LDFLAGS)
bench_objects_array_mpi_LDADD = $(MPI_LIBS)

bench_objects_array_memcpy_SOURCES = bench/objects/array_memcpy.c $(bench_slices)
bench_objects_array_memcpy_CPPFLAGS =
bench_objects_array_memcpy_LDFLAGS = $(COMMON_LDFLAGS)
bench_objects_array_memcpy_LDADD =

bench_objects_share_SOURCES = bench/objects/share.c bench/bench.h $(bench_share)
bench_objects_share_CPPFLAGS = $(PUBLIC_CPPFLAGS)
bench_objects_share_LDFLAGS = $(COMMON_LDFLAGS)
bench_objects_share_LDADD = libmultirank.la

bench_objects_share_mpi_SOURCES = bench/objects/share_mpi.c $(bench_share)
bench_objects_share_mpi_CPPFLAGS = $(MPI_CFLAGS)
bench_objects_share_mpi_LDFLAGS = $(COMMON_LDFLAGS)
bench_objects_share_mpi_LDADD = $(MPI_LIBS)

bench_objects_memory_SOURCES = bench/objects/memory.c bench/bench.h $(bench_usage)
bench_objects_memory_CPPFLAGS = $(PUBLIC_CPPFLAGS)
bench_objects_memory_LDFLAGS = $(COMMON_LDFLAGS)
bench_objects_memory_LDADD = libmultirank.la

bench_objects_pipe_SOURCES = bench/objects/pipe.c $(bench_others) $(bench_talk)
bench_objects_pipe_CPPFLAGS = $(PUBLIC_CPPFLAGS)
bench_objects_pipe_LDFLAGS = $(COMMON_LDFLAGS)
bench_objects_pipe_LDADD = libmultirank.la

bench_objects_process_SOURCES = bench/objects/process.c bench/bench.h $(bench_starts)
bench_objects_process_CPPFLAGS = $(PUBLIC_CPPFLAGS)
bench_objects_process_LDFLAGS = $(COMMON_LDFLAGS)
bench_objects_process_LDADD = libmultirank.la

bench_objects_process_mpi_SOURCES = bench/objects/process_mpi.c $(bench_starts)
bench_objects_process_mpi_CPPFLAGS = $(MPI_CFLAGS)
bench_objects_process_mpi_LDFLAGS = $(COMMON_LDFLAGS)
bench_objects_process_mpi_LDADD = $(MPI_LIBS)

bench_objects_process_plain_SOURCES = bench/objects/process_plain.c $(bench_starts)
bench_objects_process_plain_CPPFLAGS =
bench_objects_process_plain_LDFLAGS = $(COMMON_LDFLAGS)
bench_objects_process_plain_LDADD =

bench_objects_queue_SOURCES = bench/objects/queue.c $(bench_others) $(bench_talk)
bench_objects_queue_CPPFLAGS = $(PUBLIC_CPPFLAGS)
bench_objects_queue_LDFLAGS = $(COMMON_LDFLAGS)
bench_objects_queue_LDADD = libmultirank.la

bench_objects_talk_mpi_SOURCES = bench/objects/talk_mpi.c $(bench_talk)
bench_objects_talk_mpi_CPPFLAGS = $(MPI_CFLAGS)
bench_objects_talk_mpi_LDFLAGS = $(COMMON_LDFLAGS)
bench_objects_talk_mpi_LDADD = $(MPI_LIBS)

bench_objects_value_SOURCES = bench/objects/value.c $(bench_others) $(bench_crowd)
bench_objects_value_CPPFLAGS = $(PUBLIC_CPPFLAGS)
bench_objects_value_LDFLAGS = $(COMMON_LDFLAGS)
bench_objects_value_LDADD = libmultirank.la

bench_objects_value_mpi_SOURCES = bench/objects/value_mpi.c $(bench_crowd)
bench_objects_value_mpi_CPPFLAGS = $(MPI_CFLAGS)
bench_objects_value_mpi_LDFLAGS = $(COMMON_LDFLAGS)
bench_objects_value_mpi_LDADD = $(MPI_LIBS)

bench_objects_talk_line_SOURCES = bench/objects/talk_line.c bench/objects/cores.h \
	$(bench_repeat)
bench_objects_talk_line_CPPFLAGS = -D_GNU_SOURCE
bench_objects_talk_line_LDFLAGS = $(COMMON_LDFLAGS)
bench_objects_talk_line_LDADD =

bench_objects_value_mutex_SOURCES = bench/objects/value_mutex.c $(bench_crowd)
bench_objects_value_mutex_CPPFLAGS =
bench_objects_value_mutex_LDFLAGS = $(COMMON_LDFLAGS)
bench_objects_value_mutex_LDADD =

# Many items, many users of a queue, items that are lent, and what waits.
bench_batches = $(bench_repeat) bench/objects/batches.c bench/objects/batches.h
bench_market = $(bench_repeat) bench/objects/market.c bench/objects/market.h
bench_lent = $(bench_repeat) bench/objects/lent.h

bench_objects_queue_batches_SOURCES = bench/objects/queue_batches.c \
	$(bench_others) $(bench_batches)
bench_objects_queue_batches_CPPFLAGS = $(PUBLIC_CPPFLAGS)
bench_objects_queue_batches_LDFLAGS = $(COMMON_LDFLAGS)
bench_objects_queue_batches_LDADD = libmultirank.la

bench_objects_batches_mpi_SOURCES = bench/objects/batches_mpi.c $(bench_batches)
bench_objects_batches_mpi_CPPFLAGS = $(MPI_CFLAGS)
bench_objects_batches_mpi_LDFLAGS = $(COMMON_LDFLAGS)
bench_objects_batches_mpi_LDADD = $(MPI_LIBS)

bench_objects_batches_boost_SOURCES = bench/objects/batches_boost.cpp $(bench_batches)
bench_objects_batches_boost_CPPFLAGS =
bench_objects_batches_boost_LDFLAGS = $(COMMON_LDFLAGS)
bench_objects_batches_boost_LDADD =

bench_objects_queue_many_SOURCES = bench/objects/queue_many.c $(bench_others) $(bench_market)
bench_objects_queue_many_CPPFLAGS = $(PUBLIC_CPPFLAGS)
bench_objects_queue_many_LDFLAGS = $(COMMON_LDFLAGS)
bench_objects_queue_many_LDADD = libmultirank.la

bench_objects_many_mpi_SOURCES = bench/objects/many_mpi.c $(bench_market)
bench_objects_many_mpi_CPPFLAGS = $(MPI_CFLAGS)
bench_objects_many_mpi_LDFLAGS = $(COMMON_LDFLAGS)
bench_objects_many_mpi_LDADD = $(MPI_LIBS)

bench_objects_many_mq_SOURCES = bench/objects/many_mq.c $(bench_market)
bench_objects_many_mq_CPPFLAGS = -D_GNU_SOURCE
bench_objects_many_mq_LDFLAGS = $(COMMON_LDFLAGS)
bench_objects_many_mq_LDADD = -lrt

bench_objects_many_boost_SOURCES = bench/objects/many_boost.cpp $(bench_market)
bench_objects_many_boost_CPPFLAGS =
bench_objects_many_boost_LDFLAGS = $(COMMON_LDFLAGS)
bench_objects_many_boost_LDADD = -lrt

bench_objects_queue_lent_SOURCES = bench/objects/queue_lent.c $(bench_others) $(bench_lent)
bench_objects_queue_lent_CPPFLAGS = $(PUBLIC_CPPFLAGS)
bench_objects_queue_lent_LDFLAGS = $(COMMON_LDFLAGS)
bench_objects_queue_lent_LDADD = libmultirank.la

bench_objects_lent_line_SOURCES = bench/objects/lent_line.c bench/objects/cores.h \
	$(bench_lent)
bench_objects_lent_line_CPPFLAGS = -D_GNU_SOURCE
bench_objects_lent_line_LDFLAGS = $(COMMON_LDFLAGS)
bench_objects_lent_line_LDADD =

bench_objects_sync_SOURCES = bench/objects/sync.c $(bench_others) $(bench_repeat)
bench_objects_sync_CPPFLAGS = $(PUBLIC_CPPFLAGS)
bench_objects_sync_LDFLAGS = $(COMMON_LDFLAGS)
bench_objects_sync_LDADD = libmultirank.la

bench_objects_sync_mpi_SOURCES = bench/objects/sync_mpi.c $(bench_repeat)
bench_objects_sync_mpi_CPPFLAGS = $(MPI_CFLAGS)
bench_objects_sync_mpi_LDFLAGS = $(COMMON_LDFLAGS)
bench_objects_sync_mpi_LDADD = $(MPI_LIBS)

bench_objects_sync_posix_SOURCES = bench/objects/sync_posix.c $(bench_repeat)
bench_objects_sync_posix_CPPFLAGS = -D_GNU_SOURCE
bench_objects_sync_posix_LDFLAGS = $(COMMON_LDFLAGS)
bench_objects_sync_posix_LDADD =
