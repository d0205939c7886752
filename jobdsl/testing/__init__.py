"""What users of jobdsl need in their own tests: a rendered estate and a simulated controller."""
