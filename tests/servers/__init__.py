"""The real nginx and the real httpd, run on generated configurations."""
