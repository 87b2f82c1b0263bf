# SPDX-License-Identifier: BSD-3-Clause
"""How long one map takes over many nodes, in two ways that must agree.

The caller gives batches of tasks to nodes, as framework/pool/schedule.c and gather.c do:
half of a node's share of what is left (guided self-scheduling, Polychronopoulos
and Kuck 1987; halved as in factoring, Hummel, Schonberg and Flynn 1992), but no
less than is worth the caller's care, some under way for each node. Within a
node the workers steal from each other, so that all end together but for the
length of a task.

`simulate` follows each part, for some hundred nodes. `estimate` adds up what
they amount to, for any number.
"""
import dataclasses
import heapq
import math
import random

# Of schedule.c, gather.c and scheduler.h in framework/pool.
BATCH_BYTES = 64 << 20
GOOD_BYTES = 2 << 20
BATCH_TIME = 1e-3
FAR_BATCHES = 2         # under way at each of several nodes
NEAR_BATCHES = 4        # ... at a single one
NEAR_CHUNKS = 8       # for each worker in a part of that
MOST_UNDER_WAY = 511  # of all: those for which the caller waits at one time
# Of framework/pool/worker/run.c: a chunk takes so long, when tasks are short.
CHUNK_TIME = 8e-6


@dataclasses.dataclass(frozen=True)
class Job:
    """A map: `length` seconds a task, or on average if they are uneven, that
    is, distributed exponentially; `size` bytes of input and output."""
    tasks: int
    length: float
    nodes: int
    cores: int
    uneven: bool = False
    size: int = 16
    chunk: int = 0  # 0: chosen by the workers

    @property
    def ranks(self):
        return self.nodes * self.cores


@dataclasses.dataclass(frozen=True)
class Outcome:
    seconds: float
    limit: str     # what takes longest: workers, rank 0, or parts under way
    parts: int
    caller: float  # seconds in which rank 0 had something to do


def worker_time(job, machine):
    """Of one task, with its share of taking a chunk."""
    alone = job.length + machine.task
    chunk = job.chunk or max(1, CHUNK_TIME / alone)
    return alone + machine.claim / chunk


