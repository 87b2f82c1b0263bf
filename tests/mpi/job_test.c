/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contract of job.h, base.h and log.h: what can be asked before, in and
 * outside a job, and where; how errors are named; where messages go.
 */
#include "mpi/support.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

/* What main saw before mr_init. */
static struct {
    int rank, size, processors;
    char host[MR_HOST_SIZE];
    mr_error finalize, process, queue, pipe, lock, value, array, pool;
    char first[512], last[512]; /* errors */
} before;

/* Messages that the hook was given; children count in their own copy. */
static struct {
    pthread_mutex_t mutex;
    int count;
    char last[512];
    mr_log_level level;
} messages = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void keep_message(mr_log_level level, const char *text, void *user)
{
    pthread_mutex_lock(&messages.mutex);
    messages.count++;
    messages.level = level;
    snprintf(messages.last, sizeof messages.last, "%s", text);
    pthread_mutex_unlock(&messages.mutex);
    *(int *)user += 1;
}

static int nothing(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    return 0;
}

static void look_before(void)
{
    mr_process process;
    mr_pipe_end first, second;
    mr_queue queue;
    mr_lock lock;
    mr_value value;
    mr_array array;
    mr_pool pool;

    snprintf(before.first, sizeof before.first, "%s", mr_last_error(MR_OK));
    before.rank = mr_rank();
    before.size = mr_size();
    before.processors = mr_processors();
    snprintf(before.host, sizeof before.host, "%s", mr_host());
    before.finalize = mr_finalize();
    before.process = mr_process_create(&process, nothing, NULL, 0, NULL);
    before.queue = mr_queue_create(&queue, NULL);
    before.pipe = mr_pipe_create(&first, &second, true);
    before.lock = mr_lock_create(&lock, NULL);
    before.value = mr_value_create(&value, MR_INT64, NULL, NULL);
    before.array = mr_array_create(&array, MR_INT64, 1, NULL, NULL);
    before.pool = mr_pool_create(&pool, NULL);
    snprintf(before.last, sizeof before.last, "%s",
             mr_last_error(MR_ERR_STATE));
}

static void job_does_not_exist_before_init(void)
{
    MRT_EQUAL(before.rank, -1);
    MRT_EQUAL(before.size, 0);
    MRT_EQUAL(before.processors, 0);
    MRT_TEXT(before.host, "");
    MRT_EQUAL(before.finalize, MR_ERR_STATE);
}

static void objects_cannot_be_made_before_init(void)
{
    MRT_EQUAL(before.process, MR_ERR_STATE);
    MRT_EQUAL(before.queue, MR_ERR_STATE);
    MRT_EQUAL(before.pipe, MR_ERR_STATE);
    MRT_EQUAL(before.lock, MR_ERR_STATE);
    MRT_EQUAL(before.value, MR_ERR_STATE);
    MRT_EQUAL(before.array, MR_ERR_STATE);
    MRT_EQUAL(before.pool, MR_ERR_STATE);
}

static void job_is_started_once(void)
{
    MRT_ERROR(mr_init(NULL, NULL), MR_ERR_STATE);
    MRT_EQUAL(mr_rank(), 0);
}

static int start_and_end_the_job(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    CHILD_ERROR(mr_init(NULL, NULL), MR_ERR_STATE);
    CHILD_ERROR(mr_finalize(), MR_ERR_STATE);
    CHILD_CHECK(mr_size() > 0);
    return child_result();
}

static void job_is_not_started_or_ended_by_children(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        RUN(rank, start_and_end_the_job, NULL, 0);
    }
}

typedef struct place {
    int rank, size, processors;
    char host[MR_HOST_SIZE], name[MR_HOST_SIZE];
} place;

/* What the library tells, and what the host calls itself. */
static place place_here(void)
{
    place here = {
        .rank = mr_rank(), .size = mr_size(), .processors = mr_processors()};

    snprintf(here.host, sizeof here.host, "%s", mr_host());
    gethostname(here.name, sizeof here.name - 1);
    return here;
}

