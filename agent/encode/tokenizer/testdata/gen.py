"""Writes lines.json.gz and, per tokenizer, NAME.tokenizer.json and NAME.ids.json.gz:
texts of all kinds and what the Python library makes of them.

The tokenizers are small ones trained here, in the shapes that packs have:
BERT's WordPiece, CLIP's BPE, GPT-2's BPE, the Unigrams of SigLIP, XLM-R and T5,
and the BPEs with bytes of Gemma (SigLIP 2) and Llama. Needs tokenizers and
sentencepiece; written with 0.23.3 and 0.2.3. With a path as argument, the ids of that tokenizer.json are printed
instead, for a check against a real one.
"""
import base64
import gzip
import io
import json
import random
import sys
import unicodedata

import sentencepiece
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

random.seed(7)
SUBJECTS = "a worker|two men|the forklift|a woman in a red coat|three children|a dog|an excavator|a delivery van|Someone|NOBODY|the cat's owner|a crowd".split("|")
VERBS = "walking|standing|driving|lying on the floor|carrying a box|wearing a hard-hat|don't move|is running|falls|climbs up|waits|they're talking".split("|")
PLACES = "near the conveyor belt|in the snow|at night|on a ladder|in front of gate 7|under the roof|beside pallets|in 2024|at 10:45|with smoke|by the crusher #3|without a safety vest".split("|")
ODD = ["", " ", "   ", "\t\n", "café crème", "cafe\u0301", "naïve façade Ångström", "İstanbul ıssız", "Straße ẞ", "ΣΊΣΥΦΟΣ", "Ｆｕｌｌｗｉｄｔｈ　ＴＥＸＴ",
       "現場の作業員がヘルメットを被っている", "黄色いﾍﾙﾒｯﾄの人", "ガギグゲゴ パピプペポ", "工場の中でﾌｫｰｸﾘﾌﾄが動く。危険！", "안전모를 쓴 작업자", "рабочий в жёлтой каске", "عامل يرتدي خوذة", "עובד עם קסדה",
       "हेलमेट पहने हुए", "คนงานสวมหมวก", "👷‍♂️🚧", "🚜 on the 🛣️", "👩🏽‍🚒 fire!", "🇯🇵 flag", "a\x00b", "a\x07\x1bb", "zero\u200bwidth", "soft\u00adhyphen", "bom\ufeff", "\ufffd", "line\u2028sep\u2029par",
       "nbsp\u00a0here", "\u3000ideographic\u3000", "tab\tnew\nline\rret\x0b\x0c\x85", "!!!???...", "a.b,c;d", "(x)[y]{z}<w>", "“quotes” ‘single’ — dash – en…", "100% €5 £3 ¥9 $1", "x² + y³ = z½", "C++ C# .NET",
       "it's they're we've I'm he'll she'd can't 'tis 'S 'LL", "''s 's's 'd'd", "e-mail: a@b.c http://x.y/z?q=1&r=2#f", "snake_case camelCase UPPER", "[CLS] and [SEP] and [MASK]", "[UNK][PAD]", "[cls]",
       "<|startoftext|>hello<|endoftext|>", "<|ENDOFTEXT|>", "a <|endoftext|> b", "  leading", "trailing  ", "in   between", "supercalifragilisticexpialidocious", "pneumonoultramicroscopicsilicovolcanoconiosis",
       "w" * 99, "w" * 100, "w" * 101, "ab" * 3000, "x " * 3000, "é" * 120, "a\u0301" * 60, "日本" * 500, "👷" * 300, "." * 700, " " * 900 + "end", "a" + " " * 50 + "b", "\U0001d400\U0001d401 math", "ﬁ ligature ﬀ", "Ⅷ Ⅳ roman", "①②③",
       "ǆ ǅ Ǆ", "ǅungla", "ß", "ŉ", "\u0345", "ά\u0345", "Ω Ω Å Å", "K K", "각 각", "각", "q\u0307\u0323", "q\u0323\u0307", "e\u0301\u0327x", "丽 豈 更", "𠀋 𪘚", "\U0001f9d1\u200d\U0001f3ed", "a\u0300\u0301\u0302\u0303b", "\u0300start"]


