/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the mapping of the node's segments and the memory behind them.
 *
 * Pages are reserved with fallocate before they are handed out, so that
 * exhaustion is an error and not a SIGBUS (Linux, memfd_create(2) and
 * fallocate(2)).
 */
#include "memory/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory/record.h"
#include "util/clock.h"
#include "util/log.h"

MRI_RANK_LOCAL mri_region mri_node_of_rank;
void (*mri_before_backing)(uint64_t size);

enum { STEP = 64 * 1024 }; /* bytes by which tables are backed */

#define MOST_MEMORY ((int64_t)1 << 46)

static uint64_t round_up(uint64_t size, uint64_t unit)
{
    return (size + unit - 1) / unit * unit;
}

/* Bytes before the objects, and before the arenas. */
static uint64_t objects_offset(void)
{
    return round_up(sizeof(mri_segment), MRI_PAGE) +
           round_up((uint64_t)MRI_ENDPOINTS_MAX * sizeof(mri_endpoint), STEP) +
           round_up((uint64_t)MRI_RECORDS_MAX * sizeof(mri_record), STEP);
}

static uint64_t lives_offset(void)
{
    return objects_offset() +
           round_up((uint64_t)MRI_OBJECTS_MAX * MRI_OBJECT_SIZE, STEP);
}

static uint64_t tables_size(void)
{
    return lives_offset() +
           round_up((uint64_t)MRI_RANKS_MAX * sizeof(mri_word), STEP) +
           (uint64_t)MRI_RECORDS_MAX * MRI_RELAY_ROW;
}

static uint64_t segment_size(int64_t allowance)
{
    return tables_size() + 2 * (uint64_t)allowance + MRI_RESERVE_SIZE;
}

static unsigned int shift_for(uint64_t size)
{
    unsigned int shift = 20;

    while ((uint64_t)1 << shift < size) {
        shift++;
    }
    return shift;
}

/* The largest file that this process may make, by its hard limit; it may raise
 * the soft one up to that. */
static uint64_t file_limit(void)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_FSIZE, &limit) != 0 ||
                   limit.rlim_max == RLIM_INFINITY
               ? UINT64_MAX
               : (uint64_t)limit.rlim_max;
}

int64_t mri_segment_fit(int64_t allowance)
{
    uint64_t limit = file_limit();
    uint64_t others = tables_size() + MRI_RESERVE_SIZE;
    uint64_t room = limit > others ? (limit - others) / 2 : 0;

    room = room / MRI_PAGE * MRI_PAGE;
    return allowance > 0 && (uint64_t)allowance > room ? (int64_t)room
                                                       : allowance;
}

/* Beyond the soft limit the kernel would kill the process by SIGXFSZ.  The file
 * is memory, so the limit is set aside while it gets its size; later changes
 * within that size are not limited (Linux, mm/shmem.c, inode_newsize_ok). */
static mr_error give_size(int fd, uint64_t size)
{
    struct rlimit limit;
    bool raised =
        getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < (rlim_t)size;
    mr_error error = MR_OK;

    if (raised) {
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){.rlim_cur = limit.rlim_max,
                                                 .rlim_max = limit.rlim_max});
    }
    if (ftruncate(fd, (off_t)size) != 0) {
        error = mri_system_error("ftruncate of the segment");
    }
    if (raised) {
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    return error;
}

static mr_error check_allowance(int64_t allowance)
{
    if (mri_segment_fit(allowance) < allowance) {
        mri_log(MR_LOG_ERROR,
                "a segment of %lld bytes is larger than the files that this "
                "process may make; raise 'ulimit -f'",
                (long long)allowance);
        return MR_ERR_NO_MEMORY;
    }
    if (allowance < MRI_ALLOWANCE_MIN) {
        mri_log(MR_LOG_ERROR,
                "%lld bytes of shared memory are too few for a rank, which "
                "needs %lld; free memory, raise the limit of the batch job, "
                "or set MR_MEMORY to 1M or more",
                (long long)allowance, (long long)MRI_ALLOWANCE_MIN);
        return MR_ERR_NO_MEMORY;
    }
    if (allowance > MOST_MEMORY) {
        mri_log(MR_LOG_ERROR,
                "%lld bytes of shared memory are more than there are "
                "addresses for; set MR_MEMORY to less",
                (long long)allowance);
        return MR_ERR_NO_MEMORY;
    }
    return MR_OK;
}

