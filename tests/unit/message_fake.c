/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the fake net.  One mutex guards all of it.  Time is counted in polls:
 * each rank has a clock that its own calls of test and next move.
 */
#include "unit/message_fake.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "unit/fake.h"

enum {
    MOST_RANKS = 16,
    WIRES = MRI_CHANNELS - 1, /* the first two channels share one */
    EAGER = 4096              /* bytes that may leave unasked */
};

/* What send or receive began. */
typedef struct operation {
    struct operation *next;  /* of the rank's */
    struct operation *later; /* posted on the same wire */
    unsigned char *target;   /* of a receive */
    const unsigned char *source;
    unsigned char *copy; /* of the source as it was */
    size_t size;
    bool done;
    uint64_t ready; /* the owner's clock when it may be seen */
} operation;

typedef struct packet {
    struct packet *next;
    unsigned int channel;
    unsigned char *bytes;
    size_t size;
    operation *sender; /* that waits for the arrival, or NULL */
    uint64_t ready;    /* by the receiver's clock */
} packet;

/* From one rank to another, through one channel. */
typedef struct wire {
    packet *first;
    operation *posted;
    bool held;
} wire;

typedef struct fake_rank {
    fake_net *net;
    mri_transport transport;
    unsigned int number;
    uint64_t clock;
    operation *operations;
    void *handed_out;
    bool cut;
    unsigned int refuse[MRI_CHANNELS]; /* countdowns */
} fake_rank;

struct fake_net {
    pthread_mutex_t mutex;
    unsigned int count;
    uint64_t random;
    unsigned int delay;
    bool stubborn;
    fake_rank ranks[MOST_RANKS];
    wire wires[MOST_RANKS][MOST_RANKS][WIRES];
};

static uint64_t soon(fake_net *net, const fake_rank *rank)
{
    return rank->clock + fake_random(&net->random) % (net->delay + 1);
}

static void *memory(size_t size)
{
    void *bytes = malloc(size > 0 ? size : 1);

    if (!bytes) {
        abort();
    }
    return bytes;
}

static void *copy_of(const void *bytes, size_t size)
{
    void *copy = memory(size);

    if (size > 0) {
        memcpy(copy, bytes, size);
    }
    return copy;
}

static wire *wire_at(fake_net *net, unsigned int from, unsigned int to,
                     unsigned int channel)
{
    return &net->wires[from][to][channel > 0 ? channel - 1 : 0];
}

/* ---- operations ---------------------------------------------------------- */

static operation *operation_make(fake_rank *rank, size_t size,
                                 mri_pending *pending)
{
    operation *made = memory(sizeof *made);

    *made = (operation){.next = rank->operations, .size = size};
    rank->operations = made;
    pending->pointer = made;
    return made;
}

static void operation_end(operation *ended, fake_rank *rank)
{
    operation **link = &rank->operations;

    while (*link != ended) {
        link = &(*link)->next;
    }
    *link = ended->next;
    free(ended->copy);
    free(ended);
}

static void operation_done(fake_rank *rank, operation *ended)
{
    ended->done = true;
    ended->ready = soon(rank->net, rank);
}

static void packet_free(packet *old)
{
    free(old->bytes);
    free(old);
}

/* The memory of a sender is looked at as late as it may be. */
static void check_unchanged(const operation *sender)
{
    MRT_CHECK(sender->size == 0 ||
              memcmp(sender->source, sender->copy, sender->size) == 0);
}

/* Take the first packet off a wire; its sender sees that it has left. */
static packet *packet_take(fake_rank *from, wire *w)
{
    packet *taken = w->first;

    w->first = taken->next;
    if (taken->sender) {
        check_unchanged(taken->sender);
        operation_done(from, taken->sender);
    }
    return taken;
}

static bool packet_is_ready(const fake_rank *to, const wire *w)
{
    return !w->held && w->first && w->first->ready <= to->clock;
}

static void match(fake_rank *from, fake_rank *to, wire *w)
{
    while (packet_is_ready(to, w) && w->posted) {
        packet *arrived = packet_take(from, w);
        operation *posted = w->posted;

        w->posted = posted->later;
        if (MRT_EQUAL(arrived->size, posted->size)) {
            memcpy(posted->target, arrived->bytes, arrived->size);
        }
        operation_done(to, posted);
        packet_free(arrived);
    }
}

/* A rank looks: its clock moves, and what has arrived meets its receives. */
static void rank_polls(fake_rank *rank)
{
    fake_net *net = rank->net;

    rank->clock++;
    for (unsigned int from = 0; from < net->count; from++) {
        for (unsigned int channel = MRI_CHANNEL_LONG; channel < MRI_CHANNELS;
             channel++) {
            match(&net->ranks[from], rank,
                  wire_at(net, from, rank->number, channel));
        }
    }
}

