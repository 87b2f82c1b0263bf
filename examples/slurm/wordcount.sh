#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#SBATCH --job-name=wordcount
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=2
#SBATCH --time=00:10:00
#SBATCH --output=wordcount-%j.txt
#SBATCH --error=wordcount-%j.err
# Counts the words of files by all tasks of a Slurm job:
#
#   sbatch wordcount.sh FILE...
#   sbatch --nodes=4 --ntasks-per-node=16 wordcount.sh --top 50 FILE...
#
# Options of sbatch itself win over the lines above. Each rank reads its parts of
# the files itself: they must have the same names on all nodes, and so must
# multirank-wordcount, which is looked for in PATH.
set -u

if [ $# -eq 0 ]; then
    echo "which files? sbatch wordcount.sh FILE..." >&2
    exit 2
fi
for program in mpirun multirank-wordcount; do
    if ! command -v $program > /dev/null; then
        echo "no $program in PATH: load its module, or put its folder into" \
            "PATH before you call sbatch" >&2
        exit 127
    fi
done

# mpirun takes nodes and tasks from the allocation. Where Slurm speaks PMIx,
# "srun --mpi=pmix" in its place does the same. "multirank run" is the one to
# take if the job shall outlive a node.
exec mpirun multirank-wordcount --quiet "$@"
