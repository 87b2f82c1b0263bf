# SPDX-License-Identifier: BSD-3-Clause
# Bindings to other languages, on the public headers alone.

# C++: headers, installed beside those of C.
include_HEADERS += bindings/cxx/include/multirank.hpp

multirankcxxdir = $(includedir)/multirank/cxx
multirankcxx_HEADERS = \
	bindings/cxx/include/multirank/cxx/arguments.hpp \
	bindings/cxx/include/multirank/cxx/array.hpp \
	bindings/cxx/include/multirank/cxx/barrier.hpp \
	bindings/cxx/include/multirank/cxx/condition.hpp \
	bindings/cxx/include/multirank/cxx/error.hpp \
	bindings/cxx/include/multirank/cxx/event.hpp \
	bindings/cxx/include/multirank/cxx/function.hpp \
	bindings/cxx/include/multirank/cxx/future.hpp \
	bindings/cxx/include/multirank/cxx/item.hpp \
	bindings/cxx/include/multirank/cxx/job.hpp \
	bindings/cxx/include/multirank/cxx/keeper.hpp \
	bindings/cxx/include/multirank/cxx/lent.hpp \
	bindings/cxx/include/multirank/cxx/lock.hpp \
	bindings/cxx/include/multirank/cxx/mpi.hpp \
	bindings/cxx/include/multirank/cxx/output.hpp \
	bindings/cxx/include/multirank/cxx/owner.hpp \
	bindings/cxx/include/multirank/cxx/pipe.hpp \
	bindings/cxx/include/multirank/cxx/place.hpp \
	bindings/cxx/include/multirank/cxx/pool.hpp \
	bindings/cxx/include/multirank/cxx/process.hpp \
	bindings/cxx/include/multirank/cxx/queue.hpp \
	bindings/cxx/include/multirank/cxx/results.hpp \
	bindings/cxx/include/multirank/cxx/semaphore.hpp \
	bindings/cxx/include/multirank/cxx/shared_mutex.hpp \
	bindings/cxx/include/multirank/cxx/span.hpp \
	bindings/cxx/include/multirank/cxx/spawn.hpp \
	bindings/cxx/include/multirank/cxx/task.hpp \
	bindings/cxx/include/multirank/cxx/time.hpp \
	bindings/cxx/include/multirank/cxx/topology.hpp \
	bindings/cxx/include/multirank/cxx/travel.hpp \
	bindings/cxx/include/multirank/cxx/value.hpp \
	bindings/cxx/include/multirank/cxx/wait.hpp \
	bindings/cxx/include/multirank/cxx/wait_set.hpp

PUBLIC_CXX_CPPFLAGS = $(PUBLIC_CPPFLAGS) -I$(srcdir)/bindings/cxx/include

EXTRA_DIST += \
	bindings/README.md \
	bindings/cxx/example/expected.txt \
	bindings/cxx/example/harvest.cpp
