"""Speaking to a Jenkins controller: requests, patience, and what a refusal means."""
