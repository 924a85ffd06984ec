"""Tools that the model may call while it generates. They know token ids and text; no torch, no HTTP, no clock."""