/* Only its owner may open it, although others may see /proc/PID/fd. */
mr_error mri_segment_create(int64_t allowance, int *descriptor)
{
    mr_error error = check_allowance(allowance);
    int fd;

    if (error) {
        return error;
    }
    fd = memfd_create("multirank", MFD_CLOEXEC);
    if (fd < 0) {
        return mri_system_error("memfd_create");
    }
    if (fchmod(fd, S_IRUSR | S_IWUSR) != 0) {
        error = mri_system_error("fchmod of the segment");
    } else {
        error = give_size(fd, segment_size(allowance));
    }
    if (error) {
        close(fd);
        return error;
    }
    *descriptor = fd;
    return MR_OK;
}

mr_error mri_region_lay_out(const uint32_t *leaders, unsigned int ranks,
                            uint32_t mine)
{
    uint32_t *tables = calloc(2 * (size_t)ranks, sizeof *tables);

    if (!tables) {
        return MR_ERR_NO_MEMORY;
    }
    mri_node.ranks = ranks;
    mri_node.leaders = tables;
    mri_node.indices = tables + ranks;
    mri_node.count = 0;
    for (unsigned int i = 0; i < ranks; i++) {
        mri_node.leaders[i] = leaders[i];
        mri_node.indices[i] = leaders[i] == mine ? mri_node.count++ : MRI_FAR;
    }
    return MR_OK;
}

/* Reserve the addresses of all segments of the node. */
static mr_error reserve(int64_t allowance, int flags)
{
    unsigned int count = mri_node.count;
    unsigned int shift = shift_for(segment_size(allowance));
    void *base = mmap(
        NULL, (size_t)count << shift,
        flags ? PROT_READ | PROT_WRITE : PROT_NONE,
        MAP_PRIVATE * !flags | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);

    if (base == MAP_FAILED) {
        mri_log(MR_LOG_ERROR,
                "cannot map %u segments of %lld bytes: %s; a smaller "
                "MR_MEMORY may help, or a larger 'ulimit -v'",
                count, (long long)allowance, strerror(errno));
        return MR_ERR_NO_MEMORY;
    }
    mri_node.base = base;
    mri_node.shift = shift;
    mri_node.objects = objects_offset();
    mri_node.lives = lives_offset();
    mri_node.allowance = allowance;
    mri_node.descriptors = calloc(count, sizeof *mri_node.descriptors);
    if (!mri_node.descriptors) {
        mri_region_unmap();
        return MR_ERR_NO_MEMORY;
    }
    memset(mri_node.descriptors, -1, count * sizeof *mri_node.descriptors);
    return MR_OK;
}

mr_error mri_region_map(const int *descriptors, int64_t allowance)
{
    mr_error error = reserve(allowance, 0);

    for (unsigned int i = 0; !error && i < mri_node.count; i++) {
        mri_node.descriptors[i] = descriptors[i];
        if (mmap(mri_segment_at(i), segment_size(allowance),
                 PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, descriptors[i],
                 0) == MAP_FAILED) {
            error = mri_system_error("mmap of a segment");
            mri_region_unmap();
        }
    }
    return error;
}

mr_error mri_region_fake(int64_t allowance)
{
    return reserve(allowance, MAP_SHARED);
}

void mri_region_unmap(void)
{
    if (mri_node.base) {
        munmap(mri_node.base, (size_t)mri_node.count << mri_node.shift);
    }
    for (unsigned int i = 0; mri_node.descriptors && i < mri_node.count; i++) {
        if (mri_node.descriptors[i] >= 0) {
            close(mri_node.descriptors[i]);
        }
    }
    free(mri_node.descriptors);
    free(mri_node.leaders);
    mri_node = (mri_region){0};
}

bool mri_in_region(const void *address, size_t size)
{
    uintptr_t at = (uintptr_t)address;
    uintptr_t base = (uintptr_t)mri_node.base;
    uintptr_t length = (uintptr_t)mri_node.count << mri_node.shift;

    return base && at >= base && at - base < length &&
           size <= length - (at - base);
}

