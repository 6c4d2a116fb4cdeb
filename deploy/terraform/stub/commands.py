"""Prints the commands in verbose output of `terraform test`, one a line: commands.py FILE...

Those of the output `next`, those that containers run, and `env PROGRAM NAME` for each variable that a container is
given.
"""

import re
import sys

# The arguments of a container, as they are set down one to a line.
LIST = r"\[((?:\n +\+ \"[^\n]*\",)*)\n +\]"


def commands(text):
    for found in re.finditer(r"^ +\+ next += <<-EOT\n((?: {8}.*\n)+)", text, re.M):
        yield from (line.strip() for line in found[1].splitlines())
    container = rf"^ +\+ args += {LIST}\n +\+ command += {LIST}\n(.*?)^ +\+ resources \{{"
    for found in re.finditer(container, text, re.M | re.S):
        args, command = (re.findall(r'"(.*)"', part) for part in found.groups()[:2])
        yield " ".join(command + args)
        yield from (f"env {command[0]} {name}" for name in re.findall(r'\+ name +=\s+"(\w+)"', found[3]))


def main(files):
    found = [line for name in files for line in commands(open(name).read())]
    if len({line.split()[0] for line in found} & {"payments", "producer", "sink", "env"}) < 4:
        sys.exit("no commands: terraform writes its plans in another way now")
    print("\n".join(dict.fromkeys(found)))


if __name__ == "__main__":
    main(sys.argv[1:])
