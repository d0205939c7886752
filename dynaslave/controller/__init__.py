"""What the controller shows of queue and nodes, and what is written there: labels, reasons, nodes, marks."""
