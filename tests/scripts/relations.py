#!/usr/bin/env python3
"""How the payments of a run hang together: who pays whom, numbers that must not repeat, order, places and rhythm.

Reads only what a user would see: the rows of `payments sample --format csv`. Python's standard library is enough.

    relations.py --payments target/release/payments -n 1000000 -- --mix eu
    payments sample -n 200000 --format csv | relations.py

A million payments take two to three minutes and about 2 GB. `--json` prints the figures for programs.
"""

import argparse
import csv
import datetime
import json
import math
import subprocess
import sys
import zoneinfo
from collections import Counter, defaultdict

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
EPOCH = datetime.date(1970, 1, 1).toordinal()
PRESENT = {"CHIP", "CONTACTLESS", "MAGSTRIPE"}
EASTERN = zoneinfo.ZoneInfo("America/New_York")

# EPC262-08, "Creditor identifier overview": the length of the whole identifier.
CREDITOR_ID_LENGTHS = {
    "DE": (18,), "AT": (18,), "FR": (13,), "ES": (16,), "IT": (23,), "NL": (19,), "BE": (17, 20), "IE": (13,),
    "PT": (13,), "LU": (26,), "FI": (15,), "GR": (12,), "SI": (15,), "SK": (18,),
}


def number_of_day(text, cache={}):
    """Days since 1970 of `YYYY-MM-DD`."""
    day = cache.get(text)
    if day is None:
        day = cache[text] = datetime.date.fromisoformat(text).toordinal() - EPOCH
    return day


def micros_of(text):
    """Microseconds since 1970 of `2024-03-14T09:26:53.589793Z`."""
    seconds = (int(text[11:13]) * 60 + int(text[14:16])) * 60 + int(text[17:19])
    return number_of_day(text[:10]) * DAY + seconds * 1_000_000 + int(text[20:26] or 0)


