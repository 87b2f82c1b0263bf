# SPDX-License-Identifier: BSD-3-Clause
# Programs that use the library as anyone can: by its public headers.

apps_cppflags = $(PUBLIC_CPPFLAGS)
apps_libraries = libmultirank.la
