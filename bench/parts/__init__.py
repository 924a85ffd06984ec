"""What is measured, a module a part; __main__.py knows their order."""
