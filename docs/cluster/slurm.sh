#!/bin/bash
# Annotate on Slurm: sbatch slurm.sh MODEL TEXTS OUTPUT
#
# TEXTS is a folder of files. Task i of the array takes every file whose number is i modulo the number of tasks, and
# annotates it into a folder of its own, OUTPUT/FILE. Submit it again to go on with what is left.
#SBATCH --job-name=hf-ner-annotate
#SBATCH --array=0-15
#SBATCH --cpus-per-task=16
#SBATCH --mem=24G
#SBATCH --time=12:00:00
#SBATCH --requeue
#SBATCH --signal=B:TERM@300   # five minutes before the end: shards in hand are finished, and no more begun
set -euo pipefail
model=$1 texts=$2 output=$3
task=${SLURM_ARRAY_TASK_ID:-0} n_tasks=${SLURM_ARRAY_TASK_COUNT:-1}

status=0
number=0
for file in "$texts"/*; do
    if ((number % n_tasks == task)); then
        # In the background, so that bash hears the signal at once, and hands it on.
        hf-ner annotate "$model" "$file" "$output/$(basename "$file")-annotated" \
            --workers "${SLURM_CPUS_PER_TASK:-1}" &
        run=$!
        trap 'kill -TERM "$run"' TERM
        code=0
        wait "$run" || code=$?
        if ((code > 128)); then
            wait "$run" || true  # it finishes its shards
            exit "$code"
        fi
        if ((code)); then
            status=$code  # texts were set aside, or shards are missing: other files are still to be done
        fi
    fi
    number=$((number + 1))
done
exit "$status"