def texts():
    out = list(ODD)
    assigned = [c for c in range(0x20, 0x30000) if unicodedata.category(chr(c)) not in ("Cn", "Cs", "Co")]
    common = [c for c in assigned if c < 0x3100]
    while len(out) < 2500:
        kind = random.random()
        if kind < 0.45:
            s = " ".join([random.choice(SUBJECTS), random.choice(VERBS), random.choice(PLACES)])
            s = random.choice([str, str.lower, str.upper, str.title])(s) + random.choice(["", ".", "!", " ?", " ...", ", " + random.choice(VERBS)])
        elif kind < 0.6:
            s = "".join(chr(random.choice(common)) for _ in range(random.randint(1, 30)))
        elif kind < 0.7:
            s = "".join(chr(random.choice(assigned)) for _ in range(random.randint(1, 20)))
        elif kind < 0.8:
            s = "".join(chr(random.randint(0, 0x17f)) for _ in range(random.randint(1, 40)))
        elif kind < 0.9:
            s = random.choice(["", " "]).join(random.choice(ODD[3:75]) for _ in range(random.randint(2, 4)))
        else:
            s = "".join(random.choice("abcde '\"-.,\t0123ABCéü's're 've") for _ in range(random.randint(1, 60)))
        # The library composes by tables older than Unicode's today: combining
        # marks added since then are left out.
        if normalizers.NFC().normalize_str(s) == unicodedata.normalize("NFC", s):
            out.append(s[:4000])
    return out


def bert(corpus):
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer, t.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    t.train_from_iterator(corpus, trainers.WordPieceTrainer(vocab_size=900, special_tokens=special, limit_alphabet=120, show_progress=False))
    t.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    t.enable_truncation(128)
    t.enable_padding(length=128)
    return t


