"""What runs in all accounts and regions of `delivery.toml`: groups, images, instances; and all runs.

`locations` reads several accounts and regions at once, `groups` and `images` are what is read there. It only
reads: nothing here changes anything but the records of runs that were killed, which it closes.
"""
