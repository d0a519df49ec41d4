"""Where the requests of an access log went: read line by line, kept as counts that do not grow with the log."""
