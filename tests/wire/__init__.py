"""Black-box tests: raw bytes in on one side, every byte recorded on the other."""