static void is_in_the_job(const place *p)
{
    const long most = sysconf(_SC_NPROCESSORS_CONF);

    MRT_CHECK(p->rank >= 0 && p->rank < mr_size());
    MRT_EQUAL(p->size, mr_size());
    MRT_TEXT(p->host, p->name);
    if (mri_is_far((unsigned int)p->rank)) {
        MRT_CHECK(p->processors >= 1 && p->processors <= most);
    } else {
        MRT_EQUAL(p->processors, mr_processors());
        MRT_TEXT(p->host, mr_host());
    }
}

static int say_place(const void *argument, size_t size)
{
    const place here = place_here();

    (void)size;
    CHILD_OK(
        mr_queue_put(*(const mr_queue *)argument, &here, sizeof here, GUARD));
    return child_result();
}

static void children_know_their_place(void)
{
    mr_queue said;

    if (!MRT_OK(mr_queue_create(&said, NULL))) {
        return;
    }
    for (int rank = 0; rank < mr_size(); rank++) {
        place p = {.rank = -1};

        RUN(rank, say_place, &said, sizeof said);
        MRT_OK(mr_queue_get(said, &p, sizeof p, NULL, 0));
        MRT_EQUAL(p.rank, rank);
        is_in_the_job(&p);
    }
    MRT_OK(mr_queue_destroy(said));
}

static mr_error tell_place(const void *input, void *output, const mr_task *task)
{
    (void)input;
    (void)task;
    *(place *)output = place_here();
    return MR_OK;
}

static void tasks_know_their_place(void)
{
    place places[100];
    mr_pool pool;

    if (!MRT_OK(mr_pool_create(&pool, NULL))) {
        return;
    }
    MRT_OK(mr_pool_map(pool, tell_place, NULL, 0, NULL, 0, places,
                       sizeof places[0], 100, NULL));
    for (int i = 0; i < 100; i++) {
        is_in_the_job(&places[i]);
    }
    MRT_OK(mr_pool_destroy(pool));
}

static void job_tells_its_size(void)
{
    const char *world = getenv("OMPI_COMM_WORLD_SIZE");
    char host[MR_HOST_SIZE] = "";

    MRT_EQUAL(mr_rank(), 0);
    MRT_CHECK(mr_size() >= 1);
    if (world) {
        MRT_EQUAL(mr_size(), atoi(world));
    }
    MRT_CHECK(mr_processors() >= 1);
    MRT_CHECK(mr_processors() <= sysconf(_SC_NPROCESSORS_CONF));
    gethostname(host, sizeof host - 1);
    MRT_TEXT(mr_host(), host);
}

static void version_has_three_numbers(void)
{
    int major, minor, patch;

    MRT_EQUAL(sscanf(mr_version(), "%d.%d.%d", &major, &minor, &patch), 3);
}

static void errors_have_names_and_texts(void)
{
    static const struct {
        mr_error error;
        const char *name;
    } errors[] = {
        {MR_OK, "MR_OK"},
        {MR_ERR_ARGUMENT, "MR_ERR_ARGUMENT"},
        {MR_ERR_STATE, "MR_ERR_STATE"},
        {MR_ERR_TIMEOUT, "MR_ERR_TIMEOUT"},
        {MR_ERR_STALE, "MR_ERR_STALE"},
        {MR_ERR_CLOSED, "MR_ERR_CLOSED"},
        {MR_ERR_END_OF_FILE, "MR_ERR_END_OF_FILE"},
        {MR_ERR_NO_MEMORY, "MR_ERR_NO_MEMORY"},
        {MR_ERR_TOO_LARGE, "MR_ERR_TOO_LARGE"},
        {MR_ERR_TRUNCATED, "MR_ERR_TRUNCATED"},
        {MR_ERR_HOLDER_DIED, "MR_ERR_HOLDER_DIED"},
        {MR_ERR_NOT_HELD, "MR_ERR_NOT_HELD"},
        {MR_ERR_DIRECTION, "MR_ERR_DIRECTION"},
        {MR_ERR_WORKER_DIED, "MR_ERR_WORKER_DIED"},
        {MR_ERR_OWNER_LOST, "MR_ERR_OWNER_LOST"},
        {MR_ERR_FUNCTION, "MR_ERR_FUNCTION"},
        {MR_ERR_LIMIT, "MR_ERR_LIMIT"},
        {MR_ERR_SYSTEM, "MR_ERR_SYSTEM"},
        {MR_ERR_MPI, "MR_ERR_MPI"},
        {MR_ERR_USER, "MR_ERR_USER"},
        {MR_ERR_USER + 1234, "MR_ERR_USER"},
        {(mr_error)(MR_ERR_CANCELLED + 1), "MR_ERR_UNKNOWN"},
        {(mr_error)(MR_ERR_USER - 1), "MR_ERR_UNKNOWN"},
    };

    for (size_t i = 0; i < MRT_COUNT(errors); i++) {
        MRT_TEXT(mr_error_name(errors[i].error), errors[i].name);
        MRT_CHECK(strlen(mr_error_text(errors[i].error)) > 3);
    }
}

