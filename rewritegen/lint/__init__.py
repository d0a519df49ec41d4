"""What is legal in a site but unwise, as rules with stable codes: a function each, in a module by what it looks at."""
