"""Make index/query/japanese/jmdict.tsv.gz, the table of words behind Japanese questions, from JMdict.

Input: jamdict.db, the SQLite form of JMdict (PyPI: jamdict-data 1.5; unpack jamdict.db.xz), and, to prefer what
cameras see, one or more CSV files with a column "caption" in English.

    python3 packaging/language/jmdict_table.py --jamdict jamdict.db --captions captions.csv \
        --out index/query/japanese/jmdict.tsv.gz

A line of the table is: word, class (n noun, v verb, a adjective, d adverb), common (1) or not (0), English. Lines are
sorted by the bytes of the word, one line a word and class. The English is one gloss: the first of the
first sense, unless a later one is much more usual in the captions.
"""

import argparse
import collections
import csv
import gzip
import math
import re
import sqlite3

SKIP_MISC = {
    "archaism", "obscure term", "obsolete term", "slang", "Internet slang", "vulgar expression or word", "rare",
    "derogatory", "proverb", "idiomatic expression", "manga slang", "quotation", "poetical term", "sensitive",
    "full name of a particular person", "work of art, literature, music, etc. name", "dated term",
}
COMMON = {"news1", "ichi1", "spec1", "spec2", "gai1"}
VERBS = {"suru verb - special class", "suru verb - included", "Kuru verb - special class"}
MAX_WORDS = 4


def word_class(pos):
    if any(p.startswith(("Godan verb", "Ichidan verb")) or p in VERBS for p in pos):
        return "v"
    if any(p.startswith("adjective (keiyoushi)") for p in pos):
        return "a"
    if "adjectival nouns or quasi-adjectives (keiyodoshi)" in pos and "noun (common) (futsuumeishi)" not in pos:
        return "a"
    if any(p.startswith("noun (common)") or p in ("noun, used as a suffix", "pronoun") for p in pos):
        return "n"
    if any(p.startswith("adverb") for p in pos):
        return "d"
    if "nouns which may take the genitive case particle 'no'" in pos or "noun or verb acting prenominally" in pos:
        return "a"
    return ""


def clean(gloss, cls):
    """Reduce a gloss to words a caption could have; "" if nothing is left."""
    text = re.sub(r"\([^)]*\)", " ", gloss).strip()
    text = re.sub(r"\s+", " ", text).strip(" .,;!?")
    if cls == "v":
        text = re.sub(r"^to ", "", text)
        if text.startswith("be "):
            text = text[3:]
    else:
        text = re.sub(r"^(a|an|the) ", "", text)
    if not re.fullmatch(r"[A-Za-z][A-Za-z' -]*", text) or len(text.split()) > MAX_WORDS:
        return ""
    if cls != "v" and text.startswith("to "):
        return ""
    return text


def usualness(text, counts):
    """Mean log frequency of the content words in the captions, 0 for unseen ones."""
    words = [w for w in re.findall(r"[a-z]+", text.lower()) if len(w) > 2 or w == text]
    if not words:
        return 0.0
    return sum(math.log1p(counts[w]) for w in words) / len(words)


def read_counts(paths):
    counts = collections.Counter()
    for path in paths:
        with open(path, newline="", encoding="utf-8") as f:
            for row in csv.DictReader(f):
                for w in re.findall(r"[a-z]+", row["caption"].lower()):
                    counts[w] += 1
                    for end in ("ing", "s", "es", "ed"):
                        if w.endswith(end) and len(w) > len(end) + 2:
                            counts[w[: -len(end)]] += 1
    return counts


def grouped(db, sql):
    out = collections.defaultdict(list)
    for key, *rest in db.execute(sql):
        out[key].append(rest[0] if len(rest) == 1 else tuple(rest))
    return out


