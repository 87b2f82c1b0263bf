# SPDX-License-Identifier: BSD-3-Clause
# The tests. A new one is a word in one of the lists; its source has the same
# name with .c behind it.
#
#   make check                                       everything
#   make check TESTS=tests/mpi/queue_test.np4        one program
#   tests/launch -n 1,2,4 tests/mpi/queue_test NAME  one test, by hand

# One process; what is an endpoint elsewhere is a thread here.
unit_suites = \
	tests/unit/allocator_test \
	tests/unit/allowance_test \
	tests/unit/blocked_test \
	tests/unit/coalesce_test \
	tests/unit/describe_test \
	tests/unit/far_fault_test \
	tests/unit/far_queue_test \
	tests/unit/far_sync_test \
	tests/unit/far_array_test \
	tests/unit/far_test \
	tests/unit/far_wait_test \
	tests/unit/exit_status_test \
	tests/unit/function_test \
	tests/unit/harness_test \
	tests/unit/lock_test \
	tests/unit/batch_test \
	tests/unit/message_test \
	tests/unit/object_test \
	tests/unit/batch_reuse_test \
	tests/unit/pipe_test \
	tests/unit/points_test \
	tests/unit/queue_memory_test \
	tests/unit/queue_test \
	tests/unit/reaper_test \
	tests/unit/record_test \
	tests/unit/task_threads_test \
	tests/unit/rwlock_test \
	tests/unit/spawn_test \
	tests/unit/sync_test \
	tests/unit/topology_test \
	tests/unit/util_test \
	tests/unit/value_test \
	tests/unit/wait_test

# The same as scripts, for what a test program cannot be.
unit_scripts = \
	tests/unit/builds.sh \
	tests/unit/failures.sh

# A whole suite in one job, once for each number of ranks.
mpi_suites = \
	tests/mpi/array_replicated_test \
	tests/mpi/array_spread_test \
	tests/mpi/array_test \
	tests/mpi/array_travel_test \
	tests/mpi/barrier_test \
	tests/mpi/condition_test \
	tests/mpi/data_edges_test \
	tests/mpi/data_test \
	tests/mpi/function_test \
	tests/mpi/info_test \
	tests/mpi/interrupt_test \
	tests/mpi/job_test \
	tests/mpi/keeper_test \
	tests/mpi/lent_test \
	tests/mpi/lock_test \
	tests/mpi/memory_test \
	tests/mpi/message_test \
	tests/mpi/object_life_test \
	tests/mpi/pipe_holder_test \
	tests/mpi/pipe_test \
	tests/mpi/pool_async_test \
	tests/mpi/pool_failure_test \
	tests/mpi/pool_iterate_failure_test \
	tests/mpi/pool_iterate_test \
	tests/mpi/pool_life_test \
	tests/mpi/pool_setup_test \
	tests/mpi/pool_shared_test \
	tests/mpi/pool_small_test \
	tests/mpi/pool_spread_test \
	tests/mpi/pool_test \
	tests/mpi/pool_worker_test \
	tests/mpi/process_edges_test \
	tests/mpi/process_end_test \
	tests/mpi/process_family_test \
	tests/mpi/process_hooks_test \
	tests/mpi/process_parent_test \
	tests/mpi/process_start_test \
	tests/mpi/process_test \
	tests/mpi/queue_crowd_test \
	tests/mpi/queue_edges_test \
	tests/mpi/queue_end_test \
	tests/mpi/queue_many_test \
	tests/mpi/queue_test \
	tests/mpi/placement_test \
	tests/mpi/rwlock_test \
	tests/mpi/spawn_test \
	tests/mpi/sync_crowd_test \
	tests/mpi/sync_interrupt_test \
	tests/mpi/sync_test \
	tests/mpi/topology_test \
	tests/mpi/value_test \
	tests/mpi/wait_set_test \
	tests/mpi/wait_test

# The C++ face; sources end with .cpp.
cxx_suites = \
	tests/cxx/iterate_test \
	tests/cxx/number_test \
	tests/cxx/pool_test \
	tests/cxx/process_test \
	tests/cxx/queue_test \
	tests/cxx/spawn_test \
	tests/cxx/sync_test

