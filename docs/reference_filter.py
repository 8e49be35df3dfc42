#!/usr/bin/env python3
"""Shows the plain comments of a header to Doxygen, which runs this as its INPUT_FILTER.

    reference_filter.py HEADER

A comment on lines of its own belongs to every declaration below it, up to an empty line; one behind
a member or a value belongs to that; the first one to the file.
"""

import re
import sys

COMMENT = re.compile(r"(/\*(?! -|\*).*?\*/\n)(.*)", re.S)  # "/* ---- options" only divides


def paragraph(text):
    text = re.sub(r"([,;{\d])(\s+)/\* ", r"\1\2/**< ", text)
    text = re.sub(r"^(\s+)/\* ", r"\1/** ", text, flags=re.M)
    commented = COMMENT.match(text)
    if not commented:
        return text
    comment, declarations = "/**" + commented[1][2:], commented[2]
    if not declarations.startswith("MINNOW_API"):
        declarations = comment + declarations
    return re.sub(r"^(?=MINNOW_API)", lambda _: comment, declarations, flags=re.M)


def shown(text):
    text = re.sub(r"^(\s*)//(?=\s)", r"\1///", text, flags=re.M)
    text = re.sub(r"^/\*", r"/** \\file\n *", text)  # no flag: where the text begins
    text = re.sub(r"^///", r"/// \\file\n///", text)
    return "\n\n".join(paragraph(part) for part in text.split("\n\n"))


if __name__ == "__main__":
    sys.stdout.write(shown(open(sys.argv[1], encoding="utf-8").read()))
