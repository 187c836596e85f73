"""Write the pages of docs/reference that follow from the code. Run as `python -m docs.generate`.

`tests/docs/test_reference.py` compares the pages with what this would write.
"""

from pathlib import Path

from docs.reference_pages import PAGES

REFERENCE = Path(__file__).resolve().parent / "reference"

if __name__ == "__main__":
    REFERENCE.mkdir(exist_ok=True)
    for name, write in PAGES.items():
        (REFERENCE / name).write_text(write(), encoding="utf-8")
