"""Fetches what the pages are dressed in into the package: the design system's styles and fonts, and the chart library.

Run by ``make assets``. Nothing of this is in git; a wheel carries it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import vl_convert

ROOT = Path(__file__).parent.parent
DKFDS = ROOT / "node_modules" / "dkfds"
VENDOR = ROOT / "src" / "lighed" / "report" / "static" / "vendor"
FONTS = ["Regular", "Italic", "Medium", "SemiBold", "Bold"]


def main() -> None:
    """Copy the styles, fonts and icons, and write the chart bundle."""
    shutil.rmtree(VENDOR, ignore_errors=True)
    (VENDOR / "dkfds" / "css").mkdir(parents=True)
    shutil.copy(DKFDS / "dist" / "css" / "dkfds.min.css", VENDOR / "dkfds" / "css")
    shutil.copy(DKFDS / "LICENSE.md", VENDOR / "dkfds")
    shutil.copytree(DKFDS / "dist" / "img" / "svg-icons", VENDOR / "dkfds" / "img" / "svg-icons")
    fonts = VENDOR / "dkfds" / "fonts" / "IBMPlexSans" / "complete"
    for kind in ("woff", "woff2"):
        (fonts / kind).mkdir(parents=True)
        for weight in FONTS:
            shutil.copy(
                DKFDS / "dist" / "fonts" / "IBMPlexSans" / "complete" / kind / f"IBMPlexSans-{weight}.{kind}",
                fonts / kind,
            )
    (VENDOR / "vega.js").write_text(
        vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version="6.4"), "utf-8"
    )


if __name__ == "__main__":
    main()
