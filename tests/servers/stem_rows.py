"""Rows about files of public routes: which are those of a scanned name that nobody claimed, and which are not.

The sources answer 404 to what they do not have, so that 404 by `proxy/public` means that it was asked.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.servers.rows import Row

__all__ = ["stem_rows"]

ROUTES = ("/files/public", "/files/copy", "/packages")
WHEEL = "py3-none-any.whl"
HASH = "0123456789abcdef" * 4

#: Paths of files of plain-tool, my-private-pkg, gone-tool, house-other and num-2-3-4b.
OURS = {
    "wheel": f"ab/3f/{HASH}/plain_tool-7.0-{WHEEL}",
    "sdist": "ab/plain-tool-7.0.tar.gz",
    "sdist with dots": "ab/plain.tool-7.0.tar.gz",
    "run": "ab/plain-._tool-7.0.tar.gz",
    "capitals": "ab/Plain_TOOL-7.0.tar.gz",
    "all capitals": "ab/PLAIN-TOOL-7.0.TAR.zip",
    "version with v": "ab/plain_tool-v7.tar.gz",
    "version with V": "ab/plain_tool.V7.tar.gz",
    "version behind underscore": "ab/plain_tool_7.0.zip",
    "local version": f"ab/plain_tool-7.0+cu118-{WHEEL}",
    "local version encoded": f"ab/plain_tool-7.0%2Bcu118-{WHEEL}",
    "long tags": "ab/plain_tool-7.1.2.3-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64"
    ".musllinux_1_1_x86_64.whl",
    "metadata": f"ab/plain_tool-7.0-{WHEEL}.metadata",
    "signature": "ab/plain_tool-7.0.tar.gz.asc",
    "provenance": f"ab/plain_tool-7.0-{WHEEL}.provenance",
    "provenance below": f"ab/plain_tool-7.0-{WHEEL}/provenance",
    "name of three": "ab/My.Private_Pkg-7.0.tar.gz",
    "gone": "ab/gone_tool-7.0.tar.gz",
    "of a wheelhouse": "ab/house_other-7.0.tar.gz",
    "numbers": f"ab/num_2_3_4b-7.0-{WHEEL}",
    "numbers in an sdist": "ab/Num-2.3-4B-7.0.tar.gz",
    "no directory": "plain_tool-7.0.tar.gz",
    "directory": "plain-tool/x.whl",
    "directory spelled": "source/p/Plain.Tool/x-1.tar.gz",
    "directory with version": "plain_tool-7.0/x.whl",
    "directory with numbers": "num-2-3-4b/7.0/x.whl",
    "below eight directories": "i/j/k/l/m/n/o/p/plain_tool-7.0.zip",
    "first of nine": "plain-tool/j/k/l/m/n/o/p/x-7.0.zip",
    "as the file host has it": f"packages/ab/cd/{HASH}/plain_tool-7.0-{WHEEL}",
    "five capitals": "AAAAA/plain_tool-7.0.zip",
    "fifteen runs": "a_b_c_d_e_f_g_h_i_j_k/plain__tool_7__x_z.zip",
}

#: What nobody can tell: 404, and nobody is asked.
BEYOND = {
    "six capitals": "AAAAAA-1.0.zip",
    "ten parts": "a/b/c/d/e/f/g/h/i/x-1.0.zip",
    "sixteen runs": "a_b_c_d_e_f_g_h_i_j_k_l_m_n_o_p_q.zip",
}

#: Paths of files of others, some of them close.
OTHERS = {
    "wheel": f"ab/3f/{HASH}/plain_tools-7.0-{WHEEL}",
    "name in a name": "ab/plain-tool-box-7.0.tar.gz",
    "name behind a name": "ab/box-plain-tool-7.0.tar.gz",
    "part of a name": "ab/plain-7.0.tar.gz",
    "prefix of numbers": "ab/num-2-3-7.0.tar.gz",
    "dashes": "ab/a-b-c-1.0.tar.gz",
    "number in a name": "ab/lib3-2to3-1.0.tar.gz",
    "epoch": "ab/proxied-1!7.0.tar.gz",
    "metadata": f"ab/proxied-7.0-{WHEEL}.metadata",
    "signature": "ab/proxied-7.0.tar.gz.asc",
    "provenance below": f"ab/proxied-7.0-{WHEEL}/provenance",
    "long tags": "ab/MarkupSafe-2.1.1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64"
    ".musllinux_1_1_x86_64.whl",
    "many words": "ab/odoo14_addon_l10n_it_fatturapa_out_triple_discount-14.0.1.0.1.tar.gz",
    "five capitals": "ab/AAAAA-1.0.zip",
    "six capitals behind numbers": "ab/x-1.2.3.4-AAAAAA.zip",
    "nine parts": "a/b/c/d/e/f/g/h/x-1.0.zip",
    "nine parts and five capitals": "AAAAA/b/c/d/e/f/g/h/x-1.0.zip",
    "hash that is longer": f"ab/cd/{HASH}/x-1.0.zip",
    "underscore first": "ab/_plain_tool-7.0.zip",
    "plus in it": "ab/plain+tool-7.0.zip",
}


def stem_rows() -> Iterator[Row]:
    """All of them, at each route."""
    for route in ROUTES:
        asked = "proxy/public" if route == "/files/public" else "none"
        for label, path in OURS.items():
            yield Row(f"scanned file {label} {route}", f"{route}/{path}", 404)
        for label, path in BEYOND.items():
            yield Row(f"nobody's file {label} {route}", f"{route}/{path}", 404)
        for label, path in OTHERS.items():
            yield Row(f"other file {label} {route}", f"{route}/{path}", 404, asked)
    for number, place in enumerate(
        ("/files/public/{plain}", "/files/copy/{plain_copy}", "/packages/{plain_copy}")
    ):
        yield Row(f"scanned decoy {number}", place, 404)
        yield Row(f"scanned decoy {number} head", place, 404, method="HEAD")
        yield Row(f"scanned decoy {number} range", place, 404, headers=(("Range", "bytes=0-9"),))
