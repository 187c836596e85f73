"""What `make bench` measures; each figure is compared with a limit that was measured in the same run."""