/* MR_LOG is info in this program, so that a bad argument is told. */
static void log_names_a_bad_argument_once(void)
{
    int count = messages.count;
    mr_queue queue;

    if (!MRT_OK(mr_queue_create(&queue, NULL))) {
        return;
    }
    MRT_ERROR(mr_queue_put(queue, NULL, 3, 0), MR_ERR_ARGUMENT);
    MRT_EQUAL(messages.count, count + 1);
    MRT_CHECK(strstr(messages.last, "mr_queue_put") != NULL);
    MRT_CHECK(strstr(messages.last, "item") != NULL);
    MRT_CHECK(messages.level > MR_LOG_NONE && messages.level <= MR_LOG_INFO);
    MRT_OK(mr_queue_destroy(queue));
}

static void log_is_silent_about_time_outs(void)
{
    int count = messages.count;
    int item;
    mr_queue queue;

    if (!MRT_OK(mr_queue_create(&queue, NULL))) {
        return;
    }
    MRT_ERROR(mr_queue_get(queue, &item, sizeof item, NULL, 0), MR_ERR_TIMEOUT);
    MRT_EQUAL(messages.count, count);
    MRT_OK(mr_queue_destroy(queue));
}

static int count_messages(const void *argument, size_t size)
{
    int count = messages.count;

    (void)argument;
    (void)size;
    CHILD_ERROR(mr_queue_create(NULL, NULL), MR_ERR_ARGUMENT);
    CHILD_CHECK(messages.count == count + 1);
    return child_result();
}

static void log_hook_is_inherited_by_children(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        RUN(rank, count_messages, NULL, 0);
    }
}

static void last_error_says_that_there_is_no_job(void)
{
    MRT_TEXT(before.first, "");
    MRT_CHECK(strstr(before.last, "call mr_init first") != NULL);
}

static void last_error_names_a_bad_argument(void)
{
    MRT_ERROR(mr_queue_create(NULL, NULL), MR_ERR_ARGUMENT);
    MRT_CHECK(strstr(mr_last_error(MR_ERR_ARGUMENT), "mr_queue_create: queue"));
    MRT_TEXT(mr_last_error(MR_OK), mr_last_error(MR_ERR_ARGUMENT));
    MRT_TEXT(mr_last_error(MR_ERR_STATE), "");
    MRT_ERROR(mr_lock_create(NULL, NULL), MR_ERR_ARGUMENT);
    MRT_CHECK(strstr(mr_last_error(MR_ERR_ARGUMENT), "mr_lock_create: lock"));
}

static void last_error_names_the_error_of_the_system(void)
{
    mr_array array;

    MRT_ERROR(mr_array_load(&array, "/nowhere/x.npy", NULL), MR_ERR_SYSTEM);
    MRT_CHECK(strstr(mr_last_error(MR_ERR_SYSTEM), "/nowhere/x.npy"));
    MRT_CHECK(strstr(mr_last_error(MR_ERR_SYSTEM), strerror(ENOENT)));
}

