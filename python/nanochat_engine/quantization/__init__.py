"""In what numbers a model's weights are kept: plain, or rounded to 8 or 4 bits with a scale for each group."""
