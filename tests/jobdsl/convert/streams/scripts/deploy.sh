#!/bin/bash
# Deploys {project} of {stream}
mvn deploy -Pversion-{java-version} "$@"
