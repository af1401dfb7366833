"""Take the pictures of the README from the releases of the demo: ``make pictures``."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import uvicorn
from playwright.sync_api import sync_playwright

from lighed.core.release import found_in
from lighed.web.app import create_app

PORT = 8731
WIDTH, TELEPHONE = 1200, 390
PICTURES = {  # name: page, width, height
    "front": ("/da/denmark/", WIDTH, 1020),
    "rug": ("/da/synthetic/rug", WIDTH, 1020),
    "indicator": ("/da/synthetic/indicator/F3.1?by=education", WIDTH, 1480),
    "gradient": ("/da/denmark/indicator/poor_mental_health?by=municipality_by_poverty", WIDTH, 1020),
    "area": ("/da/synthetic/area/0101", WIDTH, 1020),
    "pathway": ("/da/synthetic/pathway/rehabilitation", WIDTH, 1320),
    "telephone": ("/en/synthetic/indicator/F3.1?by=education&view=bars", TELEPHONE, 1020),
}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def main(releases: Path = Path("demo/releases"), target: Path = Path("docs/pictures")) -> None:
    """Serve the releases, and take a picture of the top of each page."""
    server = uvicorn.Server(uvicorn.Config(create_app(found_in(releases)), port=PORT, log_level="warning"))
    threading.Thread(target=server.run, daemon=True).start()
    browser_path = next(path for name in BROWSERS if (path := shutil.which(name)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"])
        for name, (page_of, width, height) in PICTURES.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto(f"http://127.0.0.1:{PORT}{page_of}", wait_until="networkidle")
            if page.locator("[data-chart]").count():
                page.wait_for_selector("[data-drawn]")
            page.screenshot(path=target / f"{name}.png")
        browser.close()
    server.should_exit = True


if __name__ == "__main__":
    main()
