"""What `check` looks at: a code for each thing, what it is called when it is right and when it is wrong, and why.

Codes are stable: a code is never given another meaning. The hundreds belong to the site file and the other commands
(:data:`rewritegen.diagnostics.CODES`); these are the nine hundreds.
"""

from __future__ import annotations

from rewritegen.check.rule import HAND, INDEX, REGENERATE, Rule
from rewritegen.check.rules_pages import PAGES

__all__ = ["RULES", "Rule"]

_OTHERS: dict[str, Rule] = {
    # ------------------------------------------------------------------ the server
    "RG901": Rule(
        "the server answers",
        "the server does not answer",
        "a server that does not answer keeps no promise and breaks none",
        "start it, or correct the URL",
    ),
    "RG902": Rule(
        "the certificate is accepted",
        "the certificate is not accepted",
        "installers refuse an index whose certificate has another name, no chain or no known authority",
        "install the certificate of this host name with its chain; an authority of your own: --ca FILE",
    ),
    "RG903": Rule(
        "the certificate is valid for a while",
        "the certificate is not valid now, or not for long",
        "with an expired certificate every installation stops",
        "renew the certificate, and reload the server",
    ),
    "RG904": Rule(
        "the clock is right",
        "the clock of the server is off",
        "ages of copies and validity of certificates are told by the clock",
        "set up time synchronisation on the server (or here)",
    ),
    "RG905": Rule(
        "health is ok",
        "health is not ok",
        "load balancers and deployments ask it",
        REGENERATE,
    ),
    "RG906": Rule(
        "the running configuration is what this YAML gives",
        "the running configuration is not what this YAML gives",
        "what runs is what keeps the promise, not what is written in the repository",
        f"{REGENERATE}; written for one server's version: --binary PATH",
    ),
    "RG907": Rule(
        "everything was asked in time",
        "the time for the check was up before everything was asked",
        "what was not asked is not known",
        "give it more with --total SECONDS or --rate N",
    ),
    "RG908": Rule(
        "the credentials are accepted",
        "the credentials are not accepted",
        "without them only the refusals can be looked at",
        "give --netrc, --header or --client-cert; or mend the file of passwords",
    ),
    "RG909": Rule(
        "the installed text is the generated one",
        "the installed text was edited, or is of another YAML",
        "a hand edit is lost with the next run, and nobody reviewed it",
        "put the change into the YAML, generate again, and install that",
    ),
    # ------------------------------------------------------------------ the list
    "RG950": Rule(
        "the list is there",
        "the list of private projects is not there, or cannot be read",
        "buildout and easy_install read it after any 404",
        INDEX,
    ),
    "RG951": Rule(
        "the list has private projects only",
        "the list is not that of the private projects",
        "a proxied list is tens of megabytes of strangers' names",
        HAND,
    ),
    # ------------------------------------------------------------------ fallbacks
    "RG960": Rule(
        "public names are answered",
        "a public name is not answered",
        "everything that is not private comes from here",
        "see whether the source has the project and answers; the access log has its name",
    ),
    "RG961": Rule(
        "the first source that has a project answers",
        "another source answers than the order says",
        "first match per project, in the order of the YAML",
        HAND,
    ),
    "RG962": Rule(
        "copies answer the second time",
        "a page is asked of the upstream again each time",
        "without copies every installation waits for the upstream, and stops when it is away",
        "see that the server's user may write the cache directory, and that it is not full",
    ),
    "RG963": Rule(
        "the fallbacks answer",
        "a fallback does not answer",
        "nobody knows whether it has the project: the client sees 502 and not 404",
        "look at the upstream, and at the error log of the server",
    ),
    "RG964": Rule(
        "nothing of an upstream's own headers is passed on",
        "a header of an upstream is passed on",
        "by its cookies, redirects and links an upstream would steer our clients",
        HAND,
    ),
    "RG965": Rule(
        "what nobody has is 404",
        "a project that nobody has is not 404",
        "an empty page is a project without files: uv stops there, and never asks elsewhere",
        "look at the last fallback: it answers for names that it does not have",
    ),
    "RG966": Rule(
        "private exceptions are public",
        "a name that the YAML declares public is refused",
        "it was published on purpose",
        HAND,
    ),
    # ------------------------------------------------------------------ who may read
    "RG970": Rule(
        "strangers are refused",
        "somebody without credentials is answered",
        "what `auth` protects is read by everybody who reaches the server",
        HAND,
    ),
    "RG971": Rule(
        "strangers are told nothing",
        "the refusal depends on the name, or comes from a source",
        "a refusal after the rules tells strangers which names are ours, or asks an upstream for them",
        HAND,
    ),
    # ------------------------------------------------------------------ the directories and the state
    "RG980": Rule(
        "pages are as new as the directories",
        "the pages are older than the directory",
        "a new wheel is not offered, or a removed one still is, until the next index",
        f"{INDEX}, or run it with --watch",
    ),
    "RG981": Rule(
        "all names of the directories are scanned names",
        "a name of a directory is not among the scanned names",
        "a name that was not scanned is private only while its directory is there",
        INDEX,
    ),
    "RG982": Rule(
        "roots and state are there",
        "a private root or the state is not there",
        "without its marker nobody knows what is private: everything is 503",
        "mount it; a directory that is new: run `rewritegen index SITE`",
    ),
    "RG983": Rule(
        "the server sees the directories that are here",
        "the server answers something else than its directories say",
        "a container or a chroot has other directories, or an old page is kept in front",
        "compare the paths that the server sees with those of the YAML",
    ),
    # ------------------------------------------------------------------ proof of non-disclosure
    "RG990": Rule(
        "the private name was in nothing that went out",
        "a private name went out",
        "disclosure: the name is in what an upstream was asked",
        HAND,
    ),
    "RG991": Rule(
        "the record is that of this site",
        "the record says nothing of this run",
        "a record in which nothing of the run is found proves nothing",
        "give the log of what asks upstreams (SERVER_NAME.fetch.json), or let a fallback be --listen",
    ),
    # ------------------------------------------------------------------ an index that is not ours (--any)
    "RG992": Rule(
        "private names are answered by this index itself",
        "a private name is not answered by this index itself",
        "a page that is not there, or a redirect to another host, leaves the name to others",
        "see whether the project was uploaded, and which index answers first",
    ),
    "RG993": Rule(
        "private pages have our own files only",
        "a private page has files that are not ours",
        "a merge of versions: whoever registers the name elsewhere with a higher version is installed",
        "an index that merges cannot keep a name private: put it behind one that decides by name",
    ),
    "RG994": Rule(
        "a private name is private before anything of it is there",
        "a private name that is not there is looked for elsewhere",
        "between the first use of a name and its first upload, whoever registers it is installed",
        "reserve the names: upload something, deny the fallback, or claim prefixes in front",
    ),
    "RG995": Rule(
        "JSON pages (PEP 691) are there",
        "there is no JSON page (PEP 691)",
        "without them there are no upload times, sizes and yanks for clients that look at these",
        "use a newer version of the index, or one that has them",
    ),
}

#: By code.
RULES: dict[str, Rule] = dict(sorted({**PAGES, **_OTHERS}.items()))
