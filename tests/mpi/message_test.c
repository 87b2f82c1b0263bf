/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages over MPI.  This program starts MPI itself and calls nothing of the
 * layers above.  Every rank runs the suite and fails a test that any other
 * fails; rank 0 reports, and the others do when they fail.
 */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "message/mpi_transport.h"
#include "unit/message_scenes.h"

static unsigned int rank, ranks;

/* Every test has communicators of its own, so that what one leaves behind
 * does not reach the next. */
static void play(scene *s)
{
    const mri_transport *transport;
    int mine, all = 0;

    if (MRT_OK(mri_mpi_begin(MPI_COMM_WORLD, &transport)) &&
        MRT_OK(mri_message_begin(transport, ranks))) {
        mri_messages_self()->fragment = SCENE_FRAGMENT;
        mri_message_lock();
        s(rank, ranks);
        mri_message_unlock();
    }
    mine = mrt_failed();
    MPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    MRT_CHECK(all == 0 || mine);
    mri_message_end();
    mri_mpi_end();
}

static void small_messages_keep_their_order(void)
{
    play(scene_all_to_all);
}

static void one_rank_takes_from_many(void)
{
    play(scene_many_to_one);
}

static void bulk_and_small_messages_mix(void)
{
    play(scene_bulk);
}

static void crowd_passes(void)
{
    play(scene_crowd);
}

static void messages_go_there_and_back(void)
{
    play(scene_ping_pong);
}

/* ---- what needs real fragments ------------------------------------------- */

enum { LARGE = MRI_FRAGMENT_MAX + 12345 };

static void count_done(void *user, mr_error error)
{
    MRT_EQUAL(error, MR_OK);
    ++*(int *)user;
}

static void send_large(unsigned int me, unsigned int all)
{
    const unsigned int receiver = all > 1 ? 1 : 0;
    unsigned char *out = NULL, *in = NULL;
    int done = 0;

    mri_messages_self()->fragment = MRI_FRAGMENT_MAX;
    if (me == 0 && MRT_CHECK(out = malloc(LARGE))) {
        scene_fill(out, LARGE, 1);
        MRT_OK(mri_bulk_send(receiver, MRI_REPLY_BULK, out, LARGE, count_done,
                             &done));
    }
    if (me == receiver && MRT_CHECK(in = malloc(LARGE))) {
        MRT_OK(
            mri_bulk_receive(0, MRI_REPLY_BULK, in, LARGE, count_done, &done));
    }
    scene_settle();
    MRT_EQUAL(done, (me == 0) + (me == receiver));
    MRT_CHECK(me != receiver || scene_holds(in, LARGE, 1));
    free(out);
    free(in);
}

static void bulk_above_the_largest_fragment_arrives(void)
{
    play(send_large);
}

/* ---- loss ---------------------------------------------------------------- */

static void note_loss(void *user, mr_error error)
{
    MRT_EQUAL(error, MR_ERR_OWNER_LOST);
    ++*(int *)user;
}

/* Nobody sends what everybody waits for; the receives end, and their memory is
 * not written to by what comes afterwards. */
static void lose_a_silent_rank(unsigned int me, unsigned int all)
{
    const unsigned int to = (me + 1) % all, from = (me + all - 1) % all;
    static unsigned char target[3 * SCENE_FRAGMENT];
    int lost = 0;

    memset(target, 1, sizeof target);
    MRT_OK(mri_bulk_receive(from, MRI_CALL_BULK, target, sizeof target,
                            note_loss, &lost));
    MRT_OK(mri_bulk_receive(from, MRI_REPLY_BULK, target, 1, note_loss, &lost));
    MRT_CHECK(!mri_message_idle());
    mri_message_lose(from);
    MRT_EQUAL(lost, 2);
    MRT_CHECK(mri_message_idle());
    MRT_ERROR(mri_message_send(from, "x", 1, NULL, 0), MR_ERR_OWNER_LOST);
    MRT_ERROR(mri_bulk_send(from, MRI_CALL_BULK, target, 1, note_loss, &lost),
              MR_ERR_OWNER_LOST);
    mri_message_lose(to);
    MPI_Barrier(MPI_COMM_WORLD);
    for (size_t i = 0; i < sizeof target; i++) {
        MRT_EQUAL(target[i], 1);
    }
    MRT_EQUAL(lost, 2);
}

static void receives_from_a_lost_rank_end(void)
{
    play(lose_a_silent_rank);
}

/* ---- the suite ----------------------------------------------------------- */

static const mrt_test tests[] = {
    {"small_messages_keep_their_order", small_messages_keep_their_order, 60},
    {"one_rank_takes_from_many", one_rank_takes_from_many, 60},
    {"bulk_and_small_messages_mix", bulk_and_small_messages_mix, 60},
    {"crowd_passes", crowd_passes, 60},
    {"messages_go_there_and_back", messages_go_there_and_back, 60},
    {"bulk_above_the_largest_fragment_arrives",
     bulk_above_the_largest_fragment_arrives, 60},
    {"receives_from_a_lost_rank_end", receives_from_a_lost_rank_end, 60},
};

/* The output of ranks other than 0 waits until it is known to be of use. */
static void show(FILE *kept)
{
    char line[512];

    rewind(kept);
    while (fgets(line, sizeof line, kept)) {
        fprintf(stderr, "rank %u: %s", rank, line);
    }
}

int main(int argc, char **argv)
{
    FILE *kept = NULL;
    int provided, status, number;

    MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &number);
    rank = (unsigned int)number;
    MPI_Comm_size(MPI_COMM_WORLD, &number);
    ranks = (unsigned int)number;
    if (rank > 0) {
        kept = tmpfile();
        if (kept) {
            dup2(fileno(kept), STDOUT_FILENO);
        }
    }
    status = mrt_main("mpi/message", tests, MRT_COUNT(tests), argc, argv);
    if (kept && status != EXIT_SUCCESS) {
        show(kept);
    }
    MPI_Finalize();
    return status;
}