/* ---- the transport ------------------------------------------------------- */

static bool refuses(fake_rank *rank, unsigned int channel)
{
    return rank->refuse[channel] > 0 && --rank->refuse[channel] == 0;
}

static void put_on_wire(fake_net *net, fake_rank *from, fake_rank *to,
                        unsigned int channel, operation *sender)
{
    packet **last = &wire_at(net, from->number, to->number, channel)->first;
    packet *sent = memory(sizeof *sent);
    bool leaves_unasked =
        sender->size <= EAGER && fake_random(&net->random) % 2;

    while (*last) {
        last = &(*last)->next;
    }
    *last = sent;
    *sent = (packet){.channel = channel,
                     .bytes = copy_of(sender->source, sender->size),
                     .size = sender->size,
                     .sender = leaves_unasked ? NULL : sender,
                     .ready = soon(net, to)};
    if (leaves_unasked) {
        operation_done(from, sender);
    }
}

static mr_error fake_send(void *self, unsigned int to, unsigned int channel,
                          const void *bytes, size_t size, mri_pending *pending)
{
    fake_rank *rank = self;
    fake_net *net = rank->net;
    mr_error error = MR_ERR_MPI;

    MRT_CHECK(size <= (channel <= MRI_CHANNEL_ANNOUNCEMENT ? MRI_SHORT_MAX
                                                           : MRI_FRAGMENT_MAX));
    pthread_mutex_lock(&net->mutex);
    if (!refuses(rank, channel)) {
        operation *sender = operation_make(rank, size, pending);

        sender->source = bytes;
        sender->copy = copy_of(bytes, size);
        if (!rank->cut && !net->ranks[to].cut) {
            put_on_wire(net, rank, &net->ranks[to], channel, sender);
        }
        error = MR_OK;
    }
    pthread_mutex_unlock(&net->mutex);
    return error;
}

static mr_error fake_receive(void *self, unsigned int from,
                             unsigned int channel, void *bytes, size_t size,
                             mri_pending *pending)
{
    fake_rank *rank = self;
    fake_net *net = rank->net;
    operation **last = &wire_at(net, from, rank->number, channel)->posted;
    mr_error error = MR_ERR_MPI;

    MRT_CHECK(channel > MRI_CHANNEL_ANNOUNCEMENT);
    pthread_mutex_lock(&net->mutex);
    if (!refuses(rank, channel)) {
        operation *posted = operation_make(rank, size, pending);

        posted->target = bytes;
        while (*last) {
            last = &(*last)->later;
        }
        *last = posted;
        error = MR_OK;
    }
    pthread_mutex_unlock(&net->mutex);
    return error;
}

static bool fake_test(void *self, mri_pending *pending, mr_error *error)
{
    fake_rank *rank = self;
    operation *tested = pending->pointer;
    bool done;

    pthread_mutex_lock(&rank->net->mutex);
    rank_polls(rank);
    done = tested->done && tested->ready <= rank->clock;
    if (done) {
        if (tested->source) {
            check_unchanged(tested);
        }
        operation_end(tested, rank);
        pending->pointer = NULL;
        *error = MR_OK;
    }
    pthread_mutex_unlock(&rank->net->mutex);
    return done;
}

/* Take an operation off all wires: its packet, or itself where it is posted. */
static void forget(fake_net *net, const operation *forgotten)
{
    wire *wires = &net->wires[0][0][0];

    for (size_t i = 0; i < sizeof net->wires / sizeof *wires; i++) {
        for (packet **link = &wires[i].first; *link;) {
            packet *old = *link;

            if (old->sender == forgotten) {
                *link = old->next;
                packet_free(old);
            } else {
                link = &old->next;
            }
        }
        for (operation **link = &wires[i].posted; *link;) {
            if (*link == forgotten) {
                *link = forgotten->later;
            } else {
                link = &(*link)->later;
            }
        }
    }
}

static bool fake_cancel(void *self, mri_pending *pending)
{
    fake_rank *rank = self;
    fake_net *net = rank->net;
    operation *cancelled = pending->pointer;
    bool goes_on;

    pthread_mutex_lock(&net->mutex);
    goes_on = net->stubborn && !cancelled->done;
    if (!cancelled->done) {
        forget(net, cancelled);
    }
    if (goes_on) {
        operation_done(rank, cancelled);
    } else {
        operation_end(cancelled, rank);
    }
    pthread_mutex_unlock(&net->mutex);
    return !goes_on;
}