def clip(corpus):
    t = Tokenizer(models.BPE(unk_token="<|endoftext|>", end_of_word_suffix="</w>", continuing_subword_prefix=""))
    t.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    pattern = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "removed", invert=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    special = ["<|startoftext|>", "<|endoftext|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    t.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=1000, special_tokens=special, initial_alphabet=alphabet, end_of_word_suffix="</w>", show_progress=False))
    # CLIP's vocabulary has every byte also as the end of a word.
    j = json.loads(t.to_str())
    vocab = j["model"]["vocab"]
    for a in sorted(alphabet):
        vocab.setdefault(a, len(vocab))
        vocab.setdefault(a + "</w>", len(vocab))
    for a in j["added_tokens"]:
        a["normalized"] = a["content"] == "<|startoftext|>"
    j["post_processor"] = {"type": "RobertaProcessing", "sep": ["<|endoftext|>", 1], "cls": ["<|startoftext|>", 0], "trim_offsets": False, "add_prefix_space": False}
    return Tokenizer.from_str(json.dumps(j))


def gpt2(corpus):
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    t.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=700, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    t.post_processor = processors.ByteLevel(trim_offsets=False)
    t.decoder = decoders.ByteLevel()
    return t


def table():
    """sentencepiece's table nmt_nfkc, in base64."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(["a b c d"] * 50), model_writer=model, vocab_size=12, minloglevel=2, hard_vocab_limit=False)
    # ModelProto.normalizer_spec (3) . precompiled_charsmap (2)
    from sentencepiece import sentencepiece_model_pb2 as pb
    m = pb.ModelProto()
    m.ParseFromString(model.getvalue())
    return base64.b64encode(m.normalizer_spec.precompiled_charsmap).decode()


def plain(corpus):
    """Only lines of common characters, so that the rest is unknown."""
    return [s for s in corpus if all(c < "\u0180" or "ぁ" <= c <= "ン" for c in s)]


def unigram(corpus, normalizer, special, unknown, template, ids, scheme, fallback=False, split=True, words=False):
    t = Tokenizer(models.Unigram())
    t.normalizer = normalizer
    meta = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme=scheme, split=split)
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), meta]) if words else meta
    t.train_from_iterator(plain(corpus), trainers.UnigramTrainer(vocab_size=700, special_tokens=special, unk_token=unknown, show_progress=False))
    t.post_processor = processors.TemplateProcessing(single=template, special_tokens=ids)
    return t


def siglip(corpus):
    punctuation = r"""[!"\#\$%\&'\(\)\*\+,\-\.:;=\?@\[\\\]\^_`\{\|\}\~]"""
    n = normalizers.Sequence([normalizers.Lowercase(), normalizers.Replace(Regex(punctuation), ""), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()])
    return unigram(corpus, n, ["<pad>", "</s>", "<unk>"], "<unk>", "$A </s>", [("</s>", 1)], "always")


def xlmr(corpus):
    n = normalizers.Sequence([normalizers.Precompiled(base64.b64decode(table())), normalizers.Replace(Regex(" {2,}"), " ")])
    return unigram(corpus, n, ["<s>", "<pad>", "</s>", "<unk>"], "<unk>", "<s> $A </s>", [("<s>", 0), ("</s>", 2)], "always", words=True)


def t5(corpus):
    return unigram(corpus, normalizers.NFC(), ["<pad>", "</s>", "<unk>"], "<unk>", "$A </s>", [("</s>", 1)], "first")


def with_bytes(corpus, normalizer, pre, template, ids):
    t = Tokenizer(models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
    t.normalizer = normalizer
    special = ["<pad>", "<eos>", "<bos>", "<unk>"] + [f"<0x{b:02X}>" for b in range(256)]
    t.pre_tokenizer = pre_tokenizers.Split(Regex("▁+[^▁]*|[^▁]+"), "isolated")
    t.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=1000, special_tokens=special, limit_alphabet=150, show_progress=False))
    if pre is None:
        j = json.loads(t.to_str())
        j["pre_tokenizer"] = None
        t = Tokenizer.from_str(json.dumps(j))
    else:
        t.pre_tokenizer = pre
    j = json.loads(t.to_str())
    j["added_tokens"] = [a for a in j["added_tokens"] if not a["content"].startswith("<0x")]
    t = Tokenizer.from_str(json.dumps(j))
    t.post_processor = processors.TemplateProcessing(single=template, special_tokens=ids)
    return t


def gemma(corpus):
    return with_bytes(corpus, normalizers.Replace(" ", "▁"), pre_tokenizers.Split(" ", "merged_with_previous"), "$A <eos>", [("<eos>", 1)])


def llama(corpus):
    return with_bytes(corpus, normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]), None, "<bos> $A", [("<bos>", 2)])


def encode(t, lines):
    t.no_truncation()
    t.no_padding()
    return [e.ids for e in t.encode_batch(lines)]


def write(name, value):
    with open(name, "wb") as f, gzip.GzipFile("", "wb", 9, f, mtime=0) as z:
        z.write(json.dumps(value, separators=(",", ":")).encode())


lines = texts()
if len(sys.argv) > 1:
    print(json.dumps(encode(Tokenizer.from_file(sys.argv[1]), lines)))
    sys.exit()
write("lines.json.gz", lines)
corpus = [s for s in lines if len(s) < 200]
for name, make in (("bert", bert), ("clip", clip), ("gpt2", gpt2), ("siglip", siglip), ("xlmr", xlmr), ("t5", t5), ("gemma", gemma), ("llama", llama)):
    t = make(corpus)
    if len(t.to_str()) > 200_000:
        write(name + ".tokenizer.json.gz", json.loads(t.to_str()))
    else:
        open(name + ".tokenizer.json", "w").write(t.to_str())
    write(name + ".ids.json.gz", encode(t, lines))
