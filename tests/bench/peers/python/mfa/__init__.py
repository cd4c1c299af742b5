"""What the four functions share."""
