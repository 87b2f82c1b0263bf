# SPDX-License-Identifier: BSD-3-Clause
# The manual pages.  They are made where the library is built, by a shell and
# any awk, and are in no release: nothing else is needed for them.

# The programs that have a page; multirank, whose help tells all commands, comes
# first.  A program must print its help without starting a job.
manual_programs = \
	apps/multirank/multirank \
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
	manual/generate \
	manual/header.awk \
	manual/help.awk \
	manual/multirank.7.in \
	manual/roff.awk \
	manual/settings.awk

EXTRA_DIST += $(manual_sources)

manual/made: $(manual_sources) $(include_HEADERS) $(multirankinclude_HEADERS) \
		$(manual_helpers)
	$(AM_V_at)$(MKDIR_P) manual
	$(AM_V_GEN)AWK='$(AWK)' $(srcdir)/manual/generate $(srcdir) manual \
		$(VERSION) $(manual_helpers)
	$(AM_V_at)echo done > $@

all-local: manual/made

# The names of the pages are not known here, as they are those of functions.
install-data-local: manual/made
	@for page in manual/man[137]/*; do \
		folder="$(DESTDIR)$(mandir)/$$(basename $$(dirname $$page))"; \
		$(MKDIR_P) "$$folder" && \
		$(INSTALL_DATA) $$page "$$folder" || exit 1; \
	done

uninstall-local: manual/made
	@cd manual && for page in man[137]/*; do \
		rm -f "$(DESTDIR)$(mandir)/$$page"; \
	done

clean-local:
	-rm -rf manual/man1 manual/man3 manual/man7 manual/made