# With --enable-debug only: processes and ranks that die at a chosen store.
fault_suites = \
	tests/fault/allocator_test \
	tests/fault/condition_test \
	tests/fault/keeper_test \
	tests/fault/lent_test \
	tests/fault/lock_test \
	tests/fault/memory_test \
	tests/fault/pipe_test \
	tests/fault/pool_test \
	tests/fault/process_test \
	tests/fault/queue_end_test \
	tests/fault/queue_test \
	tests/fault/rwlock_test \
	tests/fault/soak_test \
	tests/fault/sync_test \
	tests/fault/value_test \
	tests/fault/wait_test

# Programs that the scripts run.
job_programs = \
	tests/job/alone \
	tests/job/bare \
	tests/job/endings \
	tests/job/heirs \
	tests/job/iterators \
	tests/job/memory \
	tests/job/mortal \
	tests/job/mpi_lock \
	tests/job/output \
	tests/job/pool_ends \
	tests/job/pools \
	tests/job/placement \
	tests/job/spmd \
	tests/job/survivors \
	tests/job/unwilling \
	tests/job/user_mpi

# For scripts in tests/hosts: plain MPI, and a network with delays.
hosts_programs = \
	tests/hosts/stream \
	tests/hosts/tapswitch

# Jobs that abort, exit or are killed, watched from outside; and programs that
# use the library.
job_scripts = \
	tests/apps/mandelbrot.sh \
	tests/apps/search.sh \
	tests/apps/wordcount.sh \
	tests/bench/model.sh \
	tests/bench/objects.sh \
	tests/bench/pool.sh \
	tests/bench/run.sh \
	tests/bench/tables.sh \
	tests/job/aborts.sh \
	tests/job/alone.sh \
	tests/job/bare.sh \
	tests/job/binaries.sh \
	tests/job/checks.sh \
	tests/job/endings.sh \
	tests/job/heirs.sh \
	tests/job/info.sh \
	tests/job/iterators.sh \
	tests/job/kills.sh \
	tests/job/listen.sh \
	tests/job/memory.sh \
	tests/job/mpi_lock.sh \
	tests/job/output.sh \
	tests/job/pool_ends.sh \
	tests/job/pools.sh \
	tests/job/run.sh \
	tests/job/run_command.sh \
	tests/job/placement.sh \
	tests/job/spmd.sh \
	tests/job/survivors.sh \
	tests/job/survivors_far.sh \
	tests/job/threads.sh \
	tests/job/topology.sh \
	tests/tour/tour.sh

# How many instructions operations take.
counts_scripts = tests/counts/counts.sh tests/counts/paths.sh

# Jobs over simulated hosts and under Slurm.
hosts_scripts = \
	tests/hosts/batch.sh \
	tests/hosts/heirs.sh \
	tests/hosts/network.sh \
	tests/hosts/run.sh \
	tests/hosts/search.sh \
	tests/hosts/spmd.sh \
	tests/hosts/survivors.sh \
	tests/hosts/tour.sh

# What is installed can be used.
install_scripts = \
	tests/install/completion.sh \
	tests/install/cxx.sh \
	tests/install/examples.sh \
	tests/install/headers.sh \
	tests/install/manual.sh \
	tests/install/mpi.sh \
	tests/install/package.sh

# Automake names a log after its test, so that each number of ranks gets a
# name of its own: an empty file, whose name tests/launch reads.
# All suites have 4 ranks.  One rank is for what differs without a neighbour,
# two for what is between exactly two, three where the ranks get unequal shares,
# eight for crowds.  (With AddressSanitizer all run with 2, near and far.)
one_rank = \
	tests/mpi/function_test \
	tests/mpi/info_test \
	tests/mpi/interrupt_test \
	tests/mpi/job_test \
	tests/mpi/memory_test \
	tests/mpi/message_test \
	tests/mpi/placement_test \
	tests/mpi/pool_failure_test \
	tests/mpi/pool_iterate_test \
	tests/mpi/pool_life_test \
	tests/mpi/pool_setup_test \
	tests/mpi/pool_small_test \
	tests/mpi/pool_test \
	tests/mpi/process_edges_test \
	tests/mpi/process_end_test \
	tests/mpi/process_family_test \
	tests/mpi/process_hooks_test \
	tests/mpi/process_parent_test \
	tests/mpi/process_start_test \
	tests/mpi/process_test \
	tests/mpi/spawn_test \
	tests/mpi/topology_test
