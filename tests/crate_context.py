"""The JSON-LD context of RO-Crate 1.1 for a validator without network: python crate_context.py CACHE.

It is made from that of 1.3, which the rocrate library holds. Runs in the validator's own environment.
"""

import io
import json
import sys
from pathlib import Path
from typing import Any

import requests
import requests_cache
import rocrate
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPResponse

CONTEXT = "https://w3id.org/ro/crate/1.1/context"


class Answer(BaseAdapter):
    """Answers every request with one text."""

    def __init__(self, text: bytes) -> None:
        super().__init__()
        self.text = text

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        raw = HTTPResponse(
            io.BytesIO(self.text), {"Content-Type": "application/ld+json"}, 200, preload_content=False
        )
        return HTTPAdapter().build_response(request, raw)

    def close(self) -> None:
        pass


newer = json.loads((Path(rocrate.__file__).parent / "data/ro-crate.jsonld").read_text())
del newer["@context"]["sha256"]  # which 1.1 has not
text = json.dumps(newer).replace("https://bioschemas.org/terms/", "https://bioschemas.org/")
session = requests_cache.CachedSession(sys.argv[1], expire_after=-1)
session.mount("https://", Answer(text.encode()))
session.get(CONTEXT)