def best_gloss(senses, pos, misc, gloss, counts):
    """Returns (class, text, common words first) of the sense a camera would see."""
    found = {}
    inherited = []
    for rank, sid in enumerate(senses):
        inherited = pos.get(sid) or inherited
        if SKIP_MISC & set(misc.get(sid, ())):
            continue
        cls = word_class(inherited)
        if not cls:
            continue
        for k, raw in enumerate(gloss.get(sid, ())[:5]):
            text = clean(raw, cls)
            if not text:
                continue
            score = 0.3 * usualness(text, counts) - 1.6 * rank - 0.6 * k - 0.5 * (len(text.split()) - 1)
            if cls not in found or score > found[cls][0]:
                found[cls] = (score, text)
    return {cls: text for cls, (_, text) in found.items()}


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--jamdict", required=True)
    ap.add_argument("--captions", nargs="*", default=[])
    ap.add_argument("--out", required=True)
    args = ap.parse_args()
    counts = read_counts(args.captions)
    db = sqlite3.connect(f"file:{args.jamdict}?mode=ro", uri=True)
    kanji, kana = grouped(db, "select idseq, ID, text from Kanji order by ID"), grouped(db, "select idseq, ID, text from Kana order by ID")
    kanji_rank, kana_rank = grouped(db, "select kid, text from KJP"), grouped(db, "select kid, text from KNP")
    kanji_info, kana_info = grouped(db, "select kid, text from KJI"), grouped(db, "select kid, text from KNI")
    senses = grouped(db, "select idseq, ID from Sense order by ID")
    pos, misc = grouped(db, "select sid, text from pos"), grouped(db, "select sid, text from misc")
    gloss = grouped(db, "select sid, text from SenseGloss where lang='eng' order by rowid")

    table = {}  # (word, class) -> (priority, text)

    def put(word, cls, text, priority):
        old = table.get((word, cls))
        if old is None or priority > old[0]:
            table[word, cls] = (priority, text)

    def priority_of(tags):
        common = 2.0 if COMMON & set(tags) else 0.0
        for tag in tags:
            if tag.startswith("nf"):
                common += (50 - int(tag[2:])) / 50
        return common

    for idseq, sids in senses.items():
        glosses = best_gloss(sids, pos, misc, gloss, counts)
        if not glosses:
            continue
        kana_only = not kanji[idseq] or any("usually written using kana alone" in misc.get(s, ()) for s in sids[:1])
        for n, (kid, word) in enumerate(kanji[idseq]):
            if any("outdated" in i or "irregular" in i for i in kanji_info.get(kid, ())):
                continue
            for cls, text in glosses.items():
                put(word, cls, text, priority_of(kanji_rank.get(kid, ())) - 0.1 * n)
        for n, (kid, word) in enumerate(kana[idseq]):
            if any("outdated" in i or "irregular" in i for i in kana_info.get(kid, ())):
                continue
            rank = priority_of(kana_rank.get(kid, ()))
            if kana_only or rank >= 2:
                for cls, text in glosses.items():
                    # A reading stands for its word only where nothing is usually written so.
                    put(word, cls, text, rank - 0.1 * n - (0 if kana_only else 3))

    lines = []
    for (word, cls), (priority, text) in table.items():
        if len(word) > 12 or not re.fullmatch(r"[\u3005-\u3007\u3041-\u30ff\u4e00-\u9fff\uff10-\uff5aA-Za-z]+", word):
            continue
        if len(word) == 1 and priority < 1 and not re.match(r"[\u4e00-\u9fff]", word):
            continue
        lines.append(f"{word}\t{cls}{1 if priority >= 1 else 0}\t{text}")
    lines.sort(key=lambda line: line.split("\t")[:2] and (line.split("\t")[0].encode(), line.split("\t")[1]))
    data = ("\n".join(lines) + "\n").encode()
    with open(args.out, "wb") as f, gzip.GzipFile(fileobj=f, mode="wb", compresslevel=9, mtime=0, filename="") as z:
        z.write(data)
    print(f"{len(lines)} words, {len(data)} bytes")


if __name__ == "__main__":
    main()
