"""`rewritegen check`: does a live server keep the promise, seen from outside.

The modules, in the order of the data:

=============  ======================================================================================
``wire``       requests as bytes, answers as they came, limits
``documents``  pages as installers read them
``rules``      what is looked at: codes, and why
``results``    what the probes saw -> findings
``context``    what all probes share: plan, wire, names, and what the model decides
``tasks``      many probes at a time
``pages`` ...  probes, each of one thing (``pages``, ``files``, ``shapes``, ``itself``, ``strangers``)
``private``    the families of the private steps; ``public`` those of the fallbacks
``drift``      on the server: directories against the state
``disclosure`` private names in what really went out
``run``        all of it in order; ``foreign`` the same for an index that we did not configure
=============  ======================================================================================
"""
