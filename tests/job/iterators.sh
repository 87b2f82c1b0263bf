#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Iterators where memory is short, and where a rank dies: each result is told
# once, a result that can never fit is the failure of its task, and what a rank
# had not delivered is done by others.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/jobs.sh"
in_slot "$0" "$@"

# Results of 3 MiB, four hundred in all, through 32 MiB.
results_larger_than_memory_come_one_by_one() { # RANKS [ROUTE]
    MR_ROUTE=${2:-auto} MR_MEMORY=32M start "$1" ./tests/job/iterators large
    await 60
    expect_status 0
    expect_output << END
ordered: 400 good, 0 failed, 0 twice, MR_ERR_END_OF_FILE
unordered: 400 good, 0 failed, 0 twice, MR_ERR_END_OF_FILE
END
}

result_that_can_never_fit_is_a_failure() { # RANKS [ROUTE]
    MR_ROUTE=${2:-auto} MR_MEMORY=16M start "$1" ./tests/job/iterators huge
    await 30
    expect_status 0
    expect_output << END
ordered: 20 good, 4 failed, 0 twice, MR_ERR_END_OF_FILE
unordered: 20 good, 4 failed, 0 twice, MR_ERR_END_OF_FILE
MR_ERR_TOO_LARGE
END
}

# Of a rank on another node all is done again; on the same node that task is a
# failure in which the rank died.
rank_that_dies_is_done_without() { # RANKS RANK FAILED [ROUTE]
    local launcher=(./apps/multirank/multirank run --oversubscribe -n)
    MR_PATIENCE=2 MR_ROUTE=${4:-auto} start "$1" ./tests/job/iterators "$2"
    await 40
    expect_status 0
    expect_output << END
ordered: $((500 - $3)) good, $3 failed, 0 twice, MR_ERR_END_OF_FILE
unordered: 500 good, 0 failed, 0 twice, MR_ERR_END_OF_FILE
killed 1
END
}

if have_launcher; then
    for ranks in 1 2 4; do
        check results_larger_than_memory_come_one_by_one $ranks
        check result_that_can_never_fit_is_a_failure $ranks
    done
    check results_larger_than_memory_come_one_by_one 3 far
    check result_that_can_never_fit_is_a_failure 3 far
    check rank_that_dies_is_done_without 3 2 1
    for ranks in 2 3 4; do
        check rank_that_dies_is_done_without $ranks $((ranks - 1)) 0 far
    done
fi
report job/iterators
