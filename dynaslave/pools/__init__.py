"""What teams request and may have: agent_pool in DSL files, its checks, quotas, prices, schedules."""
