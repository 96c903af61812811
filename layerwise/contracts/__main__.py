"""Write the page about tables: ``python -m layerwise.contracts``."""

from layerwise.contracts.page import contracts_page
from layerwise.files import write_text

if __name__ == "__main__":
    write_text(contracts_page(), "docs/contracts.md")
