"""What the training programs in ``engines/*/train.py`` share: rendered sets, augmentation, the training loop, export."""
