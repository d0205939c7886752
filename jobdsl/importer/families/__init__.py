"""Families of jobs that are alike: found among imported calls, written as functions and calls.

The step works on the calls an import writes, not on XML: they are lossless already, and a function is a
call with parameters. What it writes is loaded and compared like every import; a member that is not
equal is written plainly again.
"""
