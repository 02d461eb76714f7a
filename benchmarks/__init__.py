"""Measurements against other libraries, which the extra `peers` installs."""
