"""Jobs of the workflow on a machine or a cluster: what they ask for, where they go, why they failed."""