static void *fail_in_thread(void *argument)
{
    bool *right = argument;

    *right = !*mr_last_error(MR_OK) &&
             mr_queue_create(NULL, NULL) == MR_ERR_ARGUMENT &&
             strstr(mr_last_error(MR_ERR_ARGUMENT), "mr_queue_create");
    return NULL;
}

static void last_error_is_that_of_its_thread(void)
{
    pthread_t thread;
    bool right = false;

    MRT_ERROR(mr_lock_create(NULL, NULL), MR_ERR_ARGUMENT);
    MRT_EQUAL(pthread_create(&thread, NULL, fail_in_thread, &right), 0);
    pthread_join(thread, NULL);
    MRT_CHECK(right);
    MRT_CHECK(strstr(mr_last_error(MR_ERR_ARGUMENT), "mr_lock_create"));
}

static int look_at_last_error(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    CHILD_CHECK(!*mr_last_error(MR_OK));
    CHILD_ERROR(mr_process_create(NULL, nothing, NULL, 0, NULL),
                MR_ERR_ARGUMENT);
    CHILD_CHECK(*mr_last_error(MR_ERR_ARGUMENT));
    return child_result();
}

static void last_error_of_a_process_is_its_own(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        RUN(rank, look_at_last_error, NULL, 0);
    }
}

static int others;

static void count_others(mr_log_level level, const char *text, void *user)
{
    (void)level;
    (void)text;
    (void)user;
    others++;
}

static int hooked;

static void log_hook_can_be_replaced(void)
{
    int count = messages.count;

    mr_log_set_hook(count_others, NULL);
    MRT_ERROR(mr_queue_create(NULL, NULL), MR_ERR_ARGUMENT);
    mr_log_set_hook(keep_message, &hooked);
    MRT_EQUAL(others, 1);
    MRT_EQUAL(messages.count, count);
    MRT_ERROR(mr_queue_create(NULL, NULL), MR_ERR_ARGUMENT);
    MRT_EQUAL(others, 1);
    MRT_EQUAL(messages.count, count + 1);
}

static const mrt_test tests[] = {
    {"job_does_not_exist_before_init", job_does_not_exist_before_init, 0},
    {"objects_cannot_be_made_before_init", objects_cannot_be_made_before_init,
     0},
    {"job_is_started_once", job_is_started_once, 0},
    {"job_is_not_started_or_ended_by_children",
     job_is_not_started_or_ended_by_children, 0},
    {"children_know_their_place", children_know_their_place, 0},
    {"tasks_know_their_place", tasks_know_their_place, 0},
    {"job_tells_its_size", job_tells_its_size, 0},
    {"version_has_three_numbers", version_has_three_numbers, 0},
    {"errors_have_names_and_texts", errors_have_names_and_texts, 0},
    {"log_names_a_bad_argument_once", log_names_a_bad_argument_once, 0},
    {"log_is_silent_about_time_outs", log_is_silent_about_time_outs, 0},
    {"log_hook_is_inherited_by_children", log_hook_is_inherited_by_children, 0},
    {"log_hook_can_be_replaced", log_hook_can_be_replaced, 0},
    {"last_error_says_that_there_is_no_job",
     last_error_says_that_there_is_no_job, 0},
    {"last_error_names_a_bad_argument", last_error_names_a_bad_argument, 0},
    {"last_error_names_the_error_of_the_system",
     last_error_names_the_error_of_the_system, 0},
    {"last_error_is_that_of_its_thread", last_error_is_that_of_its_thread, 0},
    {"last_error_of_a_process_is_its_own", last_error_of_a_process_is_its_own,
     0},
};

int main(int argc, char **argv)
{
    setenv("MR_LOG", "info", 1);
    mr_log_set_hook(keep_message, &hooked);
    look_before();
    return suite_main("job", tests, MRT_COUNT(tests), argc, argv);
}
