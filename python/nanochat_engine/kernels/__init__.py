"""Native CPU kernels: C sources, their compilation at set-up, and the shared library at run time. Nothing here imports torch by itself."""
