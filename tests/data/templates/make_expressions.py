"""Writes expressions.jsonl from the sources in expressions.json, as Jinja2 renders them when it is
set up as transformers' apply_chat_template does.

Usage: python3 make_expressions.py    (needs Jinja2 3.1.6; runs in this folder)
"""
import datetime
import json

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

NOW = datetime.datetime(2024, 7, 26, 12, 34, 56)


class Generation(jinja2.ext.Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_pass"), [], [], body).set_lineno(line)

    def _pass(self, caller):
        return caller()


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators,
                      sort_keys=sort_keys)


def environment():
    made = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True,
                                         extensions=[Generation, jinja2.ext.loopcontrols])
    made.filters["tojson"] = tojson
    made.globals["raise_exception"] = raise_exception
    made.globals["strftime_now"] = NOW.strftime
    return made


context = json.load(open("expressions_context.json", encoding="utf-8"))
with open("expressions.jsonl", "w", encoding="utf-8") as out:
    for source in json.load(open("expressions.json", encoding="utf-8")):
        record = {"source": source}
        try:
            record["expected"] = environment().from_string(source).render(**context)
        except Exception as error:
            raised = type(error) is jinja2.exceptions.TemplateError
            record["error"] = {"kind": "raise_exception" if raised else "python",
                               "type": type(error).__name__, "message": str(error)[:200]}
        out.write(json.dumps(record, ensure_ascii=False) + "\n")
