"""torch's optimisers load triton. Its LLVM and that of Mesa, with which pictures are rendered, get along in one process only if
triton's comes first; the other way round the process dies. So it is loaded when tests are collected, before any of them draws."""

import contextlib

with contextlib.suppress(ImportError):
    import torch._dynamo  # noqa: F401
