"""Writes small models of the real architectures with random weights, laid out as
hubs have them, and what Python makes of pictures and texts with them.

  clip       CLIP: BPE, two files, causal texts, dynamic shapes, mask
  mobileclip CLIP's layout as MobileCLIP has it: no mean and std, bilinear, no mask
  siglip     SigLIP: Unigram, pooler_output, texts of 16 tokens filled up, no mask
  siglip2    SigLIP 2: Gemma's BPE, lower case, patches of one fixed size
  openclip   OpenCLIP's configuration, visual/ and textual/, int32 tokens of
             fixed length, weights of the text model in a file of their own
  both       CLIP in one file with logits, as the usual exporter has it
  pooled     CLIP's pictures and a text tower that gives a vector per token, to be
             averaged (sentence-transformers' 1_Pooling)
  jina       one file with the outputs of Jina CLIP, a BERT text tower with
             positions and types

Needs torch, transformers, onnx, onnxruntime, tokenizers and pillow; written with
2.15.0, 5.23.0, 1.23.2, 1.24.1, 0.23.3 and 13.0.0. The tokenizers are those of
../../tokenizer/testdata.
"""
import gzip
import json
import os
import shutil
import sys
import warnings

import numpy as np
import onnx
import torch
import transformers
from PIL import Image
from tokenizers import Tokenizer
from transformers import CLIPConfig, CLIPModel, SiglipConfig, SiglipModel

warnings.filterwarnings("ignore")
here = os.path.dirname(os.path.abspath(__file__))
tokens = os.path.join(here, "../../tokenizer/testdata")
TEXTS = ["a worker with a yellow helmet", "Two men near the conveyor belt, at night!", "smoke", "a dog's hat in 2024", "forklift driving backwards in the snow without a safety vest near gate 7, and a crowd waits under the roof",
         "Café crème – naïve", "ヘルメットの人", "EMPTY ROOM", "it's   raining", "a red car and a blue van"]
SIZE = 32


def pictures():
    rng = np.random.default_rng(1)
    out = []
    for i, (w, h) in enumerate([(64, 48), (48, 64), (97, 41), (32, 32), (160, 90)]):
        y, x = np.mgrid[0:h, 0:w]
        base = np.stack([x * 255 / w, y * 255 / h, (x + y) * 255 / (w + h)], -1)
        base = np.roll(base, i, -1) + 60 * np.sin(x / (3 + i))[..., None] + rng.normal(0, 20, (h, w, 3))
        out.append(Image.fromarray(base.clip(0, 255).astype(np.uint8)))
    return out


class Vision(torch.nn.Module):
    def __init__(self, m, pooled):
        super().__init__()
        self.m, self.pooled = m, pooled

    def forward(self, pixel_values):
        o = self.m.vision_model(pixel_values=pixel_values)
        if self.pooled:
            return o.last_hidden_state, o.pooler_output
        return self.m.visual_projection(o.pooler_output)


class Text(torch.nn.Module):
    def __init__(self, m, pooled, mask, cast=False):
        super().__init__()
        self.m, self.pooled, self.cast = m, pooled, cast

    def forward(self, input_ids, attention_mask=None):
        o = self.m.text_model(input_ids=input_ids.long() if self.cast else input_ids, attention_mask=attention_mask)
        if self.pooled:
            return o.last_hidden_state, o.pooler_output
        return self.m.text_projection(o.pooler_output)


