"""Reads C++ as clang-format leaves it, well enough to change it: brackets, blocks of code, statements, expressions."""
import bisect
import re

CLOSES = {"(": ")", "[": "]", "{": "}"}
SCOPE = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b[^()=]*$")
CODE = re.compile(r"(\)\s*((const|noexcept|mutable|override|&)\s*)*(->\s*[\w:<>&*\s]+)?|\]|\belse|\bdo|\btry|^)\s*$")
WORD = re.compile(r"[A-Za-z_]\w*")
DECLARATION = re.compile(
    r"(const|constexpr|static|auto|struct|using|typename|enum|case|default|template|public|private)\b"
    r"|((unsigned|signed|long|short)\s)*(?!return\b|throw\b|delete\b)[\w:]+(<.*>)?[&*]*(\sconst)?\s[&*]*\w+\s*([=;(\[{,]|$)"
    r"|[\w:]+\s?\((\w+\s)?\*\s?\w+\)\s?\(", re.S)


def blank(match):
    return re.sub(r"[^\n]", " ", match.group(0))


def without_comments(text):
    """The same text, with spaces for every comment and every line of the preprocessor's."""
    token = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])+'", re.S)
    text = token.sub(lambda m: blank(m) if m.group(0)[0] == "/" else m.group(0), text)
    return re.sub(r"^#(?:[^\n]*\\\n)*[^\n]*", blank, text, flags=re.M)


def without_words(text):
    """The same text, with letters for what stands in quotes."""
    return re.sub(r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])+'",
                  lambda m: m.group(0)[0] + "x" * (len(m.group(0)) - 2) + m.group(0)[0], text)


class Statement:
    def __init__(self, kind, begin, end, condition=None, leaves=False):
        self.kind, self.begin, self.end, self.condition, self.leaves = kind, begin, end, condition, leaves


class Source:
    """One file. All positions are those of the file's own text."""

    def __init__(self, text):
        self.text = text
        self.plain = without_comments(text)
        self.mask = without_words(self.plain)
        self.lines = [0] + [m.end() for m in re.finditer("\n", text)]
        self.match = self.brackets()
        self.kinds = {}
        for begin in sorted(self.match):
            if self.mask[begin] == "{" and self.match[begin] > begin:
                self.kinds[begin] = self.kind_of(begin)
        self.blocks = sorted(begin for begin, kind in self.kinds.items() if kind == "code")

    def line_of(self, at):
        return bisect.bisect_right(self.lines, at)

    def brackets(self):
        match, open_ones = {}, []
        for at, c in enumerate(self.mask):
            if c in "([{":
                open_ones.append(at)
            elif c in ")]}" and open_ones:
                begin = open_ones.pop()
                match[begin], match[at] = at, begin
        return match

    def head_of(self, begin):
        """What stands before a brace, from the end of the last statement on."""
        at = begin
        while at > 0 and self.mask[at - 1] not in ";{}(":
            at = self.match[at - 1] if self.mask[at - 1] in ")]" else at - 1
        return self.mask[at:begin].strip()

    def kind_of(self, begin):
        head = self.head_of(begin)
        if SCOPE.search(head):
            return "enum" if head.startswith("enum") else "scope"
        if re.match(r"(case\b.*|default\s*):$", head, re.S):
            return "code"
        if head == "" and (begin == 0 or self.mask[:begin].rstrip()[-1:] in "(,"):
            return "braces"
        return "code" if CODE.search(head) else "braces"

    def around(self, at):
        """The braces that hold a position, from the inside out."""
        return [b for b in sorted((b for b in self.kinds if b < at < self.match[b]), reverse=True)]

    def is_in_code(self, at):
        return any(self.kinds[begin] == "code" for begin in self.around(at))

    def is_in_constexpr(self, at):
        return any(re.search(r"\bconstexpr\b(?!\s*\()", self.head_of(begin)) for begin in self.around(at)
                   if self.kinds[begin] == "code")

    def skip(self, at):
        while self.mask[at].isspace():
            at += 1
        return at

    def end_of_simple(self, at):
        while self.mask[at] != ";":
            at = self.match[at] + 1 if self.mask[at] in "([{" else at + 1
        return at + 1

    def statements(self, block):
        """The statements of a block, in order, each with those that hang on it without braces."""
        found, at, end = [], block + 1, self.match[block]
        while self.skip(at) < end:
            group = self.statement(self.skip(at))
            found.append(group)
            at = group[0].end
        return found

    def statement(self, at):
        mask = self.mask
        if mask[at] == "{":
            return [Statement("block", at, self.match[at] + 1)]
        word = WORD.match(mask, at)
        word = word.group(0) if word else ""
        if word in ("case", "default"):
            label = re.compile(r"(?<!:):(?!:)").search(mask, at).end()
            return self.statement(self.skip(label)) if mask[self.skip(label)] != "}" else [Statement("label", at, label)]
        if word in ("if", "while", "for", "switch"):
            begin = mask.index("(", at)
            condition = (begin + 1, self.match[begin])
            group = self.statement(self.skip(self.match[begin] + 1))
            kind = "if constexpr" if "constexpr" in mask[at:begin] else word
            body = mask[group[0].begin:group[0].end].rstrip(" }\n")
            last = body[max(body.rfind(";", 0, len(body) - 1), body.rfind("{")) + 1:].strip()
            leaves = re.match(r"(return|throw|continue|break|_exit|DAEMONIZE_SYSTEM\(_exit)\b", last) is not None
            end, rest = group[0].end, [s for s in group if s.kind != "block"]
            after = self.skip(end) if end < len(mask) - 1 else end
            if word == "if" and mask.startswith("else", after):
                others = self.statement(self.skip(after + 4))
                end, rest = others[0].end, rest + [s for s in others if s.kind != "block"]
            return [Statement(kind, at, end, condition, leaves)] + rest
        if word == "do":
            return [Statement("do", at, self.end_of_simple(self.statement(self.skip(at + 2))[0].end))]
        if word == "try":
            end = self.match[self.skip(at + 3)] + 1
            while mask.startswith("catch", self.skip(end)):
                end = self.match[mask.index("{", end)] + 1
            return [Statement("try", at, end)]
        end = self.end_of_simple(at)
        kind = word if word in ("return", "throw", "break", "continue") else "expression"
        if kind == "expression" and DECLARATION.match(mask, at):
            kind = "declaration"
        return [Statement(kind, at, end)]

    def expression_around(self, at):
        """The smallest expression around an operator that binds weaker than what it may become."""
        mask, begin, end = self.mask, at, at
        while True:
            c = mask[begin - 1]
            if c in ")]}":
                begin = self.match[begin - 1]
            elif c in "([{,;" or re.match(r" [?:] ", mask[begin - 2:begin + 1]):
                break
            elif c == "=" and mask[begin - 2] not in "=!<>" and mask[begin] != "=":
                break
            elif re.search(r"\b(return|throw|delete|else)$", mask[max(0, begin - 8):begin]):
                break
            else:
                begin -= 1
        while mask[end] not in ")]},;" and not re.match(r"\s[?:]\s", mask[end:end + 3]):
            end = self.match[end] + 1 if mask[end] in "([{" else end + 1
        begin = self.skip(begin)
        return begin, len(mask[:end].rstrip())
