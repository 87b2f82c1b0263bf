# SPDX-License-Identifier: BSD-3-Clause
# The manual pages.  They are made where the library is built, by a shell and
# any awk, and are in no release: nothing else is needed for them.

# The programs that have a page; multirank, whose help tells all commands, comes
# first.  A program must print its help without starting a job.
manual_programs = \
	apps/multirank/multirank \
	apps/multirank-search \
	apps/multirank-tour \
	apps/multirank-wordcount
if HAVE_PNG
manual_programs += apps/multirank-mandelbrot
endif

# Where the programs cannot be run, the pages of functions are all there are.
if CAN_RUN_PROGRAMS
manual_helpers = $(manual_programs)
else
manual_helpers =
endif

manual_sources = \
	framework/manual/generate \
	framework/manual/header.awk \
	framework/manual/help.awk \
	framework/manual/multirank.7.in \
	framework/manual/roff.awk \
	framework/manual/settings.awk

EXTRA_DIST += $(manual_sources)

framework/manual/made: $(manual_sources) $(include_HEADERS) \
		$(multirankinclude_HEADERS) $(manual_helpers)
	$(AM_V_at)$(MKDIR_P) framework/manual
	$(AM_V_GEN)AWK='$(AWK)' $(srcdir)/framework/manual/generate $(srcdir) \
		framework/manual $(VERSION) $(manual_helpers)
	$(AM_V_at)echo done > $@

all-local: framework/manual/made

# The names of the pages are not known here, as they are those of functions.
install-data-local: framework/manual/made
	@for page in framework/manual/man[137]/*; do \
		folder="$(DESTDIR)$(mandir)/$$(basename $$(dirname $$page))"; \
		$(MKDIR_P) "$$folder" && \
		$(INSTALL_DATA) $$page "$$folder" || exit 1; \
	done

uninstall-local: framework/manual/made
	@cd framework/manual && for page in man[137]/*; do \
		rm -f "$(DESTDIR)$(mandir)/$$page"; \
	done

clean-local:
	-cd framework/manual && rm -rf man1 man3 man7 made