class Hidden(torch.nn.Module):
    def __init__(self, m):
        super().__init__()
        self.m = m

    def forward(self, input_ids, attention_mask):
        return self.m(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state


class Both(torch.nn.Module):
    def __init__(self, m):
        super().__init__()
        self.m = m

    def forward(self, input_ids, pixel_values, attention_mask):
        o = self.m(input_ids=input_ids, pixel_values=pixel_values, attention_mask=attention_mask)
        return o.logits_per_image, o.logits_per_text, o.text_embeds, o.image_embeds


class Jina(torch.nn.Module):
    """A text tower with BERT's inputs beside CLIP's pictures."""

    def __init__(self, clip, bert):
        super().__init__()
        self.clip, self.bert, self.project = clip, bert, torch.nn.Linear(bert.config.hidden_size, clip.config.projection_dim, bias=False)

    def forward(self, input_ids, attention_mask, token_type_ids, position_ids, pixel_values):
        h = self.bert(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids, position_ids=position_ids).last_hidden_state
        w = attention_mask[..., None].float()
        t = self.project((h * w).sum(1) / w.sum(1))
        v = self.clip.visual_projection(self.clip.vision_model(pixel_values=pixel_values).pooler_output)
        return t, v, t / t.norm(dim=-1, keepdim=True), v / v.norm(dim=-1, keepdim=True)


def export(module, args, path, inputs, outputs, dynamic):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    torch.onnx.export(module.eval(), args, path, input_names=inputs, output_names=outputs, dynamic_axes=dynamic, opset_version=17, dynamo=False)


def clip(vocab, positions=24, act="quick_gelu", eos=1, layers=2):
    torch.manual_seed(1)
    return spread(CLIPModel(CLIPConfig(projection_dim=24, text_config=dict(vocab_size=vocab, hidden_size=32, intermediate_size=48, num_hidden_layers=layers, num_attention_heads=2, max_position_embeddings=positions, hidden_act=act, bos_token_id=0, eos_token_id=eos, pad_token_id=1),
                                vision_config=dict(hidden_size=32, intermediate_size=48, num_hidden_layers=layers, num_attention_heads=2, image_size=SIZE, patch_size=8, hidden_act=act), attn_implementation="eager"))).eval()


def spread(m):
    """Larger weights, so that answers differ by more than rounding."""
    for p in m.parameters():
        if p.dim() > 1:
            torch.nn.init.normal_(p, std=0.2)
    return m


def siglip(vocab):
    torch.manual_seed(2)
    return spread(SiglipModel(SiglipConfig(text_config=dict(vocab_size=vocab, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2, max_position_embeddings=16, projection_size=32),
                                 vision_config=dict(hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2, image_size=SIZE, patch_size=8), attn_implementation="eager"))).eval()


def tokenizer(dir, name):
    path = os.path.join(tokens, name + ".tokenizer.json")
    shutil.copy(path, os.path.join(dir, "tokenizer.json"))
    t = Tokenizer.from_file(path)
    t.no_truncation()
    t.no_padding()
    return t


def put(dir, name, value):
    os.makedirs(os.path.dirname(os.path.join(dir, name)), exist_ok=True)
    with open(os.path.join(dir, name), "w") as f:
        json.dump(value, f, indent=1)


MEAN, STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]


def resized(img, size, crop, how):
    """PIL's, as transformers had it before it turned to torchvision."""
    if crop is None:
        return img.resize((size, size), how)
    w, h = img.size
    img = img.resize((size, int(size * h / w)) if w <= h else (int(size * w / h), size), how)
    w, h = img.size
    left, top = (w - crop) // 2, (h - crop) // 2
    return img.crop((left, top, left + crop, top + crop))


def pixels(size, crop, how, mean, std):
    return torch.tensor(np.stack([((np.asarray(resized(p, size, crop, how), np.float32) / 255 - mean) / std).transpose(2, 0, 1) for p in pictures()])).float()


def ids(t, length, pad=None, lower=False, reserve=None):
    out = []
    t.enable_truncation(length)
    for s in TEXTS:
        i = t.encode(s.lower() if lower else s).ids
        out.append(i)
    return out


def unit(x):
    return (x / x.norm(dim=-1, keepdim=True)).detach().numpy()


def texts(rows, run, length=None, pad=None):
    out = []
    for row in rows:
        full = row + [pad] * (length - len(row)) if pad is not None else row
        mask = [1] * len(row) + [0] * (len(full) - len(row))
        out.append(run(torch.tensor([full]), torch.tensor([mask]))[0])
    return torch.stack(out)


def write(dir, rows, picture, text, fetch):
    put(dir, "expected.json", {"texts": TEXTS, "ids": rows, "pictures": unit(picture).round(6).tolist(), "text_embeddings": unit(text).round(6).tolist()})
    print(os.path.basename(dir), fetch, "spread of texts %.2f, of pictures %.2f" % tuple(1 - float(np.mean(unit(x) @ unit(x).T)) for x in (text, picture)))


