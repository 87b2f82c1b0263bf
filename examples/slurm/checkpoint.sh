#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#SBATCH --job-name=checkpoint
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=2
#SBATCH --time=01:00:00
#SBATCH --signal=B:TERM@60
#SBATCH --requeue
#SBATCH --open-mode=append
# Runs a program that saves its results when it gets SIGTERM, and runs it again
# in a new job until it is done:
#
#   sbatch checkpoint.sh ./checkpoint STATE-FILE
#
# 60 seconds before the wall time is over Slurm sends SIGTERM to this script,
# which passes it on. A program that was stopped ends with 75.
set -u

if [ $# -eq 0 ]; then
    echo "which program? sbatch checkpoint.sh PROGRAM ARGUMENT..." >&2
    exit 2
fi

multirank run "$@" &
job=$!
stopped=
trap 'stopped=yes; kill -TERM $job' TERM
wait $job
status=$?
# The signal ends the first wait early.
while kill -0 $job 2> /dev/null; do
    wait $job
    status=$?
done
if [ -n "$stopped" ] && [ $status -ne 0 ]; then
    scontrol requeue "$SLURM_JOB_ID"
fi
exit $status
