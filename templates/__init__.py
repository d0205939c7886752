"""Job templates that most teams use off the shelf."""