two_ranks = \
	tests/mpi/interrupt_test \
	tests/mpi/job_test \
	tests/mpi/pool_iterate_test \
	tests/mpi/pool_small_test \
	tests/mpi/pool_test \
	tests/mpi/pool_worker_test \
	tests/mpi/process_test \
	tests/mpi/queue_test
three_ranks = \
	tests/mpi/array_replicated_test \
	tests/mpi/array_spread_test \
	tests/mpi/pool_spread_test
eight_ranks = \
	tests/mpi/job_test \
	tests/mpi/lock_test \
	tests/mpi/pool_iterate_test \
	tests/mpi/pool_test \
	tests/mpi/process_test \
	tests/mpi/queue_crowd_test
mpi_runs = \
	$(one_rank:=.np1) \
	$(three_ranks:=.np3) \
	$(mpi_suites:=.np4) \
	$(eight_ranks:=.np8)
two_runs = $(two_ranks:=.np2)
fault_runs = \
	$(fault_suites:=.np1) \
	$(fault_suites:=.np4)
# The same with objects on another node: each call of a victim is relayed.
far_fault_runs = \
	tests/fault/condition_test.far.np2 \
	tests/fault/keeper_test.far.np2 \
	tests/fault/lent_test.far.np2 \
	tests/fault/lock_test.far.np2 \
	tests/fault/pipe_test.far.np2 \
	tests/fault/pool_test.far.np2 \
	tests/fault/process_test.far.np2 \
	tests/fault/queue_end_test.far.np2 \
	tests/fault/queue_test.far.np2 \
	tests/fault/rwlock_test.far.np2 \
	tests/fault/soak_test.far.np2 \
	tests/fault/sync_test.far.np2 \
	tests/fault/value_test.far.np2 \
	tests/fault/wait_test.far.np2
# Each rank as if on a node of its own; and over two hosts; what many take part
# in also over three, with ranks 0 and 3, 1, 2.  Two ranks have a processor each
# on every machine that has two.
far_runs = $(mpi_suites:=.far.np3) \
	tests/mpi/placement_test.far.np2
hosts_runs = \
	$(mpi_suites:=.h2.np4) \
	tests/mpi/array_replicated_test.h3c.np4 \
	tests/mpi/array_test.h3c.np4 \
	tests/mpi/lock_test.h3c.np4 \
	tests/mpi/pipe_holder_test.h3c.np4 \
	tests/mpi/pool_iterate_test.h3c.np4 \
	tests/mpi/pool_test.h3c.np4 \
	tests/mpi/process_test.h3c.np4 \
	tests/mpi/queue_crowd_test.h3c.np4 \
	tests/mpi/wait_test.h3c.np4

# C++ adds nothing of its own to what depends on the number of ranks.
cxx_runs = \
	$(cxx_suites:=.np1) \
	$(cxx_suites:=.np2) \
	$(cxx_suites:=.np3) \
	$(cxx_suites:=.far.np3)

# For AddressSanitizer: every kind of object on the other node, too.  automake
# has rules only for names that are in TESTS, so these are names from there.
far_asan_runs = \
	tests/mpi/array_replicated_test.far.np3 \
	tests/mpi/array_test.far.np3 \
	tests/mpi/barrier_test.far.np3 \
	tests/mpi/condition_test.far.np3 \
	tests/mpi/data_test.far.np3 \
	tests/mpi/interrupt_test.far.np3 \
	tests/mpi/keeper_test.far.np3 \
	tests/mpi/lent_test.far.np3 \
	tests/mpi/lock_test.far.np3 \
	tests/mpi/pipe_test.far.np3 \
	tests/mpi/pool_async_test.far.np3 \
	tests/mpi/pool_iterate_test.far.np3 \
	tests/mpi/pool_life_test.far.np3 \
	tests/mpi/pool_setup_test.far.np3 \
	tests/mpi/pool_shared_test.far.np3 \
	tests/mpi/pool_test.far.np3 \
	tests/mpi/process_test.far.np3 \
	tests/mpi/queue_end_test.far.np3 \
	tests/mpi/queue_many_test.far.np3 \
	tests/mpi/queue_test.far.np3 \
	tests/mpi/rwlock_test.far.np3 \
	tests/mpi/spawn_test.far.np3 \
	tests/mpi/sync_crowd_test.far.np3 \
	tests/mpi/sync_interrupt_test.far.np3 \
	tests/mpi/sync_test.far.np3 \
	tests/mpi/value_test.far.np3 \
	tests/mpi/wait_set_test.far.np3 \
	tests/mpi/wait_test.far.np3

