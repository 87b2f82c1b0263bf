#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Makes ./configure out of configure.ac. Needs autoconf 2.69, automake 1.16,
# libtool 2.4 and pkg-config; only for a checkout, release archives have it.
set -e
cd "$(dirname "$0")"
exec autoreconf --install --force --warnings=all,no-obsolete "$@"
