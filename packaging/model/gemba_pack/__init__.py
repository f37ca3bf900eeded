"""Trains, measures and writes gemba's bundled model pack.

The pack is a dual encoder: an image tower (EfficientNet-Lite0) and a text tower (MiniLM-L6) whose outputs meet in
one space of 384 dimensions. The package reads like the way of the data: photos and texts -> features -> training ->
hub and calibration -> export -> measurement -> manifest and card. `python -m gemba_pack` walks it from end to end.
"""
