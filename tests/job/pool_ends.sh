#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Whatever ends a map, or an iterator, the next one of the same pool works: all
# its children die, also at their birth, or a rank dies with tasks that nobody
# else has. The true way in which a task ended its worker is told.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/jobs.sh"
alone "$0" "$@"

run=(./apps/multirank/multirank run --oversubscribe -n)

pool_works_after_its_children_died_at_birth() { # RANKS WORKERS [ROUTE]
    MR_ROUTE=${3:-auto} start "$1" ./tests/job/pool_ends births "$2" \
        "$scratch/flag"
    await 60
    expect_status 0
    expect_output << END
map MR_OK, 0 wrong
map ends
map ends
map MR_OK, 0 wrong
map MR_OK, 0 wrong
map MR_OK, 0 wrong
imap ends
imap ends
imap MR_OK, 0 wrong
map MR_OK, 0 wrong
END
}

# The rest of what the rank had taken is done by others, who had left by then.
rest_of_a_rank_that_died_late_is_done() { # RANKS map|imap
    local launcher=("${run[@]}") code=MR_ERR_WORKER_DIED
    [ "$2" = map ] || code=MR_OK
    start "$1" ./tests/job/pool_ends "$2" rank late
    await 60
    expect_status 0
    sed -i 's/ wrong, .*/ wrong/' "$scratch/out"
    expect_output << END
$2 $code, 1 wrong
map MR_OK, 0 wrong
imap MR_OK, 0 wrong
END
}

check pool_works_after_its_children_died_at_birth 0 1
check pool_works_after_its_children_died_at_birth 0 3
if have_launcher; then
    check pool_works_after_its_children_died_at_birth 2 3
    check pool_works_after_its_children_died_at_birth 2 4 far
    for ranks in 2 3; do
        check rest_of_a_rank_that_died_late_is_done $ranks map
    done
    check rest_of_a_rank_that_died_late_is_done 2 imap
fi
report job/pool_ends
