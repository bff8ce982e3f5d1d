"""mutants.py SOURCE COPY SEED RATE REJECTED LIST BEGINNING...: writes COPY, a copy of the library in SOURCE with mutants in
those files whose names begin so, each of which is chosen at run time; and LIST, with a line for each: number, file,
lines, operator, which of its kind on such a line, the line itself, what was changed, between tabs. RATE: how many for 100 lines of code, drawn with SEED.
REJECTED lists those that cannot be had, as they are no code here or do not compile."""
import collections
import hashlib
import math
import os
import re
import sys

from cxx import Source

OPERATORS = collections.OrderedDict([
    ("call", "a system call is left out, and answers as success would"),
    ("error path", "what follows a failed check is dropped"),
    ("check", "a check is inverted"),
    ("statement", "a statement is left out"),
    ("order", "two statements that follow each other change places"),
    ("logic", "&& and || take each other's place"),
    ("comparison", "< becomes <=, == becomes !=, and the other way round"),
    ("number", "a number is one more"),
    ("flag", "true and false take each other's place"),
    ("arithmetic", "+ and -, * and /, & and | take each other's place"),
])
SWAPS = {"&&": "||", "==": "!=", "<": "<=", ">": ">=", "+": "-", "*": "/", "&": "|"}
SWAPS.update({to: of for of, to in SWAPS.items()})
CONDITION_DECLARES = re.compile(r"(?:const\s+)?[\w:]+(?:<[^=]*>)?[\s&*]+(\w+)\s=\s")
# An assignment, or a call: of what, and which of the two.
ACTS_ON = re.compile(r"(?:static_cast<void>\(|\+\+|--|\*)*((?:\w+(?:\.|->|::))*\w+)((?:\[[^\]]*\])*)"
                     r"\s*((?:[-+*/|&]|<<)?=\s|\+\+|--|;|\()")


class Mutant:
    def __init__(self, operator, begin, end, write, change):
        self.operator, self.begin, self.end, self.write, self.change = operator, begin, end, write, change