# For ThreadSanitizer: the threads of a rank exchange messages.  What passes
# through another process it does not see, so these have next to no processes.
thread_suites = \
	tests/mpi/array_replicated_test \
	tests/mpi/array_spread_test \
	tests/mpi/array_test \
	tests/mpi/array_travel_test \
	tests/mpi/lock_test \
	tests/mpi/message_test \
	tests/mpi/pool_spread_test \
	tests/mpi/queue_test \
	tests/mpi/sync_test \
	tests/mpi/value_test \
	tests/mpi/wait_set_test \
	tests/mpi/wait_test
thread_runs = $(thread_suites:=.far.np3)

# Deaths in the middle of a call that travels.
death_runs = tests/mpi/far_death_test.far.np2

# 3 GiB, once near and once far.
huge_runs = tests/mpi/huge_test.np2 tests/mpi/huge_test.far.np2

# One after the other: each takes 3 GiB.  By a variable, as automake would take
# a rule for the name itself for another recipe.
huge_second = tests/mpi/huge_test.far.np2.log
$(huge_second): tests/mpi/huge_test.np2.log

asan_runs = $(mpi_suites:=.np4) $(far_asan_runs)

# What those runs need; a build with C++ adds its suites below.
fault_programs = $(unit_suites) $(fault_suites)
asan_programs = $(unit_suites) $(mpi_suites) tests/mpi/far_death_test \
	$(cxx_asan_programs)
tsan_programs = $(unit_suites) $(thread_suites)

$(mpi_runs) $(fault_runs) $(far_fault_runs) $(far_runs) $(hosts_runs) \
	$(death_runs) $(huge_runs) $(cxx_runs) $(two_runs):
	@$(MKDIR_P) $(@D) && : > $@
CLEANFILES += $(mpi_runs) $(fault_runs) $(far_fault_runs) $(far_runs) \
	$(hosts_runs) $(death_runs) $(huge_runs) $(cxx_runs) $(two_runs)

if BUILD_TESTS
check_LIBRARIES += tests/harness/libharness.a tests/unit/libfake.a
check_LTLIBRARIES = libmultirank-threads.la \
	tests/library/libfunctions.la \
	tests/library/libno_mpi.la \
	tests/library/libone_thread_in_mpi.la \
	tests/library/libthreads.la
check_PROGRAMS += $(unit_suites) $(mpi_suites) $(job_programs) \
	$(hosts_programs) tests/counts/hot_paths tests/counts/paths \
	tests/mpi/huge_test tests/mpi/far_death_test
# Under make -j the scripts come first: they take longest and mostly wait.
TESTS += $(hosts_scripts) $(job_scripts) $(install_scripts) $(counts_scripts) \
	$(unit_scripts)
TESTS += $(unit_suites) $(mpi_runs) $(two_runs) $(far_runs) $(hosts_runs) \
	$(death_runs) $(huge_runs)
if HAVE_CXX17
check_PROGRAMS += $(cxx_suites)
TESTS += $(cxx_runs)
cxx_asan_runs = $(cxx_suites:=.np2)
cxx_asan_programs = $(cxx_suites)
endif
if DEBUG_BUILD
check_PROGRAMS += $(fault_suites)
TESTS += $(fault_runs) $(far_fault_runs)
endif
endif

tests_harness_libharness_a_SOURCES = \
	tests/harness/harness.c \
	tests/harness/harness.h \
	tests/harness/watchdog.c \
	tests/harness/watchdog.h

# A job within one process, for tests/unit.
tests_unit_libfake_a_SOURCES = \
	tests/unit/fake.c \
	tests/unit/fake.h \
	tests/unit/message_fake.c \
	tests/unit/message_fake.h \
	tests/unit/message_scenes.c \
	tests/unit/message_scenes.h

