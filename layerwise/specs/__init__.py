"""What a config can name, light: a spec says all that config, planning and documentation need to know."""