class File:
    def __init__(self, name, text):
        self.name, self.source = name, Source(text)
        self.mutants = []
        self.size = sum(1 for line in self.source.text.split("\n")
                        if line.strip() and not line.strip().startswith("//"))
        self.find()
        self.identify()

    def add(self, operator, begin, end, write, change):
        line = self.source.text[self.source.lines[self.source.line_of(begin) - 1]:begin]
        if not re.search(r"\bconstexpr\b|\bstatic\b|\bstatic_assert\b", line):
            self.mutants.append(Mutant(operator, begin, end, write, change))

    def on(self, at):
        return "::mutation::quietly_on" if self.source.is_in_constexpr(at) else "::mutation::on"

    def piece(self, begin, end):
        return " ".join(self.source.plain[begin:end].split("\n"))

    def find(self):
        source = self.source
        for m in re.finditer(r"DAEMONIZE_SYSTEM\((\w+)\)\(", source.mask):
            self.add("call", m.start(), m.end() - 1, lambda n, name=m.group(1): f"MUTATED_SYSTEM({n}, {name})",
                     m.group(1))
        for block in source.blocks:
            groups = source.statements(block)
            for group in groups:
                for statement in group:
                    self.find_in(statement)
            for first, second in zip(groups, groups[1:]):
                if [s.kind for s in first + second] == ["expression", "expression"]:
                    self.find_order(first[0], second[0])
        self.find_operators()
        self.find_values()

    def find_in(self, statement):
        begin, end = statement.begin, statement.end
        if statement.kind in ("expression", "break", "continue"):
            text = self.piece(begin, end)
            self.add("statement", begin, end, lambda n: f"{{ if (!{self.on(begin)}({n})) {text} }}", "left out") \
                if statement.kind == "expression" else \
                self.add("statement", begin, end, lambda n: f"if (!{self.on(begin)}({n})) {text}", "left out")
        if statement.kind in ("if", "while"):
            self.find_check(statement)

    def find_check(self, statement):
        begin, end = statement.condition
        text, on = self.piece(begin, end), self.on(begin)
        if ";" in self.source.mask[begin:end]:
            return
        declared = CONDITION_DECLARES.match(self.source.mask[begin:end])
        if declared and statement.kind == "while":
            return
        check, before = (declared.group(1), text + "; ") if declared else (text, "")
        self.add("check", begin, end, lambda n: f"{before}static_cast<bool>({check}) != {on}({n})", "inverted")
        if statement.leaves and statement.kind == "if":
            self.add("error path", begin, end, lambda n: f"{before}static_cast<bool>({check}) && !{on}({n})", "dropped")

    def find_order(self, first, second):
        texts = [self.source.mask[s.begin:s.end] for s in (first, second)]
        parts = [ACTS_ON.match(text) for text in texts]
        if not all(parts):
            return
        changed = [m.group(1) + m.group(2) if m.group(3) != "(" else re.sub(r"(^|\.|->|::)\w+$", "", m.group(1))
                   for m in parts]
        depend = any(name not in ("", "std") and re.search(r"(?<!\w)" + re.escape(name) + r"(?!\w)", text)
                     for name, text in zip(changed, reversed(texts)))
        # Of two that have nothing to do with each other either may come first, unless both act on the world.
        if not depend and (changed != ["", ""] or "std::" in (texts[0][:5], texts[1][:5])):
            return
        a, b = self.piece(first.begin, first.end), self.piece(second.begin, second.end)
        on = self.on(first.begin)
        self.add("order", first.begin, second.end, lambda n: f"{{ if ({on}({n})) {{ {b} {a} }} else {{ {a} {b} }} }}",
                 "swapped with the next")

    def find_operators(self):
        source = self.source
        for m in re.finditer(r"(?<=\s)(&&|\|\||[=!<>]=|[-+*/<>&|])(?=\s)", source.mask):
            if not source.is_in_code(m.start()):
                continue
            was, to = m.group(1), SWAPS[m.group(1)]
            kind = "logic" if was in ("&&", "||") else "comparison" if was[0] in "=!<>" else "arithmetic"
            try:
                begin, end = source.expression_around(m.start())
            except (KeyError, IndexError):
                continue
            old = self.piece(begin, end)
            if was == "+" and '"' in old:
                continue # of strings
            new = self.piece(begin, m.start()) + to + self.piece(m.end(), end)
            on = self.on(begin)
            self.add(kind, begin, end, lambda n, old=old, new=new, on=on: f"({on}({n}) ? ({new}) : ({old}))",
                     f"{was} to {to}")

    def find_values(self):
        source = self.source
        for m in re.finditer(r"\b(true|false)\b", source.mask):
            if source.is_in_code(m.start()) or re.search(r"\w = $", source.mask[:m.start()][-9:]):
                on = self.on(m.start())
                self.add("flag", m.start(), m.end(), lambda n, was=m.group(1), on=on: f"({was} != {on}({n}))",
                         f"{m.group(1)} to {'false' if m.group(1) == 'true' else 'true'}")
        for m in re.finditer(r"(?<![\w.<'])(0x[0-9a-fA-F]+|\d+)(u|U|L|l)*(?![\w.'>])", source.mask):
            before = source.mask[max(0, m.start() - 60):m.start()]
            # The size of an array, a label and a compile-time constant are no code.
            if not source.is_in_code(m.start()) or re.search(r"\w \w+\[$|\bcase $|\bconst \w+ \w+ = $", before):
                continue
            on = self.on(m.start())
            self.add("number", m.start(), m.end(), lambda n, was=m.group(0), on=on: f"({was} + {on}({n}))",
                     f"{m.group(0)} to {m.group(0)} + 1")

    def identify(self):
        """A mutant's name does not change with its place in the file."""
        counts = collections.Counter()
        self.mutants.sort(key=lambda m: (m.begin, m.end))
        for mutant in self.mutants:
            line = self.source.line_of(mutant.begin)
            mutant.line = line
            mutant.text = self.source.text.split("\n")[line - 1].strip()
            key = (mutant.operator, mutant.text)
            counts[key] += 1
            mutant.which = counts[key]
            mutant.name = "\t".join((self.name, mutant.operator, str(mutant.which), mutant.text))

    def draw(self, seed, count, rejected):
        """Of each operator one after the other, in an order that the seed alone decides, no two on one place."""
        drawn = []
        queues = collections.OrderedDict((operator, []) for operator in OPERATORS)
        for mutant in self.mutants:
            if mutant.name not in rejected:
                queues[mutant.operator].append(mutant)

        def rank(text):
            return hashlib.sha256(f"{seed}\t{text}".encode()).digest()

        for queue in queues.values():
            queue.sort(key=lambda m: rank(m.name))
        order = sorted(queues, key=lambda operator: rank(self.name + operator))
        while len(drawn) < count and any(queues.values()):
            for operator in order:
                while queues[operator] and len(drawn) < count:
                    mutant = queues[operator].pop(0)
                    if all(mutant.end <= other.begin or other.end <= mutant.begin for other in drawn):
                        drawn.append(mutant)
                        break
        return drawn


