# SPDX-License-Identifier: BSD-3-Clause
# Bindings to other languages, on the public headers alone.

# C++: headers, installed beside those of C.
include_HEADERS += bindings/cxx/include/multirank.hpp

multirankcxxdir = $(includedir)/multirank/cxx
multirankcxx_HEADERS = \
	bindings/cxx/include/multirank/cxx/error.hpp \
	bindings/cxx/include/multirank/cxx/function.hpp \
	bindings/cxx/include/multirank/cxx/job.hpp \
	bindings/cxx/include/multirank/cxx/owner.hpp \
	bindings/cxx/include/multirank/cxx/place.hpp \
	bindings/cxx/include/multirank/cxx/pool.hpp \
	bindings/cxx/include/multirank/cxx/span.hpp \
	bindings/cxx/include/multirank/cxx/task.hpp \
	bindings/cxx/include/multirank/cxx/time.hpp \
	bindings/cxx/include/multirank/cxx/travel.hpp

PUBLIC_CXX_CPPFLAGS = $(PUBLIC_CPPFLAGS) -I$(srcdir)/bindings/cxx/include

EXTRA_DIST += bindings/README.md
