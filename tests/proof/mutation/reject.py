"""reject.py LIST REJECTED errors|missing FILE...: adds to REJECTED the mutants of LIST which cannot be had, so that others
are drawn in their place: those which the compiler's messages in the FILEs are about, or those that none of the FILEs,
which are the preprocessor's, has. Ends with 1 where it finds none."""
import re
import sys


def at_fault(mutants, text):
    """A message is about the line that it names, or else about those that led there."""
    where = {}
    for mutant in mutants:
        first, last = mutant[2].split("-")
        for line in range(int(first), int(last) + 1):
            where.setdefault((mutant[1], str(line)), set()).add(mutant[0])
    found, led_by = set(), set()
    for line in text.split("\n"):
        here = set()
        # As the compiler writes them, through as many folders as there were includes.
        for path, number in re.findall(r"/daemonize/([\w./]+\.hpp):(\d+)", line):
            path = re.sub(r"\w+/\.\./", "", path)
            here |= where.get((path, number), set())
        if " error: " in line:
            found |= here or led_by
            led_by = set()
        else:
            led_by |= here
    return found


def main():
    list_path, rejected_path, how = sys.argv[1:4]
    with open(list_path, encoding="utf-8") as file:
        mutants = [line.rstrip("\n").split("\t") for line in file]
    text = ""
    for path in sys.argv[4:]:
        with open(path, encoding="utf-8", errors="replace") as file:
            text += file.read()
    if how == "errors":
        found = at_fault(mutants, text)
    else:
        there = set(re.findall(r"(?:mutation::(?:quietly_)?on|mutation::mutated)\(\s*(\d+)", text))
        found = {mutant[0] for mutant in mutants} - there
    with open(rejected_path, "a", encoding="utf-8") as out:
        for mutant in mutants:
            if mutant[0] in found:
                out.write("\t".join((mutant[1], mutant[3], mutant[4], mutant[5])) + "\n")
    print(f"{len(found)} of {len(mutants)} cannot be had ({how})")
    sys.exit(0 if found else 1)


if __name__ == "__main__":
    main()
