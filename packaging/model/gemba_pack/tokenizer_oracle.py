"""python -m gemba_pack.tokenizer_oracle: lines and their token ids by the `tokenizers` library.

Writes `lines.txt` (one JSON string a line, since lines may hold control characters and line breaks) and `ids.json` (rows
of ids for the same lines, cut at the pack's maximum length, without padding) into `agent/encode/testdata/tokenizer`.
"""

import argparse
import json
from pathlib import Path
import random

from tokenizers import Tokenizer

COUNT, SEED = 2400, 20261123

_WHO = "a man|a woman|two workers|several people|a child|an old man|the driver|nobody|a guard|three customers|someone".split("|")
_WEARS = "in a red jacket|wearing a hard hat|with a hi-vis vest|without gloves|in blue overalls|who wears no helmet|".split("|")
_DOES = (
    "is walking|carries a box|pushes a trolley|opens the door|drives a forklift|is lying on the floor|stands still|"
    "unloads a truck|looks at the camera|is talking on a mobile phone|climbs a ladder|smokes a cigarette"
).split("|")
_WHERE = (
    "in the warehouse|at gate 7|near the conveyor belt|on the loading dock|behind the counter|in aisle B-12|at 14:05|"
    "beside a white van|under the crane|between the shelves|"
).split("|")
_JAPANESE = (
    "空の駐車場|白い車が走り去る|ヘルメットをかぶった男性|フォークリフト|作業員が倒れている|ﾍﾙﾒｯﾄ|ＡＢＣ１２３|木の床の何もない部屋|"
    "がぎぐげご|か\u3099き\u3099|株式会社ゲンバ|二〇二六年十一月二十三日|人が🚶歩いている|神社　と　寺|㍿㌔㊙"
).split("|")
_OTHER = (
    "café déjà vu naïve façade|Ünïcödé Größe Straße ǅungla|cafe\u0301 re\u0301sume\u0301|El niño comió piñas|Привет, мир! Рабочий в каске|"
    "Ἑλλάς ελληνικά|مرحبا بالعالم|שלום עולם|नमस्ते दुनिया|สวัสดีชาวโลก|안녕하세요 세계|한국어|İstanbul Iğdır|ŁÓDŹ źdźbło|"
    "ﬁne ﬂow ofﬁce|x² + y³ = z₁|½ cup, 10 µm, 25 °C, 5 Ω|€100 £5 ¥300 ₩1000|№ 5 § 3 ¶|— – ‘quoted’ “double” … «guillemets»|"
    "Việt Nam ơi, tiếng Việt|ȘȚșț ĂÎÂ|ÅÄÖ åäö|ñ n\u0303|ẛ̣ ẛ̣|Ａｂｃ　ｄｅｆ"
).split("|")
_EMOJI = "👷|👷🏽‍♀️|🚗💨|🔥🔥|👨‍👩‍👧‍👦|🇯🇵|⚠️|☕️ break|😀😃😄|1️⃣2️⃣|❤|🏭 factory|🧯 extinguisher 🧯".split("|")
_ODD = [
    "", " ", "\t", "\n", "\r\n", "   leading and trailing   ", "tab\tseparated\twords", "line\nbreak", "nul\x00byte",
    "bell\x07 and \x1b[31mescape\x1b[0m", "\x7fdelete", "soft\u00adhyphen", "zero\u200bwidth\u200cjoiner\u200d", "\ufeffbom",
    "no\u00a0break\u202fspace", "\u2028line separator\u2029", "\ufffdreplacement\ufffd", "private \ue000 use", "\U0001d54f\U0001d550 math",
    "[CLS] [SEP] [MASK] [PAD] [UNK]", "a [MASK] in the [mask]", "[cls]", "##ing ##s", "don't won't it's o'clock", "e-mail@example.com",
    "https://example.com/a?b=c&d=e#f", "C:\\path\\to\\file.mp4", "3.14159 1,000,000 0x1F 1e-5", "A.B.C. U.S.A. i.e.", "!!!???...,,,;;;:::",
    "$%^&*()_+-=[]{}|\\<>/`~", "x" * 99, "x" * 100, "x" * 101, "y" * 300, "word " * 400, "é" * 120, "漢" * 80, "🔥" * 60, "-" * 64,
    "antidisestablishmentarianism pneumonoultramicroscopicsilicovolcanoconiosis", "a" + "\u0301" * 40, "\u0301\u0302\u0303",
    "Mixed日本語and English混ざったtextだよ", "ABCあいうDEFアイウ", "１２３４５", "ǆ ǅ Ǆ", "\u1e9e ß SS", "\u0130\u0131", "\u03a3\u03c3\u03c2",
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "\u0378 unassigned \U000e0fff", "\u180e\u3000\u2003\u205f",
]
_STRANGERS = (0, 7, 9, 10, 0xA0, 0xAD, 0x200D, 0x301, 0x308, 0x3042, 0x1F525)  # code points put into sentences
_BLOCKS = ((32, 0x250), (0x300, 0x600), (0x3040, 0x3100), (0x4E00, 0x9FFF), (0x1F300, 0x1F700))


def _random_word(rng: random.Random) -> str:
    return "".join(chr(rng.randrange(*rng.choice(_BLOCKS))) for _ in range(rng.randrange(1, 9)))


def lines() -> list[str]:
    """The same COUNT lines each time: odd ones, then sentences by template, alone and mixed with other scripts."""
    rng = random.Random(SEED)
    found = list(_ODD) + _JAPANESE + _OTHER + _EMOJI
    changes = (str, str, str, str.upper, str.title, lambda s: s + ".", lambda s: s + " ?!", lambda s: f'"{s}"', lambda s: "  " + s)
    while len(found) < COUNT:
        line = " ".join(part for part in map(rng.choice, (_WHO, _WEARS, _DOES, _WHERE)) if part)
        line = rng.choice(changes)(line)
        kind = rng.random()
        if kind < 0.12:
            line = rng.choice((f"{line} {rng.choice(_JAPANESE)}", f"{rng.choice(_JAPANESE)}、{line}"))
        elif kind < 0.24:
            line = f"{line} {rng.choice(_OTHER)}"
        elif kind < 0.32:
            line = f"{rng.choice(_EMOJI)} {line}{rng.choice(_EMOJI)}"
        elif kind < 0.38:
            line = f"{line}, then {line}, and after that {line}"
        elif kind < 0.44:
            characters = list(line)
            for _ in range(3):
                characters.insert(rng.randrange(len(characters)), chr(rng.choice(_STRANGERS)))
            line = "".join(characters)
        elif kind < 0.50:
            line = " ".join(_random_word(rng) for _ in range(rng.randrange(1, 7)))
        found.append(line)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="gemba_pack.tokenizer_oracle", description=__doc__.splitlines()[0])
    parser.add_argument("--pack", type=Path, default=Path("packaging/pack"))
    parser.add_argument("--out", type=Path, default=Path("agent/encode/testdata/tokenizer"))
    args = parser.parse_args()
    tokenizer = Tokenizer.from_file(str(args.pack / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(json.loads((args.pack / "manifest.json").read_text())["text"]["max_length"])
    args.out.mkdir(parents=True, exist_ok=True)
    texts = lines()
    rows = [e.ids for e in tokenizer.encode_batch(texts)]
    (args.out / "lines.txt").write_text("".join(json.dumps(t) + "\n" for t in texts), encoding="utf-8")
    body = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
    (args.out / "ids.json").write_text(f"[\n{body}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
