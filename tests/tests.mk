# SPDX-License-Identifier: BSD-3-Clause
# The tests. A new one is a word in one of the lists; its source has the same
# name with .c behind it.
#
#   make check                                       everything
#   make check TESTS=tests/mpi/queue_test.np4        one program
#   tests/launch -n 1,2,4 tests/mpi/queue_test NAME  one test, by hand

# One process; what is an endpoint elsewhere is a thread here.
unit_suites = \
	tests/unit/harness_test

# A whole suite in one job, once for each number of ranks.
mpi_suites =

# With --enable-debug only: processes and ranks that die at a chosen store.
fault_suites =

# Programs that the scripts run.
job_programs =

# Jobs that abort, exit or are killed, watched from outside.
job_scripts =

# What is installed can be used.
install_scripts = \
	tests/install/headers.sh \
	tests/install/package.sh

if DEBUG_BUILD
launched_suites = $(mpi_suites) $(fault_suites)
else
launched_suites = $(mpi_suites)
endif

# Automake names a log after its test, so that each number of ranks gets a
# name of its own: a file that holds nothing, tests/launch reads its name.
launched_runs = \
	$(launched_suites:=.np1) \
	$(launched_suites:=.np2) \
	$(launched_suites:=.np3) \
	$(launched_suites:=.np4) \
	$(launched_suites:=.np8)

$(launched_runs):
	@$(MKDIR_P) $(@D) && : > $@
CLEANFILES += $(launched_runs)

if BUILD_TESTS
check_LIBRARIES += tests/harness/libharness.a
check_PROGRAMS += $(unit_suites) $(launched_suites) $(job_programs)
TESTS += $(unit_suites) $(launched_runs) $(job_scripts) $(install_scripts)
endif

tests_harness_libharness_a_SOURCES = \
	tests/harness/harness.c \
	tests/harness/harness.h \
	tests/harness/watchdog.c \
	tests/harness/watchdog.h

# What holds for every program without flags of its own, that is, for tests.
# With -rdynamic the stacks of a hung test have names.
AM_CPPFLAGS = $(INTERNAL_CPPFLAGS) -I$(srcdir)/tests $(CUNIT_CFLAGS)
AM_LDFLAGS += -rdynamic
LDADD = tests/harness/libharness.a libmultirank-core.la $(CUNIT_LIBS)

LOG_COMPILER = $(srcdir)/tests/launch
AM_TESTS_ENVIRONMENT = \
	MPIRUN='$(MPIRUN)'; export MPIRUN; \
	CC='$(CC)'; export CC; \
	MAKE='$(MAKE)'; export MAKE; \
	MPI_CFLAGS='$(MPI_CFLAGS)'; export MPI_CFLAGS; \
	SANITIZER_FLAGS='$(SANITIZER_FLAGS)'; export SANITIZER_FLAGS;

# Only the programs of tests/unit, as for ThreadSanitizer.
check-unit: all
	$(MAKE) check TESTS='$(unit_suites)'

# The single tests behind the last make check, counted.
check-count:
	@$(srcdir)/tests/count tests

check-style: all
	@$(srcdir)/tests/style/run $(srcdir)

.PHONY: check-unit check-count check-style

EXTRA_DIST += \
	$(install_scripts) \
	$(job_scripts) \
	tests/count \
	tests/harness/leaks.supp \
	tests/harness/races.supp \
	tests/install/example.c \
	tests/launch
