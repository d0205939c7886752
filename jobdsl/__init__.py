"""Jenkins jobs as a short Python file: definitions, plan, controller."""
