"""What romaport is compared with."""
