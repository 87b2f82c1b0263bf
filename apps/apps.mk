# SPDX-License-Identifier: BSD-3-Clause
# Programs that use the library as anyone can: by its public headers.

# A tour of the library, one file for each object. The program cannot be
# apps/tour, where the objects of a build out of tree lie.
bin_PROGRAMS += apps/multirank-tour
apps_multirank_tour_SOURCES = \
	apps/tour/array.c \
	apps/tour/barrier.c \
	apps/tour/condition.c \
	apps/tour/daemon.c \
	apps/tour/event.c \
	apps/tour/family.c \
	apps/tour/future.c \
	apps/tour/iterator.c \
	apps/tour/lent.c \
	apps/tour/pipe.c \
	apps/tour/pool.c \
	apps/tour/process.c \
	apps/tour/queue.c \
	apps/tour/queue_end.c \
	apps/tour/queue_join.c \
	apps/tour/rwlock.c \
	apps/tour/semaphore.c \
	apps/tour/spawn.c \
	apps/tour/ticket.c \
	apps/tour/tour.c \
	apps/tour/tour.h \
	apps/tour/value.c
apps_multirank_tour_CPPFLAGS = $(PUBLIC_CPPFLAGS)
apps_multirank_tour_LDFLAGS = $(COMMON_LDFLAGS)
apps_multirank_tour_LDADD = libmultirank.la

# Counts the words of files, by an iterator over a pool.
bin_PROGRAMS += apps/multirank-wordcount
apps_multirank_wordcount_SOURCES = \
	apps/wordcount/count.c \
	apps/wordcount/files.c \
	apps/wordcount/main.c \
	apps/wordcount/options.c \
	apps/wordcount/progress.c \
	apps/wordcount/report.c \
	apps/wordcount/table.c \
	apps/wordcount/wordcount.h
apps_multirank_wordcount_CPPFLAGS = -D_GNU_SOURCE $(PUBLIC_CPPFLAGS)
apps_multirank_wordcount_LDFLAGS = $(COMMON_LDFLAGS)
apps_multirank_wordcount_LDADD = libmultirank.la

# Finds Golomb rulers by branch and bound, with tasks that add tasks.
bin_PROGRAMS += apps/multirank-search
apps_multirank_search_SOURCES = \
	apps/search/main.c \
	apps/search/options.c \
	apps/search/options.h \
	apps/search/ruler.c \
	apps/search/ruler.h \
	apps/search/tasks.c \
	apps/search/tasks.h
apps_multirank_search_CPPFLAGS = -D_GNU_SOURCE $(PUBLIC_CPPFLAGS)
apps_multirank_search_LDFLAGS = $(COMMON_LDFLAGS)
apps_multirank_search_LDADD = libmultirank.la

# The Mandelbrot set as a picture, and how the ranks shared the work.
if HAVE_PNG
bin_PROGRAMS += apps/multirank-mandelbrot
endif
apps_multirank_mandelbrot_SOURCES = \
	apps/mandelbrot/balance.c \
	apps/mandelbrot/balance.h \
	apps/mandelbrot/colour.c \
	apps/mandelbrot/colour.h \
	apps/mandelbrot/legend.c \
	apps/mandelbrot/legend.h \
	apps/mandelbrot/main.c \
	apps/mandelbrot/options.c \
	apps/mandelbrot/options.h \
	apps/mandelbrot/picture.c \
	apps/mandelbrot/picture.h \
	apps/mandelbrot/rows.c \
	apps/mandelbrot/rows.h \
	apps/mandelbrot/view.h
apps_multirank_mandelbrot_CPPFLAGS = -D_GNU_SOURCE $(PUBLIC_CPPFLAGS) \
	$(PNG_CFLAGS)
apps_multirank_mandelbrot_LDFLAGS = $(COMMON_LDFLAGS)
apps_multirank_mandelbrot_LDADD = libmultirank.la $(PNG_LIBS) -lm

# The command-line tool. It lies in its folder, as apps/multirank is that folder.
bin_PROGRAMS += apps/multirank/multirank
apps_multirank_multirank_SOURCES = \
	apps/multirank/info.c \
	apps/multirank/job.c \
	apps/multirank/job.h \
	apps/multirank/link.c \
	apps/multirank/link.h \
	apps/multirank/main.c \
	apps/multirank/machine.c \
	apps/multirank/machine.h \
	apps/multirank/meet.c \
	apps/multirank/meet.h \
	apps/multirank/mpirun.c \
	apps/multirank/mpirun.h \
	apps/multirank/options.c \
	apps/multirank/options.h \
	apps/multirank/parent.h \
	apps/multirank/picture.h \
	apps/multirank/picture_svg.c \
	apps/multirank/picture_text.c \
	apps/multirank/rank.c \
	apps/multirank/run.c \
	apps/multirank/serve.c \
	apps/multirank/serve.h \
	apps/multirank/tool.c \
	apps/multirank/tool.h \
	apps/multirank/topology.c
apps_multirank_multirank_CPPFLAGS = -D_GNU_SOURCE $(PUBLIC_CPPFLAGS)
apps_multirank_multirank_LDFLAGS = $(COMMON_LDFLAGS)
apps_multirank_multirank_LDADD = libmultirank.la

# Completion for bash, where bash-completion 2 looks for it below its own prefix
# and below what XDG_DATA_DIRS names, and for zsh.  Other folders can be named:
# make install zshcompletiondir=FOLDER.
bashcompletiondir = $(datadir)/bash-completion/completions
bashcompletion_DATA = apps/completion/multirank
zshcompletiondir = $(datadir)/zsh/site-functions
zshcompletion_DATA = apps/completion/_multirank
EXTRA_DIST += $(bashcompletion_DATA) $(zshcompletion_DATA)
