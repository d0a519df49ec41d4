"""The cache seen from outside: which pages and files nginx or httpd keep, of which project, and until when.

Nothing here asks a server: its cache directory is read. What is no copy in a format that is known is counted, never
guessed at, and never removed.
"""