# The library once more, for several ranks in one process: see
# util/rank_local.h.
libmultirank_threads_la_SOURCES = $(libmultirank_core_la_SOURCES)
libmultirank_threads_la_CPPFLAGS = $(libmultirank_core_la_CPPFLAGS) \
	-DMRI_RANKS_ARE_THREADS
libmultirank_threads_la_CFLAGS = $(libmultirank_core_la_CFLAGS)
libmultirank_threads_la_LDFLAGS = $(libmultirank_core_la_LDFLAGS)
libmultirank_threads_la_LIBADD = $(libmultirank_core_la_LIBADD)

# Whatever sees rank-local variables is compiled as that library is.
nodes_sources = \
	tests/unit/fake.c \
	tests/unit/fake_nodes.c \
	tests/unit/fake_nodes.h \
	tests/unit/message_fake.c
nodes_cppflags = $(AM_CPPFLAGS) -DMRI_RANKS_ARE_THREADS
nodes_ldadd = tests/harness/libharness.a libmultirank-threads.la $(CUNIT_LIBS)
tests_unit_far_array_test_SOURCES = tests/unit/far_array_test.c \
	$(nodes_sources)
tests_unit_far_array_test_CPPFLAGS = $(nodes_cppflags)
tests_unit_far_array_test_LDADD = $(nodes_ldadd)
tests_unit_far_test_SOURCES = tests/unit/far_test.c $(nodes_sources)
tests_unit_far_test_CPPFLAGS = $(nodes_cppflags)
tests_unit_far_test_LDADD = $(nodes_ldadd)
tests_unit_far_wait_test_SOURCES = tests/unit/far_wait_test.c $(nodes_sources)
tests_unit_far_wait_test_CPPFLAGS = $(nodes_cppflags)
tests_unit_far_wait_test_LDADD = $(nodes_ldadd)
tests_unit_far_queue_test_SOURCES = tests/unit/far_queue_test.c $(nodes_sources)
tests_unit_far_queue_test_CPPFLAGS = $(nodes_cppflags)
tests_unit_far_queue_test_LDADD = $(nodes_ldadd)
tests_unit_far_sync_test_SOURCES = tests/unit/far_sync_test.c $(nodes_sources)
tests_unit_far_sync_test_CPPFLAGS = $(nodes_cppflags)
tests_unit_far_sync_test_LDADD = $(nodes_ldadd)
tests_unit_far_fault_test_SOURCES = tests/unit/far_fault_test.c $(nodes_sources)
tests_unit_far_fault_test_CPPFLAGS = $(nodes_cppflags)
tests_unit_far_fault_test_LDADD = $(nodes_ldadd)

# A library for tests to give functions of.  With a place to be installed at it
# is made a shared one; the programs find it where it is built.
tests_library_libfunctions_la_SOURCES = \
	tests/library/functions.c \
	tests/library/functions.h
tests_library_libfunctions_la_LDFLAGS = $(COMMON_LDFLAGS) -avoid-version \
	-rpath $(abs_builddir)
# To be preloaded: it knows nothing of the library.
tests_library_libno_mpi_la_SOURCES = tests/library/no_mpi.c
tests_library_libno_mpi_la_CPPFLAGS = $(MPI_CFLAGS)
tests_library_libno_mpi_la_LDFLAGS = $(COMMON_LDFLAGS) -avoid-version \
	-rpath $(abs_builddir)
tests_library_libone_thread_in_mpi_la_SOURCES = \
	tests/library/one_thread_in_mpi.c
tests_library_libone_thread_in_mpi_la_CPPFLAGS = $(MPI_CFLAGS)
tests_library_libone_thread_in_mpi_la_LIBADD = $(MPI_LIBS)
tests_library_libone_thread_in_mpi_la_LDFLAGS = $(COMMON_LDFLAGS) \
	-avoid-version -rpath $(abs_builddir)
tests_mpi_function_test_LDADD = tests/library/libfunctions.la $(LDADD)
tests_mpi_function_test_LDFLAGS = $(AM_LDFLAGS) -no-install
tests_unit_function_test_LDADD = tests/library/libfunctions.la $(LDADD)
tests_unit_function_test_LDFLAGS = $(AM_LDFLAGS) -no-install

