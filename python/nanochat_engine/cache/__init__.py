"""Where keys and values live between steps: the blocks as integers, and the tensors behind them."""
