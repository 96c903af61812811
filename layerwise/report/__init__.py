"""Tables, figures and the report document."""
