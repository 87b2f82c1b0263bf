/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stream SECONDS [BYTES]: plain MPI, to see whether a network does what it
 * should. Each rank sends numbered messages to its partner, the one as far from
 * the last rank as it is from the first, and checks that none of the partner's
 * is lost, comes twice or has changed. Rank 0 prints
 *
 *     hosts N                       that ranks are on
 *     round_trip_us N               the shortest of some
 *     streaming                     when it begins
 *     messages N                    that all ranks received
 *     kilobytes_per_second N        that it received itself
 *     longest_pause_ms N            between two messages
 */

#include <mpi.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Messages that are on their way at once. */
#define AHEAD 8
#define ROUND_TRIPS 20

enum { TAG_STREAM = 1, TAG_PING };

/* What one rank knows of its stream. A message is made of words, all of which
 * are its number but the first, which says whether it is the last one. */
struct stream {
    int partner;
    bool leads; /* decides when it ends */
    int words;
    uint64_t *out[AHEAD];
    MPI_Request sends[AHEAD];
    uint64_t *in;
    uint64_t sent;
    uint64_t received;
    bool last_sent;
    bool last_received;
    double longest_pause;
};

static void broken(const char *what, uint64_t found, uint64_t expected)
{
    fprintf(stderr, "stream: %s: %llu instead of %llu\n", what,
            (unsigned long long)found, (unsigned long long)expected);
    MPI_Abort(MPI_COMM_WORLD, 1);
}

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);

    if (memory == NULL) {
        fprintf(stderr, "stream: no memory\n");
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    return memory;
}

static int count_hosts(int ranks)
{
    char name[MPI_MAX_PROCESSOR_NAME] = "";
    char(*names)[MPI_MAX_PROCESSOR_NAME] = allocate((size_t)ranks, sizeof name);
    int length, hosts = 0;

    MPI_Get_processor_name(name, &length);
    MPI_Allgather(name, sizeof name, MPI_CHAR, names, sizeof name, MPI_CHAR,
                  MPI_COMM_WORLD);
    for (int rank = 0; rank < ranks; rank++) {
        int earlier = 0;

        while (earlier < rank && strcmp(names[earlier], names[rank]) != 0) {
            earlier++;
        }
        hosts += earlier == rank;
    }
    free(names);
    return hosts;
}

static double shortest_round_trip(int rank, int partner)
{
    double shortest = 1e9;

    for (int i = 0; i < ROUND_TRIPS; i++) {
        double started = MPI_Wtime(), took;

        if (rank < partner) {
            MPI_Send(NULL, 0, MPI_CHAR, partner, TAG_PING, MPI_COMM_WORLD);
        }
        MPI_Recv(NULL, 0, MPI_CHAR, partner, TAG_PING, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
        if (rank > partner) {
            MPI_Send(NULL, 0, MPI_CHAR, partner, TAG_PING, MPI_COMM_WORLD);
        }
        took = MPI_Wtime() - started;
        shortest = took < shortest ? took : shortest;
    }
    return shortest;
}

static void send_next(struct stream *stream, bool last)
{
    int slot = (int)(stream->sent % AHEAD);
    uint64_t *words = stream->out[slot];

    MPI_Wait(&stream->sends[slot], MPI_STATUS_IGNORE);
    words[0] = last;
    for (int i = 1; i < stream->words; i++) {
        words[i] = stream->sent;
    }
    MPI_Isend(words, stream->words, MPI_UINT64_T, stream->partner, TAG_STREAM,
              MPI_COMM_WORLD, &stream->sends[slot]);
    stream->sent++;
    stream->last_sent = last;
}

static void receive_next(struct stream *stream)
{
    MPI_Recv(stream->in, stream->words, MPI_UINT64_T, stream->partner,
             TAG_STREAM, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    for (int i = 1; i < stream->words; i++) {
        if (stream->in[i] != stream->received) {
            broken("a message", stream->in[i], stream->received);
        }
    }
    stream->received++;
    stream->last_received = stream->in[0] != 0;
}

/* The one that leads ends its stream when the time is over, its partner upon
 * that; each receives to the end of the other's. */
static void exchange(struct stream *stream, double seconds)
{
    double started = MPI_Wtime(), before = started, pause;
    uint64_t sent;

    for (int i = 0; i < AHEAD; i++) {
        send_next(stream, false);
    }
    while (!stream->last_received) {
        receive_next(stream);
        pause = MPI_Wtime() - before;
        before += pause;
        if (pause > stream->longest_pause) {
            stream->longest_pause = pause;
        }
        if (!stream->last_sent) {
            send_next(stream, stream->leads ? before - started > seconds
                                            : stream->last_received);
        }
    }
    MPI_Waitall(AHEAD, stream->sends, MPI_STATUSES_IGNORE);
    MPI_Sendrecv(&stream->sent, 1, MPI_UINT64_T, stream->partner, TAG_STREAM,
                 &sent, 1, MPI_UINT64_T, stream->partner, TAG_STREAM,
                 MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    if (sent != stream->received) {
        broken("the count of messages", stream->received, sent);
    }
}

static void make_stream(struct stream *stream, int rank, int partner, int bytes)
{
    *stream = (struct stream){.partner = partner,
                              .leads = rank < partner,
                              .words = bytes / (int)sizeof(uint64_t)};
    stream->in = allocate((size_t)stream->words, sizeof(uint64_t));
    for (int i = 0; i < AHEAD; i++) {
        stream->out[i] = allocate((size_t)stream->words, sizeof(uint64_t));
        stream->sends[i] = MPI_REQUEST_NULL;
    }
}

static void free_stream(struct stream *stream)
{
    for (int i = 0; i < AHEAD; i++) {
        free(stream->out[i]);
    }
    free(stream->in);
}

/* The one in the middle has no partner but itself, and does nothing. */
static void run(double seconds, int bytes)
{
    struct stream stream;
    int rank, ranks, partner, hosts;
    double started, round_trip = 0, pause;
    uint64_t messages;

    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    partner = ranks - 1 - rank;
    hosts = count_hosts(ranks);
    make_stream(&stream, rank, partner, bytes);
    if (partner != rank) {
        round_trip = shortest_round_trip(rank, partner);
    }
    if (rank == 0) {
        printf("hosts %d\nround_trip_us %.0f\nstreaming\n", hosts,
               round_trip * 1e6);
        fflush(stdout);
    }
    started = MPI_Wtime();
    if (partner != rank) {
        exchange(&stream, seconds);
    }
    seconds = MPI_Wtime() - started;
    MPI_Reduce(&stream.received, &messages, 1, MPI_UINT64_T, MPI_SUM, 0,
               MPI_COMM_WORLD);
    MPI_Reduce(&stream.longest_pause, &pause, 1, MPI_DOUBLE, MPI_MAX, 0,
               MPI_COMM_WORLD);
    if (rank == 0) {
        printf("messages %llu\nkilobytes_per_second %.0f\n"
               "longest_pause_ms %.0f\n",
               (unsigned long long)messages,
               (double)stream.received * bytes / seconds / 1e3, pause * 1e3);
    }
    free_stream(&stream);
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? atof(argv[1]) : 0;
    int bytes = argc > 2 ? atoi(argv[2]) : 64 * 1024;

    if (seconds <= 0 || bytes < 2 * (int)sizeof(uint64_t)) {
        fprintf(stderr, "usage: stream SECONDS [BYTES]\n");
        return 2;
    }
    MPI_Init(&argc, &argv);
    run(seconds, bytes);
    return MPI_Finalize();
}
