"""Records of runs: the user, the change, when, from where, and how it ended.

`record` is what is written, `store` where, `recorder` writes it around a run, `reader` reads it back. A run
appends an event at its begin and one at its end; a run that was killed is closed by a later one. Events are
never changed or deleted.
"""
