set -eu
# One page with the state of every service, for the morning.
platform status --all --format html > report.html
