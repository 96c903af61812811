"""Speech models behind one interface: every layer of every family."""
