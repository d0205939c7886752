"""Series of a canary and its baseline, read from CloudWatch, Prometheus, or a command."""