def local_day(micros, zone, cache={}):
    """The day on a zone's clock; offsets are looked up by the hour."""
    key = (micros // HOUR, zone.key)
    offset = cache.get(key)
    if offset is None:
        moment = datetime.datetime.fromtimestamp(micros // HOUR * 3600, zone)
        offset = cache[key] = int(moment.utcoffset().total_seconds()) * 1_000_000
    return (micros + offset) // DAY


def fed_holidays(year):
    """The Federal Reserve's holidays: one on a Saturday is not made up for, one on a Sunday is on Monday."""

    def nth(month, weekday, n):
        first = datetime.date(year, month, 1)
        return first + datetime.timedelta((weekday - first.weekday()) % 7 + 7 * (n - 1))

    may = datetime.date(year, 5, 31)
    days = [nth(1, 0, 3), nth(2, 0, 3), may - datetime.timedelta(may.weekday()), nth(9, 0, 1), nth(10, 0, 2),
            nth(11, 3, 4)]
    for month, day in [(1, 1), (6, 19), (7, 4), (11, 11), (12, 25)]:
        if month != 6 or year >= 2022:
            date = datetime.date(year, month, day)
            days.append(date + datetime.timedelta(1) if date.weekday() == 6 else date)
    return days


def is_banking_day(day, cache={}):
    answer = cache.get(day)
    if answer is None:
        date = datetime.date.fromordinal(day + EPOCH)
        answer = cache[day] = date.weekday() < 5 and date not in fed_holidays(date.year)
    return answer


def banking_days_between(day, later):
    return sum(map(is_banking_day, range(day + 1, later + 1)))


class Numbers(dict):
    """Gives texts small numbers, so that sets of them stay small."""

    def __missing__(self, text):
        number = self[text] = len(self)
        return number


class Report:
    def __init__(self):
        self.lines = []

    def add(self, relation, figure, of=""):
        self.lines.append((relation, figure, of))

    def share(self, relation, part, whole, what=""):
        """A share in per cent with what it was counted on."""
        figure = f"{100 * part / whole:.1f} %" if whole else "none"
        self.add(relation, figure, f"{part:,} of {whole:,} {what}".strip())


class Network:
    """Who pays whom. A debit is the payee's order: there the counterparty pays."""

    def __init__(self):
        self.ids = Numbers()
        self.names = {}
        self.is_customer, self.is_person, self.is_merchant = set(), set(), set()
        self.ordered = Counter()
        self.sending, self.receiving = set(), set()
        self.edges = Counter()
        self.credited = set()
        self.name_of = Numbers()
        self.banks, self.bank_payments = defaultdict(set), Counter()
        self.rents = defaultdict(lambda: defaultdict(set))

    def look(self, row, at, rail, debit, day):
        ours, theirs = self.ids[row[at.originator_party_id]], self.ids[row[at.counterparty_party_id]]
        self.is_customer.add(ours)
        self.ordered[ours] += 1
        for party, kind, name in (
            (ours, row[at.originator_party_type], row[at.originator_name]),
            (theirs, row[at.counterparty_party_type], row[at.counterparty_name]),
        ):
            if kind == "INDIVIDUAL":
                if party not in self.is_person:
                    self.is_person.add(party)
                    self.names[party] = self.name_of[name]
            elif kind == "MERCHANT":
                self.is_merchant.add(party)
        our_account, their_account = row[at.originator_account_number], row[at.counterparty_account_number]
        self.sending.add(hash(our_account))
        self.receiving.add(hash(their_account))
        for account, country, bank in (
            (our_account, row[at.originator_country_code], row[at.originator_bank_name]),
            (their_account, row[at.counterparty_country_code], row[at.counterparty_bank_name]),
        ):
            if country == "US" and bank:
                self.banks[bank].add(hash(account))
                self.bank_payments[bank] += 1
        if debit:
            self.edges[(theirs, ours)] += 1
        else:
            self.edges[(ours, theirs)] += 1
            self.credited.add(theirs)
        kind = {
            "CHECK": row[at.memo] == "Rent",
            "SEPA": row[at.purpose_code] == "RENT",
            "P2P": row[at.memo_category] == "RENT",
        }
        if kind.get(rail):
            # An arrangement may be paid twice in a month, on its first and for the next one on its last day.
            self.rents[rail][(ours, day[:7])].add(row[at.recurrence_id] or row[at.counterparty_party_id])

    def report(self, out):
        merchants, persons = self.is_merchant, self.is_person
        payers, payments = defaultdict(set), Counter()
        for (payer, payee), count in self.edges.items():
            if payee in self.credited:
                payers[payee].add(payer)
                payments[payee] += count
        often = [payee for payee in payers if payee not in merchants and payments[payee] >= 5
                 and payee not in self.is_customer]
        usual = [payee for payee in payers if payee not in merchants and payments[payee] >= 5]
        met = sum(len(payers[payee]) >= 2 for payee in usual)
        out.share("payees but shops with 2+ payers, of those with 5+ payments", met, len(usual))
        met = sum(len(payers[payee]) >= 2 for payee in often)
        out.share("... of them those that are no customers", met, len(often))
        out.share("customers who are ever paid", len(self.is_customer & self.credited), len(self.is_customer))
        both = len(self.sending & self.receiving)
        out.share("accounts that are originator's and counterparty's", both, len(self.sending))
        for rail, rents in sorted(self.rents.items()):
            several = sum(len(those) > 1 for those in rents.values())
            out.share(f"tenant-months with 2+ rents, {rail}", several, len(rents))
        everywhere = defaultdict(set)
        for rents in self.rents.values():
            for tenant, those in rents.items():
                everywhere[tenant] |= those
        several = sum(len(those) > 1 for those in everywhere.values())
        out.share("tenant-months with 2+ rents, all rails", several, len(everywhere))
        ordered = sorted(self.ordered[party] for party in self.is_customer & persons)
        if ordered:
            out.add("payments of a person: largest / median",
                    f"{ordered[-1]:,} / {ordered[len(ordered) // 2]:,}", f"{len(ordered):,} persons")
        out.share("distinct names of persons", len(set(self.names.values())), len(self.names), "persons")
        self.report_banks(out)
        self.report_pairs(out, payers, persons, merchants)

    def report_banks(self, out):
        accounts = sorted((len(accounts) for accounts in self.banks.values()), reverse=True)
        payments = sorted(self.bank_payments.values(), reverse=True)
        for what, counts in (("accounts", accounts), ("payments", payments)):
            total = sum(counts)
            if total:
                shares = [count / total for count in counts]
                out.add(f"US banks' {what}: largest, five largest, squared sum",
                        f"{shares[0]:.3f}, {sum(shares[:5]):.3f}, {sum(s * s for s in shares):.3f}",
                        f"{len(counts)} banks")

    def report_pairs(self, out, payers, persons, merchants):
        between = [pair for pair in self.edges if pair[0] in persons and pair[1] in persons]
        mutual = sum((payee, payer) in self.edges for payer, payee in between)
        out.share("reciprocity: pairs of persons that also pay back", mutual, len(between))
        again = sum(self.edges[pair] > 1 for pair in between)
        out.share("pairs of persons with 2+ payments", again, len(between))
        paid = sum(self.edges[pair] for pair in between)
        out.share("payments between persons to a payee met before", paid - len(between), paid)
        for what, is_wanted in (("shops", merchants.__contains__), ("others", lambda p: p not in merchants)):
            degrees = sorted(len(those) for payee, those in payers.items() if is_wanted(payee))
            if degrees:
                out.add(f"payers of a payee, {what}: mean, largest, Gini, Hill",
                        f"{sum(degrees) / len(degrees):.2f}, {degrees[-1]:,}, {gini(degrees):.3f}, {hill(degrees)}",
                        f"{len(degrees):,} payees")


def gini(ascending):
    n, total = len(ascending), sum(ascending)
    return 2 * sum((i + 1) * x for i, x in enumerate(ascending)) / (n * total) - (n + 1) / n


def hill(ascending):
    """Hill's estimate of the tail's exponent from the largest twentieth."""
    k = len(ascending) // 20
    if k < 10:
        return "too few"
    least = ascending[-k - 1]
    mean = sum(math.log(x / least) for x in ascending[-k:]) / k
    return f"{1 / mean:.2f}" if mean > 0 else "no tail"


def changes(uses):
    """How often the country is another than less than four hours before."""
    return sum(b[1] != a[1] and b[0] - a[0] < 4 * HOUR for a, b in zip(uses, uses[1:]))


class Cards:
    def __init__(self):
        self.ids = Numbers()
        self.places = defaultdict(set)
        self.of_card = defaultdict(list)
        self.of_customer = defaultdict(list)
        self.most = Counter()
        self.touched = Counter()
        self.three_ds = Counter()

    def look(self, row, at, micros, major):
        card, code, mode = self.ids[row[at.card_token]], row[at.response_code], row[at.entry_mode]
        country, currency = row[at.counterparty_country_code], row[at.currency]
        self.places[row[at.merchant_id]].add(country)
        self.of_card[card].append((micros, country if mode in PRESENT else "", code))
        if mode in PRESENT:
            self.of_customer[row[at.originator_party_id]].append((micros, country))
        mcc = row[at.mcc]
        if currency == "USD" and mcc in ("5541", "5814"):
            self.most[mcc] = max(self.most[mcc], major)
        if mode in PRESENT and currency == "EUR":
            verified = row[at.cardholder_verification] not in ("", "NONE")
            self.touched[(major > 50, mode == "CONTACTLESS")] += 1
            self.touched["unverified"] += major > 50 and mode == "CONTACTLESS" and not verified
        if row[at.three_ds_status] == "C":
            self.three_ds["approved" if code == "00" else "not approved"] += 1

    def report(self, out):
        counts = sorted(map(len, self.of_card.values()))
        if not counts:
            return
        out.add("payments of a card: largest / median", f"{counts[-1]:,} / {counts[len(counts) // 2]:,}",
                f"{len(counts):,} cards")
        out.share("merchants in several countries", sum(len(those) > 1 for those in self.places.values()),
                  len(self.places))
        jumps = present = 0
        declined, cured = Counter(), Counter()
        for payments in self.of_card.values():
            payments.sort()
            shown = [(micros, country) for micros, country, _ in payments if country]
            present += len(shown)
            jumps += changes(shown)
            for code in ("54", "14"):
                first = next((i for i, payment in enumerate(payments) if payment[2] == code), None)
                if first is not None:
                    declined[code] += 1
                    cured[code] += any(payment[2] == "00" for payment in payments[first:])
        out.add("changes of country of a card that is present, within 4 h", f"{jumps:,}", f"of {present:,} payments")
        out.add("... of a customer with all cards", f"{sum(changes(sorted(uses)) for uses in self.of_customer.values()):,}")
        for mcc, what in (("5541", "fuel"), ("5814", "diner")):
            out.add(f"largest payment, USD, {what}", f"{self.most[mcc]:,.2f}")
        above = self.touched[(True, True)] + self.touched[(True, False)]
        out.share("contactless above 50 EUR, of cards that are present", self.touched[(True, True)], above)
        out.share("... without verification of the holder", self.touched["unverified"], self.touched[(True, True)])
        for code in ("54", "14"):
            out.share(f"cards approved after a decline {code}", cured[code], declined[code])
        out.add("3-D Secure left at C (challenge), approved / not",
                f"{self.three_ds['approved']:,} / {self.three_ds['not approved']:,}")


class Papers:
    """Numbers, files, mandates and deadlines of ACH, checks, SEPA, wires and instant payments."""

    def __init__(self):
        self.traces = Counter()
        self.batches = defaultdict(lambda: (set(), set()))
        self.batch_sizes = Counter()
        self.checks = defaultdict(list)
        self.check_numbers = Counter()
        self.check_returns = Counter()
        self.firsts = Counter()
        self.mandates = set()
        self.creditors = {}
        self.ends = Counter()
        self.bizum = []
        self.before = defaultdict(Counter)
        self.wires = Counter()

    def look_at_ach(self, row, at, micros):
        trace, batch = row[at.trace_number], row[at.batch_id]
        self.traces[(int(trace), local_day(micros, EASTERN))] += 1
        companies, codes = self.batches[batch]
        companies.add(row[at.company_id])
        codes.add(row[at.sec_code])
        self.batch_sizes[batch] += 1

    def look_at_check(self, row, at, micros, status):
        key = (row[at.check_routing], row[at.check_account])
        self.checks[key].append((micros, int(row[at.check_number])))
        self.check_numbers[(key, row[at.check_number])] += 1
        if status == "RETURNED":
            settled = number_of_day(row[at.settlement_date])
            late = banking_days_between(settled, local_day(micros_of(row[at.updated_at]), EASTERN)) > 2
            self.check_returns[late] += 1

    def look_at_sepa(self, row, at):
        if row[at.mandate_id]:
            self.mandates.add(row[at.mandate_id])
            self.firsts[row[at.mandate_id]] += row[at.sequence_type] == "FRST"
            self.creditors[row[at.creditor_id]] = 1

    def look_at_wire(self, row, at, day):
        self.wires["all"] += 1
        if row[at.local_instrument] == "CTRC" and day < "2025-07-14":
            self.wires["CTRC"] += 1
        if row[at.clearing_system] == "CHIPS":
            abroad = row[at.creditor_agent_bic][4:6] != "US"
            self.wires["CHIPS abroad"] += abroad
            self.wires["CHIPS direct"] += abroad and not row[at.intermediary_agent_bic]

    def look_at_instant(self, row, at, micros, rail):
        """A settlement date counts by the clock that its cycle names, else by UTC."""
        date = row[at.settlement_date]
        self.before[rail]["all"] += 1
        if date:
            self.before[rail]["early"] += number_of_day(date) < local_day(micros, clock_of(row[at.settlement_cycle]))

    def report(self, out):
        repeated = sum(count for count in self.traces.values() if count > 1)
        out.share("ACH traces that repeat in an (ODFI, Eastern day)", repeated, sum(self.traces.values()))
        mixed = sum(len(a) > 1 or len(b) > 1 for a, b in self.batches.values())
        out.share("ACH batches with several companies or SEC codes", mixed, len(self.batches))
        mixed = sum(len(a) > 1 or len(b) > 1 for key, (a, b) in self.batches.items() if self.batch_sizes[key] > 1)
        out.share("... of those with 2+ entries", mixed, sum(count > 1 for count in self.batch_sizes.values()))
        repeated = sum(count for count in self.check_numbers.values() if count > 1)
        out.share("check numbers that repeat in an account", repeated, sum(self.check_numbers.values()))
        rising = steps = 0
        for checks in self.checks.values():
            checks.sort()
            steps += len(checks) - 1
            rising += sum(b[1] > a[1] for a, b in zip(checks, checks[1:]))
        out.share("check numbers above the account's one before", rising, steps)
        out.share("check returns later than two banking days", self.check_returns[True],
                  sum(self.check_returns.values()))
        out.share("mandates with FRST more than once", sum(count > 1 for count in self.firsts.values()),
                  len(self.mandates))
        wrong, seen = Counter(), Counter()
        for creditor in self.creditors:
            seen[creditor[:2]] += 1
            lengths = CREDITOR_ID_LENGTHS.get(creditor[:2])
            wrong[creditor[:2]] += bool(lengths) and len(creditor) not in lengths
        for country in sorted(seen):
            out.share(f"creditor ids of a wrong length, {country}", wrong[country], seen[country])
        for rail, counts in sorted(self.before.items()):
            out.share(f"{rail} settled on a day before its creation", counts["early"], counts["all"])
        out.share("wires with CTRC before 2025-07-14", self.wires["CTRC"], self.wires["all"])
        out.share("CHIPS to banks abroad without intermediary", self.wires["CHIPS direct"],
                  self.wires["CHIPS abroad"])
        over = [major for major in self.bizum if major > 1_000]
        out.share("Bizum above 1,000 EUR", len(over), len(self.bizum))


def clock_of(cycle, cache={}):
    """The time zone that a settlement cycle names."""
    if cycle not in cache:
        names = [word for word in cycle.replace(",", " ").replace(":", " ").split() if "/" in word]
        try:
            cache[cycle] = zoneinfo.ZoneInfo(names[-1] if names else "UTC")
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            cache[cycle] = zoneinfo.ZoneInfo("UTC")
    return cache[cycle]


class Anomalies:
    def __init__(self):
        self.groups = defaultdict(list)
        self.kinds = Counter()
        self.scores = [[0] * 101, [0] * 101]

    def look(self, row, at):
        kind = row[at.anomaly_type]
        self.scores[bool(kind)][min(int(row[at.risk_score]), 100)] += 1
        if kind:
            self.kinds[kind] += 1
            if kind.startswith("DUPLICATE"):
                twin = (row[at.originator_party_id], row[at.counterparty_party_id], row[at.value])
                self.groups[row[at.anomaly_group]].append(twin)

    def report(self, out):
        honest, fraud = self.scores
        if not sum(fraud):
            return
        for kind, count in sorted(self.kinds.items()):
            out.add(f"anomalies, {kind}", f"{count:,}")
        alone = sum(Counter(twins)[twin] == 1 for twins in self.groups.values() for twin in twins)
        out.share("duplicates without a twin", alone, sum(map(len, self.groups.values())))
        high = sum(fraud[65:])
        out.share("payments with a score above 64 that are injected", high, high + sum(honest[65:]))
        wins = below = 0
        for score in range(101):
            wins += fraud[score] * (below + honest[score] / 2)
            below += honest[score]
        out.add("AUC of the risk score", f"{wins / (sum(fraud) * sum(honest)):.3f}")


class Rhythm:
    """Gaps between an entity's payments, and bursts of them."""

    def __init__(self):
        self.ids = Numbers()
        self.times = defaultdict(lambda: defaultdict(list))

    def look(self, what, entity, micros):
        self.times[what][self.ids[entity]].append(micros)

    def report(self, out):
        for what, entities in sorted(self.times.items()):
            variations, correlations, runs = [], [], {1: Counter(), 5: Counter(), 30: Counter()}
            for times in entities.values():
                times.sort()
                gaps = [b - a for a, b in zip(times, times[1:])]
                for minutes, lengths in runs.items():
                    length = 1
                    for gap in gaps:
                        if gap <= minutes * MINUTE:
                            length += 1
                        else:
                            lengths[length] += 1
                            length = 1
                    lengths[length] += 1
                if len(gaps) >= 10:
                    mean = sum(gaps) / len(gaps)
                    square = sum((gap - mean) ** 2 for gap in gaps)
                    variations.append(math.sqrt(square / len(gaps)) / mean)
                    product = sum((a - mean) * (b - mean) for a, b in zip(gaps, gaps[1:]))
                    correlations.append(product / square if square else 0.0)
            if variations:
                n = len(variations)
                out.add(f"gaps, {what}: mean variation / lag-1 autocorrelation",
                        f"{sum(variations) / n:.3f} / {sum(correlations) / n:+.3f}", f"{n:,} with 10+ gaps")
            for minutes, lengths in runs.items():
                payments = sum(length * count for length, count in lengths.items())
                inside = payments - lengths[1]
                out.share(f"payments in bursts of 2+, {what}, gaps up to {minutes} min", inside, payments,
                          f"(longest {max(lengths, default=0)})")


class Places:
    """Where each column stands: `party_info:originator:name` as `originator_name`."""

    def __init__(self, header):
        for at, column in enumerate(header):
            setattr(self, column.split(":", 1)[1].replace(":", "_"), at)
        named = {column: at for at, column in enumerate(header)}
        self.check_routing = named["type_specific:routing_number"]
        self.check_account = named["type_specific:account_number"]


def read(lines):
    rows = csv.reader(lines)
    at = Places(next(rows))
    network, cards, papers, anomalies, rhythm = Network(), Cards(), Papers(), Anomalies(), Rhythm()
    payments = 0
    for row in rows:
        payments += 1
        rail, status = row[at.payment_type], row[at.status]
        created = row[at.created_at]
        micros, day = micros_of(created), created[:10]
        debit = row[at.direction] == "DEBIT" or row[at.scheme].startswith("SDD")
        network.look(row, at, rail, debit, day)
        anomalies.look(row, at)
        if rail == "CARD":
            cards.look(row, at, micros, float(row[at.value]))
            rhythm.look("cards", row[at.card_token], micros)
        elif rail == "ACH":
            papers.look_at_ach(row, at, micros)
        elif rail == "CHECK":
            papers.look_at_check(row, at, micros, status)
        elif rail == "SEPA":
            papers.look_at_sepa(row, at)
        elif rail == "WIRE":
            papers.look_at_wire(row, at, day)
        else:
            papers.look_at_instant(row, at, micros, rail)
            if rail == "P2P":
                rhythm.look("P2P senders", row[at.originator_party_id], micros)
                if row[at.network] == "BIZUM":
                    papers.bizum.append(float(row[at.value]))
    out = Report()
    out.add("payments", f"{payments:,}")
    for part in (network, cards, papers, anomalies, rhythm):
        part.report(out)
    return out.lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--payments", metavar="PROGRAM", help="the payments program; else CSV from standard input")
    parser.add_argument("-n", type=int, default=1_000_000, help="how many payments (1,000,000)")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    parser.add_argument("flags", nargs="*", help="after --: flags of the run, as of `payments sample`")
    args = parser.parse_args()
    if args.payments:
        command = [args.payments, "sample", "-n", str(args.n), "--num-records", str(args.n), "--format", "csv", *args.flags]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8") as sample:
            lines = read(sample.stdout)
        if sample.returncode:
            sys.exit(f"{args.payments} failed with exit code {sample.returncode}")
    else:
        lines = read(sys.stdin)
    if args.json:
        json.dump([{"relation": a, "figure": b, "of": c} for a, b, c in lines], sys.stdout, indent=1)
        print()
        return
    width = max(len(line[0]) for line in lines)
    wide = max(len(line[1]) for line in lines)
    for relation, figure, of in lines:
        print(f"{relation:<{width}}  {figure:>{wide}}  {of}".rstrip())


if __name__ == "__main__":
    main()
