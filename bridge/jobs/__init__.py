"""Jobs: what they are, which states they pass, and the store that never loses one."""
