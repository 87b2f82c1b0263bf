/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Value and lock: an account that several processes draw on, and that must
 * never be overdrawn.
 *
 * To look whether there is enough and to take it are two steps.  The lock of
 * the value makes them one, so that nobody else takes it in between.
 */
#include "check.h"

enum { CUSTOMERS = 4, TRIES = 100, EACH = 7, DEPOSIT = 1000 };

static bool withdraw(mr_value account, mr_lock lock, int32_t amount)
{
    int32_t balance;
    bool enough;

    CHECK(mr_lock_acquire(lock, MR_FOREVER));
    CHECK(mr_value_get(account, &balance));
    enough = balance >= amount;
    if (enough) {
        balance -= amount;
        CHECK(mr_value_set(account, &balance));
    }
    CHECK(mr_lock_release(lock));
    return enough;
}

/* Its exit code tells how often it was given money. */
static int draw(const void *argument, size_t size)
{
    mr_value account = *(const mr_value *)argument;
    mr_lock lock;
    int times = 0;

    (void)size;
    CHECK(mr_value_get_lock(account, &lock));
    for (int i = 0; i < TRIES; i++) {
        times += withdraw(account, lock, EACH);
    }
    return times;
}

int main(int argc, char **argv)
{
    const int32_t deposit = DEPOSIT;
    mr_process customers[CUSTOMERS];
    mr_value account;
    int32_t balance;
    int code, times = 0;

    CHECK(mr_init(&argc, &argv)); /* returns on rank 0 alone */
    CHECK(mr_value_create(&account, MR_INT32, &deposit, NULL));
    for (int i = 0; i < CUSTOMERS; i++) {
        CHECK(mr_process_create(&customers[i], draw, &account, sizeof account,
                                NULL));
        CHECK(mr_process_start(customers[i]));
    }
    for (int i = 0; i < CUSTOMERS; i++) {
        CHECK(mr_process_join(customers[i], MR_FOREVER));
        CHECK(mr_process_exit_code(customers[i], &code));
        times += code;
    }
    CHECK(mr_value_get(account, &balance));
    printf("%d times %d was drawn, %d is left of %d\n", times, EACH, balance,
           DEPOSIT);
    return mr_finalize();
}