# Opened by the test itself, and for that test alone.
tests_library_libthreads_la_SOURCES = tests/library/threads.c
tests_library_libthreads_la_LDFLAGS = $(COMMON_LDFLAGS) -module -avoid-version \
	-rpath $(abs_builddir)
tests_unit_task_threads_test_CPPFLAGS = $(AM_CPPFLAGS) \
	-DTHREADS_LIBRARY='"$(abs_builddir)/tests/library/.libs/libthreads.so"'

# They see what an installed program sees, and the harness.
cxx_cppflags = $(PUBLIC_CXX_CPPFLAGS) -I$(srcdir)/tests
cxx_ldadd = tests/harness/libharness.a libmultirank.la $(CUNIT_LIBS)
tests_cxx_iterate_test_SOURCES = tests/cxx/iterate_test.cpp tests/cxx/support.hpp
tests_cxx_iterate_test_CPPFLAGS = $(cxx_cppflags)
tests_cxx_iterate_test_LDADD = $(cxx_ldadd)
tests_cxx_number_test_SOURCES = tests/cxx/number_test.cpp tests/cxx/support.hpp
tests_cxx_number_test_CPPFLAGS = $(cxx_cppflags)
tests_cxx_number_test_LDADD = $(cxx_ldadd)
tests_cxx_pool_test_SOURCES = tests/cxx/pool_test.cpp tests/cxx/support.hpp
tests_cxx_pool_test_CPPFLAGS = $(cxx_cppflags)
tests_cxx_pool_test_LDADD = $(cxx_ldadd)
tests_cxx_process_test_SOURCES = tests/cxx/process_test.cpp tests/cxx/support.hpp
tests_cxx_process_test_CPPFLAGS = $(cxx_cppflags)
tests_cxx_process_test_LDADD = $(cxx_ldadd)
tests_cxx_queue_test_SOURCES = tests/cxx/queue_test.cpp tests/cxx/support.hpp
tests_cxx_queue_test_CPPFLAGS = $(cxx_cppflags)
tests_cxx_queue_test_LDADD = $(cxx_ldadd)
tests_cxx_spawn_test_SOURCES = tests/cxx/spawn_test.cpp tests/cxx/support.hpp
tests_cxx_spawn_test_CPPFLAGS = $(cxx_cppflags)
tests_cxx_spawn_test_LDADD = $(cxx_ldadd)
tests_cxx_sync_test_SOURCES = tests/cxx/support.hpp tests/cxx/sync_test.cpp
tests_cxx_sync_test_CPPFLAGS = $(cxx_cppflags)
tests_cxx_sync_test_LDADD = $(cxx_ldadd)

# By the library as programs have it, and without a script around the program,
# under which callgrind would count.
tests_counts_hot_paths_SOURCES = tests/counts/hot_paths.c \
	tests/counts/callgrind.h
tests_counts_hot_paths_LDFLAGS = $(AM_LDFLAGS) -no-install
tests_counts_hot_paths_LDADD = libmultirank.la
tests_counts_paths_SOURCES = tests/counts/paths.c tests/counts/callgrind.h
tests_counts_paths_LDFLAGS = $(AM_LDFLAGS) -no-install
tests_counts_paths_LDADD = libmultirank.la

# They know nothing of the library.
tests_hosts_stream_CPPFLAGS = $(MPI_CFLAGS)
tests_hosts_stream_LDADD = $(MPI_LIBS)
tests_hosts_tapswitch_CPPFLAGS = -include config.h -I.
tests_hosts_tapswitch_LDADD =

# Headers that tests share.
noinst_HEADERS = \
	tests/fault/census.h \
	tests/fault/kill.h \
	tests/job/victims.h \
	tests/mpi/iterate_support.h \
	tests/mpi/pipe_support.h \
	tests/mpi/pool_support.h \
	tests/mpi/process_support.h \
	tests/mpi/queue_support.h \
	tests/mpi/support.h \
	tests/mpi/sync_support.h

