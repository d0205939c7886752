#!/bin/bash
set -e
for dir in ${DIRS:-.}; do
    echo "prepare ${dir}"
done
