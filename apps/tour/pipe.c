/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A pipe between two processes.  An end that nobody holds any more is the
 * end of file for the other one.
 */
#include "tour.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_SIZE = 32 };

/* Answers in capitals until nobody is left who could ask. */
static int answer(const void *argument, size_t size)
{
    mr_pipe_end end = *(const mr_pipe_end *)argument;
    char text[TEXT_SIZE];
    size_t length;
    mr_error error;

    (void)size;
    while (
        !(error = mr_pipe_recv(end, text, sizeof text, &length, MR_FOREVER))) {
        for (size_t i = 0; i < length; i++) {
            text[i] = (char)toupper((unsigned char)text[i]);
        }
        CHECK(mr_pipe_send(end, text, length, MR_FOREVER));
    }
    return error == MR_ERR_END_OF_FILE ? 0 : 1;
}

static void ask(mr_pipe_end end, const char *question)
{
    char text[TEXT_SIZE];
    size_t length = strlen(question);

    printf("Sent     %s\n", question);
    CHECK(mr_pipe_send(end, question, length, MR_FOREVER));
    CHECK(mr_pipe_recv(end, text, sizeof text, &length, MR_FOREVER));
    printf("Received %.*s\n", (int)length, text);
}

void tour_pipe(void)
{
    mr_pipe_end mine, yours;
    mr_process process;

    CHECK(mr_pipe_create(&mine, &yours, true));

    /* The process holds its end, so that main need not any longer. */
    const mr_process_options options = {.ends = &yours, .ends_count = 1};

    CHECK(mr_process_create(&process, answer, &yours, sizeof yours, &options));
    CHECK(mr_process_start(process));
    CHECK(mr_pipe_close(yours));

    ask(mine, "there and back");
    ask(mine, "once more");

    CHECK(mr_pipe_close(mine));
    finish(process);
    puts("The other side ended at the end of file");
}
