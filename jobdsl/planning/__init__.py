"""What would be done on a controller, and why: the inventory, the plan, a saved plan."""
