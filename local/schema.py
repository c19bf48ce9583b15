"""Writes the schema against which editors check a strategy.yaml: python -m local.schema"""

import json
from pathlib import Path

from cobranza.policy.strategy import json_schema

PAGE = Path(__file__).parents[1] / "docs" / "strategy.schema.json"

if __name__ == "__main__":
    PAGE.write_text(json.dumps(json_schema(), indent=2) + "\n")
