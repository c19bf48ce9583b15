"""A headless Chromium that holds the borrowers' phones."""

import json
import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from local.stack import ROOT

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--lang=en"),
)
NEEDED = pytest.mark.skipif(
    not (BROWSER and DRIVER), reason="no browser here: chromium and chromium-driver are not installed"
)
PATIENCE = 60
OWN = ("chrome:", "chrome-untrusted:")
# Under the temporary folder's own name socket paths get too long.
TEMPORARY = ROOT / "build" / "tmp"


@contextmanager
def chromium() -> Generator[Chrome]:
    """Gone with all its files when the block ends. Named by path, so that nothing is looked for online."""
    TEMPORARY.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=TEMPORARY, prefix="web", ignore_cleanup_errors=True) as folder:
        options = Options()
        options.binary_location = BROWSER or ""
        for flag in (*FLAGS, f"--user-data-dir={folder}/profile"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        env = {"PATH": os.defpath, "HOME": folder, "TMPDIR": folder, "LANG": "C.UTF-8"}
        driver = Chrome(options, Service(DRIVER, env=env))
        try:
            yield driver
        finally:
            driver.quit()


class Phones:
    """The page, by what a person sees and does there."""

    def __init__(self, driver: Chrome, url: str) -> None:
        self._driver = driver
        self._url = url

    def resize(self, width: int, height: int) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self._driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def visit(self, tab: str = "phones") -> None:
        self._driver.get("about:blank")
        self._driver.get(f"{self._url}/#/{tab}")

    def go(self, tab: str) -> None:
        self._click(f"#tab-{tab}")

    def open(self, phone: str) -> None:
        """Chats move as messages come: what is pressed by its place may be another one by then."""
        link = f"#chats [data-phone='{phone}'] a"
        self.find(link)
        self._driver.execute_script("document.querySelector(arguments[0]).click()", link)
        self.until(lambda: self.find("#chat-number").text.startswith(phone), f"the chat of {phone}")

    def back(self) -> None:
        self._click("#chat .back")

    def answer(self, text: str) -> None:
        self.type(text)
        self._click("#send")

    def type(self, text: str) -> None:
        self.find("#words").send_keys(text)

    def typed(self) -> str:
        return self.find("#words").get_attribute("value") or ""

    def press(self, label: str) -> None:
        self._click("#bubbles .buttons button", label)

    def heard(self) -> list[str]:
        """What the business has said in the open chat, reminder first."""
        return self._all("#bubbles .theirs .body", "one.innerText")

    def offered(self) -> list[list[str]]:
        """The labels of the buttons below each thing that the business has said there."""
        script = "return [...document.querySelectorAll('#bubbles .theirs')].map((one) => "
        return self._driver.execute_script(
            f"{script}[...one.querySelectorAll('.buttons button')].map((b) => b.innerText))"
        )

    def links(self) -> list[str]:
        """Where what the business has said in the open chat leads."""
        return self._all("#bubbles .theirs .body a", "one.getAttribute('href')")

    def choose(self, opener: str, title: str) -> None:
        """A row of a list message."""
        self.press(opener)
        self._click("#sheet-rows button", title)

    def attach(self, what: str) -> None:
        self._click("#attach")
        self._click("#attachments button", what)

    def attach_file(self, path: Path) -> None:
        self._driver.find_element(By.ID, "file").send_keys(str(path))

    def fill(self, form: str, **values: str) -> None:
        for name, value in values.items():
            self.find(f"{form} [name={name}]").send_keys(value)
        self._click(f"{form} button")

    def unread(self, phone: str) -> str:
        return "".join(self.texts(f"#chats [data-phone='{phone}'] .count"))

    def ticks(self) -> list[str]:
        """How far the business's messages in the open chat have come, as the ticks are named to the blind."""
        return self._all("#bubbles .theirs .ticks", "one.getAttribute('aria-label')")

    def colour(self, selector: str, what: str) -> str:
        return self.find(selector).value_of_css_property(what)

    def texts(self, selector: str) -> list[str]:
        return self._all(selector, "one.innerText")

    def is_shown(self, selector: str) -> bool:
        return self._driver.find_element(By.CSS_SELECTOR, selector).is_displayed()

    def is_wider_than_the_window(self) -> bool:
        return self._driver.execute_script("return document.documentElement.scrollWidth > innerWidth")

    def until_seen(self, selector: str, text: str) -> None:
        self.until(lambda: any(text in one for one in self.texts(selector)), f"{text!r} in {selector}")

    def until(self, condition: object, what: str) -> None:
        assert callable(condition)
        wait = WebDriverWait(self._driver, PATIENCE, 0.1, [StaleElementReferenceException])
        wait.until(lambda _: condition(), f"waited for {what}")

    def _click(self, selector: str, text: str = "") -> None:
        """What is there to be pressed may be drawn anew between finding and pressing it: then again."""

        def pressed() -> bool:
            (self.find_by_text(selector, text) if text else self.find(selector)).click()
            return True

        self.until(pressed, f"{selector} to be pressed")

    def find(self, selector: str) -> WebElement:
        def shown(driver: Chrome) -> WebElement | None:
            return next((e for e in driver.find_elements(By.CSS_SELECTOR, selector) if e.is_displayed()), None)

        wait = WebDriverWait(self._driver, PATIENCE, 0.1, [StaleElementReferenceException])
        found = wait.until(shown, f"waited for {selector}")
        assert found
        return found

    def find_by_text(self, selector: str, text: str) -> WebElement:
        self.until_seen(selector, text)
        return next(e for e in self._driver.find_elements(By.CSS_SELECTOR, selector) if text in e.text)

    def _all(self, selector: str, what: str) -> list[str]:
        """In one step: what is looked at may be gone in the next."""
        script = f"return [...document.querySelectorAll(arguments[0])].map((one) => {what})"
        return self._driver.execute_script(script, selector)

    def picture(self, path: Path) -> None:
        self._driver.save_screenshot(str(path))

    def asked(self) -> set[str]:
        """Every address that the browser asked for the page since the last time; its own new tab is no page."""
        log = (json.loads(entry["message"])["message"] for entry in self._driver.get_log("performance"))
        sent = (event["params"] for event in log if event["method"] == "Network.requestWillBeSent")
        asked = {each["request"]["url"] for each in sent if not each["documentURL"].startswith(OWN)}
        return {url for url in asked if not url.startswith(("data:", "blob:", *OWN))}

    def complaints(self) -> list[str]:
        """What the browser had to say about the page: errors, and what its policy forbade."""
        return [entry["message"] for entry in self._driver.get_log("browser") if entry["level"] == "SEVERE"]
