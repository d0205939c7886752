"""Images: a package on top of a base image, registered, proven, copied and shared."""
