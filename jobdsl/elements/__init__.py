"""Typed elements: one module per slot, one class per Jenkins element."""
