"""Write the page about tables and their captions: ``python -m layerwise.contracts``."""

from layerwise.contracts.page import captions, contracts_page
from layerwise.files import write_text

if __name__ == "__main__":
    write_text(contracts_page(), "docs/contracts.md")
    for name, caption in captions().items():
        write_text(caption, f"report/tables/{name}.rst")
