# SPDX-License-Identifier: BSD-3-Clause
"""How many small items go through a queue in batches?"""
from measure import Case, Contender, Lines, Question, alone, mpi, multirank

BATCHES = (1, 10, 100, 1000)

QUESTION = Question(
    title="How many items of 8 bytes go through a queue in batches?",
    note="Items go one way, from rank 0 to rank 1 or to a child process; the "
         "time ends when the last one was taken, at most 2^20 items before an "
         "answer is awaited. Multirank: mr_queue_put_many and "
         "mr_queue_get_many; single items by mr_queue_put and mr_queue_get. "
         "MPI: the batch is one message, in a window of 64 MPI_Isend. Boost: "
         "lockfree::spsc_queue in shared memory, which has one producer and "
         "one consumer and cannot wait: both ask again and again. "
         "A queue of Multirank survives kill -9 of a user at any moment, and "
         "was measured so. spsc_queue loses nothing if a user is killed, but "
         "the other one polls for ever. With MPI the job ends. "
         "In the table `far` MPI goes through shared memory.",
    cases=[Case("single", "single items")] +
          [Case(f"batch_{n}", f"batches of {n}", x=n,
                aim="10 x single, 200 M/s" if n == 1000 else "")
           for n in BATCHES],
    contenders=[
        Contender("Multirank, ranks", multirank("bench/objects/queue_batches"),
                  places=("near", "far", "hosts")),
        Contender("Multirank, children",
                  multirank("bench/objects/queue_batches", "children")),
        Contender("MPI", mpi("bench/objects/batches_mpi"),
                  places=("near", "far", "hosts")),
        Contender("Boost spsc_queue", alone("bench/objects/batches_boost")),
    ],
    plots=(Lines("batch_", "items in a batch", "Items in a second",
                 logy=True),),
)
