# SPDX-License-Identifier: BSD-3-Clause
# What find_package(multirank) of CMake reads.

cmakedir = $(libdir)/cmake/multirank
cmake_DATA = \
	framework/cmake/multirankConfig.cmake \
	framework/cmake/multirankConfigVersion.cmake
