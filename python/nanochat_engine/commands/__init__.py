"""Commands on checkpoints, beside serving: `python -m nanochat_engine.commands init|export|info`. Nobody imports them."""