def mutated(text, drawn):
    """The file with its mutants in it, each as many lines as before: what the compiler says of a line is true of both."""
    for mutant in sorted(drawn, key=lambda m: m.begin, reverse=True):
        lines = text.count("\n", mutant.begin, mutant.end)
        text = text[:mutant.begin] + mutant.write(mutant.number) + "\n" * lines + text[mutant.end:]
    return text


def read_lines(path):
    with open(path, encoding="utf-8") as file:
        return file.read().split("\n")


def write_if_changed(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.exists(path) and open(path, encoding="utf-8").read() == text:
        return
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def read_library(source, copy, wanted):
    """The files to change, by their names; all others are copied as they are."""
    files = {}
    for directory, _, names in sorted(os.walk(source)):
        for name in sorted(names):
            path = os.path.join(directory, name)
            with open(path, encoding="utf-8") as file:
                text = file.read()
            short = os.path.relpath(path, os.path.join(source, "daemonize"))
            if any(short.startswith(beginning) for beginning in wanted):
                files[short] = File(short, text)
            else:
                write_if_changed(os.path.join(copy, os.path.relpath(path, source)), text)
    return files


def draw_folder(files, seed, rate, rejected):
    """So many for all of a folder: a file of names and types alone has not as many, and others make up for it."""
    wanted, share = sum(file.size for file in files) * rate / 100, rate
    while True:
        for file in files:
            file.drawn = file.draw(seed, math.ceil(file.size * share / 100), rejected)
        if sum(len(file.drawn) for file in files) >= wanted or share > 100:
            return
        share *= 1.02


def main():
    source, copy, seed, rate, rejected_path, list_path = sys.argv[1:7]
    wanted = sys.argv[7:]
    rejected = set(read_lines(rejected_path)) if os.path.exists(rejected_path) else set()
    files = read_library(source, copy, wanted)
    for folder in sorted({name.split("/")[0] for name in files}):
        ours = [file for name, file in files.items() if name.startswith(folder + "/")]
        draw_folder(ours, seed, float(rate), rejected)
        size, count = sum(file.size for file in ours), sum(len(file.drawn) for file in ours)
        print(f"{folder}: {size} lines of code, {sum(len(file.mutants) for file in ours)} possible mutants, "
              f"{count} drawn: {count * 100 / size:.1f} for 100 lines")
    number = 0
    with open(list_path, "w", encoding="utf-8") as out:
        for name, file in files.items():
            for mutant in sorted(file.drawn, key=lambda m: m.begin):
                number += 1
                mutant.number = number
                end = file.source.line_of(mutant.end)
                out.write("\t".join((str(number), name, f"{mutant.line}-{end}", mutant.operator, str(mutant.which),
                                     mutant.text, mutant.change)) + "\n")
            write_if_changed(os.path.join(copy, "daemonize", name), mutated(file.source.text, file.drawn))


if __name__ == "__main__":
    main()