def make(name):
    dir = os.path.join(here, name)
    shutil.rmtree(dir, ignore_errors=True)
    os.makedirs(dir)
    batch, length = {0: "batch"}, {0: "batch", 1: "length"}
    px = torch.randn(2, 3, SIZE, SIZE)
    if name in ("clip", "mobileclip", "openclip", "both"):
        t = tokenizer(dir, "clip")
        m = clip(t.get_vocab_size(), act="quick_gelu" if name != "mobileclip" else "gelu", layers=1 if name == "both" else 2)
        rows = ids(t, 24)
        bad = torch.tensor([rows[0][:5], rows[1][:5]])
        put(dir, "tokenizer_config.json", {"tokenizer_class": "CLIPTokenizer", "model_max_length": 24, "pad_token": "<|endoftext|>"})
    if name == "clip":
        export(Vision(m, False), (px,), dir + "/onnx/vision_model.onnx", ["pixel_values"], ["image_embeds"], {"pixel_values": {0: "batch", 1: "c", 2: "h", 3: "w"}, "image_embeds": batch})
        export(Text(m, False, True), (bad, torch.ones_like(bad)), dir + "/onnx/text_model.onnx", ["input_ids", "attention_mask"], ["text_embeds"], {"input_ids": length, "attention_mask": length, "text_embeds": batch})
        put(dir, "config.json", m.config.to_dict() | {"model_type": "clip"})
        put(dir, "preprocessor_config.json", {"crop_size": SIZE, "do_center_crop": True, "do_normalize": True, "do_resize": True, "feature_extractor_type": "CLIPFeatureExtractor", "image_mean": MEAN, "image_std": STD, "resample": 3, "size": SIZE})
        open(dir + "/README.md", "w").write("---\nlicense: mit\ntags:\n- test\n---\nRandom weights.\n")
        write(dir, rows, m.visual_projection(m.vision_model(pixels(SIZE, SIZE, Image.BICUBIC, MEAN, STD)).pooler_output), texts(rows, lambda i, a: m.text_projection(m.text_model(i, attention_mask=a).pooler_output)), "two files")
    elif name == "mobileclip":
        export(Vision(m, False), (px,), dir + "/onnx/vision_model.onnx", ["pixel_values"], ["image_embeds"], {"pixel_values": batch, "image_embeds": batch})
        export(Text(m, False, False), (bad,), dir + "/onnx/text_model.onnx", ["input_ids"], ["text_embeds"], {"input_ids": length, "text_embeds": batch})
        put(dir, "config.json", m.config.to_dict() | {"model_type": "clip"})
        put(dir, "preprocessor_config.json", {"crop_size": {"height": SIZE, "width": SIZE}, "do_center_crop": True, "do_normalize": False, "do_rescale": True, "do_resize": True, "image_processor_type": "CLIPImageProcessor", "resample": 2, "rescale_factor": 1 / 255, "size": {"shortest_edge": 40}})
        write(dir, rows, m.visual_projection(m.vision_model(pixels(40, SIZE, Image.BILINEAR, 0.0, 1.0)).pooler_output), texts(rows, lambda i, a: m.text_projection(m.text_model(i).pooler_output), 24, 1), "no mask")
    elif name == "openclip":
        os.remove(dir + "/tokenizer_config.json")
        os.makedirs(dir + "/textual")
        os.rename(dir + "/tokenizer.json", dir + "/textual/tokenizer.json")
        put(dir, "textual/tokenizer_config.json", {"model_max_length": 24, "pad_token": {"content": "<|startoftext|>"}})
        full = torch.zeros(1, 24, dtype=torch.int32)
        export(Vision(m, False), (px,), dir + "/visual/model.onnx", ["image"], ["embedding"], {"image": batch, "embedding": batch})
        export(Text(m, False, False, cast=True), (full,), dir + "/textual/model.onnx", ["text"], ["embedding"], {})
        x = onnx.load(dir + "/textual/model.onnx")
        onnx.save_model(x, dir + "/textual/model.onnx", save_as_external_data=True, location="model.onnx.data", size_threshold=256)
        put(dir, "config.json", {"embed_dim": 24, "vision_cfg": {"image_size": SIZE, "layers": 2, "width": 32, "patch_size": 8}, "text_cfg": {"context_length": 24, "vocab_size": t.get_vocab_size(), "width": 32, "heads": 2, "layers": 2}})
        put(dir, "visual/preprocess_cfg.json", {"size": [SIZE, SIZE], "mode": "RGB", "mean": MEAN, "std": STD, "interpolation": "bicubic", "resize_mode": "shortest", "fill_color": 0})
        write(dir, rows, m.visual_projection(m.vision_model(pixels(SIZE, SIZE, Image.BICUBIC, MEAN, STD)).pooler_output), texts(rows, lambda i, a: m.text_projection(m.text_model(i).pooler_output), 24, 0), "int32, fixed length")
    elif name == "both":
        export(Both(m), (bad, px, torch.ones_like(bad)), dir + "/onnx/model.onnx", ["input_ids", "pixel_values", "attention_mask"], ["logits_per_image", "logits_per_text", "text_embeds", "image_embeds"],
               {"input_ids": length, "attention_mask": length, "pixel_values": {0: "images"}, "text_embeds": batch, "image_embeds": {0: "images"}, "logits_per_image": {0: "images", 1: "batch"}, "logits_per_text": {0: "batch", 1: "images"}})
        put(dir, "config.json", m.config.to_dict() | {"model_type": "clip"})
        put(dir, "preprocessor_config.json", {"crop_size": {"height": SIZE, "width": SIZE}, "do_center_crop": True, "do_normalize": True, "image_processor_type": "CLIPImageProcessor", "image_mean": MEAN, "image_std": STD, "resample": 3, "size": {"shortest_edge": SIZE}})
        write(dir, rows, m.visual_projection(m.vision_model(pixels(SIZE, SIZE, Image.BICUBIC, MEAN, STD)).pooler_output), texts(rows, lambda i, a: m.text_projection(m.text_model(i, attention_mask=a).pooler_output)), "one file")
    elif name in ("siglip", "siglip2"):
        two = name == "siglip2"
        t = tokenizer(dir, "gemma" if two else "siglip")
        pad = 0 if two else 1
        m = siglip(t.get_vocab_size())
        rows = ids(t, 16, lower=two)
        full = torch.full((2, 16), pad)
        export(Vision(m, True), (px,), dir + "/onnx/vision_model.onnx", ["pixel_values"], ["last_hidden_state", "pooler_output"], {"pixel_values": batch, "last_hidden_state": batch, "pooler_output": batch})
        export(Text(m, True, False), (full,), dir + "/onnx/text_model.onnx", ["input_ids"], ["last_hidden_state", "pooler_output"], {"input_ids": length, "last_hidden_state": length, "pooler_output": batch})
        put(dir, "config.json", m.config.to_dict() | {"model_type": "siglip"})
        put(dir, "tokenizer_config.json", {"tokenizer_class": "GemmaTokenizer" if two else "SiglipTokenizer", "model_max_length": 1e30 if two else 16, "pad_token": "<pad>" if two else "</s>"})
        put(dir, "special_tokens_map.json", {"pad_token": {"content": "<pad>" if two else "</s>"}})
        put(dir, "preprocessor_config.json", {"do_normalize": True, "do_rescale": True, "do_resize": True, "image_processor_type": "SiglipImageProcessor", "image_mean": [0.5] * 3, "image_std": [0.5] * 3, "resample": 2 if two else 3, "rescale_factor": 1 / 255, "size": {"height": SIZE, "width": SIZE}})
        write(dir, rows, m.vision_model(pixels(SIZE, None, Image.BILINEAR if two else Image.BICUBIC, 0.5, 0.5)).pooler_output, texts(rows, lambda i, a: m.text_model(i).pooler_output, 16, pad), "pooler_output")
    elif name == "pooled":
        t = tokenizer(dir, "bert")
        torch.manual_seed(4)
        m = clip(64, layers=1)
        bert = spread(transformers.BertModel(transformers.BertConfig(vocab_size=t.get_vocab_size(), hidden_size=24, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, max_position_embeddings=64, attn_implementation="eager"), add_pooling_layer=False)).eval()
        rows = ids(t, 64)
        a = torch.tensor([rows[0][:5], rows[1][:5]])
        export(Vision(m, False), (px,), dir + "/vision_model.onnx", ["pixel_values"], ["image_embeds"], {"pixel_values": batch, "image_embeds": batch})
        export(Hidden(bert), (a, torch.ones_like(a)), dir + "/text_model.onnx", ["input_ids", "attention_mask"], ["last_hidden_state"], {"input_ids": length, "attention_mask": length, "last_hidden_state": length})
        put(dir, "config.json", {"model_type": "clip", "text_config": {"max_position_embeddings": 64}})
        put(dir, "1_Pooling/config.json", {"word_embedding_dimension": 24, "pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True})
        put(dir, "preprocessor_config.json", {"crop_size": SIZE, "image_processor_type": "CLIPImageProcessor", "image_mean": MEAN, "image_std": STD, "resample": 3, "size": {"shortest_edge": SIZE}})
        write(dir, rows, m.visual_projection(m.vision_model(pixels(SIZE, SIZE, Image.BICUBIC, MEAN, STD)).pooler_output), texts(rows, lambda i, a: bert(input_ids=i, attention_mask=a).last_hidden_state.mean(1)), "tokens to average")
    elif name == "jina":
        t = tokenizer(dir, "bert")
        torch.manual_seed(3)
        bert = transformers.BertModel(transformers.BertConfig(vocab_size=t.get_vocab_size(), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=48, max_position_embeddings=64, attn_implementation="eager"), add_pooling_layer=False)
        m = Jina(clip(64, layers=1), spread(bert)).eval()
        rows = ids(t, 64)
        a = torch.tensor([rows[0][:5], rows[1][:5]])
        pos = torch.arange(5)[None].repeat(2, 1)
        export(m, (a, torch.ones_like(a), torch.zeros_like(a), pos, px), dir + "/onnx/model.onnx", ["input_ids", "attention_mask", "token_type_ids", "position_ids", "pixel_values"], ["text_embeddings", "image_embeddings", "l2norm_text_embeddings", "l2norm_image_embeddings"],
               {"input_ids": length, "attention_mask": length, "token_type_ids": length, "position_ids": length, "pixel_values": {0: "images"}, "text_embeddings": batch, "l2norm_text_embeddings": batch, "image_embeddings": {0: "images"}, "l2norm_image_embeddings": {0: "images"}})
        put(dir, "config.json", {"model_type": "jina_clip", "projection_dim": 24, "text_config": {"max_position_embeddings": 64}, "vision_config": {"image_size": SIZE}})
        put(dir, "tokenizer_config.json", {"model_max_length": 8192, "pad_token": "[PAD]"})
        put(dir, "preprocessor_config.json", {"fill_color": 0, "image_processor_type": "JinaCLIPImageProcessor", "interpolation": "bicubic", "mean": MEAN, "std": STD, "mode": "RGB", "resize_mode": "shortest", "size": SIZE})
        full = pixels(SIZE, SIZE, Image.BICUBIC, MEAN, STD)
        with torch.no_grad():
            picture = m.clip.visual_projection(m.clip.vision_model(full).pooler_output)
            text = texts(rows, lambda i, a: m(i, a, torch.zeros_like(i), torch.arange(i.shape[1])[None], full[:1])[0])
        write(dir, rows, picture, text, "Jina's names")
    keep = ("model_type", "projection_dim", "text_config", "vision_config", "embed_dim", "text_cfg", "vision_cfg")
    c = json.load(open(dir + "/config.json"))
    put(dir, "config.json", {k: ({a: b for a, b in v.items() if not isinstance(b, (dict, list))} if isinstance(v, dict) else v) for k, v in c.items() if k in keep})
    for root, _, files in os.walk(dir):
        for f in files:
            assert os.path.getsize(os.path.join(root, f)) < 300_000, (root, f)


with torch.no_grad():
    for i, p in enumerate(pictures()):
        p.save(os.path.join(here, f"picture{i}.png"))
    for name in sys.argv[1:] or ["clip", "mobileclip", "siglip", "siglip2", "openclip", "both", "pooled", "jina"]:
        make(name)
