"""What makes one driver look different from another: skin, hair, beard, glasses, hats, masks, clothes, things in the hand."""
