"""The page to explore: the tables of a run, files to take and what shows them, inside one HTML file."""
