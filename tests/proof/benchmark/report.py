"""report.py RESULTS CHART: prints what measure.py found as a table in Markdown, and draws CHART, an SVG of the ratios."""

import html
import json
import sys

ROW, LEFT, WIDTH, MOST = 22, 470, 330, 2.0  # pixels, and the ratio at the right edge


def number(value):
    return f"{value:,.0f}" if value == int(value) or value >= 1000 else f"{value:.3g}"


def table(results):
    yield "| what | beside | daemonize | beside it | ratio | bar |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for what, beside, unit, ours, theirs, bar in results:
        unit = f" {unit}" if unit else ""
        figure = ours if theirs is None else ours / theirs
        ratio = "" if theirs is None else f"{figure:.2f}"
        other = "" if theirs is None else number(theirs) + unit
        limit = f"≤ {number(bar)}{unit}" if theirs is None else f"≤ {bar:.2f}"
        missed = "" if figure <= bar else " **missed**"
        yield f"| {what} | {beside} | {number(ours)}{unit} | {other} | {ratio} | {limit}{missed} |"


def chart(results):
    rows = [(f"{what} / {beside}", ours / theirs, bar) for what, beside, _, ours, theirs, bar in results if theirs]
    height = ROW * (len(rows) + 2)
    yield f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 60}" height="{height}" ' \
          'font-family="sans-serif" font-size="11">'
    yield f'<rect width="100%" height="100%" fill="white"/><text x="8" y="{ROW - 6}">What daemonize costs, as a share ' \
          "of what it is compared with; the line is the bar, shorter is better</text>"
    for i, (label, ratio, bar) in enumerate(rows):
        y = ROW * (i + 1) + 4
        length = min(ratio, MOST) / MOST * WIDTH
        colour = "#3a7d44" if ratio <= bar else "#b5452c"
        at = LEFT + min(bar, MOST) / MOST * WIDTH
        yield f'<text x="{LEFT - 6}" y="{y + 11}" text-anchor="end">{html.escape(label[:84])}</text>'
        yield f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{ROW - 8}" fill="{colour}"/>'
        yield f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{y - 3}" y2="{y + ROW - 5}" stroke="black"/>'
        yield f'<text x="{LEFT + length + 4:.1f}" y="{y + 11}">{ratio:.2f}</text>'
    yield "</svg>"


with open(sys.argv[1], encoding="utf-8") as file:
    measured = json.load(file)
print("\n".join(table(measured)))
with open(sys.argv[2], "w", encoding="utf-8") as file:
    file.write("\n".join(chart(measured)) + "\n")
