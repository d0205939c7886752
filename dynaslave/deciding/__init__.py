"""The decision and everything it is made from. Pure: no I/O, no clock."""