# What holds for every program without flags of its own, that is, for tests.
# With -rdynamic the stacks of a hung test have names.
AM_CPPFLAGS = $(INTERNAL_CPPFLAGS) -I$(srcdir)/tests $(MPI_CFLAGS) \
	$(HWLOC_CFLAGS) $(CUNIT_CFLAGS)
AM_LDFLAGS = $(COMMON_LDFLAGS) -rdynamic
LDADD = tests/unit/libfake.a tests/harness/libharness.a \
	libmultirank-core.la $(CUNIT_LIBS)

LOG_COMPILER = $(srcdir)/tests/launch
AM_TESTS_ENVIRONMENT = \
	MPIRUN='$(MPIRUN)'; export MPIRUN; \
	CC='$(CC)'; export CC; \
	CXX='$(CXX)'; export CXX; \
	MAKE='$(MAKE)'; export MAKE; \
	MPI_CFLAGS='$(MPI_CFLAGS)'; export MPI_CFLAGS; \
	SANITIZER_FLAGS='$(SANITIZER_FLAGS)'; export SANITIZER_FLAGS;

check-programs: all
	$(MAKE) $(AM_MAKEFLAGS) $(check_LIBRARIES) $(check_LTLIBRARIES) \
		$(check_PROGRAMS)

# Parts of make check: for a debug build, for one with AddressSanitizer, for
# one with ThreadSanitizer, which does not see what other processes do. Only the
# programs that they run are built.
check-fault-programs:
	$(MAKE) $(AM_MAKEFLAGS) $(check_LIBRARIES) $(check_LTLIBRARIES) \
		$(fault_programs)
check-fault: check-fault-programs
	$(MAKE) $(AM_MAKEFLAGS) check-TESTS check_PROGRAMS='$(fault_programs)' \
		TESTS='$(far_fault_runs) $(fault_runs) $(unit_suites)'
check-asan-programs:
	$(MAKE) $(AM_MAKEFLAGS) $(check_LIBRARIES) $(check_LTLIBRARIES) \
		$(asan_programs)
check-asan: check-asan-programs
	$(MAKE) $(AM_MAKEFLAGS) check-TESTS check_PROGRAMS='$(asan_programs)' \
		TESTS='$(unit_suites) $(asan_runs) $(death_runs) $(cxx_asan_runs)'
check-tsan-programs:
	$(MAKE) $(AM_MAKEFLAGS) $(check_LIBRARIES) $(check_LTLIBRARIES) \
		$(tsan_programs)
check-tsan: check-tsan-programs
	$(MAKE) $(AM_MAKEFLAGS) check-TESTS check_PROGRAMS='$(tsan_programs)' \
		TESTS='$(unit_suites) $(thread_runs)'

check-style: all libmultirank-threads.la
	@$(srcdir)/tests/style/run $(srcdir)

.PHONY: check-programs check-fault check-fault-programs check-asan \
	check-asan-programs check-tsan check-tsan-programs check-style

EXTRA_DIST += \
	$(counts_scripts) \
	$(hosts_scripts) \
	$(install_scripts) \
	$(job_scripts) \
	$(unit_scripts) \
	tests/apps/png.py \
	tests/bench/figures.sh \
	tests/bench/model.py \
	tests/bench/suite.py \
	tests/apps/search_checks.sh \
	tests/bench/tables.py \
	tests/count \
	tests/failures \
	tests/counts/expected.txt \
	tests/edges.txt \
	tests/hosts/cluster.sh \
	tests/hosts/deaths.sh \
	tests/hosts/slurm.sh \
	tests/hosts/support.sh \
	tests/hosts/tour.sh \
	tests/install/example.c \
	tests/install/examples.txt \
	tests/install/stage.sh \
	tests/job/deaths.sh \
	tests/job/spmd_checks.sh \
	tests/job/jobs.sh \
	tests/launch \
	tests/slot \
	tests/style/common.py \
	tests/style/contracts \
	tests/style/edges \
	tests/style/format \
	tests/style/globals \
	tests/style/layers \
	tests/style/layers_selftest \
	tests/style/readme \
	tests/style/run \
	tests/style/sizes \
	tests/style/sources \
	tests/style/symbols \
	tests/style/text \
	tests/unit/builds.c \
	tests/tour/checks.sh \
	tests/tour/expected.txt
