"""Small hierarchies for path validation. DER and algorithms are those of ../attacks/maker."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "attacks"))
