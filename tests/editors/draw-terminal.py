"""Draws a terminal's screen, as `tmux capture-pane -e -p` prints it, as a PNG: draw.py IN.ansi OUT.png FONT_FOLDER"""
import re, sys
from PIL import Image, ImageDraw, ImageFont

BASE = ["#14161b","#ffc0b9","#b3f6c0","#fce094","#a6dbff","#ffcaff","#8cf8f7","#eef1f8",
        "#4f5258","#ffc0b9","#b3f6c0","#fce094","#a6dbff","#ffcaff","#8cf8f7","#eef1f8"]
FG, BG = "#e0e2ea", "#14161b"

def color(n):
    if n < 16: return BASE[n]
    if n < 232:
        n -= 16
        return "#%02x%02x%02x" % tuple(0 if v == 0 else 55 + 40 * v for v in (n // 36, n // 6 % 6, n % 6))
    return "#" + "%02x" % (8 + 10 * (n - 232)) * 3

def cells(line, state):
    for part in re.split(r"(\x1b\[[0-9;:]*m|\x0e|\x0f)", line):
        if part.startswith("\x1b["):
            codes = [int(c or 0) for c in re.split("[;:]", part[2:-1])] or [0]
            i = 0
            while i < len(codes):
                c = codes[i]
                if c == 0: state.clear()
                elif c == 1: state["bold"] = True
                elif c == 3: state["italic"] = True
                elif c == 4: state["under"] = True
                elif c == 7: state["rev"] = True
                elif c == 22: state.pop("bold", 0)
                elif c == 24: state.pop("under", 0)
                elif c == 27: state.pop("rev", 0)
                elif 30 <= c <= 37: state["fg"] = BASE[c - 30]
                elif 40 <= c <= 47: state["bg"] = BASE[c - 40]
                elif 90 <= c <= 97: state["fg"] = BASE[c - 82]
                elif 100 <= c <= 107: state["bg"] = BASE[c - 92]
                elif c == 39: state.pop("fg", 0)
                elif c == 49: state.pop("bg", 0)
                elif c in (38, 48):
                    key = "fg" if c == 38 else "bg"
                    if codes[i + 1] == 5: state[key] = color(codes[i + 2]); i += 2
                    elif codes[i + 1] == 2: state[key] = "#%02x%02x%02x" % tuple(codes[i + 2:i + 5]); i += 4
                i += 1
        elif part not in ("", "\x0e", "\x0f"):
            for ch in part: yield ch, dict(state)

lines = open(sys.argv[1], encoding="utf8").read().rstrip("\n").split("\n")
size = 14
folder = sys.argv[3]
regular = ImageFont.truetype(f"{folder}/DejaVuSansMono.ttf", size)
bold = ImageFont.truetype(f"{folder}/DejaVuSansMono-Bold.ttf", size)
w, h = round(regular.getlength("M")), 18
state = {}
rows = [list(cells(line, state)) for line in lines]
columns = max([110] + [len(r) for r in rows])
image = Image.new("RGB", (columns * w + 16, len(rows) * h + 16), BG)
draw = ImageDraw.Draw(image)
for y, row in enumerate(rows):
    for x, (ch, st) in enumerate(row):
        fg, bg = st.get("fg", FG), st.get("bg", BG)
        if st.get("rev"): fg, bg = bg, fg
        at = (8 + x * w, 8 + y * h)
        if bg != BG: draw.rectangle([at, (at[0] + w - 1, at[1] + h - 1)], fill=bg)
        draw.text(at, ch, font=bold if st.get("bold") else regular, fill=fg)
        if st.get("under"): draw.line([(at[0], at[1] + h - 3), (at[0] + w, at[1] + h - 3)], fill=fg)
image.quantize(128).save(sys.argv[2], optimize=True)