def tasks_of_bytes(job, size):
    return max(1, size // job.size) if job.size else job.tasks


def batch_size(job, left, care, node_task):
    """size of gather.c; node_task: seconds that a node takes for one,
    0 if that is not known yet."""
    share = left // (2 * job.ranks) * job.cores
    least = max(1, job.chunk) * job.cores
    if job.nodes == 1:
        return min(left, max(tasks_of_bytes(job, GOOD_BYTES),
                             NEAR_CHUNKS * least))
    worth = (int(max(2 * care * job.nodes, BATCH_TIME) / node_task)
             if node_task else 0)
    good = max(min(share, tasks_of_bytes(job, GOOD_BYTES)), least, worth)
    return min(left, tasks_of_bytes(job, BATCH_BYTES), good)


# ---- part by part -----------------------------------------------------------

@dataclasses.dataclass
class Node:
    far: bool
    free: float = 0     # when its workers are through with what they have
    under_way: int = 0
    task: float = 0     # seconds for one, of the last part


class Simulation:
    """The caller's clock, and the nodes'."""

    def __init__(self, job, machine, seed):
        self.job, self.machine = job, machine
        self.chance = random.Random(seed)
        self.nodes = [Node(number > 0) for number in range(job.nodes)]
        self.left = job.tasks
        self.now = 0
        self.care = 0     # the least that a part took of the caller's time
        self.busy = 0     # seconds in which the caller did not wait
        self.scheduled = 0
        self.parts = []   # a heap: (end, number, node, tasks, begun)

    def spend(self, seconds):
        self.now += seconds
        self.busy += seconds
        return seconds

    def care_for(self, node, tasks):
        """Make a part or get what it gave: half of the bytes travel."""
        m = self.machine
        each, byte = (m.trip, m.send) if node.far else (m.start / 2, m.copy)
        return self.spend(each + tasks * self.job.size / 2 * byte)

    def work_of(self, tasks):
        """Seconds of one worker, and how much later than all others, in the
        mean, the last is done."""
        each = worker_time(self.job, self.machine)
        length, cores = self.job.length, self.job.cores
        if not self.job.uneven or length == 0:
            return tasks * each, (-tasks % cores) / cores * length
        overhead = tasks * (each - length)
        late = sum(self.chance.expovariate(i) for i in range(1, cores + 1)) - 1
        return (self.chance.gammavariate(tasks, length) + overhead,
                max(0, late) * length)

    def schedule(self, node):
        tasks = batch_size(self.job, self.left, self.care, node.task)
        self.left -= tasks
        self.care_for(node, tasks)
        work, late = self.work_of(tasks)
        begun = max(self.now, node.free)
        node.free = begun + work / self.job.cores
        node.under_way += 1
        self.scheduled += 1
        heapq.heappush(self.parts, (node.free + late, self.scheduled, node, tasks,
                                    begun))

    def schedule_all(self):
        """mri_schedule_more: first parts first; of several nodes a second one only
        while all are sure to have work."""
        alone = self.job.nodes == 1
        for number in range(NEAR_BATCHES if alone else FAR_BATCHES):
            for node in self.nodes:
                if (node.under_way == number and self.left
                        and len(self.parts) < MOST_UNDER_WAY
                        and (alone or number == 0
                             or self.left >= 2 * self.job.ranks)):
                    self.schedule(node)

    def wait(self):
        far = sum(node.far and node.under_way > 0 for node in self.nodes)
        self.spend(far * self.machine.watch)
        self.now = max(self.now, self.parts[0][0])

    def collect(self):
        while self.parts and self.parts[0][0] <= self.now:
            end, _, node, tasks, begun = heapq.heappop(self.parts)
            care = 2 * self.care_for(node, tasks)
            node.under_way -= 1
            node.task = (end - begun) / tasks
            if node.far and (self.care == 0 or care < self.care):
                self.care = care

    def run(self):
        while self.left or self.parts:
            self.schedule_all()
            self.wait()
            self.collect()
        work = self.job.tasks * worker_time(self.job, self.machine)
        limit = "rank 0" if self.busy > work / self.job.ranks else "workers"
        return Outcome(self.now, limit, self.scheduled, self.busy)


def simulate(job, machine, seed=1):
    return Simulation(job, machine, seed).run()


# ---- all at once ------------------------------------------------------------

def smallest_part(job, machine, largest):
    """Tasks. What the care for a part takes grows with its bytes, and if that
    is more than the work, parts never become small."""
    each = worker_time(job, machine) / job.cores
    spare = each - 2 * job.nodes * job.size * machine.send
    worth = (2 * job.nodes * machine.care / spare if spare > 0 else largest)
    return min(largest, max(job.cores, worth, BATCH_TIME / each))


def count_parts(job, smallest, largest):
    """Equal ones of the largest size, ever smaller ones, equal small ones."""
    nodes = 2 * job.nodes
    left, parts = job.tasks, 0
    if left > nodes * largest:
        parts += (left - nodes * largest) / largest
        left = nodes * largest
    if left > nodes * smallest:
        parts += nodes * math.log(left / (nodes * smallest))
        left = nodes * smallest
    return parts + left / smallest


def lateness(job, each, part):
    """The mean wait of a worker for the last of all: half of the last part,
    and half of a chunk or, of uneven tasks, the longest of those that are left
    when there is nothing to take any more."""
    late = part / 2 if job.nodes > 1 else 0
    late += max(CHUNK_TIME, each) / 2
    if job.uneven:
        late += (math.log(job.ranks) + 0.577) * job.length
    return late


def estimate(job, machine):
    each = worker_time(job, machine)
    at_once = min(job.nodes, MOST_UNDER_WAY)
    largest = smallest = batch_size(job, job.tasks, 0, 0)
    a_byte, care, watch = machine.copy, machine.start, 0
    if job.nodes > 1:
        smallest = smallest_part(job, machine, largest)
        a_byte = machine.send + (machine.copy - machine.send) / job.nodes
        care, watch = machine.care, machine.watch
    parts = count_parts(job, smallest, largest)
    caller = job.tasks * job.size * a_byte + parts * (care + watch)
    # A node begins when it has its first part, half of them after the mean.
    begin = at_once / 2 * (care / 2 + largest * job.size / 2 * a_byte)
    work = (job.tasks * each / (at_once * job.cores) + begin
            + lateness(job, each, smallest * each / job.cores))
    limit = ("rank 0" if caller > work else
             "parts under way" if at_once < job.nodes else "workers")
    if job.nodes == 1:  # whose last part is copied when all is done
        work += begin
        caller += largest * each / job.cores
    return Outcome(max(work, caller), limit, round(parts), caller)


def predict(job, machine):
    """By following each part, where that does not take long."""
    return (simulate if job.nodes <= 8 else estimate)(job, machine)


def on_cores(outcome, job, machine, cores):
    """Seconds, when all nodes are on one machine and share its cores: with what
    the caller does, and the nodes for the same bytes. That threads of theirs
    poll meanwhile is not in it, so it is too little."""
    far = job.tasks * job.size * machine.send * (1 - 1 / job.nodes)
    work = job.tasks * worker_time(job, machine) + far + outcome.caller
    return max(outcome.seconds, work / cores)
