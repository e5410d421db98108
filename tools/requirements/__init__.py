"""The requirement matrix: rows of ``docs/requirements.yaml``, the tests that show them, as Markdown and HTML."""
