# SPDX-License-Identifier: BSD-3-Clause
# Bindings to other languages; none is built yet.

EXTRA_DIST += bindings/README.md