mr_error mri_segment_back(mri_ref start, uint64_t size)
{
    unsigned int index = mri_segment_of(start);
    int fd = mri_node.descriptors[index];
    int error;

    if (mri_fault_allocation()) {
        return MR_ERR_NO_MEMORY;
    }
    if (mri_before_backing) {
        mri_before_backing(size);
    }
    if (fd < 0) {
        return MR_OK;
    }
    do {
        error = fallocate(fd, 0,
                          (off_t)(start - ((mri_ref)index << mri_node.shift)),
                          (off_t)size)
                    ? errno
                    : 0;
    } while (error == EINTR);
    if (error) {
        mri_log(
            MR_LOG_WARNING,
            "the system gives no memory for %llu shared bytes: %s; free some, "
            "request more for the batch job, or set a smaller MR_MEMORY",
            (unsigned long long)size, strerror(error));
        return MR_ERR_NO_MEMORY;
    }
    return MR_OK;
}

void mri_segment_unback(mri_ref start, uint64_t size)
{
    unsigned int index = mri_segment_of(start);
    int fd = mri_node.descriptors[index];
    off_t offset = (off_t)(start - ((mri_ref)index << mri_node.shift));

    if (fd >= 0 && fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                             offset, (off_t)size) != 0) {
        mri_log(MR_LOG_DEBUG,
                "%llu shared bytes cannot be given back to the system: %s",
                (unsigned long long)size, strerror(errno));
    }
}

mr_error mri_table_grow(mri_table *table)
{
    uint64_t backed = mri_peek(&table->backed);
    uint64_t rows = STEP / table->row_size;
    mr_error error;

    if (backed == table->max) {
        return MR_ERR_LIMIT;
    }
    if (rows > table->max - backed) {
        rows = table->max - backed;
    }
    error = mri_segment_back(table->rows + backed * table->row_size,
                             rows * table->row_size);
    if (!error) {
        mri_cas(&table->backed, &backed, backed + rows);
    }
    return error;
}

static void format_table(mri_table *table, mri_ref *next, uint64_t row_size,
                         uint64_t max)
{
    table->rows = *next;
    table->row_size = row_size;
    table->max = max;
    *next += round_up(row_size * max, STEP);
}

/* Away from the small numbers that damaged handles have; it need not be
 * secret, so the time does where the kernel has no random numbers yet. */
static uint32_t random_generation(void)
{
    uint32_t number;

    if (getrandom(&number, sizeof number, GRND_NONBLOCK) != sizeof number) {
        number = (uint32_t)mri_now();
    }
    return number | 1 << 16;
}

mr_error mri_segment_format(unsigned int index, unsigned int rank)
{
    mri_segment *segment = mri_segment_at(index);
    mri_ref start = (mri_ref)index << mri_node.shift;
    mri_ref next = start + round_up(sizeof *segment, MRI_PAGE);
    uint64_t share = (uint64_t)mri_node.allowance;
    mr_error error = mri_segment_back(start, sizeof *segment);

    if (error) {
        return error;
    }
    segment->rank = rank;
    segment->budget = share;
    segment->first_generation = random_generation();
    format_table(&segment->endpoints, &next, sizeof(mri_endpoint),
                 MRI_ENDPOINTS_MAX);
    format_table(&segment->records, &next, sizeof(mri_record), MRI_RECORDS_MAX);
    format_table(&segment->objects, &next, MRI_OBJECT_SIZE, MRI_OBJECTS_MAX);
    next = start + tables_size();
    segment->relay_rows = next - (uint64_t)MRI_RECORDS_MAX * MRI_RELAY_ROW;
    mri_arena_format(&segment->heap, next, next + share);
    mri_arena_format(&segment->arrays, next + share, next + 2 * share);
    next += 2 * share;
    mri_arena_format(&segment->reserve, next, next + MRI_RESERVE_SIZE);
    error = mri_segment_back(next, MRI_RESERVE_SIZE);
    mri_store(&segment->reserve.backed, next + MRI_RESERVE_SIZE);
    if (!error && index == 0) {
        error = mri_segment_back(start + mri_node.lives,
                                 mri_node.ranks * sizeof(mri_word));
    }
    if (!error) {
        error = mri_table_grow(&segment->endpoints);
    }
    if (!error) {
        error = mri_table_grow(&segment->records);
    }
    return error ? error : mri_table_grow(&segment->objects);
}