/* The memory is as large as the message and no larger, so that the address
 * sanitizer sees who reads too much, or too late. */
static bool fake_next(void *self, mri_arrival *arrival)
{
    fake_rank *rank = self;
    fake_net *net = rank->net;
    unsigned int start;
    bool found = false;

    pthread_mutex_lock(&net->mutex);
    rank_polls(rank);
    free(rank->handed_out);
    rank->handed_out = NULL;
    start = (unsigned int)(fake_random(&net->random) % net->count);
    for (unsigned int i = 0; i < net->count && !found; i++) {
        unsigned int from = (start + i) % net->count;
        wire *w = wire_at(net, from, rank->number, MRI_CHANNEL_SHORT);

        if (packet_is_ready(rank, w)) {
            packet *taken = packet_take(&net->ranks[from], w);

            *arrival = (mri_arrival){.from = from,
                                     .channel = (mri_channel)taken->channel,
                                     .bytes = taken->bytes,
                                     .size = taken->size};
            rank->handed_out = taken->bytes;
            free(taken);
            found = true;
        }
    }
    pthread_mutex_unlock(&net->mutex);
    return found;
}

/* ---- the net ------------------------------------------------------------- */

fake_net *fake_net_make(unsigned int ranks, uint64_t seed, unsigned int delay)
{
    fake_net *net = memory(sizeof *net);

    memset(net, 0, sizeof *net);
    pthread_mutex_init(&net->mutex, NULL);
    net->count = ranks;
    net->random = seed;
    net->delay = delay;
    for (unsigned int i = 0; i < ranks; i++) {
        net->ranks[i].net = net;
        net->ranks[i].number = i;
        net->ranks[i].transport = (mri_transport){.name = "fake",
                                                  .self = &net->ranks[i],
                                                  .send = fake_send,
                                                  .receive = fake_receive,
                                                  .test = fake_test,
                                                  .cancel = fake_cancel,
                                                  .next = fake_next};
    }
    return net;
}

static void wire_clear(wire *w)
{
    while (w->first) {
        packet *old = w->first;

        w->first = old->next;
        packet_free(old);
    }
    w->posted = NULL;
}

void fake_net_free(fake_net *net)
{
    wire *wires = &net->wires[0][0][0];

    for (size_t i = 0; i < sizeof net->wires / sizeof *wires; i++) {
        wire_clear(&wires[i]);
    }
    for (unsigned int i = 0; i < net->count; i++) {
        while (net->ranks[i].operations) {
            operation_end(net->ranks[i].operations, &net->ranks[i]);
        }
        free(net->ranks[i].handed_out);
    }
    pthread_mutex_destroy(&net->mutex);
    free(net);
}

const mri_transport *fake_net_transport(fake_net *net, unsigned int rank)
{
    return &net->ranks[rank].transport;
}

void fake_net_cut(fake_net *net, unsigned int rank)
{
    pthread_mutex_lock(&net->mutex);
    net->ranks[rank].cut = true;
    for (unsigned int i = 0; i < net->count; i++) {
        for (unsigned int k = 0; k < WIRES; k++) {
            wire_clear(&net->wires[i][rank][k]);
            wire_clear(&net->wires[rank][i][k]);
        }
    }
    pthread_mutex_unlock(&net->mutex);
}

void fake_net_be_stubborn(fake_net *net)
{
    pthread_mutex_lock(&net->mutex);
    net->stubborn = true;
    pthread_mutex_unlock(&net->mutex);
}

void fake_net_refuse(fake_net *net, unsigned int rank, unsigned int channel,
                     unsigned int n)
{
    pthread_mutex_lock(&net->mutex);
    net->ranks[rank].refuse[channel] = n;
    pthread_mutex_unlock(&net->mutex);
}

void fake_net_hold(fake_net *net, unsigned int from, unsigned int to,
                   unsigned int channel, bool held)
{
    pthread_mutex_lock(&net->mutex);
    wire_at(net, from, to, channel)->held = held;
    pthread_mutex_unlock(&net->mutex);
}

unsigned int fake_net_under_way(fake_net *net)
{
    const wire *wires = &net->wires[0][0][0];
    unsigned int count = 0;

    pthread_mutex_lock(&net->mutex);
    for (size_t i = 0; i < sizeof net->wires / sizeof *wires; i++) {
        for (const packet *p = wires[i].first; p; p = p->next) {
            count++;
        }
    }
    for (unsigned int i = 0; i < net->count; i++) {
        for (const operation *o = net->ranks[i].operations; o; o = o->next) {
            count++;
        }
    }
    pthread_mutex_unlock(&net->mutex);
    return count;
}
