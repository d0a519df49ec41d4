"""The configuration of the clients of a site: what each tool is told, and how it gets into the tool's own file.

A tool is one entry of :data:`rewritegen.clients.tools.TOOLS` and one template. What is printed is what is merged: the
rendered text is read back, and its settings are put into the file that is there.
"""
